import fc from "fast-check";
import { expect, it } from "vitest";
import { call, emulate, ruleBody, tokens } from "./emulated.js";

const office = { from: "192.0.2.10" };
const elsewhere = { from: "198.51.100.10" };

it("answers the switch with the rule set, and shows it on all rules", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"]), office);
  const made = call(emulator, "POST", "/ip-restrictions-set/", { enabled: true }, office);
  expect(Object.keys(made.json.data)).toEqual([
    "id",
    "account_id",
    "state",
    "enabled",
    "enabled_for_service_tokens",
    "created_at",
    "updated_at",
  ]);
  expect(made.json.data).toMatchObject({ id: 10, account_id: 66847, state: 1, enabled: true });
  expect(call(emulator, "GET", "/ip-restrictions", undefined, office).json.data[0].rule_set_enabled).toBe(
    true,
  );
  for (const body of [{}, { enabled: "true" }, []])
    expect(call(emulator, "POST", "/ip-restrictions-set/", body, office).status).toBe(400);
});

it("answers a blocked caller exactly as documented, service tokens included", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"]));
  call(emulator, "POST", "/ip-restrictions-set", { enabled: true });
  const denied = (user: number | null, service: boolean) =>
    `{"status":{"code":403,"is_success":false,"user_message":"Forbidden: Access denied","developer_message":null},"data":{"account_id":66847,"user_id":${user},"is_service_token":${service},"account_access_denied":true}}`;
  for (const path of [
    "/ip-restrictions/",
    "/ip-restrictions/739",
    "/audit-logs/",
    "/ip-restrictions-set/10/validate/",
  ])
    expect(call(emulator, "GET", path, undefined, elsewhere)).toMatchObject({
      status: 403,
      text: denied(null, true),
    });
  const person = call(emulator, "GET", "/ip-restrictions/", undefined, {
    ...elsewhere,
    token: tokens.personal,
  });
  expect(person.text).toBe(denied(1002, false));
  expect(call(emulator, "GET", "/ip-restrictions/", undefined, office).status).toBe(200);
});

it("does not hold service tokens to the rules where the set says so", () => {
  const emulator = emulate({
    seed: {
      enabled: true,
      enabled_for_service_tokens: false,
      rules: [{ name: "A", type: "allow", cidrs: ["192.0.2.1"] }],
    },
  });
  const made = call(emulator, "GET", "/ip-restrictions/", undefined, elsewhere);
  expect(made.json.data[0].enabled_for_service_tokens).toBe(false);
  expect(
    call(emulator, "GET", "/ip-restrictions/", undefined, { ...elsewhere, token: tokens.personal }).status,
  ).toBe(403);
});

type Rules = readonly (readonly ["allow" | "deny", string])[];

it.each<[string, Rules, string, boolean]>([
  ["no rule", [], "192.0.2.1", true],
  ["an allow elsewhere", [["allow", "198.51.100.0/24"]], "192.0.2.1", false],
  ["a deny elsewhere", [["deny", "198.51.100.0/24"]], "192.0.2.1", true],
  [
    "deny 10/8, allow 10.1/16",
    [
      ["deny", "10.0.0.0/8"],
      ["allow", "10.1.0.0/16"],
    ],
    "10.1.2.3",
    true,
  ],
  [
    "allow 10/8, deny 10.1/16",
    [
      ["allow", "10.0.0.0/8"],
      ["deny", "10.1.0.0/16"],
    ],
    "10.1.2.3",
    false,
  ],
  ["a bare 0.0.0.0", [["allow", "0.0.0.0"]], "192.0.2.1", false],
  ["::/0 covers IPv4", [["allow", "::/0"]], "192.0.2.1", true],
  ["0.0.0.0/0 does not cover IPv6", [["allow", "0.0.0.0/0"]], "2001:db8::1", false],
  ["a mapped spelling", [["allow", "::ffff:c000:201"]], "192.0.2.1", true],
])("decides by the most specific entry: %s", (_, rules, address, allowed) => {
  const emulator = emulate({
    seed: { enabled: true, rules: rules.map(([type, cidr]) => ({ name: cidr, type, cidrs: [cidr] })) },
  });
  const status = allowed ? 200 : 403;
  expect(call(emulator, "GET", "/ip-restrictions/", undefined, { from: address }).status).toBe(status);
});

it("ignores disabled and removed entries", () => {
  const emulator = emulate({
    seed: {
      enabled: true,
      rules: [
        {
          name: "A",
          type: "deny",
          cidrs: [
            { cidr: "192.0.2.0/24", enabled: false },
            { cidr: "192.0.2.0/25", deleted: true },
          ],
        },
        { name: "B", type: "deny", cidrs: ["192.0.2.0/24"], deleted: true },
      ],
    },
  });
  const made = call(emulator, "GET", "/ip-restrictions/", undefined, office);
  expect(made.json.data.map(({ cidrs }: { cidrs: unknown }) => cidrs)).toMatchObject([
    [{ enabled: false, state: 1 }],
  ]);
});

it("tells a caller whether the configured rules would let it in, also without one rule", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"]));
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["203.0.113.0/24"]));
  const ask = (path: string, more: object) =>
    call(emulator, "GET", `/ip-restrictions-set/${path}`, undefined, more).json.is_valid_for_admin;
  expect(ask("10/validate/", office)).toBe(true);
  expect(ask("10/validate", elsewhere)).toBe(false);
  expect(ask("10/validate/739", office)).toBe(false);
  expect(ask("10/validate/740", office)).toBe(true);
  emulator.change({ validateShape: "enveloped" });
  expect(call(emulator, "GET", "/ip-restrictions-set/10/validate/", undefined, office).json).toMatchObject({
    status: { is_success: true },
    data: { is_valid_for_admin: true },
  });
  for (const path of ["11/validate/", "10/validate/741", "10/validate/739/"])
    expect(call(emulator, "GET", `/ip-restrictions-set/${path}`).status).toBe(404);
});

it("refuses to save a deny range that holds the caller, and to enable over one", () => {
  const emulator = emulate();
  const deny = ruleBody(["192.0.2.0/24"], { type: 2 });
  const before = emulator.state();
  expect(call(emulator, "POST", "/ip-restrictions/", deny, office).status).toBe(400);
  expect(emulator.state()).toBe(before);
  call(emulator, "POST", "/ip-restrictions/", deny, elsewhere);
  expect(call(emulator, "POST", "/ip-restrictions-set/", { enabled: true }, office).status).toBe(400);
  expect(call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.10"]), office).status).toBe(200);
  expect(call(emulator, "POST", "/ip-restrictions-set/", { enabled: true }, office).status).toBe(200);
});

it("lets a caller enable who is on no range at all, and blocks it from then on", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"]));
  expect(call(emulator, "POST", "/ip-restrictions-set/", { enabled: true }, elsewhere).status).toBe(200);
  expect(call(emulator, "POST", "/ip-restrictions-set/", { enabled: false }, elsewhere).status).toBe(403);
});

it("takes the caller from X-Forwarded-For, else the setting, else the peer", () => {
  const emulator = emulate({
    seed: { enabled: true, rules: [{ name: "A", type: "allow", cidrs: ["127.0.0.1"] }] },
  });
  const status = (from?: string) =>
    call(emulator, "GET", "/ip-restrictions/", undefined, from === undefined ? {} : { from }).status;
  expect(status()).toBe(200);
  expect(status("127.0.0.1, 192.0.2.1")).toBe(200);
  expect(status("192.0.2.1, 127.0.0.1")).toBe(403);
  expect(status("unknown")).toBe(400);
  emulator.change({ clientIp: "192.0.2.1" });
  expect(status()).toBe(403);
  expect(status("127.0.0.1")).toBe(200);
  emulator.change({ exemptCaller: true });
  expect(status()).toBe(200);
});

it("refuses a rule write that turns the switch on over the caller's deny range", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"], { type: 2 }), elsewhere);
  const before = emulator.state();
  const write = ruleBody(["203.0.113.1"], { rule_set_enabled: true });
  expect(call(emulator, "POST", "/ip-restrictions/", write, office).status).toBe(400);
  expect(emulator.state()).toBe(before);
  expect(call(emulator, "POST", "/ip-restrictions/", write, { from: "203.0.113.1" }).status).toBe(200);
});

const entry = fc.record({
  type: fc.constantFrom("allow" as const, "deny" as const),
  start: fc.nat(31),
  length: fc.integer({ min: 27, max: 32 }),
});

/** By definition, without any cleverness: the longest prefix that holds the address decides. */
const bruteForce = (
  entries: readonly { type: "allow" | "deny"; start: number; length: number }[],
  last: number,
) => {
  const holding = entries
    .filter(({ start, length }) => start >> (32 - length) === last >> (32 - length))
    .sort((a, b) => b.length - a.length);
  return holding[0] === undefined
    ? !entries.some(({ type }) => type === "allow")
    : holding[0].type === "allow";
};

it("lets in whom the definition lets in, for every address of a small space", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(entry, {
        maxLength: 8,
        selector: ({ start, length }) => `${start >> (32 - length)}/${length}`,
      }),
      (entries) => {
        const rules = entries.map(({ type, start, length }) => ({
          name: "A",
          type,
          cidrs: [`192.0.2.${start}/${length}`],
        }));
        const emulator = emulate({ seed: { enabled: true, rules } });
        for (let last = 0; last < 32; last += 1) {
          const made = call(emulator, "GET", "/ip-restrictions/", undefined, { from: `192.0.2.${last}` });
          expect(made.status === 200).toBe(bruteForce(entries, last));
        }
      },
    ),
  );
});
