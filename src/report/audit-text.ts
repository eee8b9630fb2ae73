/**
 * The check of receipts against the audit log: a table of step and event, what others did, one closing line. Steps,
 * events and actors are worded here for every format.
 */
import type { AuditEvent } from "../audit/event.js";
import type {
  AuditedStep,
  AuditVerification,
  ForeignEvent,
  ReceiptVerification,
  StepVerification,
} from "../audit/verification.js";
import { assertNever } from "../model/assert.js";
import { cut, nameCells, quoted, visible } from "../model/escape.js";
import { counted, duration } from "../model/words.js";
import { renderDiagnosticsText } from "./diagnostics-text.js";
import { columns, type RenderContext, type Role, type Style } from "./layout.js";

/** What the step did; `was` adds the name before a rename. */
export const auditedTitle = (
  { action, rule, renamedFrom }: AuditedStep,
  { max = nameCells, was: showsWas = true }: { readonly max?: number; readonly was?: boolean } = {},
): string => {
  if (action === "enable" || action === "disable")
    return `turn enforcement ${action === "enable" ? "on" : "off"}`;
  const was = renamedFrom === undefined || !showsWas ? "" : ` (was ${quoted(renamedFrom, max)})`;
  return `${action} ${quoted(rule ?? "", max)}${was}`;
};

type StepVerdict = "strong" | "weak" | "missing" | "not due" | "unchecked";

export const stepVerdict = (step: StepVerification): StepVerdict => {
  switch (step.kind) {
    case "recorded":
      return step.strength;
    case "missing":
      return "missing";
    case "not-due":
      return "not due";
    case "unchecked":
      return "unchecked";
    default:
      return assertNever(step);
  }
};

/** As the table has it: a step that changed nothing has no event. */
const stepWords: Readonly<Record<StepVerdict, string>> = {
  strong: "strong",
  weak: "weak",
  missing: "missing",
  "not due": "no event",
  unchecked: "unchecked",
};

/** `rule.added`, `toggled`: what is left of a type where all are of one kind. */
const shortType = (type: string): string => visible(type.replace(/^ip_restrictions\./, ""));

/** Who acted, as far as the log says: name, else id, else type; with the address. */
export const actorText = ({ actor }: AuditEvent, max: number = 40): string => {
  const who = actor.name ?? actor.id ?? actor.type;
  const name = who === undefined || who === "" ? "unknown" : cut(who, max);
  return actor.ip === undefined || actor.ip === "" ? name : `${name} (${cut(actor.ip, 45)})`;
};

/** Seconds are enough: `2026-11-20 23:59:59`. */
export const stampText = (iso: string): string =>
  visible(iso)
    .replace("T", " ")
    .replace(/(\.\d+)?(Z|\+00:00)$/, "");

/** The one line that says how the check ended, for every format. */
export const auditClosing = ({ verdict, counts }: AuditVerification): string => {
  const foreign = counts.foreign === 0 ? "" : ` ${counted(counts.foreign, "other event")} in that time.`;
  const weak = counts.weak === 0 ? "" : `, ${counts.weak} of them only by type, time and actor`;
  switch (verdict) {
    case "confirmed":
      return counts.due === 0
        ? `Nothing to confirm: no step was applied.${foreign}`
        : `Confirmed: the audit log holds ${counts.due === 1 ? "the one change" : `all ${counted(counts.due, "change")}`}${weak}.${foreign}`;
    case "missing":
      return `Missing: the audit log lacks ${counts.missing} of ${counted(counts.due, "change")}.${foreign}`;
    case "enforcement-flipped":
      return "Not as planned: a call of this run turned enforcement on or off, and no step was to do that.";
    case "could-not-check":
      return "Could not check: the audit log could not be read.";
    default:
      return assertNever(verdict);
  }
};

const roles: Readonly<Record<StepVerdict, Role>> = {
  strong: "added",
  weak: "warning",
  missing: "error",
  "not due": "faint",
  unchecked: "warning",
};

const head = ["#", "Step", "Event", "At (UTC)", "Match"];

/** The width of a table's row without the name: the other columns, spaces, quotes and the action. */
const otherCells = 59;

/** One row a step; a name longer than the table allows is cut. */
export const verificationRows = (
  { steps }: ReceiptVerification,
  names: { readonly max: number; readonly was: boolean },
): string[][] =>
  steps.map((step) => {
    const event = step.kind === "recorded" ? step.event : undefined;
    const silent = step.kind === "missing" ? "none" : "";
    return [
      String(step.step.number),
      auditedTitle(step.step, names),
      event === undefined ? silent : shortType(event.type),
      event === undefined ? "" : stampText(event.at),
      step.kind === "missing" ? "MISSING" : stepWords[stepVerdict(step)],
    ];
  });

const paintLast = (line: string, verdict: StepVerdict | undefined, style: Style): string => {
  if (verdict === undefined) return line;
  const at = line.length - verdict.length;
  return `${line.slice(0, at)}${style[roles[verdict]](line.slice(at))}`;
};

const receiptLines = (receipt: ReceiptVerification, { style, width }: RenderContext): string[] => {
  const lines = columns([
    head,
    ...verificationRows(receipt, { max: Math.max(12, width - otherCells), was: width >= 120 }),
  ]);
  const verdicts = receipt.steps.map(stepVerdict);
  return [
    style.strong(`Receipt ${visible(receipt.file)}, begun ${stampText(receipt.startedAt)} UTC`),
    ...lines.map((line, index) =>
      index === 0 ? style.faint(`  ${line}`) : `  ${paintLast(line, verdicts[index - 1], style)}`,
    ),
    "",
  ];
};

export const foreignRows = (foreign: readonly ForeignEvent[]): string[][] =>
  foreign.map(({ event, sameActor }) => [
    stampText(event.at),
    shortType(event.type),
    `${actorText(event)}${sameActor ? ", the actor of these steps" : ""}`,
  ]);

export const renderAuditText = (verification: AuditVerification, look: RenderContext): string => {
  const { style } = look;
  const foreign = columns(foreignRows(verification.foreign)).map((line) => `  ${line}`);
  const problems = renderDiagnosticsText(verification.diagnostics, look);
  const closing = auditClosing(verification);
  const waited =
    verification.waitedMs >= 1_000 ? ` Waited ${duration(verification.waitedMs)} for the log.` : "";
  const said = problems === "" ? [] : [problems];
  const flipped = verification.verdict === "enforcement-flipped";
  return `${[
    ...(flipped ? said : []),
    ...verification.receipts.flatMap((receipt) => receiptLines(receipt, look)),
    ...(foreign.length === 0 ? [] : [style.strong("Events of no step"), ...foreign, ""]),
    ...(flipped ? [] : said),
    `${verification.verdict === "confirmed" ? style.strong(closing) : style.error(closing)}${waited}`,
  ].join("\n")}\n`;
};
