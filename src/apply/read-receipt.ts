/**
 * Reads a receipt back. It may have been cut short by a crash, was perhaps a CI artifact, and may have been edited: a torn
 * last line is dropped with a note; any other damage is an error with its line.
 */

import { type Prefix, parsePrefix } from "../address/prefix.js";
import { validateReceipt } from "../generated/validators.js";
import { type Diagnostic, diagnostic, type SourceRange } from "../model/diagnostic.js";
import { isObject, type JsonObject, readJson } from "../model/json.js";
import { present } from "../model/present.js";
import type { Receipt, ReceiptEffect, ReceiptEnd, ReceiptHeader, ReceiptRecord } from "../model/receipt.js";
import { sortedPrefixes } from "../plan/state.js";
import {
  type HeaderDocument,
  type RecordDocument,
  receiptFormat,
  receiptVersion,
  type StepDocument,
} from "./receipt.js";

const readableVersions: readonly unknown[] = [1, receiptVersion];

/** Throws `RangeError` for a text that is no prefix: the line is damaged then. */
const prefixes = (texts: readonly string[]): readonly Prefix[] =>
  sortedPrefixes(
    texts.map((text) => {
      const parsed = parsePrefix(text);
      if (!parsed.ok) throw new RangeError(`${JSON.stringify(text)} is no prefix`);
      return parsed.prefix;
    }),
  );

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

const recordOf = ({ server_at, rule_id, ...rest }: RecordDocument): ReceiptRecord => ({
  ...rest,
  ...present({ serverAt: server_at, ruleId: rule_id }),
});

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
  return isObject(readJson(last)) ? { lines: [...lines, last] } : { lines, torn: last };
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
  const value = readJson(text);
  if (!isObject(value)) return { kind: "bad", diagnostic: damaged("it is not a JSON object") };
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
const foreignHeader = (value: JsonObject, place: SourceRange): Diagnostic | undefined => {
  if (!("format" in value)) return undefined;
  if (value.format !== receiptFormat) return diagnostic("receipt-format", place);
  if (readableVersions.includes(value.version)) return undefined;
  return diagnostic("receipt-version", { known: receiptVersion }, place);
};

const wholeLine = (file: string, line: number, text: string): SourceRange => ({
  file,
  line,
  column: 1,
  endLine: line,
  endColumn: text.length + 1,
  lineText: text,
});
