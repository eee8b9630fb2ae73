/**
 * What is legal and probably not meant. Each finding has a code of `model/codes/lint.ts`, whose severity the policy
 * may change. Some codes (host-bits, bare-any-address, repeated-in-list, unused-network) are about how things
 * are written, and are reported by `resolvePolicy`, which sees the writing.
 */
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import type { Policy } from "../policy.js";
import { LintContext } from "./context.js";
import { lintDeadEntries } from "./dead-entries.js";
import { lintExpiry } from "./expiry.js";
import { lintNames } from "./names.js";
import { lintAdjacent, lintOverlaps } from "./overlaps.js";
import { lintReach } from "./reach.js";

const lintVerdict = (context: LintContext): void => {
  if (context.map.allowsAnybody) return;
  const rule = context.policy.rules.find(({ type }) => type === "allow") ?? context.policy.rules[0];
  context.report(diagnostic("nobody-allowed", rule?.source));
};

/** All findings in file order. The rules are judged as if enforced. `now`: the time for expiry dates. */
export const lintPolicy = (policy: Policy, { now }: { readonly now: Date }): Diagnostic[] => {
  const context = new LintContext(policy, now);
  lintNames(context);
  lintReach(context);
  lintExpiry(context);
  lintVerdict(context);
  lintDeadEntries(context);
  lintOverlaps(context);
  lintAdjacent(context);
  return context.problems.list();
};
