/** The audit check as JUnit: a suite a receipt, a case a step; a missing event is a failure. */
import type { AuditEvent } from "../audit/event.js";
import type { AuditVerification, StepVerification } from "../audit/verification.js";
import { auditedTitle } from "./audit-words.js";
import { type JunitCase, renderJunit } from "./junit.js";

const caseOf = (verification: StepVerification): JunitCase => {
  const { step } = verification;
  const name = `${step.number}. ${auditedTitle(step)}`;
  switch (verification.kind) {
    case "recorded":
      return { name };
    case "missing":
      return {
        name,
        failure: {
          kind: "audit-record-missing",
          message: `the audit log holds no ${step.eventType} event for this step`,
          text: `expected ${step.eventType} at about ${step.at ?? "an unknown time"}`,
        },
      };
    case "not-due":
      return { name, skipped: `no event is due: the step is ${step.outcome}` };
    default:
      return {
        name,
        failure: {
          kind: "audit-not-checked",
          message: "the audit log could not be read",
          text: `wanted ${step.eventType}`,
        },
      };
  }
};

const flipCase = (event: AuditEvent): JunitCase => ({
  name: `toggled at ${event.at}`,
  failure: {
    kind: "enforcement-flipped",
    message: "a call of this run turned enforcement on or off, and no step was to do that",
    text: `event ${event.id}`,
  },
});

export const renderAuditJunit = (verification: AuditVerification): string =>
  renderJunit([
    ...(verification.flips.length === 0
      ? []
      : [{ name: "audit enforcement", cases: verification.flips.map(flipCase) }]),
    ...verification.receipts.map(({ file, steps }) => ({ name: `audit ${file}`, cases: steps.map(caseOf) })),
  ]);
