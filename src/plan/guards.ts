/**
 * What may stop a plan before its first write. Each verdict names the guard, the figure, the limit and the one flag that
 * lets it pass; a guard that was overridden stays visible. A new guard is a row in model/guards.ts, the codes of what it
 * says, and a check in the table here: both tables are closed, so that none of them is forgotten.
 */

import { AddressSet } from "../address/address-set.js";
import type { Address } from "../address/prefix.js";
import { rangesText } from "../model/address-words.js";
import { type Diagnostic, diagnostic, hasErrors, withSeverity } from "../model/diagnostic.js";
import { type GuardName, guardNames, guards as guardTable, type OverrideFlag } from "../model/guards.js";
import { present } from "../model/present.js";
import { discardOnly, isProbe, isStaleTemporary } from "../model/reserved-names.js";
import { type AccountState, hasDisabledAllow } from "../model/rule.js";
import { readableCount } from "../model/words.js";
import type { Guards, Policy } from "../policy/policy.js";
import { runPolicyTests } from "../policy/policy-tests.js";
import { entriesOf, isEnforced, type PlanAccessChange } from "./access-change.js";
import { cutOffFindings, type PlanReplay, type TrafficEvidence } from "./cut-off.js";
import type { OtherReading } from "./order/other-reading.js";
import { isUnconfirmed } from "./order/probe.js";
import type { Plan, PlannedStep, Verdict } from "./plan.js";
import { lostVerdicts, ofCaller, underMustAllow, underMustDeny } from "./protected-addresses.js";
import { turnsEnforcementOn } from "./step-effect.js";

/** What guards look at. */
interface GuardFacts {
  readonly policy: Policy;
  readonly before: AccountState;
  readonly after: AccountState;
  readonly changes: Plan["changes"];
  readonly unmanaged: Plan["unmanaged"];
  readonly steps: readonly PlannedStep[];
  readonly access: PlanAccessChange;
  readonly clientAddresses: readonly Address[];
  readonly overrides: ReadonlySet<OverrideFlag>;
  /** What reading the log came to, where it was read, and what it means for this plan. */
  readonly traffic?: TrafficEvidence | undefined;
  readonly replay?: PlanReplay | undefined;
  /** The same plan by the other reading of disabled allow entries; absent where the two agree. */
  readonly other?: OtherReading | undefined;
}

/** An error refuses; undefined: nobody asks, and the guard is not listed. */
export type GuardFindings =
  | readonly Diagnostic[]
  | { readonly notChecked: readonly Diagnostic[] }
  | undefined;

/** Undefined: of no meaning for such a plan, so nobody asks. */
export type GuardChecks<Facts> = {
  readonly [Name in GuardName]: ((facts: Facts) => GuardFindings) | undefined;
};

/** The verdicts of those guards that are asked, always in the same order. */
export const verdictsOf = <Facts extends Pick<GuardFacts, "overrides">>(
  checks: GuardChecks<Facts>,
  facts: Facts,
): Verdict[] =>
  guardNames.flatMap((guard) => {
    const found = checks[guard]?.(facts);
    return found === undefined ? [] : [verdictOf(guard, found, facts.overrides)];
  });

const verdictOf = (
  guard: GuardName,
  found: NonNullable<GuardFindings>,
  overrides: ReadonlySet<OverrideFlag>,
): Verdict => {
  const override = guardTable[guard].flag;
  const flag = present({ override });
  if ("notChecked" in found) return { guard, state: "not-checked", diagnostics: found.notChecked, ...flag };
  if (!hasErrors(found)) return { guard, state: "passed", diagnostics: found, ...flag };
  const waived = override !== undefined && overrides.has(override);
  return {
    guard,
    state: waived ? "waived" : "failed",
    diagnostics: waived ? found.map((one) => withSeverity(one, "warning")) : found,
    ...flag,
  };
};

/** Of a guard that no policy has to ask for, listed only where it fails. */
export const onlyFailed = (found: readonly Diagnostic[]): GuardFindings =>
  found.length === 0 ? undefined : found;

/**
 * By both readings: where only the other one objects, a diagnostic says so before its own. Nobody knows which of them
 * the service follows, so a plan has to pass both.
 */
const byBothReadings = (
  facts: GuardFacts,
  check: (facts: GuardFacts) => readonly Diagnostic[],
): readonly Diagnostic[] => {
  const found = check(facts);
  if (facts.other === undefined || hasErrors(found)) return found;
  const others = check({ ...facts, ...facts.other });
  return hasErrors(others) ? [...found, diagnostic("disabled-allow-unclear"), ...others] : found;
};

/** Deletes of rules against the limit; a limit of 30% of 2 rules is 0.6, so 1 is too many. */
export const removedRules = (
  { maxRemovedRules: limit }: Guards,
  { before, changes }: Pick<GuardFacts, "before" | "changes">,
): Diagnostic[] => {
  if (limit === undefined) return [];
  const removed = changes.filter((change) => change.kind === "delete" && change.reason !== "left-over");
  const known = before.rules.filter((rule) => !isStaleTemporary(rule)).length;
  const largest = "count" in limit ? limit.count : (limit.percent * known) / 100;
  if (removed.length <= largest) return [];
  const limitWords = "count" in limit ? `${limit.count}` : `${limit.percent}% of ${known}`;
  return [diagnostic("max-removed-rules", { removed: removed.length, limit: limitWords })];
};

/** `65,536, a /16`; a limit that is no prefix's size stays a number. */
const limitText = (limit: bigint, bits: number): string => {
  const digits = limit.toString(2);
  const isPower = limit > 1n && /^10*$/.test(digits) && digits.length - 1 <= bits;
  return isPower ? `${readableCount(limit)}, a /${bits + 1 - digits.length}` : readableCount(limit);
};

/** A probe that an earlier run has left denies addresses that nobody has: they are no gain once it is deleted. */
const gained = ({ before, access: { change } }: Pick<GuardFacts, "before" | "access">): AddressSet =>
  before.rules.some(isProbe)
    ? change.newlyAllowed.subtract(AddressSet.ofPrefixes([discardOnly]))
    : change.newlyAllowed;

export const newlyAllowed = (
  limits: Guards["maxNewlyAllowed"],
  facts: Pick<GuardFacts, "before" | "access">,
): Diagnostic[] => {
  const counts = gained(facts).count();
  const families = [
    ["IPv4", 32, counts.ipv4, limits.ipv4],
    ["IPv6", 128, counts.ipv6, limits.ipv6],
  ] as const;
  return families.flatMap(([family, bits, count, limit]) =>
    limit === undefined || count <= limit
      ? []
      : [
          diagnostic("max-newly-allowed", {
            addresses: `${facts.access.sure === undefined ? "" : "up to "}${readableCount(count)} ${family} address${count === 1n ? "" : "es"}`,
            limit: limitText(limit, bits),
          }),
        ],
  );
};

const unmanagedRules = ({ unmanaged }: GuardFacts): Diagnostic[] =>
  unmanaged
    .filter(({ disposition }) => disposition === "refused")
    .map(({ rule }) => diagnostic("unmanaged-rule", { rule: rule.name }));

export const disturbances = ({ steps }: Pick<GuardFacts, "steps">): Diagnostic[] =>
  steps
    .filter(({ disturbs }) => !disturbs.allowed.isEmpty() || !disturbs.blocked.isEmpty())
    .map(({ number, disturbs: { blocked, allowed } }) =>
      diagnostic("step-disturbs", {
        step: number,
        ...(blocked.isEmpty() ? {} : { blocks: rangesText(blocked, 5) }),
        ...(allowed.isEmpty() ? {} : { allows: rangesText(allowed, 5) }),
      }),
    );

/** What one empty listing shows is not believed (probe.ts), whatever flags are given. */
const unconfirmed = ({ before, after }: GuardFacts): Diagnostic[] =>
  isUnconfirmed(before, after) ? [diagnostic("account-not-confirmed", { found: "only-probe" })] : [];

const policyTests = ({ policy, after }: GuardFacts): GuardFindings =>
  policy.tests.length === 0
    ? undefined
    : runPolicyTests(policy, entriesOf(after))
        .filter(({ passed }) => !passed)
        .flatMap(({ diagnostics }) => diagnostics);

/** Enforced, with allow rules of which none has an entry in force. */
export const isLeftOpen = (after: AccountState): boolean => {
  const allows = after.rules.filter(({ type }) => type === "allow");
  return isEnforced(after) && allows.length > 0 && allows.every(({ prefixes }) => prefixes.length === 0);
};

/**
 * Allow rules, of the policy or kept on the account, without any entry in force: an enforced account is open then to
 * whatever is not denied. Nothing waives this, so that its verdict has no flag.
 */
export const noAllowInForce = (rules: Policy["rules"], after: AccountState): Diagnostic[] => {
  if (!isEnforced(after)) return [];
  const isInForce = after.rules.some(({ type, prefixes }) => type === "allow" && prefixes.length > 0);
  if (!isInForce && after.rules.some(hasDisabledAllow))
    return [diagnostic("allow-only-disabled", { of: "account" })];
  const own = rules.filter(({ type }) => type === "allow");
  const isOwn = own.length > 0 && own.every(({ entries }) => entries.length === 0);
  if (!isOwn && !isLeftOpen(after)) return [];
  return [diagnostic("no-allow-in-force", { of: "account", own: isOwn }, isOwn ? own[0]?.source : undefined)];
};

/** Whoever turns enforcement on should know of one address that it does not lock out. */
export const firstEnforcement = (
  turnsOn: boolean,
  mustAllow: Guards["mustAllow"],
  clientAddresses: readonly Address[],
): GuardFindings => {
  if (!turnsOn) return undefined;
  return mustAllow.length > 0 || clientAddresses.length > 0 ? [] : [diagnostic("enforcement-unguarded")];
};

/**
 * Where the caller's address is not known. `matters`: calls are made, and somebody may be blocked by them; `blocks`: they
 * do block addresses. Where the plan turns enforcement on unguarded, `first-enforcement` says that, and more.
 */
export const callerNotChecked = (
  mustAllow: Guards["mustAllow"],
  plan: { readonly matters: boolean; readonly blocks: boolean; readonly turnsOn: boolean },
): GuardFindings => {
  const isGuarded = mustAllow.length > 0;
  const isSaid = !isGuarded && plan.turnsOn;
  const code = !isGuarded && plan.blocks ? "caller-unguarded" : "caller-unknown";
  return { notChecked: plan.matters && !isSaid ? [diagnostic(code)] : [] };
};

const caller = (facts: GuardFacts): GuardFindings => {
  const { policy, steps, access, clientAddresses } = facts;
  if (clientAddresses.length > 0)
    return byBothReadings(facts, (one) => lostVerdicts(one, ofCaller(clientAddresses)));
  return callerNotChecked(policy.guards.mustAllow, {
    matters: steps.length > 0 && (access.enforcedBefore || access.enforcedAfter),
    blocks: steps.some((step) => !step.access.newlyBlocked.isEmpty()),
    turnsOn: turnsEnforcementOn(steps),
  });
};

const kept = (facts: GuardFacts, wanted: ReturnType<typeof underMustAllow>): GuardFindings =>
  wanted.length === 0 ? undefined : byBothReadings(facts, (one) => lostVerdicts(one, wanted));

const cutOff = ({ policy: { guards }, steps, traffic, replay }: GuardFacts): GuardFindings =>
  guards.maxCutOff === undefined && traffic === undefined
    ? undefined
    : cutOffFindings(guards, steps.length, traffic, replay);

const checks: GuardChecks<GuardFacts> = {
  "confirmed-account": (facts) => onlyFailed(unconfirmed(facts)),
  "allow-in-force": ({ policy, after }) => onlyFailed(noAllowInForce(policy.rules, after)),
  "policy-tests": policyTests,
  "must-allow": (facts) => kept(facts, underMustAllow(facts.policy.guards.mustAllow)),
  caller,
  "first-enforcement": (facts) =>
    firstEnforcement(turnsEnforcementOn(facts.steps), facts.policy.guards.mustAllow, facts.clientAddresses),
  "must-deny": (facts) => kept(facts, underMustDeny(facts.policy.guards.mustDeny)),
  "max-removed-rules": (facts) => removedRules(facts.policy.guards, facts),
  "max-newly-allowed": (facts) =>
    byBothReadings(facts, (one) => newlyAllowed(one.policy.guards.maxNewlyAllowed, one)),
  "max-cut-off": cutOff,
  "unmanaged-rules": unmanagedRules,
  disturbance: (facts) => byBothReadings(facts, disturbances),
};

/** The verdicts on all that the policy asks for, those that passed too. */
export const guardVerdicts = (facts: GuardFacts): Verdict[] => verdictsOf(checks, facts);

/**
 * The guards and tests that failed and whose override is not among the flags given. An address of the caller that was
 * not known when the plan was made settles `first-enforcement`.
 */
export const remainingRefusals = (
  { verdicts }: Pick<Plan, "verdicts">,
  flags: Iterable<OverrideFlag>,
  clientAddresses: readonly Address[] = [],
): readonly Verdict[] => {
  const given = new Set(flags);
  return verdicts.filter(
    ({ guard, state, override }) =>
      state === "failed" &&
      (override === undefined || !given.has(override)) &&
      !(guard === "first-enforcement" && clientAddresses.length > 0),
  );
};
