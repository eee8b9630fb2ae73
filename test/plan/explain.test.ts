import { describe, expect, it } from "vitest";
import { AddressSet } from "../../src/address/address-set.js";
import { explain } from "../../src/plan/explain.js";
import { allows, observed, prefix, Random, randomPair } from "./small-space.js";
import { prefixes, rule, state } from "./values.js";

const account = state(
  "enabled",
  rule("Office", "allow", "192.0.2.0/24"),
  rule("Same", "allow", "192.0.2.0/24"),
  rule("Old", "deny", "192.0.2.8/29"),
);
const office = { rule: "Office", type: "allow", prefix: prefix("192.0.2.0/24") };

describe("explain", () => {
  it("names the entry that decides and those that lost, most specific first", () => {
    const { parts } = explain(account, prefix("192.0.2.9"));
    expect(parts).toEqual([
      {
        prefixes: prefixes("192.0.2.9"),
        verdict: "blocked",
        decider: { kind: "entry", rule: "Old", type: "deny", prefix: prefix("192.0.2.8/29") },
        lost: [office, { ...office, rule: "Same" }],
      },
    ]);
  });

  it("tells the parts of a range apart", () => {
    const { parts } = explain(account, prefix("192.0.2.0/23"));
    expect(parts.map(({ decider }) => decider.kind === "entry" && decider.rule)).toEqual([
      "Office",
      "Old",
      false,
    ]);
    expect(parts[2]).toMatchObject({
      verdict: "blocked",
      decider: { kind: "default", allowed: false },
      lost: [],
    });
    expect(parts[0]!.lost).toEqual([{ ...office, rule: "Same" }]);
  });

  it("says what would be with the switch off", () => {
    const { parts, enforcement } = explain({ ...account, enforcement: "disabled" }, prefix("192.0.2.9"));
    expect(enforcement).toBe("disabled");
    expect(parts[0]).toMatchObject({
      verdict: "allowed",
      decider: { kind: "enforcement-off" },
      onceEnabled: { verdict: "blocked", decider: { rule: "Old" } },
    });
  });

  it("covers a range exactly, with the verdict of each address", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const { before } = randomPair(new Random(seed));
      const { parts } = explain(before, prefix("::/0"));
      expect(AddressSet.ofPrefixes(parts.flatMap((part) => part.prefixes)).equals(AddressSet.all)).toBe(true);
      for (const at of observed) {
        const holding = parts.filter((part) => AddressSet.ofPrefixes(part.prefixes).contains(at));
        expect(holding.map(({ verdict }) => verdict)).toEqual([allows(before, at) ? "allowed" : "blocked"]);
      }
    }
  });
});
