/** The differences one by one, with their stable ids, and the policy's state with one of them made. */
import { comparePrefixes, formatPrefix, type Prefix, samePrefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import type { AccountState, Rule } from "../model/rule.js";
import { sha256 } from "../model/sha256.js";
import type { Change, Plan } from "../plan/plan.js";
import type { DriftDetail } from "./drift-report.js";

export interface Located {
  readonly detail: DriftDetail;
  /** The rule's name in the policy (on the account, for a rule only there); absent for the switch. */
  readonly rule?: string;
  /** The rule's name on the account, where it has another one. */
  readonly accountRule?: string;
}

/** A change that would mend the account, turned round into what the account has done. */
const detailsOfChange = (change: Change): Located[] => {
  switch (change.kind) {
    case "create":
      return [{ rule: change.rule.name, detail: { kind: "rule-removed", rule: change.rule } }];
    case "delete":
      return [{ rule: change.rule.name, detail: { kind: "rule-added", rule: change.rule } }];
    case "enforcement":
      return [{ detail: { kind: "enforcement-changed", policy: change.after, account: change.before } }];
    case "update":
      return detailsOfUpdate(change);
    default:
      return assertNever(change);
  }
};

const detailsOfUpdate = ({
  before,
  after,
  added,
  removed,
}: Extract<Change, { kind: "update" }>): Located[] => {
  const details: DriftDetail[] = [];
  if (before.name !== after.name)
    details.push({ kind: "name-changed", policy: after.name, account: before.name });
  if (before.type !== after.type)
    details.push({ kind: "type-changed", policy: after.type, account: before.type });
  if (before.description !== after.description)
    details.push({ kind: "description-changed", policy: after.description, account: before.description });
  for (const prefix of removed) details.push({ kind: "entry-added", type: before.type, prefix });
  for (const prefix of added) details.push({ kind: "entry-removed", type: after.type, prefix });
  const renamed = before.name === after.name ? {} : { accountRule: before.name };
  return details.map((detail) => ({ rule: after.name, detail, ...renamed }));
};

/** Rules that the policy refuses (`unmanaged_rules: fail`) make no change, but are a difference all the same. */
export const detailsOf = ({ changes, unmanaged }: Pick<Plan, "changes" | "unmanaged">): Located[] => [
  ...changes.flatMap(detailsOfChange),
  ...unmanaged
    .filter(({ fate }) => fate === "refused")
    .map(({ rule }): Located => ({ rule: rule.name, detail: { kind: "rule-added", rule } })),
];

const contentOf = ({ type, prefixes }: Rule): string => [type, ...prefixes.map(formatPrefix)].join(" ");

/** What tells two differences of one rule and kind apart. */
const whatOf = (detail: DriftDetail): string => {
  switch (detail.kind) {
    case "rule-added":
    case "rule-removed":
      return contentOf(detail.rule);
    case "entry-added":
    case "entry-removed":
      return `${detail.type} ${formatPrefix(detail.prefix)}`;
    default:
      return JSON.stringify([detail.policy, detail.account]);
  }
};

/** 16 hexadecimal digits, the same on every machine and day for the same difference. */
export const differenceId = (accountId: number, { detail, rule }: Located): string =>
  sha256(JSON.stringify([accountId, rule ?? null, detail.kind, whatOf(detail)])).slice(0, 16);

const withPrefix = (rule: Rule, prefix: Prefix): Rule => ({
  ...rule,
  prefixes: [...rule.prefixes, prefix].sort(comparePrefixes),
});

const withoutPrefix = (rule: Rule, prefix: Prefix): Rule => ({
  ...rule,
  prefixes: rule.prefixes.filter((other) => !samePrefix(other, prefix)),
});

/** The state with this difference made and no other. */
export const stateWith = (state: AccountState, { detail, rule: name }: Located): AccountState => {
  const change = (edit: (rule: Rule) => Rule): AccountState => ({
    ...state,
    rules: state.rules.map((rule) => (rule.name === name ? edit(rule) : rule)),
  });
  switch (detail.kind) {
    case "rule-added": {
      const others = state.rules.filter((rule) => rule.name !== name);
      return { ...state, rules: [...others, detail.rule].sort((a, b) => (a.name < b.name ? -1 : 1)) };
    }
    case "rule-removed":
      return { ...state, rules: state.rules.filter((rule) => rule.name !== name) };
    case "entry-added":
      return change((rule) => withPrefix(rule, detail.prefix));
    case "entry-removed":
      return change((rule) => withoutPrefix(rule, detail.prefix));
    case "type-changed":
      return change((rule) => ({ ...rule, type: detail.account }));
    case "enforcement-changed":
      return { ...state, enforcement: detail.account };
    case "name-changed":
    case "description-changed":
      return state;
    default:
      return assertNever(detail);
  }
};
