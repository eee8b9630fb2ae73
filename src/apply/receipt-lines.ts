/**
 * The lines of a receipt (docs/apply.md): one JSON document a line, in the file's own spelling (snake_case), and
 * the way back. The only place that knows both spellings.
 */
import { assertNever } from "../model/assert.js";
import type { ReceiptEnd, ReceiptHeader, ReceiptPlannedStep, ReceiptRecord } from "../model/receipt.js";
import { overrideFlags } from "../plan/guards.js";
import type { Plan, PlannedStep } from "../plan/plan.js";
import type { ApplyOptions } from "./result.js";
import { bareFlag } from "./stops.js";

export const receiptFormat = "dbt-ip-rules/receipt";
export const receiptVersion = 1;

/** A step of the header as the file spells it. */
type StepDocument = Pick<ReceiptPlannedStep, "number" | "action" | "rule"> & {
  readonly renamed_from?: string;
};

/** schemas/receipt.schema.json, `header`. */
export type HeaderDocument = Omit<ReceiptHeader, "startedAt" | "steps"> & {
  readonly started_at: string;
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

const headerDocument = ({ startedAt, basis, steps, ...rest }: ReceiptHeader): HeaderDocument => ({
  ...rest,
  started_at: startedAt,
  basis,
  steps: steps.map(({ renamedFrom, ...step }) => ({
    ...step,
    ...(renamedFrom === undefined ? {} : { renamed_from: renamedFrom }),
  })),
});

export const headerOf = ({ started_at, basis, steps, ...rest }: HeaderDocument): ReceiptHeader => ({
  ...rest,
  startedAt: started_at,
  basis,
  steps: steps.map(({ renamed_from, ...step }) => ({
    ...step,
    ...(renamed_from === undefined ? {} : { renamedFrom: renamed_from }),
  })),
});

const recordDocument = ({ step, outcome, at, serverAt, ruleId, ...rest }: ReceiptRecord): RecordDocument => ({
  step,
  outcome,
  at,
  ...(serverAt === undefined ? {} : { server_at: serverAt }),
  ...(ruleId === undefined ? {} : { rule_id: ruleId }),
  ...rest,
});

export const recordOf = ({ server_at, rule_id, ...rest }: RecordDocument): ReceiptRecord => ({
  ...rest,
  ...(server_at === undefined ? {} : { serverAt: server_at }),
  ...(rule_id === undefined ? {} : { ruleId: rule_id }),
});

/** Flags that let pass what this plan would have been refused for; each once, in the order of the guards. */
const waivedFlags = ({ verdicts }: Plan, { overrides = [], allowLockout }: HeaderOptions): string[] => {
  const given = new Set(overrides.map(bareFlag));
  const used = verdicts.flatMap(({ state, override }) =>
    override !== undefined && (state === "waived" || (state === "failed" && given.has(bareFlag(override))))
      ? [override]
      : [],
  );
  return [...new Set([...used, ...(allowLockout === true ? [overrideFlags.lockout] : [])])];
};

type HeaderOptions = Pick<ApplyOptions, "tool" | "overrides" | "allowLockout">;

export const receiptHeader = (plan: Plan, options: HeaderOptions, now: Date): ReceiptHeader => ({
  format: receiptFormat,
  version: receiptVersion,
  tool: options.tool,
  account: { id: plan.account.id, host: plan.account.host },
  startedAt: now.toISOString(),
  basis: { state: plan.basis.state, policy: plan.basis.policy },
  waived: waivedFlags(plan, options),
  steps: plan.steps.map(receiptStep),
});

const receiptStep = ({ number, step }: PlannedStep): ReceiptPlannedStep => {
  switch (step.kind) {
    case "create":
      return { number, action: "create", rule: step.rule.name };
    case "update":
      return step.name === step.becomes.name
        ? { number, action: "update", rule: step.name }
        : { number, action: "update", rule: step.becomes.name, renamedFrom: step.name };
    case "delete":
      return { number, action: "delete", rule: step.name };
    case "enforcement":
      return { number, action: step.enabled ? "enable" : "disable" };
    default:
      return assertNever(step);
  }
};
