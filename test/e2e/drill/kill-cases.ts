/**
 * SIGKILL: the built program applies, and dies before its call took effect, after that but before the answer, or
 * once it has the answer. The emulator decides the moment, so that it is the same in every run.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type EmulatorReply, type EmulatorRequest, reply } from "../../../src/emulator/http.js";
import type { Random } from "../../apply/concurrent/random.js";
import { type Running, start } from "../cli.js";
import { accountId, token } from "./access.js";
import type { Attempt } from "./attempt.js";
import type { Bench } from "./bench.js";
import { type DrillCase, requestOf } from "./cases.js";
import { policyOf, type Scenario, scenarios } from "./scenarios.js";

/** Starts a process that plans and applies the bench's scenario, writing its receipt to `receipt`. */
export type Applier = (bench: Bench, receipt: string) => Running;

/** The program as its user runs it, on policy files in `folder`. */
export const builtApplier = async (folder: string): Promise<Applier> => {
  const policyFile = ({ name }: Scenario): string => join(folder, `${name.replaceAll(" ", "-")}.yaml`);
  for (const scenario of scenarios) await writeFile(policyFile(scenario), policyOf(scenario));
  return ({ scenario, url }, receipt) =>
    start(
      [
        "apply",
        "--auto-approve",
        "--allow-newly-allowed",
        "--policy",
        policyFile(scenario),
        "--receipt",
        receipt,
      ],
      {
        cwd: folder,
        env: {
          DBT_CLOUD_HOST_URL: url,
          DBT_CLOUD_ACCOUNT_ID: String(accountId),
          DBT_CLOUD_TOKEN: token,
          XDG_STATE_HOME: join(folder, "state"),
        },
      },
    );
};

/** The connection ends with the process that was killed. */
const noAnswer = (): EmulatorReply => ({ ...reply(200, {}, ""), delivery: { kind: "hang" } });

export const killCases = (applier: Applier): readonly DrillCase[] =>
  (["before", "during", "after"] as const).map((moment) => ({
    name: `SIGKILL ${moment} the call`,
    run: (bench, plan, step) => {
      const target = requestOf(plan, step);
      return killed(bench, applier, (child) => {
        let matched = 0;
        return (request, handle) => {
          if (matched === target.nth) {
            // The first request after the answer: the process has it.
            child.kill("SIGKILL");
            return noAnswer();
          }
          if (!matches(request, target)) return undefined;
          matched += 1;
          if (matched < target.nth || moment === "after") return undefined;
          if (moment === "during") handle();
          child.kill("SIGKILL");
          return noAnswer();
        };
      });
    },
  }));

/**
 * Killed at any moment between its first request and its end; whichever it is, the outcome must be the same. The
 * runs that go on are the program's, too.
 */
export const killAtRandom = (applier: Applier, random: Random): DrillCase => ({
  name: "SIGKILL at a random instant",
  run: (bench, plan) =>
    killed(bench, applier, (child) => {
      // Two readings before the first call, then a call and a reading for each step.
      let left = random.below(2 * plan.steps.length + 2);
      return () => {
        if (left === 0) void wait(random.below(5)).then(() => child.kill("SIGKILL"));
        left -= 1;
        return undefined;
      };
    }),
  goOn: (bench) =>
    inFolder(async (folder) => (await applier(bench, join(folder, "receipt.jsonl")).ended).code === 0),
});

const matches = (request: EmulatorRequest, target: { method: string; path: string }): boolean => {
  const collection = target.path.includes("ip-restrictions-set")
    ? "/ip-restrictions-set/"
    : "/ip-restrictions/";
  return request.method === target.method && request.target.includes(collection);
};

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), "drill-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const killed = (
  bench: Bench,
  applier: Applier,
  arm: (child: ChildProcess) => Bench["intercept"],
): Promise<Attempt> =>
  inFolder(async (folder) => {
    const receipt = join(folder, "receipt.jsonl");
    const { child, ended } = applier(bench, receipt);
    bench.intercept = arm(child);
    await ended;
    return { receipt: await readFile(receipt, "utf8").catch(() => "") };
  });
