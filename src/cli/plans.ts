/**
 * Plans as commands get them: a saved one from disk, or made now from a policy and the account; and what the policy held
 * before, from an older revision of it (`--base`) or from the newest receipt of its account.
 */
import type { Address } from "../address/prefix.js";
import type { ReadOnlyClient } from "../dbt/client.js";
import { codeOf, reasonOf } from "../files/io-errors.js";
import { readPolicyBytes } from "../files/load-policy.js";
import { largest, readNamedText } from "../files/read-file.js";
import { type Diagnostic, diagnostic, hasErrors } from "../model/diagnostic.js";
import { Failure, failure } from "../model/failure.js";
import type { OverrideFlag } from "../model/guards.js";
import type { Receipt } from "../model/receipt.js";
import { isReservedName } from "../model/reserved-names.js";
import type { TrafficEvidence } from "../plan/cut-off.js";
import { planExpired } from "../plan/expired-only.js";
import type { EarlierPolicy } from "../plan/left-rules.js";
import { makePlan } from "../plan/make-plan.js";
import type { Plan } from "../plan/plan.js";
import { readPlanFile } from "../plan/plan-file.js";
import { parsePolicy } from "../policy/parse-policy.js";
import type { Policy } from "../policy/policy.js";
import type { Io } from "./io.js";
import { type Account, newestWholeReceipt } from "./receipts.js";

/** Throws `Failure` where the file is missing, damaged, or of a version this program does not know. */
export const readPlan = async (io: Io, file: string): Promise<Plan> => {
  const { plan, diagnostics } = readPlanFile(textOf(io, file), file);
  if (plan === undefined) throw new Failure(diagnostics);
  return plan;
};

const textOf = (io: Io, file: string): string => {
  if (/\.ya?ml$/i.test(file)) throw failure("plan-file-not-a-plan", { file, is: "policy" });
  try {
    return readNamedText(io.cwd, file, { most: largest.document });
  } catch (error) {
    const isFolder = codeOf(error) === "EISDIR";
    throw failure("plan-file-unreadable", { file, reason: reasonOf(error), isFolder }, { cause: error });
  }
};

/** Asked once a plan is made without it: where nothing changes, the log need not be read. */
type ReadEvidence = (plan: Plan) => Promise<TrafficEvidence | undefined>;

/** Reads the account and plans. Throws `Failure` where the account cannot be read, or contradicts itself or the policy. */
export const preparePlan = async (
  client: Pick<ReadOnlyClient, "readSnapshot">,
  wanted: {
    readonly policy: Policy;
    /** What loading the policy said: warnings and notes that the plan shows again. */
    readonly diagnostics: readonly Diagnostic[];
    readonly clientAddresses: readonly Address[];
    readonly overrides: ReadonlySet<OverrideFlag>;
    /** What the policy of this account held before, where anything says so. */
    readonly earlier?: (account: Account) => Promise<EarlierPolicy | undefined>;
    /** What reading the log came to, where the plan asks for it; told how many steps there are. */
    readonly traffic?: ReadEvidence | undefined;
    /** `only-expired`: the removals alone that `apply --only-expired` makes. */
    readonly scope?: "all" | "only-expired";
  },
): Promise<Plan> => {
  const snapshot = await client.readSnapshot();
  const earlier = await wanted.earlier?.({ id: snapshot.accountId, host: snapshot.host });
  const make = wanted.scope === "only-expired" ? planExpired : makePlan;
  const input = {
    policy: wanted.policy,
    snapshot,
    clientAddresses: wanted.clientAddresses,
    overrides: wanted.overrides,
    diagnostics: wanted.diagnostics,
    earlier,
  };
  const made = make(input);
  const evidence =
    made.plan === undefined || wanted.scope === "only-expired"
      ? undefined
      : await wanted.traffic?.(made.plan);
  const { plan, diagnostics } = evidence === undefined ? made : make({ ...input, traffic: evidence });
  if (plan === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  return plan;
};

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
