/**
 * A process to kill: plans and applies as the program does, with the real client, the real receipt file and the
 * real lock. Arguments: the bench's URL, the scenario's name, the receipt's path.
 */
import { setTimeout as wait } from "node:timers/promises";
import { applyPlan } from "../../../src/apply/apply-plan.js";
import { acquireLock } from "../../../src/cli/lock.js";
import { createFileJournal } from "../../../src/cli/receipt-file.js";
import { createDbtClient } from "../../../src/dbt/client.js";
import { stateOf } from "../../../src/plan/state.js";
import { accountId, token } from "./access.js";
import { planBetween } from "./plans.js";
import { scenarios } from "./scenarios.js";

const [url = "", name = "", receipt = ""] = process.argv.slice(2);
const scenario = scenarios.find((one) => one.name === name);
if (scenario === undefined) throw new Error(`no scenario ${name}`);

const client = createDbtClient({ baseUrl: url, accountId, token });
const snapshot = await client.readSnapshot();
const lock = await acquireLock({ host: snapshot.host, id: accountId }, process.env, new Date());
const journal = await createFileJournal(receipt);
const ports = {
  reader: client,
  writer: client,
  journal,
  now: () => new Date(),
  sleep: (ms: number) => wait(ms),
};
const result = await applyPlan(planBetween(stateOf(snapshot), scenario, snapshot.host), ports, {
  tool: "drill",
});
await journal.close();
await lock.release();
await client.close();
process.exitCode = result.exitCode;
