/** From flags, environment and policy to a client, with its traces and waits on standard error. */
import { setTimeout as wait } from "node:timers/promises";
import { createDbtClient, type DbtClient } from "../dbt/client.js";
import { type Connection, resolveConnection } from "../dbt/connection.js";
import { hasErrors } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import type { Policy } from "../policy/policy.js";
import type { Io } from "./io.js";
import type { ConnectionOptions } from "./options.js";
import { note, noteDiagnostics } from "./output.js";
import { version } from "./version.js";

export interface Connected {
  readonly connection: Connection;
  readonly client: DbtClient;
}

/** Throws `Failure` (exit 1) where token, host or account is missing or contradicts the policy. */
export const connect = (
  io: Io,
  options: ConnectionOptions & { readonly debug?: boolean; readonly color?: boolean },
  policy?: Pick<Policy, "account">,
): Connected => {
  const { connection, diagnostics } = resolveConnection({
    flags: {
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.account === undefined ? {} : { account: options.account }),
    },
    env: io.env,
    policyAccount: policy?.account ?? {},
  });
  if (connection === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  noteDiagnostics(io, diagnostics, options);
  const client = createDbtClient({
    ...connection,
    env: io.env,
    userAgent: `dbt-ip-rules/${version}`,
    now: () => io.now(),
    sleep: (milliseconds, signal) => wait(milliseconds, undefined, signal === undefined ? {} : { signal }),
    signal: io.signal,
    onWait: ({ seconds, reason }) => note(io, `waiting ${Math.ceil(seconds)} s: ${reason}`),
    ...(options.debug === true
      ? { onTrace: ({ method, url, status, ms }) => note(io, `http: ${method} ${url} ${status} (${ms} ms)`) }
      : {}),
  });
  return { connection, client };
};
