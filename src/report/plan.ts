/** The page of a plan: verdict and access change first, then what else a reviewer has to see, all else folded. */
import { type Diagnostic, hintOf } from "../model/diagnostic.js";
import { quoted, visible } from "../model/escape.js";
import { counted } from "../model/words.js";
import type { Plan, Verdict } from "../plan/plan.js";
import { accessContext, mayWording, planWording } from "./access-rows.js";
import { enforcementLine } from "./account.js";
import {
  changeRows,
  deleteWords,
  disturbanceRows,
  ruleBrief,
  stepEffect,
  stepsPromise,
  stepTitle,
  unmanagedRows,
} from "./change-rows.js";
import { diagnosticsCount, isShownFirst, renderDiagnosticsText } from "./diagnostics.js";
import type { Row } from "./layout.js";
import {
  accessSections,
  diagnosticRows,
  firstSections,
  foldedRows,
  foldedText,
  openRows,
  openText,
  type ReportPage,
  type Section,
  single,
  type TextRow,
} from "./page.js";
import { replaySections } from "./plan-replay.js";
import {
  countsWords,
  isLoud,
  leftWords,
  planClosing,
  planCounts,
  stateWords,
  unmanagedAccessWords,
} from "./plan-summary.js";
import { type PlanReport, planVerdict, refusals } from "./report.js";

/** `refused`, `access narrows`. */
const planTitle = (plan: Plan): string => {
  switch (planVerdict(plan)) {
    case "refused":
      return "refused";
    case "no-changes":
      return "no changes";
    default:
      if (plan.access.sure !== undefined) return "access is not known exactly";
      return plan.access.change.direction === "none"
        ? "access does not change"
        : `access ${plan.access.change.direction === "both" ? "broadens and narrows" : plan.access.change.direction}`;
  }
};

/** Whether a check was merely not made, and no more is to be said of it. */
const isOnlyNoted = ({ state, diagnostics }: Verdict): boolean =>
  state === "not-checked" && diagnostics.every(({ severity }) => severity === "note");

/** Of one check; the counts below them say how many there are. */
const mostFindings = 10;

const checkRows = (verdicts: readonly Verdict[]): readonly TextRow[] =>
  verdicts.map((verdict) => (look) => {
    const { diagnostics, guard } = verdict;
    const details = renderDiagnosticsText(diagnostics, { ...look, max: mostFindings }).trimEnd();
    const override = overrideOf(verdict);
    const pass = override === undefined ? "" : `\n  to let it pass: ${visible(override)}`;
    return `${stateWords(verdict)} ${visible(guard)}\n${details}${pass}`.trimEnd();
  });

/** The flag that lets a failed check pass, unless a hint of it says so. */
export const overrideOf = ({ state, override, diagnostics }: Verdict): string | undefined =>
  state !== "failed" ||
  override === undefined ||
  diagnostics.some((one) => hintOf(one)?.includes(override) === true)
    ? undefined
    : override;

// What a plan of Terraform has in addition to what every plan has.

const isFlip = (plan: Plan, one: Diagnostic): boolean => plan.terraform?.flips.includes(one) === true;

/** What a reviewer has to know next to the access change, but not that enforcement flips, which is said before. */
export const terraformWarnings = (plan: Plan): readonly Diagnostic[] =>
  plan.terraform === undefined
    ? []
    : plan.diagnostics.filter(
        (one) => one.severity === "warning" && one.source === undefined && !isFlip(plan, one),
      );

/** What is not said elsewhere in the report. */
export const otherDiagnostics = (plan: Plan): readonly Diagnostic[] => {
  const said = new Set(terraformWarnings(plan));
  return plan.diagnostics.filter((one) => !said.has(one) && !isFlip(plan, one));
};

/** The calls in the order of the plan, each with those that come before it in every order. */
export const terraformCallRows = ({ terraform }: Plan): readonly Row[] =>
  (terraform?.calls ?? []).map(({ verb, address, rule, waitsFor }): Row => {
    const after = waitsFor.map((index) => visible(terraform?.calls[index]?.address ?? ""));
    const sign = verb === "create" ? "+" : verb === "delete" ? "-" : "~";
    const wait = after.length === 0 ? "" : `, after ${after.join(", ")}`;
    return { sign, depth: 1, text: `${verb} ${visible(address)}: rule ${quoted(rule)}${wait}` };
  });

const deletedRows = ({ changes }: Plan): readonly Row[] =>
  changes.flatMap((change): Row[] => {
    if (change.kind !== "delete") return [];
    const { rule, reason } = change;
    const why = reason === "unmanaged" ? ", not in the policy" : `, ${deleteWords[reason]}`;
    return [{ sign: "-", depth: 1, text: `${ruleBrief(rule)}${why}` }];
  });

/** What is shown of access: the change; or, where not everything is known, what happens in any case and all that may. */
const shownAccess = (access: Plan["access"]) => {
  const { sure, change } = access;
  if (sure === undefined)
    return [accessSections(change, { lost: "Loses access", gained: "Gains access" }, planWording(access))];
  return [
    accessSections(
      sure,
      { lost: "Loses access in any case", gained: "Gains access in any case" },
      planWording({ ...access, change: sure }),
    ),
    accessSections(
      change,
      { lost: "May lose access, at most", gained: "May gain access, at most" },
      mayWording(access),
    ),
  ];
};

/** As many rows of changes are shown unfolded: access alone shows no rename, nor that an entry is merely disabled. */
const fewRows = 8;

/** What is to be looked up, folded. */
const detailSections = (plan: Plan): readonly Section[] => {
  const notes = otherDiagnostics(plan).filter((one) => !isShownFirst(one));
  const calls = terraformCallRows(plan);
  const unmanaged = plan.unmanaged.filter(({ disposition }) => disposition !== "deleted");
  const steps = plan.steps.map(({ number, step, access, disturbs }): Row[] => [
    { sign: " ", depth: 1, text: `${number}. ${stepTitle(step)} (${stepEffect(access)})` },
    ...disturbanceRows(disturbs),
  ]);
  const changes = single(changeRows(plan).flat());
  const changesTitle = `Changes: ${countsWords(planCounts(plan))}`;
  return [
    changes.length <= fewRows ? openRows(changesTitle, "plain", changes) : foldedRows(changesTitle, changes),
    foldedRows(`Steps: ${counted(plan.steps.length, "call")}, ${stepsPromise(plan.steps)}`, steps),
    foldedRows(`Calls of Terraform: ${counted(calls.length, "call")}`, single(calls)),
    foldedRows(`Unmanaged: ${counted(unmanaged.length, "rule")}`, single(unmanagedRows(plan))),
    foldedText(`Notes: ${diagnosticsCount(notes)}`, diagnosticRows(notes)),
  ];
};

/** What is open comes in the order of danger: failed checks, deletions, who loses access, who gains it. */
const planSections = (plan: Plan): readonly Section[] => {
  const failed = refusals(plan);
  const loud = plan.verdicts.filter((verdict) => isLoud(verdict) && verdict.state !== "failed");
  const warned = loud.filter((verdict) => !isOnlyNoted(verdict));
  const noted = loud.filter(isOnlyNoted);
  const deleted = deletedRows(plan);
  const access = shownAccess(plan.access);
  const terraform = terraformWarnings(plan);
  return [
    openText("Enforcement", "bad", diagnosticRows(plan.terraform?.flips ?? [])),
    {
      ...openText(`Refused: ${counted(failed.length, "check")} failed`, "bad", checkRows(failed)),
      rowName: ["check", "checks"],
    },
    ...firstSections(plan.diagnostics),
    {
      ...openText(
        `Look again: ${counted(warned.length, "check")} did not simply pass`,
        "warn",
        checkRows(warned),
      ),
      rowName: ["check", "checks"],
    },
    {
      ...openRows(`Deleted: ${counted(deleted.length, "rule")}`, "bad", single(deleted)),
      rowName: ["rule", "rules"],
    },
    ...access.flatMap(({ open }) => open),
    openText(`Look again: ${diagnosticsCount(terraform)}`, "warn", diagnosticRows(terraform)),
    ...replaySections(plan.replay),
    ...access.flatMap(({ folded }) => folded),
    foldedText(`Not checked: ${counted(noted.length, "guard")}`, checkRows(noted)),
    ...detailSections(plan),
  ];
};

export const planPage = ({
  plan,
  policyFile = "the policy",
  savedAs,
}: Pick<PlanReport, "plan" | "policyFile" | "savedAs">): ReportPage => {
  const verdict = planVerdict(plan);
  const context = accessContext(plan.access);
  const left = leftWords(plan) || (verdict === "no-changes" ? unmanagedAccessWords(plan) : "");
  return {
    kind: plan.terraform === undefined ? "plan" : "terraform-plan",
    account: plan.account,
    title: `${planTitle(plan)}${left === "" || verdict === "refused" ? "" : `, but ${left}`}`,
    closing: (spell) => planClosing(plan, policyFile, spell),
    facts: [
      enforcementLine({ ...plan, enforcement: plan.before.enforcement }),
      ...(context === "" || plan.changes.length === 0
        ? []
        : [`${context.charAt(0).toUpperCase()}${context.slice(1)}`]),
    ],
    sections: planSections(plan),
    whole: (spell) =>
      savedAs === undefined
        ? `all of them: ${spell("dbt-ip-rules plan --format json")}`
        : `all of them are in ${spell(savedAs)}`,
  };
};
