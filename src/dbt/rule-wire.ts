/** Rules as the API writes them, into the snapshot's terms; and back. The wire's numbers live here alone. */

import { formatPrefix, type Prefix, parsePrefix, samePrefix } from "../address/prefix.js";
import type { WriteOutcome } from "../apply/ports.js";
import { assertNever } from "../model/assert.js";
import { failure } from "../model/failure.js";
import { isObject } from "../model/json.js";
import { present } from "../model/present.js";
import type { RuleFields, RuleType } from "../model/rule.js";
import type { SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import { listed } from "../model/words.js";
import {
  type Answer,
  dataOf,
  type Envelope,
  field,
  integer,
  isoInstant,
  items,
  type JsonPath,
  optional,
  shorten,
  text,
  truth,
  unexpected,
} from "./answer.js";

/** A rule with what it says about the account and the rule set; the snapshot keeps those once. */
export interface WireRule {
  readonly rule: SnapshotRule;
  readonly accountId?: number;
  readonly ruleSetId?: number;
  readonly ruleSetEnabled?: boolean;
  readonly enabledForServiceTokens?: boolean;
}

/** `state` of a rule or an entry: 1 active, 2 deleted; absent counts as active, as in the published schema. */
const isActive = (place: JsonPath): boolean => {
  const state = field(place, "state");
  const value = optional(state, integer) ?? 1;
  if (value !== 1 && value !== 2) throw unexpected(state, "1 or 2");
  return value === 1;
};

const ruleType = (place: JsonPath): RuleType => {
  switch (integer(place)) {
    case 1:
      return "allow";
    case 2:
      return "deny";
    default:
      throw unexpected(place, "1 (allow) or 2 (deny)");
  }
};

export const typeNumber = (type: RuleType): 1 | 2 => {
  switch (type) {
    case "allow":
      return 1;
    case "deny":
      return 2;
    default:
      return assertNever(type);
  }
};

/** The rule, or undefined for a deleted one. Throws `Failure` for a rule that cannot be understood. */
export const decodeRule = (place: JsonPath): WireRule | undefined => {
  if (!isActive(place)) return undefined;
  const name = text(field(place, "name"));
  const createdAt = timestamp(field(place, "created_at"));
  const updatedAt = timestamp(field(place, "updated_at"));
  const accountId = optional(field(place, "account_id"), integer);
  const ruleSetId = optional(field(place, "ip_restriction_rule_set_id"), integer);
  const ruleSetEnabled = optional(field(place, "rule_set_enabled"), truth);
  const enabledForServiceTokens = optional(field(place, "enabled_for_service_tokens"), truth);
  const cidrs = items(field(place, "cidrs")).filter(isActive);
  // Of one that is disabled all must be readable too: what is left out would be lost to whoever imports the account.
  const disabled = cidrs.filter(isDisabled).map((item) => decodeEntry(item, name));
  return {
    rule: {
      id: integer(field(place, "id")),
      name,
      type: ruleType(field(place, "type")),
      description: optional(field(place, "description"), text) ?? "",
      entries: cidrs.filter((item) => !isDisabled(item)).map((item) => decodeEntry(item, name)),
      ...(disabled.length === 0 ? {} : { disabled }),
      ...present({ createdAt, updatedAt }),
    },
    ...present({ accountId, ruleSetId, ruleSetEnabled, enabledForServiceTokens }),
  };
};

/** Shown, never compared: one that cannot be read is left out. */
const timestamp = (place: JsonPath): string | undefined => {
  const value = optional(place, text);
  return value === undefined ? undefined : isoInstant(value);
};

const isDisabled = (place: JsonPath): boolean => optional(field(place, "enabled"), truth) === false;

const decodeEntry = (place: JsonPath, ruleName: string): SnapshotEntry => {
  const cidr = text(field(place, "cidr"));
  const parsed = parsePrefix(cidr);
  if (!parsed.ok) {
    throw failure("account-prefix-unreadable", {
      rule: shorten(ruleName, 120),
      text: shorten(cidr, 80),
      reason: parsed.problem.message,
    });
  }
  checkMappedForm(place, { cidr, prefix: parsed.prefix, ruleName });
  return { id: integer(field(place, "id")), prefix: parsed.prefix, text: cidr };
};

/**
 * `cidr_ipv6` says the same as `cidr`, IPv4 in its mapped form (docs/service.md, "Rules"). Which of the two the
 * service goes by is not published, so it is unknown what an entry covers whose two forms differ. May be absent.
 */
const checkMappedForm = (
  place: JsonPath,
  entry: { readonly cidr: string; readonly prefix: Prefix; readonly ruleName: string },
): void => {
  const mapped = optional(field(place, "cidr_ipv6"), text) ?? "";
  if (mapped === "") return;
  const parsed = parsePrefix(mapped);
  if (parsed.ok && samePrefix(parsed.prefix, entry.prefix)) return;
  throw failure("account-contradicts-itself", {
    about: "entry",
    rule: shorten(entry.ruleName, 120),
    fields: [
      ["cidr", shorten(entry.cidr, 80)],
      ["cidr_ipv6", shorten(mapped, 80)],
    ],
  });
};

export interface EntryBody {
  readonly id?: number;
  readonly cidr: string;
  readonly state: 1 | 2;
  /** Sent with every entry, so that none depends on what the service takes for the default. */
  readonly enabled: boolean;
}

export const newEntry = (prefix: Prefix, enabled = true): EntryBody => ({
  cidr: formatPrefix(prefix),
  state: 1,
  enabled,
});
/**
 * With its id, or the additive PUT would take it for a new one (docs/service.md, "Rules"). One that was disabled is
 * enabled by it, and the reverse, as `enabled` is a field of an entry that a PUT may send [assumed: nobody has
 * published what it does to an entry that is there].
 */
export const keptEntry = ({ id, text: cidr }: SnapshotEntry, enabled: boolean): EntryBody => ({
  id,
  cidr,
  state: 1,
  enabled,
});
/** `enabled`: as it is. */
export const removedEntry = ({ id, text: cidr }: SnapshotEntry, enabled: boolean): EntryBody => ({
  id,
  cidr,
  state: 2,
  enabled,
});

// What an answer to a write lists as not saved (docs/service.md, "Rules").

interface ReportedCidrs {
  /** Not saved: no range, or one that a rule of the other type has. */
  readonly failed: readonly string[];
  /** Skipped: the rule has the range already. */
  readonly existing: readonly string[];
}

/** Longer than any range; what is longer is shortened, and so is none. */
const longestShown = 120;

/** Of an envelope's `extra`; each text shortened. */
export const reportedCidrs = (extra: unknown): ReportedCidrs =>
  isObject(extra)
    ? { failed: listOf(extra.failed_cidrs), existing: listOf(extra.cidrs_already_exists) }
    : { failed: [], existing: [] };

/** The form of these lists is not published beyond "a list": texts, or objects that hold a `cidr`. */
const listOf = (value: unknown): readonly string[] => {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : isObject(value)
      ? Object.values(value).flat()
      : [value];
  return list.map((item) => shorten(textOf(item), longestShown));
};

const textOf = (item: unknown): string => {
  if (typeof item === "string") return item;
  return isObject(item) && typeof item.cidr === "string" ? item.cidr : JSON.stringify(item);
};

/** For messages: the first ten, each shortened. */
export const shownCidrs = (texts: readonly string[]): string => {
  const first = texts.slice(0, 10).map((text) => shorten(text, 60));
  return listed(first, first.length, texts.length - first.length);
};

// What the answer to a write of a rule says, against what was sent: all of it, part of it, or something else.

/** What the answer to a write must show. */
export interface ExpectedRule {
  readonly becomes: RuleFields;
  readonly has: readonly Prefix[];
  /** What it must show as disabled. */
  readonly hasDisabled: readonly Prefix[];
  readonly removed: readonly SnapshotEntry[];
  readonly ruleSetEnabled: boolean | undefined;
  /** Prefixes that may be reported as already there: kept entries sent again by a cosmetic update. */
  readonly mayExist: readonly Prefix[];
  readonly clearsDescription: boolean;
}

/** Throws `Failure` for an answer that cannot be read. */
export const ruleOutcome = (
  answer: Answer,
  envelope: Envelope,
  expected: ExpectedRule,
  accountId: number,
): WriteOutcome => {
  const place = dataOf(answer, envelope);
  const wire = decodeRule(place);
  if (wire === undefined) throw unexpected(place, "an active rule");
  const missed = [
    ...reported(envelope.extra, expected.mayExist),
    ...differences(wire, expected),
    ...(wire.accountId === undefined || wire.accountId === accountId
      ? []
      : [`the answer is of account ${wire.accountId}`]),
  ];
  const rest = { rule: wire.rule, ...present({ serverAt: answer.serverAt }) };
  const { ruleSetEnabled } = wire;
  if (missed.length === 0) return { kind: "applied", ...rest, ...present({ ruleSetEnabled }) };
  return { kind: "partial", message: `Accepted, but not as sent: ${missed.join("; ")}`, ...rest };
};

/** `extra.failed_cidrs` and `extra.cidrs_already_exists`: in a 2xx, both mean that something was not saved. */
const reported = (extra: unknown, mayExist: readonly Prefix[]): readonly string[] => {
  const { failed, existing: all } = reportedCidrs(extra);
  const existing = all.filter((text) => {
    const parsed = parsePrefix(text);
    return !(parsed.ok && isAmong(parsed.prefix, mayExist));
  });
  return [...sayingOf("not saved", failed), ...sayingOf("skipped as already there", existing)];
};

/** Nothing where there are none. */
const sayingOf = (what: string, cidrs: readonly string[]): readonly string[] =>
  cidrs.length === 0 ? [] : [`${what}: ${shownCidrs(cidrs)}`];

const differences = ({ rule, ruleSetEnabled }: WireRule, expected: ExpectedRule): readonly string[] => {
  const there = new Map(rule.entries.map(({ prefix }) => [formatPrefix(prefix), prefix]));
  const missing = expected.has.map(formatPrefix).filter((prefix) => !there.has(prefix));
  const disabledThere = rule.disabled ?? [];
  const isDisabledThere = new Set(disabledThere.map(({ prefix }) => formatPrefix(prefix)));
  const stillInForce = expected.hasDisabled
    .map(formatPrefix)
    .filter((prefix) => !isDisabledThere.has(prefix));
  const ids = new Set([...rule.entries, ...disabledThere].map(({ id }) => id));
  const left = expected.removed.filter(({ id }) => ids.has(id)).map(({ text }) => text);
  const { becomes } = expected;
  return [
    ...(rule.name === becomes.name ? [] : [`its name is "${shorten(rule.name, 120)}"`]),
    ...(rule.type === becomes.type ? [] : [`its type is ${rule.type}`]),
    ...sayingOf("missing", missing),
    ...sayingOf("not disabled", stillInForce),
    ...sayingOf("still there", left),
    ...(expected.clearsDescription && rule.description !== ""
      ? ["its description was not cleared, which this API may not do at all: give it one in the policy"]
      : []),
    ...(expected.ruleSetEnabled === undefined ||
    ruleSetEnabled === undefined ||
    ruleSetEnabled === expected.ruleSetEnabled
      ? []
      : [`the restrictions are now ${ruleSetEnabled ? "enabled" : "disabled"}`]),
  ];
};

export const isAmong = (prefix: Prefix, list: readonly Prefix[]): boolean =>
  list.some((other) => samePrefix(other, prefix));
