/**
 * The dbt API in a process of ours, without sockets: a request goes in, a reply comes out. What it does is
 * docs/service.md's; where nobody knows, it says what was assumed.
 */
import type { Account } from "./call.js";
import { type Clock, createClock, dateOf } from "./clock.js";
import { type Controls, controlPath, handleControl } from "./control.js";
import { dispatch, type Gate } from "./dispatch.js";
import { exportFile } from "./endpoints.js";
import { createFaults, faultEffects } from "./faults.js";
import { type EmulatorReply, type EmulatorRequest, html } from "./http.js";
import { createRequestLog } from "./request-log.js";
import { storeOfSeed, withSeedEvent } from "./seed.js";
import { createRateLimit, type EmulatorOptions, settingsOf } from "./settings.js";
import { type AccountStore, emptyStore } from "./state.js";
import { loadState, saveState } from "./state-file.js";
import { createAuthenticate } from "./tokens.js";

export interface Emulator extends Controls {
  handle(request: EmulatorRequest): EmulatorReply;
  /** Where export downloads come from; the listener says so once it knows its port. */
  downloadsUrl: string;
}

const initialStore = (options: EmulatorOptions, clock: Clock): AccountStore =>
  options.seed === undefined
    ? emptyStore(options.accountId, clock.tick())
    : storeOfSeed(options.accountId, options.seed, clock.tick());

/** Throws `Failure` where the state file or the seed cannot be used. */
export const createEmulator = (options: EmulatorOptions): Emulator => {
  const clock = createClock(options.now ?? (() => new Date()));
  const faults = createFaults();
  const requests = createRequestLog();
  const gate: Gate = {
    authenticate: createAuthenticate(options.tokens),
    rateLimit: createRateLimit({
      requestsPerMinute: options.requestsPerMinute ?? 5000,
      cooldownSeconds: options.cooldownSeconds ?? 300,
    }),
  };
  const { stateFile } = options;
  let settings = settingsOf(options);
  const loaded = stateFile === undefined ? undefined : loadState(stateFile, options.accountId);
  let store = loaded ?? initialStore(options, clock);

  const commit = (next: AccountStore): void => {
    if (stateFile !== undefined) saveState(stateFile, next);
    store = next;
  };
  const addFaults = (): void => {
    for (const fault of options.faults ?? []) faults.add(fault);
  };

  const account = (): Account => ({ store, commit, settings, clock, downloadsUrl: emulator.downloadsUrl });

  const answer = (request: EmulatorRequest): EmulatorReply => {
    const [path = "", query = ""] = request.target.split("?");
    const struck = faults.take({ method: request.method, path, body: request.body });
    for (const fault of struck)
      if (fault.kind === "events") addForeignEvents(fault.count, fault.type ?? "job_definition.changed");
    const effects = faultEffects(struck, clock.now());
    if (effects.instead !== undefined) return logged(request, effects.instead, struck);
    const made =
      request.origin === "downloads"
        ? exportFile(
            account(),
            request.method,
            path,
            new URLSearchParams(query),
            request.headers.authorization,
          )
        : dispatch(request, account(), gate, effects.influence);
    return logged(request, effects.finish(made), struck);
  };

  const addForeignEvents = (count: number, type: string): void => {
    let next = store;
    for (let index = 0; index < count; index += 1)
      next = withSeedEvent(next, { type, seconds_ago: 0 }, clock.tick());
    commit(next);
  };

  const logged = (
    request: EmulatorRequest,
    made: EmulatorReply,
    struck: readonly { kind: string }[],
  ): EmulatorReply => {
    requests.add(
      request,
      made,
      gate.authenticate(request.headers.authorization)?.name,
      struck,
      dateOf(clock.now()),
    );
    return made;
  };

  const dated = (made: EmulatorReply): EmulatorReply => ({
    ...made,
    headers: { date: dateOf(clock.now()).toUTCString(), ...made.headers },
    delayMs: made.delayMs + settings.latencyMs,
  });

  const emulator: Emulator = {
    handle: (request) => {
      if (request.origin === "api" && request.target.startsWith(controlPath))
        return handleControl(emulator, request);
      try {
        return dated(answer(request));
      } catch (error) {
        // What the state file's disk does to a write is the service's problem, not the caller's.
        const message = error instanceof Error ? error.message : String(error);
        requests.addProblem(message);
        options.onProblem?.(message);
        return dated(html(500));
      }
    },
    faults,
    requests,
    clock,
    state: () => store,
    commit,
    settings: () => settings,
    change: (changes) => {
      settings = settingsOf({ ...settings, ...changes });
    },
    reset: () => {
      clock.offsetMs = 0;
      faults.clear();
      addFaults();
      requests.clear();
      gate.rateLimit.reset();
      settings = settingsOf(options);
      commit(initialStore(options, clock));
    },
    downloadsUrl: "http://localhost",
  };
  addFaults();
  commit(store);
  return emulator;
};
