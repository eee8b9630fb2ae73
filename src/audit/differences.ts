/** The result of comparing an account with its policy, as data for every renderer. */
import { formatPrefix, type Prefix, samePrefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import type { Diagnostic, Severity, SourceRange } from "../model/diagnostic.js";
import type { AccountState, Enforcement, Rule, RuleType } from "../model/rule.js";
import { sha256 } from "../model/sha256.js";
import type { AccessChange, Direction } from "../plan/access-change.js";
import type { PlanReplay } from "../plan/cut-off.js";
import { entryChanges } from "../plan/diff-states.js";
import type { TemporaryEntries } from "../plan/expiry.js";
import type { Change, Plan } from "../plan/plan.js";
import { entryFields } from "../plan/state.js";
import type { AuditEvent } from "./event.js";

/** Who made a difference. */
export type Attribution =
  | {
      readonly kind: "event";
      readonly event: AuditEvent;
      /** `strong`: the event names the rule (or enforcement's position); `weak`: it fits, and does not name it. */
      readonly strength: "strong" | "weak";
      /** Who acted through what: `ui`, `api`, or the log's own word; absent where the log does not say. */
      readonly through?: string;
      /** Other events that fit as well, all older. */
      readonly others: number;
    }
  | {
      readonly kind: "unknown";
      /**
       * `no-event`: the log holds none that fits. `ambiguous`: several fit equally, none names the rule.
       * `log-unreadable`: see the report's diagnostics. `not-asked`: the log was not consulted.
       * `not-drift`: the policy changed, not the account, so there is nobody to name.
       */
      readonly reason: "no-event" | "ambiguous" | "log-unreadable" | "not-asked" | "not-drift";
    };

interface EntryOf<Kind extends string> {
  readonly kind: Kind;
  readonly type: RuleType;
  readonly prefix: Prefix;
}

type EntryDetail<Kind extends string> = EntryOf<Kind> & { readonly enabled?: false };

/** What differs, as the account has it: `entry-added` is on the account and not in the policy. */
export type DriftDetail =
  | { readonly kind: "rule-added"; readonly rule: Rule }
  | { readonly kind: "rule-removed"; readonly rule: Rule }
  /** The account knows the rule under one of the policy's `previous_names`. */
  | { readonly kind: "name-changed"; readonly policy: string; readonly account: string }
  /** `enabled: false`: the entry is without effect where it is. */
  | EntryDetail<"entry-added">
  | EntryDetail<"entry-removed">
  /** On both sides, without effect on one. */
  | (EntryOf<"entry-enabled-changed"> & { readonly policy: boolean; readonly account: boolean })
  | { readonly kind: "type-changed"; readonly policy: RuleType; readonly account: RuleType }
  | { readonly kind: "description-changed"; readonly policy: string; readonly account: string }
  | {
      readonly kind: "enforcement-changed";
      readonly policy: "enabled" | "disabled";
      readonly account: Enforcement;
    };

/**
 * `drift`: the account changed. `pending`: the policy changed (or an entry's date came) and was not applied.
 * `cannot-tell`: nothing given says which.
 */
export type DriftCause = "drift" | "pending" | "cannot-tell";

/** Why the cause is what it is; stable codes. */
export type DriftReason =
  | "base-agrees-with-policy"
  | "base-agrees-with-account"
  | "both-changed"
  | "policy-unchanged-since-receipt"
  | "no-event-since-receipt"
  | "undone-by-rollback"
  | "turned-off-by-apply"
  | "event-since-receipt"
  | "unmanaged-rule-changed"
  | "entry-expired"
  | "receipt-unfinished"
  | "receipt-unproven"
  | "no-base";

export interface DriftDifference {
  /** 16 hexadecimal digits: a hash of account, rule, kind and what. */
  readonly id: string;
  readonly detail: DriftDetail;
  /** The rule's name in the policy (on the account, for `rule-added`); absent for enforcement. */
  readonly rule?: string;
  readonly cause: DriftCause;
  readonly reason: DriftReason;
  /** `error`: the account lets in what the policy does not; `warning`: it shuts out; `note`: cosmetic. */
  readonly severity: Severity;
  /** What this difference alone does to access, from the policy to the account. */
  readonly direction: Direction;
  readonly attribution: Attribution;
  /** Where the policy has the entry, the rule or the setting; for a rule only there, `unmanaged_rules` or `rules`. */
  readonly source?: SourceRange;
}

export interface DriftReport {
  /** Whom a plan of the policy would cut off, by the traffic on record; where the policy has `max_cut_off`. */
  readonly replay?: PlanReplay;
  /** Why that could not be found out. */
  readonly replayUnknown?: string;
  readonly account: { readonly id: number; readonly host: string };
  /** The policy file, as the user named it. */
  readonly policyFile: string;
  /** Errors first, then warnings, then notes; within each by rule. */
  readonly differences: readonly DriftDifference[];
  /** The whole access change from the policy to the account: what the account allows and the policy does not, and the reverse. */
  readonly access: AccessChange;
  /** False where enforcement is known to be off in both (or unknown without rules): `access` is what would be if it were on. */
  readonly effective: boolean;
  /** Rules on the account that the policy tolerates (`unmanaged_rules: keep`). */
  readonly unmanaged: readonly Rule[];
  /** By what a difference was found to be drift or pending. */
  readonly base: "policy" | "receipt" | "none";
  readonly counts: { readonly drift: number; readonly pending: number; readonly cannotTell: number };
  /** Entries that end, and those that should be gone by now. */
  readonly entries: TemporaryEntries;
  /** Why the log could not be read, warnings of the policy, and notes. */
  readonly diagnostics: readonly Diagnostic[];
}

// The differences one by one, with their stable ids, and the policy's state with one of them made.

export interface Located {
  readonly detail: DriftDetail;
  /** The rule's name in the policy (on the account, for a rule only there); absent for enforcement. */
  readonly rule?: string;
  /** The rule's name on the account, where it has another one. */
  readonly accountRule?: string;
}

/** A change that would restore the account, turned round into what the account has done. */
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

const detailsOfUpdate = ({ before, after }: Extract<Change, { kind: "update" }>): Located[] => {
  const details: DriftDetail[] = [];
  if (before.name !== after.name)
    details.push({ kind: "name-changed", policy: after.name, account: before.name });
  if (before.type !== after.type)
    details.push({ kind: "type-changed", policy: after.type, account: before.type });
  if (before.description !== after.description)
    details.push({ kind: "description-changed", policy: after.description, account: before.description });
  const of = entryChanges(before, after);
  const off = { enabled: false } as const;
  for (const prefix of of.removed) details.push({ kind: "entry-added", type: before.type, prefix });
  for (const prefix of of.removedDisabled)
    details.push({ kind: "entry-added", type: before.type, prefix, ...off });
  for (const prefix of of.added) details.push({ kind: "entry-removed", type: after.type, prefix });
  for (const prefix of of.addedDisabled)
    details.push({ kind: "entry-removed", type: after.type, prefix, ...off });
  const changed = { kind: "entry-enabled-changed", type: after.type } as const;
  for (const prefix of of.enabled) details.push({ ...changed, prefix, policy: true, account: false });
  for (const prefix of of.disabled) details.push({ ...changed, prefix, policy: false, account: true });
  const renamed = before.name === after.name ? {} : { accountRule: before.name };
  return details.map((detail) => ({ rule: after.name, detail, ...renamed }));
};

/** Rules that the policy refuses (`unmanaged_rules: fail`) make no change, but are a difference all the same. */
export const detailsOf = ({ changes, unmanaged }: Pick<Plan, "changes" | "unmanaged">): Located[] => [
  ...changes.flatMap(detailsOfChange),
  ...unmanaged
    .filter(({ disposition }) => disposition === "refused")
    .map(({ rule }): Located => ({ rule: rule.name, detail: { kind: "rule-added", rule } })),
];

const contentOf = ({ type, prefixes, disabled = [] }: Rule): string =>
  [type, ...prefixes.map(formatPrefix), ...disabled.map((prefix) => `disabled ${formatPrefix(prefix)}`)].join(
    " ",
  );

/** What tells two differences of one rule and kind apart. */
const whatOf = (detail: DriftDetail): string => {
  switch (detail.kind) {
    case "rule-added":
    case "rule-removed":
      return contentOf(detail.rule);
    case "entry-added":
    case "entry-removed":
      return `${detail.enabled === false ? "disabled " : ""}${detail.type} ${formatPrefix(detail.prefix)}`;
    case "entry-enabled-changed":
      return `${detail.account ? "enabled" : "disabled"} ${detail.type} ${formatPrefix(detail.prefix)}`;
    default:
      return JSON.stringify([detail.policy, detail.account]);
  }
};

/** 16 hexadecimal digits, the same on every machine and day for the same difference. */
export const differenceId = (accountId: number, { detail, rule }: Located): string =>
  sha256(JSON.stringify([accountId, rule ?? null, detail.kind, whatOf(detail)])).slice(0, 16);

const without = (prefixes: readonly Prefix[], prefix: Prefix): Prefix[] =>
  prefixes.filter((other) => !samePrefix(other, prefix));

/** The rule with the entry in force, without effect, or absent. */
const withEntry = (rule: Rule, prefix: Prefix, as: "in-force" | "disabled" | "absent"): Rule => {
  const { name, type, description } = rule;
  const prefixes = without(rule.prefixes, prefix);
  const disabled = without(rule.disabled ?? [], prefix);
  if (as === "in-force") prefixes.push(prefix);
  if (as === "disabled") disabled.push(prefix);
  return { name, type, description, ...entryFields(prefixes, disabled) };
};

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
      return change((rule) =>
        withEntry(rule, detail.prefix, detail.enabled === false ? "disabled" : "in-force"),
      );
    case "entry-removed":
      return change((rule) => withEntry(rule, detail.prefix, "absent"));
    case "entry-enabled-changed":
      return change((rule) => withEntry(rule, detail.prefix, detail.account ? "in-force" : "disabled"));
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
