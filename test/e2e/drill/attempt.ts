/** One apply through the real client, in this process: its plan, its receipt, its result. Waits take no time. */
import { applyPlan } from "../../../src/apply/apply-plan.js";
import type { AccountWriter } from "../../../src/apply/ports.js";
import type { ApplyResult } from "../../../src/apply/result.js";
import { createDbtClient } from "../../../src/dbt/client.js";
import type { Plan } from "../../../src/plan/plan.js";
import { stateOf } from "../../../src/plan/state.js";
import { MemoryJournal } from "../../apply/hand-made.js";
import { accountId, token } from "./access.js";
import type { Bench } from "./bench.js";
import { planBetween } from "./plans.js";
import type { Scenario } from "./scenarios.js";

export interface AttemptHooks {
  /** Right before the call of a step leaves, on each try. */
  readonly beforeCall?: (step: number) => Promise<void>;
  readonly allowLockout?: boolean;
  /** How long an answer may take, in milliseconds; short only where none is to come. */
  readonly answerMs?: number;
  /** Whenever the client or apply would wait. */
  readonly onWait?: () => Promise<void>;
}

export interface Attempt {
  readonly receipt: string;
  /** Absent where the process was killed. */
  readonly result?: ApplyResult;
}

/** For what comes in any case: no machine is so slow. */
export const longestMs = 600_000;

const clientFor = (bench: Bench, onWait: () => Promise<void>, answerMs = longestMs) =>
  createDbtClient({
    baseUrl: bench.url,
    accountId,
    token,
    sleep: onWait,
    random: () => 0,
    timeouts: { connectMs: longestMs, answerMs },
  });

/** Reads the account as it is, and plans from there. Renames that are done already are left out. */
export const planFrom = async (bench: Bench, scenario: Scenario): Promise<Plan> => {
  const client = clientFor(bench, async () => undefined);
  try {
    const snapshot = await client.readSnapshot();
    return planBetween(stateOf(snapshot), scenario, snapshot.host);
  } finally {
    await client.close();
  }
};

export const attempt = async (bench: Bench, plan: Plan, hooks: AttemptHooks = {}): Promise<Attempt> => {
  const { beforeCall = async () => undefined, onWait = async () => undefined, allowLockout = false } = hooks;
  const client = clientFor(bench, onWait, hooks.answerMs);
  const journal = new MemoryJournal();
  let step = 0;
  const hooked =
    <Args extends readonly unknown[], Out>(call: (...args: Args) => Promise<Out>) =>
    async (...args: Args): Promise<Out> => {
      await beforeCall(step);
      return call(...args);
    };
  const writer: AccountWriter = {
    createRule: hooked(client.createRule),
    updateRule: hooked(client.updateRule),
    deleteRule: hooked(client.deleteRule),
    setEnforcement: hooked(client.setEnforcement),
  };
  try {
    const ports = { reader: client, writer, journal, now: () => new Date(), sleep: onWait };
    const result = await applyPlan(plan, ports, {
      tool: "drill",
      allowLockout,
      onProgress: (event) => {
        if (event.kind === "step-started") step = event.planned.number;
      },
    });
    return { receipt: journal.text, result };
  } finally {
    await client.close();
  }
};
