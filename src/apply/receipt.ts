/**
 * The lines of a receipt (docs/apply.md): one JSON document a line, in the file's own spelling (snake_case), and
 * the way back. The only place that knows both spellings. A receipt that is read back may have been cut short by a
 * crash, was perhaps a CI artifact, and may have been edited: a torn last line is dropped with a note; any other damage
 * is an error with its line.
 */

import { formatPrefix, type Prefix, parsePrefix } from "../address/prefix.js";
import { validateReceipt } from "../generated/validators.js";
import { assertNever } from "../model/assert.js";
import { type Diagnostic, diagnostic, type SourceRange } from "../model/diagnostic.js";
import { overrideFlags } from "../model/guards.js";
import { present } from "../model/present.js";
import {
  isWholePolicy,
  type Receipt,
  type ReceiptEffect,
  type ReceiptEnd,
  type ReceiptHeader,
  type ReceiptPlannedStep,
  type ReceiptRecord,
} from "../model/receipt.js";
import type { Enforcement, RuleType } from "../model/rule.js";
import type { Plan, PlannedStep } from "../plan/plan.js";
import { sortedPrefixes } from "../plan/state.js";
import type { ApplyOptions } from "./result.js";

export const receiptFormat = "dbt-ip-rules/receipt";
const receiptVersion = 2;
const readableVersions: readonly unknown[] = [1, receiptVersion];

/** A rule as the file spells it. */
interface RuleDocument {
  readonly name: string;
  readonly type: RuleType;
  readonly description: string;
  readonly cidrs: readonly string[];
  readonly disabled_cidrs?: readonly string[];
}

/** A step of the header as the file spells it. */
type StepDocument = Pick<ReceiptPlannedStep, "number" | "action" | "rule"> & {
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
type HeaderDocument = Omit<ReceiptHeader, "startedAt" | "policyRules" | "before" | "guards" | "steps"> & {
  readonly started_at: string;
  readonly policy_rules?: readonly string[];
  readonly before?: { readonly enforcement: Enforcement; readonly rules: readonly RuleDocument[] };
  readonly guards?: { readonly must_allow: readonly string[]; readonly must_deny: readonly string[] };
  readonly steps: readonly StepDocument[];
};

/** schemas/receipt.schema.json, `record`. */
type RecordDocument = Omit<ReceiptRecord, "serverAt" | "ruleId"> & {
  readonly server_at?: string;
  readonly rule_id?: number;
};

export const receiptLine = (line: ReceiptHeader | ReceiptRecord | ReceiptEnd): string => {
  if ("format" in line) return JSON.stringify(headerDocument(line));
  if ("end" in line) return JSON.stringify(line);
  return JSON.stringify(recordDocument(line));
};

const cidrs = (prefixes: readonly Prefix[]): readonly string[] => prefixes.map(formatPrefix);

/** Throws `RangeError` for a text that is no prefix: the line is damaged then. */
const prefixes = (texts: readonly string[]): readonly Prefix[] =>
  sortedPrefixes(
    texts.map((text) => {
      const parsed = parsePrefix(text);
      if (!parsed.ok) throw new RangeError(`${JSON.stringify(text)} is no prefix`);
      return parsed.prefix;
    }),
  );

const effectDocument = ({ added, removed, disabled, released, ...fields }: ReceiptEffect) => ({
  ...fields,
  cidrs_added: cidrs(added),
  cidrs_removed: cidrs(removed),
  ...present({
    disabled_cidrs_added: disabled && cidrs(disabled),
    disabled_cidrs_removed: released && cidrs(released),
  }),
});

const effectOf = (effect: NonNullable<StepDocument["effect"]>): ReceiptEffect => {
  const { cidrs_added, cidrs_removed, disabled_cidrs_added, disabled_cidrs_removed, ...fields } = effect;
  return {
    ...fields,
    added: prefixes(cidrs_added),
    removed: prefixes(cidrs_removed),
    ...present({
      disabled: disabled_cidrs_added && prefixes(disabled_cidrs_added),
      released: disabled_cidrs_removed && prefixes(disabled_cidrs_removed),
    }),
  };
};

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

const headerOf = (document: HeaderDocument): ReceiptHeader => {
  const { started_at, basis, policy_rules, before, guards, steps, ...rest } = document;
  return {
    ...rest,
    startedAt: started_at,
    basis,
    ...present({ policyRules: policy_rules }),
    ...(before === undefined
      ? {}
      : {
          before: {
            enforcement: before.enforcement,
            rules: before.rules.map(({ cidrs: own, disabled_cidrs: disabled, ...rule }) => ({
              ...rule,
              prefixes: prefixes(own),
              ...present({ disabled: disabled && prefixes(disabled) }),
            })),
          },
        }),
    ...(guards === undefined
      ? {}
      : { guards: { mustAllow: prefixes(guards.must_allow), mustDeny: prefixes(guards.must_deny) } }),
    steps: steps.map(({ renamed_from, effect, state_hash, ...step }) => ({
      ...step,
      ...present({ renamedFrom: renamed_from, effect: effect && effectOf(effect), stateHash: state_hash }),
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

const recordOf = ({ server_at, rule_id, ...rest }: RecordDocument): ReceiptRecord => ({
  ...rest,
  ...present({ serverAt: server_at, ruleId: rule_id }),
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

/** A line of a receipt, read back. */
type Line =
  | { readonly kind: "header"; readonly header: ReceiptHeader }
  | { readonly kind: "record"; readonly record: ReceiptRecord }
  | { readonly kind: "end"; readonly end: ReceiptEnd }
  | { readonly kind: "bad"; readonly diagnostic: Diagnostic };

/** The receipt, unless a diagnostic is an error. `file` is the name for messages. */
export const parseReceipt = (
  text: string,
  file: string,
): { receipt?: Receipt; diagnostics: readonly Diagnostic[] } => {
  const { lines, torn } = splitLines(text);
  const diagnostics: Diagnostic[] =
    torn === undefined ? [] : [diagnostic("receipt-torn", wholeLine(file, lines.length + 1, torn))];
  const reading = new ReceiptReading(file);
  for (const [index, line] of lines.entries()) {
    const problem = reading.take(line, index + 1);
    if (problem !== undefined) return { diagnostics: [...diagnostics, problem] };
  }
  const receipt = reading.receipt();
  return receipt === undefined
    ? { diagnostics: [...diagnostics, diagnostic("receipt-empty", { file })] }
    : { receipt, diagnostics };
};

/**
 * Whole lines, and what a crash left of the last one. Each line is written in one piece with its end, so a
 * last line without an end is torn, unless it is whole all the same. Zero bytes at the end are what some file
 * systems leave after a power failure.
 */
const splitLines = (text: string): { lines: string[]; torn?: string } => {
  const lines = text.replace(/\0+$/, "").split("\n");
  const last = lines.pop() ?? "";
  if (last === "") return { lines };
  return parseJson(last) === undefined ? { lines, torn: last } : { lines: [...lines, last] };
};

/** Collects the lines of one receipt and watches their order. */
class ReceiptReading {
  readonly #file: string;
  readonly #records = new Map<number, ReceiptRecord>();
  #header: ReceiptHeader | undefined;
  #end: ReceiptEnd | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  take(text: string, number: number): Diagnostic | undefined {
    const place = wholeLine(this.#file, number, text);
    const damaged = (problem: string): Diagnostic =>
      diagnostic("receipt-damaged", { line: number, problem }, place);
    const line = readLine(text, place, damaged);
    if (line.kind === "bad") return line.diagnostic;
    if (this.#end !== undefined) return damaged("it comes after the end of the receipt");
    if (line.kind === "header") {
      if (this.#header !== undefined) return damaged("it is a second header");
      this.#header = line.header;
      return undefined;
    }
    if (this.#header === undefined) return damaged("it comes before the header");
    if (line.kind === "end") {
      this.#end = line.end;
      return undefined;
    }
    const { step } = line.record;
    if (!this.#header.steps.some((planned) => planned.number === step)) {
      return damaged(`it speaks of step ${step}, which the header does not name`);
    }
    this.#records.set(step, line.record);
    return undefined;
  }

  receipt(): Receipt | undefined {
    if (this.#header === undefined) return undefined;
    const receipt = { header: this.#header, records: this.#records };
    return this.#end === undefined ? receipt : { ...receipt, end: this.#end };
  }
}

const readLine = (text: string, place: SourceRange, damaged: (problem: string) => Diagnostic): Line => {
  const value = parseJson(text);
  if (value === undefined) return { kind: "bad", diagnostic: damaged("it is not a JSON object") };
  const stranger = foreignHeader(value, place);
  if (stranger !== undefined) return { kind: "bad", diagnostic: stranger };
  if (!validateReceipt(value)) {
    return { kind: "bad", diagnostic: damaged("it is neither a header, nor a record, nor an end") };
  }
  // The schema has just checked the value; the types of the documents say the same as the schema.
  if ("format" in value) return readHeader(value as unknown as HeaderDocument, damaged);
  if ("end" in value) return { kind: "end", end: value as unknown as ReceiptEnd };
  return { kind: "record", record: recordOf(value as unknown as RecordDocument) };
};

const readHeader = (document: HeaderDocument, damaged: (problem: string) => Diagnostic): Line => {
  try {
    return { kind: "header", header: headerOf(document) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { kind: "bad", diagnostic: damaged(error.message) };
  }
};

/** Another kind of file, or a receipt of a version that this program does not know. */
const foreignHeader = (
  value: Readonly<Record<string, unknown>>,
  place: SourceRange,
): Diagnostic | undefined => {
  if (!("format" in value)) return undefined;
  if (value.format !== receiptFormat) return diagnostic("receipt-format", place);
  if (readableVersions.includes(value.version)) return undefined;
  return diagnostic("receipt-version", { known: receiptVersion }, place);
};

const parseJson = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    // An object that is no array is a record of unknown values.
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
};

const wholeLine = (file: string, line: number, text: string): SourceRange => ({
  file,
  line,
  column: 1,
  endLine: line,
  endColumn: text.length + 1,
  lineText: text,
});
