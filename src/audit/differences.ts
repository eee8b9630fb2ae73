/** The result of comparing an account with its policy, as data for every renderer. */
import { comparePrefixes, formatPrefix, type Prefix, parsePrefix, samePrefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import type { Diagnostic, Severity } from "../model/diagnostic.js";
import type { AccountState, Enforcement, Rule, RuleType } from "../model/rule.js";
import { sha256 } from "../model/sha256.js";
import type { AccessChange, Change, Direction, Plan } from "../plan/plan.js";
import { ipRestrictionTypes } from "./catalogue.js";
import type { AuditEvent } from "./event.js";
import { contextFacts, inOrder, namesSomeRule, type RuleIdentity, ruleEvidence } from "./evidence.js";

/**
 * Who made a difference: drift matched with the audit log. An event is named as the cause only where it fits;
 * otherwise the answer is `unknown`, with the reason.
 */

export type Attribution =
  | {
      readonly kind: "event";
      readonly event: AuditEvent;
      /** `strong`: the event names the rule (or the switch's position); `weak`: it fits by type and time only. */
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

/** What is known of a rule on the account. */
export interface RuleFacts extends RuleIdentity {
  /** ISO 8601 UTC; absent where the account no longer has the rule, or does not tell. */
  readonly updatedAt?: string;
}

export interface Attributable {
  readonly detail: DriftDetail;
  /** Absent for the switch. */
  readonly rule?: RuleFacts;
}

/** The event types that can have made a difference, the likeliest first. */
const typesFor = (kind: DriftDetail["kind"]): readonly string[] => {
  const { ruleAdded, ruleChanged, ruleRemoved, toggled } = ipRestrictionTypes;
  switch (kind) {
    case "rule-added":
      // A rename makes a name appear, and another disappear.
      return [ruleAdded, ruleChanged];
    case "rule-removed":
      return [ruleRemoved, ruleChanged];
    case "enforcement-changed":
      return [toggled];
    default:
      // A rule may have been deleted and made anew.
      return [ruleChanged, ruleAdded];
  }
};

/** A rule's time stamp and its event's are written by one request. */
const sameMomentMs = 10_000;

const mentions = (event: AuditEvent, prefix: Prefix): boolean =>
  contextFacts(event).cidrs.some((text) => {
    const parsed = parsePrefix(text);
    return parsed.ok && samePrefix(parsed.prefix, prefix);
  });

/**
 * The event that brought or took an entry, where contexts list a rule's entries: an entry came with the first
 * event of the last run that mentions it, and went with the first event after the last that does (or with that
 * last one, where contexts list what was changed). Undefined where no event mentions it.
 */
const entryEvent = (detail: DriftDetail, named: readonly AuditEvent[]): AuditEvent | undefined => {
  if (detail.kind !== "entry-added" && detail.kind !== "entry-removed") return undefined;
  const has = named.map((event) => mentions(event, detail.prefix));
  let at = has.lastIndexOf(true);
  if (at < 0) return undefined;
  if (detail.kind === "entry-removed") return named[at + 1] ?? named[at];
  while (has[at - 1] === true) at -= 1;
  return named[at];
};

const throughOf = ({ source }: AuditEvent) => (source === undefined ? {} : { through: source });

const attributed = (fitting: readonly AuditEvent[], strength: "strong" | "weak"): Attribution | undefined => {
  const event = fitting.at(-1);
  if (event === undefined) return undefined;
  return { kind: "event", event, strength, ...throughOf(event), others: fitting.length - 1 };
};

const attributeSwitch = (detail: DriftDetail, events: readonly AuditEvent[]): Attribution => {
  const wanted = detail.kind === "enforcement-changed" ? detail.account === "enabled" : undefined;
  const telling = events.filter((event) => contextFacts(event).enabled === wanted);
  const strong = attributed(telling, "strong");
  if (strong !== undefined) return strong;
  // The last toggle that does not say where to: it must have been to where the switch now is.
  const silent = events.filter((event) => contextFacts(event).enabled === undefined);
  return attributed(silent, "weak") ?? { kind: "unknown", reason: "no-event" };
};

const attributeWeakly = (rule: RuleFacts, events: readonly AuditEvent[]): Attribution => {
  const silent = events.filter((event) => !namesSomeRule(event) && ruleEvidence(event, rule) === "none");
  const updated = Date.parse(rule.updatedAt ?? "");
  const near = silent.filter(({ at }) => Math.abs(Date.parse(at) - updated) <= sameMomentMs);
  const fitting = near.length > 0 ? near : silent;
  if (fitting.length > 1) return { kind: "unknown", reason: "ambiguous" };
  return attributed(fitting, "weak") ?? { kind: "unknown", reason: "no-event" };
};

/** Who made one difference; `events` in order of time, those of one's own applies left out. */
const attributeOne = ({ detail, rule }: Attributable, events: readonly AuditEvent[]): Attribution => {
  const types = typesFor(detail.kind);
  const fitting = events.filter(({ type }) => types.includes(type));
  if (rule === undefined) return attributeSwitch(detail, fitting);
  const strong = fitting.filter((event) => {
    const evidence = ruleEvidence(event, rule);
    return evidence === "id" || evidence === "name";
  });
  const [likeliest] = types;
  const ofType = strong.filter(({ type }) => type === likeliest);
  const event = entryEvent(detail, strong);
  if (event !== undefined)
    return { kind: "event", event, strength: "strong", ...throughOf(event), others: strong.length - 1 };
  return attributed(ofType.length > 0 ? ofType : strong, "strong") ?? attributeWeakly(rule, fitting);
};

/**
 * The attribution of each difference, in the same order. `events` may come in any order and more than once; leave
 * out those that one's own applies made. Pure.
 */
export const attribute = (
  differences: readonly Attributable[],
  events: readonly AuditEvent[],
): readonly Attribution[] => {
  const sorted = inOrder(events);
  return differences.map((difference) => attributeOne(difference, sorted));
};

/** What differs, told from the account's side: `entry-added` is on the account and not in the policy. */
export type DriftDetail =
  | { readonly kind: "rule-added"; readonly rule: Rule }
  | { readonly kind: "rule-removed"; readonly rule: Rule }
  /** The account knows the rule under one of the policy's `previous_names`. */
  | { readonly kind: "name-changed"; readonly policy: string; readonly account: string }
  | { readonly kind: "entry-added"; readonly type: RuleType; readonly prefix: Prefix }
  | { readonly kind: "entry-removed"; readonly type: RuleType; readonly prefix: Prefix }
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
  | "event-since-receipt"
  | "entry-expired"
  | "receipt-unfinished"
  | "receipt-unproven"
  | "no-base";

export interface DriftDifference {
  /** 16 hexadecimal digits: a hash of account, rule, kind and what. */
  readonly id: string;
  readonly detail: DriftDetail;
  /** The rule's name in the policy (on the account, for `rule-added`); absent for the switch. */
  readonly rule?: string;
  readonly cause: DriftCause;
  readonly reason: DriftReason;
  /** `error`: the account lets in what the policy does not; `warning`: it shuts out; `note`: cosmetic. */
  readonly severity: Severity;
  /** What this difference alone does to access, from the policy to the account. */
  readonly direction: Direction;
  readonly attribution: Attribution;
}

export interface DriftReport {
  readonly account: { readonly id: number; readonly host: string };
  /** The policy file, as the user named it. */
  readonly policyFile: string;
  /** Errors first, then warnings, then notes; within each by rule. */
  readonly differences: readonly DriftDifference[];
  /** The whole access change from the policy to the account: what the account allows and the policy does not, and the reverse. */
  readonly access: AccessChange;
  /** False where the switch is known to be off in both (or unknown without rules): `access` is what would be if it were on. */
  readonly effective: boolean;
  /** Rules on the account that the policy tolerates (`unmanaged_rules: keep`). */
  readonly unmanaged: readonly Rule[];
  /** What told drift from pending. */
  readonly base: "policy" | "receipt" | "none";
  readonly counts: { readonly drift: number; readonly pending: number; readonly cannotTell: number };
  /** Why the log could not be read, warnings of the policy, and notes. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The differences one by one, with their stable ids, and the policy's state with one of them made. */

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
