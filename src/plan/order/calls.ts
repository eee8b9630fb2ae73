/** From a list of calls, each on a transition, to steps: names, types and descriptions are settled here. */
import { type Prefix, prefixKey } from "../../address/prefix.js";
import { firstFree, standInDescription, standInName } from "../../model/reserved-names.js";
import type { AccountState, Rule, RuleFields } from "../../model/rule.js";
import type { Step } from "../plan.js";
import { entryFields, rulesByName, sortedPrefixes, withoutPrefixes } from "../state.js";
import {
  changesType,
  prefixesAfter,
  prefixesBefore,
  type RuleTransition,
  type VerdictChange,
} from "./rule-transitions.js";

/** The transitions of a plan, once it is settled which rules change their type in one call (`splitTypeChanges`). */
export interface SplitTransitions {
  readonly transitions: readonly RuleTransition[];
  /** Those that change their type in one call. */
  readonly changingType: ReadonlySet<RuleTransition>;
}

/** Prefixes that a rule which keeps its type holds in the end: they are in place before phase 2. */
const steadyPrefixes = (transitions: readonly RuleTransition[]): Set<bigint> =>
  new Set(
    transitions
      .filter((transition) => !changesType(transition))
      .flatMap((transition) => prefixesAfter(transition).map(prefixKey)),
  );

/** The old rule goes; its successor comes under a temporary name until the old one's is free. */
const standIn = (transition: RuleTransition, taken: ReadonlyMap<string, unknown>): RuleTransition[] => [
  { before: transition.before!, renameLast: false },
  {
    after: transition.after!,
    createAs: firstFree((number) => standInName(transition.after!.name, number), taken),
    renameLast: true,
  },
];

/**
 * Which rules that change their type can do so in one call, and which need a stand-in.
 *
 * One call changes the type, adds and removes at once, in phase 2. That is safe if each prefix that it adds or
 * removes either changes nothing for any address (another rule holds it with the same type all along), or lies
 * in a region that nobody else touches. The prefixes that stay are the rule's own flips, safe in phase 2, as
 * long as no other rule that flips in one call holds the same one: the API takes no prefix on both types.
 */
export const splitTypeChanges = (
  transitions: readonly RuleTransition[],
  change: VerdictChange,
  account: AccountState,
): SplitTransitions => {
  if (!transitions.some(changesType)) return { transitions, changingType: new Set() };
  const steady = steadyPrefixes(transitions);
  const claimed = new Set<bigint>();
  const fits = (transition: RuleTransition, index: number): boolean => {
    const harmless = (prefix: Prefix): boolean => {
      const row = change.row(prefix);
      return change.isNeutral(row) ? steady.has(prefixKey(prefix)) : change.isExclusive(row, index);
    };
    const [before, after] = [prefixesBefore(transition), prefixesAfter(transition)];
    const common = after.filter((prefix) => change.flips(prefix));
    return (
      withoutPrefixes(before, after).every(harmless) &&
      withoutPrefixes(after, before).every(harmless) &&
      !common.some((prefix) => claimed.has(prefixKey(prefix)))
    );
  };
  const names = rulesByName(account.rules);
  const changingType = new Set<RuleTransition>();
  const split = transitions.flatMap((transition, index) => {
    if (!changesType(transition)) return [transition];
    if (!fits(transition, index)) return standIn(transition, names);
    for (const prefix of prefixesAfter(transition)) claimed.add(prefixKey(prefix));
    changingType.add(transition);
    return [transition];
  });
  return { transitions: split, changingType };
};

/** One call on the rule of a transition. Lists grow while the calls are laid out, and are read only after. */
export interface Call {
  readonly transition: number;
  readonly add: Prefix[];
  readonly remove: Prefix[];
  /** Changes the rule's type in the same call. */
  switches?: boolean;
}

/** Not by spreading into `push`: a list of 100,000 prefixes is more arguments than a call takes. */
export const append = (list: Prefix[], more: readonly Prefix[]): void => {
  for (const prefix of more) list.push(prefix);
};

/** Neighbouring calls on one transition are one call: what lay between them is one state less to pass through. */
const mergeNeighbours = (calls: readonly Call[]): Call[] => {
  const merged: Call[] = [];
  for (const call of calls) {
    const previous = merged.at(-1);
    if (previous === undefined || previous.transition !== call.transition) {
      merged.push({ ...call, add: [...call.add], remove: [...call.remove] });
      continue;
    }
    append(previous.add, call.add);
    append(previous.remove, call.remove);
    if (call.switches === true) previous.switches = true;
  }
  return merged;
};

/** When the type changes in a rule that does not switch in one call: while it has no entries. */
const changesTypeNow = (
  transition: RuleTransition,
  call: Call,
  isFirst: boolean,
  isLast: boolean,
): boolean => {
  if (call.switches === true) return true;
  if (transition.before?.prefixes.length === 0) return isFirst;
  return transition.after?.prefixes.length === 0 && isLast;
};

type DisabledFields = Pick<Extract<Step, { kind: "update" }>, "disable" | "release">;

/** The members of a step that say what becomes of disabled entries; absent where nothing does. */
export const disabledFields = (disable: readonly Prefix[], release: readonly Prefix[]): DisabledFields => ({
  ...(disable.length === 0 ? {} : { disable }),
  ...(release.length === 0 ? {} : { release }),
});

/** What a call does to disabled entries: what its own entries ask for, and in the last call of a rule all the rest. */
const disabledBy = (
  { after, allowAll }: RuleTransition,
  { add, remove }: Call,
  now: readonly Prefix[],
  isLast: boolean,
): DisabledFields => {
  if (after === undefined || allowAll !== undefined) return {};
  const wanted = after.disabled ?? [];
  const [come, gone] = [withoutPrefixes(wanted, now), withoutPrefixes(now, wanted)];
  if (isLast) return disabledFields(come, gone);
  return disabledFields(
    withoutPrefixes(come, withoutPrefixes(come, remove)),
    withoutPrefixes(gone, withoutPrefixes(gone, add)),
  );
};

const createStep = (
  transition: RuleTransition,
  rule: Rule,
  call: Call,
): { step: Step; fields: RuleFields } => {
  const fields: RuleFields = {
    name: transition.createAs ?? rule.name,
    type: rule.type,
    description: transition.createAs === undefined ? rule.description : standInDescription(rule.name),
  };
  const entries = entryFields(call.add, transition.after?.disabled ?? []);
  return { step: { kind: "create", rule: { ...fields, ...entries } }, fields };
};

const nextFields = (transition: RuleTransition, now: RuleFields, typeChanges: boolean): RuleFields => {
  if (transition.after === undefined || transition.allowAll === "first") return now;
  const type = typeChanges ? transition.after.type : now.type;
  return transition.renameLast
    ? { ...now, type }
    : { name: transition.after.name, type, description: transition.after.description };
};

const differs = (a: RuleFields, b: RuleFields): boolean =>
  a.name !== b.name || a.type !== b.type || a.description !== b.description;

/** The steps of the calls in order; at the end each stand-in gets the name it stood in for. */
export const emitSteps = (
  { transitions }: Pick<SplitTransitions, "transitions">,
  calls: readonly Call[],
): Step[] => {
  const merged = mergeNeighbours(calls);
  const lastOf = new Map(merged.map((call, index) => [call.transition, index]));
  const current = new Map<number, RuleFields>();
  transitions.forEach((transition, index) => {
    if (transition.before !== undefined && transition.allowAll !== "first")
      current.set(index, transition.before);
  });
  const disabled = new Map(transitions.map(({ before }, index) => [index, before?.disabled ?? []]));
  const seen = new Set<number>();
  const steps = merged.flatMap((call, index): Step[] => {
    const transition = transitions[call.transition]!;
    const now = current.get(call.transition);
    const isFirst = !seen.has(call.transition);
    seen.add(call.transition);
    const isLast = lastOf.get(call.transition) === index;
    if (now === undefined) {
      const created = createStep(transition, (transition.after ?? transition.before)!, call);
      current.set(call.transition, created.fields);
      disabled.set(call.transition, transition.after?.disabled ?? []);
      return [created.step];
    }
    if (isLast && (transition.after === undefined || transition.allowAll !== undefined))
      return [{ kind: "delete", name: now.name }];
    const becomes = nextFields(transition, now, changesTypeNow(transition, call, isFirst, isLast));
    const disabledNow = disabled.get(call.transition) ?? [];
    const { disable = [], release = [] } = disabledBy(transition, call, disabledNow, isLast);
    const touched = call.add.length + call.remove.length + disable.length + release.length;
    if (!differs(now, becomes) && touched === 0) return [];
    current.set(call.transition, becomes);
    disabled.set(call.transition, [...withoutPrefixes(disabledNow, release), ...disable]);
    return [{ ...updateStep(now.name, becomes, call), ...disabledFields(disable, release) }];
  });
  return [...steps, ...finalNames(transitions, current)];
};

const updateStep = (name: string, { name: newName, type, description }: RuleFields, call: Call): Step => ({
  kind: "update",
  name,
  becomes: { name: newName, type, description },
  add: sortedPrefixes(call.add),
  remove: sortedPrefixes(call.remove),
});

const finalNames = (
  transitions: readonly RuleTransition[],
  current: ReadonlyMap<number, RuleFields>,
): Step[] =>
  transitions.flatMap((transition, index): Step[] => {
    const now = current.get(index);
    if (!transition.renameLast || transition.after === undefined || now === undefined) return [];
    return differs(now, transition.after)
      ? [updateStep(now.name, transition.after, { transition: index, add: [], remove: [] })]
      : [];
  });
