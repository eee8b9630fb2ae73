/**
 * Every code that a command can report: its severity, its texts, what it means and what to do. One closed table: a
 * code that is not in it, an argument that is missing and a row without an explanation do not compile.
 */
import { applyCodes, receiptCodes } from "./apply.js";
import { auditCodes } from "./audit.js";
import type { CodeRow, LintRow, Row } from "./code.js";
import { approvalCodes, fileCodes, programCodes } from "./command.js";
import { lintCodes } from "./lint.js";
import { listCodes } from "./lists.js";
import { guardCodes, planCodes, planFileCodes } from "./plan.js";
import { policyCodes } from "./policy.js";
import { networkCodes, serviceCodes } from "./service.js";
import { settingsCodes } from "./settings.js";
import { terraformCodes } from "./terraform.js";
import { undoCodes } from "./undo.js";

/** As docs/errors.md groups them. */
export const codeGroups = [
  { title: "Settings", codes: settingsCodes },
  { title: "Files", codes: fileCodes },
  { title: "Network", codes: networkCodes },
  { title: "The service's answers", codes: serviceCodes },
  { title: "The policy's text", codes: policyCodes },
  { title: "Lists of prefixes", codes: listCodes },
  { title: "Account and policy together", codes: planCodes },
  { title: "Guards", codes: guardCodes },
  { title: "Saved plans", codes: planFileCodes },
  { title: "Plans of Terraform", codes: terraformCodes },
  { title: "Apply", codes: { ...approvalCodes, ...applyCodes } },
  { title: "Receipts", codes: receiptCodes },
  { title: "Undo", codes: undoCodes },
  { title: "Audit log", codes: auditCodes },
  { title: "The program itself", codes: programCodes },
] as const satisfies readonly { title: string; codes: Readonly<Record<string, CodeRow>> }[];

export const codes = {
  ...settingsCodes,
  ...fileCodes,
  ...networkCodes,
  ...serviceCodes,
  ...policyCodes,
  ...listCodes,
  ...planCodes,
  ...guardCodes,
  ...approvalCodes,
  ...planFileCodes,
  ...terraformCodes,
  ...applyCodes,
  ...receiptCodes,
  ...undoCodes,
  ...auditCodes,
  ...programCodes,
  ...lintCodes,
};

/** The codes that two of the tables have: there must be none. */
export type Repeated<Tables extends readonly unknown[]> = Tables extends readonly [infer First, ...infer Rest]
  ? (keyof First & { [Index in keyof Rest]: keyof Rest[Index] }[number]) | Repeated<Rest>
  : never;

type Tables = [
  typeof settingsCodes,
  typeof fileCodes,
  typeof networkCodes,
  typeof serviceCodes,
  typeof policyCodes,
  typeof listCodes,
  typeof planCodes,
  typeof guardCodes,
  typeof approvalCodes,
  typeof planFileCodes,
  typeof terraformCodes,
  typeof applyCodes,
  typeof receiptCodes,
  typeof undoCodes,
  typeof auditCodes,
  typeof programCodes,
  typeof lintCodes,
];

/** Does not compile where a code is in two tables, and names it. */
const repeated: [Repeated<Tables>] extends [never] ? [] : [Repeated<Tables>] = [];
void repeated;

export type Code = keyof typeof codes;

/** What a code's texts are made from. */
export type ArgsOf<C extends Code> = (typeof codes)[C] extends {
  readonly message: (args: infer Args) => string;
}
  ? Args
  : Readonly<Record<never, never>>;

/** The codes whose texts are fixed. */
export type FixedCode = {
  [C in Code]: (typeof codes)[C] extends { readonly message: string } ? C : never;
}[Code];

/** The codes whose texts are made from arguments. */
export type MadeCode = Exclude<Code, FixedCode>;

export const isCode = (text: string): text is Code => Object.hasOwn(codes, text);

/** The row of a code, for whoever needs no more than what all rows have. */
export const rowOf = (code: Code): Row => codes[code];

export const isLintRow = (row: Row): row is LintRow => "explanation" in row;
