/**
 * SIGKILL: another process applies, and dies before its call took effect, after that but before the answer, or
 * once it has the answer. The emulator decides the moment, so that it is the same in every run.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { rolldown } from "rolldown";
import { type EmulatorReply, type EmulatorRequest, reply } from "../../../src/emulator/http.js";
import type { Attempt } from "./attempt.js";
import type { Bench } from "./bench.js";
import { type DrillCase, requestOf } from "./cases.js";

/** Starts a process that plans and applies the bench's scenario, writing its receipt to `receipt`. */
export type Applier = (bench: Bench, receipt: string) => ChildProcess;

/** The applier of applier.ts, bundled into `folder`. */
export const bundleApplier = async (folder: string): Promise<Applier> => {
  const bundle = await rolldown({ input: resolve("test/e2e/drill/applier.ts"), platform: "node" });
  const file = join(folder, "applier.mjs");
  await bundle.write({ file, format: "esm", codeSplitting: false });
  return (bench, receipt) =>
    spawn(process.execPath, [file, bench.url, bench.scenario.name, receipt], {
      env: { ...process.env, XDG_STATE_HOME: join(folder, "state") },
      stdio: ["ignore", "ignore", "inherit"],
    });
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

/** Killed at any moment between its first request and its end; whichever it is, the outcome must be the same. */
export const killAtRandom = (applier: Applier): DrillCase => ({
  name: "SIGKILL at a random instant",
  run: (bench, plan) =>
    killed(bench, applier, (child) => {
      // Two readings before the first call, then a call and a reading for each step.
      let left = Math.floor(Math.random() * (2 * plan.steps.length + 2));
      return () => {
        if (left === 0) void wait(Math.random() * 4).then(() => child.kill("SIGKILL"));
        left -= 1;
        return undefined;
      };
    }),
});

const matches = (request: EmulatorRequest, target: { method: string; path: string }): boolean => {
  const collection = target.path.includes("ip-restrictions-set")
    ? "/ip-restrictions-set/"
    : "/ip-restrictions/";
  return request.method === target.method && request.target.includes(collection);
};

const killed = async (
  bench: Bench,
  applier: Applier,
  arm: (child: ChildProcess) => Bench["intercept"],
): Promise<Attempt> => {
  const folder = await mkdtemp(join(tmpdir(), "drill-"));
  const receipt = join(folder, "receipt.jsonl");
  const child = applier(bench, receipt);
  const ended = once(child, "exit");
  bench.intercept = arm(child);
  await ended;
  const text = await readFile(receipt, "utf8").catch(() => "");
  await rm(folder, { recursive: true });
  return { receipt: text };
};
