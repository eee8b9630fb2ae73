/** The figures of a plan and its one closing sentence, for every format. */

import { assertNever } from "../model/assert.js";
import { visible } from "../model/escape.js";
import { guards } from "../model/guards.js";
import type { ReceiptPurpose } from "../model/receipt.js";
import { counted, grouped } from "../model/words.js";
import { countsByKind } from "../plan/diff-states.js";
import { isAboutLeftRule, isKnownToHaveLeft } from "../plan/left-rules.js";
import type { Plan, Verdict } from "../plan/plan.js";
import { accessSentence } from "./access-rows.js";
import { isShownFirst, isUnconfirmed } from "./diagnostics.js";
import { planVerdict, refusals } from "./report.js";

interface PlanCounts {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly unmanagedKept: number;
  /** What enforcement becomes; absent where it stays. */
  readonly enforcement?: "enabled" | "disabled";
}

export const planCounts = (plan: Plan): PlanCounts => {
  const flip = plan.changes.find((change) => change.kind === "enforcement");
  return {
    ...countsByKind(plan.changes),
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

/**
 * `1 rule that left the file stays on the account`, or nothing: no headline passes over it. A rule that a new one
 * copies is counted by itself where nothing says that the policy ever had it.
 */
export const leftWords = ({ diagnostics }: Pick<Plan, "diagnostics">): string => {
  const about = diagnostics.filter(isAboutLeftRule);
  const left = about.filter(isKnownToHaveLeft).length;
  const copied = about.length - left;
  const waiting = diagnostics.filter(isUnconfirmed).length;
  return [
    waiting === 0
      ? ""
      : `${counted(waiting, "change")} made with --confirm ${waiting === 1 ? "is" : "are"} not confirmed`,
    left === 0
      ? ""
      : `${counted(left, "rule")} that left the file ${left === 1 ? "stays" : "stay"} on the account`,
    copied === 0
      ? ""
      : `${counted(copied, "unmanaged rule")} ${copied === 1 ? "has" : "have"} the entries of a new rule`,
  ]
    .filter((part) => part !== "")
    .join(", and ");
};

/** Behind what would else read like success. */
const leftSentence = (found: Pick<Plan, "diagnostics">): string => {
  const words = leftWords(found);
  const warnings = found.diagnostics.filter(isShownFirst).length;
  return words === "" ? "" : ` But ${words}: see the ${warnings === 1 ? "warning" : "warnings"}.`;
};

/** `an unmanaged rule allows 2 IPv4 addresses that the policy does not`, or nothing. */
export const unmanagedAccessWords = ({ diagnostics }: Pick<Plan, "diagnostics">): string => {
  const found = diagnostics.find(({ code }) => code === "unmanaged-access");
  if (found?.code !== "unmanaged-access") return "";
  // A saved plan has the texts alone.
  if (!("args" in found)) return "unmanaged rules allow addresses that the policy does not";
  const { rules, addresses } = found.args;
  return `${rules.length === 1 ? "an unmanaged rule allows" : "unmanaged rules allow"} ${addresses} that the policy does not`;
};

/** The end of "The account matches the policy", for plan and drift: what stays on the account all the same. */
export const matchEnd = (found: Pick<Plan, "diagnostics">, kept: number): string => {
  const left = leftSentence(found);
  const allows = left === "" ? unmanagedAccessWords(found) : "";
  if (allows !== "") return `, but ${allows}.`;
  return `${kept === 0 ? "" : `, ${counted(kept, "unmanaged rule")} kept`}.${left}`;
};

const nothingWords = (plan: Plan, file: string): string => {
  if (plan.terraform !== undefined) return "No changes: Terraform leaves every rule as it is.";
  return `No changes. The account matches ${file}${matchEnd(plan, planCounts(plan).unmanagedKept)}`;
};

/** Of a plan that is not of the whole policy, that it has nothing to do says nothing about the policy. */
export const nothingForPurpose: Readonly<Partial<Record<ReceiptPurpose, string>>> = {
  rollback: "nothing is left to undo",
  "only-expired": "no allow entry is to be taken out",
  "disable-enforcement": "enforcement is off already",
};

/** The one line that says what the plan comes to; `file` names the policy, and `spell` makes names safe for a format. */
export const planClosing = (plan: Plan, file: string, spell: (name: string) => string = visible): string => {
  const verdict = planVerdict(plan);
  if (verdict === "no-changes") return nothingWords(plan, spell(file));
  const either = plan.terraform?.enforcementAfter === "either" ? ", enforcement unknown" : "";
  const rest = `${countsWords(planCounts(plan))}${either}. ${accessSentence(plan.access)}`;
  if (verdict === "changes") return `Plan: ${rest}${leftSentence(plan)}`;
  const reasons = refusals(plan).map(({ guard, diagnostics }) =>
    diagnostics.length > 0 && diagnostics.every(({ code }) => code === "cut-off-unknown")
      ? "nobody can tell whom this plan would cut off"
      : guards[guard].refused,
  );
  return `Refused: ${reasons.join("; ")}. Plan: ${rest}`;
};

/** The same of a plan that may not be of the whole policy. */
export const closingLine = (plan: Plan, file: string, purpose: ReceiptPurpose = "apply"): string => {
  const nothing = planVerdict(plan) === "no-changes" ? nothingForPurpose[purpose] : undefined;
  return nothing === undefined ? planClosing(plan, file) : `No changes: ${nothing}.`;
};

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
