/**
 * Who made a difference: drift matched with the audit log. An event is named as the cause only where it fits;
 * otherwise the answer is `unknown`, with the reason.
 */

import { type Prefix, parsePrefix, samePrefix } from "../address/prefix.js";
import { ipRestrictionTypes } from "./catalogue.js";
import type { DriftDetail } from "./drift-report.js";
import type { AuditEvent } from "./event.js";
import { inOrder } from "./event-index.js";
import { contextFacts, namesSomeRule, type RuleIdentity, ruleEvidence } from "./evidence.js";

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
