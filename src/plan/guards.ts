/**
 * What may stop a plan before its first write. Each verdict names the guard, the figure, the limit and the one
 * flag that lets it pass; a guard that was overridden stays visible.
 */
import { AddressSet } from "../address/address-set.js";
import { type Address, formatPrefix, type Prefix } from "../address/prefix.js";
import { rangesText } from "../model/address-words.js";
import { type Diagnostic, diagnostic, hasErrors, withSeverity } from "../model/diagnostic.js";
import { type GuardName, guardFlags, type OverrideFlag } from "../model/guards.js";
import { discardOnly, isProbe, isStaleTemporary } from "../model/reserved-names.js";
import type { AccountState } from "../model/rule.js";
import { readableCount } from "../model/words.js";
import type { Guards, Policy, PolicyEntry } from "../policy/policy.js";
import { runPolicyTests } from "../policy/policy-tests.js";
import { accessOf, entriesOf, hasDisabledAllow, isEnforced } from "./access-change.js";
import { cutOffFindings, type PlanReplay, type TrafficEvidence } from "./cut-off.js";
import type { OtherReading } from "./order/other-reading.js";
import { isUnconfirmed } from "./order/probe.js";
import type { MustHold, Plan, PlanAccessChange, PlannedStep, Verdict } from "./plan.js";

/** What guards look at. */
export interface Guarded {
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

/** Addresses that must keep one verdict, and what they are called in messages. */
interface Protected {
  readonly code: "must-allow" | "must-deny" | "lockout-client";
  readonly what: string;
  readonly wanted: "allowed" | "blocked";
  readonly prefix: Prefix;
  readonly source?: PolicyEntry["source"] | undefined;
}

/**
 * The first step that takes the wanted verdict away, and, where no step does, that it is not there in the end.
 * An address that has the other verdict before the plan is only looked at in the end: the plan may be its cure.
 */
const violations = (
  guarded: Pick<Guarded, "after" | "steps">,
  wanted: readonly Protected[],
  flag: OverrideFlag,
): Diagnostic[] => {
  if (wanted.length === 0) return [];
  const { after, steps } = guarded;
  const inTheEnd = accessOf(after);
  const lostAtEnd = { allowed: inTheEnd.blocked(), blocked: inTheEnd.allowed() };
  const ifEnforced = accessOf(after, "assumed");
  return wanted.flatMap((one): Diagnostic[] => {
    const set = AddressSet.ofPrefixes([one.prefix]);
    const { code, what, source } = one;
    for (const { number, access } of steps) {
      const lost = set.intersect(one.wanted === "allowed" ? access.newlyBlocked : access.newlyAllowed);
      if (lost.isEmpty()) continue;
      const prefixes = rangesText(lost, 5);
      return [diagnostic(code, { prefixes, what, flag, step: number }, source)];
    }
    const lost = set.intersect(lostAtEnd[one.wanted]);
    if (!lost.isEmpty() && (one.wanted === "allowed" || isEnforced(after)))
      return [diagnostic(code, { prefixes: rangesText(lost, 5), what, flag }, source)];
    return onceEnabled(
      one,
      set.intersect(one.wanted === "allowed" ? ifEnforced.blocked() : ifEnforced.allowed()),
    );
  });
};

/** Enforcement is off, so nothing is violated today; but whoever turns it on will want to know. */
const onceEnabled = (one: Protected, lost: AddressSet): Diagnostic[] =>
  lost.isEmpty()
    ? []
    : [diagnostic(`${one.code}-once-enabled`, { prefixes: rangesText(lost, 5), what: one.what })];

/** A policy's entries, or the prefixes of a plan. */
interface Wanted {
  readonly mustAllow: readonly ProtectedPrefix[];
  readonly mustDeny: readonly ProtectedPrefix[];
}
interface ProtectedPrefix {
  readonly prefix: Prefix;
  readonly source?: PolicyEntry["source"] | undefined;
}

/**
 * By both readings: where only the other one objects, a diagnostic says so before its own. Nobody knows which of them
 * the service follows, so a plan has to pass both.
 */
const byBothReadings = (guarded: Guarded, check: (guarded: Guarded) => Diagnostic[]): Diagnostic[] => {
  const found = check(guarded);
  if (guarded.other === undefined || hasErrors(found)) return found;
  const others = check({ ...guarded, ...guarded.other });
  return hasErrors(others) ? [...found, diagnostic("disabled-allow-unclear"), ...others] : found;
};

const protectedByPolicy = (guards: Wanted): { mustAllow: Protected[]; mustDeny: Protected[] } => ({
  mustAllow: guards.mustAllow.map(({ prefix, source }) => ({
    code: "must-allow",
    what: `under \`must_allow\` in ${formatPrefix(prefix)}`,
    wanted: "allowed",
    prefix,
    source,
  })),
  mustDeny: guards.mustDeny.map(({ prefix, source }) => ({
    code: "must-deny",
    what: `under \`must_deny\` in ${formatPrefix(prefix)}`,
    wanted: "blocked",
    prefix,
    source,
  })),
});

const protectedCallers = (addresses: readonly Address[]): Protected[] =>
  addresses.map((network) => ({
    code: "lockout-client",
    what: "the address that this run comes from",
    wanted: "allowed",
    prefix: { network, length: 128 },
  }));

type Overridable = {
  [Name in GuardName]: (typeof guardFlags)[Name] extends OverrideFlag ? Name : never;
}[GuardName];

export const verdict = (
  guard: Overridable,
  diagnostics: readonly Diagnostic[],
  overrides: ReadonlySet<OverrideFlag>,
): Verdict => {
  const override = guardFlags[guard];
  const refused = hasErrors(diagnostics);
  const waived = refused && overrides.has(override);
  return {
    guard,
    state: waived ? "waived" : refused ? "failed" : "passed",
    diagnostics: waived ? diagnostics.map((one) => withSeverity(one, "warning")) : diagnostics,
    override,
  };
};

/** Deletes of rules against the limit; a limit of 30% of 2 rules is 0.6, so 1 is too many. */
export const removedRules = ({
  policy,
  before,
  changes,
}: Pick<Guarded, "before" | "changes"> & { readonly policy: Pick<Policy, "guards"> }): Diagnostic[] => {
  const limit = policy.guards.maxRemovedRules;
  if (limit === undefined) return [];
  const removed = changes.filter((change) => change.kind === "delete" && change.reason !== "left-over");
  const present = before.rules.filter((rule) => !isStaleTemporary(rule)).length;
  const largest = "count" in limit ? limit.count : (limit.percent * present) / 100;
  if (removed.length <= largest) return [];
  const told = "count" in limit ? `${limit.count}` : `${limit.percent}% of ${present}`;
  return [diagnostic("max-removed-rules", { removed: removed.length, limit: told })];
};

/** `65,536, a /16`; a limit that is no prefix's size stays a number. */
const limitText = (limit: bigint, bits: number): string => {
  const digits = limit.toString(2);
  const isPower = limit > 1n && /^10*$/.test(digits) && digits.length - 1 <= bits;
  return isPower ? `${readableCount(limit)}, a /${bits + 1 - digits.length}` : readableCount(limit);
};

/** A probe that an earlier run has left denies addresses that nobody has: they are no gain once it goes. */
const gained = ({ before, access: { change } }: Pick<Guarded, "before" | "access">): AddressSet =>
  before.rules.some(isProbe)
    ? change.newlyAllowed.subtract(AddressSet.ofPrefixes([discardOnly]))
    : change.newlyAllowed;

export const newlyAllowed = (
  limits: Guards["maxNewlyAllowed"],
  guarded: Pick<Guarded, "before" | "access">,
): Diagnostic[] => {
  const counts = gained(guarded).count();
  const families = [
    ["IPv4", 32, counts.ipv4, limits.ipv4],
    ["IPv6", 128, counts.ipv6, limits.ipv6],
  ] as const;
  return families.flatMap(([family, bits, count, limit]) =>
    limit === undefined || count <= limit
      ? []
      : [
          diagnostic("max-newly-allowed", {
            addresses: `${guarded.access.sure === undefined ? "" : "up to "}${readableCount(count)} ${family} address${count === 1n ? "" : "es"}`,
            limit: limitText(limit, bits),
          }),
        ],
  );
};

const unmanagedRules = ({ unmanaged }: Guarded): Diagnostic[] =>
  unmanaged
    .filter(({ disposition }) => disposition === "refused")
    .map(({ rule }) => diagnostic("unmanaged-rule", { rule: rule.name }));

const disturbances = ({ steps }: Pick<Guarded, "steps">): Diagnostic[] =>
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
const unconfirmed = ({ before, after }: Guarded): Verdict[] =>
  isUnconfirmed(before, after)
    ? [
        {
          guard: "confirmed-account",
          state: "failed",
          diagnostics: [diagnostic("account-not-confirmed", { found: "only-probe" })],
        },
      ]
    : [];

const policyTests = ({ policy, after }: Guarded): Diagnostic[] =>
  runPolicyTests(policy, entriesOf(after))
    .filter(({ passed }) => !passed)
    .flatMap(({ diagnostics }) => diagnostics);

/**
 * Allow rules, of the policy or kept on the account, without any entry in force: an enforced account is open then to
 * whatever is not denied. Nothing waives this, so that its verdict has no flag.
 */
const noAllowInForce = ({ policy, after }: Guarded): Diagnostic[] => {
  if (!isEnforced(after)) return [];
  const isHeld = after.rules.some(({ type, prefixes }) => type === "allow" && prefixes.length > 0);
  if (!isHeld && after.rules.some(hasDisabledAllow))
    return [diagnostic("allow-only-disabled", { of: "account" })];
  const own = policy.rules.filter(({ type }) => type === "allow");
  const isOwn = own.length > 0 && own.every(({ entries }) => entries.length === 0);
  if (!isOwn && !isLeftOpen(after)) return [];
  return [diagnostic("no-allow-in-force", { of: "account", own: isOwn }, isOwn ? own[0]?.source : undefined)];
};

/** Nobody is blocked where enforcement stays off or no call is made; elsewhere it is said that this was not checked. */
const callerNotChecked = ({ policy, steps, access }: Guarded): Verdict => {
  const matters = steps.length > 0 && (access.enforcedBefore || access.enforcedAfter);
  const unguarded =
    policy.guards.mustAllow.length === 0 && steps.some((step) => !step.access.newlyBlocked.isEmpty());
  // Then `first-enforcement` says it, and more.
  const isSaid = policy.guards.mustAllow.length === 0 && turnsEnforcementOn(steps);
  return {
    guard: "caller",
    state: "not-checked",
    diagnostics: matters && !isSaid ? [diagnostic(unguarded ? "caller-unguarded" : "caller-unknown")] : [],
    override: guardFlags.caller,
  };
};

const turnsEnforcementOn = (steps: readonly PlannedStep[]): boolean =>
  steps.some(({ step }) => step.kind === "enforcement" && step.enabled);

/** Whoever turns enforcement on should know of one address that it does not lock out. */
const firstEnforcement = ({ policy, clientAddresses }: Guarded): Diagnostic[] =>
  policy.guards.mustAllow.length > 0 || clientAddresses.length > 0
    ? []
    : [diagnostic("enforcement-unguarded")];

const cutOff = ({ policy, steps, traffic, replay }: Guarded): Diagnostic[] =>
  cutOffFindings(policy.guards, steps.length, traffic, replay);

/**
 * The verdicts on all that the policy asks for, those that passed too, always in the same order. In front of them,
 * only where it fails, the one that no policy has to ask for.
 */
export const guardVerdicts = (guarded: Guarded): Verdict[] => {
  const { policy, overrides, clientAddresses } = guarded;
  const { mustAllow, mustDeny } = protectedByPolicy(policy.guards);
  const kept = (guard: Overridable, wanted: readonly Protected[]): Verdict =>
    verdict(
      guard,
      byBothReadings(guarded, (one) => violations(one, wanted, guardFlags[guard])),
      overrides,
    );
  const open = noAllowInForce(guarded);
  return [
    ...unconfirmed(guarded),
    ...(open.length === 0
      ? []
      : [{ guard: "allow-in-force" as const, state: "failed" as const, diagnostics: open }]),
    ...(policy.tests.length === 0 ? [] : [verdict("policy-tests", policyTests(guarded), overrides)]),
    ...(mustAllow.length === 0 ? [] : [kept("must-allow", mustAllow)]),
    clientAddresses.length === 0
      ? callerNotChecked(guarded)
      : kept("caller", protectedCallers(clientAddresses)),
    ...(turnsEnforcementOn(guarded.steps)
      ? [verdict("first-enforcement", firstEnforcement(guarded), overrides)]
      : []),
    ...(mustDeny.length === 0 ? [] : [kept("must-deny", mustDeny)]),
    verdict("max-removed-rules", removedRules(guarded), overrides),
    verdict(
      "max-newly-allowed",
      byBothReadings(guarded, (one) => newlyAllowed(policy.guards.maxNewlyAllowed, one)),
      overrides,
    ),
    ...(policy.guards.maxCutOff === undefined && guarded.traffic === undefined
      ? []
      : [verdict("max-cut-off", cutOff(guarded), overrides)]),
    verdict("unmanaged-rules", unmanagedRules(guarded), overrides),
    verdict("disturbance", byBothReadings(guarded, disturbances), overrides),
  ];
};

/**
 * Of the guards that passed when the plan was made, what speaks against its last steps on an account that others have
 * changed since. The caller's own addresses are for apply, which knows them.
 */
export const brokenGuards = (
  { verdicts, mustHold }: Pick<Plan, "verdicts" | "mustHold">,
  facts: Pick<Guarded, "before" | "after" | "steps" | "access">,
): Diagnostic[] => {
  if (mustHold === undefined) return [];
  const passed = new Set(verdicts.filter(({ state }) => state === "passed").map(({ guard }) => guard));
  const entries = (prefixes: readonly Prefix[]): ProtectedPrefix[] => prefixes.map((prefix) => ({ prefix }));
  const { mustAllow, mustDeny } = protectedByPolicy({
    mustAllow: entries(mustHold.mustAllow),
    mustDeny: entries(mustHold.mustDeny),
  });
  const found: readonly (readonly [GuardName, () => Diagnostic[]])[] = [
    ["policy-tests", () => brokenTests(mustHold, facts.after)],
    ["must-allow", () => violations(facts, mustAllow, guardFlags["must-allow"])],
    ["must-deny", () => violations(facts, mustDeny, guardFlags["must-deny"])],
    ["max-newly-allowed", () => newlyAllowed(mustHold.maxNewlyAllowed, facts)],
    ["disturbance", () => disturbances(facts)],
  ];
  return [
    ...(isLeftOpen(facts.after) ? [diagnostic("no-allow-in-force", { of: "account", own: false })] : []),
    ...found.flatMap(([guard, check]) => (passed.has(guard) ? check() : [])),
  ].filter(({ severity }) => severity === "error");
};

/**
 * Of a plan that passed `max-cut-off`, on an account that others have changed since: addresses that the steps after the
 * first `done` ones block in the end (`access`), and that the plan does not. The log was read for the plan alone, and the
 * file of a plan holds no address of it: who uses them is not known, so the guard does not pass.
 */
export const cutOffSince = (
  { verdicts, steps, access: planned }: Pick<Plan, "verdicts" | "steps" | "access">,
  done: number,
  access: PlanAccessChange,
): Diagnostic[] => {
  if (!verdicts.some(({ guard, state }) => guard === "max-cut-off" && state === "passed")) return [];
  const byThePlan = steps
    .slice(done)
    .reduce((all, step) => all.union(step.access.newlyBlocked), planned.change.newlyBlocked);
  const more = access.change.newlyBlocked.subtract(byThePlan);
  return more.isEmpty() ? [] : [diagnostic("cut-off-changed", { prefixes: rangesText(more, 5) })];
};

/** Enforced, with allow rules of which none has an entry in force. */
const isLeftOpen = (after: AccountState): boolean => {
  const allows = after.rules.filter(({ type }) => type === "allow");
  return isEnforced(after) && allows.length > 0 && allows.every(({ prefixes }) => prefixes.length === 0);
};

const brokenTests = ({ tests }: MustHold, after: AccountState): Diagnostic[] => {
  const map = accessOf(after, "assumed");
  const [allowed, blocked] = [map.allowed(), map.blocked()];
  const passes = tests.every(
    (test) =>
      AddressSet.ofPrefixes(test.allowed).intersect(blocked).isEmpty() &&
      AddressSet.ofPrefixes(test.denied).intersect(allowed).isEmpty(),
  );
  return passes ? [] : [diagnostic("guard-failed", { guard: "policy-tests" })];
};

/**
 * The guards and tests that failed and whose override is not among the flags given. An address of the caller that was
 * not known when the plan was made settles `first-enforcement`.
 */
export const standingRefusals = (
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
