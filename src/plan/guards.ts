/**
 * What may stop a plan before its first write. Each verdict names the guard, the figure, the limit and the one
 * flag that lets it pass; a guard that was overridden stays visible.
 */
import { AddressSet } from "../address/address-set.js";
import { type Address, formatPrefix, type Prefix } from "../address/prefix.js";
import { rangesText } from "../model/address-words.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { discardOnly, isProbe, isStaleTemporary } from "../model/reserved-names.js";
import type { AccountState } from "../model/rule.js";
import { readableCount } from "../model/words.js";
import type { Guards, Policy, PolicyEntry } from "../policy/policy.js";
import { runPolicyTests } from "../policy/policy-tests.js";
import { accessOf, entriesOf, isEnforced } from "./access-change.js";
import { isUnconfirmed } from "./order/probe.js";
import type { Plan, PlanAccessChange, PlannedStep, Verdict } from "./plan.js";

/** The flags, one or two guards each; no flag contains another. */
export const overrideFlags = {
  lockout: "--allow-lockout",
  disturbance: "--accept-disturbance",
  removedRules: "--allow-removed-rules",
  newlyAllowed: "--allow-newly-allowed",
  mustDeny: "--allow-must-deny",
  unmanaged: "--allow-unmanaged-rules",
  tests: "--allow-failed-tests",
} as const;

export type OverrideFlag = (typeof overrideFlags)[keyof typeof overrideFlags];

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
}

const guardRefusal = (
  code: string,
  message: string,
  hint: string,
  source?: PolicyEntry["source"],
): Diagnostic => ({
  code,
  severity: "error",
  message,
  hint,
  ...(source && { source }),
});

/** Addresses that must keep one verdict, and what they are called in messages. */
interface Protected {
  readonly code: string;
  readonly what: string;
  readonly wanted: "allowed" | "blocked";
  readonly prefix: Prefix;
  readonly source?: PolicyEntry["source"];
}

/**
 * The first step that takes the wanted verdict away, and, where no step does, that it is not there in the end.
 * An address that has the other verdict before the plan is only looked at in the end: the plan may be its cure.
 */
const violations = (guarded: Guarded, wanted: readonly Protected[], flag: OverrideFlag): Diagnostic[] => {
  if (wanted.length === 0) return [];
  const { after, steps } = guarded;
  const inTheEnd = accessOf(after);
  const lostAtEnd = { allowed: inTheEnd.blocked(), blocked: inTheEnd.allowed() };
  const ifEnforced = accessOf(after, "assumed");
  return wanted.flatMap((one): Diagnostic[] => {
    const set = AddressSet.ofPrefixes([one.prefix]);
    const verb = one.wanted === "allowed" ? "blocks" : "lets in";
    const hint = `Change the policy, or go on regardless with ${flag}`;
    for (const { number, access } of steps) {
      const lost = set.intersect(one.wanted === "allowed" ? access.newlyBlocked : access.newlyAllowed);
      if (lost.isEmpty()) continue;
      const message = `Step ${number} ${verb} ${rangesText(lost, 5)}, ${one.what}`;
      return [guardRefusal(one.code, message, hint, one.source)];
    }
    const lost = set.intersect(lostAtEnd[one.wanted]);
    if (!lost.isEmpty() && (one.wanted === "allowed" || isEnforced(after))) {
      const state = one.wanted === "allowed" ? "blocked" : "allowed";
      return [
        guardRefusal(
          one.code,
          `${rangesText(lost, 5)} is ${state} and stays so, but is ${one.what}`,
          hint,
          one.source,
        ),
      ];
    }
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
    : [
        {
          code: `${one.code}-once-enabled`,
          severity: "warning",
          message: `Once enforcement is on, ${rangesText(lost, 5)} would be ${one.wanted === "allowed" ? "blocked" : "allowed"}, but is ${one.what}`,
          hint: "Change the policy before enforcement is turned on",
        },
      ];

const protectedByPolicy = (guards: Guards): { mustAllow: Protected[]; mustDeny: Protected[] } => ({
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

const verdict = (
  guard: string,
  diagnostics: readonly Diagnostic[],
  override: OverrideFlag,
  overrides: ReadonlySet<OverrideFlag>,
): Verdict => {
  const refused = diagnostics.some(({ severity }) => severity === "error");
  const waived = refused && overrides.has(override);
  return {
    guard,
    state: waived ? "waived" : refused ? "failed" : "passed",
    diagnostics: waived ? diagnostics.map((one) => ({ ...one, severity: "warning" as const })) : diagnostics,
    override,
  };
};

/** Deletes of rules against the limit; a limit of 30% of 2 rules is 0.6, so 1 is too many. */
const removedRules = ({ policy, before, changes }: Guarded): Diagnostic[] => {
  const limit = policy.guards.maxRemovedRules;
  if (limit === undefined) return [];
  const removed = changes.filter((change) => change.kind === "delete" && change.reason === "unmanaged");
  const present = before.rules.filter((rule) => !isStaleTemporary(rule)).length;
  const largest = "count" in limit ? limit.count : (limit.percent * present) / 100;
  if (removed.length <= largest) return [];
  const told = "count" in limit ? `${limit.count}` : `${limit.percent}% of ${present}`;
  return [
    guardRefusal(
      "max-removed-rules",
      `The plan deletes ${removed.length} rule${removed.length === 1 ? "" : "s"}; \`max_removed_rules\` is ${told}`,
      `Check that they are meant to go, then raise the limit or use ${overrideFlags.removedRules}`,
    ),
  ];
};

/** `65,536, a /16`; a limit that is no prefix's size stays a number. */
const limitText = (limit: bigint, bits: number): string => {
  const digits = limit.toString(2);
  const isPower = limit > 1n && /^10*$/.test(digits) && digits.length - 1 <= bits;
  return isPower ? `${readableCount(limit)}, a /${bits + 1 - digits.length}` : readableCount(limit);
};

/** A probe that an earlier run has left denies addresses that nobody has: they are no gain once it goes. */
const gained = ({ before, access: { change } }: Guarded): AddressSet =>
  before.rules.some(isProbe)
    ? change.newlyAllowed.subtract(AddressSet.ofPrefixes([discardOnly]))
    : change.newlyAllowed;

const newlyAllowed = (guarded: Guarded): Diagnostic[] => {
  const { policy } = guarded;
  const counts = gained(guarded).count();
  const families = [
    ["IPv4", 32, counts.ipv4, policy.guards.maxNewlyAllowed.ipv4],
    ["IPv6", 128, counts.ipv6, policy.guards.maxNewlyAllowed.ipv6],
  ] as const;
  return families.flatMap(([family, bits, count, limit]) =>
    limit === undefined || count <= limit
      ? []
      : [
          guardRefusal(
            "max-newly-allowed",
            `The plan lets in ${readableCount(count)} ${family} address${count === 1n ? "" : "es"}; \`max_newly_allowed\` is ${limitText(limit, bits)}`,
            `Check that they are meant to get in, then raise the limit or use ${overrideFlags.newlyAllowed}`,
          ),
        ],
  );
};

const unmanagedRules = ({ unmanaged }: Guarded): Diagnostic[] =>
  unmanaged
    .filter(({ disposition }) => disposition === "refused")
    .map(({ rule }) =>
      guardRefusal(
        "unmanaged-rule",
        `The account has the rule ${JSON.stringify(rule.name)}, which is not in the policy`,
        `Add it to the policy (\`import\` writes it), delete it, set \`unmanaged_rules: keep\`, or use ${overrideFlags.unmanaged}`,
      ),
    );

const disturbances = ({ steps }: Guarded): Diagnostic[] =>
  steps
    .filter(({ disturbs }) => !disturbs.allowed.isEmpty() || !disturbs.blocked.isEmpty())
    .map(({ number, disturbs }) => {
      const parts = [
        ...(disturbs.blocked.isEmpty() ? [] : [`blocks ${rangesText(disturbs.blocked, 5)}`]),
        ...(disturbs.allowed.isEmpty() ? [] : [`lets in ${rangesText(disturbs.allowed, 5)}`]),
      ];
      return guardRefusal(
        "step-disturbs",
        `After step ${number} the account ${parts.join(" and ")} for a while, though neither the account nor the policy does`,
        `Apply the change in smaller parts, or accept it with ${overrideFlags.disturbance}`,
      );
    });

/** What one empty listing shows is not believed (probe.ts), whatever flags are given. */
const unconfirmed = ({ before, after }: Guarded): Verdict[] =>
  isUnconfirmed(before, after)
    ? [{ guard: "confirmed-account", state: "failed", diagnostics: [notConfirmed] }]
    : [];

const notConfirmed = guardRefusal(
  "account-not-confirmed",
  "The account shows no rules but the temporary one that denies only 100::/64, and not that enforcement is off: rules may be in force that the listing does not show",
  "Look at the IP restrictions in the dbt platform. If there are other rules, plan again once the plan shows them; if there are none, turn enforcement off there, then plan again",
);

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
  const own = policy.rules.filter(({ type }) => type === "allow");
  const all = after.rules.filter(({ type }) => type === "allow");
  const isOwn = own.length > 0 && own.every(({ entries }) => entries.length === 0);
  if (!isOwn && (all.length === 0 || all.some(({ prefixes }) => prefixes.length > 0))) return [];
  return [
    guardRefusal(
      "no-allow-in-force",
      isOwn
        ? `The account is enforced, and no allow entry of the policy is in force: ${openedBy}`
        : `The account is enforced, and none of its allow rules has an entry: ${openedBy}`,
      isOwn
        ? "Add or renew an allow entry; if the account is to be open, delete the allow rules from the policy"
        : "Add an allow entry; if the account is to be open, delete its empty allow rules",
      isOwn ? own[0]?.source : undefined,
    ),
  ];
};

const openedBy = "without any, every address that is not denied is allowed";

/** Nobody is shut out where enforcement stays off or no call is made; elsewhere it is said that nobody looked. */
const callerNotChecked = ({ policy, steps, access }: Guarded): Verdict => {
  const matters = steps.length > 0 && (access.enforcedBefore || access.enforcedAfter);
  const unguarded =
    policy.guards.mustAllow.length === 0 && steps.some((step) => !step.access.newlyBlocked.isEmpty());
  return {
    guard: "caller",
    state: "not-checked",
    diagnostics: matters ? [diagnostic(unguarded ? "caller-unguarded" : "caller-unknown")] : [],
    override: overrideFlags.lockout,
  };
};

/**
 * The verdicts on all that the policy asks for, those that passed too, always in the same order. In front of them,
 * only where it fails, the one that no policy has to ask for.
 */
export const guardVerdicts = (guarded: Guarded): Verdict[] => {
  const { policy, overrides, clientAddresses } = guarded;
  const { mustAllow, mustDeny } = protectedByPolicy(policy.guards);
  const flags = overrideFlags;
  const lockout = (wanted: readonly Protected[]): Diagnostic[] => violations(guarded, wanted, flags.lockout);
  const open = noAllowInForce(guarded);
  return [
    ...unconfirmed(guarded),
    ...(open.length === 0 ? [] : [{ guard: "allow-in-force", state: "failed" as const, diagnostics: open }]),
    ...(policy.tests.length === 0
      ? []
      : [verdict("policy-tests", policyTests(guarded), flags.tests, overrides)]),
    ...(mustAllow.length === 0 ? [] : [verdict("must-allow", lockout(mustAllow), flags.lockout, overrides)]),
    clientAddresses.length === 0
      ? callerNotChecked(guarded)
      : verdict("caller", lockout(protectedCallers(clientAddresses)), flags.lockout, overrides),
    ...(mustDeny.length === 0
      ? []
      : [verdict("must-deny", violations(guarded, mustDeny, flags.mustDeny), flags.mustDeny, overrides)]),
    verdict("max-removed-rules", removedRules(guarded), flags.removedRules, overrides),
    verdict("max-newly-allowed", newlyAllowed(guarded), flags.newlyAllowed, overrides),
    verdict("unmanaged-rules", unmanagedRules(guarded), flags.unmanaged, overrides),
    verdict("disturbance", disturbances(guarded), flags.disturbance, overrides),
  ];
};

/** The guards and tests that failed and whose override is not among the flags given. */
export const standingRefusals = (
  { verdicts }: Pick<Plan, "verdicts">,
  flags: Iterable<OverrideFlag>,
): readonly Verdict[] => {
  // A saved plan may name a flag of another release, which then is never among those given.
  const given = new Set<string>(flags);
  return verdicts.filter(
    ({ state, override }) => state === "failed" && (override === undefined || !given.has(override)),
  );
};
