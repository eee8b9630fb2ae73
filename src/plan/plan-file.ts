/**
 * Saved plans: the plan's document with a checksum. A file is refused that is damaged, truncated, of an unknown version,
 * or says something else than its own states come to (plan-from-document.ts): a diagnostic, and no plan.
 */

import type { ErrorObject } from "ajv";
import { validatePlan } from "../generated/validators.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { member } from "../model/json.js";
import { sha256 } from "../model/sha256.js";
import type { Plan } from "./plan.js";
import { type PlanDocument, planDocument, planFormat, planVersion } from "./plan-document.js";
import { type DerivedPlan, planFromDocument } from "./plan-from-document.js";

interface PlanFileResult {
  /** Absent when there are errors. */
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
}

type SavedPlan = PlanDocument & { readonly integrity: string };

const checksum = (document: object): string => `sha256:${sha256(JSON.stringify(document))}`;

/** The text of a plan file, ending in a newline. Holds no token and no id of a rule. */
export const writePlanFile = (plan: Plan): string => {
  const document = planDocument(plan);
  return `${JSON.stringify({ ...document, integrity: checksum(document) }, null, 2)}\n`;
};

const unusable = (problem: Diagnostic): PlanFileResult => ({ diagnostics: [problem] });

const damaged = (file: string, problem: string): PlanFileResult =>
  unusable(diagnostic("plan-file-damaged", { file, problem }));

const isSavedPlan = (value: unknown): value is SavedPlan => validatePlan(value);

const firstProblem = (errors: readonly ErrorObject[] | null | undefined): string => {
  const [error] = errors ?? [];
  return error === undefined
    ? ""
    : `: ${error.instancePath === "" ? "the document" : error.instancePath} ${error.message}`;
};

/** `receipt` of a text that begins as the documents of this program do: `{"format": "dbt-ip-rules/receipt"`. */
const documentNameIn = (text: string): string | undefined =>
  /^\ufeff?\s*\{\s*"format":\s*"dbt-ip-rules\/([a-z-]{1,40})"/.exec(text.slice(0, 200))?.[1];

const notAPlan = (file: string, document: string | undefined): PlanFileResult => {
  const is = document === undefined || document === "receipt" ? document : { document };
  return unusable(diagnostic("plan-file-not-a-plan", { file, is }));
};

/** `file` is the name for messages. */
export const readPlanFile = (text: string, file: string): PlanFileResult => {
  let value: unknown;
  try {
    // Windows editors and shells put a byte order mark in front; it is no part of JSON (RFC 8259 section 8.1).
    value = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch {
    // A receipt is one JSON document a line.
    const found = documentNameIn(text);
    return found === undefined || found === "plan"
      ? damaged(file, "is not a whole JSON document: it is damaged or cut off")
      : notAPlan(file, found);
  }
  if (member(value, "format") !== planFormat) return notAPlan(file, documentNameIn(text));
  if (member(value, "integrity") === undefined && member(value, "version") === planVersion)
    return unusable(diagnostic("plan-file-not-a-plan", { file, is: "plan as JSON" }));
  const version = member(value, "version");
  if (version !== planVersion) {
    const found = { file, version: String(JSON.stringify(version)), known: planVersion };
    return unusable(diagnostic("plan-file-version", found));
  }
  if (!isSavedPlan(value))
    return damaged(file, `does not fit the plan format${firstProblem(validatePlan.errors)}`);
  const { integrity, ...document } = value;
  if (integrity !== checksum(document))
    return damaged(file, "was changed or damaged since it was written: its checksum does not fit");
  return checked(planFromDocument(document), document, file);
};

const checked = (derived: DerivedPlan, document: PlanDocument, file: string): PlanFileResult => {
  if ("problem" in derived) return damaged(file, `contradicts itself: ${derived.problem}`);
  if ("unknown" in derived)
    return unusable(diagnostic("plan-file-disagrees", { file, unknown: derived.unknown }));
  if (JSON.stringify(planDocument(derived.plan)) !== JSON.stringify(document))
    return unusable(diagnostic("plan-file-disagrees", { file }));
  return { plan: derived.plan, diagnostics: [] };
};
