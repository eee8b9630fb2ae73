/**
 * What the JSON documents of this program have in common: rules, sets of addresses, changes, diagnostics. Snake case; counts
 * of addresses as decimal strings, since 2^128 is no JSON number.
 */
import type { AddressSet } from "../address/address-set.js";
import { formatPrefix, type Prefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import { type Diagnostic, hintOf, messageOf } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import type { AccountState, Rule } from "../model/rule.js";
import type { AccessChange, AccessPart, Decider } from "./access-change.js";
import type { PlanReplay } from "./cut-off.js";
import { patchOf } from "./diff-states.js";
import type { Change, Disturbance } from "./plan.js";
import { withoutPrefixes } from "./state.js";

export const cidrs = (prefixes: readonly Prefix[]): string[] => prefixes.map(formatPrefix);

/** Absent where there are none, as in documents of older versions. */
const optionalCidrs = (prefixes: readonly Prefix[] | undefined): string[] | undefined =>
  prefixes === undefined || prefixes.length === 0 ? undefined : cidrs(prefixes);

export const ruleAsDocument = ({ name, type, description, prefixes, disabled }: Rule) => ({
  name,
  type,
  description,
  cidrs: cidrs(prefixes),
  ...present({ disabled_cidrs: optionalCidrs(disabled) }),
});

export const stateAsDocument = ({ enforcement, rules }: AccountState) => ({
  enforcement,
  rules: rules.map(ruleAsDocument),
});

export const setAsDocument = (set: AddressSet) => {
  const { ipv4, ipv6 } = set.count();
  return { cidrs: cidrs(set.prefixes()), ipv4_addresses: `${ipv4}`, ipv6_addresses: `${ipv6}` };
};

export const accessAsDocument = ({ direction, newlyAllowed, newlyBlocked }: AccessChange) => ({
  direction,
  newly_allowed: setAsDocument(newlyAllowed),
  newly_blocked: setAsDocument(newlyBlocked),
});

export const disturbanceAsDocument = ({ blocked, allowed }: Disturbance) => ({
  blocked: setAsDocument(blocked),
  allowed: setAsDocument(allowed),
});

const deciderAsDocument = (decider: Decider) =>
  decider.kind === "entry" ? { ...decider, prefix: formatPrefix(decider.prefix) } : decider;

export const partAsDocument = ({ verdict, prefixes, before, after }: AccessPart) => ({
  verdict,
  cidrs: cidrs(prefixes),
  before: deciderAsDocument(before),
  after: deciderAsDocument(after),
});

export const diagnosticAsDocument = (diagnostic: Diagnostic) => {
  const { code, severity, source } = diagnostic;
  const hint = hintOf(diagnostic);
  return {
    code,
    severity,
    message: messageOf(diagnostic),
    ...present({ hint }),
    ...(source === undefined
      ? {}
      : {
          source: {
            file: source.file,
            line: source.line,
            column: source.column,
            end_line: source.endLine,
            end_column: source.endColumn,
            line_text: source.lineText,
          },
        }),
  };
};

interface ChangeFields {
  readonly action: "create" | "update" | "delete" | "enable" | "disable";
  readonly rule?: string;
  readonly renamed_from?: string;
  readonly type?: string;
  readonly reason?: string;
  /** What comes into force, and what is in force no more. */
  readonly cidrs_added: string[];
  readonly cidrs_removed: string[];
  /** What is there without effect from now on, and no more; with the lists above, an entry whose `enabled` changes. */
  readonly disabled_cidrs_added?: string[];
  readonly disabled_cidrs_removed?: string[];
}

/** Each absent where there are none. */
export const disabledFields = (added: readonly Prefix[] = [], removed: readonly Prefix[] = []) =>
  present({
    disabled_cidrs_added: optionalCidrs(added),
    disabled_cidrs_removed: optionalCidrs(removed),
  });

const changeFields = (change: Change): ChangeFields => {
  switch (change.kind) {
    case "create":
      return {
        action: "create",
        rule: change.rule.name,
        type: change.rule.type,
        cidrs_added: cidrs(change.rule.prefixes),
        cidrs_removed: [],
        ...disabledFields(change.rule.disabled),
      };
    case "update": {
      const { before, after, added, removed } = change;
      return {
        action: "update",
        rule: after.name,
        ...(before.name === after.name ? {} : { renamed_from: before.name }),
        type: after.type,
        cidrs_added: cidrs(added),
        cidrs_removed: cidrs(removed),
        ...disabledFields(
          withoutPrefixes(after.disabled ?? [], before.disabled ?? []),
          withoutPrefixes(before.disabled ?? [], after.disabled ?? []),
        ),
      };
    }
    case "delete":
      return {
        action: "delete",
        rule: change.rule.name,
        type: change.rule.type,
        reason: change.reason,
        cidrs_added: [],
        cidrs_removed: cidrs(change.rule.prefixes),
        ...disabledFields([], change.rule.disabled),
      };
    case "enforcement":
      return {
        action: change.after === "enabled" ? "enable" : "disable",
        cidrs_added: [],
        cidrs_removed: [],
      };
    default:
      return assertNever(change);
  }
};

/** A difference by itself, of no plan: what is left to do, or what somebody else did. */
export const looseChangeAsDocument = (change: Change) => ({
  ...changeFields(change),
  patch: patchOf(change),
});

/** Also of a drift report. */
export const replayAsDocument = ({ window, events, effective, counts, losers, unreadable }: PlanReplay) => ({
  window: { since: window.since, until: window.until },
  events: { read: events.read, without_address: events.withoutAddress },
  effective,
  counts: {
    cut_off: counts.cut_off,
    partly: counts.partly,
    blocked: counts.blocked,
    gains: counts.gains,
    keeps: counts.keeps,
  },
  losers: losers.map(({ label, kind, outcome, addresses, lost, events: count, lastSeen }) => ({
    name: label,
    type: kind,
    outcome,
    addresses,
    lost,
    events: count,
    last_seen: lastSeen,
  })),
  // Absent where there are none, as in documents of older versions.
  ...(unreadable.length === 0
    ? {}
    : {
        unreadable: unreadable.map(({ label, kind, events: count, lastSeen }) => ({
          name: label,
          type: kind,
          events: count,
          last_seen: lastSeen,
        })),
      }),
});
