/**
 * What can go wrong with the call of one step. Each case makes it go wrong in a first run and gives back that
 * run's receipt; what comes after is the same for all (drill.ts). More kinds of cases are more values here.
 */
import type { FaultAction } from "../../../src/emulator/faults.js";
import type { Plan, PlannedStep } from "../../../src/plan/plan.js";
import { type Attempt, attempt, longestMs } from "./attempt.js";
import type { Bench } from "./bench.js";

export interface DrillCase {
  readonly name: string;
  run(bench: Bench, plan: Plan, step: PlannedStep): Promise<Attempt>;
  /** One more run after it, where it is not to be one in this process: whether all is done. */
  readonly goOn?: (bench: Bench) => Promise<boolean>;
  /** Every listing from then on shows the account as the plan wants it, and it is not: no run can tell, but the next one. */
  readonly deceives?: (plan: Plan, step: PlannedStep) => boolean;
}

const methods = { create: "POST", update: "PUT", delete: "DELETE", enforcement: "POST" } as const;

/** Which request is the call of this step: the nth of its method and path. */
export const requestOf = (plan: Plan, step: PlannedStep) => {
  const { kind } = step.step;
  const path = kind === "enforcement" ? "*/ip-restrictions-set/" : "*/ip-restrictions/*";
  const earlier = plan.steps.filter((other) => other.number < step.number && other.step.kind === kind);
  return { method: methods[kind], path, nth: earlier.length + 1 };
};

const fault = (name: string, action: FaultAction, times = 1): DrillCase => ({
  name,
  run: async (bench, plan, step) => {
    const struck = async (answerMs: number): Promise<Attempt> => {
      bench.emulator.faults.add({ ...requestOf(plan, step), times, ...action });
      const made = await attempt(bench, plan, { answerMs });
      const missed = bench.emulator.faults.list().some((one) => one.struck === 0);
      bench.emulator.faults.clear();
      if (!missed) return made;
      if (action.kind !== "hang") throw new Error(`${name} did not strike step ${step.number}`);
      // The machine was too slow for an earlier call: the client gave up on that one.
      bench.reset();
      return struck(2 * answerMs);
    };
    return struck(action.kind === "hang" ? 150 : longestMs);
  },
});

/** Every kind that can strike before the request took effect, or after. */
const beforeAndAfter = (
  name: string,
  action: Extract<FaultAction, { when?: "before" | "after" }>,
): readonly DrillCase[] =>
  (["before", "after"] as const).map((when) => fault(`${name}, ${when} it took effect`, { ...action, when }));

const blocked = {
  status: { code: 403, is_success: false, user_message: "Forbidden: Access denied", developer_message: null },
  data: { account_id: 66847, user_id: 1, is_service_token: true, account_access_denied: true },
};

const refusedConnection = (name: string, comesBack: boolean): DrillCase => ({
  name,
  run: async (bench, plan, { number }) => {
    let plug: "in" | "out" | "back" = "in";
    const putBack = async (): Promise<void> => {
      if (plug !== "out") return;
      plug = "back";
      await bench.replug();
    };
    const made = await attempt(bench, plan, {
      beforeCall: async (step) => {
        if (step !== number || plug !== "in") return;
        plug = "out";
        await bench.unplug();
      },
      ...(comesBack ? { onWait: putBack } : {}),
    });
    await putBack();
    return made;
  },
});

export const faultCases: readonly DrillCase[] = [
  refusedConnection("connection refused for a moment", true),
  refusedConnection("connection refused", false),
  ...beforeAndAfter("reset", { kind: "reset" }),
  ...beforeAndAfter("time-out", { kind: "hang" }),
  ...beforeAndAfter("500", { kind: "status", status: 500 }),
  ...beforeAndAfter("502 HTML", { kind: "status", status: 502, html: true }),
  ...beforeAndAfter("503", { kind: "status", status: 503, retryAfter: 7 }),
  fault("500 every time", { kind: "status", status: 500 }, 0),
  fault("429", { kind: "status", status: 429, retryAfter: 300 }),
  fault("429 with a date", { kind: "status", status: 429, retryAfter: 300, retryAfterForm: "date" }),
  fault("429 every time", { kind: "status", status: 429, retryAfter: 300, retryAfterForm: "x-header" }, 0),
  fault("400", { kind: "status", status: 400 }),
  fault("401", { kind: "status", status: 401 }),
  fault("403 blocked", { kind: "status", status: 403, body: blocked }),
  fault("404 HTML", { kind: "status", status: 404, html: true }),
  fault("409", { kind: "status", status: 409 }),
  fault("redirect", { kind: "redirect", location: "https://example.com/" }),
  fault("partial 2xx", { kind: "partial" }),
  fault("partial 2xx that hides it", { kind: "partial", silently: true }),
  fault("2xx with a wrong body", { kind: "wrong-body", body: { data: { id: "?" } } }),
  fault("2xx with an empty object", { kind: "wrong-body", body: {} }),
  fault("2xx with HTML", { kind: "not-json" }),
  fault("answer cut short", { kind: "truncate" }),
];
