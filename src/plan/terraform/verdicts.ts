/**
 * What may refuse a plan of Terraform: the caller's own lockout, always, and what a file of checks asks for. Where not
 * everything is known, or the order is free, a check has to hold in every case.
 */
import { AddressSet } from "../../address/address-set.js";
import { type Address, everything, formatPrefix, type Prefix, prefixKey } from "../../address/prefix.js";
import { rangesText } from "../../model/address-words.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import { guardFlags, type OverrideFlag } from "../../model/guards.js";
import type { AccountState } from "../../model/rule.js";
import type { Policy, PolicyEntry } from "../../policy/policy.js";
import { type DecidingEntry, runPolicyTests } from "../../policy/policy-tests.js";
import { accessOf, entriesOf, isEnforced } from "../access-change.js";
import { cutOffFindings, type PlanReplay, type TrafficEvidence } from "../cut-off.js";
import { newlyAllowed, removedRules, verdict } from "../guards.js";
import type { Change, PlanAccessChange, Verdict } from "../plan.js";
import type { WorstOrder } from "./orders.js";
import { leastAccess, mostAccess, type PartialState } from "./partial-state.js";

export interface TerraformGuarded {
  /** `tests` and `guards` of the file of checks; absent: none was given. */
  readonly checks: Pick<Policy, "tests" | "guards" | "rules"> | undefined;
  readonly before: AccountState;
  /** Once all calls are made, as far as it is known. */
  readonly end: PartialState;
  readonly worst: WorstOrder;
  readonly changes: readonly Change[];
  readonly access: PlanAccessChange;
  readonly calls: number;
  readonly clientAddresses: readonly Address[];
  readonly overrides: ReadonlySet<OverrideFlag>;
  readonly traffic?: TrafficEvidence | undefined;
  readonly replay?: PlanReplay | undefined;
}

interface Protected {
  readonly code: "terraform-lockout" | "terraform-must-allow" | "terraform-must-deny";
  readonly what: string;
  readonly prefix: Prefix;
  readonly source?: PolicyEntry["source"];
}

/** The addresses that lose a verdict, by where; and those that would once enforcement is on. */
interface Losses {
  readonly now: AddressSet;
  readonly end: AddressSet;
  readonly unknown: AddressSet;
  readonly between: AddressSet;
  readonly onceEnabled: AddressSet;
}

const lossesOf = ({ before, end, worst }: TerraformGuarded, wanted: "allowed" | "blocked"): Losses => {
  const now = accessOf(before);
  const [least, most] = [accessOf(leastAccess(end)), accessOf(mostAccess(end))];
  const enforced = { ...end, enforcement: new Set(["on"] as const) };
  if (wanted === "allowed")
    return {
      now: now.blocked(),
      end: most.blocked(),
      unknown: least.blocked(),
      between: worst.everBlocked,
      onceEnabled: accessOf(leastAccess(enforced)).blocked(),
    };
  // Where nothing is enforced before or after, nothing is asked of it that it could hold to.
  const isOff = !isEnforced(before) && !end.enforcement.has("on");
  return {
    now: now.allowed(),
    end: isOff ? AddressSet.empty : least.allowed(),
    unknown: isOff ? AddressSet.empty : most.allowed(),
    between: worst.everAllowed,
    onceEnabled: accessOf(mostAccess(enforced)).allowed(),
  };
};

const onceEnabled = {
  "terraform-lockout": "lockout-client-once-enabled",
  "terraform-must-allow": "must-allow-once-enabled",
  "terraform-must-deny": "must-deny-once-enabled",
} as const;

/** An address that has the other verdict before the plan is only looked at in the end: the plan may be its cure. */
const lossOf = (
  one: Protected,
  losses: Losses,
  isExact: boolean,
  flag: OverrideFlag,
): readonly Diagnostic[] => {
  const { code, what, source } = one;
  const set = AddressSet.ofPrefixes([one.prefix]);
  const lost = (
    when: "end" | "stays" | "unknown" | "orders" | "orders-may",
    addresses: AddressSet,
  ): readonly Diagnostic[] => [
    diagnostic(code, { prefixes: rangesText(addresses, 5), what, flag, when }, source),
  ];
  const gone = set.intersect(losses.end);
  if (!gone.isEmpty()) return lost(gone.subtract(losses.now).isEmpty() ? "stays" : "end", gone);
  const uncertain = set.intersect(losses.unknown);
  if (!uncertain.isEmpty()) return lost("unknown", uncertain);
  const between = set.intersect(losses.between).subtract(losses.now);
  if (!between.isEmpty()) return lost(isExact ? "orders" : "orders-may", between);
  const later = set.intersect(losses.onceEnabled);
  return later.isEmpty() ? [] : [diagnostic(onceEnabled[code], { prefixes: rangesText(later, 5), what })];
};

const kept = (
  guarded: TerraformGuarded,
  guard: "caller" | "must-allow" | "must-deny",
  all: readonly Protected[],
): Verdict => {
  const losses = lossesOf(guarded, guard === "must-deny" ? "blocked" : "allowed");
  const flag = guardFlags[guard];
  const found = all.flatMap((one) => lossOf(one, losses, guarded.worst.exact, flag));
  return verdict(guard, found, guarded.overrides);
};

const protectedBy = (
  code: Protected["code"],
  key: string,
  entries: readonly PolicyEntry[],
): readonly Protected[] =>
  entries.map(({ prefix, source }) => ({
    code,
    what: `under \`${key}\` in ${formatPrefix(prefix)}`,
    prefix,
    source,
  }));

/** All entries of a bound as tests see them: they take enforcement to be on, and know no default that is not in a rule. */
const testedEntries = (state: AccountState): readonly DecidingEntry[] => {
  const entries = entriesOf(state);
  const whole = prefixKey(everything);
  if (state.disabledAllowCounts !== true || entries.some(({ prefix }) => prefixKey(prefix) === whole))
    return entries;
  const [of] = state.rules.filter(({ disabled = [] }) => disabled.length > 0);
  return [...entries, { rule: of?.name ?? "", type: "deny", prefix: everything }];
};

/** In both bounds: what fails in one of them fails. */
const policyTests = ({ checks, end }: TerraformGuarded): readonly Diagnostic[] => {
  if (checks === undefined) return [];
  const enforced = { ...end, enforcement: new Set(["on"] as const) };
  const results = [leastAccess(enforced), mostAccess(enforced)].map((state) =>
    runPolicyTests(checks, testedEntries(state)),
  );
  return checks.tests.flatMap((_, index) => {
    const failed = results.map((all) => all[index]).find((one) => one?.passed === false);
    return failed?.diagnostics ?? [];
  });
};

/** Nobody is blocked where no call is made. */
const callerNotChecked = ({ calls, access, worst, checks }: TerraformGuarded): Verdict => {
  const matters = calls > 0 && (access.enforcedBefore || access.enforcedAfter);
  const blocks = !access.change.newlyBlocked.isEmpty() || !worst.blocked.isEmpty();
  const unguarded = blocks && (checks?.guards.mustAllow.length ?? 0) === 0;
  return {
    guard: "caller",
    state: "not-checked",
    diagnostics: matters ? [diagnostic(unguarded ? "caller-unguarded" : "caller-unknown")] : [],
    override: guardFlags.caller,
  };
};

const callers = (addresses: readonly Address[]): readonly Protected[] =>
  addresses.map((network) => ({
    code: "terraform-lockout",
    what: "the address that this run comes from",
    prefix: { network, length: 128 },
  }));

export const terraformVerdicts = (guarded: TerraformGuarded): readonly Verdict[] => {
  const { checks, clientAddresses, overrides, before, changes, access, calls, traffic, replay } = guarded;
  const caller =
    clientAddresses.length === 0
      ? callerNotChecked(guarded)
      : kept(guarded, "caller", callers(clientAddresses));
  if (checks === undefined) return [caller];
  const { guards, tests } = checks;
  const mustAllow = protectedBy("terraform-must-allow", "must_allow", guards.mustAllow);
  const mustDeny = protectedBy("terraform-must-deny", "must_deny", guards.mustDeny);
  return [
    ...(tests.length === 0 ? [] : [verdict("policy-tests", policyTests(guarded), overrides)]),
    ...(mustAllow.length === 0 ? [] : [kept(guarded, "must-allow", mustAllow)]),
    caller,
    ...(mustDeny.length === 0 ? [] : [kept(guarded, "must-deny", mustDeny)]),
    verdict("max-removed-rules", removedRules({ policy: checks, before, changes }), overrides),
    verdict("max-newly-allowed", newlyAllowed(guards.maxNewlyAllowed, { before, access }), overrides),
    ...(guards.maxCutOff === undefined
      ? []
      : [verdict("max-cut-off", cutOffFindings(guards, calls, traffic, replay), overrides)]),
  ];
};
