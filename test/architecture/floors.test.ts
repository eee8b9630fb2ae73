/** The map of ARCHITECTURE.md, held against the code: who may import whom, and who may touch the world. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const floors: Record<string, number> = {
  address: 0,
  model: 1,
  policy: 2,
  terraform: 2,
  plan: 3,
  apply: 4,
  audit: 4,
  files: 4,
  doctor: 5,
  dbt: 6,
  emulator: 6,
  lists: 5,
  report: 7,
  cli: 8,
  action: 9,
};
const pure = ["address", "model", "policy", "terraform", "plan", "report"];
const throughPorts = [...pure, "apply", "audit", "doctor", "lists"];

const root = resolve("src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.startsWith("generated"))
  .map((file) => ({ file, room: file.split("/")[0] ?? "", text: readFileSync(join(root, file), "utf8") }));

const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");

/** The code without its comments: what a comment mentions is no use of it. */
const codeOf = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");

const offenders = (rooms: readonly string[], pattern: RegExp, except: readonly string[] = []): string[] =>
  files
    .filter(({ file, room }) => rooms.includes(room) && !except.includes(file))
    .filter(({ text }) => pattern.test(codeOf(text)))
    .map(({ file }) => file);

describe("floors", () => {
  it("sees the code it judges", () => {
    expect(files.length).toBeGreaterThan(40);
    for (const room of Object.keys(floors))
      expect(
        files.some((file) => file.room === room),
        room,
      ).toBe(true);
  });

  it("every folder imports only the floors under it", () => {
    const climbs = files.flatMap(({ file, room, text }) =>
      importsOf(text)
        .filter((target) => target.startsWith("."))
        .map((target) => relative(root, resolve(root, dirname(file), target)).split("/")[0] ?? "")
        .filter((target) => target in floors && room in floors && target !== room)
        .filter((target) => (floors[target] ?? 0) >= (floors[room] ?? 0))
        .map((target) => `${file} -> ${target}`),
    );
    expect(climbs).toEqual([]);
  });

  it("pure folders import no I/O", () => {
    expect(offenders(throughPorts, /"node:(?!crypto"|util"|vm")/)).toEqual([]);
    expect(offenders(throughPorts, /"undici"/)).toEqual([]);
  });

  it("pure folders read no clock, no environment and no random source", () => {
    expect(
      offenders(
        throughPorts,
        /\bDate\.now\b|new Date\(\)|\bperformance\.|\bMath\.random\b|\bprocess\.|\bsetTimeout\b/,
      ),
    ).toEqual([]);
  });

  it("one file reads the files that somebody names", () => {
    // The others read this package's own files, and what the system says of a process.
    expect(
      offenders(Object.keys(floors), /\breadFile(Sync)?\b|\breadSync\b|\bcreateReadStream\b|\bopenAsBlob\b/, [
        "cli/package.ts",
        "cli/change/lock.ts",
      ]),
    ).toEqual(["files/read-file.ts"]);
  });

  it("folders are made by the function that ends", () => {
    // The action makes its own in the runner's, whose names nobody chooses.
    const action = ["action/program.ts", "action/settings.ts"];
    expect(offenders(Object.keys(floors), /\bmkdir(Sync)?\([^;]*recursive/, action)).toEqual([]);
  });

  it("nobody prints but the command line", () => {
    expect(offenders([...throughPorts, "dbt", "emulator"], /\bconsole\.|process\.std(out|err)/)).toEqual([]);
  });

  it("the library brings neither colours nor the command line along", () => {
    const reached = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      const text = files.find((one) => one.file === file)?.text ?? "";
      for (const [, target = ""] of text.matchAll(/^(?:import|export) (?!type )[^;]*?"([^"]+)";/gm))
        if (target.startsWith(".")) visit(join(dirname(file), target).replace(/\.js$/, ".ts"));
        else if (!target.startsWith("node:")) packages.add(target);
    };
    visit("index.ts");
    expect([...reached].filter((file) => /^(cli|emulator)\//.test(file)).toSorted()).toEqual([]);
    expect(packages).toContain("yaml");
    expect(["chalk", "commander"].filter((name) => packages.has(name))).toEqual([]);
  });

  it("one file imports chalk; the exit code is set by the two mains, and where the output is lost", () => {
    expect(offenders(Object.keys(floors), /from "chalk"/)).toEqual(["report/color.ts"]);
    expect(offenders(Object.keys(floors), /process\.exitCode/).toSorted()).toEqual([
      "action/main.ts",
      "cli/main.ts",
      "cli/program.ts",
    ]);
  });

  it("only dbt/ and the emulator know wire names", () => {
    // The attributes of Terraform's resource have the wire's names, and its users know them by these.
    const ofTerraform = ["terraform/read-plan.ts", "model/codes/terraform.ts", "report/json/terraform.ts"];
    expect(
      offenders([...throughPorts, "report"], /cidr_ipv6|rule_set_enabled|failed_cidrs/, ofTerraform),
    ).toEqual([]);
    expect(offenders(["emulator"], /from "\.\.\/dbt\//)).toEqual([]);
  });
});
