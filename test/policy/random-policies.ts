/** Random small policies: entries in one /28, so that every address can be tried. */
import * as fc from "fast-check";
import { formatPrefix, type Prefix, prefixOf } from "../../src/address/prefix.js";
import type { RuleType } from "../../src/model/rule.js";

/** 203.0.113.0/28. */
export const space: Prefix = { network: 0xffff_cb00_7100n, length: 124 };
export const addresses: readonly bigint[] = Array.from({ length: 16 }, (_, i) => space.network + BigInt(i));

export const smallPrefix: fc.Arbitrary<Prefix> = fc
  .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 124, max: 128 }))
  .map(([host, length]) => prefixOf(space.network + BigInt(host), length));

export interface SmallEntry {
  readonly rule: string;
  readonly type: RuleType;
  readonly prefix: Prefix;
}

const types = { A: "allow", B: "deny", C: "allow", D: "deny" } as const;

/** Entries of up to four rules; no prefix is both allowed and denied, none stands twice in a rule. */
export const smallEntries: fc.Arbitrary<SmallEntry[]> = fc
  .array(fc.tuple(smallPrefix, fc.constantFrom("A" as const, "B" as const, "C" as const, "D" as const)), {
    maxLength: 9,
  })
  .map((items) => {
    const typeOf = new Map<string, RuleType>();
    const seen = new Set<string>();
    return items.flatMap(([prefix, rule]) => {
      const text = formatPrefix(prefix);
      const type = types[rule];
      const first = typeOf.get(text) ?? type;
      typeOf.set(text, first);
      if (first !== type || seen.has(`${rule} ${text}`)) return [];
      seen.add(`${rule} ${text}`);
      return [{ rule, type, prefix }];
    });
  })
  .map((entries) => entries.toSorted((a, b) => a.rule.localeCompare(b.rule)));

/** One entry a line; `lines` has the entry of each line, and the rule of each rule's first line. */
export const policyText = (
  entries: readonly SmallEntry[],
): {
  readonly text: string;
  readonly entryOf: ReadonlyMap<number, SmallEntry>;
  readonly ruleOf: ReadonlyMap<number, string>;
} => {
  const lines = ["version: 1", "rules:"];
  const entryOf = new Map<number, SmallEntry>();
  const ruleOf = new Map<number, string>();
  let rule = "";
  for (const entry of entries) {
    if (entry.rule !== rule) {
      rule = entry.rule;
      ruleOf.set(lines.push(`  - name: ${rule}`), rule);
      lines.push(`    type: ${entry.type}`, "    cidrs:");
    }
    entryOf.set(lines.push(`      - ${formatPrefix(entry.prefix)}`), entry);
  }
  if (entries.length === 0) lines[1] = "rules: []";
  return { text: `${lines.join("\n")}\n`, entryOf, ruleOf };
};

/** By the definition alone: the longest prefix that holds the address; else the default. */
export const bruteAllowed = (entries: readonly SmallEntry[], address: bigint): boolean => {
  let best: SmallEntry | undefined;
  for (const entry of entries) {
    const { network, length } = entry.prefix;
    if (address >> BigInt(128 - length) !== network >> BigInt(128 - length)) continue;
    if (best === undefined || length > best.prefix.length) best = entry;
  }
  return best === undefined ? !entries.some(({ type }) => type === "allow") : best.type === "allow";
};

/** Text that YAML, terminals and editors stumble over. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "yes",
    "null",
    "~",
    "- a",
    "a: b",
    "a #b",
    "#",
    "'",
    '"',
    "*a",
    "&a",
    "!t",
    "%x",
    "@x",
    "|",
    ">",
    "::",
    "a:",
    "1.2",
    "0x1f",
    "2027-01-15",
    "<<",
    "---",
    "...",
    "\u202eabc",
    "\u0085",
    "\u2028",
    "\ufeff",
    "\u001b[31m",
    " lead",
    "trail ",
    "a\nb",
    "a\r\nb\n\n",
    "\t",
    "{a}",
    "[a]",
    "a, b",
    "\ud83d\ude00",
    "\\",
    "\\n",
    "```",
  ),
  fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
);
