/**
 * Writing calls: sent once. Sent again only where it is certain that the first one did nothing: nothing left
 * this machine, or the server said 429. After anything unclear the outcome is `unknown` (DESIGN.md, promise 8).
 */
import type { WriteOutcome } from "../apply/ports.js";
import { Failure } from "../model/failure.js";
import { type Answer, openEnvelope, parseJson } from "./answer.js";
import type { Channel } from "./channel.js";
import { brokenEnvelope } from "./decode.js";
import { interrupted } from "./network-failure.js";
import { Patience } from "./read-call.js";
import { type Subject, statusFailure } from "./status-failure.js";
import type { Call } from "./tries.js";

export type WriteCall = Call & { readonly method: "POST" | "PUT" | "DELETE" };

type Refused = Extract<WriteOutcome, { kind: "refused" }>;
type Unknown = Extract<WriteOutcome, { kind: "unknown" }>;

export type Written =
  /** A 2xx; whether everything was taken is for its reader to say. */
  | { readonly kind: "accepted"; readonly answer: Answer }
  | { readonly kind: "ended"; readonly outcome: Refused | Unknown; readonly reason: Failure };

/** The status of a `refused` write whose request never left this machine. */
export const notSentStatus = 0;

/**
 * Statuses of 4xx and 3xx that do not prove that nothing was done: a server's or a gateway's own time-out, and the
 * redirects that may as well be an answer to a write that took effect (RFC 9110 section 15.4).
 */
const unclear = new Set([408, 499, 301, 302, 303]);

export const sendWrite = async (channel: Channel, call: WriteCall, subject: Subject): Promise<Written> => {
  const patience = new Patience(channel);
  if (channel.signal?.aborted === true) return refused(notSentStatus, interrupted());
  for (;;) {
    // No signal: a write under way is let finish, bounded by its own time-out, so that its outcome is known.
    const result = await channel.exchange(call, undefined);
    if (result.kind === "broken") {
      if (result.sent) return unclearEnd(result.failure);
      const end = result.passing
        ? await endOf(patience.afterTrouble(result.failure, undefined))
        : result.failure;
      if (end !== undefined) return refused(notSentStatus, end);
      continue;
    }
    if (result.status >= 200 && result.status < 300) return { kind: "accepted", answer: result };
    const said = statusFailure(result, subject, channel.now().getTime());
    if (result.status === 429) {
      const end = await endOf(patience.afterTooMany(result, said));
      if (end !== undefined) return refused(result.status, end, result.serverAt);
      continue;
    }
    const definite = result.status >= 300 && result.status < 500 && !unclear.has(result.status);
    return definite ? refused(result.status, said, result.serverAt) : unclearEnd(said);
  }
};

/** Undefined when the wait was sat out; the failure that ended it otherwise. */
const endOf = async (wait: Promise<void>): Promise<Failure | undefined> => {
  try {
    await wait;
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
};

const refused = (status: number, reason: Failure, serverAt?: string): Written => {
  const hint = reason.diagnostics[0]?.hint;
  const outcome: Refused = {
    kind: "refused",
    status,
    message: reason.message,
    ...(hint === undefined ? {} : { hint }),
    ...(serverAt === undefined ? {} : { serverAt }),
  };
  return { kind: "ended", outcome, reason };
};

const unclearEnd = (reason: Failure): Written => ({ kind: "ended", outcome: unknown(reason), reason });

const unknown = (reason: Failure): Unknown => ({ kind: "unknown", message: reason.message });

/**
 * `read` over an accepted answer's envelope; a 2xx that cannot be read is `unknown`: it may come from anything
 * between here and the service.
 */
export const readWritten = (
  { redact }: Channel,
  answer: Answer,
  read: (envelope: ReturnType<typeof openEnvelope>) => WriteOutcome,
): WriteOutcome => {
  try {
    const parsed = parseJson(answer);
    if ("problem" in parsed) return unknown(parsed.problem);
    const envelope = openEnvelope(parsed.value);
    if (envelope.status.isSuccess === false) return unknown(brokenEnvelope(answer, envelope, redact));
    return read(envelope);
  } catch (thrown) {
    if (thrown instanceof Failure) return unknown(thrown);
    throw thrown;
  }
};

/** For calls that start something but change no account, such as an export: their end as value or `Failure`. */
export const writtenOrThrow = (written: Written): Answer => {
  if (written.kind === "ended") throw written.reason;
  return written.answer;
};
