/**
 * The order of the calls of a plan, such that in every state between two calls an address that is allowed
 * before and after is not blocked, and one that is blocked before and after is not allowed. The proof, with
 * pictures and the calls of each case, is docs/safe-transition.md; in short:
 *
 * The most specific prefix that holds an address decides, so only the *set* of prefixes with their types counts,
 * not which rule holds them. Before and after give each address an owner: B and A. With the default the same:
 *
 *  1. All additions, narrow before wide. When P goes in, every new prefix inside it is in, so what P comes to
 *     decide, it decides after the plan too: each address has the verdict of B or that of A.
 *  2. Prefixes that change their type. Such a P owns an address now only if it owns it before and after; then
 *     the address changes its verdict anyway, and what happens between taking P off the old rule and putting
 *     it on the new one disturbs nobody. Deny to allow goes first, so that there is always some allow entry.
 *  3. All removals, wide before narrow: the first phase backwards.
 *
 * Narrow before wide matters only between prefixes of different types (work.ts), and not at all where no
 * other rule changes anything inside or around a prefix: such entries join any call of their rule,
 * additions and removals in one (transitions.ts, `isExclusive`), unless the removals alone would disturb
 * somebody: an API that takes a call in part must not either (`splitMixedCalls`). A prefix that one rule takes over
 * from another of the same type changes no address: it is added there before it is removed here (work.ts).
 *
 * The default. Without allow entries what nothing matches is allowed, with one it is denied. When the first
 * allow entry is added or the last one removed, a temporary rule that allows everything is added first and removed
 * before the removals, or added with the additions and removed last: between the two, the default never
 * decides. An entry for ::/0 plays that part where there is one (temporary-allow-all.ts).
 *
 * An entry that is disabled, or enabled, is one that is removed, or added, as far as access goes: it is ordered as such,
 * and the call says which of the two it is (calls.ts). Other changes of disabled entries decide about nobody
 * (disabled-entries.ts).
 *
 * A rule that changes its type does so in one call where that is safe; else a stand-in under a temporary name
 * takes the new entries, the old rule goes, and the stand-in gets its name (calls.ts, `splitTypeChanges`). Planning
 * anew from any state in between takes the stand-in up again or removes it (transitions.ts).
 *
 * Enforcement is disabled first and enabled last. While it is off nobody is disturbed, so one call a change is enough,
 * but for the API's own rule that a prefix is never on an allow and a deny rule at once (unenforced.ts).
 * An account that does not show whether enforcement is on is taken to have it on; one that shows no rules at all is asked first, by a
 * call that harms nobody (probe.ts).
 *
 * None of this is trusted: verify-steps.ts computes what every step does and disturbs.
 */

import { type AccountState, hasDisabledAllow } from "../../model/rule.js";
import { isEnforced } from "../access-change.js";
import type { Renames } from "../diff-states.js";
import type { Step } from "../plan.js";
import { withoutPrefixes } from "../state.js";
import { disabledFields } from "./calls.js";
import { setDisabledAside } from "./disabled-entries.js";
import { orderEnforced } from "./enforced.js";
import { needsProbe, probeSteps } from "./probe.js";
import { hasAllow } from "./temporary-allow-all.js";
import { orderUnenforced } from "./unenforced.js";
import { PlanWalk } from "./verify-steps.js";

/**
 * A call that adds and removes may be carried out in part: the API can take the removals and refuse an addition
 * (docs/service.md, "Rules": `extra.failed_cidrs`). So such a call stays one only where its removals alone would disturb
 * nobody; else the additions are a call of their own, before the removals. With some of the additions each address
 * has the verdict that it has with none or with all of them, so these two say it all, unless the default flips.
 */
type Update = Extract<Step, { kind: "update" }>;

const isMixed = (step: Step): step is Update =>
  step.kind === "update" && step.add.length > 0 && step.remove.length > 0;

const inTwo = (step: Update): readonly [Update, Update] => {
  const { disable = [], release = [], ...rest } = step;
  const [newlyDisabled, gone] = [withoutPrefixes(disable, step.remove), withoutPrefixes(release, step.add)];
  return [
    { ...rest, remove: [], ...disabledFields(newlyDisabled, withoutPrefixes(release, gone)) },
    {
      ...rest,
      name: step.becomes.name,
      add: [],
      ...disabledFields(withoutPrefixes(disable, newlyDisabled), gone),
    },
  ];
};

/** `before` to `after` by the same changes, with enforcement on throughout. */
const splitMixedCalls = (before: AccountState, after: AccountState, steps: readonly Step[]): Step[] => {
  if (!steps.some(isMixed)) return [...steps];
  const walk = new PlanWalk(before, after, steps);
  const types = new Map(before.rules.map(({ name, type }) => [name, type]));
  return steps.flatMap((step) => {
    const changesType = step.kind === "update" && types.get(step.name) !== step.becomes.type;
    if (step.kind === "update") types.set(step.becomes.name, step.becomes.type);
    if (step.kind === "create") types.set(step.rule.name, step.rule.type);
    // A rule that changes its type cannot do so in two calls: its entries would have the wrong type in between.
    if (!isMixed(step) || changesType) {
      walk.follow(step);
      return [step];
    }
    const [additions, removals] = inTwo(step);
    const defaultBefore = walk.allowsByDefault;
    const { disturbs } = walk.follow({ ...step, add: [] });
    const harmless =
      disturbs.blocked.isEmpty() && disturbs.allowed.isEmpty() && walk.allowsByDefault === defaultBefore;
    walk.follow({ ...additions, name: step.becomes.name });
    return harmless ? [step] : [additions, removals];
  });
};

/** Such entries may keep the account closed already: then a temporary allow-all would open it. */
const hasOnlyDisabledAllow = (state: AccountState): boolean =>
  !hasAllow(state) && state.rules.some(hasDisabledAllow);

/** The calls that lead from one state to the other, in the order of the essay above. */
export const orderSteps = (
  before: AccountState,
  after: AccountState,
  renames: Renames = new Map(),
): Step[] => {
  const enable: Step[] =
    after.enforcement === "enabled" && before.enforcement !== "enabled"
      ? [{ kind: "enforcement", enabled: true }]
      : [];
  const disable: Step[] =
    after.enforcement === "disabled" && before.enforcement !== "disabled"
      ? [{ kind: "enforcement", enabled: false }]
      : [];
  const asks = needsProbe(before, after);
  const aside = setDisabledAside(before, after, renames);
  const steps =
    !asks && isEnforced(before) && isEnforced(after)
      ? splitMixedCalls(
          aside.before,
          aside.after,
          orderEnforced(aside.before, aside.after, renames, !hasOnlyDisabledAllow(before)),
        )
      : orderUnenforced(aside.before, aside.after, renames);
  const all = [...aside.first, ...steps, ...aside.last];
  return [...(asks ? probeSteps(before) : []), ...disable, ...all, ...enable];
};
