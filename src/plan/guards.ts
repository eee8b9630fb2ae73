/**
 * What may stop a plan before its first write. Each verdict names the guard, the figure, the limit and the one
 * flag that lets it pass; a guard that was overridden stays visible.
 */
import { AccessMap } from "../address/access-map.js";
import { AddressSet } from "../address/address-set.js";
import { type Address, formatPrefix, type Prefix } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import type { Guards, Policy, PolicyEntry } from "../policy/policy.js";
import { runPolicyTests } from "../policy/policy-tests.js";
import { entriesOf, isEnforced } from "./access-change.js";
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

export interface Guarded {
  readonly policy: Policy;
  readonly before: AccountState;
  readonly after: AccountState;
  readonly changes: Plan["changes"];
  readonly unmanaged: Plan["unmanaged"];
  readonly steps: readonly PlannedStep[];
  readonly access: PlanAccessChange;
  readonly clientAddresses: readonly Address[];
  readonly overrides: ReadonlySet<string>;
}

const error = (code: string, message: string, hint: string, source?: PolicyEntry["source"]): Diagnostic => ({
  code,
  severity: "error",
  message,
  hint,
  ...(source && { source }),
});

const verdict = (
  guard: string,
  diagnostics: readonly Diagnostic[],
  override: OverrideFlag,
  overrides: ReadonlySet<string>,
): Verdict => {
  const refused = diagnostics.some(({ severity }) => severity === "error");
  const waived = refused && overrides.has(override);
  return {
    guard,
    passed: !refused || waived,
    diagnostics: waived ? diagnostics.map((one) => ({ ...one, severity: "warning" as const })) : diagnostics,
    override,
  };
};

const shownPrefixes = 5;

const prefixList = (set: AddressSet): string => {
  const prefixes = set.prefixes();
  const more = prefixes.length - shownPrefixes;
  const shown = prefixes.slice(0, shownPrefixes).map(formatPrefix).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
};

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
  const inTheEnd = AccessMap.of(entriesOf(after), { enforced: isEnforced(after) });
  const lostAtEnd = { allowed: inTheEnd.blocked(), blocked: inTheEnd.allowed() };
  const ifEnforced = AccessMap.of(entriesOf(after), { enforced: true });
  return wanted.flatMap((one): Diagnostic[] => {
    const set = AddressSet.ofPrefixes([one.prefix]);
    const verb = one.wanted === "allowed" ? "blocks" : "lets in";
    const hint = `Change the policy, or go on regardless with ${flag}`;
    for (const { number, access } of steps) {
      const lost = set.intersect(one.wanted === "allowed" ? access.newlyBlocked : access.newlyAllowed);
      if (lost.isEmpty()) continue;
      const message = `Step ${number} ${verb} ${prefixList(lost)}, ${one.what}`;
      return [error(one.code, message, hint, one.source)];
    }
    const lost = set.intersect(lostAtEnd[one.wanted]);
    if (!lost.isEmpty() && (one.wanted === "allowed" || isEnforced(after))) {
      const state = one.wanted === "allowed" ? "blocked" : "allowed";
      return [
        error(one.code, `${prefixList(lost)} is ${state} and stays so, but is ${one.what}`, hint, one.source),
      ];
    }
    return onceEnabled(
      one,
      set.intersect(one.wanted === "allowed" ? ifEnforced.blocked() : ifEnforced.allowed()),
    );
  });
};

/** The switch is off, so nothing is violated today; but whoever turns it on will want to know. */
const onceEnabled = (one: Protected, lost: AddressSet): Diagnostic[] =>
  lost.isEmpty()
    ? []
    : [
        {
          code: `${one.code}-once-enabled`,
          severity: "warning",
          message: `Once enforcement is on, ${prefixList(lost)} would be ${one.wanted === "allowed" ? "blocked" : "allowed"}, but is ${one.what}`,
          hint: "Change the policy before enforcement is turned on",
        },
      ];

const fromGuard = (guards: Guards): { mustAllow: Protected[]; mustDeny: Protected[] } => ({
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

const clients = (addresses: readonly Address[]): Protected[] =>
  addresses.map((network) => ({
    code: "lockout-client",
    what: "the address that this run comes from",
    wanted: "allowed",
    prefix: { network, length: 128 },
  }));

/** Deletes of rules against the limit; a limit of 30% of 2 rules is 0.6, so 1 is too many. */
const removedRules = ({ policy, before, changes }: Guarded): Diagnostic[] => {
  const limit = policy.guards.maxRemovedRules;
  if (limit === undefined) return [];
  const removed = changes.filter((change) => change.kind === "delete" && change.reason === "unmanaged");
  const largest = "count" in limit ? limit.count : (limit.percent * before.rules.length) / 100;
  if (removed.length <= largest) return [];
  const told = "count" in limit ? `${limit.count}` : `${limit.percent}% of ${before.rules.length}`;
  return [
    error(
      "max-removed-rules",
      `The plan deletes ${removed.length} rule${removed.length === 1 ? "" : "s"}; \`max_removed_rules\` is ${told}`,
      `Check that they are meant to go, then raise the limit or use ${overrideFlags.removedRules}`,
    ),
  ];
};

const newlyAllowed = ({ policy, access }: Guarded): Diagnostic[] => {
  const counts = access.change.newlyAllowed.count();
  const families = [
    ["IPv4", counts.ipv4, policy.guards.maxNewlyAllowed.ipv4],
    ["IPv6", counts.ipv6, policy.guards.maxNewlyAllowed.ipv6],
  ] as const;
  return families.flatMap(([family, count, limit]) =>
    limit === undefined || count <= limit
      ? []
      : [
          error(
            "max-newly-allowed",
            `The plan lets in ${count} ${family} addresses; \`max_newly_allowed\` is ${limit}`,
            `Check that they are meant to get in, then raise the limit or use ${overrideFlags.newlyAllowed}`,
          ),
        ],
  );
};

const unmanagedRules = ({ unmanaged }: Guarded): Diagnostic[] =>
  unmanaged
    .filter(({ fate }) => fate === "refused")
    .map(({ rule }) =>
      error(
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
        ...(disturbs.blocked.isEmpty() ? [] : [`blocks ${prefixList(disturbs.blocked)}`]),
        ...(disturbs.allowed.isEmpty() ? [] : [`lets in ${prefixList(disturbs.allowed)}`]),
      ];
      return error(
        "step-disturbs",
        `After step ${number} the account ${parts.join(" and ")} for a while, though neither the account nor the policy does`,
        `Apply the change in smaller parts, or accept it with ${overrideFlags.disturbance}`,
      );
    });

const policyTests = ({ policy, after }: Guarded): Diagnostic[] =>
  runPolicyTests(policy, entriesOf(after))
    .filter(({ passed }) => !passed)
    .flatMap(({ diagnostics }) => diagnostics);

/** All verdicts, those that passed too, always in the same order. */
export const judge = (guarded: Guarded): Verdict[] => {
  const { policy, overrides, clientAddresses } = guarded;
  const { mustAllow, mustDeny } = fromGuard(policy.guards);
  const flags = overrideFlags;
  const lockout = (wanted: readonly Protected[]): Diagnostic[] => violations(guarded, wanted, flags.lockout);
  return [
    verdict("policy-tests", policyTests(guarded), flags.tests, overrides),
    verdict("must-allow", lockout(mustAllow), flags.lockout, overrides),
    verdict("caller", lockout(clients(clientAddresses)), flags.lockout, overrides),
    verdict("must-deny", violations(guarded, mustDeny, flags.mustDeny), flags.mustDeny, overrides),
    verdict("max-removed-rules", removedRules(guarded), flags.removedRules, overrides),
    verdict("max-newly-allowed", newlyAllowed(guarded), flags.newlyAllowed, overrides),
    verdict("unmanaged-rules", unmanagedRules(guarded), flags.unmanaged, overrides),
    verdict("disturbance", disturbances(guarded), flags.disturbance, overrides),
  ];
};
