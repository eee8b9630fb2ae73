/**
 * Writing calls: sent once. Whether one may be sent again is for whoever knows what it changes: after a 429 or a
 * connection that was never open, the account may be another one by the time that it goes out.
 */

import { notSentStatus, type WriteOutcome } from "../apply/ports.js";
import { hintOf } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import { isObject } from "../model/json.js";
import { present } from "../model/present.js";
import { type Answer, brokenEnvelope, openEnvelope, parseJson } from "./answer.js";
import type { ApiClient, Call } from "./api-client.js";
import { type Subject, statusFailure } from "./failures.js";
import { askedSeconds, cooldownSeconds, interrupted, longestWaitSeconds, RetryTimings } from "./waiting.js";

export type WriteCall = Call & { readonly method: "POST" | "PUT" | "DELETE" };

type Refused = Extract<WriteOutcome, { kind: "refused" }>;
type Unknown = Extract<WriteOutcome, { kind: "unknown" }>;
type Throttled = Extract<WriteOutcome, { kind: "throttled" }>;

type Written =
  /** A 2xx; whether everything was taken is for its reader to say. */
  | { readonly kind: "accepted"; readonly answer: Answer }
  | {
      readonly kind: "ended";
      readonly outcome: Refused | Unknown | Throttled;
      readonly reason: Failure;
      /** Of a 429. */
      readonly answer?: Answer;
    };

/**
 * Statuses of 4xx and 3xx that do not prove that nothing was done: a server's or a gateway's own time-out, and the
 * redirects that may as well be an answer to a write that took effect (RFC 9110 section 15.4).
 */
const unclear = new Set([408, 499, 301, 302, 303]);

export const sendWrite = async (client: ApiClient, call: WriteCall, subject: Subject): Promise<Written> => {
  if (client.signal?.aborted === true) return refused(notSentStatus, interrupted());
  // No signal: a write under way is let finish, bounded by its own time-out, so that its outcome is known.
  const result = await client.exchange(call, undefined);
  if (result.kind === "broken") {
    if (result.sent) return unclearEnd(result.failure);
    return result.passing ? neverSent(result.failure) : refused(notSentStatus, result.failure);
  }
  if (result.status >= 200 && result.status < 300) return { kind: "accepted", answer: result };
  const now = client.now().getTime();
  const said = statusFailure(result, subject, now);
  if (result.status === 429) return throttled(result, said, now);
  const definite = result.status >= 300 && result.status < 500 && !unclear.has(result.status);
  return definite ? refused(result.status, said, result.serverAt) : unclearEnd(said);
};

/** A 429 that asks for more than the longest wait counts as a refusal. */
const throttled = (answer: Answer, said: Failure, now: number): Written => {
  const seconds = askedSeconds(answer.headers, now) ?? cooldownSeconds;
  if (seconds > longestWaitSeconds) return refused(answer.status, said, answer.serverAt);
  const outcome: Throttled = { kind: "throttled", seconds, ...saying(said, answer.serverAt) };
  return { kind: "ended", outcome, reason: said, answer };
};

const saying = (reason: Failure, serverAt?: string) => {
  const [first] = reason.diagnostics;
  const hint = first === undefined ? undefined : hintOf(first);
  return {
    message: reason.message,
    ...present({ hint, serverAt }),
  };
};

const refused = (status: number, reason: Failure, serverAt?: string): Written => {
  const outcome: Refused = { kind: "refused", status, ...saying(reason, serverAt) };
  return { kind: "ended", outcome, reason };
};

const neverSent = (reason: Failure): Written => ({
  kind: "ended",
  outcome: { kind: "unknown", message: reason.message, neverSent: true },
  reason,
});

const unclearEnd = (reason: Failure): Written => ({ kind: "ended", outcome: unknown(reason), reason });

const unknown = (reason: Failure): Unknown => ({ kind: "unknown", message: reason.message });

/**
 * `read` over an accepted answer's envelope; a 2xx that cannot be read is `unknown`: it may come from anything
 * between here and the service.
 */
export const readWritten = (
  { redact }: ApiClient,
  answer: Answer,
  read: (envelope: ReturnType<typeof openEnvelope>) => WriteOutcome,
): WriteOutcome => {
  const parsed = parseJson(answer);
  if ("problem" in parsed) return unknown(parsed.problem);
  const envelope = openEnvelope(parsed.value);
  // Such a no may name a rule that was there before.
  if (envelope.status.isSuccess === false) return unknown(brokenEnvelope(answer, envelope, redact));
  try {
    return read(envelope);
  } catch (thrown) {
    if (thrown instanceof Failure) return { ...unknown(thrown), ...namedRule(envelope) };
    throw thrown;
  }
};

/** The rule that an accepted write's answer is about, where the answer says that much and no more. */
const namedRule = ({ data }: ReturnType<typeof openEnvelope>): { ruleId?: number } =>
  isObject(data) && typeof data.id === "number" && Number.isSafeInteger(data.id) ? { ruleId: data.id } : {};

/**
 * For calls that start something but change no account, such as an export: waits and sends again where nothing was
 * done by the try before. The answer, or a `Failure`.
 */
export const sendWithRetries = async (
  client: ApiClient,
  call: WriteCall,
  subject: Subject,
): Promise<Answer> => {
  const timings = new RetryTimings(client);
  for (;;) {
    const written = await sendWrite(client, call, subject);
    if (written.kind === "accepted") return written.answer;
    const { outcome, reason, answer } = written;
    if (answer !== undefined) await timings.afterTooMany(answer, reason);
    else if (outcome.kind === "unknown" && outcome.neverSent === true) await timings.afterTrouble(reason);
    else throw reason;
  }
};
