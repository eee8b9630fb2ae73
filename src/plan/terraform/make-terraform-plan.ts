/**
 * From Terraform's plan and the account as read to a plan like any other: who gains and loses access, and by which rule.
 * Pure. What is not known is not guessed: where a value is missing, the plan holds bounds and no exact figure.
 */
import { AddressSet } from "../../address/address-set.js";
import type { Address } from "../../address/prefix.js";
import { rangesText } from "../../model/address-words.js";
import { type Diagnostic, diagnostic, hasErrors } from "../../model/diagnostic.js";
import type { OverrideFlag } from "../../model/guards.js";
import { present } from "../../model/present.js";
import type { AccountState, Enforcement } from "../../model/rule.js";
import type { Snapshot } from "../../model/snapshot.js";
import type { Policy } from "../../policy/policy.js";
import type { TerraformPlan } from "../../terraform/plan.js";
import {
  type AccessChange,
  accessChange,
  directionOf,
  isEffective,
  isEnforced,
  type PlanAccessChange,
  planAccessChange,
} from "../access-change.js";
import { planReplay, type TrafficEvidence } from "../cut-off.js";
import { diffStates } from "../diff-states.js";
import type { Change, Plan, TerraformFindings } from "../plan.js";
import { contradictions, hashState } from "../state.js";
import { type RuleCall, terraformCalls } from "./calls.js";
import { stateAfter, type WorstOrder, worstOrder } from "./orders.js";
import { leastAccess, mostAccess, type PartialState } from "./partial-state.js";
import { acceptedCalls, refusalsOf, refusedRanges } from "./refusals.js";
import { ordersOf, statesOf } from "./states.js";
import { terraformVerdicts } from "./verdicts.js";

export interface TerraformInput {
  readonly terraform: TerraformPlan;
  readonly snapshot: Snapshot;
  /** The file of checks as a policy: only its tests and guards are looked at. */
  readonly checks?: Policy | undefined;
  /** What reading the checks brought to light. */
  readonly diagnostics?: readonly Diagnostic[];
  readonly clientAddresses?: readonly Address[];
  readonly overrides?: ReadonlySet<OverrideFlag>;
  readonly traffic?: TrafficEvidence | undefined;
}

interface TerraformResult {
  /** Absent where there are errors. */
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
}

const isKnown = ({ rules, enforcement }: PartialState): boolean =>
  enforcement.size === 1 &&
  rules.every(
    ({ type, anyRange, entries }) =>
      type !== "unknown" && !anyRange && entries.every(({ certain }) => certain),
  );

const joined = (allowed: AccessChange, blocked: AccessChange): AccessChange => ({
  direction: directionOf(allowed.newlyAllowed, blocked.newlyBlocked),
  newlyAllowed: allowed.newlyAllowed,
  newlyBlocked: blocked.newlyBlocked,
  parts: [
    ...allowed.parts.filter(({ verdict }) => verdict === "allowed"),
    ...blocked.parts.filter(({ verdict }) => verdict === "blocked"),
  ],
});

/** Where not everything is known: what happens in any case, and all that may happen. */
const boundedAccess = (before: AccountState, end: PartialState): PlanAccessChange => {
  const mayBeOn = end.enforcement.has("on");
  const isOff = !isEnforced(before) && !mayBeOn;
  const enforced = isOff ? "assumed" : "as-is";
  const looked: PartialState = isOff ? { ...end, enforcement: new Set(["on"] as const) } : end;
  const least = accessChange(before, leastAccess(looked), { enforced });
  const most = accessChange(before, mostAccess(looked), { enforced });
  const [change, sure] = [joined(most, least), joined(least, most)];
  const isExact =
    change.newlyAllowed.equals(sure.newlyAllowed) && change.newlyBlocked.equals(sure.newlyBlocked);
  return {
    change,
    // What is not known need not matter, such as a range while enforcement is turned off.
    ...(isExact ? {} : { sure }),
    enforcedBefore: isEffective(before),
    enforcedAfter: mayBeOn,
  };
};

const enforcementOf = (end: PartialState, before: Enforcement, isSet: boolean): Enforcement | "either" => {
  if (!isSet) return before;
  if (end.enforcement.size > 1) return "either";
  return end.enforcement.has("on") ? "enabled" : "disabled";
};

/** What resources set enforcement to, where that is not all the same and what the account has. */
const flipsOf = (
  calls: readonly RuleCall[],
  before: Enforcement,
  after: Enforcement | "either",
): readonly Diagnostic[] => {
  const by = (value: "on" | "off" | "unknown"): readonly string[] =>
    calls.flatMap(({ sets, change }) => (sets === value ? [change.address] : []));
  const set = { on: by("on"), off: by("off"), unknown: by("unknown") };
  const values = [set.on, set.off, set.unknown].filter((all) => all.length > 0).length;
  if (values === 0) return [];
  if (values > 1 || set.unknown.length > 0) {
    const ends = after === "enabled" ? "on" : after === "disabled" ? "off" : "unknown";
    return [diagnostic("terraform-enforcement-mixed", { ...set, ends })];
  }
  if (after === before || after === "either" || after === "unknown") return [];
  return [diagnostic("terraform-enforcement", { ...set, to: after === "enabled" ? "on" : "off" })];
};

const orderNotes = (worst: WorstOrder, calls: readonly RuleCall[]): readonly Diagnostic[] => {
  const first = worst.example.map((index) => `${calls[index]!.verb} ${calls[index]!.change.address}`);
  const until = worst.exact ? "next" : "may";
  const late = worst.exact ? worst.blockedUntilLast : AddressSet.empty;
  const found = (
    code: "terraform-order-blocks" | "terraform-order-allows",
    set: WorstOrder["blocked"],
    when: "last" | "next" | "may",
  ): readonly Diagnostic[] =>
    set.isEmpty() ? [] : [diagnostic(code, { prefixes: rangesText(set, 5), until: when, first })];
  return [
    ...found("terraform-order-blocks", late, "last"),
    ...found("terraform-order-blocks", worst.blocked.subtract(late), until),
    ...found("terraform-order-allows", worst.allowed, until),
  ];
};

const byTerraform = (change: Change): Change =>
  change.kind === "delete" ? { ...change, reason: "terraform" } : change;

export const makeTerraformPlan = (input: TerraformInput): TerraformResult => {
  const { terraform, snapshot, checks, clientAddresses = [], overrides = new Set(), traffic } = input;
  const found = terraformCalls(terraform, snapshot);
  const wrong = [...(input.diagnostics ?? []), ...contradictions(snapshotRules(snapshot), "of the account")];
  if (hasErrors([...wrong, ...found.diagnostics])) return { diagnostics: [...wrong, ...found.diagnostics] };
  const states = statesOf(found);
  const before: AccountState = { enforcement: snapshot.enforcement, rules: states.before };
  const orders = ordersOf(found, before);
  const end = stateAfter(orders, () => true);
  const refusals = refusalsOf(found);
  const isSet = found.calls.some(({ sets }) => sets !== undefined);
  const enforcementAfter = enforcementOf(end, before.enforcement, isSet);
  const after: AccountState = {
    enforcement: enforcementAfter === "either" ? "unknown" : enforcementAfter,
    rules: states.after,
  };
  const taken = acceptedCalls(found, refusals);
  const accepted = {
    after: { ...after, rules: statesOf(taken).after },
    end: stateAfter(ordersOf(taken, before), () => true),
  };
  const worst = worstOrder(orders);
  const exact = worst.exact && terraform.graph.isWhole;
  const access = isKnown(end) ? planAccessChange(before, after) : boundedAccess(before, end);
  const changes = diffStates(before, after, states.renames).map(byTerraform);
  const { enabledForServiceTokens } = snapshot;
  const replay =
    traffic?.kind === "read"
      ? planReplay(traffic.traffic, { before, after, serviceTokensSubject: enabledForServiceTokens })
      : undefined;
  const flips = flipsOf(found.calls, before.enforcement, enforcementAfter);
  const shown = { ...worst, exact };
  const diagnostics = [
    ...flips,
    ...found.diagnostics,
    ...refusedRanges(found, orders, refusals),
    ...orderNotes(shown, found.calls),
    ...wrong,
  ];
  const findings: TerraformFindings = {
    calls: found.calls.map(({ verb, change, before: was, after: is, sets, waitsFor }) => ({
      verb,
      address: change.address,
      rule: (is ?? was)?.name ?? "",
      ...present({ sets }),
      waitsFor,
    })),
    enforcementAfter,
    flips,
    unknown: terraform.changes.flatMap(({ address, action, after: is }) =>
      is === undefined || is.unknown.length === 0 || action === "none"
        ? []
        : [{ address, attributes: is.unknown }],
    ),
    orders: {
      exact,
      blocked: worst.blocked,
      blockedUntilLast: worst.blockedUntilLast,
      allowed: worst.allowed,
      example: worst.example,
    },
  };
  const plan: Plan = {
    account: { id: snapshot.accountId, host: snapshot.host },
    before,
    after,
    basis: { state: hashState(before), policy: "" },
    changes,
    unmanaged: states.unmanaged,
    steps: [],
    access,
    verdicts: terraformVerdicts({
      ...{ checks, before, end, accepted, worst: shown, changes, access },
      ...{ clientAddresses, overrides, traffic, replay, calls: found.calls },
    }),
    diagnostics,
    ...present({ enabledForServiceTokens, replay }),
    expired: [],
    expiring: [],
    lists: [],
    terraform: findings,
  };
  return { plan, diagnostics };
};

const snapshotRules = ({ rules }: Snapshot) =>
  rules.map(({ name, type, entries }) => ({ name, type, prefixes: entries.map(({ prefix }) => prefix) }));
