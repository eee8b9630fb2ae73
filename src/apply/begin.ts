/**
 * Everything that comes before the first write: the account is read, the steps that an earlier run has done are found, and
 * whatever speaks against the rest ends the run here.
 */
import { type ArgsOf, type Diagnostic, diagnostic, hasErrors } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import { expiryTime } from "../model/time.js";
import { remainingRefusals } from "../plan/guards.js";
import type { Plan } from "../plan/plan.js";
import { notConfirmed, notEmptyOnResume } from "./confirm-empty.js";
import { askServerAhead, checkClients } from "./lockout.js";
import { acceptOthers } from "./others.js";
import {
  type ApplySession,
  type GoodReading,
  readAccount,
  type Stop,
  stopFailed,
  stopInterrupted,
} from "./session.js";
import { differences } from "./stops.js";

/**
 * The account as it is, where the run may go on from there. The account is read before anything is refused: a refusal has to say
 * whether an earlier run has left it midway.
 */
export const begin = async (run: ApplySession): Promise<GoodReading | Stop> => {
  const reading = await readAccount(run);
  if (reading.kind === "interrupted") return stopInterrupted();
  if (reading.kind !== "read") return stopFailed(reading.diagnostics);
  const other = otherAccount(run, reading);
  if (other !== undefined) return other;
  const done = run.timeline.stepsDoneByNow(reading.state);
  if (done === undefined) return notEmptyOnResume(run, reading.state) ?? stopStale(run, reading.state);
  run.knownEnforcement = reading.state.enforcement;
  run.listed = reading.snapshot;
  await resumeAfter(run, done);
  const refused =
    notConfirmed(run, reading.state) ??
    stopByVerdicts(run) ??
    stopOutOfDate(run, reading.snapshot.serverAt) ??
    changedSince(run, reading.state) ??
    checkClients(run, run.steps.slice(run.done));
  return refused ?? (await askServerAhead(run, reading)) ?? reading;
};

/** Since an earlier run has begun, others may have changed what the policy keeps: what is left is proven anew. */
const changedSince = (run: ApplySession, state: AccountState): Stop | undefined =>
  run.timeline.stepsDone(state) === undefined ? acceptOthers(run, run.done, state) : undefined;

const otherAccount = (run: ApplySession, { snapshot }: GoodReading): Stop | undefined => {
  const { id, host } = run.plan.account;
  if (snapshot.accountId === id && snapshot.host === host) return undefined;
  return {
    reason: "refused",
    diagnostics: [
      diagnostic("plan-other-account", {
        plan: { id, host },
        account: { id: snapshot.accountId, host: snapshot.host },
      }),
    ],
    next: "mend-first",
  };
};

const resumeAfter = async (run: ApplySession, done: number): Promise<void> => {
  run.done = done;
  if (done === 0) return;
  run.emit({ kind: "resuming", done, total: run.total });
  for (const planned of run.steps.slice(0, done)) {
    await run.finishStep(planned, "already-done", { message: "found done when this run began" });
  }
};

/** The account is on none of the states that the plan leads through. */
const stopStale = (run: ApplySession, actual: AccountState): Stop => ({
  reason: "refused",
  diagnostics: [diagnostic("plan-stale", { of: "account" })],
  actual,
  unexpected: differences(run.plan.before, actual),
  next: "plan-again",
});

/**
 * By now, the policy asks for something else than when the plan was made. Two clocks are asked,
 * this machine's and the service's (`serverAt`, its `Date` header): where only one of them says so, one of them is wrong.
 */
const stopOutOfDate = (run: ApplySession, serverAt: string | undefined): Stop | undefined => {
  const own = run.ports.now();
  const stale = staleAt(run.plan, own.getTime());
  if (stale !== undefined)
    return { reason: "refused", diagnostics: [diagnostic("plan-stale", stale)], next: "plan-again" };
  const late = serverAt === undefined ? undefined : staleAt(run.plan, Date.parse(serverAt));
  if (serverAt === undefined || late === undefined) return undefined;
  const clocks = {
    own: own.toISOString(),
    service: serverAt,
    date: late.date,
    expired: late.of === "expired",
  };
  return { reason: "refused", diagnostics: [diagnostic("clocks-disagree", clocks)], next: "mend-first" };
};

type OutOfDate = Exclude<ArgsOf<"plan-stale">, { of: "account" }>;

const staleAt = ({ validFrom, validUntil }: Plan, now: number): OutOfDate | undefined => {
  if (validUntil !== undefined && now >= expiryTime(validUntil)) return { of: "expired", date: validUntil };
  if (validFrom !== undefined && now < expiryTime(validFrom)) return { of: "not-yet", date: validFrom };
  return undefined;
};

/** A failed guard ends the run. */
const stopByVerdicts = (run: ApplySession): Stop | undefined => {
  const failed = remainingRefusals(run.plan, run.options.overrides ?? [], run.options.clientAddresses);
  if (failed.length === 0) return undefined;
  const diagnostics = failed.flatMap(({ guard, diagnostics: said }): readonly Diagnostic[] =>
    hasErrors(said) ? said : [diagnostic("guard-failed", { guard }), ...said],
  );
  return { reason: "refused", diagnostics, next: "mend-first" };
};
