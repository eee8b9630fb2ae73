// What the bundle really contains that is not ours, for the SBOM and the licence notices.
import { readFile } from "node:fs/promises";
import { rolldown } from "rolldown";
import { bundlerOptions } from "./bundler-options.mjs";

/**
 * `…/node_modules/@scope/name/file.js` → `@scope/name`; undefined for a module of ours.
 * @param {string} module
 */
const packageOf = (module) =>
  /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(module)?.[1]?.replace("\\", "/");

/** The names of the packages, sorted. */
export const bundledPackages = async () => {
  const bundle = await rolldown((await bundlerOptions()).input);
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  return [...new Set(modules.map(packageOf).filter((name) => name !== undefined))].sort();
};

/**
 * What a package contains of others in its own files, which no list of npm's names: undici's parser of HTTP is llhttp,
 * compiled to WebAssembly (`lib/llhttp/`). The package does not say which version.
 */
export const inside = [
  {
    name: "llhttp",
    within: "undici",
    license: "MIT",
    url: "https://github.com/nodejs/llhttp",
    notice: await readFile(new URL("llhttp-licence.txt", import.meta.url), "utf8"),
  },
];
