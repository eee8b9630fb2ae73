/**
 * Bundles the program, the library and the GitHub Action into dist/, dependencies included, so that an install is one
 * package; what a command does not use is in chunks that it does not load.
 */
import { readFileSync } from "node:fs";
import { defineConfig } from "rolldown";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

export default defineConfig({
  input: {
    "action/main": "src/action/main.ts",
    "cli/main": "src/cli/main.ts",
    index: "src/index.ts",
  },
  platform: "node",
  transform: { define: { __VERSION__: JSON.stringify(version) } },
  // Each validator is a module of its own: a chunk gets those that it uses, not all that their barrel names.
  treeshake: { moduleSideEffects: [{ test: /src\/generated\//, sideEffects: false }] },
  output: {
    dir: "dist",
    cleanDir: true,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
    // Names stay, for the stack that --debug shows.
    minify: { compress: true, mangle: false, codegen: true },
  },
  onLog(level, log, report) {
    if (level === "warn") throw new Error(`the bundler warns: ${log.message}`);
    report(level, log);
  },
});
