/** What the answer to a write of a rule says, against what was sent: all of it, part of it, or something else. */
import { formatPrefix, type Prefix, parsePrefix } from "../address/prefix.js";
import type { RuleFields, WriteOutcome } from "../apply/ports.js";
import type { SnapshotEntry } from "../model/snapshot.js";
import { type Answer, type Envelope, shorten } from "./answer.js";
import { dataOf, unexpected } from "./decode.js";
import { reportedCidrs, shownCidrs } from "./reported-cidrs.js";
import { decodeRule, type WireRule } from "./rule-wire.js";

/** What the answer must show. */
export interface Expected {
  readonly becomes: RuleFields;
  readonly has: readonly Prefix[];
  readonly removed: readonly SnapshotEntry[];
  readonly ruleSetEnabled: boolean | undefined;
  readonly mayExist: readonly Prefix[];
  readonly clearsDescription: boolean;
}

/** Throws `Failure` for an answer that cannot be read. */
export const ruleOutcome = (
  answer: Answer,
  envelope: Envelope,
  expected: Expected,
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
  const rest = { rule: wire.rule, ...(answer.serverAt === undefined ? {} : { serverAt: answer.serverAt }) };
  const { ruleSetEnabled } = wire;
  if (missed.length === 0)
    return { kind: "applied", ...rest, ...(ruleSetEnabled === undefined ? {} : { ruleSetEnabled }) };
  return { kind: "partial", message: `Accepted, but not as sent: ${missed.join("; ")}`, ...rest };
};

/** `extra.failed_cidrs` and `extra.cidrs_already_exists`: in a 2xx, both mean that something was not saved. */
const reported = (extra: unknown, mayExist: readonly Prefix[]): readonly string[] => {
  const { failed, existing: all } = reportedCidrs(extra);
  const existing = all.filter((text) => {
    const parsed = parsePrefix(text);
    return !(parsed.ok && isIn(parsed.prefix, mayExist));
  });
  return [
    ...(failed.length === 0 ? [] : [`not saved: ${shownCidrs(failed)}`]),
    ...(existing.length === 0 ? [] : [`skipped as already there: ${shownCidrs(existing)}`]),
  ];
};

const differences = ({ rule, ruleSetEnabled }: WireRule, expected: Expected): readonly string[] => {
  const there = new Map(rule.entries.map(({ prefix }) => [formatPrefix(prefix), prefix]));
  const lacking = expected.has.map(formatPrefix).filter((prefix) => !there.has(prefix));
  const ids = new Set(rule.entries.map(({ id }) => id));
  const left = expected.removed.filter(({ id }) => ids.has(id)).map(({ text }) => text);
  const { becomes } = expected;
  return [
    ...(rule.name === becomes.name ? [] : [`its name is "${shorten(rule.name, 120)}"`]),
    ...(rule.type === becomes.type ? [] : [`its type is ${rule.type}`]),
    ...(lacking.length === 0 ? [] : [`missing: ${shownCidrs(lacking)}`]),
    ...(left.length === 0 ? [] : [`still there: ${shownCidrs(left)}`]),
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

const isIn = (prefix: Prefix, list: readonly Prefix[]): boolean =>
  list.some((other) => formatPrefix(other) === formatPrefix(prefix));
