/**
 * Drift or pending? Both look the same from the account: it is not what the policy says. Three things can tell:
 * the policy at the last apply, a receipt of that apply, or an entry's date. Without them the answer is that
 * nobody can tell, and it is given as such.
 */
import { type Prefix, samePrefix } from "../address/prefix.js";
import type { Receipt } from "../model/receipt.js";
import type { AccountState, Rule } from "../model/rule.js";
import type { Plan } from "../plan/plan.js";
import type { RuleFacts } from "./attribution.js";
import { clockAhead, stepsByOwnClock } from "./audited-steps.js";
import { isIpRestrictionType } from "./catalogue.js";
import type { DriftCause, DriftReason, Located } from "./differences.js";
import type { AuditEvent } from "./event.js";
import { inOrder, namesSomeRule, ruleEvidence } from "./evidence.js";

export type DriftBase =
  | { readonly kind: "none" }
  /** What the policy of the last apply makes of the account. */
  | { readonly kind: "policy"; readonly state: AccountState }
  | {
      readonly kind: "receipt";
      readonly receipt: Receipt;
      /** Hash of the policy as it is now. */
      readonly policyHash: string;
      /**
       * IP-restriction events since the receipt's last step, its own left out; absent where the log could not be
       * read, or did not show the receipt's own events either: then its silence proves nothing.
       */
      readonly eventsSince?: readonly AuditEvent[];
    };

export interface Judgement {
  readonly cause: DriftCause;
  readonly reason: DriftReason;
}

const drift = (reason: DriftReason): Judgement => ({ cause: "drift", reason });
const pending = (reason: DriftReason): Judgement => ({ cause: "pending", reason });
const cannotTell = (reason: DriftReason): Judgement => ({ cause: "cannot-tell", reason });

/** The account has what the policy says, no, and the base? Three values, two of which differ. */
const threeWay = <T>(policy: T, account: T, base: T | undefined): Judgement => {
  if (base === policy) return drift("base-agrees-with-policy");
  return base === account ? pending("base-agrees-with-account") : drift("both-changed");
};

/** Whether the rule has the entry in force, without effect, or not at all. */
const holds = (rule: Rule | undefined, wanted: Prefix): "in-force" | "disabled" | "absent" => {
  const isIn = (prefixes: readonly Prefix[] | undefined): boolean =>
    prefixes?.some((prefix) => samePrefix(prefix, wanted)) ?? false;
  if (isIn(rule?.prefixes)) return "in-force";
  return isIn(rule?.disabled) ? "disabled" : "absent";
};

const asHeld = (enabled: boolean | undefined): "in-force" | "disabled" =>
  enabled === false ? "disabled" : "in-force";

const judgeByPolicy = (located: Located, base: AccountState): Judgement => {
  const { detail, rule: name, accountRule } = located;
  const rule =
    base.rules.find((one) => one.name === name) ?? base.rules.find((one) => one.name === accountRule);
  switch (detail.kind) {
    case "rule-added":
      return threeWay(false, true, rule !== undefined);
    case "rule-removed":
      return threeWay(true, false, rule !== undefined);
    case "entry-added":
      return threeWay("absent", asHeld(detail.enabled), holds(rule, detail.prefix));
    case "entry-removed":
      return threeWay(asHeld(detail.enabled), "absent", holds(rule, detail.prefix));
    case "entry-enabled-changed":
      return threeWay(asHeld(detail.policy), asHeld(detail.account), holds(rule, detail.prefix));
    case "name-changed":
      return threeWay(detail.policy, detail.account, rule?.name);
    case "type-changed":
      return threeWay(detail.policy, detail.account, rule?.type);
    case "description-changed":
      return threeWay(detail.policy, detail.account, rule?.description);
    case "enforcement-changed":
      return threeWay(detail.policy, detail.account, base.enforcement);
  }
};

/** Whether an event since the last apply can have made this difference: it names the rule, or no rule at all. */
const concerns = (event: AuditEvent, located: Located, rule: RuleFacts | undefined): boolean => {
  if (rule === undefined || located.rule === undefined) return event.type.endsWith(".toggled");
  if (event.type.endsWith(".toggled")) return false;
  return ruleEvidence(event, rule) !== "other" || !namesSomeRule(event);
};

const judgeByReceipt = (
  located: Located,
  base: Extract<DriftBase, { kind: "receipt" }>,
  rule: RuleFacts | undefined,
): Judgement => {
  if (base.receipt.end?.end !== "done") return cannotTell("receipt-unfinished");
  if (base.receipt.header.basis.policy === base.policyHash) return drift("policy-unchanged-since-receipt");
  if (base.eventsSince === undefined) return cannotTell("receipt-unproven");
  const touched = base.eventsSince.some((event) => concerns(event, located, rule));
  if (touched) return cannotTell("event-since-receipt");
  return pending(undoneBy(located, base.receipt) ?? "no-event-since-receipt");
};

/** A run that took back what the policy says: the policy did not change. */
const undoneBy = (
  { rule, accountRule }: Located,
  { header: { purpose, steps } }: Receipt,
): DriftReason | undefined => {
  const isStep = steps.some((step) =>
    rule === undefined
      ? step.action === "enable" || step.action === "disable"
      : [step.rule, step.renamedFrom].some((name) => name === rule || (name && name === accountRule)),
  );
  if (!isStep) return undefined;
  if (purpose === "rollback") return "undone-by-rollback";
  return purpose === "disable-enforcement" ? "turned-off-by-apply" : undefined;
};

/** The cause of one difference. */
export const judge = (
  located: Located,
  base: DriftBase,
  known: { readonly expired: Plan["expired"]; readonly rule?: RuleFacts },
): Judgement => {
  const { detail } = located;
  const expired =
    detail.kind === "entry-added" &&
    known.expired.some(({ rule, prefix }) => rule === located.rule && samePrefix(prefix, detail.prefix));
  if (expired) return pending("entry-expired");
  switch (base.kind) {
    case "none":
      return cannotTell("no-base");
    case "policy":
      return judgeByPolicy(located, base.state);
    case "receipt":
      return judgeByReceipt(located, base, known.rule);
  }
};

/**
 * When an apply began, in milliseconds since 1970: by the server's clock, as far as the receipt tells it; by the
 * earlier one where that may be wrong, since a change that is overlooked would pass for pending.
 */
export const applyBegan = (receipt: Receipt): number => {
  const begun = Date.parse(receipt.header.startedAt);
  const byServer = begun + (clockAhead(receipt) ?? 0);
  return stepsByOwnClock(receipt) === undefined ? byServer : Math.min(begun, byServer);
};

/** The IP-restriction events since an apply began that are not its own: whoever came between the steps came since. */
export const eventsAfter = (
  events: readonly AuditEvent[],
  receipt: Receipt,
  ownEventIds: ReadonlySet<string>,
): readonly AuditEvent[] => {
  const start = applyBegan(receipt);
  return inOrder(events).filter(
    ({ id, type, at }) => isIpRestrictionType(type) && !ownEventIds.has(id) && Date.parse(at) >= start,
  );
};
