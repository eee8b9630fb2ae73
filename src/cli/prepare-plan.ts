/** The reading shell around the pure planner: policy file and account in, plan out. */
import { hasErrors } from "../model/diagnostic.js";
import { Failure } from "../model/failure.js";
import { makePlan } from "../plan/make-plan.js";
import type { Plan } from "../plan/plan.js";
import type { Policy } from "../policy/policy.js";
import { type Connected, connect } from "./connect.js";
import type { Io } from "./io.js";
import { requirePolicy } from "./load-policy.js";
import type { ConnectionOptions, PolicyOptions } from "./options.js";
import { type GuardOptions, overridesOf } from "./guard-options.js";

export interface Prepared extends Connected {
  readonly policy: Policy;
  readonly plan: Plan;
}

/** Throws `Failure` where the policy has errors, the account cannot be read, or its rules contradict themselves. */
export const preparePlan = async (
  io: Io,
  options: PolicyOptions & ConnectionOptions & GuardOptions & { readonly debug?: boolean; readonly color?: boolean },
): Promise<Prepared> => {
  const { policy, diagnostics } = await requirePolicy(io, options);
  const connected = connect(io, options, policy);
  const snapshot = await connected.client.readSnapshot();
  const made = makePlan({
    policy,
    snapshot,
    now: options.now ?? io.now(),
    clientAddresses: options.clientIp ?? [],
    overrides: overridesOf(options),
    diagnostics,
  });
  if (made.plan === undefined || hasErrors(made.diagnostics)) throw new Failure(made.diagnostics);
  return { ...connected, policy, plan: made.plan };
};
