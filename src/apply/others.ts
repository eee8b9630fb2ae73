/**
 * What others change while a run is under way in rules that the policy keeps. That is not the policy's business, but it is
 * the run's: whom a step lets in or shuts out depends on all rules. So the steps that are left are proven anew over the
 * account as it is, and that account replaces the expected one. Only where this proof fails does the run stop.
 */
import { diagnostic } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import { proveAgain } from "../plan/order/prove-again.js";
import type { Change } from "../plan/plan.js";
import { checkClients } from "./lockout.js";
import type { ApplySession, Stop } from "./session.js";
import { differences } from "./stops.js";
import { agrees } from "./timeline.js";

/**
 * How many steps are done where `state` is on the plan's way but for kept rules that others have changed; `from` is the
 * first step that counts. Undefined: it is not, or nothing was changed.
 */
export const doneOverOthers = (run: ApplySession, from: number, state: AccountState): number | undefined => {
  if (run.plan.mustHold === undefined) return undefined;
  const timeline = run.timeline.over(state);
  const seen = timeline.fingerprintOf(state);
  if (seen.kept === run.timeline.at(0).kept) return undefined;
  const isAt = (done: number): boolean => {
    const mark = timeline.at(done);
    const { enforcement } = mark.enforcement === "unknown" ? run.expected(done) : mark;
    return agrees({ ...mark, enforcement }, seen);
  };
  // The state after a step says more than the one before it, as in observe.ts.
  if (from < run.total && isAt(from + 1)) return from + 1;
  if (isAt(from)) return from;
  return timeline.laterThan(from, seen);
};

/** Takes the account as it is for the expected one, with `done` steps done; or why the run cannot go on. */
export const acceptOthers = (run: ApplySession, done: number, state: AccountState): Stop | undefined => {
  const unexpected = differences(
    { enforcement: "unknown", rules: run.timeline.kept },
    { enforcement: "unknown", rules: run.timeline.keptIn(state) },
  );
  const { steps, problems } = proveAgain(run.plan, { ...state, ...enforcementOf(run, state) }, done);
  const lockedOut = problems.length > 0 ? undefined : checkClients(run, steps);
  const reasons = lockedOut?.diagnostics ?? problems;
  if (reasons.length > 0)
    return {
      reason: "refused",
      diagnostics: [diagnostic("kept-rules-conflict", { changes: unexpected.map(doneToRule) }), ...reasons],
      actual: state,
      unexpected,
      next: "plan-again",
    };
  run.timeline = run.timeline.over(state);
  run.steps = [...run.steps.slice(0, done), ...steps];
  noteOthers(run);
  return undefined;
};

const enforcementOf = (run: ApplySession, state: AccountState): Pick<AccountState, "enforcement"> => ({
  enforcement: state.enforcement === "unknown" ? run.knownEnforcement : state.enforcement,
});

/** One remark for all that others have changed since the plan was made. */
const noteOthers = (run: ApplySession): void => {
  const { timeline, plan, remarks } = run;
  const kept = timeline.keptIn(plan.before);
  const changes = differences(
    { enforcement: "unknown", rules: kept },
    { enforcement: "unknown", rules: timeline.kept },
  );
  const index = remarks.findIndex(({ code }) => code === "kept-rules-changed");
  if (index !== -1) remarks.splice(index, 1);
  if (changes.length > 0)
    remarks.push(diagnostic("kept-rules-changed", { changes: changes.map(doneToRule) }));
};

/** What was done to which rule. */
const doneToRule = (change: Change): { readonly done: string; readonly rule: string } => {
  switch (change.kind) {
    case "create":
      return { done: "created", rule: change.rule.name };
    case "update":
      return { done: "changed", rule: change.after.name };
    case "delete":
      return { done: "deleted", rule: change.rule.name };
    case "enforcement":
      throw new Error("enforcement is no rule");
  }
};
