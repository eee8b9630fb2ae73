/** Which account each of several policies is for, as the files say: enough to distribute, and to see a clash. */
import { parseHost } from "../dbt/connection.js";
import { readPolicyBytes } from "../files/load-policy.js";
import { jsonText } from "../model/escape.js";
import { Failure, failure } from "../model/failure.js";
import { parsePolicy } from "../policy/parse-policy.js";
import type { Io } from "./io.js";

interface MatrixRow {
  readonly policy: string;
  readonly account?: number;
  readonly host?: string;
}

/** What a policy says of its account; undefined where it cannot be read. */
const accountIn = (io: Pick<Io, "cwd">, policy: string): MatrixRow | undefined => {
  const bytes = bytesOf(io, policy);
  const raw = bytes === undefined ? undefined : parsePolicy(bytes, policy).parsed?.raw;
  return raw === undefined
    ? undefined
    : {
        policy,
        ...(raw.accountId === undefined ? {} : { account: raw.accountId }),
        ...(raw.host === undefined ? {} : { host: raw.host.value }),
      };
};

/** A policy that cannot be read is listed without an account: its own run will say what is wrong with it. */
const accountsOf = (io: Pick<Io, "cwd">, files: readonly string[]): MatrixRow[] =>
  files.map((policy) => accountIn(io, policy) ?? { policy });

const bytesOf = (io: Pick<Io, "cwd">, policy: string): Uint8Array | undefined => {
  try {
    return readPolicyBytes(io, policy);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
};

/** A matrix as GitHub's `strategy.matrix: ${{ fromJSON(...) }}` takes it, on one line for `$GITHUB_OUTPUT`. */
export const policyMatrix = (io: Pick<Io, "cwd">, files: readonly string[]): string =>
  `${jsonText({ include: accountsOf(io, files) }, 0)}\n`;

/**
 * The account that a policy names, for commands that look at the account and not at the policy; nothing where flags or
 * environment say all, or there is no such policy. A contradiction between the two stays an error.
 */
export const accountNamedBy = (
  io: Pick<Io, "cwd" | "env">,
  file: string,
  flags: { readonly host?: string; readonly account?: string },
): { readonly account: { readonly id?: number; readonly host?: string } } | undefined => {
  const host = flags.host ?? io.env["DBT_CLOUD_HOST_URL"];
  const id = flags.account ?? io.env["DBT_CLOUD_ACCOUNT_ID"];
  if (host && id) return undefined;
  const [row] = accountsOf(io, [file]);
  return {
    account: {
      ...(row?.account === undefined ? {} : { id: row.account }),
      ...(row?.host === undefined ? {} : { host: row.host }),
    },
  };
};

/**
 * Two policies of one account would undo each other. Throws `Failure` where they are, in whatever spelling their hosts
 * stand. What a policy does not say comes from `elsewhere` (a flag, the environment), as it will in its own run; one
 * that then still has no account or no host, or cannot be read, ends there by itself.
 */
export const requireDistinctAccounts = (
  io: Pick<Io, "cwd">,
  files: readonly string[],
  elsewhere: { readonly account: string | undefined; readonly host: string | undefined },
): void => {
  const seen = new Map<string, string>();
  for (const policy of files) {
    const said = accountIn(io, policy);
    if (said === undefined) continue;
    const { account, host } = said;
    const id = account ?? (elsewhere.account?.trim() || undefined);
    const where = host ?? (elsewhere.host || undefined);
    if (id === undefined || where === undefined) continue;
    const parsed = parseHost(where, "the policy");
    if (!("host" in parsed)) continue;
    const key = `${id} ${parsed.host.host}`;
    const other = seen.get(key);
    if (other !== undefined)
      throw failure("policies-of-one-account", { first: other, second: policy, account: String(id) });
    seen.set(key, policy);
  }
};
