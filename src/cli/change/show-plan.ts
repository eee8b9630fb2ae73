/** A plan as people see it before it is carried out, and what they are asked about it. */
import type { ReceiptPurpose } from "../../model/receipt.js";
import type { Plan } from "../../plan/plan.js";
import { renderPlanBrief, renderPlanText } from "../../report/text/plan.js";
import { fitted, type Io, lookOf, withNewline } from "../io.js";
import type { ChangeOptions } from "./options.js";

/** When the plan was made nobody knew the caller's address; the one that is given now is checked at each step. */
export const callerGiven = (plan: Plan): Plan => ({
  ...plan,
  verdicts: plan.verdicts.filter(
    ({ guard, state }) =>
      !(guard === "caller" && state === "not-checked") &&
      !(guard === "first-enforcement" && state === "failed"),
  ),
});

/** On standard output where that is for people, so that a log holds the plan with its end. */
export const showPlan = (
  io: Io,
  plan: Plan,
  options: ChangeOptions,
  {
    briefly = false,
    purpose,
  }: { readonly briefly?: boolean; readonly purpose?: ReceiptPurpose | undefined } = {},
): void => {
  const stream = options.format === "text" && options.output === undefined ? io.stdout : io.stderr;
  const look = { ...lookOf(io, stream, options), purpose };
  const text = briefly
    ? renderPlanBrief(plan, look)
    : renderPlanText(plan, { ...look, policyFile: options.policy });
  stream.write(fitted(io, stream, withNewline(text)));
};

/** Of a plan that an earlier run has begun, only what is left is asked about. */
export const question = ({ steps, account }: Plan, done: number): string => {
  const left = steps.length - done;
  const calls = left === 1 ? "call" : `${left} calls`;
  const which =
    done > 0
      ? `the last ${calls} of ${steps.length} (the others are done already)`
      : left === 1
        ? "this 1 call"
        : `these ${calls}`;
  return `Make ${which} to account ${account.id} at ${account.host}?`;
};
