/**
 * Where the program is run on an emulated account, built or in this process: a folder with a policy, and somebody else
 * at work.
 */

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseReceipt } from "../../src/apply/read-receipt.js";
import type { EmulatorReply, EmulatorRequest } from "../../src/emulator/http.js";
import { messageOf } from "../../src/model/diagnostic.js";
import type { ReceiptEnd } from "../../src/model/receipt.js";
import { hashState } from "../../src/plan/state.js";
import { dbtIpRules, type Ran } from "../cli/world.js";
import { atEnd } from "../endings.js";
import { type Running, start } from "./cli.js";
import { accountId, token } from "./drill/access.js";
import { type Bench, startBench } from "./drill/bench.js";
import { callerAddress, policyOf, type Scenario, scenarios } from "./drill/scenarios.js";

export interface Told {
  readonly end: ReceiptEnd["end"] | undefined;
  /** The last outcome of each step that has one. */
  readonly outcomes: readonly string[];
}

export interface Place {
  readonly bench: Bench;
  readonly folder: string;
  /** The built program, a process that can be sent signals. */
  run(...args: readonly string[]): Running;
  /** `apply --auto-approve` of policy.yaml, by the built program. */
  apply(...args: readonly string[]): Running;
  /** The program in this process. */
  ran(...args: readonly string[]): Promise<Ran>;
  /** `apply --auto-approve` of policy.yaml, in this process. */
  applied(...args: readonly string[]): Promise<Ran>;
  policy(text: string): Promise<void>;
  /** The newest receipt. */
  receipt(): Promise<Told>;
  isDone(): boolean;
}

export const scenarioNamed = (name: string): Scenario => {
  const found = scenarios.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
};

/** A fresh account and folder, gone when the file's tests are over. */
export const newPlace = async (scenario: Scenario = scenarioNamed("switch on")): Promise<Place> => {
  const bench = await startBench(scenario);
  const folder = await mkdtemp(join(tmpdir(), "dbt-ip-rules-e2e-"));
  // Not when a test ends: of tests that run side by side, another one's end would come too early.
  atEnd(async () => {
    await bench.close();
    await rm(folder, { recursive: true });
  });
  const policy = (text: string) => writeFile(join(folder, "policy.yaml"), text);
  await policy(policyOf(scenario));
  const env = {
    DBT_CLOUD_HOST_URL: bench.url,
    DBT_CLOUD_ACCOUNT_ID: String(accountId),
    DBT_CLOUD_TOKEN: token,
    XDG_STATE_HOME: join(folder, "state"),
  };
  const run = (...args: readonly string[]): Running => start(args, { cwd: folder, env });
  const ran = (...args: readonly string[]): Promise<Ran> =>
    dbtIpRules({ cwd: folder, env, bare: true, ends: true }, ...args);
  return {
    bench,
    folder,
    run,
    apply: (...args) => run("apply", "--auto-approve", ...args),
    ran,
    applied: (...args) => ran("apply", "--auto-approve", ...args),
    policy,
    receipt: () => newestReceipt(join(folder, ".dbt-ip-rules", "receipts")),
    isDone: () => hashState(bench.state()) === hashState(scenario.after),
  };
};

const newestReceipt = async (folder: string): Promise<Told> => {
  const [newest] = (await readdir(folder)).sort().reverse();
  if (newest === undefined) throw new Error("no receipt");
  const { receipt, diagnostics } = parseReceipt(await readFile(join(folder, newest), "utf8"), newest);
  if (receipt === undefined) throw new Error(diagnostics.map(messageOf).join("; "));
  return {
    end: receipt.end?.end,
    outcomes: receipt.header.steps.flatMap(({ number }) => receipt.records.get(number)?.outcome ?? []),
  };
};

/** Resolves once the program has written this to standard error. */
export const told = ({ child }: Running, words: string): Promise<void> =>
  new Promise((settle) => {
    let text = "";
    child.stderr?.on("data", (more: string) => {
      text += more;
      if (text.includes(words)) settle();
    });
  });

/** A call by another client, past everything that the test has put between. */
export const somebodyElse = (bench: Bench, method: string, path: string, body?: unknown): EmulatorReply => {
  const { intercept } = bench;
  bench.intercept = undefined;
  try {
    return bench.emulator.handle({
      method,
      target: `/api/v3/accounts/${accountId}/${path}`,
      headers: { authorization: `Token ${token}`, "content-type": "application/json" },
      body: body === undefined ? "" : JSON.stringify(body),
      address: callerAddress,
      origin: "api",
    });
  } finally {
    bench.intercept = intercept;
  }
};

export const isWrite = ({ method }: EmulatorRequest): boolean => method !== "GET";
