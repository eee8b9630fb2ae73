/** Promise 13 for lines that end before their command begins: what was asked for is written, and nothing else is touched. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { dbtIpRules, newAccount, newFolder, type Place } from "./world.js";

let cwd = "";
let place: Place;
const text = (name: string) => readFileSync(join(cwd, name), "utf8");
const policy = "version: 1\naccount: {id: 9}\nrules: []\n";

beforeEach(async () => {
  cwd = await newFolder();
  place = { cwd };
  writeFileSync(join(cwd, "policy.yaml"), policy);
  writeFileSync(join(cwd, "same.yaml"), policy);
  writeFileSync(join(cwd, "r.jsonl"), "a receipt\n");
});

it.each([
  ["apply nope1.json nope2.json --auto-approve", "plan-file-unreadable"],
  ["apply policy.yaml nope.json --auto-approve", "plan-file-not-a-plan"],
  ["apply nope.json -p policy.yaml --auto-approve", "bad-option"],
  ["plan policy.yaml same.yaml --host 127.0.0.1", "policies-of-one-account"],
  ["plan policy.yaml same.yaml --out x.json --account 9", "bad-option"],
  ["apply --bogus", "bad-usage"],
  ["plan --bogus value", "bad-usage"],
  ["plan -p policy.yaml -target=x", "other-spelling"],
  ["plan --out json", "other-spelling"],
  ["grant 192.0.2.1", "bad-usage"],
  ["show --format sarif", "bad-usage"],
])("%s: each --write is written, with %s", async (line, code) => {
  const files = ["--write", "json=w.json", "--write=markdown=w.md"];
  const words = line.split(" ");
  for (const argv of [
    [...words, ...files],
    [words[0] ?? "", ...files, ...words.slice(1)],
  ]) {
    const ran = await dbtIpRules(place, ...argv);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toContain(`error[${code}]`);
    const { policies, ...one } = JSON.parse(text("w.json"));
    const results = policies?.map(({ result }: { result: typeof one }) => result) ?? [one];
    const said = results.flatMap(({ verdict, diagnostics }: typeof one) => [[verdict, diagnostics[0].code]]);
    expect(said).toContainEqual(["error", code]);
    // How many errors there are is said once for each file.
    expect(text("w.md").match(/\*\*1 error\b/g)).toHaveLength(results.length);
  }
});

it("--output is written, and standard output has what was asked for there", async () => {
  await dbtIpRules(place, "plan", "--bogus", "-f", "json", "-o", "o.json", "--write", "text=t.txt");
  expect(JSON.parse(text("o.json")).diagnostics[0].code).toBe("bad-usage");
  expect(text("t.txt")).toContain("--bogus");
  const printed = await dbtIpRules(place, "plan", "--bogus", "-f", "json", "--write", "text=t.txt");
  expect(JSON.parse(printed.stdout).diagnostics[0].code).toBe("bad-usage");
});

it.each([
  "plan --bogus --write json=policy.yaml",
  "plan --bogus -f json -o policy.yaml",
  "plan --polcy same.yaml --write json=same.yaml",
  "plan --polcy=same.yaml --write json=same.yaml",
  "plan -target=x same.yaml --write json=same.yaml",
  "audit verify --receipt r.jsonl --write json=r.jsonl --bogus",
  "audit verify --reciept r.jsonl --write json=r.jsonl",
  "plan --write json=json --write text=-x --write bogus=b",
  "plan --bogus --write json=w.json --write text=w.json",
  "plan --bogus --out w.json --write json=w.json",
  "plan --bogus --write",
  "plan --bogus -out=w.json",
  "audit list --bogus -f json -o w.json",
])("%s: no file is replaced or made", async (line) => {
  const ran = await dbtIpRules(place, ...line.split(" "));
  expect(ran.code).toBe(1);
  for (const name of ["policy.yaml", "same.yaml"]) expect(text(name)).toBe(policy);
  expect(text("r.jsonl")).toBe("a receipt\n");
  for (const name of ["json", "-x", "b", "w.json", "ut=w.json"])
    expect(existsSync(join(cwd, name))).toBe(false);
});

it("a good plan next to a bad one changes nothing, and the files say why", async () => {
  const emulator = await newAccount(9);
  const rules = "rules: [{name: A, type: allow, cidrs: [192.0.2.0/24]}]";
  writeFileSync(
    join(cwd, "policy.yaml"),
    `version: 1\naccount: {id: 9, host: "${emulator.url}"}\n${rules}\n`,
  );
  await dbtIpRules(place, "plan", "--out", "good.json");
  const files = ["--write", "json=w.json", "--write", "markdown=w.md"];
  const ran = await dbtIpRules(place, "apply", "good.json", "nope.json", "--auto-approve", ...files);
  expect(ran.code).toBe(1);
  expect(emulator.state().rules).toEqual([]);
  const said = JSON.parse(text("w.json")).policies.map(
    ({ policy: name, result }: { policy: string; result: { diagnostics: { code: string }[] } }) => [
      name,
      result.diagnostics.map(({ code }) => code),
    ],
  );
  expect(said).toEqual([
    ["good.json", ["run-not-begun"]],
    ["nope.json", ["plan-file-unreadable"]],
  ]);
  expect(text("w.md")).toContain("nope.json");
});
