/** Steps, events and actors of the audit log in words, for every format. */
import type { AuditEvent } from "../audit/event.js";
import type { AuditedStep, AuditVerification, StepVerification } from "../audit/verification.js";
import { assertNever } from "../model/assert.js";
import { cut, nameCells, quoted, visible } from "./neutralise.js";
import { counted } from "./words.js";

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

/** `rule.added`, `toggled`: what is left of a type where all are of one kind. */
export const shortType = (type: string): string => visible(type.replace(/^ip_restrictions\./, ""));

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

/** The one line that says how it stands, for every format. */
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
