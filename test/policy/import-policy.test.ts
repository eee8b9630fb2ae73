import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparePrefixes, formatPrefix, parsePrefix } from "../../src/address/prefix.js";
import { hasErrors } from "../../src/model/diagnostic.js";
import { Failure } from "../../src/model/failure.js";
import {
  catchAllDescription,
  catchAllName,
  probeDescription,
  probeName,
  reservedNamePrefix,
  standInDescription,
  standInName,
} from "../../src/model/reserved-names.js";
import type { Snapshot, SnapshotEntry, SnapshotRule } from "../../src/model/snapshot.js";
import { makePlan } from "../../src/plan/make-plan.js";
import { mergeIntoPolicy } from "../../src/policy/add-to-policy.js";
import { formatPolicy } from "../../src/policy/format-policy.js";
import { policyFromSnapshot as importPolicy } from "../../src/policy/import-policy.js";
import type { Policy } from "../../src/policy/policy.js";
import { share } from "../drills.js";
import { hostileText, smallPrefix } from "./random-policies.js";
import { codes, mustRead, readPolicy } from "./reading.js";

const entryOf = (text: string, id = 1): SnapshotEntry => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(text);
  return { id, text, prefix: parsed.prefix };
};
const ruleOf = (name: string, type: "allow" | "deny", ...texts: string[]): SnapshotRule => ({
  id: 7,
  name,
  type,
  description: "",
  entries: texts.map((text, index) => entryOf(text, index)),
});
const snapshotOf = (...rules: SnapshotRule[]): Snapshot => ({
  accountId: 66847,
  host: "ab123.us1.dbt.com",
  enforcement: "enabled",
  rules,
});

const policyFromSnapshot = (...given: Parameters<typeof importPolicy>): string => importPolicy(...given);

const snapshotRules = fc.uniqueArray(
  fc.record({
    id: fc.nat(),
    name: hostileText,
    // One type, so that no prefix is both allowed and denied.
    type: fc.constant("allow" as const),
    description: fc.oneof(fc.constant(""), hostileText),
    entries: fc.array(
      smallPrefix.map((prefix) => entryOf(formatPrefix(prefix))),
      { maxLength: 5 },
    ),
  }),
  { maxLength: 5, selector: ({ name }) => name },
);

/** Rules as a plan compares them: sorted, each prefix once. */
const comparable = (
  rules: readonly {
    readonly name: string;
    readonly type: string;
    readonly description: string;
    readonly entries: Policy["rules"][number]["entries"] | SnapshotRule["entries"];
  }[],
): unknown =>
  rules.map(({ name, type, description, entries }) => ({
    name,
    type,
    description,
    prefixes: [
      ...new Set(
        entries
          .map(({ prefix }) => prefix)
          .toSorted(comparePrefixes)
          .map(formatPrefix),
      ),
    ],
  }));

describe("the policy of an account", () => {
  it("is the account: every name, description and prefix comes back, grouped or not, and it is canonical", () => {
    fc.assert(
      fc.property(snapshotRules, fc.boolean(), (rules, group) => {
        const text = policyFromSnapshot(snapshotOf(...rules), { group });
        expect(/\p{Cs}/u.test(text)).toBe(false);
        expect(/[\u202e\u001b\u0085]/.test(text)).toBe(false);
        // An enforced account whose allow rules are all empty is open: nothing lets that pass, import neither.
        const isOpen = rules.length > 0 && rules.every(({ entries }) => entries.length === 0);
        expect(text.includes("# No allow rule has an entry")).toBe(isOpen);
        const readable = isOpen ? text.replace("enforcement: enabled", "enforcement: disabled") : text;
        expect(codes(readPolicy(text).diagnostics).includes("no-allow-in-force")).toBe(isOpen);
        expect(comparable(mustRead(readable).rules)).toEqual(comparable(rules));
        expect(formatPolicy(text)).toBe(text);
      }),
      { numRuns: share(80, 2_500) },
    );
  });

  it("keeps the switch, the account, and says how things were typed", () => {
    const text = policyFromSnapshot(
      snapshotOf(ruleOf("A", "deny", "198.51.100.7/24", "0.0.0.0", "203.0.113.7/32")),
    );
    const policy = mustRead(text);
    expect(policy).toMatchObject({
      enforcement: "enabled",
      unmanagedRules: "keep",
      account: { id: 66847, host: "ab123.us1.dbt.com" },
    });
    expect(text).toContain("      # typed as 198.51.100.7/24\n      - 198.51.100.0/24\n");
    expect(text).toContain("      # typed as 0.0.0.0\n      - 0.0.0.0/32\n");
    expect(text).toContain("- 203.0.113.7\n");
  });

  it("says of a rule that is empty that it may be, so that its plan finds nothing to change", () => {
    const snapshot = snapshotOf(
      ruleOf("A", "allow", "203.0.113.7"),
      ruleOf("B", "allow"),
      ruleOf("C", "deny"),
    );
    const text = policyFromSnapshot(snapshot);
    expect(text.match(/^ {4}allow_empty: true\n {4}cidrs: \[\]$/gm)).toHaveLength(2);
    const { plan } = makePlan({ policy: mustRead(text), snapshot });
    expect(plan).toMatchObject({ changes: [], steps: [] });
    expect(plan!.verdicts.filter(({ state }) => state === "failed")).toEqual([]);
    const merged = mergeIntoPolicy("version: 1\nrules: []\n", snapshot).text;
    expect(mustRead(merged).rules.map(({ entries }) => entries.length)).toEqual([1, 0, 0]);
  });

  it("leaves the switch alone where the account does not tell", () => {
    const { enforcement } = mustRead(policyFromSnapshot({ ...snapshotOf(), enforcement: "unknown" }));
    expect(enforcement).toBe("ignore");
  });

  it("groups what several rules share", () => {
    const text = policyFromSnapshot(
      snapshotOf(
        ruleOf("A", "allow", "203.0.113.1", "203.0.113.2", "198.51.100.1"),
        ruleOf("B", "allow", "203.0.113.2", "203.0.113.1", "198.51.100.2"),
        ruleOf("C", "allow", "198.51.100.1"),
      ),
      { group: true },
    );
    const shared = mustRead(text).rules.map(({ entries }) => entries.map(({ network }) => network));
    expect(shared).toEqual([
      ["shared-1", "shared-1", undefined],
      ["shared-1", "shared-1", undefined],
      [undefined],
    ]);
  });

  it("leaves out what no policy can name, and says so", () => {
    const text = policyFromSnapshot(
      snapshotOf(
        ruleOf("", "allow"),
        ruleOf(`${reservedNamePrefix}mine`, "allow"),
        ruleOf("B", "allow", "203.0.113.7"),
      ),
    );
    expect(mustRead(text).rules.map(({ name }) => name)).toEqual(["B"]);
    expect(text).toContain("# Left out, and unmanaged: 2 rules");
  });

  const catchAll: SnapshotRule = {
    ...ruleOf(catchAllName(1), "allow", "0.0.0.0/0", "::/0"),
    description: catchAllDescription,
  };
  const standIn: SnapshotRule = {
    ...ruleOf(standInName("Office", 1), "deny", "203.0.113.0/24"),
    description: standInDescription("Office"),
  };
  const probe: SnapshotRule = {
    ...ruleOf(probeName(1), "deny", "100::/64"),
    description: probeDescription,
  };
  it.each([
    ["a probe", [probe]],
    ["the catch-all", [catchAll]],
    ["a stand-in", [standIn]],
    ["both", [standIn, catchAll]],
  ])("after an apply that broke off, its plan only removes %s", (_, leftOver) => {
    const snapshot = snapshotOf(ruleOf("Office", "allow", "198.51.100.0/24"), ...leftOver);
    const text = policyFromSnapshot(snapshot);
    expect(text).toContain(`# Left out: ${leftOver.length} temporary rules`);
    const { plan, diagnostics } = makePlan({ policy: mustRead(text), snapshot });
    expect(hasErrors(diagnostics)).toBe(false);
    expect(plan?.changes.map(({ kind }) => kind)).toEqual(leftOver.map(() => "delete"));
    expect(mergeIntoPolicy("version: 1\nrules: []\n", snapshot).added).toEqual(["Office"]);
  });
});

describe("an account merged into a policy", () => {
  const before = `# head
version: 1
rules:
    # about A
    - name: A     # odd   spacing
      type: "allow"
      cidrs: [203.0.113.7/32]   # stays
      previous_names: [Old]

    # the end of the rules
tests: []   # stays too
`;

  it("adds the rules that are missing, and touches nothing else", () => {
    fc.assert(
      fc.property(snapshotRules, (rules) => {
        const account = snapshotOf(...rules, ruleOf("Old", "allow", "203.0.113.9"));
        const missing = rules.filter(({ name }) => name !== "A" && name !== "Old");
        const { text, added } = mergeIntoPolicy(before, account);
        expect(added).toEqual(missing.map(({ name }) => name));
        const kept = before.split("\n").filter((line) => line !== "");
        let at = 0;
        for (const line of text.split("\n")) if (line === kept[at]) at += 1;
        expect(at).toBe(kept.length);
        expect(comparable(mustRead(text).rules.slice(1))).toEqual(comparable(missing));
      }),
      { numRuns: 100 },
    );
  });

  it("gives the same text back where nothing is missing", () => {
    expect(mergeIntoPolicy(before, snapshotOf(ruleOf("A", "allow")))).toMatchObject({
      text: before,
      added: [],
    });
  });

  const shapes: readonly [name: string, text: string][] = [
    ["an empty list", "version: 1\nrules: [] # none\n# end\n"],
    [
      "a list in brackets",
      "version: 1\nrules: [{name: A, type: allow, allow_empty: true, cidrs: []}] # one\n# end\n",
    ],
    ["all in brackets", "{version: 1, rules: [{name: A, type: allow, allow_empty: true, cidrs: []}]}\n"],
    [
      "no line feed at the end",
      "version: 1\nrules:\n- name: A\n  type: allow\n  allow_empty: true\n  cidrs: []",
    ],
    [
      "a block of text at the end",
      "version: 1\nrules:\n  - name: A\n    type: allow\n    allow_empty: true\n    cidrs: []\n    description: |+\n      text\n\n\n",
    ],
  ];
  for (const [name, text] of shapes) {
    it(name, () => {
      const merged = mergeIntoPolicy(text, snapshotOf(ruleOf("N: x", "deny", "203.0.113.7")));
      const policy = mustRead(merged.text);
      expect(policy.rules.slice(0, -1)).toMatchObject(
        mustRead(text).rules.map(({ name: old, description }) => ({ name: old, description })),
      );
      expect(policy.rules.at(-1)).toMatchObject({ name: "N: x", type: "deny" });
      for (const comment of text.match(/# \w+/g) ?? []) expect(merged.text).toContain(comment);
    });
  }

  it("refuses a policy that has errors", () => {
    expect(() => mergeIntoPolicy("version: 1\n", snapshotOf())).toThrow(Failure);
  });
});

it("long names and descriptions are folded, in a new file and in one that rules are added to", () => {
  const words =
    "words: a description that somebody typed into a form, and that needs more than a line".repeat(3);
  const account = snapshotOf({
    ...ruleOf(`A rule ${words}`, "allow", "203.0.113.7"),
    description: words,
  });
  const merged = mergeIntoPolicy(
    "version: 1\nrules:\n    # none\n    - { name: B, type: allow, cidrs: [192.0.2.1] }\n",
    account,
  );
  for (const text of [importPolicy(account), merged.text]) {
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(82);
    expect(mustRead(text).rules.at(-1)).toMatchObject({ name: `A rule ${words}`, description: words });
  }
  expect(merged.text).toContain('\n    - name: "A rule words: ');
});

describe("disabled entries", () => {
  const withDisabled = {
    ...ruleOf("A", "allow", "203.0.113.7"),
    disabled: [entryOf("192.0.2.1"), entryOf("192.0.2.2")],
  };
  const snapshot = snapshotOf(withDisabled, ruleOf("B", "allow", "203.0.113.8"));

  it("are kept, and the plan finds nothing to change", () => {
    const text = importPolicy(snapshot);
    expect(text).toContain("account 66847, as they are: a plan");
    expect(text).toContain("- cidr: 192.0.2.1\n        enabled: false\n");
    expect(mustRead(text).rules[0]).toMatchObject({ entries: [{}], disabled: [{}, {}] });
    expect(makePlan({ policy: mustRead(text), snapshot }).plan).toMatchObject({ changes: [], steps: [] });
    expect(formatPolicy(text)).toBe(text);
  });

  it("are kept in the rules that a merge adds", () => {
    const { text, added } = mergeIntoPolicy("version: 1\nrules: []\n", snapshot);
    expect(added).toEqual(["A", "B"]);
    expect(makePlan({ policy: mustRead(text), snapshot }).plan).toMatchObject({ changes: [], steps: [] });
  });

  it("of allow rules alone make a file that is refused as it is, and says so", () => {
    const off = { ...ruleOf("A", "allow"), disabled: [entryOf("192.0.2.1")] };
    const text = importPolicy(snapshotOf(off));
    expect(text).toContain("# Every allow entry is disabled");
    expect(codes(readPolicy(text).diagnostics)).toContain("allow-only-disabled");
  });

  it.each([
    ["allow", "deny"],
    ["deny", "allow"],
  ] as const)(
    "that another rule has by its other type make a file that is refused, and say so (%s)",
    (type, other) => {
      const off = { ...ruleOf("A", type, "203.0.113.7"), id: 71, disabled: [entryOf("192.0.2.1")] };
      for (const one of [
        { ...ruleOf("B", other, "192.0.2.1"), id: 72 },
        { ...ruleOf("B", other, "203.0.113.9"), id: 72, disabled: [entryOf("192.0.2.1")] },
      ]) {
        const account = snapshotOf(off, one, ruleOf("C", "allow", "203.0.113.8"));
        const text = importPolicy(account);
        expect(text).toContain("account 66847, as they are.\n");
        for (const told of [text, mergeIntoPolicy("version: 1\nrules: []\n", account).text])
          for (const words of ["# Rule 71 ", "# Rule 72 "]) {
            expect(told).toContain(words);
            expect(codes(readPolicy(told).diagnostics)).toContain("allowed-and-denied");
          }
      }
    },
  );

  it("of a prefix that the rule has in force too are said, and the plan finds nothing to change", () => {
    const both = snapshotOf({ ...ruleOf("A", "allow", "192.0.2.1"), disabled: [entryOf("192.0.2.1", 2)] });
    const text = importPolicy(both);
    expect(text).toContain("# there as a disabled entry too");
    expect(makePlan({ policy: mustRead(text), snapshot: both }).plan?.changes).toEqual([]);
  });
});
