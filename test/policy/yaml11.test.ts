/** What readers of YAML 1.1 make of what is written here: the same text as those of YAML 1.2. */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { formatPolicy } from "../../src/policy/format-policy.js";
import { policyFromSnapshot } from "../../src/policy/import-policy.js";
import { writeText } from "../../src/policy/yaml-text.js";

/** Texts that are numbers, dates, booleans, null, or nothing at all, to some reader of YAML 1.1. */
const otherwise = [
  ..."y n Y N yes no Yes NO on off On OFF true False TRUE null Null ~ = << .nan .NaN .inf -.INF +.inf".split(
    " ",
  ),
  ..."0 2024 -7 +7 1_000 1,000 0x1F 0X1f 0b101 0o17 017 09 1.5 1. .5 1_0.5 1e3 1.5e+3 -1.e-2".split(" "),
  ..."10:30 190:20:30 190:20:30.15 1:20:30:40:50:59:8:9 1:2:3:4:5:6:7:8 -1:30".split(" "),
  "2026-01-01",
  "2026-1-1",
  "2026-01-01T10:00:00Z",
  "2026-01-01 10:00:00 +1",
];
/** Texts that no reader takes for anything else, though they come near. */
const plain = [
  ..."Office yes-men nobody off-site 192.0.2.1 192.0.2.0/24 10.0.0.0/8 2001:db8::/32 2001:db8::1".split(" "),
  "Office 2024",
  "v1.5",
  "Team Berlin (2026-01-01)",
];

const pyYaml = spawnSync("python3", ["-c", "import yaml"]).status === 0;
const read11 = (text: string): unknown => {
  const program =
    "import json,sys,yaml;print(json.dumps(yaml.safe_load(sys.stdin.buffer.read().decode()),default=repr))";
  const ran = spawnSync("python3", ["-c", program], { input: text, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout);
};

const imported = (names: readonly string[]): string =>
  policyFromSnapshot({
    accountId: 66847,
    host: "ab123.us1.dbt.com",
    enforcement: "disabled",
    rules: names.map((name, id) => ({ id, name, description: name, type: "allow", entries: [] })),
  });

describe("import", () => {
  it.each(otherwise)("quotes %s", (text) => expect(writeText(text)).toBe(JSON.stringify(text)));
  it.each(plain)("leaves %s plain", (text) => expect(writeText(text)).toBe(text));
  it.each(["\ufffe", "\uffff", "a\ufffe"])("escapes %j, which YAML 1.1 refuses", (text) =>
    expect(writeText(text)).toMatch(/^"a?\\uff[0-9a-f]{2}"$/),
  );
});

describe("fmt", () => {
  const policy = (name: string): string =>
    `version: 1\nrules:\n  - name: ${name}\n    type: allow\n    cidrs: [192.0.2.1]\n`;

  it.each(otherwise)("keeps the quotes of %s", (text) => {
    const quoted = policy(JSON.stringify(text));
    expect(formatPolicy(quoted)).toBe(quoted);
    expect(formatPolicy(policy(`'${text}'`))).toBe(quoted);
  });
  it.each(plain)("takes those of %s", (text) =>
    expect(formatPolicy(policy(JSON.stringify(text)))).toBe(policy(text)),
  );
  it("adds none to what is plain, but where it respells an address", () => {
    const dated =
      "version: 1\nrules:\n  - { name: A, type: allow, cidrs: [{ cidr: 192.0.2.1, expires: 2027-01-15 }] }\n";
    expect(formatPolicy(dated)).toBe(dated);
    expect(formatPolicy("version: 1\nnetworks:\n  n:\n    - 1:2:3:4:5:6:7:8/128\nrules: []\n")).toContain(
      '- "1:2:3:4:5:6:7:8"\n',
    );
  });
});

describe.skipIf(!pyYaml)("PyYAML", () => {
  it("reads an import as YAML 1.2 does", () => {
    const text = imported([
      ...otherwise,
      ...plain,
      "a: b # c",
      "- x",
      "\ufffe",
      "line1\nline2",
      "\u0085",
      "é 日本 🎉",
    ]);
    expect(read11(text)).toEqual(parse(text));
  });

  it("reads an import of any names as YAML 1.2 does", () => {
    const characters = fc.constantFrom(..."0123456789:._,-+ TZeExXob=<~yYnN#\"'\ufffe\u2028é");
    const names = fc.uniqueArray(fc.string({ unit: characters, minLength: 1, maxLength: 12 }), {
      minLength: 200,
      maxLength: 200,
    });
    fc.assert(
      fc.property(names, (list) => {
        const text = imported(list);
        expect(read11(text)).toEqual(parse(text));
      }),
      { numRuns: 1 },
    );
  });
});
