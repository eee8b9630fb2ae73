/**
 * Who made a difference: drift matched with the audit log. An event is named as the cause only where it fits;
 * otherwise the answer is `unknown`, with the reason.
 *
 * Promise: nobody is named for what one's own apply has since undone. What differs from a finished apply came after it:
 * after its beginning, and after its own event for the same rule.
 */
import { type Prefix, parsePrefix, samePrefix } from "../address/prefix.js";
import { present } from "../model/present.js";
import { ipRestrictionTypes } from "./catalogue.js";
import type { Attribution, DriftDetail } from "./differences.js";
import type { AuditEvent } from "./event.js";
import { contextFacts, inOrder, namesSomeRule, type RuleIdentity, ruleEvidence } from "./evidence.js";
import type { AuditVerification } from "./verification.js";

/** What is known of a rule on the account. */
export interface RuleFacts extends RuleIdentity {
  /** ISO 8601 UTC; absent where the account no longer has the rule, or does not tell. */
  readonly updatedAt?: string;
  /** Taken for this rule because it has the same entries, under another name: what names it is no strong proof. */
  readonly inferred?: true;
}

export interface Attributable {
  readonly detail: DriftDetail;
  /** Absent for enforcement. */
  readonly rule?: RuleFacts;
}

/** An event of one's own apply, and the rule of its step, which the event itself may not name; none for enforcement. */
export interface OwnEvent {
  readonly event: AuditEvent;
  readonly rule?: RuleIdentity;
}

/** The events that prove steps, with what their steps were about. */
export const ownEventsOf = ({ receipts }: Pick<AuditVerification, "receipts">): readonly OwnEvent[] =>
  receipts.flatMap(({ steps }) =>
    steps.flatMap((one): OwnEvent[] => {
      if (one.kind !== "recorded") return [];
      const { rule, renamedFrom, ruleId } = one.step;
      if (rule === undefined) return [{ event: one.event }];
      const names = renamedFrom === undefined ? [rule] : [rule, renamedFrom];
      return [{ event: one.event, rule: { names, ...present({ id: ruleId }) } }];
    }),
  );

/**
 * The id under which the log, or an apply, last knew a rule of each name: an event of a later rename has the id and
 * the new name alone.
 */
export const lastIds = (
  events: readonly AuditEvent[],
  own: readonly OwnEvent[],
): ReadonlyMap<string, number> => {
  const steps = new Map(own.map(({ event, rule }) => [event.id, rule]));
  const ids = new Map<string, number>();
  for (const event of inOrder(events)) {
    const step = steps.get(event.id);
    const { ruleIds, ruleNames } = contextFacts(event);
    const [said] = ruleIds;
    const id = step?.id ?? (ruleIds.size === 1 ? Number(said) : Number.NaN);
    if (!Number.isSafeInteger(id)) continue;
    const names = step?.names.slice(0, 1) ?? (ruleNames.size === 1 ? [...ruleNames] : []);
    for (const name of names) ids.set(name, id);
  }
  return ids;
};

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
  // The last toggle that does not say where to: it must have been to where enforcement now is.
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

/** Who made one difference; `events` in order of time, those of one's own applies and what they undid left out. */
const attributeOne = ({ detail, rule }: Attributable, events: readonly AuditEvent[]): Attribution => {
  const types = typesFor(detail.kind);
  const fitting = events.filter(({ type }) => types.includes(type));
  if (rule === undefined) return attributeSwitch(detail, fitting);
  const naming = fitting.filter((event) => {
    const evidence = ruleEvidence(event, rule);
    return evidence === "id" || evidence === "name";
  });
  const strength = rule.inferred === true ? "weak" : "strong";
  const event = entryEvent(detail, naming);
  if (event !== undefined)
    return { kind: "event", event, strength, ...throughOf(event), others: naming.length - 1 };
  const [likeliest] = types;
  const ofType = naming.filter(({ type }) => type === likeliest);
  return attributed(ofType.length > 0 ? ofType : naming, strength) ?? attributeWeakly(rule, fitting);
};

const isOf = (own: OwnEvent, rule: RuleFacts | undefined): boolean => {
  if (own.rule === undefined || rule === undefined) return own.rule === rule;
  if (own.rule.id !== undefined && own.rule.id === rule.id) return true;
  return own.rule.names.some((name) => rule.names.includes(name));
};

/**
 * The attribution of each difference, in the same order. `events` may come in any order and more than once, one's own
 * among them. `since` (milliseconds since 1970): when the last apply began, by the server's clock; older events are left out. Pure.
 */
export const attribute = (
  differences: readonly Attributable[],
  events: readonly AuditEvent[],
  own: readonly OwnEvent[] = [],
  since: number = Number.NEGATIVE_INFINITY,
): readonly Attribution[] => {
  const ownIds = new Set(own.map(({ event }) => event.id));
  const others = inOrder(events)
    .filter(({ id }) => !ownIds.has(id))
    .map((event) => ({ event, at: Date.parse(event.at) }));
  return differences.map((difference) => {
    const applied = own
      .filter((one) => isOf(one, difference.rule))
      .reduce((latest, { event }) => Math.max(latest, Date.parse(event.at)), Number.NEGATIVE_INFINITY);
    const after = others.filter(({ at }) => at >= since && at > applied);
    return attributeOne(
      difference,
      after.map(({ event }) => event),
    );
  });
};
