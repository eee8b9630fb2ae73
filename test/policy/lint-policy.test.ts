import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hintOf, messageOf } from "../../src/model/diagnostic.js";
import { firstMessage } from "../said.js";
import { addresses, bruteAllowed, policyText, type SmallEntry, smallEntries } from "./random-policies.js";
import { check, codes, places } from "./reading.js";

/** Inside the space of random policies, and one address outside it. */
const probes = [...addresses, 0n];
const verdicts = (entries: readonly SmallEntry[]): boolean[] =>
  probes.map((address) => bruteAllowed(entries, address));

/** What is left once everything that lint calls useless is deleted. */
const afterDeletions = (entries: readonly SmallEntry[]): SmallEntry[] => {
  const { text, entryOf, ruleOf } = policyText(entries);
  const gone = new Set<SmallEntry>();
  for (const { code, source } of check(text).diagnostics) {
    const entry = entryOf.get(source?.line ?? 0);
    if (["shadowed-entry", "redundant-entry", "same-prefix-in-rules"].includes(code) && entry)
      gone.add(entry);
    if (["deny-without-effect", "allow-without-effect"].includes(code)) {
      const rule = ruleOf.get(source?.line ?? 0);
      for (const one of entries) if (one.rule === rule) gone.add(one);
    }
  }
  return entries.filter((entry) => !gone.has(entry));
};

describe("useless entries", () => {
  it("can all be deleted together, and nobody's access changes", () => {
    fc.assert(
      fc.property(smallEntries, (entries) => {
        expect(verdicts(afterDeletions(entries))).toEqual(verdicts(entries));
      }),
      { numRuns: 300 },
    );
  });

  it("are all found: whatever is left changes something when it goes", () => {
    fc.assert(
      fc.property(smallEntries, (entries) => {
        // Where no allow entry decides anything, they are kept on purpose: see `nobody-allowed`.
        const anyone = probes.some((address) => bruteAllowed(entries, address));
        fc.pre(anyone);
        const left = afterDeletions(entries);
        for (const entry of left) {
          expect(verdicts(left.filter((other) => other !== entry))).not.toEqual(verdicts(left));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("nobody-allowed", () => {
  it("is reported exactly where every address is denied", () => {
    fc.assert(
      fc.property(smallEntries, (entries) => {
        const anyone = probes.some((address) => bruteAllowed(entries, address));
        expect(codes(check(policyText(entries).text).diagnostics).includes("nobody-allowed")).toBe(!anyone);
      }),
      { numRuns: 300 },
    );
  });
});

const found = (text: string, ...wanted: string[]): string[] =>
  places(check(text).diagnostics.filter(({ code }) => wanted.includes(code)));

const rule = (name: string, type: string, cidrs: string): string =>
  `  - {name: ${name}, type: ${type}, cidrs: [${cidrs}]}\n`;
const policy = (...rules: string[]): string => `version: 1\nrules:\n${rules.join("")}`;

describe("lint by example", () => {
  it("an entry that outlives what covers it is not useless", () => {
    const text = (expires: string): string =>
      policy(rule("A", "allow", `{cidr: 203.0.113.0/24${expires}}, 203.0.113.0/25, 198.51.100.0/24`));
    expect(found(text(""), "redundant-entry")).toEqual(["redundant-entry 3:60"]);
    expect(found(text(", expires: 2028-01-01"), "redundant-entry")).toEqual([]);
  });

  it("merges prefixes as far as it goes, and only within one rule, comment and date", () => {
    const adjacent = (...rules: string[]) =>
      check(policy(...rules)).diagnostics.flatMap((one) =>
        one.code === "adjacent-prefixes" ? [hintOf(one)] : [],
      );
    expect(adjacent(rule("A", "allow", "203.0.113.0/26, 203.0.113.64/26, 203.0.113.128/25"))).toEqual([
      "Write 203.0.113.0/24 instead",
    ]);
    expect(adjacent(rule("A", "allow", "203.0.113.64/26, 203.0.113.128/26"))).toEqual([]);
    expect(adjacent(rule("A", "allow", "203.0.113.0/25"), rule("B", "allow", "203.0.113.128/25"))).toEqual(
      [],
    );
    expect(adjacent(rule("A", "allow", "203.0.113.0/25, {cidr: 203.0.113.128/25, comment: x}"))).toEqual([]);
    expect(adjacent(rule("A", "allow", "0.0.0.0/1, 128.0.0.0/1"))).toEqual(["Write 0.0.0.0/0 instead"]);
  });

  it("a join that would contradict a rule of the other type is not proposed", () => {
    const text = policy(
      rule("A", "allow", "203.0.113.0/25, 203.0.113.128/25"),
      rule("B", "deny", "203.0.113.0/24"),
    );
    expect(found(text, "adjacent-prefixes")).toEqual([]);
  });

  it("a deny is not called useless alone where only the end of the allow around it makes it so", () => {
    const text = policy(
      rule("A", "allow", "203.0.113.0/24, 198.51.100.0/24"),
      rule("B", "deny", "203.0.113.0/25, 203.0.113.128/25"),
    );
    const { diagnostics } = check(text);
    const useless = diagnostics.filter(({ code }) => /redundant|without-effect/.test(code));
    expect(useless).not.toEqual([]);
    for (const one of useless) expect(messageOf(one)).toContain("once 203.0.113.0/24");
  });

  it("what ipv6-covers-ipv4 asks for is not called redundant", () => {
    const text = policy(rule("A", "allow", '"::/0", 0.0.0.0/0, 203.0.113.0/24'));
    expect(found(text, "redundant-entry", "ipv6-covers-ipv4")).toEqual(["redundant-entry 3:55"]);
  });

  it("ipv6-covers-ipv4 asks for 0.0.0.0/0 of the same type", () => {
    const both = (v4: string): string[] =>
      found(
        policy(rule("A", "deny", '"::/0"'), rule("B", v4, "0.0.0.0/0"), rule("C", "allow", "203.0.113.7")),
        "ipv6-covers-ipv4",
      );
    expect(both("deny")).toEqual([]);
    expect(both("allow")).toHaveLength(1);
    expect(found(policy(rule("A", "allow", "2000::/3")), "ipv6-covers-ipv4")).toEqual([]);
  });

  it("special-purpose takes the most specific registry row, and only allow entries", () => {
    const special = (type: string, cidr: string): number =>
      found(policy(rule("A", type, cidr)), "special-purpose").length;
    expect(special("allow", "10.1.0.0/16")).toBe(1);
    expect(special("deny", "10.1.0.0/16")).toBe(0);
    expect(special("allow", "192.0.0.9/32")).toBe(0);
    expect(special("allow", "224.0.0.1/32")).toBe(1);
    expect(special("allow", "fe80::1/128")).toBe(1);
    expect(special("allow", "0.0.0.0/0")).toBe(0);
    expect(special("allow", "203.0.113.0/24")).toBe(0);
  });

  it("broad-allow begins above /16 and /32", () => {
    const broad = (cidr: string): number => found(policy(rule("A", "allow", cidr)), "broad-allow").length;
    expect(
      ["203.0.0.0/16", "203.0.0.0/15", "2001:db8::/32", "2001:db8::/31", "0.0.0.0/0"].map(broad),
    ).toEqual([0, 1, 0, 1, 1]);
  });

  it("the last allow that expires is an error only where it lets somebody in", () => {
    const expired = rule("A", "allow", "{cidr: 203.0.113.7, expires: 2026-01-01}");
    expect(found(policy(expired), "last-allow-expired")).toHaveLength(1);
    expect(found(policy(expired, rule("B", "deny", '"::/0"')), "last-allow-expired")).toEqual([]);
    expect(found(policy(expired, rule("B", "deny", "203.0.113.0/24")), "last-allow-expired")).toHaveLength(1);
  });

  it("an expired deny is reported with the addresses that it lets in, and a soon one as well", () => {
    const text = (expires: string): string =>
      policy(
        rule("A", "allow", "203.0.113.0/24"),
        rule("B", "deny", `{cidr: 203.0.113.64/26, expires: ${expires}}, 203.0.113.64/27`),
      );
    const open = check(text("2026-11-30")).diagnostics.find(
      ({ code }) => code === "expired-deny-opens-access",
    );
    expect(firstMessage([open])).toContain("203.0.113.96/27");
    expect(firstMessage([open])).not.toContain("203.0.113.64/27");
    const soon = check(text("2026-12-31")).diagnostics.find(({ code }) => code === "expires-soon");
    expect(firstMessage([soon])).toContain("203.0.113.96/27");
  });

  it("says of thirty days that they are soon, and of one more that it is not", () => {
    const at = (expires: string): number =>
      found(
        policy(rule("A", "allow", `203.0.113.0/24, {cidr: 198.51.100.7, expires: ${expires}}`)),
        "expires-soon",
      ).length;
    expect([at("2026-12-31"), at("2027-01-01")]).toEqual([1, 0]);
  });

  it("odd names and look-alikes are seen", () => {
    const names = (...list: string[]): string =>
      policy(...list.map((name, i) => rule(JSON.stringify(name), "allow", `203.0.113.${i}`)));
    for (const name of [" ", "a\u202eb", "a\u0007", "a ", "\u200b", "x".repeat(256)])
      expect(found(names(name), "odd-name")).toHaveLength(1);
    for (const name of ["a b", "Büro 1", "日本", "x".repeat(255)])
      expect(found(names(name), "odd-name")).toEqual([]);
    expect(found(names("Cafe\u0301", "Café"), "look-alike-names")).toHaveLength(1);
    expect(found(names("a  b", "A b"), "look-alike-names")).toHaveLength(1);
    // A Cyrillic а for the Latin a; and one alone, in a Latin word.
    expect(found(names("Paris", "P\u0430ris"), "look-alike-names")).toHaveLength(1);
    expect(found(names("P\u0430ris"), "look-alike-names")).toHaveLength(1);
    expect(found(names("Москва", "Paris"), "look-alike-names")).toEqual([]);
    expect(found(names("a", "b"), "look-alike-names")).toEqual([]);
  });

  it("shared hosts are told from hosts that only look so", () => {
    const shared = (host: string): number =>
      found(`account: {host: "${host}"}\n${policy(rule("A", "allow", "203.0.113.7"))}`, "shared-host").length;
    expect(["cloud.getdbt.com", "https://EMEA.getdbt.com/api", "getdbt.com"].map(shared)).toEqual([1, 1, 1]);
    expect(["ab123.us1.dbt.com", "getdbt.com.example", "notgetdbt.com"].map(shared)).toEqual([0, 0, 0]);
  });

  it("stays usable with a hundred thousand entries", () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `9.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    const text = `networks: {l: {file: l.txt}}\n${policy(rule("A", "deny", "network: l"), rule("B", "allow", "9.0.0.0/8"))}`;
    const { diagnostics } = check(text, { files: { "l.txt": lines.join("\n") } });
    expect(codes(diagnostics)).toContain("adjacent-prefixes");
    expect(diagnostics.length).toBeLessThan(5000);
  });
});
