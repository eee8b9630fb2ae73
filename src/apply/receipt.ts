/**
 * The receipt of a run (docs/apply.md): its header, made from the plan, and its lines, one JSON document each in the file's
 * own spelling (snake_case). read-receipt.ts is the way back.
 */

import { formatPrefix, type Prefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import { overrideFlags } from "../model/guards.js";
import { present } from "../model/present.js";
import {
  isWholePolicy,
  type ReceiptEffect,
  type ReceiptEnd,
  type ReceiptHeader,
  type ReceiptPlannedStep,
  type ReceiptRecord,
} from "../model/receipt.js";
import type { Enforcement, RuleType } from "../model/rule.js";
import type { Plan, PlannedStep } from "../plan/plan.js";
import type { ApplyOptions } from "./result.js";

export const receiptFormat = "dbt-ip-rules/receipt";
export const receiptVersion = 2;

/** A rule as the file spells it. */
interface RuleDocument {
  readonly name: string;
  readonly type: RuleType;
  readonly description: string;
  readonly cidrs: readonly string[];
  readonly disabled_cidrs?: readonly string[];
}

/** A step of the header as the file spells it. */
export type StepDocument = Pick<ReceiptPlannedStep, "number" | "action" | "rule"> & {
  readonly renamed_from?: string;
  readonly effect?: Pick<RuleDocument, "type" | "description"> & {
    readonly cidrs_added: readonly string[];
    readonly cidrs_removed: readonly string[];
    readonly disabled_cidrs_added?: readonly string[];
    readonly disabled_cidrs_removed?: readonly string[];
  };
  readonly state_hash?: string;
};

/** schemas/receipt.schema.json, `header`. */
export type HeaderDocument = Omit<
  ReceiptHeader,
  "startedAt" | "policyRules" | "before" | "guards" | "steps"
> & {
  readonly started_at: string;
  readonly policy_rules?: readonly string[];
  readonly before?: { readonly enforcement: Enforcement; readonly rules: readonly RuleDocument[] };
  readonly guards?: { readonly must_allow: readonly string[]; readonly must_deny: readonly string[] };
  readonly steps: readonly StepDocument[];
};

/** schemas/receipt.schema.json, `record`. */
export type RecordDocument = Omit<ReceiptRecord, "serverAt" | "ruleId"> & {
  readonly server_at?: string;
  readonly rule_id?: number;
};

export const receiptLine = (line: ReceiptHeader | ReceiptRecord | ReceiptEnd): string => {
  if ("format" in line) return JSON.stringify(headerDocument(line));
  if ("end" in line) return JSON.stringify(line);
  return JSON.stringify(recordDocument(line));
};

const cidrs = (prefixes: readonly Prefix[]): readonly string[] => prefixes.map(formatPrefix);

const effectDocument = ({ added, removed, disabled, released, ...fields }: ReceiptEffect) => ({
  ...fields,
  cidrs_added: cidrs(added),
  cidrs_removed: cidrs(removed),
  ...present({
    disabled_cidrs_added: disabled && cidrs(disabled),
    disabled_cidrs_removed: released && cidrs(released),
  }),
});

const headerDocument = (header: ReceiptHeader): HeaderDocument => {
  const { startedAt, basis, policyRules, before, guards, steps, ...rest } = header;
  return {
    ...rest,
    started_at: startedAt,
    basis,
    ...present({ policy_rules: policyRules }),
    ...(before === undefined
      ? {}
      : {
          before: {
            enforcement: before.enforcement,
            rules: before.rules.map(({ prefixes: own, disabled, ...rule }) => ({
              ...rule,
              cidrs: cidrs(own),
              ...present({ disabled_cidrs: disabled && cidrs(disabled) }),
            })),
          },
        }),
    ...(guards === undefined
      ? {}
      : { guards: { must_allow: cidrs(guards.mustAllow), must_deny: cidrs(guards.mustDeny) } }),
    steps: steps.map(({ renamedFrom, effect, stateHash, ...step }) => ({
      ...step,
      ...present({
        renamed_from: renamedFrom,
        effect: effect && effectDocument(effect),
        state_hash: stateHash,
      }),
    })),
  };
};

const recordDocument = ({ step, outcome, at, serverAt, ruleId, ...rest }: ReceiptRecord): RecordDocument => ({
  step,
  outcome,
  at,
  ...present({ server_at: serverAt, rule_id: ruleId }),
  ...rest,
});

/** Flags that let pass what this plan would have been refused for; each once, in the order of the guards. */
const waivedFlags = ({ verdicts }: Plan, { overrides = [], allowLockout }: HeaderOptions): string[] => {
  const used = verdicts.flatMap(({ state, override }) =>
    override !== undefined && (state === "waived" || (state === "failed" && overrides.includes(override)))
      ? [override]
      : [],
  );
  return [...new Set([...used, ...(allowLockout === true ? [overrideFlags.lockout] : [])])];
};

/** All that is on the account after the plan and is not tolerated there. */
const policyRulesOf = ({ after, unmanaged }: Plan): string[] => {
  const others = new Set(unmanaged.map(({ rule }) => rule.name));
  return after.rules.map(({ name }) => name).filter((name) => !others.has(name));
};

type HeaderOptions = Pick<ApplyOptions, "tool" | "overrides" | "allowLockout" | "purpose" | "undoes">;

/** Names that the steps call a rule by, before and after them. */
const touchedBy = (steps: readonly ReceiptPlannedStep[]): ReadonlySet<string | undefined> =>
  new Set(steps.flatMap(({ rule, renamedFrom }) => [rule, renamedFrom]));

export const receiptHeader = (plan: Plan, options: HeaderOptions, now: Date): ReceiptHeader => {
  const { purpose = "apply", undoes } = options;
  const steps = plan.steps.map(receiptStep);
  const touched = touchedBy(steps);
  return {
    format: receiptFormat,
    version: receiptVersion,
    tool: options.tool,
    account: { id: plan.account.id, host: plan.account.host },
    startedAt: now.toISOString(),
    purpose,
    ...present({ undoes }),
    basis: { state: plan.basis.state, policy: plan.basis.policy },
    ...(isWholePolicy(purpose) ? { policyRules: policyRulesOf(plan) } : {}),
    waived: waivedFlags(plan, options),
    before: { ...plan.before, rules: plan.before.rules.filter(({ name }) => touched.has(name)) },
    ...present({ guards: plan.protects }),
    steps,
  };
};

const receiptStep = ({ number, step, stateHash }: PlannedStep): ReceiptPlannedStep => {
  switch (step.kind) {
    case "create": {
      const { name, type, description, prefixes: added, disabled } = step.rule;
      return {
        number,
        action: "create",
        rule: name,
        effect: { type, description, added, removed: [], ...present({ disabled }) },
        stateHash,
      };
    }
    case "update": {
      const { name, type, description } = step.becomes;
      return {
        number,
        action: "update",
        rule: name,
        ...(step.name === name ? {} : { renamedFrom: step.name }),
        effect: {
          ...{ type, description, added: step.add, removed: step.remove },
          ...present({ disabled: step.disable, released: step.release }),
        },
        stateHash,
      };
    }
    case "delete":
      return { number, action: "delete", rule: step.name, stateHash };
    case "enforcement":
      return { number, action: step.enabled ? "enable" : "disable", stateHash };
    default:
      return assertNever(step);
  }
};
