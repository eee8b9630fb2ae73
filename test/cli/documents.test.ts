/** What each command prints as JSON, held against its published schema: strictly, with one verdict at the top. */
import { readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunningEmulator } from "../../src/emulator/listener.js";
import { type DocumentName, verdicts } from "../../src/report/verdicts.js";
import { everyFormat } from "../report/formats.js";
import { bothNames } from "../report/samples.js";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

// biome-ignore lint/suspicious/noExplicitAny: documents of every shape
type Json = any;

const schemaOf = (name: string): Json => JSON.parse(readFileSync(`schemas/${name}.schema.json`, "utf8"));

const problemsOf = (document: Json): unknown => {
  const name = String(document.format).replace("dbt-ip-rules/", "");
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(schemaOf(name));
  return validate(document) ? [] : validate.errors;
};

let emulator: RunningEmulator;
let cwd = "";
const policy = (url: string, prefix = "203.0.113.0/24") =>
  `version: 1\naccount: {id: 9, host: "${url}"}\nenforcement: enabled\nlint: {documentation-range: off}\nguards: {must_allow: [${prefix}]}\nrules:\n  - {name: Office, type: allow, cidrs: [${prefix}]}\n`;

beforeAll(async () => {
  emulator = await newAccount(9, {
    rules: [
      { name: "Office", type: "allow", cidrs: ["198.51.100.0/24", { cidr: "192.0.2.0/28", enabled: false }] },
      { name: "By hand", type: "allow", description: "Nobody knows", cidrs: ["203.0.113.0/28"] },
    ],
    events: [{ type: "ip_restrictions.rule.added" }],
  });
  cwd = await newFolder();
  await writeFile(join(cwd, "policy.yaml"), policy(emulator.url));
  await writeFile(join(cwd, "bad.yaml"), "version: 1\nrules: [{name: Office}]\n");
});

/** The document that a command line prints, valid by its schema, with a verdict of its set. */
const printed = async (...argv: string[]): Promise<Json> => {
  const { stdout } = await dbtIpRules({ cwd }, ...argv, "--format", "json");
  const document = JSON.parse(stdout);
  expect(problemsOf(document)).toEqual([]);
  const name: DocumentName = document.format.replace("dbt-ip-rules/", "");
  expect(verdicts[name]).toContain(document.verdict);
  return document;
};

describe("what a command prints is valid, and has a verdict", () => {
  // One after the other: the apply changes what the others see.
  it.sequential.each<[command: string, argv: string[], verdict: string]>([
    ["validate", ["validate"], "ok"],
    ["validate of what is wrong", ["validate", "bad.yaml"], "error"],
    ["validate --list-files", ["validate", "--list-files"], "ok"],
    ["a command that ends in an error", ["plan", "--policy", "no-such.yaml"], "error"],
    ["plan", ["plan"], "changes"],
    ["show", ["show"], "ok"],
    ["drift", ["drift"], "differences"],
    ["explain", ["explain", "203.0.113.7"], "allowed"],
    ["explain --live", ["explain", "203.0.113.0/24", "--live"], "allowed"],
    ["explain of several", ["explain", "203.0.113.7", "192.0.2.1"], "mixed"],
    ["replay", ["replay"], "cut-off"],
    ["apply that is refused", ["apply", "--auto-approve", "--client-ip", "192.0.2.77"], "refused"],
    ["apply", ["apply", "--auto-approve", "--audit"], "done"],
    ["apply of nothing", ["apply", "--auto-approve"], "nothing"],
    ["plan of nothing", ["plan"], "no-changes"],
    ["drift of nothing", ["drift"], "no-drift"],
    ["audit verify", ["audit", "verify"], "confirmed"],
    ["audit list", ["audit", "list"], "ok"],
    ["audit events", ["audit", "events"], "ok"],
    ["doctor", ["doctor"], "works"],
    ["several policies", ["validate", "policy.yaml", "bad.yaml"], "failed"],
  ])("%s", async (_, argv, verdict) => {
    expect((await printed(...argv)).verdict).toBe(verdict);
  });

  it("lines of audit watch are events", async () => {
    const { stdout } = await dbtIpRules({ cwd }, "audit", "watch", "--once", "--since", "1h", "-f", "ndjson");
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.length).toBeGreaterThan(0);
    const list = { format: "dbt-ip-rules/audit-events", version: 1, verdict: "ok", events, complete: true };
    expect(problemsOf(list)).toEqual([]);
  });

  it("doctor --record", async () => {
    await dbtIpRules({ cwd }, "doctor", "--record", "shapes.json");
    expect(problemsOf(JSON.parse(await readFile(join(cwd, "shapes.json"), "utf8")))).toEqual([]);
  });

  it("a member that no schema names is found", async () => {
    expect(problemsOf({ ...(await printed("drift")), more: 1 })).not.toEqual([]);
  });
});

describe("samples of every kind are valid", async () => {
  const samples = await Promise.all(
    bothNames.map(async ([kind, names]) =>
      Object.entries(await everyFormat(names)).flatMap(([name, text]) =>
        name.endsWith(".json") && text.startsWith("{") && text.includes('"dbt-ip-rules/')
          ? [[`${kind} ${name}`, text] as const]
          : [],
      ),
    ),
  );
  // The samples of plans are made by hand: their hashes are words.
  it.each(samples.flat().filter(([name]) => !/plan|sarif|gitlab/.test(name)))("%s", (_, text) => {
    expect(problemsOf(JSON.parse(text))).toEqual([]);
  });
});

describe("the closed set of verdicts", () => {
  it.each(Object.entries(verdicts))("%s: the same in its schema", (name, words) => {
    expect(schemaOf(name).properties.verdict.enum).toEqual(words);
  });

  it("is in docs/formats.md", () => {
    const page = readFileSync("docs/formats.md", "utf8");
    for (const [name, words] of Object.entries(verdicts)) {
      const [row] = page.split("\n").filter((line) => line.startsWith(`| \`dbt-ip-rules/${name}\` |`));
      expect([
        name,
        [...(row ?? "").split("|")[3]!.matchAll(/`([a-z][a-z-]+)`/g)].map(([, word]) => word),
      ]).toEqual([name, words]);
    }
  });

  it("every document has a schema, and every schema of a document a row", () => {
    const schemas = readdirSync("schemas").flatMap((file) => {
      const { format } = JSON.parse(readFileSync(`schemas/${file}`, "utf8")).properties ?? {};
      return format === undefined ? [] : [file.replace(".schema.json", "")];
    });
    expect(schemas).toEqual(expect.arrayContaining(Object.keys(verdicts)));
  });
});
