/** What the measurements need besides the built program: peers, bundled code, data. All of it under bench/. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { policyText, seedText } from "./accounts.mjs";
import { asText, denseIPv4, mixed, mixedAfter, scatteredIPv4 } from "./prefixes.mjs";

export const bench = dirname(dirname(fileURLToPath(import.meta.url)));
export const root = dirname(bench);
export const work = (name) => join(bench, "work", name);
export const data = (name) => join(bench, ".cache", "data", name);

/** Into bench/node_modules, as bench/package-lock.json says; once. */
const installPeers = () => {
  if (existsSync(join(bench, "node_modules"))) return;
  const { status } = spawnSync("npm", ["ci", "--silent", "--no-audit", "--no-fund"], {
    cwd: bench,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the peers could not be installed: npm ci in bench/ failed");
};

const bundleAddress = async () => {
  const { rolldown } = await import("rolldown");
  const bundle = await rolldown({ input: { address: work("address.ts") }, platform: "node" });
  await bundle.write({ dir: join(bench, ".cache"), format: "esm", entryFileNames: "[name].js" });
  await bundle.close();
};

/** Seeds are part of the names, so that a changed generator needs new names. */
const files = {
  "scattered.txt": () => asText(scatteredIPv4(1_000_000, 1)),
  "dense.txt": () => asText(denseIPv4(1_000_000, 2)),
  "mixed.txt": () => asText(mixed(1_000_000, 3)),
  "mixed-after.txt": () => asText(mixedAfter(mixed(1_000_000, 3), 4)),
  "small.txt": () => asText(mixed(2_000, 5)),
  "small-after.txt": () => asText(mixedAfter(mixed(2_000, 5), 6)),
  ...Object.fromEntries(
    [100, 1_000, 10_000].flatMap((rules) => [
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

export const setUp = async () => {
  installPeers();
  await bundleAddress();
  makeData();
};

export const versionOf = (peer) =>
  JSON.parse(readFileSync(join(bench, "node_modules", peer, "package.json"), "utf8")).version;
