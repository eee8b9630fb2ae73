/**
 * The [assumed] facts of docs/service.md, each held against what one account shows. Pure. `not-shown` says what an
 * account would have to look like; the facts about writes cannot be shown by reading at all (`needs-write`).
 */
import { formatPrefix, type Prefix, prefixKey } from "../address/prefix.js";
import type { AuditEvent } from "../audit/event.js";
import type { Snapshot, SnapshotRule } from "../model/snapshot.js";
import { explain } from "../plan/explain.js";
import { stateOf } from "../plan/state.js";
import type { Outcome, Seen } from "./seen.js";

/** `not-shown`: not by this account. `needs-write`: not by reading any. */
export type AssumptionVerdict = "confirmed" | "contradicted" | "not-shown" | "needs-write";

export interface JudgedAssumption {
  readonly id: string;
  /** As docs/service.md has it, in a sentence. */
  readonly text: string;
  readonly verdict: AssumptionVerdict;
  /** What was seen, or what would have to be there. */
  readonly why: string;
}

type Judged = Pick<JudgedAssumption, "verdict" | "why">;

const confirmed = (why: string): Judged => ({ verdict: "confirmed", why });
const contradicted = (why: string): Judged => ({ verdict: "contradicted", why });
const notShown = (why: string): Judged => ({ verdict: "not-shown", why });

const answerOf = <T>(outcome: Outcome<T>): T | undefined =>
  outcome.kind === "answered" ? outcome.value : undefined;

interface Assumption {
  readonly text: string;
  readonly judge: (seen: Seen) => Judged;
}

const needsWrite = (): Judged => ({ verdict: "needs-write", why: "only a write can show it" });
const noRules = notShown("the rules could not be read");

const defaultLimit = ({ pageFacts }: Seen): Judged => {
  if (pageFacts === undefined || pageFacts.total <= 1)
    return notShown("needs a list of more than 100 records");
  const { records, total } = pageFacts;
  if (total <= 100) {
    return records === total
      ? notShown("needs a list of more than 100 records")
      : contradicted(`${records} of ${total} records came without a limit`);
  }
  return records === 100
    ? confirmed("100 events came without a limit")
    : contradicted(`${records} events came without a limit`);
};

const rulesById = ({ ruleFacts }: Seen): Judged => {
  if (ruleFacts?.orderedById === undefined) return notShown("needs two rules");
  return ruleFacts.orderedById
    ? confirmed("the ids of the listed rules rise")
    : contradicted("the ids of the listed rules do not rise");
};

const hasEntries = ({ rules }: Snapshot, type: SnapshotRule["type"]): boolean =>
  rules.some((rule) => rule.type === type && rule.entries.length > 0);

const hasDisabledAllow = ({ rules }: Snapshot): boolean =>
  rules.some(({ type, disabled = [] }) => type === "allow" && disabled.length > 0);

interface Checked {
  readonly snapshot: Snapshot;
  /** Whether the service would let this caller in. */
  readonly valid: boolean;
  /** The caller's address; absent where nobody knows it. */
  readonly at?: Prefix;
}

/** What the service says of this caller, and the rules by which it should; undefined where one of both is unknown. */
const checkedCaller = ({ snapshot: read, callerIsValid, ownAddress }: Seen): Checked | undefined => {
  const snapshot = answerOf(read);
  const valid = answerOf(callerIsValid);
  if (snapshot === undefined || valid === undefined) return undefined;
  return {
    snapshot,
    valid,
    ...(ownAddress === undefined ? {} : { at: { network: ownAddress.address, length: 128 } }),
  };
};

const denyOnly = (seen: Seen): Judged => {
  const needs = notShown("needs an account with deny entries alone, and an answer of its validate endpoint");
  const found = checkedCaller(seen);
  if (found === undefined) return needs;
  const { snapshot, valid, at } = found;
  if (hasDisabledAllow(snapshot) || hasEntries(snapshot, "allow") || !hasEntries(snapshot, "deny"))
    return needs;
  if (valid) return confirmed("the account has deny entries alone, and the service would let this caller in");
  return at !== undefined && partAt(snapshot, at)?.decider.kind === "default"
    ? contradicted("the account has deny entries alone, none for this caller, and would block it")
    : notShown("this caller may be in a denied range");
};

/** Undefined where two rules have one name, or nothing is known. */
const partAt = (snapshot: Snapshot, at: Prefix) => {
  if (hasRepeatedNames(snapshot)) return undefined;
  const [part] = explain({ ...stateOf(snapshot), enforcement: "enabled" }, at).parts;
  return part;
};

const hasRepeatedNames = ({ rules }: Snapshot): boolean =>
  new Set(rules.map(({ name }) => name)).size < rules.length;

/** The prefix length from which on an entry is IPv4 (`::ffff:0:0/96`). */
const ipv4Length = 96;

const ipv6CoversIpv4 = (seen: Seen): Judged => {
  const needs = notShown("needs a caller whose IPv4 address an IPv6 range alone decides about");
  const found = checkedCaller(seen);
  if (found?.at === undefined || found.at.network >> 32n !== 0xffffn) return needs;
  const { snapshot, valid, at } = found;
  const decider = partAt(snapshot, at)?.decider;
  if (decider?.kind !== "entry" || decider.prefix.length >= ipv4Length) return needs;
  return (decider.type === "allow") === valid
    ? confirmed(`${decider.type} ${formatPrefix(decider.prefix)} decides about this caller's IPv4 address`)
    : contradicted(`${decider.type} ${formatPrefix(decider.prefix)} does not decide about IPv4`);
};

const accessAgrees = (seen: Seen): Judged => {
  const found = checkedCaller(seen);
  if (found?.at === undefined)
    return notShown("needs the caller's address (--actor) and an answer of the validate endpoint");
  const part = partAt(found.snapshot, found.at);
  if (part === undefined) return notShown("two rules have one name");
  return (part.verdict === "allowed") === found.valid
    ? confirmed("both say the same of this caller")
    : contradicted(`the rules say ${part.verdict} for this caller, the service says otherwise`);
};

const rangeTwice = ({ snapshot: read }: Seen): Judged => {
  const snapshot = answerOf(read);
  if (snapshot === undefined) return noRules;
  const seen = new Set<string>();
  for (const { type, entries } of snapshot.rules) {
    const own = new Set(entries.map(({ prefix }) => `${type} ${prefixKey(prefix)}`));
    for (const key of own) {
      if (seen.has(key)) return confirmed("a range is on two rules of one type");
      seen.add(key);
    }
  }
  return notShown("no range is on two rules");
};

const deletedHidden = ({ ruleFacts }: Seen): Judged => {
  if (ruleFacts === undefined) return noRules;
  return ruleFacts.deleted > 0
    ? contradicted("the list has a deleted rule or entry")
    : notShown("nothing deleted is listed, which an account without deletions would show too");
};

const rulesShowEnforcement = ({ ruleFacts }: Seen): Judged => {
  if (ruleFacts === undefined) return noRules;
  const { rules, showEnforcement } = ruleFacts;
  if (rules === 0) return notShown("needs a rule");
  return rules === showEnforcement
    ? confirmed("every listed rule shows it")
    : contradicted(`${rules - showEnforcement} of ${rules} listed rules do not show it`);
};

const nameTwice = ({ snapshot: read }: Seen): Judged => {
  const snapshot = answerOf(read);
  if (snapshot === undefined) return noRules;
  return hasRepeatedNames(snapshot)
    ? confirmed("two rules have one name")
    : notShown("no two rules have one name");
};

const ruleEvents = /^ip_restrictions\.rule\.(?:added|changed|removed)$/;

const eventNamesRule = ({ log: read, snapshot: rules }: Seen): Judged => {
  const log = answerOf(read);
  const snapshot = answerOf(rules);
  if (log === undefined || snapshot === undefined) return notShown("the rules or the log could not be read");
  const events = log.events.filter(({ type }) => ruleEvents.test(type));
  if (events.length === 0) return notShown("the newest events have none of a rule");
  const names = new Set<unknown>(snapshot.rules.flatMap(({ id, name }) => [id, String(id), name]));
  const named = events.filter((event) => holdsOne(event, names)).length;
  if (named > 0) return confirmed(`${named} of ${events.length} events of rules name a rule of the account`);
  const isEmpty = events.every(({ context }) => context === null || JSON.stringify(context) === "{}");
  return isEmpty
    ? contradicted("events of rules have no context")
    : notShown("no event names a rule that is there");
};

const holdsOne = ({ context }: AuditEvent, names: ReadonlySet<unknown>): boolean => {
  const holds = (value: unknown): boolean =>
    typeof value === "object" && value !== null ? Object.values(value).some(holds) : names.has(value);
  return holds(context);
};

const disabledDecidesNothing = (seen: Seen): Judged => {
  const needs = notShown("needs an account whose allow entries are all disabled, and its validate endpoint");
  const found = checkedCaller(seen);
  if (found === undefined) return needs;
  const { snapshot, valid } = found;
  if (!hasDisabledAllow(snapshot) || hasEntries(snapshot, "allow")) return needs;
  if (valid) return confirmed("all allow entries are disabled, and the service would let this caller in");
  return hasEntries(snapshot, "deny")
    ? notShown("this caller may be in a denied range")
    : contradicted("all allow entries are disabled, and the service would block this caller");
};

const isBlocked = ({ snapshot }: Seen): boolean =>
  snapshot.kind === "failed" &&
  snapshot.diagnostics.some(({ code }) => code === "blocked-by-ip-restrictions");

const accountsListOpen = (seen: Seen): Judged => {
  if (!isBlocked(seen)) return notShown("needs a blocked caller");
  return seen.accounts.kind === "answered"
    ? confirmed("the list answered, and the account is blocked")
    : contradicted("the list is blocked too");
};

/** By the id that docs/doctor.md has it under. */
const assumptions: Readonly<Record<string, Assumption>> = {
  "default-limit": { text: "A list without `limit` gives 100 records", judge: defaultLimit },
  "rules-by-id": { text: "Rules are listed by id", judge: rulesById },
  "deny-only": {
    text: "With deny entries only, an address that matches nothing is allowed",
    judge: denyOnly,
  },
  "ipv6-covers-ipv4": { text: "`::/0` and the like cover IPv4 too", judge: ipv6CoversIpv4 },
  "access-computed": {
    text: "The service's own check of the caller agrees with the access computed here",
    judge: accessAgrees,
  },
  "range-twice": { text: "A range may be on two rules of one type", judge: rangeTwice },
  "name-twice": { text: "Two rules may have one name", judge: nameTwice },
  "deleted-hidden": { text: "Deleted rules and entries are not listed", judge: deletedHidden },
  "rules-show-enforcement": {
    text: "Every rule shows whether enforcement is on",
    judge: rulesShowEnforcement,
  },
  "disabled-decides-nothing": {
    text: "A disabled entry decides nothing, not even the default",
    judge: disabledDecidesNothing,
  },
  "event-names-rule": { text: "An event of a rule names its id or name", judge: eventNamesRule },
  "accounts-list-open": {
    text: "The list of accounts answers a blocked caller too",
    judge: accountsListOpen,
  },
  "put-enables": { text: "A PUT enables or disables an entry by its id", judge: needsWrite },
  "put-keeps-entries": {
    text: "A PUT that only renames accepts the kept entries with their ids",
    judge: needsWrite,
  },
  "put-empties": { text: "One PUT may empty a rule, or change its type", judge: needsWrite },
  "description-stays": { text: "A description cannot be cleared", judge: needsWrite },
  "create-without-enforcement": {
    text: "A rule may be created without saying whether enforcement is on",
    judge: needsWrite,
  },
};

/** In the order of the table. */
export const judgeAssumptions = (seen: Seen): readonly JudgedAssumption[] =>
  Object.entries(assumptions).map(([id, { text, judge }]) => ({ id, text, ...judge(seen) }));
