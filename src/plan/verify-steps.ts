/**
 * Does not believe that the order is safe: computes, exactly, what each step lets in and shuts out, and which
 * addresses have another verdict in between although theirs is the same before and after the whole plan.
 */
import { AccessMap } from "../address/access-map.js";
import { AddressSet } from "../address/address-set.js";
import type { Prefix } from "../address/prefix.js";
import type { AccountState, Enforcement } from "../model/rule.js";
import { directionOf, entriesOf, isEnforced, noAccessChange } from "./access-change.js";
import { type AddressRange, RangeIndex, setOfRanges } from "./address-ranges.js";
import { rulesByName } from "./keys.js";
import { type AccessDelta, LiveAccess } from "./live-access.js";
import type { AccessChange, Disturbance, PlannedStep, Step } from "./plan.js";
import { replacementOf } from "./simulate.js";
import { StateHash } from "./state-hash.js";

const allowedIn = (state: AccountState): AddressSet =>
  AccessMap.of(entriesOf(state), { enforced: isEnforced(state) }).allowed();

/** One verdict that should hold all along, and where just now it does not. */
class Watched {
  readonly #index: RangeIndex;
  disturbed = AddressSet.empty;

  constructor(set: AddressSet) {
    this.#index = new RangeIndex(set);
  }

  follow(lost: readonly AddressRange[], regained: readonly AddressRange[]): void {
    if (!this.disturbed.isEmpty() && regained.length > 0) {
      this.disturbed = this.disturbed.subtract(setOfRanges(regained));
    }
    const met = this.#index.meet(lost);
    if (met.length > 0) this.disturbed = this.disturbed.union(setOfRanges(met));
  }
}

class Watch {
  readonly #alwaysAllowed: Watched;
  readonly #alwaysBlocked: Watched;

  constructor(before: AccountState, after: AccountState) {
    const [old, now] = [allowedIn(before), allowedIn(after)];
    this.#alwaysAllowed = new Watched(old.intersect(now));
    this.#alwaysBlocked = new Watched(old.union(now).complement());
  }

  follow({ allowed, blocked }: AccessDelta): Disturbance {
    this.#alwaysAllowed.follow(blocked, allowed);
    this.#alwaysBlocked.follow(allowed, blocked);
    return { blocked: this.#alwaysAllowed.disturbed, allowed: this.#alwaysBlocked.disturbed };
  }
}

export const accessChangeOf = ({ allowed, blocked }: AccessDelta): AccessChange => {
  if (allowed.length + blocked.length === 0) return noAccessChange;
  const [newlyAllowed, newlyBlocked] = [setOfRanges(allowed), setOfRanges(blocked)];
  return { direction: directionOf(newlyAllowed, newlyBlocked), newlyAllowed, newlyBlocked, parts: [] };
};

const addedPrefixes = (steps: readonly Step[]): Prefix[] =>
  steps.flatMap((step) => {
    if (step.kind === "create") return [...step.rule.prefixes];
    return step.kind === "update" ? [...step.add] : [];
  });

/** The steps with what each of them does and disturbs, and the hash of the state it leaves. */
export const verifySteps = (
  before: AccountState,
  after: AccountState,
  steps: readonly Step[],
): PlannedStep[] => {
  const access = new LiveAccess(before.rules, addedPrefixes(steps), isEnforced(before));
  const watch = new Watch(before, after);
  const rules = rulesByName(before.rules);
  const hash = new StateHash(before.rules);
  let enforcement: Enforcement = before.enforcement;
  const follow = (step: Step): AccessDelta => {
    if (step.kind === "enforcement") {
      enforcement = step.enabled ? "enabled" : "disabled";
      return access.setEnforced(step.enabled);
    }
    const replacement = replacementOf(rules, step);
    if (replacement.before !== undefined) {
      rules.delete(replacement.before.name);
      hash.delete(replacement.before.name);
    }
    if (replacement.after !== undefined) {
      rules.set(replacement.after.name, replacement.after);
      hash.set(replacement.after);
    }
    return access.replace(replacement);
  };
  return steps.map((step, index) => {
    const delta = follow(step);
    const disturbs = watch.follow(delta);
    return {
      number: index + 1,
      step,
      access: accessChangeOf(delta),
      disturbs,
      stateHash: hash.digest(enforcement),
    };
  });
};
