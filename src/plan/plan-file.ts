/**
 * Saved plans: the plan's document with a checksum. A reader trusts nothing in it that it can work out itself:
 * from the states before and after it derives changes, access and steps anew, and refuses a file that says
 * otherwise. Damaged, truncated, or of an unknown version: a diagnostic, and no plan.
 */
import type { ErrorObject } from "ajv";
import { validatePlan } from "../generated/validators.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { sha256 } from "../model/sha256.js";
import type { Plan } from "./plan.js";
import { type PlanDocument, planDocument, planFormat, planVersion } from "./plan-document.js";
import { type Derived, planFromDocument } from "./plan-from-document.js";

export interface PlanFileResult {
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

const again = "Make a new one with: dbt-ip-rules plan --out FILE";

const unusable = (code: string, message: string, hint = again): PlanFileResult => ({
  diagnostics: [{ code, severity: "error", message, hint }],
});

const isSavedPlan = (value: unknown): value is SavedPlan => validatePlan(value);

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && key in value ? Reflect.get(value, key) : undefined;

const firstProblem = (errors: readonly ErrorObject[] | null | undefined): string => {
  const [error] = errors ?? [];
  return error === undefined
    ? ""
    : `: ${error.instancePath === "" ? "the document" : error.instancePath} ${error.message}`;
};

/** `file` is the name for messages. */
export const readPlanFile = (text: string, file: string): PlanFileResult => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unusable("plan-file-damaged", `${file} is not a whole JSON document: it is damaged or cut off`);
  }
  if (fieldOf(value, "format") !== planFormat) {
    return unusable("plan-file-not-a-plan", `${file} is not a saved plan`);
  }
  if (fieldOf(value, "version") !== planVersion) {
    return unusable(
      "plan-file-version",
      `${file} is a plan of version ${JSON.stringify(fieldOf(value, "version"))}; this program reads version ${planVersion}`,
      "Make a new plan with this version of dbt-ip-rules, or use the version that made it",
    );
  }
  if (!isSavedPlan(value)) {
    return unusable(
      "plan-file-damaged",
      `${file} does not fit the plan format${firstProblem(validatePlan.errors)}`,
    );
  }
  const { integrity, ...document } = value;
  if (integrity !== checksum(document)) {
    return unusable(
      "plan-file-damaged",
      `${file} was changed or damaged since it was written: its checksum does not fit`,
    );
  }
  return checked(planFromDocument(document), document, file);
};

const checked = (derived: Derived, document: Omit<SavedPlan, "integrity">, file: string): PlanFileResult => {
  if ("problem" in derived)
    return unusable("plan-file-damaged", `${file} contradicts itself: ${derived.problem}`);
  if (JSON.stringify(planDocument(derived.plan)) !== JSON.stringify(document)) {
    return unusable(
      "plan-file-disagrees",
      `${file} says other steps than this program would take from the same start to the same end`,
      "It was changed by hand or made by another version of dbt-ip-rules: make a new plan",
    );
  }
  return { plan: derived.plan, diagnostics: [] };
};
