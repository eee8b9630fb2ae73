// Prints an SBOM (CycloneDX 1.5, made by `npm sbom`) of what the published package holds: the packages that the
// bundle really contains, and what is inside them. For npm all of them are development dependencies, so it would list
// the whole toolchain or nothing.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { bundledPackages, inside } from "./bundled-packages.mjs";

/**
 * Of CycloneDX, the keys that are used here; what else npm writes is copied.
 * @typedef {{ "bom-ref": string, group?: string, name: string, scope?: string, properties?: unknown }} Component
 * @typedef {{ ref: string, dependsOn?: string[] }} Dependency
 * @typedef {{ metadata: { component: Component }, components: Component[], dependencies: Dependency[] }} Sbom
 */

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
/** @type {Sbom} */
const all = JSON.parse(
  execFileSync(npm, ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "inherit"],
    shell: process.platform === "win32",
  }),
);

/** @param {Component} component */
const nameOf = ({ group, name }) => (group ? `${group}/${name}` : name);

const bundled = new Set(await bundledPackages());
const packages = all.components
  .filter((component) => bundled.has(nameOf(component)))
  // `scope: optional` and npm's note of development speak of this repository, not of the package.
  .map(({ scope: _, properties: __, ...component }) => component);
const missing = [...bundled].filter((name) => !packages.some((component) => nameOf(component) === name));
if (missing.length > 0) throw new Error(`bundled, but unknown to npm: ${missing.join(", ")}`);

const parts = inside.flatMap(({ name, within, license, url }) => {
  const holder = packages.find((component) => nameOf(component) === within);
  if (holder === undefined) return [];
  const ref = `${holder["bom-ref"]}#${name}`;
  const component = {
    "bom-ref": ref,
    type: "library",
    name,
    licenses: [{ license: { id: license } }],
    externalReferences: [{ type: "vcs", url }],
  };
  return [{ holder: holder["bom-ref"], ref, component }];
});

// npm calls the root by its folder.
const { name } = JSON.parse(readFileSync("package.json", "utf8"));
const root = { ...all.metadata.component, name };
const kept = new Set(packages.map((component) => component["bom-ref"]));
const dependencies = all.dependencies
  .filter(({ ref }) => ref === root["bom-ref"] || kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({
    ref,
    dependsOn:
      ref === root["bom-ref"]
        ? [...kept]
        : [
            ...dependsOn.filter((one) => kept.has(one)),
            ...parts.filter(({ holder }) => holder === ref).map((part) => part.ref),
          ],
  }));
const sbom = {
  ...all,
  metadata: { ...all.metadata, component: root },
  components: [...packages, ...parts.map(({ component }) => component)],
  dependencies: [...dependencies, ...parts.map(({ ref }) => ({ ref, dependsOn: [] }))],
};
process.stdout.write(`${JSON.stringify(sbom, null, 2)}\n`);
