/**
 * What may refuse a plan of Terraform: the caller's own lockout, enforcement that is turned on unguarded, and an account
 * that is left open, always; and what a file of checks asks for. Where not everything is known, or the order is free, a
 * check has to hold in every case.
 */
import { AddressSet } from "../../address/address-set.js";
import { type Address, everything, prefixKey } from "../../address/prefix.js";
import { rangesText } from "../../model/address-words.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import type { OverrideFlag } from "../../model/guards.js";
import type { AccountState } from "../../model/rule.js";
import type { Policy, PolicyEntry } from "../../policy/policy.js";
import { type DecidingEntry, runPolicyTests } from "../../policy/policy-tests.js";
import { accessOf, entriesOf, isEnforced, type PlanAccessChange } from "../access-change.js";
import { cutOffFindings, type PlanReplay, type TrafficEvidence } from "../cut-off.js";
import {
  callerNotChecked,
  firstEnforcement,
  type GuardChecks,
  type GuardFindings,
  newlyAllowed,
  noAllowInForce,
  onlyFailed,
  removedRules,
  verdictsOf,
} from "../guards.js";
import type { Change, Verdict } from "../plan.js";
import { ofCaller, type ProtectedAddresses, underMustAllow, underMustDeny } from "../protected-addresses.js";
import type { RuleCall } from "./calls.js";
import type { WorstOrder } from "./orders.js";
import { leastAccess, mayAllow, mostAccess, type PartialState } from "./partial-state.js";

interface TerraformFacts {
  /** `tests` and `guards` of the file of checks; absent: none was given. */
  readonly checks: Pick<Policy, "tests" | "guards" | "rules"> | undefined;
  readonly before: AccountState;
  /** Once all calls are made, as far as it is known. */
  readonly end: PartialState;
  /** The same without the ranges that the service may refuse to a rule. */
  readonly accepted: { readonly after: AccountState; readonly end: PartialState };
  readonly worst: WorstOrder;
  readonly changes: readonly Change[];
  readonly access: PlanAccessChange;
  readonly calls: readonly Pick<RuleCall, "sets">[];
  readonly clientAddresses: readonly Address[];
  readonly overrides: ReadonlySet<OverrideFlag>;
  readonly traffic?: TrafficEvidence | undefined;
  readonly replay?: PlanReplay | undefined;
}

/** What a protected address is called that Terraform's calls may take from. */
const codes = {
  "lockout-client": "terraform-lockout",
  "must-allow": "terraform-must-allow",
  "must-deny": "terraform-must-deny",
} as const;

/** The addresses that lose a verdict, by where; and those that would once enforcement is on. */
interface Losses {
  readonly now: AddressSet;
  readonly end: AddressSet;
  readonly unknown: AddressSet;
  readonly between: AddressSet;
  readonly onceEnabled: AddressSet;
}

const lossesOf = ({ before, end, worst }: TerraformFacts, wanted: "allowed" | "blocked"): Losses => {
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

/** An address that has the other verdict before the plan is only looked at in the end: the plan may be its cure. */
const lossOf = (one: ProtectedAddresses, losses: Losses, isExact: boolean): readonly Diagnostic[] => {
  const { code, what, flag, source } = one;
  const set = AddressSet.ofPrefixes([one.prefix]);
  const lost = (
    when: "end" | "stays" | "unknown" | "orders" | "orders-may",
    addresses: AddressSet,
  ): readonly Diagnostic[] => [
    diagnostic(codes[code], { prefixes: rangesText(addresses, 5), what, flag, when }, source),
  ];
  const gone = set.intersect(losses.end);
  if (!gone.isEmpty()) return lost(gone.subtract(losses.now).isEmpty() ? "stays" : "end", gone);
  const uncertain = set.intersect(losses.unknown);
  if (!uncertain.isEmpty()) return lost("unknown", uncertain);
  const between = set.intersect(losses.between).subtract(losses.now);
  if (!between.isEmpty()) return lost(isExact ? "orders" : "orders-may", between);
  const later = set.intersect(losses.onceEnabled);
  return later.isEmpty()
    ? []
    : [diagnostic(`${code}-once-enabled`, { prefixes: rangesText(later, 5), what })];
};

const kept = (facts: TerraformFacts, wanted: readonly ProtectedAddresses[]): GuardFindings => {
  const [first] = wanted;
  if (first === undefined) return undefined;
  const losses = lossesOf(facts, first.wanted);
  return wanted.flatMap((one) => lossOf(one, losses, facts.worst.exact));
};

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
const policyTests = ({ checks, end }: TerraformFacts): GuardFindings => {
  if (checks === undefined || checks.tests.length === 0) return undefined;
  const enforced = { ...end, enforcement: new Set(["on"] as const) };
  const results = [leastAccess(enforced), mostAccess(enforced)].map((state) =>
    runPolicyTests(checks, testedEntries(state)),
  );
  return checks.tests.flatMap((_, index) => {
    const failed = results.map((all) => all[index]).find((one) => one?.passed === false);
    return failed?.diagnostics ?? [];
  });
};

/** Whether some call may turn on what the account does not show to be on. */
const turnsEnforcementOn = ({ before, calls }: TerraformFacts): boolean =>
  before.enforcement !== "enabled" && calls.some(({ sets }) => sets === "on" || sets === "unknown");

const mustAllowOf = ({ checks }: TerraformFacts): readonly PolicyEntry[] => checks?.guards.mustAllow ?? [];

const caller = (facts: TerraformFacts): GuardFindings => {
  const { calls, access, worst, clientAddresses } = facts;
  if (clientAddresses.length > 0) return kept(facts, ofCaller(clientAddresses));
  return callerNotChecked(mustAllowOf(facts), {
    matters: calls.length > 0 && (access.enforcedBefore || access.enforcedAfter),
    blocks: !access.change.newlyBlocked.isEmpty() || !worst.blocked.isEmpty(),
    turnsOn: turnsEnforcementOn(facts),
  });
};

/** Where an allow entry may be there of which nothing is known, the bounds of the access change say what may happen. */
const allowInForce = ({ accepted: { after, end } }: TerraformFacts): readonly Diagnostic[] =>
  mayAllow(end) ? [] : noAllowInForce([], after);

const checksOfTerraform: GuardChecks<TerraformFacts> = {
  // Terraform's plan says which rules there are, manages some of them only, and its calls have their own report.
  "confirmed-account": undefined,
  "unmanaged-rules": undefined,
  disturbance: undefined,
  "allow-in-force": (facts) => onlyFailed(allowInForce(facts)),
  "policy-tests": policyTests,
  "must-allow": (facts) => kept(facts, underMustAllow(mustAllowOf(facts))),
  caller,
  "first-enforcement": (facts) =>
    firstEnforcement(turnsEnforcementOn(facts), mustAllowOf(facts), facts.clientAddresses),
  "must-deny": (facts) => kept(facts, underMustDeny(facts.checks?.guards.mustDeny ?? [])),
  "max-removed-rules": (facts) => facts.checks && removedRules(facts.checks.guards, facts),
  "max-newly-allowed": (facts) => facts.checks && newlyAllowed(facts.checks.guards.maxNewlyAllowed, facts),
  "max-cut-off": ({ checks, calls, traffic, replay }) =>
    checks?.guards.maxCutOff === undefined
      ? undefined
      : cutOffFindings(checks.guards, calls.length, traffic, replay),
};

export const terraformVerdicts = (facts: TerraformFacts): readonly Verdict[] =>
  verdictsOf(checksOfTerraform, facts);
