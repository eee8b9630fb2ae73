/**
 * The client of one dbt account: reading, writing and the audit log, over HTTP. Promises: the token never leaves
 * it but in the `Authorization` header to its own host, and is in no error, outcome or trace; reads are repeated
 * while that may help, writes never after anything unclear.
 */

import type { AccountReader, AccountWriter, WriteOutcome } from "../apply/ports.js";
import type { CallerReader } from "../audit/callers.js";
import type { AuditReader } from "../audit/list-events.js";
import { withTexts } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import type { Redact } from "../model/secrets.js";
import { createAccountReader, createAccountWriter } from "./account.js";
import { type ApiClient, type ClientOptions, createApiClient } from "./api-client.js";
import { createAuditExports, createAuditList, createExportReader } from "./audit-log.js";
import { createCallerReader } from "./callers.js";

export type { ClientOptions, Trace } from "./api-client.js";
export type { Wait } from "./waiting.js";

/** What `drift` and `plan` are given: it can do nothing but GET. */
export interface ReadOnlyClient extends AccountReader, CallerReader, Omit<AuditReader, "startExport"> {
  /** Closes the connections that are kept open between calls. */
  close(): Promise<void>;
}

export interface DbtClient extends ReadOnlyClient, AccountWriter, Pick<AuditReader, "startExport"> {}

/**
 * Opens no connection before its first call. Reads no environment but `env`. Clock, waits and chance are those of the
 * options, or else the system's; time-outs and the times in traces are always by the system's timers.
 */
export const createDbtClient = (options: ClientOptions): DbtClient => {
  const client = createApiClient(options);
  return guarded(
    { ...readingMethods(client), ...createAccountWriter(client), ...createAuditExports(client) },
    client.redact,
  );
};

/**
 * An object that has no writing method at all, not only a type that hides them. `more`: further methods that read
 * through the same client, and are guarded like the others.
 */
export const createReadOnlyClient = <More extends object = object>(
  options: ClientOptions,
  client: ApiClient = createApiClient(options),
  more: More = {} as More,
): ReadOnlyClient & More => guarded({ ...readingMethods(client), ...more }, client.redact);

const readingMethods = (client: ApiClient): ReadOnlyClient => ({
  ...createAccountReader(client),
  ...createAuditList(client),
  ...createExportReader(client),
  ...createCallerReader(client),
  close: () => client.close(),
});

/** The last gate: whatever a method throws or an outcome says has the token replaced. */
const guarded = <T extends object>(methods: T, redact: Redact): T =>
  new Proxy(methods, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      return async (...values: readonly unknown[]) => {
        try {
          const result: unknown = await Reflect.apply(method, target, values);
          return isOutcome(result) ? redactedOutcome(result, redact) : result;
        } catch (thrown) {
          throw thrown instanceof Failure ? redactedFailure(thrown, redact) : thrown;
        }
      };
    },
  });

const isOutcome = (value: unknown): value is WriteOutcome & { readonly message: string } =>
  typeof value === "object" &&
  value !== null &&
  "kind" in value &&
  "message" in value &&
  typeof value.message === "string";

const redactedOutcome = <T extends { readonly message: string }>(outcome: T, redact: Redact): T => ({
  ...outcome,
  message: redact(outcome.message),
});

const redactedFailure = (thrown: Failure, redact: Redact): Failure => {
  // Its cause was made by `safeCause`, which leaves the token out.
  const made = new Failure(
    thrown.diagnostics.map((one) => withTexts(one, redact)),
    thrown.exitCode,
    { status: thrown.status, ...("cause" in thrown ? { cause: thrown.cause } : {}) },
  );
  if (thrown.stack !== undefined) made.stack = redact(thrown.stack);
  return made;
};
