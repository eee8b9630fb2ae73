/** What the policy held before, from an older revision of it (`--base`) or from the newest receipt of its account. */
import { readPolicyBytes } from "../files/load-policy.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import type { Receipt } from "../model/receipt.js";
import { isReservedName } from "../model/reserved-names.js";
import type { EarlierPolicy } from "../plan/left-rules.js";
import { parsePolicy } from "../policy/parse-policy.js";
import type { Io } from "./io.js";
import { type Account, newestWholeReceipt } from "./receipts.js";

/** Receipts of older versions do not list the policy's rules: then those that the apply made or changed. */
export const rulesOfReceipt = ({ header }: Receipt): ReadonlySet<string> =>
  new Set(
    header.policyRules ??
      header.steps.flatMap(({ action, rule }) =>
        rule !== undefined && (action === "create" || action === "update") && !isReservedName(rule)
          ? [rule]
          : [],
      ),
  );

export const earlierByReceipt = async (io: Io, account: Account): Promise<EarlierPolicy | undefined> => {
  const newest = await newestWholeReceipt(io, account);
  return newest === undefined ? undefined : { rules: rulesOfReceipt(newest.receipt), by: "receipt" };
};

/**
 * Only the names of the rules are needed, so a base with mistakes in it, or without the files that it names, does as
 * well. Throws `Failure` where there is no such file.
 */
export const earlierByFile = (
  io: Io,
  file: string,
): { readonly earlier?: EarlierPolicy; readonly diagnostics: readonly Diagnostic[] } => {
  const { parsed } = parsePolicy(readPolicyBytes(io, file), file);
  if (parsed === undefined) return { diagnostics: [diagnostic("base-unreadable", { file })] };
  const rules = new Set(parsed.raw.rules.map(({ name }) => name.value));
  return { earlier: { rules, by: "base" }, diagnostics: [] };
};
