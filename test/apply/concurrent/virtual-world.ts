/**
 * One account and the calls of several runs on it, in virtual time: each call takes a random time to reach the account
 * and another one back, and takes effect in between. The order of all events follows from the seed alone.
 */
import type { ApplyPorts, WriteOutcome } from "../../../src/apply/ports.js";
import type { AccountState } from "../../../src/model/rule.js";
import { FakeAccount } from "../fake-account.js";
import { MemoryJournal } from "../hand-made.js";
import type { Look } from "./observer.js";
import type { Random } from "./random.js";
import { type CallKind, callKinds, type Landing, type World } from "./round.js";

interface Weather {
  /** Milliseconds that one way of a call takes at least and at most. */
  readonly leastMs: number;
  readonly mostMs: number;
  /** How likely a write's answer is lost, in one of the ways that there are. */
  readonly faults: number;
  /** Every run's first write gets no answer, so that all of them send theirs again at about the same time. */
  readonly stumble: boolean;
  /** All runs wait for each other once, right before their first call of this kind. */
  readonly barrier?: CallKind | undefined;
}

const weatherOf = (random: Random): Weather => {
  const leastMs = random.pick([0, 50, 100]);
  return {
    leastMs,
    mostMs: leastMs + random.pick([1, 200, 400, 5_000]),
    faults: random.pick([0, 0, 0, 0.1, 0.4]),
    stumble: random.chance(0.15),
    barrier: random.pick([undefined, ...callKinds]),
  };
};

interface Event {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/** Longer than any run waits for a late write. */
const latestLandingMs = 120_000;

export class VirtualWorld implements World {
  readonly account: FakeAccount;
  readonly landings: Landing[] = [];
  sawPair = false;
  hadFaults = false;
  readonly #random: Random;
  #weather: Weather;
  readonly #look: Look;
  readonly #lastRead = new Map<number, number>();
  readonly #live = new Set<number>();
  readonly #waiting: (() => void)[] = [];
  readonly #passed = new Set<number>();
  readonly #wrote = new Set<number>();
  #queue: Event[] = [];
  #now = 0;
  #order = 0;

  constructor(before: AccountState, random: Random, look: Look) {
    this.account = new FakeAccount(before);
    this.#random = random;
    this.#weather = weatherOf(random);
    this.#look = look;
  }

  get host(): string {
    return this.account.host;
  }

  get history(): readonly AccountState[] {
    return this.account.history;
  }

  shownTo(run: number): number {
    return this.#lastRead.get(run) ?? 0;
  }

  state(): AccountState {
    return this.account.state();
  }

  calm(): void {
    this.#weather = { ...this.#weather, faults: 0, stumble: false, barrier: undefined };
  }

  removeCopies(): void {
    const names = new Set<string>();
    const kept = this.account.rules.filter(({ name }) => !names.has(name) && names.add(name));
    if (kept.length < this.account.rules.length) this.account.rules = kept;
  }

  async play<T>(runs: ReadonlyMap<number, (ports: ApplyPorts) => Promise<T>>): Promise<T[]> {
    const results = [...runs].map(async ([run, start]) => {
      this.#live.add(run);
      try {
        await this.#wait(this.#leg() * this.#random.below(4));
        return await start(this.#portsOf(run));
      } finally {
        this.#live.delete(run);
      }
    });
    for (;;) {
      // Whatever follows from the last event without a call gets its turn first.
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#takeNext();
      if (next === undefined && this.#waiting.length === 0) break;
      if (next === undefined || this.#waiting.length >= this.#live.size)
        for (const go of this.#waiting.splice(0)) go();
      if (next !== undefined) {
        this.#now = next.at;
        next.act();
      }
    }
    return Promise.all(results);
  }

  /** The ports of one run; every call on them takes its time. */
  #portsOf(run: number): ApplyPorts {
    const { account } = this;
    const write = (kind: CallKind, land: (id?: number) => Promise<WriteOutcome>) =>
      this.#write(run, kind, land);
    return {
      reader: {
        readSnapshot: async () => {
          await this.#arrive(run, "read");
          this.#lastRead.set(run, this.landings.length);
          const snapshot = await account.readSnapshot();
          await this.#wait(this.#leg());
          return snapshot;
        },
        validateCaller: async (...args) => {
          await this.#arrive(run, "validate");
          const answer = await account.validateCaller(...args);
          await this.#wait(this.#leg());
          return answer;
        },
      },
      writer: {
        createRule: (...args) => write("create", (id) => account.createRule(args[0], args[1], id)),
        updateRule: (...args) => write("update", () => account.updateRule(...args)),
        deleteRule: (...args) => write("delete", () => account.deleteRule(...args)),
        setEnforcement: (...args) => write("enforcement", () => account.setEnforcement(...args)),
      },
      journal: new MemoryJournal(),
      now: () => new Date(Date.UTC(2026, 10, 21) + this.#now),
      sleep: (ms) => this.#wait(ms),
    };
  }

  async #write(
    run: number,
    kind: CallKind,
    land: (id?: number) => Promise<WriteOutcome>,
  ): Promise<WriteOutcome> {
    const read = this.shownTo(run);
    await this.#arrive(run, kind);
    const unknown: WriteOutcome = { kind: "unknown", message: "timed out" };
    const stumbles = this.#weather.stumble && !this.#wrote.has(run);
    this.#wrote.add(run);
    if (stumbles || this.#random.chance(this.#weather.faults)) {
      this.hadFaults = true;
      const fault = this.#random.pick(["lost", "answer-lost", "late", "named"] as const);
      if (fault === "lost") return this.#answer(unknown);
      if (fault === "answer-lost")
        return this.#answer(await this.#land(run, kind, read, land).then(() => unknown));
      // An answer that cannot be understood may name the rule that it made all the same.
      const id = fault === "named" && kind === "create" ? this.account.reserveId() : undefined;
      this.#at(
        this.#random.below(latestLandingMs),
        () => void this.#land(run, kind, read, () => land(id), true),
      );
      return this.#answer(id === undefined ? unknown : { ...unknown, ruleId: id });
    }
    return this.#answer(await this.#land(run, kind, read, land));
  }

  async #answer(outcome: WriteOutcome): Promise<WriteOutcome> {
    await this.#wait(this.#leg());
    return outcome;
  }

  async #land(
    run: number,
    kind: CallKind,
    read: number,
    land: () => Promise<WriteOutcome>,
    late = false,
  ): Promise<WriteOutcome> {
    const before = this.account.history.length;
    // What `land` does to the account it does before its promise exists.
    const outcome = land();
    if (this.account.history.length > before) {
      const names = this.account.rules.map(({ name }) => name);
      this.sawPair ||= new Set(names).size < names.length;
      const stale = this.landings.slice(read).some((other) => late || other.run !== run);
      this.landings.push({ run, kind, stale, late, problems: this.#look(this.account.state()) });
    }
    return outcome;
  }

  /** The way to the account. */
  async #arrive(run: number, kind: CallKind): Promise<void> {
    if (kind === this.#weather.barrier && !this.#passed.has(run)) {
      this.#passed.add(run);
      await new Promise<void>((go) => this.#waiting.push(go));
    }
    await this.#wait(this.#leg());
  }

  #leg(): number {
    const { leastMs, mostMs } = this.#weather;
    return leastMs + this.#random.below(mostMs - leastMs + 1);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#at(ms, resolve));
  }

  #at(ms: number, act: () => void): void {
    this.#order += 1;
    this.#queue.push({ at: this.#now + ms, order: this.#order, act });
  }

  #takeNext(): Event | undefined {
    const [first, ...others] = this.#queue;
    if (first === undefined) return undefined;
    let next = first;
    for (const other of others) {
      if (other.at < next.at || (other.at === next.at && other.order < next.order)) next = other;
    }
    this.#queue = this.#queue.filter((event) => event !== next);
    return next;
  }
}
