/**
 * The emulator on real HTTP, with an observer that sees the account after every single request, and a plug
 * that can be pulled.
 */
import { type Prefix, parsePrefix } from "../../../src/address/prefix.js";
import { createEmulator, type Emulator } from "../../../src/emulator/emulator.js";
import type { EmulatorReply, EmulatorRequest } from "../../../src/emulator/http.js";
import { type Listener, listenWith } from "../../../src/emulator/listener.js";
import type { EmulatorOptions } from "../../../src/emulator/settings.js";
import { type AccountStore, activeCidrs, activeRules, denyType } from "../../../src/emulator/state.js";
import type { AccountState } from "../../../src/model/rule.js";
import { entryFields } from "../../../src/plan/state.js";
import { accountId, token } from "./access.js";
import { callerAddress, type Scenario, seedOf } from "./scenarios.js";

/** Looks at each request before it is handled; a reply of its own goes out in place of the emulator's. */
export type Intercept = (request: EmulatorRequest, handle: () => EmulatorReply) => EmulatorReply | undefined;

export interface Bench {
  readonly scenario: Scenario;
  readonly emulator: Emulator;
  readonly url: string;
  /** Every state that the account was in since the last reset, the first one included. */
  readonly states: readonly AccountState[];
  intercept: Intercept | undefined;
  state(): AccountState;
  reset(): void;
  /** Nobody listens any more: connections are refused. */
  unplug(): Promise<void>;
  replug(): Promise<void>;
  close(): Promise<void>;
}

export const startBench = async (
  scenario: Scenario,
  options: Partial<EmulatorOptions> = {},
): Promise<Bench> => {
  const emulator = createEmulator({
    accountId,
    tokens: [{ token, kind: "service", role: "admin" }],
    seed: seedOf(scenario.before),
    clientIp: callerAddress,
    ...options,
  });
  const { handle } = emulator;
  let states: AccountState[] = [stateOfStore(emulator.state())];
  let seen = emulator.state();
  const observe = (): void => {
    if (emulator.state() === seen) return;
    seen = emulator.state();
    states.push(stateOfStore(seen));
  };
  const observed: Emulator = Object.assign(emulator, {
    handle: (request: EmulatorRequest): EmulatorReply => {
      const handled = (): EmulatorReply => {
        const made = handle(request);
        observe();
        return made;
      };
      return bench.intercept?.(request, handled) ?? handled();
    },
  });
  let listener: Listener = await listenWith(observed, 0);
  const { port } = listener;
  const bench: Bench = {
    scenario,
    emulator,
    url: `http://127.0.0.1:${port}`,
    get states() {
      return states;
    },
    intercept: undefined,
    state: () => stateOfStore(emulator.state()),
    reset: () => {
      emulator.reset();
      bench.intercept = undefined;
      seen = emulator.state();
      states = [stateOfStore(seen)];
    },
    unplug: () => listener.close(),
    replug: async () => {
      listener = await listenWith(observed, port);
    },
    close: () => listener.close(),
  };
  return bench;
};

const prefixesOf = (cidrs: readonly { readonly cidr: string }[]): Prefix[] =>
  cidrs.flatMap(({ cidr }) => {
    const parsed = parsePrefix(cidr);
    return parsed.ok ? [parsed.prefix] : [];
  });

const stateOfStore = (store: AccountStore): AccountState => ({
  enforcement: store.ruleSet.enabled ? "enabled" : "disabled",
  rules: activeRules(store)
    .map((rule) => ({
      name: rule.name,
      type: rule.type === denyType ? ("deny" as const) : ("allow" as const),
      description: rule.description ?? "",
      ...entryFields(
        prefixesOf(activeCidrs(rule).filter(({ enabled }) => enabled)),
        prefixesOf(activeCidrs(rule).filter(({ enabled }) => !enabled)),
      ),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
});
