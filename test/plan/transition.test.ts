import { describe, expect, it } from "vitest";
import { formatPrefix, type Prefix } from "../../src/address/prefix.js";
import { assertNever } from "../../src/model/assert.js";
import {
  catchAllName,
  isReservedName,
  probeName,
  standInDescription,
  standInName,
} from "../../src/model/reserved-names.js";
import type { AccountState } from "../../src/model/rule.js";
import { orderSteps } from "../../src/plan/order/transition.js";
import type { Step } from "../../src/plan/plan.js";
import { hashState } from "../../src/plan/state.js";
import { share } from "../drills.js";
import { applyStep } from "./apply-step.js";
import { allows, observed, type Pair, Random, randomPair, refusal } from "./small-space.js";
import { rule, state } from "./values.js";

// More by hand: TRANSITION_RUNS=60000 npx vitest run test/plan/transition.test.ts --testTimeout 600000
const { TRANSITION_RUNS = share(600, 60_000), TRANSITION_SEED = "1" } = process.env;
const runs = Number(TRANSITION_RUNS);
const firstSeed = Number(TRANSITION_SEED);

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === "bigint" ? part.toString(16) : part), 1);

/** What a call leaves of which the API refuses some additions: none of them taken, or all but one. */
const takenInPart = (step: Step): Step[] => {
  if (step.kind === "update" && step.add.length > 0)
    return [
      { ...step, add: [] },
      { ...step, add: step.add.slice(1) },
      { ...step, add: step.add.slice(0, -1) },
    ];
  if (step.kind !== "create" || step.rule.prefixes.length < 2) return [];
  const { prefixes } = step.rule;
  return [prefixes.slice(1), prefixes.slice(0, -1)].map((some) => ({
    ...step,
    rule: { ...step.rule, prefixes: some },
  }));
};

const hasAllow = ({ rules }: AccountState): boolean =>
  rules.some(({ type, prefixes }) => type === "allow" && prefixes.length > 0);

/** Walks a plan through the strict model; returns the states it passes. */
const walk = ({ before, after, renames }: Pair): AccountState[] => {
  const states = [before];
  const partial: AccountState[] = [];
  for (const step of orderSteps(before, after, renames)) {
    const state = states.at(-1)!;
    const refused = refusal(state, step);
    if (refused !== undefined) throw new Error(`${refused}: ${show(step)}`);
    states.push(applyStep(state, step));
    // Where one call is all that the first allow entry, or the last, takes to come or go, it stands or falls whole.
    if (hasAllow(state) && hasAllow(states.at(-1)!))
      partial.push(...takenInPart(step).map((some) => applyStep(state, some)));
  }
  for (const at of observed) {
    const verdict = allows(before, at);
    if (verdict !== allows(after, at)) continue;
    const odd = states.findIndex((state) => allows(state, at) !== verdict);
    if (odd !== -1) throw new Error(`step ${odd} disturbs ${at.toString(16)}`);
    if (partial.some((state) => allows(state, at) !== verdict))
      throw new Error(`a call taken in part disturbs ${at.toString(16)}`);
  }
  return states;
};

/** Renames that are still to be done when the account is in this state. */
const openRenames = (state: AccountState, renames: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...renames].filter(([, old]) => state.rules.some(({ name }) => name === old)));

describe("the order of the steps", () => {
  it("reaches the result, disturbs nobody, and converges from every state in between", () => {
    let steps = 0;
    for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
      const pair = randomPair(new Random(seed * 2654435761));
      try {
        const states = walk(pair);
        steps += states.length - 1;
        expect(hashState(states.at(-1)!)).toBe(hashState(pair.after));
        for (const passed of states.slice(1, -1)) {
          // An account without rules does not tell its switch.
          const state: AccountState =
            passed.rules.length === 0 ? { ...passed, enforcement: "unknown" } : passed;
          const again = walk({ ...pair, before: state, renames: openRenames(state, pair.renames) });
          expect(hashState(again.at(-1)!)).toBe(hashState(pair.after));
          expect(again.at(-1)!.rules.some(({ name }) => isReservedName(name))).toBe(false);
        }
      } catch (error) {
        throw new Error(
          `seed ${seed}: ${error}\n${show(pair)}\n${show(orderSteps(pair.before, pair.after, pair.renames))}`,
        );
      }
    }
    expect(steps).toBeGreaterThan(runs);
  });
});

const told = (before: AccountState, after: AccountState, renames?: ReadonlyMap<string, string>): string[] =>
  orderSteps(before, after, renames).map((step) => {
    const list = (sign: string, prefixes: readonly Prefix[]): string =>
      prefixes.map((one) => ` ${sign}${formatPrefix(one)}`).join("");
    switch (step.kind) {
      case "create":
        return `create ${step.rule.name} ${step.rule.type}${list("+", step.rule.prefixes)}`;
      case "update": {
        const { name, type } = step.becomes;
        return `update ${step.name}${name === step.name ? "" : ` as ${name}`} ${type}${list("+", step.add)}${list("-", step.remove)}`;
      }
      case "delete":
        return `delete ${step.name}`;
      case "enforcement":
        return step.enabled ? "enable" : "disable";
      default:
        return assertNever(step);
    }
  });

const catchAll = catchAllName(1);
const probe = probeName(1);
const standIn = standInName("A", 1);

describe("cases that chance seldom finds", () => {
  const z = rule("Z", "allow", "192.0.2.0/24", "203.0.113.0/24");

  it.each<[string, AccountState, AccountState]>([
    [
      "two rules of one prefix that both change their type",
      state("enabled", rule("A", "allow", "192.0.2.1/32"), rule("B", "allow", "192.0.2.1/32"), z),
      state("enabled", rule("A", "deny", "192.0.2.1/32"), rule("B", "deny", "192.0.2.1/32"), z),
    ],
    [
      "the same with the switch off",
      state("disabled", rule("A", "allow", "192.0.2.1/32"), rule("B", "allow", "192.0.2.1/32")),
      state("disabled", rule("A", "deny", "192.0.2.1/32"), rule("B", "deny", "192.0.2.1/32")),
    ],
    [
      "a rule that hands a prefix over while it changes its type, to one that waits for another prefix",
      state(
        "enabled",
        rule("S", "deny", "192.0.2.8/29", "198.51.100.1/32"),
        rule("Y", "deny", "192.0.2.250/32"),
        rule("Z", "allow", "192.0.2.0/24", "203.0.113.0/24", "203.0.113.5/32"),
      ),
      state(
        "enabled",
        rule("S", "allow", "198.51.100.1/32"),
        rule("Y", "deny", "192.0.2.8/29", "192.0.2.250/32", "203.0.113.5/32"),
        rule("Z", "allow", "192.0.2.0/24", "203.0.113.0/24"),
      ),
    ],
    [
      "every allow entry exchanged for another, apart from each other",
      state(
        "enabled",
        rule("A", "allow", "192.0.2.1/32"),
        rule("B", "allow", "192.0.2.2/32"),
        rule("C", "deny", "192.0.2.3/32"),
      ),
      state(
        "enabled",
        rule("C", "deny", "192.0.2.4/32"),
        rule("D", "allow", "192.0.2.5/32"),
        rule("E", "allow", "192.0.2.6/32"),
      ),
    ],
  ])("%s", (_, before, after) => {
    const states = walk({ before, after, renames: new Map() });
    expect(hashState(states.at(-1)!)).toBe(hashState(after));
  });
});

describe("the calls of", () => {
  it.each<[string, AccountState, AccountState, string[]]>([
    [
      "a rule whose prefixes are split: the new ones in before the old one is out",
      state("enabled", rule("A", "allow", "192.0.2.0/24", "198.51.100.1/32")),
      state("enabled", rule("A", "allow", "192.0.2.0/25", "192.0.2.128/25", "203.0.113.0/24")),
      [
        "update A allow +192.0.2.0/25 +192.0.2.128/25 +203.0.113.0/24",
        "update A allow -192.0.2.0/24 -198.51.100.1/32",
      ],
    ],
    [
      "a rule that gains and loses prefixes which do not depend on each other: one",
      state("enabled", rule("A", "allow", "192.0.2.0/24", "198.51.100.1/32")),
      state("enabled", rule("A", "allow", "192.0.2.0/24", "203.0.113.0/24")),
      ["update A allow +203.0.113.0/24 -198.51.100.1/32"],
    ],
    [
      "a prefix that goes from one rule to another: on there before off here",
      state(
        "enabled",
        rule("A", "allow", "192.0.2.0/24", "192.0.2.1/32"),
        rule("B", "allow", "198.51.100.0/24"),
      ),
      state(
        "enabled",
        rule("A", "allow", "192.0.2.1/32"),
        rule("B", "allow", "192.0.2.0/24", "198.51.100.0/24"),
      ),
      ["update B allow +192.0.2.0/24", "update A allow -192.0.2.0/24"],
    ],
    [
      "a deny inside a new allow: the narrow one first",
      state("enabled", rule("Z", "allow", "203.0.113.0/24")),
      state(
        "enabled",
        rule("A", "allow", "192.0.2.0/24"),
        rule("B", "deny", "192.0.2.8/29"),
        rule("Z", "allow", "203.0.113.0/24"),
      ),
      ["create B deny +192.0.2.8/29", "create A allow +192.0.2.0/24"],
    ],
    [
      "the same taken away: the wide one first",
      state(
        "enabled",
        rule("A", "allow", "192.0.2.0/24"),
        rule("B", "deny", "192.0.2.8/29"),
        rule("Z", "allow", "203.0.113.0/24"),
      ),
      state("enabled", rule("Z", "allow", "203.0.113.0/24")),
      ["delete A", "delete B"],
    ],
    [
      "the first allow entries: a catch-all holds the default",
      state("enabled", rule("D", "deny", "192.0.2.8/29")),
      state(
        "enabled",
        rule("A", "allow", "192.0.2.0/24"),
        rule("B", "allow", "198.51.100.0/24"),
        rule("D", "deny", "192.0.2.8/29"),
      ),
      [
        `create ${catchAll} allow +::/0 +0.0.0.0/0`,
        "create A allow +192.0.2.0/24",
        "create B allow +198.51.100.0/24",
        `delete ${catchAll}`,
      ],
    ],
    [
      "the first allow entries, all on one rule: one",
      state("enabled", rule("D", "deny", "192.0.2.8/29")),
      state(
        "enabled",
        rule("A", "allow", "192.0.2.0/24", "198.51.100.0/24"),
        rule("D", "deny", "192.0.2.8/29"),
      ),
      ["create A allow +192.0.2.0/24 +198.51.100.0/24"],
    ],
    [
      "the first allow entries under a wide deny: no 0.0.0.0/0 on the catch-all",
      state("enabled", rule("D", "deny", "::ffff:0:0/95")),
      state(
        "enabled",
        rule("A", "allow", "2001:db8::/32"),
        rule("B", "allow", "198.51.100.0/24"),
        rule("D", "deny", "::ffff:0:0/95"),
      ),
      [
        `create ${catchAll} allow +::/0`,
        "create A allow +2001:db8::/32",
        "create B allow +198.51.100.0/24",
        `delete ${catchAll}`,
      ],
    ],
    [
      "the first allow entries, one of them ::/0: it plays the part",
      state("enabled", rule("D", "deny", "192.0.2.8/29")),
      state(
        "enabled",
        rule("A", "allow", "::/0", "192.0.2.9/32"),
        rule("B", "allow", "192.0.2.10/32"),
        rule("D", "deny", "192.0.2.8/29"),
      ),
      ["create A allow +::/0 +192.0.2.9/32", "create B allow +192.0.2.10/32"],
    ],
    [
      "the first allow entries above a new deny of everything: no range on both types at once",
      state("enabled", rule("D", "deny", "192.0.2.8/29")),
      state("enabled", rule("A", "allow", "192.0.2.0/24"), rule("D", "deny", "::/0", "192.0.2.8/29")),
      [
        `create ${catchAll} allow +::/0 +0.0.0.0/0`,
        "create A allow +192.0.2.0/24",
        `update ${catchAll} allow -::/0`,
        "update D deny +::/0",
        `delete ${catchAll}`,
      ],
    ],
    [
      "the last allow entries: a catch-all goes out last",
      state("enabled", rule("A", "allow", "192.0.2.0/24"), rule("B", "allow", "198.51.100.0/24")),
      state("enabled", rule("D", "deny", "203.0.113.0/24")),
      [
        "create D deny +203.0.113.0/24",
        `create ${catchAll} allow +::/0 +0.0.0.0/0`,
        "delete A",
        "delete B",
        `delete ${catchAll}`,
      ],
    ],
    [
      "a rule that only changes its type: one",
      state("enabled", rule("A", "allow", "192.0.2.0/24"), rule("Z", "allow", "203.0.113.0/24")),
      state("enabled", rule("A", "deny", "192.0.2.0/24"), rule("Z", "allow", "203.0.113.0/24")),
      ["update A deny"],
    ],
    [
      "a rule that changes its type and overlaps another's change: a stand-in",
      state(
        "enabled",
        rule("A", "allow", "192.0.2.0/24"),
        rule("Z", "allow", "203.0.113.0/24", "192.0.2.7/32"),
      ),
      state("enabled", rule("A", "deny", "192.0.2.0/28"), rule("Z", "allow", "203.0.113.0/24")),
      [
        `create ${standIn} deny +192.0.2.0/28`,
        "delete A",
        "update Z allow -192.0.2.7/32",
        `update ${standIn} as A deny`,
      ],
    ],
    [
      "a prefix that changes its type: off the one rule, on the other",
      state("enabled", rule("A", "allow", "192.0.2.0/24", "192.0.2.7/32"), rule("B", "deny", "192.0.2.8/32")),
      state("enabled", rule("A", "allow", "192.0.2.0/24", "192.0.2.8/32"), rule("B", "deny", "192.0.2.7/32")),
      [
        "update B deny -192.0.2.8/32",
        "update A allow +192.0.2.8/32 -192.0.2.7/32",
        "update B deny +192.0.2.7/32",
      ],
    ],
    [
      "the switch going on: last",
      state("disabled", rule("A", "allow", "192.0.2.0/24"), rule("B", "deny", "192.0.2.8/32")),
      state("enabled", rule("A", "allow", "192.0.2.8/32"), rule("B", "deny", "192.0.2.0/24")),
      [
        "update A allow -192.0.2.0/24",
        "update B deny +192.0.2.0/24 -192.0.2.8/32",
        "update A allow +192.0.2.8/32",
        "enable",
      ],
    ],
    [
      "the switch going off: first",
      state("enabled", rule("A", "allow", "192.0.2.0/24")),
      state("disabled"),
      ["disable", "delete A"],
    ],
    [
      "an account that shows no rules: a probe first, and no catch-all",
      state("unknown"),
      state("enabled", rule("A", "allow", "192.0.2.0/24"), rule("B", "allow", "::1/128")),
      [
        `create ${probe} deny +100::/64`,
        `delete ${probe}`,
        "create A allow +192.0.2.0/24",
        "create B allow +::1/128",
        "enable",
      ],
    ],
    [
      "an account that shows no rules, to be open: a probe first too",
      state("unknown"),
      state("disabled", rule("A", "deny", "100::/64")),
      [`create ${probe} deny +100::/64`, `delete ${probe}`, "disable", "create A deny +100::/64"],
    ],
    ["enforcement alone, which lets nobody in: no probe", state("unknown"), state("enabled"), ["enable"]],
    [
      "an account with rules that does not tell its switch: as if it were on",
      state("unknown", rule("A", "deny", "192.0.2.0/24")),
      state("disabled", rule("A", "deny", "192.0.2.0/24"), rule("B", "allow", "::1/128")),
      ["disable", "create B allow +::1/128"],
    ],
    [
      "nothing",
      state("enabled", rule("A", "allow", "192.0.2.0/24")),
      state("enabled", rule("A", "allow", "192.0.2.0/24")),
      [],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });

  it("a rename: with the first call of the rule", () => {
    const before = state("enabled", rule("A", "allow", "192.0.2.0/24"));
    const after = state("enabled", rule("New", "allow", "192.0.2.0/24", "198.51.100.0/24"));
    expect(told(before, after, new Map([["New", "A"]]))).toEqual(["update A as New allow +198.51.100.0/24"]);
  });

  it("a broken-off change of type: the stand-in is taken up again", () => {
    const z = rule("Z", "allow", "203.0.113.0/24");
    const before = state(
      "enabled",
      rule("A", "allow", "192.0.2.0/24"),
      { ...rule(standIn, "deny", "192.0.2.0/28"), description: standInDescription("A") },
      z,
    );
    expect(told(before, state("enabled", rule("A", "deny", "192.0.2.0/28"), z))).toEqual([
      "delete A",
      `update ${standIn} as A deny`,
    ]);
  });

  it("a left-over that nothing needs: its delete", () => {
    const a = rule("A", "allow", "192.0.2.0/24");
    const before = state(
      "enabled",
      a,
      rule(standIn, "deny", "192.0.2.0/28"),
      rule(catchAll, "allow", "0.0.0.0/0"),
    );
    expect(told(before, state("enabled", a)).sort()).toEqual([`delete ${catchAll}`, `delete ${standIn}`]);
  });
});
