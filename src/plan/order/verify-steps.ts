/**
 * Does not believe that the order is safe: computes, exactly, what each step lets in and shuts out, and which
 * addresses have another verdict in between although theirs is the same before and after the whole plan.
 */
import { AddressSet } from "../../address/address-set.js";
import type { Prefix } from "../../address/prefix.js";
import type { AccountState, Enforcement, Rule } from "../../model/rule.js";
import { type AccessChange, accessOf, directionOf, isEnforced, noAccessChange } from "../access-change.js";
import { type AccessDelta, type AddressRange, LiveAccess, RangeIndex } from "../live-access.js";
import type { Disturbance, PlannedStep, Step } from "../plan.js";
import { rulesByName, StateHash } from "../state.js";
import { enforcementAfter, isProbeStep, takeStep } from "../step-effect.js";

/** One verdict that should hold all along, and where just now it does not. */
class Watched {
  readonly #index: RangeIndex;
  disturbed = AddressSet.empty;

  constructor(set: AddressSet) {
    this.#index = new RangeIndex(set);
  }

  follow(lost: readonly AddressRange[], regained: readonly AddressRange[]): void {
    if (!this.disturbed.isEmpty() && regained.length > 0) {
      this.disturbed = this.disturbed.subtract(AddressSet.ofRanges(regained));
    }
    const met = this.#index.meet(lost);
    if (met.length > 0) this.disturbed = this.disturbed.union(AddressSet.ofRanges(met));
  }
}

class Watch {
  readonly #alwaysAllowed: Watched;
  readonly #alwaysBlocked: Watched;

  constructor(before: AccountState, after: AccountState) {
    const [old, now] = [accessOf(before).allowed(), accessOf(after).allowed()];
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
  const [newlyAllowed, newlyBlocked] = [AddressSet.ofRanges(allowed), AddressSet.ofRanges(blocked)];
  return { direction: directionOf(newlyAllowed, newlyBlocked), newlyAllowed, newlyBlocked, parts: [] };
};

const addedPrefixes = (steps: readonly Step[]): Prefix[] =>
  steps.flatMap((step) => {
    if (step.kind === "create") return [...step.rule.prefixes];
    return step.kind === "update" ? [...step.add] : [];
  });

/** A walk through a plan, step by step: what each does, whom it disturbs, and the state it leaves. */
export class PlanWalk {
  readonly #access: LiveAccess;
  readonly #watch: Watch;
  readonly #rules: Map<string, Rule>;
  readonly #hash: StateHash;
  #enforcement: Enforcement;

  /** `steps`: all that may be followed, in whatever order. */
  constructor(before: AccountState, after: AccountState, steps: readonly Step[]) {
    this.#access = new LiveAccess(
      before.rules,
      addedPrefixes(steps),
      isEnforced(before),
      before.disabledAllowCounts === true,
    );
    this.#watch = new Watch(before, after);
    this.#rules = rulesByName(before.rules);
    this.#hash = new StateHash(before.rules);
    this.#enforcement = before.enforcement;
  }

  follow(step: Step): { readonly delta: AccessDelta; readonly disturbs: Disturbance } {
    const delta = this.#take(step);
    return { delta, disturbs: this.#watch.follow(delta) };
  }

  get allowsByDefault(): boolean {
    return this.#access.allowsByDefault;
  }

  stateHash(): string {
    return this.#hash.digest(this.#enforcement);
  }

  #take(step: Step): AccessDelta {
    this.#enforcement = enforcementAfter(this.#enforcement, step);
    const switched = this.#access.setEnforced(isEnforced({ enforcement: this.#enforcement }));
    if (step.kind === "enforcement") return switched;
    const replacement = takeStep(this.#rules, step);
    this.#hash.take(replacement);
    const replaced = this.#access.replace(replacement);
    // A probe shows enforcement to be off, and then its rule changes nothing.
    return isProbeStep(step) && this.#enforcement === "disabled" ? switched : replaced;
  }
}

/** The steps with what each of them does and disturbs, and the hash of the state it leaves. */
export const verifySteps = (
  before: AccountState,
  after: AccountState,
  steps: readonly Step[],
): PlannedStep[] => {
  const walk = new PlanWalk(before, after, steps);
  return steps.map((step, index) => {
    const { delta, disturbs } = walk.follow(step);
    const access = accessChangeOf(delta);
    return { number: index + 1, step, access, disturbs, stateHash: walk.stateHash() };
  });
};
