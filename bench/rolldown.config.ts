/** Bundles the measurements into bench/.cache/programs, so that all Nodes run them. Packages stay outside. */
import { defineConfig } from "rolldown";

const works = [
  "access-change",
  "exclude-cidr-tools",
  "lookup",
  "lookup-block-list",
  "merge-cidr-tools",
  "merge-lines",
  "packages-alone",
  "parse-events",
  "validate-js-yaml",
];

export default defineConfig({
  input: {
    run: "bench/run.ts",
    "lib/peak": "bench/lib/peak.ts",
    ...Object.fromEntries(works.map((name) => [`work/${name}`, `bench/work/${name}.ts`])),
  },
  platform: "node",
  external: ["cidr-tools", "csv-parse", "js-yaml", "undici", "yaml", /^ajv/],
  output: { dir: "bench/.cache/programs", cleanDir: true, format: "esm", entryFileNames: "[name].js" },
});
