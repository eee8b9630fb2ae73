/** From a connection to a client, with its traces and waits on standard error; and what an account holds. */
import { setTimeout as wait } from "node:timers/promises";
import type { ApplyPorts } from "../apply/ports.js";
import {
  type ClientOptions,
  createDbtClient,
  createReadOnlyClient,
  type DbtClient,
  type ReadOnlyClient,
  type Wait,
} from "../dbt/client.js";
import type { Connection } from "../dbt/connection.js";
import { createProbe, type Probe } from "../dbt/probe.js";
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import { visible } from "../model/escape.js";
import { Failure } from "../model/failure.js";
import { present } from "../model/present.js";
import type { AccountState } from "../model/rule.js";
import type { Snapshot } from "../model/snapshot.js";
import { checkSnapshot, stateOf } from "../plan/state.js";
import { waitText } from "../report/text/progress.js";
import type { DebugOptions } from "./arguments/options.js";
import { type Io, note } from "./io.js";
import { version } from "./package.js";

const clientOptions = (
  io: Io,
  { debug }: DebugOptions,
  connection: Connection,
  onWait: (wait: Wait) => void,
): ClientOptions => ({
  ...connection,
  env: io.env,
  userAgent: `dbt-ip-rules/${version}`,
  now: () => io.now(),
  signal: io.signal,
  onWait,
  ...(debug === true && {
    onTrace: ({ method, url, status, ms }) =>
      note(io, `http: ${method} ${visible(url)} ${status ?? "no answer"} (${Math.round(ms)} ms)`),
  }),
});

/** Where no live line runs: a wait is shown when it begins, and then every half minute. */
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
export const connectReadOnly = (io: Io, options: DebugOptions, connection: Connection): ReadOnlyClient =>
  createReadOnlyClient(clientOptions(io, options, connection, plainWaits(io)));

/** A client that has no writing method, and notes what the answers look like. */
export const connectProbe = (io: Io, options: DebugOptions, connection: Connection): Probe =>
  createProbe(clientOptions(io, options, connection, plainWaits(io)));

/** A client that can write; `onWait` shows the waits that the service orders. */
export const connectForWriting = (
  io: Io,
  options: DebugOptions,
  connection: Connection,
  onWait: (wait: Wait) => void = plainWaits(io),
): DbtClient => createDbtClient(clientOptions(io, options, connection, onWait));

/** Resolves early, and never rejects, when the signal aborts: what apply's ports ask for. */
export const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  wait(ms, undefined, present({ signal })).catch(() => undefined);

/** What an apply asks for of its account, but for the receipt. */
export const applyPorts = (io: Io, client: DbtClient): Omit<ApplyPorts, "journal"> => ({
  reader: client,
  writer: client,
  now: () => io.now(),
  sleep,
});

/** What `use` returns of a client that cannot write; the client is closed then, however that ended. */
export const withClient = async <T>(
  io: Io,
  options: DebugOptions,
  connection: Connection,
  use: (client: ReadOnlyClient) => Promise<T>,
): Promise<T> => {
  const client = connectReadOnly(io, options, connection);
  return use(client).finally(() => client.close());
};

/** An account as it was read, and by its meaning. */
export interface ReadAccount {
  readonly snapshot: Snapshot;
  readonly state: AccountState;
  /** Warnings and notes. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Throws `Failure` where the account cannot be read, or contradicts itself. */
export const readAccount = async (client: Pick<ReadOnlyClient, "readSnapshot">): Promise<ReadAccount> => {
  const snapshot = await client.readSnapshot();
  const diagnostics = checkSnapshot(snapshot);
  if (hasErrors(diagnostics)) throw new Failure(diagnostics);
  return { snapshot, state: stateOf(snapshot), diagnostics };
};
