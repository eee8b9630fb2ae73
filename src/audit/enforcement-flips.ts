/**
 * Turns of enforcement that a run made without meaning to. Every write of a rule has to repeat the position of
 * enforcement as last read (docs/service.md, "The rule set"). Who changes it between that reading and the write is overruled,
 * and neither the answer nor the next reading shows it: both are as before. Only the log tells, by a `toggled` event
 * of the run's own actor that is none of its steps.
 */
import type { Diagnostic } from "../model/diagnostic.js";
import type { TimedStep, Tolerance } from "./audited-steps.js";
import { ipRestrictionTypes } from "./catalogue.js";
import type { AuditEvent } from "./event.js";
import { contextFacts } from "./evidence.js";
import type { ForeignEvent } from "./verification.js";

/** A step, and the event that was found for it. */
export interface PairedStep {
  readonly step: TimedStep;
  readonly event: AuditEvent | undefined;
}

/**
 * Among events of no step. An event counts from the run's start to its last call, or to the last event that was
 * found for it, whichever is later: a write's own events come together, however late. Of a step whose outcome nobody
 * knew, one event that tells no position is taken for its own.
 */
export const enforcementFlips = (
  foreign: readonly ForeignEvent[],
  runs: readonly (readonly PairedStep[])[],
  { beforeMs }: Tolerance,
): readonly AuditEvent[] => {
  const times = runs.map((run) => timesOf(run, beforeMs));
  let open = runs.flat().filter(isOpenSwitch).length;
  return foreign
    .filter(({ event, sameActor }) => {
      const at = Date.parse(event.at);
      return (
        event.type === ipRestrictionTypes.toggled &&
        sameActor &&
        event.source !== "ui" &&
        times.some(({ from, to }) => at >= from && at <= to)
      );
    })
    .map(({ event }) => event)
    .filter((event) => {
      if (contextFacts(event).enabled !== undefined || open === 0) return true;
      open -= 1;
      return false;
    });
};

const timesOf = (run: readonly PairedStep[], slackMs: number): { from: number; to: number } => {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { step, event } of run) {
    if (step.expectation === "not-due" && event === undefined) continue;
    from = Math.min(from, step.from);
    to = Math.max(to, step.to, event === undefined ? step.to : Date.parse(event.at));
  }
  return { from: from - slackMs, to: to + slackMs };
};

/** A step of enforcement that may have an event, and has none. */
const isOpenSwitch = ({ step: { audited, expectation }, event }: PairedStep): boolean =>
  (audited.action === "enable" || audited.action === "disable") &&
  event === undefined &&
  expectation === "possible";

/** What to say of one, with what sets it right. */
export const flipProblem = (event: AuditEvent): Diagnostic => {
  const { enabled } = contextFacts(event);
  const now = enabled === undefined ? "turned on or off" : enabled ? "turned on" : "turned off";
  const want =
    enabled === undefined ? "`enforcement:`" : `\`enforcement: ${enabled ? "disabled" : "enabled"}\``;
  return {
    code: "enforcement-flipped",
    severity: "error",
    message: `Enforcement was ${now} at ${event.at} by a call of this run, and no step is to do that: somebody changed it between a reading and a write, and the write set it back`,
    hint: `Find who changed it with dbt-ip-rules audit list --event ip_restrictions.toggled. To restore that, write ${want} in the policy, then type: dbt-ip-rules apply`,
  };
};
