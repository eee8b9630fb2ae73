// Bundles the program and the library into dist/: one entry each, split into chunks that load on demand.
// Dependencies are bundled, so that an install is one package and a start reads few files.
import { chmod, readFile, rm } from "node:fs/promises";
import { rolldown } from "rolldown";

const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));

await rm("dist", { recursive: true, force: true });
const bundle = await rolldown({
  input: { "cli/main": "src/cli/main.ts", index: "src/index.ts" },
  platform: "node",
  transform: { define: { __VERSION__: JSON.stringify(version) } },
  onLog(level, log, handler) {
    if (level === "warn") throw new Error(`the bundler warns: ${log.message}`);
    handler(level, log);
  },
});
await bundle.write({
  dir: "dist",
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name]-[hash].js",
  minify: { compress: true, mangle: false, codegen: false },
});
await bundle.close();
await chmod("dist/cli/main.js", 0o755);
