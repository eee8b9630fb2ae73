/** Plans made by hand, and the ports around a fake account. */

import { AddressSet } from "../../src/address/address-set.js";
import { type Prefix, parsePrefix } from "../../src/address/prefix.js";
import type { ApplyPorts, Journal } from "../../src/apply/ports.js";
import type { AccountState, Enforcement, Rule, RuleType } from "../../src/model/rule.js";
import type { AccessChange } from "../../src/plan/access-change.js";
import { verifySteps } from "../../src/plan/order/verify-steps.js";
import type { Plan, Step } from "../../src/plan/plan.js";
import { hashState, sortedPrefixes } from "../../src/plan/state.js";
import { applyStep } from "../plan/apply-step.js";
import type { FakeAccount } from "./fake-account.js";

export const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(`not a prefix: ${text}`);
  return parsed.prefix;
};

export const rule = (name: string, type: RuleType, prefixes: readonly string[], description = ""): Rule => ({
  name,
  type,
  description,
  prefixes: sortedPrefixes(prefixes.map(prefix)),
});

/** The same with entries that are there without effect. */
export const withDisabled = (made: Rule, ...disabled: string[]): Rule => ({
  ...made,
  disabled: sortedPrefixes(disabled.map(prefix)),
});

export const account = (enforcement: Enforcement, ...rules: Rule[]): AccountState => ({
  enforcement,
  rules: [...rules].sort((a, b) => (a.name < b.name ? -1 : 1)),
});

const none: AccessChange = {
  direction: "none",
  newlyAllowed: AddressSet.empty,
  newlyBlocked: AddressSet.empty,
  parts: [],
};

/** A plan of exactly these steps. */
export const planOf = (before: AccountState, steps: readonly Step[], extra: Partial<Plan> = {}): Plan => {
  const state = steps.reduce(applyStep, before);
  const planned = verifySteps(before, state, steps);
  return {
    account: { id: 66847, host: "ab123.us1.dbt.com" },
    before,
    after: state,
    basis: { state: hashState(before), policy: "0" },
    changes: [],
    unmanaged: [],
    steps: planned,
    access: { change: none, enforcedBefore: false, enforcedAfter: false },
    verdicts: [],
    diagnostics: [],
    expired: [],
    lists: [],
    expiring: [],
    ...extra,
  };
};

export class MemoryJournal implements Journal {
  readonly lines: string[] = [];
  onAppend: () => void = () => undefined;

  async append(line: string): Promise<void> {
    this.onAppend();
    this.lines.push(line);
  }

  get text(): string {
    return this.lines.map((line) => `${line}\n`).join("");
  }
}

/** Ports with a clock that only sleeping moves. */
export const portsOf = (fake: FakeAccount, journal: Journal): ApplyPorts & { readonly slept: number[] } => {
  let time = Date.UTC(2026, 10, 21);
  const slept: number[] = [];
  return {
    reader: fake,
    writer: fake,
    journal,
    slept,
    now: () => new Date(time),
    sleep: async (ms) => {
      slept.push(ms);
      // Whatever is in flight gets its turn first, as it would in a real wait.
      await new Promise((resolve) => setImmediate(resolve));
      time += ms;
    },
  };
};
