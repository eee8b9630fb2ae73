// The names of the packages that the bundle really contains, sorted: for the SBOM and the licence notices.
import { rolldown } from "rolldown";

/** `…/node_modules/@scope/name/file.js` → `@scope/name`; undefined for a module of ours. */
const packageOf = (module) =>
  /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(module)?.[1]?.replace("\\", "/");

export const bundledPackages = async () => {
  // The entries of scripts/build.mjs.
  const bundle = await rolldown({
    input: { main: "src/cli/main.ts", program: "src/cli/program.ts", index: "src/index.ts" },
    platform: "node",
  });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  return [...new Set(modules.map(packageOf).filter((name) => name !== undefined))].sort();
};
