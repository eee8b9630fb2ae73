/** What each change would do to access if it alone were made: the figure next to each change of a plan. */

import type { Prefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import type { AccountState } from "../model/rule.js";
import { type AccessChange, isEnforced } from "./access-change.js";
import { LiveAccess } from "./live-access.js";
import { accessChangeOf } from "./order/verify-steps.js";
import type { Change } from "./plan.js";
import type { RuleReplacement } from "./step-effect.js";

const replacementFor = (change: Exclude<Change, { kind: "enforcement" }>): RuleReplacement => {
  switch (change.kind) {
    case "create":
      return { after: change.rule };
    case "update":
      return { before: change.before, after: change.after };
    case "delete":
      return { before: change.rule };
    default:
      return assertNever(change);
  }
};

const addedBy = (change: Change): readonly Prefix[] => {
  if (change.kind === "create") return change.rule.prefixes;
  return change.kind === "update" ? change.added : [];
};

/**
 * In the order of the changes, each applied alone to `before`. Where enforcement is off before and after, what
 * each would mean if it were on, as for the whole plan. Sets only: `parts` is empty.
 */
export const changeAccess = (
  before: AccountState,
  after: AccountState,
  changes: readonly Change[],
): AccessChange[] => {
  const enforced = isEnforced(before) || !isEnforced(after);
  const access = new LiveAccess(before.rules, changes.flatMap(addedBy), enforced);
  return changes.map((change) => {
    if (change.kind === "enforcement") {
      const was = change.before !== "disabled";
      access.setEnforced(was);
      const delta = access.setEnforced(change.after === "enabled");
      access.setEnforced(enforced);
      return accessChangeOf(delta);
    }
    const replacement = replacementFor(change);
    // The first allow entry turns the default, so all prefixes are looked at: then better only those of this change.
    if (access.allowsByDefault) {
      return accessChangeOf(new LiveAccess(before.rules, addedBy(change), enforced).replace(replacement));
    }
    const delta = access.replace(replacement);
    access.replace({
      ...(replacement.after && { before: replacement.after }),
      ...(replacement.before && { after: replacement.before }),
    });
    return accessChangeOf(delta);
  });
};
