/** What the check of receipts against the audit log says of steps, events and actors; and the page of it. */
import type { AuditEvent } from "../audit/event.js";
import type {
  AuditedStep,
  AuditVerdict,
  AuditVerification,
  ForeignEvent,
  ReceiptVerification,
  StepVerification,
} from "../audit/verification.js";
import { assertNever } from "../model/assert.js";
import { cut, nameCells, quoted, visible } from "../model/escape.js";
import { present } from "../model/present.js";
import { counted } from "../model/words.js";
import { columns } from "./layout.js";
import { diagnosticRows, foldedText, openText, type ReportPage, type Section } from "./page.js";

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

export type StepVerdict = "strong" | "weak" | "missing" | "not due" | "unchecked";

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

/** The table of a receipt, head first and then a row a step; a name longer than it allows is cut. */
export const verificationTable = (
  { steps }: ReceiptVerification,
  names: { readonly max: number; readonly was: boolean },
): string[][] => [
  ["#", "Step", "Event", "At (UTC)", "Match"],
  ...steps.map((step) => {
    const event = step.kind === "recorded" ? step.event : undefined;
    const silent = step.kind === "missing" ? "none" : "";
    return [
      String(step.step.number),
      auditedTitle(step.step, names),
      event === undefined ? silent : shortType(event.type),
      event === undefined ? "" : stampText(event.at),
      step.kind === "missing" ? "MISSING" : stepWords[stepVerdict(step)],
    ];
  }),
];

export const foreignRows = (foreign: readonly ForeignEvent[]): string[][] =>
  foreign.map(({ event, sameActor }) => [
    stampText(event.at),
    shortType(event.type),
    `${actorText(event)}${sameActor ? ", the actor of these steps" : ""}`,
  ]);

const pageTitles = {
  confirmed: "confirmed by the audit log",
  missing: "missing from the audit log",
  "could-not-check": "audit log not checked",
  "enforcement-flipped": "enforcement turned by the run",
} as const satisfies Record<AuditVerdict, string>;

/** A table for each receipt; what the run turned by itself comes before them. */
export const auditPage = (verification: AuditVerification): ReportPage => {
  const { verdict, receipts, foreign, diagnostics } = verification;
  const isBad = verdict !== "confirmed";
  const rows = diagnosticRows(diagnostics);
  const notes = isBad ? openText("Notes", "bad", rows) : foldedText("Notes", rows);
  const table = (title: string, lines: readonly string[], isOpen: boolean): Section => {
    const own = lines.map((line) => () => line);
    return isOpen ? openText(title, "plain", own) : foldedText(title, own);
  };
  const isFlipped = verdict === "enforcement-flipped";
  return {
    kind: "audit",
    ...present({ account: receipts[0]?.account }),
    title: pageTitles[verdict],
    closing: () => auditClosing(verification),
    facts: [],
    sections: [
      ...(isFlipped ? [notes] : []),
      ...receipts.map((receipt) =>
        table(
          `Receipt begun ${receipt.startedAt.replace(/[^0-9TZ:.-]/g, "_")}: ${counted(receipt.steps.length, "step")}`,
          columns(verificationTable(receipt, { max: 40, was: true })),
          isBad,
        ),
      ),
      table(`Events of no step: ${foreign.length}`, columns(foreignRows(foreign)), false),
      ...(isFlipped ? [] : [notes]),
    ],
    whole: (spell) => `all of them: ${spell("dbt-ip-rules audit verify --format json")}`,
  };
};
