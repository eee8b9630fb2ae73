/** The figures of a plan and its one closing sentence, for every format. */
import { assertNever } from "../model/assert.js";
import { markdownCode, visible } from "../model/escape.js";
import { counted, grouped } from "../model/words.js";
import type { Plan, Verdict } from "../plan/plan.js";
import { accessSentence } from "./access-rows.js";
import { planVerdict, refusals } from "./report.js";

export interface PlanCounts {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly unmanagedKept: number;
  /** What enforcement becomes; absent where it stays. */
  readonly enforcement?: "enabled" | "disabled";
}

export const planCounts = (plan: Plan): PlanCounts => {
  const count = (kind: "create" | "update" | "delete"): number =>
    plan.changes.filter((change) => change.kind === kind).length;
  const flip = plan.changes.find((change) => change.kind === "enforcement");
  return {
    create: count("create"),
    update: count("update"),
    delete: count("delete"),
    unmanagedKept: plan.unmanaged.filter(({ disposition }) => disposition === "kept").length,
    ...(flip === undefined ? {} : { enforcement: flip.after }),
  };
};

/** `1 to create, 1 to update, 0 to delete, 1 unmanaged kept`. */
export const countsWords = (counts: PlanCounts): string => {
  const parts = [
    `${grouped(counts.create)} to create`,
    `${grouped(counts.update)} to update`,
    `${grouped(counts.delete)} to delete`,
  ];
  if (counts.unmanagedKept > 0) parts.push(`${grouped(counts.unmanagedKept)} unmanaged kept`);
  if (counts.enforcement !== undefined)
    parts.push(`enforcement ${counts.enforcement === "enabled" ? "on" : "off"}`);
  return parts.join(", ");
};

type Name = (text: string) => string;

const nothingWords = (plan: Plan, file: string): string => {
  const kept = planCounts(plan).unmanagedKept;
  const keptNote = kept === 0 ? "" : `, ${counted(kept, "unmanaged rule")} kept`;
  return `No changes. The account matches ${file}${keptNote}.`;
};

/** `file` is safe already; `name` makes a guard's name safe for the format. */
const closing = (plan: Plan, file: string, name: Name): string => {
  const verdict = planVerdict(plan);
  if (verdict === "no-changes") return nothingWords(plan, file);
  const rest = `${countsWords(planCounts(plan))}. ${accessSentence(plan.access)}`;
  if (verdict === "changes") return `Plan: ${rest}`;
  return `Plan refused by ${refusals(plan)
    .map(({ guard }) => name(guard))
    .join(", ")}: ${rest}`;
};

/** The one line that says what the plan comes to; `file` names the policy. */
export const closingLine = (plan: Plan, file: string): string => closing(plan, visible(file), visible);

/** The same in markdown; `file` is markdown. */
export const closingMarkdown = (plan: Plan, file: string): string =>
  closing(plan, file, (guard) => markdownCode(guard));

/** Whether a check has more to say than that it passed. */
export const isLoud = ({ state, diagnostics }: Verdict): boolean =>
  state === "failed" || state === "waived" || diagnostics.length > 0;

export const stateWords = ({ state, diagnostics }: Verdict): string => {
  switch (state) {
    case "passed":
      return diagnostics.length === 0 ? "passed" : "passed, but";
    case "failed":
      return "FAILED";
    case "waived":
      return "failed and waived:";
    case "not-checked":
      return "not checked:";
    default:
      return assertNever(state);
  }
};
