/** A plan for a pull request's comment: verdict and access change first, all else folded, never too long. */

import { hintOf } from "../model/diagnostic.js";
import { markdownCode, visible } from "../model/escape.js";
import { counted } from "../model/words.js";
import type { PlanReplay } from "../plan/cut-off.js";
import type { Plan, Verdict } from "../plan/plan.js";
import { accessContext, mayWording, planWording } from "./access-rows.js";
import {
  changeRows,
  deleteWords,
  disturbanceRows,
  enforcementWord,
  ruleBrief,
  stepEffect,
  stepsPromise,
  stepTitle,
  unmanagedRows,
} from "./change-rows.js";
import { diagnosticsCount, isShownFirst, renderDiagnosticsText } from "./diagnostics-text.js";
import type { RenderContext } from "./layout.js";
import {
  accessSections,
  accountLine,
  defaultMaxBytes,
  diagnosticRows,
  fenceLook,
  fitReport,
  leftSection,
  markerOf,
  type Section,
  unconfirmedSection,
} from "./markdown-page.js";
import {
  closingMarkdown,
  countsWords,
  isLoud,
  leftWords,
  planCounts,
  stateWords,
  unmanagedAccessWords,
} from "./plan-summary.js";
import { planReplayCaveat, planReplayRows, planReplayTitle } from "./replay-rows.js";
import { planVerdict, refusals } from "./report.js";
import { diffRow, type Row } from "./row.js";
import { otherDiagnostics, terraformCallRows, terraformWarnings } from "./terraform.js";

export interface MarkdownOptions {
  /** The policy as the user named it. */
  readonly policyFile?: string;
  /** The file that holds the whole plan. */
  readonly savedAs?: string;
  /** Bytes of UTF-8; 60,000 by default. */
  readonly maxBytes?: number;
}

/** `refused`, `access narrows`. */
export const planTitle = (plan: Plan): string => {
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

export const tokensNote = ({ enabledForServiceTokens: held }: Plan): string =>
  held === undefined ? "" : `, service tokens ${held ? "included" : "not included"}`;

/** Whether a check was merely not made, and no more is to be said of it. */
export const isOnlyNoted = ({ state, diagnostics }: Verdict): boolean =>
  state === "not-checked" && diagnostics.every(({ severity }) => severity === "note");

/** Of one check; the counts below them say how many there are. */
const mostFindings = 10;

export const checkRows = (verdicts: readonly Verdict[], look: RenderContext = fenceLook): string[] =>
  verdicts.map((verdict) => {
    const known = verdict.diagnostics.some((one) => hintOf(one)?.includes(verdict.override ?? "") === true);
    const override =
      verdict.state !== "failed" || known || verdict.override === undefined
        ? ""
        : `\n  to let it pass: ${visible(verdict.override)}`;
    const details = renderDiagnosticsText(verdict.diagnostics, { ...look, max: mostFindings }).trimEnd();
    return `${stateWords(verdict)} ${visible(verdict.guard)}\n${details}${override}`.trimEnd();
  });

const sectionsOf = (plan: Plan): Section[] => {
  const counts = countsWords(planCounts(plan));
  return [
    { title: `Changes: ${counts}`, language: "diff", rows: changeRows(plan).flat().map(diffRow) },
    {
      title: `Steps: ${counted(plan.steps.length, "call")}, ${stepsPromise(plan.steps)}`,
      language: "diff",
      rows: plan.steps.map(({ number, step, access, disturbs }) =>
        [
          diffRow({
            sign: " ",
            depth: 1,
            text: `${number}. ${stepTitle(step)}  (${stepEffect(access)})`,
          }),
          ...disturbanceRows(disturbs).map(diffRow),
        ].join("\n"),
      ),
    },
    {
      title: `Calls of Terraform: ${counted(plan.terraform?.calls.length ?? 0, "call")}`,
      language: "diff",
      rows: terraformCallRows(plan).map(diffRow),
    },
    {
      title: `Unmanaged: ${counted(plan.unmanaged.filter(({ disposition }) => disposition !== "deleted").length, "rule")}`,
      language: "diff",
      rows: unmanagedRows(plan).map(diffRow),
    },
    {
      title: `Notes: ${diagnosticsCount(otherDiagnostics(plan).filter((one) => !isShownFirst(one)))}`,
      language: "text",
      rows: diagnosticRows(otherDiagnostics(plan).filter((one) => !isShownFirst(one))),
    },
  ];
};

/** Also of a drift report. */
export const replaySections = (replay: PlanReplay | undefined): Section[] => {
  if (replay === undefined) return [];
  const rows = planReplayRows(replay).map(diffRow);
  return [
    {
      title: `${planReplayTitle(replay)}. People are numbered, never named, here`,
      language: "diff",
      rows: [...rows, diffRow({ sign: " ", depth: 1, text: planReplayCaveat })],
      open: rows.length > 0,
    },
  ];
};

export const deletedRows = ({ changes }: Plan): Row[] =>
  changes.flatMap((change): Row[] => {
    if (change.kind !== "delete") return [];
    const { rule, reason } = change;
    const why = reason === "unmanaged" ? ", not in the policy" : `, ${deleteWords[reason]}`;
    return [{ sign: "-", depth: 1, text: `${ruleBrief(rule)}${why}` }];
  });

const deletions = (plan: Plan): Section => {
  const rows = deletedRows(plan);
  return {
    title: `Deleted: ${counted(rows.length, "rule")}`,
    language: "diff",
    rows: rows.map(diffRow),
    rowName: ["rule", "rules"],
    open: true,
  };
};

/** What is shown of access: the change; or, where not everything is known, what happens in any case and all that may. */
export const shownAccess = (access: Plan["access"]) => {
  const { sure, change } = access;
  const exact = { lost: "Loses access", gained: "Gains access" };
  if (sure === undefined) return [{ change, titles: exact, wording: planWording(access) }];
  return [
    {
      change: sure,
      titles: { lost: "Loses access in any case", gained: "Gains access in any case" },
      wording: planWording({ ...access, change: sure }),
    },
    {
      change,
      titles: { lost: "May lose access, at most", gained: "May gain access, at most" },
      wording: mayWording(access),
    },
  ];
};

/** What is open comes in the order of danger: failed checks, deletions, who loses access, who gains it. */
export const renderPlanMarkdown = (plan: Plan, options: MarkdownOptions = {}): string => {
  const file = options.policyFile ?? "the policy";
  const context = accessContext(plan.access);
  const left = leftWords(plan) || (planVerdict(plan) === "no-changes" ? unmanagedAccessWords(plan) : "");
  const checks = checkRows(refusals(plan));
  const loud = plan.verdicts.filter((verdict) => isLoud(verdict) && verdict.state !== "failed");
  const warned = checkRows(loud.filter((verdict) => !isOnlyNoted(verdict)));
  const noted = checkRows(loud.filter(isOnlyNoted));
  const access = shownAccess(plan.access).map(({ change, titles, wording }) =>
    accessSections(change, titles, wording),
  );
  const flips = plan.terraform?.flips ?? [];
  const terraform = terraformWarnings(plan);
  return fitReport(
    {
      marker: markerOf(plan.terraform === undefined ? "plan" : "terraform-plan", plan.account),
      head: [
        `### dbt IP restrictions: ${planTitle(plan)}${left === "" || checks.length > 0 ? "" : `, but ${left}`}\n`,
        `**${closingMarkdown(plan, markdownCode(file))}**\n`,
        `${accountLine(plan.account)}, enforcement ${enforcementWord(plan.before.enforcement)}${tokensNote(plan)}\n`,
        ...(context === "" || plan.changes.length === 0
          ? []
          : [`${context.charAt(0).toUpperCase()}${context.slice(1)}.\n`]),
      ].join("\n"),
      whole:
        options.savedAs === undefined
          ? "all of them: `dbt-ip-rules plan --format json`"
          : `all of them are in ${markdownCode(options.savedAs, 300)}`,
      sections: [
        { title: "Enforcement", language: "text", rows: diagnosticRows(flips), open: true },
        {
          title: `Refused: ${counted(checks.length, "check")} failed`,
          language: "text",
          rows: checks,
          rowName: ["check", "checks"],
          open: true,
        },
        unconfirmedSection(plan.diagnostics),
        leftSection(plan.diagnostics),
        {
          title: `Look again: ${counted(warned.length, "check")} did not simply pass`,
          language: "text",
          rows: warned,
          rowName: ["check", "checks"],
          open: true,
        },
        deletions(plan),
        ...access.flatMap(({ open }) => open),
        {
          title: `Look again: ${diagnosticsCount(terraform)}`,
          language: "text",
          rows: diagnosticRows(terraform),
          open: true,
        },
        ...replaySections(plan.replay),
        ...access.flatMap(({ folded }) => folded),
        { title: `Not checked: ${counted(noted.length, "guard")}`, language: "text", rows: noted },
        ...sectionsOf(plan),
      ],
    },
    options.maxBytes ?? defaultMaxBytes,
  );
};
