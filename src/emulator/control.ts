/**
 * The control path, `/_emulator/…`: how a test in another process controls the emulator and asks what was
 * done. Not part of the API; no token, no fault and no limit applies. JSON only, which also keeps web
 * pages out: a browser does not send that to another site unasked.
 */
import { validateEmulatorFault, validateEmulatorSettings } from "../generated/validators.js";
import type { Clock } from "./clock.js";
import type { Fault, FaultList } from "./faults.js";
import { type EmulatorReply, type EmulatorRequest, json, reply } from "./http.js";
import type { RequestLog } from "./request-log.js";
import { type Seed, type SeedEvent, schemaProblem, validSeed, withSeedEvent } from "./seed.js";
import type { Settings } from "./settings.js";
import type { AccountStore } from "./state.js";

/** What the control path may see and change. */
export interface Controls {
  readonly faults: FaultList;
  readonly requests: RequestLog;
  readonly clock: Clock;
  state(): AccountStore;
  /** Takes another state, and saves it. */
  commit(store: AccountStore): void;
  settings(): Settings;
  change(settings: Partial<Settings>): void;
  /** Back to the start: the seed's account, no fault, no request counted, the machine's time. */
  reset(): void;
}

export const controlPath = "/_emulator/";

const done = (): EmulatorReply => reply(204, {}, "");
const wrong = (message: string): EmulatorReply => json(400, { error: message });

/** Checked against schemas/emulator-fault.schema.json; a message where it is none. */
export const readFault = (value: unknown): Fault | string =>
  // The schema describes exactly the type.
  validateEmulatorFault(value) ? (value as Fault) : schemaProblem(validateEmulatorFault.errors);

const addFault = (emulator: Controls, body: unknown): EmulatorReply => {
  const fault = readFault(body);
  return typeof fault === "string" ? wrong(fault) : json(200, { id: emulator.faults.add(fault) });
};

const changeSettings = (emulator: Controls, body: unknown): EmulatorReply => {
  if (!validateEmulatorSettings(body)) return wrong(schemaProblem(validateEmulatorSettings.errors));
  // The schema describes exactly the type.
  emulator.change(body as Partial<Settings>);
  return json(200, emulator.settings());
};

const addEvents = (emulator: Controls, body: unknown): EmulatorReply => {
  const seed: Seed | string = validSeed({ events: Array.isArray(body) ? body : [body] });
  if (typeof seed === "string") return wrong(seed);
  let store = emulator.state();
  for (const event of seed.events ?? ([] as readonly SeedEvent[]))
    store = withSeedEvent(store, event, emulator.clock.tick());
  emulator.commit(store);
  return done();
};

const setClock = (emulator: Controls, body: unknown): EmulatorReply => {
  const { offsetMs, advanceMs } = (typeof body === "object" && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  if (typeof offsetMs === "number" && Number.isFinite(offsetMs)) emulator.clock.offsetMs = offsetMs;
  else if (typeof advanceMs === "number" && Number.isFinite(advanceMs)) emulator.clock.offsetMs += advanceMs;
  else return wrong('expected {"offsetMs": number} or {"advanceMs": number}');
  return showClock(emulator);
};

const showClock = ({ clock }: Controls): EmulatorReply =>
  json(200, { offsetMs: clock.offsetMs, now: new Date(clock.now() / 1000).toISOString() });

type Handle = (emulator: Controls, body: unknown) => EmulatorReply;

const table: Readonly<Record<string, Handle>> = {
  "GET faults": ({ faults }) => json(200, faults.list()),
  "POST faults": addFault,
  "DELETE faults": ({ faults }) => {
    faults.clear();
    return done();
  },
  "GET requests": ({ requests }) => json(200, requests.list()),
  "DELETE requests": ({ requests }) => {
    requests.clear();
    return done();
  },
  "GET problems": ({ requests }) => json(200, requests.problems()),
  "GET settings": (emulator) => json(200, emulator.settings()),
  "POST settings": changeSettings,
  "GET clock": showClock,
  "POST clock": setClock,
  "POST events": addEvents,
  "GET state": (emulator) => json(200, emulator.state()),
  "POST reset": (emulator) => {
    emulator.reset();
    return done();
  },
};

export const handleControl = (emulator: Controls, request: EmulatorRequest): EmulatorReply => {
  const path = request.target.split("?")[0] ?? "";
  const name = path.slice(controlPath.length);
  if (request.method === "DELETE" && /^faults\/\d{1,9}$/.test(name))
    return emulator.faults.remove(Number(name.slice("faults/".length)))
      ? done()
      : json(404, { error: "no such fault" });
  const handle = table[`${request.method} ${name}`];
  if (handle === undefined)
    return json(404, { error: `no ${request.method} at ${path}; docs/emulator.md lists them` });
  if (request.body === "") return handle(emulator, undefined);
  if (!(request.headers["content-type"] ?? "").startsWith("application/json"))
    return json(415, { error: "the control path takes application/json" });
  try {
    return handle(emulator, JSON.parse(request.body));
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
};
