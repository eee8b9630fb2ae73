import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readSeedFile } from "../../src/emulator/seed-file.js";
import { Failure } from "../../src/model/failure.js";
import { call, emulate, options, ruleBody, tokens } from "./emulated.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "emulator-state-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const code = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error.diagnostics[0]?.code ?? "";
    throw error;
  }
  return "nothing was thrown";
};

it("saves each write before it is answered, whole, and reads it back", () => {
  const stateFile = join(folder, "state.json");
  const first = emulate({ stateFile });
  call(first, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"]));
  const second = emulate({ stateFile });
  expect(second.state()).toEqual(first.state());
  call(second, "POST", "/ip-restrictions-set/", { enabled: true }, { from: "192.0.2.1" });
  const third = emulate({ stateFile });
  expect(call(third, "GET", "/ip-restrictions/").status).toBe(403);
  expect(third.state().next).toEqual({ rule: 740, cidr: 4523, event: 3 });
  expect(readdirSync(folder)).toEqual(["state.json"]);
  for (const token of Object.values(tokens)) expect(readFileSync(stateFile, "utf8")).not.toContain(token);
});

it("uses the seed only where there is no state yet", () => {
  const stateFile = join(folder, "state.json");
  const seed = { rules: [{ name: "Seeded", type: "allow" as const, cidrs: ["192.0.2.1"] }] };
  call(emulate({ stateFile, seed }), "DELETE", "/ip-restrictions/739");
  expect(call(emulate({ stateFile, seed }), "GET", "/ip-restrictions/").json.data).toEqual([]);
});

it.each([
  ["nonsense", "{"],
  ["another format", '{"format":"x","version":1,"account":{}}'],
  ["a later version", '{"format":"dbt-ip-rules/emulator-state","version":2,"account":{}}'],
  ["half a state", '{"format":"dbt-ip-rules/emulator-state","version":1,"account":{"accountId":66847}}'],
])("refuses a state file that is %s, and leaves it alone", (_, text) => {
  const stateFile = join(folder, "state.json");
  writeFileSync(stateFile, text);
  expect(code(() => emulate({ stateFile }))).toBe("emulator-state");
  expect(readFileSync(stateFile, "utf8")).toBe(text);
});

it("refuses the state of another account", () => {
  const stateFile = join(folder, "state.json");
  emulate({ stateFile });
  expect(code(() => emulate({ ...options({ stateFile }), accountId: 1 }))).toBe("emulator-state");
});

it.each([
  ["a range that is none", (text: string) => text.replace("192.0.2.1", "192.0.2.300")],
  ["a rule's id that comes again", (text: string) => text.replace('"rule":740', '"rule":739')],
  ["a CIDR's id that comes again", (text: string) => text.replace('"id":4523', '"id":4522')],
])("refuses a state file with %s", (_, damage) => {
  const stateFile = join(folder, "state.json");
  call(emulate({ stateFile }), "POST", "/ip-restrictions/", ruleBody(["192.0.2.1", "192.0.2.2"]));
  const text = readFileSync(stateFile, "utf8");
  expect(emulate({ stateFile }).state().rules).toHaveLength(1);
  writeFileSync(stateFile, damage(text));
  expect(code(() => emulate({ stateFile }))).toBe("emulator-state");
  expect(readFileSync(stateFile, "utf8")).toBe(damage(text));
});

it("refuses a state file whose folder is missing", () => {
  expect(code(() => emulate({ stateFile: join(folder, "missing", "state.json") }))).toBe("emulator-state");
});

it("answers 500 to a write that cannot be saved, and forgets it", () => {
  const stateFile = join(folder, "state.json");
  const emulator = emulate({ stateFile });
  rmSync(folder, { recursive: true });
  expect(call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"])).status).toBe(500);
  expect(emulator.state().rules).toEqual([]);
  expect(emulator.requests.problems()).toHaveLength(1);
  expect(existsSync(stateFile)).toBe(false);
});

it("reads a seed from YAML or JSON", () => {
  const file = join(folder, "seed.yaml");
  writeFileSync(
    file,
    [
      "enabled: false",
      "rules:",
      "  - { name: Office, type: allow, description: Staff, cidrs: [192.0.2.0/24, { cidr: '2001:db8::/32', enabled: false }] }",
      "  - { name: Old, type: deny, id: 900, deleted: true, cidrs: [198.51.100.7] }",
      "events:",
      "  - { type: job_definition.changed, count: 164 }",
    ].join("\n"),
  );
  const emulator = emulate({ seed: readSeedFile(file) });
  const rules = call(emulator, "GET", "/ip-restrictions/").json.data;
  expect(rules).toMatchObject([
    {
      id: 739,
      name: "Office",
      description: "Staff",
      cidrs: [
        { id: 4522, enabled: true },
        { id: 4523, enabled: false },
      ],
    },
  ]);
  expect(call(emulator, "GET", "/ip-restrictions/900").headers["content-type"]).toContain("text/html");
  expect(call(emulator, "GET", "/audit-logs").json.extra.pagination).toEqual({
    count: 100,
    total_count: 164,
  });
  expect(emulator.state().next).toEqual({ rule: 901, cidr: 4525, event: 165 });
});

it.each([
  ["an unknown key", "rulez: []"],
  ["a rule without a type", "rules: [{ name: A, cidrs: [] }]"],
  ["a wrong count", "events: [{ type: a, count: 0 }]"],
  ["no mapping", "[]"],
  ["broken YAML", "rules: ["],
])("refuses a seed file with %s", (_, text) => {
  const file = join(folder, "seed.yaml");
  writeFileSync(file, text);
  expect(code(() => readSeedFile(file))).toBe("emulator-seed");
});

it.each([
  ["what is no range", [{ name: "A", type: "allow" as const, cidrs: ["x"] }]],
  ["a range twice", [{ name: "A", type: "allow" as const, cidrs: ["192.0.2.1", "192.0.2.1/32"] }]],
  [
    "an id twice",
    [
      { name: "A", type: "allow" as const, cidrs: [], id: 5 },
      { name: "B", type: "allow" as const, cidrs: [], id: 5 },
    ],
  ],
])("refuses a seed with %s", (_, rules) => {
  expect(code(() => emulate({ seed: { rules } }))).toBe("emulator-seed");
});

it("refuses a seed file that is missing", () => {
  expect(code(() => readSeedFile(join(folder, "missing.yaml")))).toBe("emulator-seed");
});
