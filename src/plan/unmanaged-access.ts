/** Who gets in only by rules that the policy does not name: kept, but never kept quiet about. */
import type { Diagnostic } from "../model/diagnostic.js";
import type { AccountState } from "../model/rule.js";
import { countAddresses, listPrefixes } from "../policy/address-text.js";
import type { Policy } from "../policy/policy.js";
import { accessChange } from "./access-change.js";
import type { Plan } from "./plan.js";

/**
 * One diagnostic, or none where the kept rules let nobody in whom the policy's own rules do not: a note, and a
 * warning where it is more than a plan may let in (`max_newly_allowed`).
 */
export const unmanagedAccess = (
  { guards }: Policy,
  after: AccountState,
  unmanaged: Plan["unmanaged"],
): Diagnostic[] => {
  const kept = new Set(unmanaged.filter(({ fate }) => fate === "kept").map(({ rule }) => rule.name));
  if (kept.size === 0) return [];
  const own = { ...after, rules: after.rules.filter(({ name }) => !kept.has(name)) };
  const { newlyAllowed } = accessChange(own, after, { enforced: "assumed" });
  if (newlyAllowed.isEmpty()) return [];
  const { ipv4, ipv6 } = newlyAllowed.count();
  const limits = guards.maxNewlyAllowed;
  const many =
    (limits.ipv4 !== undefined && ipv4 > limits.ipv4) || (limits.ipv6 !== undefined && ipv6 > limits.ipv6);
  return [
    {
      code: "unmanaged-access",
      severity: many ? "warning" : "note",
      message: `${kept.size === 1 ? "The unmanaged rule lets" : "The unmanaged rules let"} in ${countAddresses(newlyAllowed)} that the policy does not: ${listPrefixes(newlyAllowed.prefixes())}`,
      hint: "Take it into the policy with `import --merge`, or set `unmanaged_rules` to fail or delete",
    },
  ];
};
