/** What the measurements need next to the built program: peers and data. All of it under bench/. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { policyText, seedText } from "./accounts.js";
import { eventsCsv, eventsNdjson, eventsPolicy, few, many } from "./events.js";
import { asText, denseIPv4, mixed, mixedAfter, scatteredIPv4 } from "./prefixes.js";

/** `npm run` starts in the folder of package.json. */
export const root = process.cwd();
export const bench = join(root, "bench");
/** A program that the bundler made (bench/rolldown.config.ts), such as `work/lookup`. */
export const work = (name: string): string => join(bench, ".cache", "programs", `${name}.js`);
export const data = (name: string): string => join(bench, ".cache", "data", name);

/** Into bench/node_modules, as bench/package-lock.json says; once. */
const installPeers = () => {
  if (existsSync(join(bench, "node_modules"))) return;
  const { status } = spawnSync("npm", ["ci", "--silent", "--no-audit", "--no-fund"], {
    cwd: bench,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the peers could not be installed: npm ci in bench/ failed");
};

/** Seeds are part of the names, so that a changed generator needs new names. */
const files: Readonly<Record<string, () => string>> = {
  "scattered.txt": () => asText(scatteredIPv4(1_000_000, 1)),
  "dense.txt": () => asText(denseIPv4(1_000_000, 2)),
  "mixed.txt": () => asText(mixed(1_000_000, 3)),
  "mixed-after.txt": () => asText(mixedAfter(mixed(1_000_000, 3), 4)),
  "small.txt": () => asText(mixed(2_000, 5)),
  "small-after.txt": () => asText(mixedAfter(mixed(2_000, 5), 6)),
  "events-7.csv": () => eventsCsv(1_000_000, 7, few),
  "events-7.ndjson": () => eventsNdjson(1_000_000, 7, few),
  "pairs-8.ndjson": () => eventsNdjson(1_000_000, 8, many),
  "events.yaml": () => eventsPolicy,
  ...Object.fromEntries(
    [100, 1_000, 10_000].flatMap((rules): [string, () => string][] => [
      [`policy-${rules}.yaml`, () => policyText(rules)],
      [`seed-${rules}.json`, () => seedText(rules)],
    ]),
  ),
};

const makeData = () => {
  mkdirSync(data(""), { recursive: true });
  for (const [name, make] of Object.entries(files))
    if (!existsSync(data(name))) writeFileSync(data(name), make());
};

export const setUp = (): void => {
  installPeers();
  makeData();
};

export const versionOf = (peer: string): string =>
  JSON.parse(readFileSync(join(bench, "node_modules", peer, "package.json"), "utf8")).version;
