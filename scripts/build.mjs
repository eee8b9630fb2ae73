// Bundles as rolldown.config.ts says.
import { rolldown } from "rolldown";
import { bundlerOptions } from "./bundler-options.mjs";

const { input, output } = await bundlerOptions();
const bundle = await rolldown(input);
await bundle.write(output);
await bundle.close();
