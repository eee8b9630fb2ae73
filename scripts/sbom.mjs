// Prints an SBOM (CycloneDX 1.5, made by `npm sbom`) of what the published package holds: the packages that the
// bundle really contains. For npm all of them are development dependencies, so it would list the whole toolchain
// or nothing.
import { execFileSync } from "node:child_process";
import { bundledPackages } from "./bundled-packages.mjs";

const bundled = new Set(await bundledPackages());

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const all = JSON.parse(
  execFileSync(npm, ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "inherit"],
    shell: process.platform === "win32",
  }),
);
const nameOf = ({ group, name }) => (group ? `${group}/${name}` : name);
const components = all.components
  .filter((component) => bundled.has(nameOf(component)))
  // `scope: optional` and npm's note of development speak of this repository, not of the package.
  .map(({ scope: _, properties: __, ...component }) => component);
const missing = [...bundled].filter((name) => !components.some((component) => nameOf(component) === name));
if (missing.length > 0) throw new Error(`bundled, but unknown to npm: ${missing.join(", ")}`);

const root = all.metadata.component["bom-ref"];
const kept = new Set(components.map((component) => component["bom-ref"]));
const dependencies = all.dependencies
  .filter(({ ref }) => ref === root || kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({
    ref,
    dependsOn: ref === root ? [...kept] : dependsOn.filter((one) => kept.has(one)),
  }));
process.stdout.write(`${JSON.stringify({ ...all, components, dependencies }, null, 2)}\n`);
