/** A grant written into a policy's text: every shape of list, no comment moved, nothing else changed. */
import { describe, expect, it } from "vitest";
import { grantIn } from "../../src/policy/add-to-policy.js";
import { formatPolicy } from "../../src/policy/format-policy.js";
import { prefix } from "../apply/hand-made.js";
import { mustRead } from "./reading.js";

const expires = "2027-01-15T18:00:00Z";
const grant = { rule: "Temporary access", prefix: prefix("203.0.113.7/32"), reason: "TICKET-123", expires };
const must = (text: string, more: Partial<typeof grant> = {}): string => {
  const granted = grantIn(text, { ...grant, ...more });
  if (!granted.ok) throw new Error(granted.problem.kind);
  return granted.text;
};
const problem = (text: string, more: Partial<typeof grant> = {}) => {
  const granted = grantIn(text, { ...grant, ...more });
  return granted.ok ? undefined : granted.problem;
};

const commented = `version: 1
rules:
  # about the office
  - name: Office
    type: allow
    cidrs:
      - 198.51.100.0/24 # main building
      # - 198.51.101.0/24      was the annex

  # about the guests
  - name: Guests
    type: deny
    cidrs: [198.51.100.128/25]
# the end
`;

describe("a grant in a policy's text", () => {
  it("goes behind the last entry of the rule, and every comment stays where it is", () => {
    const entry = ["- cidr: 203.0.113.7", "  comment: TICKET-123", `  expires: ${expires}`];
    expect(must(commented, { rule: "Office" })).toBe(
      commented.replace(
        "# main building\n",
        `# main building\n${entry.map((line) => `      ${line}\n`).join("")}`,
      ),
    );
  });

  it.each([
    ["an entry", "cidrs: [192.0.2.9/32, '198.51.100.7']", ""],
    ["an address of IPv6", "cidrs: [2001:DB8::/32]", ""],
    ["an IPv4-mapped address", 'cidrs: ["::ffff:192.0.2.9"]', ""],
    ["a guard", "cidrs:\n        - 192.0.2.9", "guards:\n  must_allow: [192.0.2.9/32]\n"],
    [
      "a test",
      "cidrs:\n    - 192.0.2.9",
      "tests:\n  - {name: A, allowed: [192.0.2.9/32], denied: [2001:DB8::/32]}\n",
    ],
    ["a network", "cidrs: [{network: vpn}]", "networks:\n  vpn: [192.0.2.9/32, 2001:DB8::1]\n"],
  ])("leaves the spelling of %s as it is", (_, cidrs, more) => {
    const text = `version: 1\nrules:\n  - name: Office\n    type: allow\n    ${cidrs}\n${more}`;
    const added = `
  - name: Temporary access
    type: allow
    cidrs:
      - cidr: 203.0.113.7
        comment: TICKET-123
        expires: ${expires}
`;
    const made = text.replace(`    ${cidrs}\n`, `    ${cidrs}\n${added}`);
    expect(must(text)).toBe(made);
    expect(must(text.replaceAll("\n", "\r\n"))).toBe(made.replaceAll("\n", "\r\n"));
    // Once more, for longer: the end alone is another.
    const longer = "2027-01-15T19:00:00Z";
    expect(must(made, { expires: longer })).toBe(made.replace(expires, longer));
  });

  it("makes a rule of its own, behind the last one", () => {
    const text = must(commented);
    expect(mustRead(text).rules.map(({ name }) => name)).toEqual(["Office", "Guests", "Temporary access"]);
    for (const comment of ["# about the office", "# main building", "# about the guests", "# the end"])
      expect(text).toContain(comment);
  });

  it.each([
    [
      "a list in brackets",
      "version: 1\nrules:\n  - {name: Temporary access, type: allow, cidrs: [198.51.100.0/24]}\n",
    ],
    [
      "an empty list",
      "version: 1\nrules:\n  - {name: Temporary access, type: allow, allow_empty: true, cidrs: []}\n",
    ],
    ["no rules", "version: 1\nrules: []\n"],
    ["rules in brackets", "version: 1\nrules: [{name: A, type: allow, cidrs: [198.51.100.0/24]}]\n"],
    ["JSON", '{"version": 1, "rules": [{"name": "A", "type": "allow", "cidrs": ["198.51.100.0/24"]}]}'],
    ["CRLF", commented.replaceAll("\n", "\r\n")],
    [
      "no line end",
      "version: 1\nrules:\n  - name: Temporary access\n    type: allow\n    cidrs:\n      - 198.51.100.0/24",
    ],
    [
      "text in canonical form no longer",
      "rules:\n    -   type: allow\n        cidrs:\n        -   network: vpn\n        name: 'Temporary access'\nnetworks: {vpn: [192.0.2.1]}\nversion: 1\n",
    ],
    [
      "entries as maps",
      "version: 1\nrules:\n  - name: Temporary access\n    type: allow\n    cidrs:\n      - cidr: 198.51.100.0/24\n        comment: |\n          two\n          lines\n",
    ],
  ])("is written into %s, and read back", (_, text) => {
    const result = must(text);
    // A text in canonical form stays in it; of any other form, the same is meant.
    const canonical = must(formatPolicy(text));
    expect(formatPolicy(canonical)).toBe(canonical);
    expect(formatPolicy(result)).toBe(canonical);
    const entries = mustRead(result, { now: "2027-01-01T00:00:00Z" }).rules.flatMap((rule) => rule.entries);
    expect(entries.at(-1)).toMatchObject({ comment: "TICKET-123", expires, prefix: grant.prefix });
  });

  it.each([
    "it's: a #comment",
    '"quoted"',
    "- dash",
    "{ }",
    "yes",
    "2027-01-15",
    "::error::no",
    "emoji 🎉, and ünicode",
    "a".repeat(200),
    "*alias &anchor !tag",
  ])("keeps the reason as it was given: %s", (reason) => {
    for (const text of [
      commented,
      "version: 1\nrules: [{name: A, type: allow, cidrs: [198.51.100.0/24]}]\n",
    ]) {
      const rules = mustRead(must(text, { reason }), { now: "2027-01-01T00:00:00Z" }).rules;
      expect(rules.at(-1)?.entries[0]?.comment).toBe(reason);
    }
  });

  it("gives an entry that ends the later end, once", () => {
    const once = must(commented, { rule: "Office", expires: "2027-01-15T14:00Z" });
    const twice = must(once, { rule: "Office", reason: "TICKET-124" });
    expect(twice).toContain("TICKET-124");
    expect(twice).not.toContain("TICKET-123");
    expect(mustRead(twice, { now: "2027-01-01T00:00:00Z" }).rules[0]?.entries.length).toBe(2);
    expect(problem(twice, { rule: "Office" })).toEqual({ kind: "has-access", until: expires });
  });

  it.each([
    ["that denies", { rule: "Guests" }, { kind: "rule-denies" }],
    [
      "that has it for ever",
      { rule: "Office", prefix: prefix("198.51.100.0/24") },
      { kind: "has-access", until: undefined },
    ],
  ])("is not written into a rule %s", (_, more, expected) => {
    expect(problem(commented, more)).toEqual(expected);
  });

  it("is not written into a list that another rule shares", () => {
    const text =
      "version: 1\nrules:\n  - {name: A, type: allow, cidrs: &all [198.51.100.0/24]}\n  - {name: B, type: allow, cidrs: *all}\n";
    expect(problem(text, { rule: "B" })).toEqual({ kind: "no-list" });
    expect(() => must(text, { rule: "A" })).toThrow("changed something else");
  });
});
