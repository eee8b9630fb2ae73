/** The reading shell around the pure planner: policy file and account in, plan out. */
import type { Address } from "../address/prefix.js";
import type { ReadOnlyClient } from "../dbt/client.js";
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import { makePlan } from "../plan/make-plan.js";
import type { Plan } from "../plan/plan.js";
import type { Policy } from "../policy/policy.js";

/** Throws `Failure` where the account cannot be read, or contradicts itself or the policy. */
export const preparePlan = async (
  client: Pick<ReadOnlyClient, "readSnapshot">,
  wanted: {
    readonly policy: Policy;
    /** What loading the policy said: warnings and notes that the plan shows again. */
    readonly diagnostics: readonly Diagnostic[];
    readonly clientAddresses: readonly Address[];
    readonly overrides: ReadonlySet<string>;
  },
): Promise<Plan> => {
  const snapshot = await client.readSnapshot();
  const { plan, diagnostics } = makePlan({
    policy: wanted.policy,
    snapshot,
    clientAddresses: wanted.clientAddresses,
    overrides: wanted.overrides,
    diagnostics: wanted.diagnostics,
  });
  if (plan === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  return plan;
};
