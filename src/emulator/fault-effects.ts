/** What faults do to a call: before it (in its place), during it (its influence), and to its answer. */
import type { Influence } from "./call.js";
import type { Fault, FaultAction } from "./faults.js";
import { type EmulatorReply, html, json, problem, reply } from "./http.js";
import { dateOf, type Micros } from "./timestamps.js";

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

export const faultEffects = (faults: readonly Fault[], now: Micros): FaultEffects => {
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
