/**
 * A plan for people: who gains and loses access first, then what changes, the calls in their order, the
 * checks, and one closing line. Promises: readable without colour; every range that gains access is listed.
 */

import { listPrefixes } from "../../model/address-words.js";
import { cellsOf } from "../../model/cells.js";
import type { Diagnostic } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import type { ReceiptPurpose } from "../../model/receipt.js";
import type { AccessChange, PlanAccessChange } from "../../plan/access-change.js";
import type { PlanPeople } from "../../plan/cut-off.js";
import type { Plan, PlannedStep, Verdict } from "../../plan/plan.js";
import {
  type AccessWording,
  accessContext,
  accessRows,
  accessWords,
  isHypothetical,
  mayWording,
  planWording,
} from "../access-rows.js";
import { enforcementLine } from "../account.js";
import {
  changeRows,
  disturbanceRows,
  stepEffect,
  stepsPromise,
  stepTitle,
  unmanagedRows,
} from "../change-rows.js";
import { leftNotes, renderDiagnosticsText, reviewNotes } from "../diagnostics.js";
import { padCellsStart, type RenderContext, type Row, rowsText, section, wrap } from "../layout.js";
import { otherDiagnostics, overrideOf, terraformCallRows, terraformWarnings } from "../plan.js";
import { planReplayCaveat, planReplayRows, planReplayTitle } from "../plan-replay.js";
import { closingLine, isLoud, stateWords } from "../plan-summary.js";
import { actorWords } from "../replay.js";
import { planVerdict } from "../report.js";

interface PlanTextOptions extends RenderContext {
  /** The policy as the user named it, for the closing line. */
  readonly policyFile?: string;
  /** What the plan is for: `apply` unless given. */
  readonly purpose?: ReceiptPurpose | undefined;
  /** Entries listed of one rule and sign: 20 by default. */
  readonly maxEntries?: number;
  /** Whom the numbers of its replay stand for, by name (`--show-people`). */
  readonly people?: PlanPeople;
}

const header = (plan: Plan, look: RenderContext): string[] => [
  `Account ${plan.account.id} on ${visible(plan.account.host)}`,
  ...wrap(enforcementLine({ ...plan, enforcement: plan.before.enforcement }), look.width, 2).map(
    look.style.faint,
  ),
  "",
];

const accessSection = (plan: Plan, look: RenderContext): string[] => {
  const { access } = plan;
  if (access.sure !== undefined) return boundsSection(access, access.sure, look);
  const context = accessContext(access);
  if (access.change.direction === "none") {
    const once = isHypothetical(access) ? ", nor would it once enforcement is on" : "";
    return plan.changes.length === 0 ? [] : section(`Access does not change${once}`, [""], look).slice(0, -1);
  }
  const would = isHypothetical(access) ? "Access (" : "Access ";
  const title =
    would === "Access ("
      ? `Access (${context})`
      : `Access ${accessWords(access)}${context === "" ? "" : `; ${context}`}`;
  return section(title, rowsText(accessRows(access.change, planWording(access)), look), look);
};

/** Where not everything is known: what happens in any case, and all that may happen. */
const boundsSection = (access: PlanAccessChange, sure: AccessChange, look: RenderContext): string[] => {
  const context = accessContext(access);
  const nobody: Row = { sign: " ", depth: 1, text: "nobody gains or loses access" };
  const rows = (change: AccessChange, wording: AccessWording): string[] =>
    rowsText(change.direction === "none" ? [nobody] : accessRows(change, wording), look);
  return [
    ...section(
      `Access, in any case${context === "" ? "" : ` (${context})`}`,
      rows(sure, planWording({ ...access, change: sure })),
      look,
    ),
    ...section("Access, at most", rows(access.change, mayWording(access)), look),
  ];
};

/** The call, and what it does to access: behind it where that fits, else below. */
const stepLines = (
  { number, step, access, disturbs }: PlannedStep,
  digits: number,
  look: RenderContext,
): string[] => {
  const title = `  ${padCellsStart(String(number), digits)}. ${stepTitle(step)}`;
  const effect = stepEffect(access);
  const lines = wrap(title, look.width, digits + 6);
  if (lines.length === 1 && cellsOf(title) + 2 + cellsOf(effect) <= look.width)
    lines[0] = `${title}  ${look.style.faint(effect)}`;
  else
    lines.push(
      ...wrap(`${" ".repeat(digits + 4)}${effect}`, look.width, digits + 6).map((line) =>
        look.style.faint(line),
      ),
    );
  return [...lines, ...rowsText(disturbanceRows(disturbs), look)];
};

const findings = (verdict: Verdict, look: RenderContext): string[] =>
  renderDiagnosticsText(verdict.diagnostics, { ...look, width: look.width - 4 })
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => `    ${line}`);

/** Of a guard that was not asked and has nothing to say about it, there is nothing to show. */
const loudChecks = (verdicts: readonly Verdict[], look: RenderContext): string[] =>
  verdicts.filter(isLoud).flatMap((verdict) => {
    const override = overrideOf(verdict);
    const words = look.style[verdict.state === "failed" ? "error" : "warning"](stateWords(verdict));
    return [
      `  ${words} ${look.style.strong(visible(verdict.guard))}`,
      ...findings(verdict, look),
      ...(override === undefined ? [] : [`    to let it pass: ${look.style.strong(visible(override))}`]),
    ];
  });

const checkLines = (verdicts: readonly Verdict[], look: RenderContext): string[] => {
  const quiet = verdicts.filter((verdict) => verdict.state === "passed" && !isLoud(verdict));
  const names = quiet.map(({ guard }) => visible(guard)).join(", ");
  return [
    ...loudChecks(verdicts, look),
    ...(quiet.length === 0 ? [] : wrap(`  passed ${names}`, look.width, 9)),
  ];
};

const closingText = (plan: Plan, { style, policyFile = "the policy", purpose }: PlanTextOptions): string => {
  const verdict = planVerdict(plan);
  const line = closingLine(plan, policyFile, purpose);
  return verdict === "refused" ? style.error(line) : verdict === "changes" ? style.strong(line) : line;
};

/** With the people whom the numbers stand for only where somebody asked for them. */
const replaySection = ({ replay }: Plan, options: PlanTextOptions): string[] => {
  if (replay === undefined) return [];
  const { losers = [], unreadable = [] } = options.people ?? {};
  const people = [
    ...losers.map((actor) => ({ actor, what: `loses ${listPrefixes(actor.wouldLetIn, 20)}` })),
    ...unreadable.map((actor) => ({ actor, what: "no address on record can be read" })),
  ].flatMap(({ actor, what }) => [
    ...wrap(`    ${actorWords(actor, true)}`, options.width, 6),
    ...wrap(`      ${what}`, options.width, 8),
  ]);
  return section(
    planReplayTitle(replay),
    [
      ...rowsText(planReplayRows(replay), options),
      ...people,
      ...wrap(`  ${planReplayCaveat}`, options.width, 4),
    ],
    options,
  );
};

export const renderPlanText = (plan: Plan, options: PlanTextOptions): string => {
  const digits = String(plan.steps.length).length;
  const lines = [
    ...header(plan, options),
    ...blockOf(plan.terraform?.flips ?? [], options),
    ...leftNotes(plan.diagnostics, options),
    ...accessSection(plan, options),
    ...blockOf(terraformWarnings(plan), options),
    ...replaySection(plan, options),
    ...section(
      "Changes",
      changeRows(plan, options.maxEntries).flatMap((rows) => rowsText(rows, options)),
      options,
    ),
    ...section("Unmanaged rules", rowsText(unmanagedRows(plan), options), options),
    ...section(
      `Steps (${stepsPromise(plan.steps)})`,
      plan.steps.flatMap((step) => stepLines(step, digits, options)),
      options,
    ),
    ...section("Calls of Terraform", rowsText(terraformCallRows(plan), options), options),
    ...section("Checks", checkLines(plan.verdicts, options), options),
    ...reviewNotes(otherDiagnostics(plan), options),
    closingText(plan, options),
  ];
  return `${lines.join("\n")}\n`;
};

const blockOf = (diagnostics: readonly Diagnostic[], look: RenderContext): string[] => {
  const text = renderDiagnosticsText(diagnostics, look);
  return text === "" ? [] : [text];
};

/** What is left of a plan that was reviewed before: the checks that did not simply pass, and the closing line. */
export const renderPlanBrief = (plan: Plan, options: PlanTextOptions): string =>
  `${[...section("Checks", loudChecks(plan.verdicts, options), options), closingText(plan, options)].join("\n")}\n`;
