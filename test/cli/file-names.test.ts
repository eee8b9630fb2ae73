/** No option makes a file that is named like an option or a format; `-` of --output is standard output. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { beforeAll, describe, expect, it } from "vitest";
import { strangeName } from "../../src/cli/arguments/file-names.js";
import { roleOf } from "../../src/cli/arguments/named-files.js";
import { wholeProgram } from "../../src/cli/run.js";
import { dbtIpRules, newFolder } from "./world.js";

let cwd = "";
beforeAll(async () => {
  cwd = await newFolder();
  writeFileSync(join(cwd, "policy.yaml"), "version: 1\nrules: []\n");
});

const program = await wholeProgram({
  env: {},
  cwd: "/",
  stdout: { write: () => true },
  stderr: { write: () => true },
  stdin: process.stdin,
  now: () => new Date(0),
  signal: new AbortController().signal,
  isInterrupted: () => false,
});
const pathsOf = (command: Command, path: string): readonly (readonly [string, Command])[] => [
  [path, command],
  ...command.commands.flatMap((one) => pathsOf(one, `${path} ${one.name()}`)),
];
const written = program.commands
  .flatMap((command) => pathsOf(command, command.name()))
  .flatMap(([path, command]) =>
    command.options
      .filter(({ long }) => ["output", "in-place"].includes(roleOf(command.name(), long ?? "") ?? ""))
      .map(({ long, mandatory }) => ({ path, name: long ?? "", mandatory })),
  );

describe("an option that names a file to write", () => {
  it("is one of these, and more", () => {
    const names = new Set(written.map(({ name }) => name));
    for (const name of ["--output", "--out", "--write", "--receipt", "--record", "--state", "--cursor"])
      expect(names).toContain(name);
  });

  const lines = written.flatMap(({ path, name }) =>
    ["--format", "-o", "json", "JSON", "tf", "wide", "name"].map(
      (value) => [path, name === "--write" ? `--write=text=${value}` : `${name}=${value}`] as const,
    ),
  );
  it.each(lines)("is refused with what to type: %s %s", async (path, option) => {
    const ran = await dbtIpRules({ cwd, ends: true }, ...path.split(" "), option);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("error[other-spelling]");
    expect(ran.stderr).toContain(`Type: dbt-ip-rules ${path}`);
    expect(readdirSync(cwd)).toEqual(["policy.yaml"]);
  });

  const dashes = written.filter(
    ({ name, mandatory, path }) =>
      (name !== "--output" || mandatory === true) && !(name === "--policy" && path === "grant"),
  );
  it.each(dashes)("is refused for standard output: $path $name", async ({ path, name }) => {
    const value = name === "--write" ? "text=-" : "-";
    for (const words of [[name, value], [`${name}=${value}`]]) {
      const ran = await dbtIpRules({ cwd, ends: true }, ...path.split(" "), ...words);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain("error[other-spelling]");
      expect(readdirSync(cwd)).toEqual(["policy.yaml"]);
    }
  });

  it.each([["-of/-x.json"], ["-o", "./json"], ["--write", "json=./-x"]])(
    "may name a folder: %s",
    async (...words) => {
      const own = await newFolder();
      mkdirSync(join(own, "f"));
      writeFileSync(join(own, "policy.yaml"), "version: 1\nrules: []\n");
      const ran = await dbtIpRules({ cwd: own }, "validate", ...words);
      expect(ran.stderr).toBe("");
      expect([...readdirSync(own), ...readdirSync(join(own, "f"))].length).toBe(3);
    },
  );

  it("is refused where it is attached to its letter", async () => {
    const ran = await dbtIpRules({ cwd }, "validate", "-o-x.json");
    expect(ran.stderr).toContain("error[other-spelling]");
    expect(readdirSync(cwd)).toEqual(["policy.yaml"]);
  });
});

it("--output - is standard output, whatever file was named before", async () => {
  const plain = await dbtIpRules({ cwd }, "validate", "-f", "json");
  for (const words of [["-o", "-"], ["-o=-"], ["--output=-"], ["-o", "x.json", "--output", "-"]])
    expect(await dbtIpRules({ cwd }, "validate", "-f", "json", ...words)).toEqual(plain);
  expect(plain.stdout).toContain('"ok"');
  expect(readdirSync(cwd)).toEqual(["policy.yaml"]);
});

it.each(["plan.json", "plan", "json.json", "out/json", "./-", "names"])(
  "%s is a name like any other",
  (name) => expect(strangeName(name)).toBeUndefined(),
);
