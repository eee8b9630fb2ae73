/**
 * An account in memory behind apply's ports, as strict as docs/service.md describes the service: writes add, one range
 * cannot be on an allow and on a deny rule, names may repeat, a write's `rule_set_enabled` sets enforcement.
 * Faults are scripted by the number of the write; every state that the account was ever in is kept.
 */
import { formatPrefix, type Prefix, samePrefix } from "../../src/address/prefix.js";
import type { AccountReader, AccountWriter, WriteOutcome } from "../../src/apply/ports.js";
import { failure } from "../../src/model/failure.js";
import type { AccountState, Rule, RuleFields, RuleType } from "../../src/model/rule.js";
import type { Snapshot, SnapshotEntry, SnapshotRule } from "../../src/model/snapshot.js";
import { ruleOf } from "../../src/plan/state.js";

/** What happens to one write. */
export type Fault =
  /** The request is lost; the caller cannot tell. */
  | "lost"
  /** It never left the machine. */
  | "not-sent"
  /** It takes effect, and the answer is lost. */
  | "answer-lost"
  /**
   * The answer is lost, and it takes effect only after the given number of further readings. `named`: of a create, the
   * answer comes, cannot be understood, and names the rule.
   */
  | { readonly landsAfterReads: number; readonly named?: true }
  | "refused"
  /** It takes effect, and the answer is a plain no: a gateway that asked twice. */
  | "refused-but-lands"
  /** Only the first of the new prefixes is taken, and the answer is a plain no. */
  | "refused-in-part"
  /** 429, though it takes effect. */
  | { readonly throttledButLands: number }
  /** A bug of the client: it takes effect, and the call throws. */
  | "throws"
  /** 429: nothing is done, and it may be sent again after so many seconds. */
  | { readonly throttled: number }
  /** Only the first of the new prefixes is taken, and the answer says so. */
  | "partial"
  /** Everything is taken, and the answer says that it was not. */
  | "claims-partial"
  /** The answer says done, and nothing is done. */
  | "lie"
  /** The answer shows in full what was asked for, and nothing is done. */
  | "lie-in-full"
  /** The answer says done, and it takes effect only after the given number of further readings. */
  | { readonly visibleAfterReads: number };

interface StoredRule {
  id: number;
  name: string;
  type: RuleType;
  description: string;
  entries: SnapshotEntry[];
  disabled?: SnapshotEntry[];
}

export class FakeAccount implements AccountReader, AccountWriter {
  readonly accountId = 66847;
  readonly host = "ab123.us1.dbt.com";
  rules: StoredRule[] = [];
  enabled: boolean;
  /** By the number of the write, from 1. */
  readonly faults = new Map<number, Fault>();
  /** The states after each effect, the first one included. */
  readonly history: AccountState[] = [];
  writes = 0;
  reads = 0;
  validations = 0;
  /** Fails the reads with these numbers, from 1. */
  readonly unreadable = new Set<number>();
  /** Run before each call, to crash it, or to change the account behind the tool's back. */
  onCall: (call: "read" | "write" | "validate") => void = () => undefined;
  /** What the service says about the caller, by the id of the rule left out. */
  callerGetsIn: (withoutRuleId: number | undefined) => boolean = () => true;
  /** The rules that the listing shows: a listing may leave some out. */
  shows: (rule: StoredRule) => boolean = () => true;
  /** Whether rules show `rule_set_enabled`: in the listing, and in the answer to a write. */
  tells = { listing: true, answer: true };
  #nextId = 1;
  #pending: { reads: number; effect: () => void }[] = [];

  constructor(state: AccountState) {
    this.enabled = state.enforcement === "enabled";
    for (const rule of state.rules) this.#add(rule);
    this.#remember();
  }

  async readSnapshot(): Promise<Snapshot> {
    this.onCall("read");
    this.reads += 1;
    this.#landPending();
    if (this.unreadable.has(this.reads)) throw failure("connection-lost", { host: "ab123.us1.dbt.com" });
    return this.snapshot(this.rules.filter(this.shows));
  }

  async validateCaller(ruleSetId: number, withoutRuleId?: number): Promise<boolean> {
    this.onCall("validate");
    this.validations += 1;
    if (ruleSetId !== 1) throw new Error("unknown rule set");
    if (withoutRuleId !== undefined && !this.rules.some(({ id }) => id === withoutRuleId))
      throw failure(
        "rule-not-found",
        { host: this.host, request: "GET validate", said: "" },
        { status: 404 },
      );
    return this.callerGetsIn(withoutRuleId);
  }

  /** An id for a rule that is to come. */
  reserveId(): number {
    return this.#id();
  }

  createRule(rule: Rule, ruleSetEnabled: boolean | undefined, id?: number): Promise<WriteOutcome> {
    return this.#write(
      ruleSetEnabled,
      rule.prefixes,
      (prefixes, named = id) => {
        const conflict = this.#conflict(rule.type, [...prefixes, ...(rule.disabled ?? [])]);
        if (conflict !== undefined) return conflict;
        return () => this.#add({ ...rule, prefixes }, named);
      },
      true,
    );
  }

  updateRule(
    current: SnapshotRule,
    becomes: RuleFields,
    add: readonly Prefix[],
    remove: readonly SnapshotEntry[],
    ruleSetEnabled: boolean | undefined,
    disable: readonly Prefix[] = [],
  ): Promise<WriteOutcome> {
    return this.#write(ruleSetEnabled, add, (prefixes) => {
      const rule = this.rules.find(({ id }) => id === current.id);
      if (rule === undefined) return refusal(404, "no such rule");
      if (prefixes.some((prefix) => rule.entries.some((entry) => samePrefix(entry.prefix, prefix)))) {
        return refusal(409, "CIDR(s) already exists");
      }
      const isIn = (entry: SnapshotEntry, list: readonly Prefix[]): boolean =>
        list.some((prefix) => samePrefix(prefix, entry.prefix));
      const stays = (entry: SnapshotEntry): boolean => !remove.some(({ id }) => id === entry.id);
      const old = rule.disabled ?? [];
      const kept = rule.entries.filter((entry) => stays(entry) && !isIn(entry, disable));
      const switchedOff = rule.entries.filter((entry) => stays(entry) && isIn(entry, disable));
      const switchedOn = old.filter((entry) => isIn(entry, prefixes));
      const off = [
        ...old.filter((entry) => stays(entry) && !isIn(entry, prefixes)),
        ...switchedOff,
        ...disable
          .filter((prefix) => !switchedOff.some((entry) => samePrefix(entry.prefix, prefix)))
          .map((prefix) => this.#entry(prefix)),
      ];
      const all = [...kept, ...off].map(({ prefix }) => prefix).concat(prefixes);
      const conflict = this.#conflict(becomes.type, all, rule.id);
      if (conflict !== undefined) return conflict;
      return () => {
        const added = prefixes.map(
          (prefix) => switchedOn.find((entry) => samePrefix(entry.prefix, prefix)) ?? this.#entry(prefix),
        );
        delete rule.disabled;
        return Object.assign(rule, becomes, {
          entries: [...kept, ...added],
          ...(off.length === 0 ? {} : { disabled: off }),
        });
      };
    });
  }

  deleteRule(current: SnapshotRule): Promise<WriteOutcome> {
    return this.#write(undefined, [], () => {
      if (!this.rules.some(({ id }) => id === current.id)) return refusal(404, "no such rule");
      return () => {
        this.rules = this.rules.filter(({ id }) => id !== current.id);
        return undefined;
      };
    });
  }

  setEnforcement(enabled: boolean): Promise<WriteOutcome> {
    return this.#write(undefined, [], () => () => {
      this.enabled = enabled;
      return undefined;
    });
  }

  /** The account without a call, for the test's own eyes. */
  snapshot(rules: readonly StoredRule[] = this.rules): Snapshot {
    const told = rules.length > 0;
    return {
      accountId: this.accountId,
      host: this.host,
      enforcement: told && this.tells.listing ? (this.enabled ? "enabled" : "disabled") : "unknown",
      ...(told ? { ruleSetId: 1, enabledForServiceTokens: true } : {}),
      rules: rules.map((rule) => ({ ...rule, entries: [...rule.entries] })),
    };
  }

  state(): AccountState {
    const rules = this.rules.map(ruleOf).sort((a, b) => (a.name < b.name ? -1 : 1));
    return { enforcement: this.enabled ? "enabled" : "disabled", rules };
  }

  /** A change by somebody else. */
  change(effect: (account: FakeAccount) => void): void {
    effect(this);
    this.#remember();
  }

  async #write(
    ruleSetEnabled: boolean | undefined,
    prefixes: readonly Prefix[],
    prepare: (prefixes: readonly Prefix[], id?: number) => (() => StoredRule | undefined) | WriteOutcome,
    creates = false,
  ): Promise<WriteOutcome> {
    this.onCall("write");
    this.writes += 1;
    const fault = this.faults.get(this.writes);
    if (fault === "lost") return { kind: "unknown", message: "connection reset" };
    if (fault === "not-sent") return { kind: "unknown", message: "connection refused", neverSent: true };
    if (typeof fault === "object" && "throttled" in fault)
      return { kind: "throttled", seconds: fault.throttled, message: "too many requests" };
    if (fault === "refused") return refusal(400, "Invalid IP range");
    if (fault === "lie") return { kind: "applied" };
    const taken = fault === "partial" || fault === "refused-in-part" ? prefixes.slice(0, -1) : prefixes;
    const named =
      creates && typeof fault === "object" && "landsAfterReads" in fault && fault.named === true
        ? this.#id()
        : undefined;
    const land = (): WriteOutcome => {
      const effect = prepare(taken, named);
      if (typeof effect !== "function") return effect;
      const rule = effect();
      if (ruleSetEnabled !== undefined) this.enabled = ruleSetEnabled;
      this.#remember();
      return {
        kind: "applied",
        serverAt: "2026-11-21T00:00:00.000Z",
        ...(rule === undefined ? {} : { rule: { ...rule, entries: [...rule.entries] } }),
        ...(rule !== undefined && this.tells.answer ? { ruleSetEnabled: this.enabled } : {}),
      };
    };
    if (typeof fault === "object" && "throttledButLands" in fault) {
      land();
      return { kind: "throttled", seconds: fault.throttledButLands, message: "too many requests" };
    }
    if (typeof fault === "object") return this.#later(fault, () => void land(), named);
    if (fault === "lie-in-full") return this.#undoing(land);
    const answer = land();
    if (fault === "answer-lost") return { kind: "unknown", message: "connection reset" };
    if (fault === "refused-but-lands" || fault === "refused-in-part")
      return refusal(409, "CIDR(s) already exists");
    if (fault === "throws") throw new RangeError("Maximum call stack size exceeded");
    if (fault === "claims-partial") return { kind: "partial", message: "not taken: something" };
    if (fault === "partial" && answer.kind === "applied") {
      const lost = prefixes.slice(-1).map(formatPrefix).join(", ");
      return { kind: "partial", message: `not taken: ${lost}` };
    }
    return answer;
  }

  #undoing(land: () => WriteOutcome): WriteOutcome {
    const { enabled } = this;
    const rules = this.rules.map((rule) => ({ ...rule, entries: [...rule.entries] }));
    const answer = land();
    this.enabled = enabled;
    this.rules = rules;
    if (answer.kind === "applied") this.history.pop();
    return answer;
  }

  #later(
    fault: Extract<Fault, object> & ({ landsAfterReads: number } | { visibleAfterReads: number }),
    effect: () => void,
    ruleId: number | undefined,
  ): WriteOutcome {
    if ("landsAfterReads" in fault) {
      this.#pending.push({ reads: fault.landsAfterReads, effect });
      return { kind: "unknown", message: "timed out", ...(ruleId === undefined ? {} : { ruleId }) };
    }
    this.#pending.push({ reads: fault.visibleAfterReads, effect });
    return { kind: "applied" };
  }

  #landPending(): void {
    const due = this.#pending.filter((one) => one.reads <= 0);
    this.#pending = this.#pending.filter((one) => one.reads > 0);
    for (const one of this.#pending) one.reads -= 1;
    for (const one of due) one.effect();
  }

  #conflict(type: RuleType, prefixes: readonly Prefix[], self?: number): WriteOutcome | undefined {
    const other = this.rules.find(
      (rule) =>
        rule.id !== self &&
        rule.type !== type &&
        [...rule.entries, ...(rule.disabled ?? [])].some((entry) =>
          prefixes.some((prefix) => samePrefix(prefix, entry.prefix)),
        ),
    );
    return other === undefined ? undefined : refusal(400, "the same range is on a rule of the other type");
  }

  #add(rule: Rule, id?: number): StoredRule {
    const { name, type, description, prefixes, disabled } = rule;
    const stored: StoredRule = {
      id: id ?? this.#id(),
      name,
      type,
      description,
      entries: prefixes.map((prefix) => this.#entry(prefix)),
      ...(disabled === undefined ? {} : { disabled: disabled.map((prefix) => this.#entry(prefix)) }),
    };
    this.rules.push(stored);
    return stored;
  }

  #entry(prefix: Prefix): SnapshotEntry {
    return { id: this.#id(), prefix, text: formatPrefix(prefix) };
  }

  #id(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  #remember(): void {
    this.history.push(this.state());
  }
}

const refusal = (status: number, message: string): WriteOutcome => ({ kind: "refused", status, message });
