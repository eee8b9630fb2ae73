/**
 * Which account a command is for: as flags, environment and a policy, a saved plan or a receipt say. Enough to connect, to
 * distribute several policies, and to see that two of them are of one account.
 */
import {
  type Connection,
  type ConnectionSources,
  parseHost,
  type ResolvedConnection,
  resolveConnection,
} from "../dbt/connection.js";
import { loadPolicyFile, readPolicyBytes } from "../files/load-policy.js";
import { hasErrors } from "../model/diagnostic.js";
import { jsonText } from "../model/escape.js";
import { Failure, failure } from "../model/failure.js";
import { present } from "../model/present.js";
import { parsePolicy } from "../policy/parse-policy.js";
import type { Policy } from "../policy/policy.js";
import type { RawPolicy } from "../policy/raw-policy.js";
import type { ConnectionOptions, DebugOptions, PolicyOptions } from "./arguments/options.js";
import { type Io, noteDiagnostics } from "./io.js";

/** What a policy, a saved plan or a receipt says of its account. */
export interface NamedAccount {
  readonly account: NonNullable<ConnectionSources["policyAccount"]>;
  /** A policy where it is not said. */
  readonly from?: "saved plan" | "receipt";
}

type Options = ConnectionOptions & DebugOptions;

/** What flags and environment say. */
const given = ({ env }: Pick<Io, "env">, options: ConnectionOptions) => ({
  account: options.account ?? env["DBT_CLOUD_ACCOUNT_ID"],
  host: options.host ?? env["DBT_CLOUD_HOST_URL"],
});

/**
 * The variable of the account's own token, named after the account's number, where it is set: where several accounts
 * are planned in one run, each needs its own.
 */
const ownTokenVariable = (env: Io["env"], accountId: number | string | undefined): string | undefined => {
  const name = `DBT_CLOUD_TOKEN_${accountId}`;
  return accountId === undefined || (env[name] ?? "") === "" ? undefined : name;
};

/** What flags, environment and a file say, with what is wrong about it. */
export const settingsOf = (io: Io, options: Options, named?: NamedAccount): ResolvedConnection =>
  resolveConnection({
    flags: { host: options.host, account: options.account },
    env: io.env,
    tokenVariable: ownTokenVariable(io.env, named?.account.id ?? given(io, options).account),
    policyAccount: named?.account,
    accountFrom: named?.from,
  });

/** Throws `Failure` (exit 1) where token, host or account is missing or contradicts what the file says. */
export const connectionOf = (io: Io, options: Options, named?: NamedAccount): Connection => {
  const { connection, diagnostics } = settingsOf(io, options, named);
  if (connection === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  noteDiagnostics(io, diagnostics, options);
  return connection;
};

/** The account that flags and environment name, or else the policy: for commands that look at the account alone. */
export const namedConnection = (io: Io, options: Options & PolicyOptions): Connection =>
  connectionOf(io, options, accountNamedBy(io, options));

/**
 * The account that a policy names, for commands that look at the account and not at the policy; nothing where flags or
 * environment say all, or there is no such policy. A contradiction between the two stays an error.
 */
export const accountNamedBy = (
  io: Pick<Io, "cwd" | "env">,
  options: ConnectionOptions & PolicyOptions,
): NamedAccount | undefined => {
  const { host, account } = given(io, options);
  return host && account ? undefined : { account: accountIn(io, options.policy) ?? {} };
};

/** The policy by its file, where that can be read, is valid, and is of this account: for what it may add to a report. */
export const policyOfAccount = async (
  io: Pick<Io, "cwd" | "now">,
  file: string,
  accountId: number,
): Promise<Policy | undefined> => {
  try {
    const { policy } = await loadPolicyFile(io, file, io.now());
    return (policy?.account.id ?? accountId) === accountId ? policy : undefined;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
};

/** What a policy says of its account. */
export const accountOf = ({ accountId, host }: RawPolicy): NamedAccount["account"] =>
  present({ id: accountId, host: host?.value });

/** The same by its file; undefined where that cannot be read. */
const accountIn = (io: Pick<Io, "cwd">, policy: string): NamedAccount["account"] | undefined => {
  try {
    const { parsed } = parsePolicy(readPolicyBytes(io, policy), policy);
    return parsed === undefined ? undefined : accountOf(parsed.raw);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
};

/**
 * A matrix as GitHub's `strategy.matrix: ${{ fromJSON(...) }}` takes it, on one line for `$GITHUB_OUTPUT`. A policy that
 * cannot be read is listed without an account: its own run will say what is wrong with it.
 */
export const policyMatrix = (io: Pick<Io, "cwd">, files: readonly string[]): string => {
  const include = files.map((policy) => {
    const { id: account, host } = accountIn(io, policy) ?? {};
    return { policy, ...present({ account, host }) };
  });
  return `${jsonText({ include }, 0)}\n`;
};

/**
 * Two policies of one account would undo each other. Throws `Failure` where they are, in whatever spelling their hosts
 * stand. What a policy does not say comes from flags and environment, as it will in its own run; one that then still has
 * no account or no host, or cannot be read, ends there by itself.
 */
export const requireDistinctAccounts = (
  io: Pick<Io, "cwd" | "env">,
  files: readonly string[],
  options: ConnectionOptions,
): void => {
  const elsewhere = given(io, options);
  const seen = new Map<string, string>();
  for (const policy of files) {
    const own = accountIn(io, policy);
    if (own === undefined) continue;
    const id = own.id ?? (elsewhere.account?.trim() || undefined);
    const host = own.host ?? (elsewhere.host || undefined);
    if (id === undefined || host === undefined) continue;
    const parsed = parseHost(host, "the policy");
    if (!("host" in parsed)) continue;
    const key = `${id} ${parsed.host.host}`;
    const other = seen.get(key);
    if (other !== undefined)
      throw failure("policies-of-one-account", { first: other, second: policy, account: String(id) });
    seen.set(key, policy);
  }
};
