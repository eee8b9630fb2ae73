/** From flags, environment and policy to a client, with its traces and waits on standard error. */
import {
  type ClientOptions,
  createDbtClient,
  createReadOnlyClient,
  type DbtClient,
  type ReadOnlyClient,
  type Wait,
} from "../dbt/client.js";
import {
  type Connection,
  type ConnectionSources,
  type ResolvedConnection,
  resolveConnection,
} from "../dbt/connection.js";
import { createProbe, type Probe } from "../dbt/probe.js";
import { hasErrors } from "../model/diagnostic.js";
import { visible } from "../model/escape.js";
import { Failure } from "../model/failure.js";
import { waitText } from "../report/apply-text.js";
import { accountNamedBy } from "./accounts.js";
import type { ConnectionOptions, DebugOptions, PolicyOptions } from "./arguments/options.js";
import { type Io, note, noteDiagnostics } from "./io.js";
import { version } from "./package.js";

type Options = ConnectionOptions & DebugOptions;

/**
 * The variable of the account's own token, named after the account's number, where it is set: where several accounts
 * are planned in one run, each needs its own.
 */
const ownTokenVariable = (env: Io["env"], accountId: number | string | undefined): string | undefined => {
  const name = `DBT_CLOUD_TOKEN_${accountId}`;
  return accountId === undefined || (env[name] ?? "") === "" ? undefined : name;
};

/** What a policy, a saved plan or a receipt says of its account. */
export interface NamedAccount {
  readonly account: NonNullable<ConnectionSources["policyAccount"]>;
  /** A policy where it is not said. */
  readonly from?: "saved plan" | "receipt";
}

/** What flags, environment and a file say, with what is wrong about it. */
export const settingsOf = (io: Io, options: Options, named?: NamedAccount): ResolvedConnection => {
  const asked = named?.account.id ?? options.account ?? io.env["DBT_CLOUD_ACCOUNT_ID"];
  return resolveConnection({
    flags: { host: options.host, account: options.account },
    env: io.env,
    tokenVariable: ownTokenVariable(io.env, asked),
    policyAccount: named?.account,
    accountFrom: named?.from,
  });
};

/** Throws `Failure` (exit 1) where token, host or account is missing or contradicts what the file says. */
export const connectionOf = (io: Io, options: Options, named?: NamedAccount): Connection => {
  const { connection, diagnostics } = settingsOf(io, options, named);
  if (connection === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  noteDiagnostics(io, diagnostics, options);
  return connection;
};

/** The account that flags and environment name, or else the policy: for commands that look at the account alone. */
export const namedConnection = (io: Io, options: Options & PolicyOptions): Connection =>
  connectionOf(io, options, accountNamedBy(io, options.policy, options));

const clientOptions = (
  io: Io,
  options: Options,
  connection: Connection,
  onWait: (wait: Wait) => void,
): ClientOptions => ({
  ...connection,
  env: io.env,
  userAgent: `dbt-ip-rules/${version}`,
  now: () => io.now(),
  signal: io.signal,
  onWait,
  ...(options.debug === true
    ? {
        onTrace: ({ method, url, status, ms }) =>
          note(io, `http: ${method} ${visible(url)} ${status ?? "no answer"} (${Math.round(ms)} ms)`),
      }
    : {}),
});

/** Where no live line runs: a wait is told when it begins, and then every half minute. */
export const plainWaits = (io: Io): ((wait: Wait) => void) => {
  let next = Number.POSITIVE_INFINITY;
  return (wait) => {
    if (wait.seconds === wait.total) next = wait.total;
    if (wait.seconds === 0 || wait.seconds > next) return;
    next = wait.seconds - 30;
    note(io, waitText(wait));
  };
};

/** A client that has no writing method. */
export const connectReadOnly = (io: Io, options: Options, connection: Connection): ReadOnlyClient =>
  createReadOnlyClient(clientOptions(io, options, connection, plainWaits(io)));

/** A client that has no writing method, and notes what the answers look like. */
export const connectProbe = (io: Io, options: Options, connection: Connection): Probe =>
  createProbe(clientOptions(io, options, connection, plainWaits(io)));

/** A client that can write; `onWait` shows the waits that the service orders. */
export const connectForWriting = (
  io: Io,
  options: Options,
  connection: Connection,
  onWait: (wait: Wait) => void = plainWaits(io),
): DbtClient => createDbtClient(clientOptions(io, options, connection, onWait));
