/**
 * Two to four applies at once on the emulator over HTTP: the rounds of test/apply/concurrent-applies.test.ts in real
 * time, each run with a client of its own; then the built program, each run with a folder and a state of its own. Which
 * call comes first differs from time to time; what must hold does not.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import type { ApplyPorts } from "../../src/apply/ports.js";
import { createDbtClient, type DbtClient } from "../../src/dbt/client.js";
import type { EmulatorReply, EmulatorRequest } from "../../src/emulator/http.js";
import type { AccountState } from "../../src/model/rule.js";
import { hashState } from "../../src/plan/state.js";
import { type Look, observerOf } from "../apply/concurrent/observer.js";
import { type Random, randomBy } from "../apply/concurrent/random.js";
import { type CallKind, callKinds, type Landing, playRound, type World } from "../apply/concurrent/round.js";
import { type Scenario, scenarios } from "../apply/concurrent/scenarios.js";
import { MemoryJournal } from "../apply/hand-made.js";
import { dbtIpRules } from "../cli/world.js";
import { full, share } from "../drills.js";
import { type Ran, start } from "./cli.js";
import { accountId, token } from "./drill/access.js";
import { type Bench, startBench } from "./drill/bench.js";
import { policyOf } from "./drill/scenarios.js";
import { somebodyElse } from "./place.js";

const rounds = share(8, 400);
const mostMs = 12;

/** Waits for all runs that have not ended, once. */
class Barrier {
  readonly #waiting: (() => void)[] = [];
  #live: number;

  constructor(runs: number) {
    this.#live = runs;
  }

  pass(): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push(go);
      this.#open();
    });
  }

  leave(): void {
    this.#live -= 1;
    this.#open();
  }

  #open(): void {
    if (this.#waiting.length >= this.#live) for (const go of this.#waiting.splice(0)) go();
  }
}

class HttpWorld implements World {
  readonly landings: Landing[] = [];
  readonly timings = { settle: [5, 20, 60], reconnect: [5], visible: [5, 20] };
  readonly #bench: Bench;
  readonly #random: Random;
  readonly #look: Look;
  readonly #lastRead = new Map<number, number>();
  sawPair = false;
  hadFaults = false;
  #barrierAt: CallKind | undefined;
  #faults: number;

  constructor(bench: Bench, random: Random, look: Look) {
    this.#bench = bench;
    this.#random = random;
    this.#look = look;
    this.#barrierAt = random.pick([undefined, ...callKinds]);
    this.#faults = random.pick([0, 0, 0.15]);
    bench.intercept = (request, handle) => this.#handle(request, handle);
  }

  get host(): string {
    return new URL(this.#bench.url).host;
  }

  get history(): readonly AccountState[] {
    return this.#bench.states;
  }

  shownTo(run: number): number {
    return this.#lastRead.get(run) ?? 0;
  }

  state(): AccountState {
    return this.#bench.state();
  }

  calm(): void {
    this.#barrierAt = undefined;
    this.#faults = 0;
  }

  removeCopies(): void {
    removeCopies(this.#bench);
  }

  async play<T>(runs: ReadonlyMap<number, (ports: ApplyPorts) => Promise<T>>): Promise<T[]> {
    const barrier = new Barrier(runs.size);
    return Promise.all(
      [...runs].map(async ([run, start]) => {
        const client = createDbtClient({
          baseUrl: this.#bench.url,
          accountId,
          token,
          userAgent: `run ${run}`,
          sleep: (ms) => wait(Math.min(ms, mostMs)),
        });
        try {
          return await start(this.#portsOf(client, barrier));
        } finally {
          barrier.leave();
          await client.close();
        }
      }),
    );
  }

  #portsOf(client: DbtClient, barrier: Barrier): ApplyPorts {
    let passed = false;
    const late =
      <Args extends readonly unknown[], Out>(kind: CallKind, call: (...args: Args) => Promise<Out>) =>
      async (...args: Args): Promise<Out> => {
        if (kind === this.#barrierAt && !passed) {
          passed = true;
          await barrier.pass();
        }
        await wait(this.#random.below(mostMs));
        return call(...args);
      };
    return {
      reader: {
        readSnapshot: late("read", client.readSnapshot),
        validateCaller: late("validate", client.validateCaller),
      },
      writer: {
        createRule: late("create", client.createRule),
        updateRule: late("update", client.updateRule),
        deleteRule: late("delete", client.deleteRule),
        setEnforcement: late("enforcement", client.setEnforcement),
      },
      journal: new MemoryJournal(),
      now: () => new Date(),
      sleep: async (ms) => wait(Math.min(ms, 60)),
    };
  }

  #handle({ method, target, headers }: EmulatorRequest, handle: () => EmulatorReply): EmulatorReply {
    const run = Number(headers["user-agent"]?.slice("run ".length));
    const delayMs = this.#random.below(mostMs);
    if (method === "GET") {
      if (!target.includes("/validate/")) this.#lastRead.set(run, this.landings.length);
      return { ...handle(), delayMs };
    }
    const lost = this.#random.chance(this.#faults);
    this.hadFaults ||= lost;
    const before = this.#bench.states.length;
    const answer = lost && this.#random.chance(0.5) ? undefined : handle();
    if (this.#bench.states.length > before) this.#landed(run, kindOf(method, target));
    if (answer !== undefined && !lost) return { ...answer, delayMs };
    return { status: 502, headers: {}, body: "", delivery: { kind: "reset" }, delayMs };
  }

  #landed(run: number, kind: CallKind): void {
    const state = this.state();
    const names = state.rules.map(({ name }) => name);
    this.sawPair ||= new Set(names).size < names.length;
    const stale = this.landings.slice(this.shownTo(run)).some((other) => other.run !== run);
    this.landings.push({ run, kind, stale, late: false, problems: this.#look(state) });
  }
}

/** As the message says: of rules with one name, one stays. */
const removeCopies = (bench: Bench): void => {
  const names = new Set<string>();
  for (const { id, name, state } of bench.emulator.state().rules) {
    if (state !== 1) continue;
    if (names.has(name)) somebodyElse(bench, "DELETE", `ip-restrictions/${id}`);
    names.add(name);
  }
};

const kindOf = (method: string, target: string): CallKind => {
  if (target.includes("/ip-restrictions-set/")) return "enforcement";
  if (method === "POST") return "create";
  return method === "PUT" ? "update" : "delete";
};

const benchFor = ({ name, before, targets }: Scenario, latencyMs = 0): Promise<Bench> => {
  const after = targets[0] ?? before;
  const scenario = { name, before, after, renames: new Map(), protectedAddresses: [] };
  return startBench(scenario, { exemptCaller: true, latencyMs });
};

it("lock nobody out, let nobody in, lose no rule, and end with a true exit code, over HTTP", async () => {
  const failed: string[] = [];
  let completed = 0;
  for (let seed = 0; seed < rounds; seed += 1) {
    const random = randomBy(seed);
    let bench: Bench | undefined;
    const round = await playRound(random, async (scenario, look) => {
      bench = await benchFor(scenario);
      return new HttpWorld(bench, random, look);
    });
    await bench?.close();
    if (round.problems.length > 0) failed.push(`${seed} (${round.scenario}): ${round.problems.join("; ")}`);
    completed += round.completed;
  }
  expect(failed, `${failed.length} of ${rounds} rounds`).toEqual([]);
  expect(completed).toBeGreaterThan(0);
});

/** A folder with nothing in it but the policy, and what the program gets to know there. */
const placeFor = async (cwd: string, bench: Bench) => {
  await mkdir(cwd);
  await writeFile(join(cwd, "policy.yaml"), policyOf(bench.scenario));
  const env = {
    DBT_CLOUD_HOST_URL: bench.url,
    DBT_CLOUD_ACCOUNT_ID: String(accountId),
    DBT_CLOUD_TOKEN: token,
    XDG_STATE_HOME: join(cwd, "state"),
  };
  return { cwd, env };
};

/** By the built program. */
const applyFrom = async (folder: string, bench: Bench): Promise<Ran> =>
  start(["apply", "--auto-approve"], await placeFor(folder, bench)).ended;

/** A policy without any allow rule is refused by a guard. */
const isApplied = ({ targets, window }: Scenario): boolean =>
  targets.length === 1 && window !== true && targets[0]?.rules.some(({ type }) => type === "allow") === true;

it.each(scenarios.filter(isApplied).filter((_, at) => full || at % 2 === 0))(
  "lock nobody out and lose no rule as built programs with state folders of their own: $name",
  async (scenario) => {
    const folder = await mkdtemp(join(tmpdir(), "dbt-ip-rules-concurrent-"));
    for (let round = 0; round < share(1, 12); round += 1) {
      const bench = await benchFor(scenario, 40 * (1 + (round % 4)));
      const runs = 2 + (round % 3);
      const place = (run: number | string) => join(folder, `${round}-${run}`);
      const ended = await Promise.all(Array.from({ length: runs }, (_, run) => applyFrom(place(run), bench)));
      const look = observerOf(scenario, scenario.targets);
      expect(bench.states.flatMap((state) => look(state))).toEqual([]);
      for (const { code, stdout, stderr } of ended) {
        expect([0, 1, 3, 4], stderr).toContain(code);
        // Whoever has seen a rule twice names both ids.
        if (stdout.includes("account-rule-name-repeated")) expect(stdout).toMatch(/\(ids\s+\d+(,\s+\d+)+\)/);
      }
      expect(ended.map(({ code }) => code)).toContain(0);
      const last = { ...(await placeFor(place("again"), bench)), bare: true };
      const again = await dbtIpRules(last, "apply", "--auto-approve");
      expect([again.code, hashState(bench.state())], again.stderr).toEqual([
        0,
        hashState(bench.scenario.after),
      ]);
      await bench.close();
    }
    await rm(folder, { recursive: true });
  },
);
