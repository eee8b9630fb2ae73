/**
 * The dbt API in a process of ours, without sockets: a request goes in, a reply comes out. What it does is
 * docs/service.md's; where nobody knows, it says what was assumed.
 */
import type { Account, Influence } from "./call.js";
import { type Clock, createClock, dateOf, type Micros } from "./clock.js";
import { type Controls, controlPath, handleControl } from "./control.js";
import { dispatch, type Gate } from "./dispatch.js";
import { exportFile } from "./endpoints.js";
import { createFaults, type Fault, type FaultAction } from "./faults.js";
import { type EmulatorReply, type EmulatorRequest, html, json, problem, reply } from "./http.js";
import { createRequestLog } from "./request-log.js";
import { storeOfSeed, withSeedEvent } from "./seed.js";
import { createRateLimit, type EmulatorOptions, settingsOf } from "./settings.js";
import { type AccountStore, emptyStore } from "./state.js";
import { loadState, saveState } from "./state-file.js";
import { createAuthenticate } from "./tokens.js";

// What faults do to a call: before it (in its place), during it (its influence), and to its answer.

export interface FaultEffects {
  /** Given in place of the call, which takes no effect. */
  readonly instead?: EmulatorReply;
  readonly influence: Influence;
  /** Makes the answer of a call that took effect into what goes out. */
  finish(answer: EmulatorReply): EmulatorReply;
}

type StatusFault = Extract<FaultAction, { kind: "status" }>;

const retryHeaders = (fault: StatusFault, now: Micros): Record<string, string> => {
  const { retryAfter, retryAfterForm = "seconds" } = fault;
  if (retryAfter === undefined) return {};
  if (retryAfterForm === "x-header") return { "x-rate-limit-retry-after-seconds": String(retryAfter) };
  const date = new Date(dateOf(now).getTime() + retryAfter * 1000);
  return { "retry-after": retryAfterForm === "date" ? date.toUTCString() : String(retryAfter) };
};

const statusReply = (fault: StatusFault, now: Micros): EmulatorReply => {
  const headers = { ...retryHeaders(fault, now), ...fault.headers };
  if (fault.html === true) return html(fault.status, headers);
  if (typeof fault.body === "string") return reply(fault.status, headers, fault.body);
  if (fault.body !== undefined) return json(fault.status, fault.body, headers);
  return problem(fault.status, `Injected status ${fault.status}`, { headers });
};

const unsent = (delivery: EmulatorReply["delivery"]): EmulatorReply => ({ ...reply(200, {}, ""), delivery });

/** The answer that a fault gives by itself; undefined for one that only bends the real answer. */
const ownReply = (fault: Fault, now: Micros): EmulatorReply | undefined => {
  switch (fault.kind) {
    case "status":
      return statusReply(fault, now);
    case "reset":
      return unsent({ kind: "reset" });
    case "hang":
      return unsent(fault.ms === undefined ? { kind: "hang" } : { kind: "hang", ms: fault.ms });
    case "redirect":
      return reply(fault.status ?? 302, { location: fault.location }, "");
    case "wrong-body":
      return json(200, fault.body);
    case "not-json":
      return html(200);
    default:
      return undefined;
  }
};

const comesBefore = (fault: Fault): boolean => {
  switch (fault.kind) {
    case "status":
    case "reset":
    case "hang":
      return (fault.when ?? "before") === "before";
    default:
      return fault.kind === "redirect";
  }
};

const influenceOf = (faults: readonly Fault[]): Influence => {
  let influence: Influence = {};
  for (const fault of faults) {
    if (fault.kind === "audit-lag") influence = { ...influence, auditLagMs: fault.ms };
    if (fault.kind === "hide-rules") {
      const { except } = fault;
      influence = { ...influence, hideRules: except === undefined ? {} : { except } };
    }
    if (fault.kind === "partial") {
      const { cidr, silently = false } = fault;
      influence = { ...influence, drop: cidr === undefined ? { silently } : { cidr, silently } };
    }
  }
  return influence;
};

const bend = (answer: EmulatorReply, fault: Fault, now: Micros): EmulatorReply => {
  switch (fault.kind) {
    case "truncate":
      return {
        ...answer,
        delivery: fault.bytes === undefined ? { kind: "truncate" } : { kind: "truncate", bytes: fault.bytes },
      };
    case "latency":
      return { ...answer, delayMs: answer.delayMs + fault.ms };
    case "date-skew":
      return {
        ...answer,
        headers: { ...answer.headers, date: new Date(dateOf(now).getTime() + fault.ms).toUTCString() },
      };
    default:
      return answer;
  }
};

const faultEffects = (faults: readonly Fault[], now: Micros): FaultEffects => {
  const bendAll = (answer: EmulatorReply): EmulatorReply =>
    faults.reduce((bent, fault) => bend(bent, fault, now), answer);
  const first = faults.find(comesBefore);
  const instead = first && ownReply(first, now);
  return {
    ...(instead === undefined ? {} : { instead: bendAll(instead) }),
    influence: influenceOf(faults),
    finish: (answer) => {
      const after = faults.find((fault) => !comesBefore(fault) && ownReply(fault, now) !== undefined);
      return bendAll((after && ownReply(after, now)) ?? answer);
    },
  };
};

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
