/** Which account each of several policies is for, as the files say: enough to distribute, and to see a clash. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseHost } from "../dbt/host.js";
import { failure } from "../model/failure.js";
import { parsePolicy } from "../policy/parse-policy.js";
import { type MatrixRow, renderMatrix } from "../render/several.js";
import type { Io } from "./io.js";

/** A policy that cannot be read is listed without an account: its own run will say what is wrong with it. */
const accountsOf = (io: Pick<Io, "cwd">, files: readonly string[]): Promise<MatrixRow[]> =>
  Promise.all(
    files.map(async (policy) => {
      const bytes = await readFile(resolve(io.cwd, policy)).catch(() => undefined);
      const raw = bytes === undefined ? undefined : parsePolicy(bytes, policy).parsed?.raw;
      return {
        policy,
        ...(raw?.accountId === undefined ? {} : { account: raw.accountId }),
        ...(raw?.host === undefined ? {} : { host: raw.host.value }),
      };
    }),
  );

export const policyMatrix = async (io: Pick<Io, "cwd">, files: readonly string[]): Promise<string> =>
  renderMatrix(await accountsOf(io, files));

/**
 * The account that a policy names, for commands that look at the account and not at the policy; nothing where flags or
 * environment say all, or there is no such policy. A contradiction between the two stays an error.
 */
export const accountNamedBy = async (
  io: Pick<Io, "cwd" | "env">,
  file: string,
  flags: { readonly host?: string; readonly account?: string },
): Promise<{ readonly account: { readonly id?: number; readonly host?: string } } | undefined> => {
  const host = flags.host ?? io.env["DBT_CLOUD_HOST_URL"];
  const id = flags.account ?? io.env["DBT_CLOUD_ACCOUNT_ID"];
  if (host && id) return undefined;
  const [row] = await accountsOf(io, [file]);
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
 * that then still has no account or no host ends there by itself.
 */
export const requireDistinctAccounts = async (
  io: Pick<Io, "cwd">,
  files: readonly string[],
  elsewhere: { readonly account: string | undefined; readonly host: string | undefined },
): Promise<void> => {
  const seen = new Map<string, string>();
  for (const { policy, account, host } of await accountsOf(io, files)) {
    const id = account ?? (elsewhere.account?.trim() || undefined);
    const where = host ?? (elsewhere.host || undefined);
    if (id === undefined || where === undefined) continue;
    const parsed = parseHost(where, "the policy");
    if (!("host" in parsed)) continue;
    const key = `${id} ${parsed.host.host}`;
    const other = seen.get(key);
    if (other !== undefined)
      throw failure(
        "policies-of-one-account",
        `${other} and ${policy} are both for account ${id}, and each would undo the other`,
        "Put the rules of one account into one policy; share networks between accounts with `include`",
      );
    seen.set(key, policy);
  }
};
