// Bundles the program and the library into dist/, split into chunks that load on demand. Dependencies are bundled,
// so that an install is one package and a start reads few files.
//
//   dist/program/   the program, as CommonJS, which dist/cli/main.js loads (src/cli/code-cache.ts says how and why)
//   dist/cli/       main.js (CommonJS too), with the answers to --version and --help in it
//   dist/index.js   the library, and its chunks
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { rolldown } from "rolldown";

const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));

/**
 * What dependencies load at once and no run of ours uses: large modules of Node's, that is commander's for
 * subcommands that are programs of their own, and undici's for HTTP/2, which it does without where Node was built
 * without it; and chalk's look at the terminal (it opens `node:tty`), since we always tell it the level.
 */
const unused = new Map([
  ["node:child_process", { wantedBy: /\/commander\//, code: "export {};" }],
  ["#supports-color", { wantedBy: /\/chalk\//, code: "export default { stdout: false, stderr: false };" }],
  ["node:http2", { wantedBy: /\/undici\//, code: "throw new Error('HTTP/2 is not used');" }],
]);
const withoutUnused = {
  name: "without-unused-modules",
  resolveId: (id, importer) => (unused.get(id)?.wantedBy.test(importer ?? "") ? `\0${id}` : null),
  load: (id) => unused.get(id.slice(1))?.code ?? null,
};

/**
 * A chunk as the loader wants it (src/cli/code-cache.ts): a function, and ASCII alone, so that its text is used as it
 * is read. In strings, templates and patterns an escape means the same.
 */
const forLoader = (code) => {
  if (/String\.raw`[^`]*[^\0-\x7f]/.test(code))
    throw new Error("an escape in a raw template is not its character");
  const ascii = code.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `(function (exports, require, module, __filename, __dirname) {${ascii}\n})`;
};

/** Returns what was written. */
const build = async (input, define, output) => {
  const bundle = await rolldown({
    input,
    platform: "node",
    transform: { define },
    // Each validator is a module of its own: a chunk gets those that it uses, not all that the barrel names.
    treeshake: { moduleSideEffects: [{ test: /src\/generated\//, sideEffects: false }] },
    plugins: [withoutUnused],
    onLog(level, log, handler) {
      if (level === "warn") throw new Error(`the bundler warns: ${log.message}`);
      handler(level, log);
    },
  });
  const written = await bundle.write({
    dir: "dist",
    // Names stay, for the stack that --debug shows.
    minify: { compress: true, mangle: false, codegen: true },
    ...output,
  });
  await bundle.close();
  return written.output;
};

/** The help of the program, asked of the program itself. */
const helpOf = async (program) => {
  const { helpText } = createRequire(import.meta.url)(resolve("dist/program", program));
  const io = { stdout: process.stdout, stderr: process.stderr, env: {}, exitCode: 0 };
  const text = await helpText(io, 80);
  if (text !== (await helpText(io, 100))) throw new Error("a line of the help is longer than 80 columns");
  return text;
};

await rm("dist", { recursive: true, force: true });
const defineVersion = { __VERSION__: JSON.stringify(version) };
const chunks = await build({ program: "src/cli/program.ts" }, defineVersion, {
  dir: "dist/program",
  format: "cjs",
  // Code that V8 kept from an earlier run cannot import: it has lost the loader (Node: "A dynamic import callback
  // was not specified").
  dynamicImportInCjs: false,
  entryFileNames: "[name]-[hash].cjs",
  chunkFileNames: "[name]-[hash].cjs",
});
const program = chunks.find(({ isEntry }) => isEntry).fileName;
const help = JSON.stringify(await helpOf(program));
for (const { fileName, code } of chunks) await writeFile(`dist/program/${fileName}`, forLoader(code));
await build(
  { main: "src/cli/main.ts" },
  { ...defineVersion, __HELP__: help, __PROGRAM__: JSON.stringify(program) },
  {
    dir: "dist/cli",
    format: "cjs",
    dynamicImportInCjs: false,
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
  },
);
await writeFile("dist/cli/package.json", '{ "type": "commonjs" }\n');
await build({ index: "src/index.ts" }, defineVersion, {
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name]-[hash].js",
});
await chmod("dist/cli/main.js", 0o755);
