/**
 * Nothing opens by accident: whatever comes out empty where something was expected is an error that names it, unless
 * `allow_empty: true` says that it is meant; and nothing waives "allow rules exist, none in force".
 */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AccessMap } from "../../src/address/access-map.js";
import { AddressSet } from "../../src/address/address-set.js";
import { formatPrefix } from "../../src/address/prefix.js";
import { lintCodes } from "../../src/model/codes/lint.js";
import { share } from "../drills.js";
import { firstHint, firstMessage } from "../said.js";
import { smallPrefix } from "./random-policies.js";
import { check, codes, type Options, places, readPolicy } from "./reading.js";

const office = "rules: [{name: Office, type: allow, cidrs: [203.0.113.0/24]}]\n";
const flag = "allow_empty: true";

interface Case {
  readonly name: string;
  /** `{}` is where `allow_empty: true` goes. */
  readonly text: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly expected: readonly string[];
  /** What the message names. */
  readonly named: string;
}

const comments = "# This list has been merged into another one\n\n  # EOF\n";
const table: readonly Case[] = [
  {
    name: "a network",
    text: `${office}networks: {vpn: {cidrs: [], {}}}\nversion: 1\n`,
    expected: ["empty-network 2:12"],
    named: "`vpn`",
  },
  {
    name: "a network file of comments",
    text: `${office}networks: {vpn: {file: lists/vpn.txt, {}}}\nversion: 1\n`,
    files: { "lists/vpn.txt": comments },
    expected: ["empty-network 2:24"],
    named: "`lists/vpn.txt`",
  },
  {
    name: "a network file without a byte",
    text: `${office}networks: {vpn: {file: vpn.txt, {}}}\nversion: 1\n`,
    files: { "vpn.txt": "" },
    expected: ["empty-network 2:24"],
    named: "`vpn.txt`",
  },
  {
    name: "a network of an include file",
    text: `${office}include: [nets/i.yaml]\nversion: 1\n`,
    files: { "nets/i.yaml": "networks:\n  vpn: {file: vpn.txt, {}}\n", "nets/vpn.txt": comments },
    expected: ["empty-network 2:15"],
    named: "`nets/vpn.txt`",
  },
  {
    name: "an include file",
    text: `${office}include: [{file: i.yaml, {}}]\nversion: 1\n`,
    files: { "i.yaml": "networks: {}\n" },
    expected: ["empty-include 2:18"],
    named: "`i.yaml`",
  },
  {
    name: "an allow rule",
    text: "version: 1\nrules:\n  - {name: VPN, type: allow, cidrs: [], {}}\n",
    expected: ["rule-without-entries 3:12"],
    named: "`VPN`",
  },
  {
    name: "a deny rule over a network that may be empty",
    text: `version: 1\nnetworks: {feed: {file: f.txt, ${flag}}}\nrules:\n  - {name: Blocked, type: deny, cidrs: [network: feed], {}}\n`,
    files: { "f.txt": comments },
    expected: ["rule-without-entries 4:12"],
    named: "the network `feed` is empty",
  },
  {
    name: "a test",
    text: `version: 1\n${office}tests: [{name: staff, allowed: [], {}}]\n`,
    expected: ["empty-test 3:23"],
    named: "`staff`",
  },
  {
    name: "one list of a test, over networks that may be empty",
    text: `version: 1\n${office}networks: {a: {cidrs: [], ${flag}}, b: {cidrs: [], ${flag}}}\ntests: [{name: staff, denied: [9.9.9.9], allowed: [network: a, network: b], {}}]\n`,
    expected: ["empty-test 4:42"],
    named: "the networks `a` and `b` are empty",
  },
  {
    name: "a guard",
    text: `version: 1\n${office}guards: {must_allow: [], {}}\n`,
    expected: ["empty-guard 3:10"],
    named: "`must_allow`",
  },
  {
    name: "a guard over a network that may be empty",
    text: `version: 1\n${office}networks: {a: {cidrs: [], ${flag}}}\nguards: {must_deny: [network: a], {}}\n`,
    expected: ["empty-guard 4:10"],
    named: "the network `a` is empty",
  },
];

const withFlag = ({ text, files = {} }: Case, written: string): readonly [string, Options] => {
  const put = (yaml: string): string => yaml.replace(", {}", written === "" ? "" : `, ${written}`);
  return [
    put(text),
    { files: Object.fromEntries(Object.entries(files).map(([name, content]) => [name, put(content)])) },
  ];
};

describe("what comes out empty", () => {
  const lintOff = `lint: {${Object.keys(lintCodes)
    .map((code) => `${code}: off`)
    .join(", ")}}\n`;

  for (const one of table) {
    it(`${one.name} is one error that names it, whatever lint is set to`, () => {
      for (const written of ["", "allow_empty: false"]) {
        const [text, options] = withFlag(one, written);
        const { diagnostics, policy } = readPolicy(text + lintOff, options);
        expect(policy).toBeUndefined();
        expect(places(diagnostics)).toEqual(one.expected);
        expect(diagnostics[0]).toMatchObject({ severity: "error" });
        expect(firstMessage(diagnostics)).toContain(one.named);
        expect(firstHint(diagnostics)).toContain(flag);
      }
    });

    it(`${one.name} is fine where it is said to be meant`, () => {
      const [text, options] = withFlag(one, flag);
      const { diagnostics, policy } = readPolicy(text + lintOff, options);
      expect(codes(diagnostics)).toEqual([]);
      expect(policy).toBeDefined();
    });
  }

  it("a plain empty list of a network too, with the spelling that would allow it", () => {
    const { diagnostics } = readPolicy(`version: 1\n${office}networks: {vpn: []}\n${lintOff}`);
    expect(places(diagnostics)).toEqual(["empty-network 3:12"]);
    expect(firstHint(diagnostics)).toContain("`vpn: {allow_empty: true, cidrs: []}`");
  });

  it("one mistake is one error: nothing more is said of what uses an empty or unreadable list", () => {
    const text = (list: string): string =>
      `version: 1\nenforcement: enabled\nnetworks: {n: ${list}}\nrules: [{name: A, type: allow, cidrs: [network: n]}]\ntests: [{name: t, allowed: [network: n]}]\nguards: {must_allow: [network: n]}\n`;
    const found = (list: string, files: Options["files"] = {}) =>
      codes(readPolicy(text(list), { files }).diagnostics);
    expect(found("[]")).toEqual(["empty-network"]);
    expect(found("[10.0.0/8]")).toEqual(["bad-prefix"]);
    expect(found("[1]")).toEqual(["wrong-type"]);
    expect(found("{file: l.txt}")).toEqual(["file-missing"]);
    expect(found("{file: l.txt}", { "l.txt": "x\n" })).toEqual(["bad-prefix"]);
    expect(found("{file: l.txt}", { "l.txt": Uint8Array.from([0xff]) })).toEqual(["not-utf8"]);
  });

  it("a rule that its dates have emptied is no error, and is said", () => {
    const { diagnostics, policy } = check(
      `version: 1\nenforcement: enabled\nnetworks: {g: [{cidr: 203.0.113.64/26, expires: 2026-11-30}]}\nrules:\n  - {name: Office, type: allow, cidrs: [203.0.113.0/24]}\n  - {name: Guests, type: deny, cidrs: [network: g]}\n`,
    );
    expect(policy).toBeDefined();
    expect(codes(diagnostics)).toContain("empty-rule");
    expect(codes(diagnostics)).toContain("expired-deny-opens-access");
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  describe("allow rules of which no entry is in force", () => {
    const read = (rules: string, more = "enforcement: enabled\n") =>
      readPolicy(`version: 1\n${more}${lintOff}rules:\n${rules}`);
    const expired = "  - {name: A, type: allow, cidrs: [{cidr: 203.0.113.7, expires: 2026-12-01}]}\n";
    const empty = `  - {name: B, type: allow, ${flag}, cidrs: []}\n`;
    const deny = "  - {name: C, type: deny, cidrs: [198.51.100.0/24]}\n";

    it.each([
      ["all expired", expired, "no-allow-in-force 5:43"],
      ["empty, and meant to be", empty, "no-allow-in-force 5:12"],
      ["one of each, beside a deny rule", deny + empty + expired, "no-allow-in-force 7:43"],
    ])("%s: refused under enforcement, and neither lint nor allow_empty waives it", (_, rules, place) => {
      const { diagnostics, policy } = read(rules);
      expect(policy).toBeUndefined();
      expect(places(diagnostics)).toEqual([place]);
      for (const other of ["disabled", "ignore"])
        expect(read(rules, `enforcement: ${other}\n`).policy).toBeDefined();
    });

    it("one entry in force is enough, deny rules alone are legal, and so is no rule", () => {
      expect(
        read(`${expired}${empty}  - {name: D, type: allow, cidrs: [203.0.113.7]}\n`).policy,
      ).toBeDefined();
      expect(read(deny).policy).toBeDefined();
      expect(readPolicy("version: 1\nenforcement: enabled\nrules: []\n").policy).toBeDefined();
    });
  });
});

describe("a policy that validates, with an allow rule and enforcement enabled", () => {
  const entry = fc.tuple(smallPrefix, fc.constantFrom("", "2026-11-30", "2026-12-01", "2026-12-02"));
  const list = fc.uniqueArray(entry, { maxLength: 3, selector: ([prefix]) => formatPrefix(prefix) });
  const rule = fc.record({
    type: fc.constantFrom("allow", "allow", "deny"),
    via: fc.constantFrom("list", "network", "object", "file"),
    entries: list,
    flagged: fc.boolean(),
    networkFlagged: fc.boolean(),
  });
  type RandomRule = typeof rule extends fc.Arbitrary<infer T> ? T : never;

  const listText = (entries: RandomRule["entries"]): string =>
    `[${entries
      .map(([prefix, date]) => {
        const cidr = JSON.stringify(formatPrefix(prefix));
        return date === "" ? cidr : `{cidr: ${cidr}, expires: ${date}}`;
      })
      .join(", ")}]`;

  const network = ({ via, entries, networkFlagged }: RandomRule, index: number): string[] => {
    const more = networkFlagged ? `, ${flag}` : "";
    switch (via) {
      case "network":
        return [`  n${index}: ${listText(entries)}`];
      case "object":
        return [`  n${index}: {cidrs: ${listText(entries)}${more}}`];
      case "file":
        return [`  n${index}: {file: l${index}.txt${more}}`];
      default:
        return [];
    }
  };

  const textOf = (rules: readonly RandomRule[]): string => {
    const networks = rules.flatMap(network);
    return [
      "version: 1",
      "enforcement: enabled",
      `lint: {${Object.keys(lintCodes)
        .map((code) => `${code}: off`)
        .join(", ")}}`,
      ...(networks.length === 0 ? [] : ["networks:", ...networks]),
      "rules:",
      ...rules.map(
        ({ type, via, entries, flagged }, index) =>
          `  - {name: R${index}, type: ${type}${flagged ? `, ${flag}` : ""}, cidrs: ${via === "list" ? listText(entries) : `[network: n${index}]`}}`,
      ),
      "",
    ].join("\n");
  };

  it("lets in no address that no allow entry names", () => {
    const met = { valid: 0, emptyRules: 0, expiredRules: 0, empty: 0, open: 0 };
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), (rules) => {
        const files = Object.fromEntries(
          rules.map(({ entries }, index) => [
            `l${index}.txt`,
            `# list\n${entries.map(([prefix]) => `${formatPrefix(prefix)}\n`).join("")}`,
          ]),
        );
        const { policy, diagnostics } = readPolicy(textOf(rules), { files });
        const found = codes(diagnostics);
        if (found.includes("empty-network") || found.includes("rule-without-entries")) met.empty += 1;
        if (found.includes("no-allow-in-force")) met.open += 1;
        if (policy === undefined || rules.every(({ type }) => type === "deny")) return;
        met.valid += 1;
        if (policy.rules.some(({ entries, expired }) => entries.length + expired.length === 0))
          met.emptyRules += 1;
        if (policy.rules.some(({ entries, expired }) => entries.length === 0 && expired.length > 0))
          met.expiredRules += 1;
        const all = policy.rules.flatMap(({ type, entries }) =>
          entries.map(({ prefix }) => ({ type, prefix })),
        );
        const named = AddressSet.ofPrefixes(
          all.filter(({ type }) => type === "allow").map(({ prefix }) => prefix),
        );
        const allowed = AccessMap.of(all, { enforced: true }).allowed();
        expect(allowed.subtract(named).prefixes()).toEqual([]);
      }),
      { numRuns: share(600, 15_000) },
    );
    // Each way to come out empty came up often enough to count.
    for (const times of Object.values(met)) expect(times).toBeGreaterThan(3);
  });
});
