/**
 * Measures the program and its parts against their peers, all in one run: `npm run bench`.
 *
 *     npm run bench -- --runs 9            fresh processes of each (default 7, at least 5)
 *     npm run bench -- --only lookup       one measurement (names: rows.ts); may be repeated
 *
 * Prints a table and writes it as JSON to bench/results/. Exits with 1 where a result differs from the peer's; a
 * target that is missed is shown and is no failure, since how fast a machine is today is no property of the code.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pinning } from "./lib/measure.js";
import { bench, setUp, versionOf } from "./lib/setup.js";
import { measurements, type Row } from "./rows.js";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "7" }, only: { type: "string", multiple: true } },
});
const runs = Math.max(5, Number.parseInt(values.runs, 10) || 5);
const names = values.only ?? [...measurements.keys()];
const unknown = names.filter((name) => !measurements.has(name));
if (unknown.length > 0) throw new Error(`no such measurement: ${unknown.join(", ")}`);

const firstLine = (command: string, ...args: readonly string[]): string =>
  (spawnSync(command, args, { encoding: "utf8" }).stdout ?? "").split("\n")[0] ?? "";

setUp();
const about = {
  date: new Date().toISOString(),
  machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}`,
  pinned: pinning.length > 0,
  runs,
  versions: {
    node: process.version,
    iprange: firstLine("iprange", "--version") || "absent",
    ...Object.fromEntries(["cidr-tools", "js-yaml", "ajv"].map((peer) => [peer, versionOf(peer)])),
  },
};
const versions = Object.entries(about.versions).map(([name, version]) => `${name} ${version}`);
console.log(
  `${about.machine}\n${versions.join(", ")}\nmedians of ${runs} or more fresh processes${about.pinned ? ", on one core" : ""}\n`,
);
console.log("| work | against | found | target | |\n|---|---|---|---|---|");

const rows: (Row & { measurement: string })[] = [];
for (const name of names)
  for (const row of (await measurements.get(name)?.({ runs })) ?? []) {
    rows.push({ measurement: name, ...row });
    const found = [row.found, row.detail, row.memory].filter(Boolean).join("; ");
    const verdict = row.reached === undefined ? "" : row.reached ? "reached" : "missed";
    console.log(`| ${row.work} | ${row.against} | ${found} | ${row.target ?? ""} | ${verdict} |`);
  }

const checks = rows.flatMap(({ work, checks = [] }) => checks.map((check) => ({ work, ...check })));
console.log("\nResults, compared by hash:");
for (const { work, what, ours, theirs } of checks)
  console.log(`  ${ours === theirs ? "equal  " : "DIFFERS"}  ${ours}  ${theirs}  ${work}: ${what}`);

mkdirSync(join(bench, "results"), { recursive: true });
const file = join(bench, "results", `${about.date.replaceAll(":", "-")}.json`);
writeFileSync(file, `${JSON.stringify({ ...about, rows }, undefined, 2)}\n`);
console.log(`\nwritten to ${file}`);
if (checks.some(({ ours, theirs }) => ours !== theirs)) process.exitCode = 1;
