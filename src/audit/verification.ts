/** The result of checking receipts against the audit log, as data for every renderer. */
import type { Diagnostic } from "../model/diagnostic.js";
import type { StepOutcome } from "../model/receipt.js";
import type { AuditEvent } from "./event.js";

/**
 * How sure a match is. `strong`: the event's context names the rule (or enforcement's new position), and type
 * and time agree. `weak`: the context says nothing of the rule; type, time and actor agree.
 */
export type MatchStrength = "strong" | "weak";

/** What in the event spoke for the step. */
export type MatchEvidence = "rule-id" | "rule-name" | "switch-position" | "type-time-actor";

/** A step of a receipt, with the event that the log should hold for it. */
export interface AuditedStep {
  readonly number: number;
  readonly action: "create" | "update" | "delete" | "enable" | "disable";
  /** Absent for enforcement. */
  readonly rule?: string;
  readonly renamedFrom?: string;
  readonly ruleId?: number;
  /** `not-begun`: the receipt has no record of it. */
  readonly outcome: StepOutcome | "not-begun";
  /** ISO 8601, UTC, by the server's clock where known; absent for a step that never began. */
  readonly at?: string;
  /** The normalised event type: `ip_restrictions.rule.added`. */
  readonly eventType: string;
}

export type StepVerification =
  | {
      readonly kind: "recorded";
      readonly step: AuditedStep;
      readonly event: AuditEvent;
      readonly strength: MatchStrength;
      readonly evidence: MatchEvidence;
    }
  /** Applied, or perhaps applied (`unknown`, `started`), and the log holds no event for it. */
  | { readonly kind: "missing"; readonly step: AuditedStep }
  /** Failed, skipped or never begun: no event is due. */
  | { readonly kind: "not-due"; readonly step: AuditedStep }
  /** The log could not be read, or no longer reaches back so far. */
  | { readonly kind: "unchecked"; readonly step: AuditedStep };

export interface ReceiptVerification {
  /** As the user named it. */
  readonly file: string;
  readonly account: { readonly id: number; readonly host: string };
  readonly startedAt: string;
  readonly verdict: AuditVerdict;
  readonly steps: readonly StepVerification[];
}

/** An IP-restriction event in the window of the receipts that belongs to none of their steps. */
export interface ForeignEvent {
  readonly event: AuditEvent;
  /** By the same actor as the steps' own events, where that is known. */
  readonly sameActor: boolean;
}

/** `enforcement-flipped`: a call of these runs turned enforcement on or off, and no step was to do that. */
export type AuditVerdict = "confirmed" | "missing" | "could-not-check" | "enforcement-flipped";

export interface AuditVerification {
  /** `enforcement-flipped`, else the worst of the receipts': could-not-check before missing before confirmed. */
  readonly verdict: AuditVerdict;
  readonly receipts: readonly ReceiptVerification[];
  /** Oldest first. */
  readonly foreign: readonly ForeignEvent[];
  /** Those of them that turned enforcement by a call of these runs, though no step was to; oldest first. */
  readonly flips: readonly AuditEvent[];
  /** What was asked of the log, ISO 8601 UTC; absent where no step needs an event. */
  readonly window?: { readonly since: string; readonly until: string };
  readonly counts: {
    readonly due: number;
    readonly strong: number;
    readonly weak: number;
    readonly missing: number;
    readonly foreign: number;
  };
  /** How long the log was waited for, in milliseconds. */
  readonly waitedMs: number;
  /** Why the log could not be read, and notes; empty on an ordinary verdict. */
  readonly diagnostics: readonly Diagnostic[];
}
