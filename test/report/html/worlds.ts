/** Accounts of any size for the page: nested ranges with holes, both families, and a plan that changes some of them. */
import { comparePrefixes, type Prefix, samePrefix } from "../../../src/address/prefix.js";
import type { AccountState, Rule } from "../../../src/model/rule.js";
import { accessChange } from "../../../src/plan/access-change.js";
import type { Change, Plan } from "../../../src/plan/plan.js";
import type { Policy, PolicyEntry, PolicyRule } from "../../../src/policy/policy.js";
import { planOf, prefix } from "../plans.js";
import { place } from "../samples.js";

const each = <Made>(count: number, make: (at: number) => Made): Made[] =>
  Array.from({ length: count }, (_, at) => make(at));

interface WorldEntry {
  readonly prefix: Prefix;
  readonly type: Rule["type"];
  /** Index of its rule's name. */
  readonly rule: number;
}

/** Two in three entries are allowed ranges of their own; every third is a hole in the one before it. */
const entryAt = (at: number): WorldEntry => {
  const block = Math.floor(at / 3);
  const rule = block % 3;
  const [high, low] = [Math.floor(block / 256) % 256, block % 256];
  if (at % 3 === 1) return { prefix: prefix(`2001:db8:${block.toString(16)}::/48`), type: "allow", rule };
  return at % 3 === 0
    ? { prefix: prefix(`10.${high}.${low}.0/24`), type: "allow", rule }
    : { prefix: prefix(`10.${high}.${low}.64/26`), type: "deny", rule: 3 };
};

const ruleNames = ["Corporate VPN", "CI runners", "Partner", "Guest network"] as const;

/** Entries of a state, spread over rules: denied ones in a rule of their own. */
const rulesOf = (entries: readonly WorldEntry[]): Rule[] =>
  ruleNames
    .map(
      (name, number): Rule => ({
        name,
        type: number === 3 ? "deny" : "allow",
        description: "",
        prefixes: entries
          .filter(({ rule }) => rule === number)
          .map((entry) => entry.prefix)
          .sort(comparePrefixes),
      }),
    )
    .filter(({ prefixes }) => prefixes.length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1));

export interface World {
  readonly plan: Plan;
  readonly policy: Policy;
}

const policyRule = ({ name, type, prefixes }: Rule): PolicyRule => ({
  name,
  type,
  description: "",
  previousNames: [],
  expired: [],
  source: place(1, 1, 1, ""),
  entries: prefixes.map(
    (own, at): PolicyEntry => ({
      prefix: own,
      text: "",
      source: place(1, 1, 1, ""),
      ...(at % 2 === 0 ? { comment: `ticket OPS-${at}, asked for by team ${at % 17}` } : {}),
      ...(at % 5 === 0 ? { expires: at % 10 === 0 ? "2026-12-10" : "2028-01-01" } : {}),
      ...(at % 4 === 0 ? { network: `list_${at % 3}` } : {}),
    }),
  ),
});

/** A plan between states of together `count` prefixes: one in 37 is removed, one in 41 is added. */
export const worldOf = (count: number): World => {
  const entries = each(count, entryAt);
  const before: AccountState = {
    enforcement: "enabled",
    rules: rulesOf(entries.filter((_, at) => at % 41 !== 4)),
  };
  const after: AccountState = {
    enforcement: "enabled",
    rules: rulesOf(entries.filter((_, at) => at % 37 !== 3)),
  };
  const change = accessChange(before, after, { enforced: "as-is" });
  return {
    plan: planOf({
      before,
      after,
      access: { change, enforcedBefore: true, enforcedAfter: true },
      changes: after.rules.flatMap((rule): Change[] => {
        const old = before.rules.find(({ name }) => name === rule.name);
        if (old === undefined) return [{ kind: "create", rule }];
        const without = (a: readonly Prefix[], b: readonly Prefix[]): Prefix[] =>
          a.filter((one) => !b.some((other) => samePrefix(one, other)));
        const added = without(rule.prefixes, old.prefixes);
        const removed = without(old.prefixes, rule.prefixes);
        return added.length + removed.length === 0
          ? []
          : [{ kind: "update", before: old, after: rule, added, removed }];
      }),
    }),
    policy: {
      account: {},
      enforcement: "enabled",
      unmanagedRules: "keep",
      keySources: {},
      rules: after.rules.map(policyRule),
      removedRules: [],
      tests: [],
      guards: { mustAllow: [], mustDeny: [], maxNewlyAllowed: {} },
      lint: {},
      file: "policy.yaml",
      otherFiles: [],
    },
  };
};
