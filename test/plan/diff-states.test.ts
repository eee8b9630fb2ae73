import fc from "fast-check";
import jsonPatch from "fast-json-patch";
import { describe, expect, it } from "vitest";
import { diffStates, patchOf, ruleDocument } from "../../src/plan/diff-states.js";
import { Random, randomPair } from "./small-space.js";
import { prefixes, rule, state } from "./values.js";

const before = state(
  "enabled",
  rule("A", "allow", "192.0.2.1/32", "192.0.2.9/32"),
  rule("Gone", "deny", "192.0.2.2/32"),
);

describe("the difference of two states", () => {
  it("finds nothing between equals", () => {
    expect(diffStates(before, before)).toEqual([]);
  });

  it("keys rules by name and entries by prefix", () => {
    const after = state(
      "disabled",
      rule("A", "allow", "192.0.2.1/32", "192.0.2.5/32", "192.0.2.9/32"),
      rule("New", "deny", "192.0.2.2/32"),
    );
    const changes = diffStates(before, after);
    expect(changes.map(({ kind }) => kind)).toEqual(["enforcement", "update", "create", "delete"]);
    expect(changes[1]).toMatchObject({ added: prefixes("192.0.2.5/32"), removed: [] });
    expect(patchOf(changes[1]!)).toEqual([
      { op: "add", path: "/cidrs/192.0.2.5~132", value: { enabled: true } },
    ]);
    expect(patchOf(changes[0]!)).toEqual([{ op: "replace", path: "/enforcement", value: "disabled" }]);
    expect(patchOf(changes[3]!)).toEqual([{ op: "remove", path: "" }]);
  });

  it("follows a rename", () => {
    const after = state(
      "enabled",
      rule("A", "allow", "192.0.2.1/32", "192.0.2.9/32"),
      rule("Here", "deny", "192.0.2.2/32"),
    );
    const changes = diffStates(before, after, new Map([["Here", "Gone"]]));
    expect(changes.map(patchOf)).toEqual([[{ op: "replace", path: "/name", value: "Here" }]]);
  });

  it("gives patches that make one rule of the other", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const pair = randomPair(new Random(seed));
        for (const change of diffStates(pair.before, pair.after, pair.renames)) {
          if (change.kind !== "update") continue;
          const patched = jsonPatch.applyPatch(
            ruleDocument(change.before),
            patchOf(change),
            true,
          ).newDocument;
          expect(patched).toEqual(ruleDocument(change.after));
        }
      }),
      { numRuns: 300 },
    );
  });
});
