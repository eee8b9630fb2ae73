/**
 * What undoing an apply makes of the account as it is now. Three states of each touched rule are compared: before the apply,
 * as it left it (trace.ts), and now. Where now is as it was left, it becomes what it was before. Anything else is somebody's
 * later change: it is reported, and kept.
 */
import { isStaleTemporary } from "../model/reserved-names.js";
import type { AccountState, Enforcement, Rule } from "../model/rule.js";
import type { Change } from "../plan/plan.js";
import { byName, entryFields, sameRules, withoutPrefixes } from "../plan/state.js";
import { differences } from "./stops.js";
import type { Trace, Traced } from "./trace.js";

export interface Undo {
  /** The account once it is undone; later changes of others are kept. */
  readonly after: AccountState;
  /** New name to the name on the account. */
  readonly renames: ReadonlyMap<string, string>;
  /** What others have changed since in rules that the apply touched: from how it left them to now. */
  readonly later: readonly Change[];
  readonly disablesEnforcement: boolean;
  /** Of a receipt that breaks off: names of rules that are not as they were before it, and it does not show why. */
  readonly unexplained: readonly string[];
}

const unexplained = ({ unseen }: Trace, now: ReadonlyMap<string, Rule>): readonly string[] => [
  ...(unseen?.rules ?? []).flatMap((rule) => (sameRules(now.get(rule.name), rule) ? [] : rule.name)),
  ...(unseen?.created ?? []).filter((name) => now.has(name)),
];

/** What was before, where now is as it was left; else now. */
const restored = <T>(before: T, left: T, now: T): T => (left === now ? before : now);

/** The apply's own part is taken back, and what others made of the rule since stays. */
const merged = (traced: Traced, now: Rule): Rule | undefined => {
  const { before, left } = traced;
  const [added, removed] = [
    withoutPrefixes(left?.prefixes ?? [], before?.prefixes ?? []),
    withoutPrefixes(before?.prefixes ?? [], left?.prefixes ?? []),
  ];
  const [off, on] = [
    withoutPrefixes(left?.disabled ?? [], before?.disabled ?? []),
    withoutPrefixes(before?.disabled ?? [], left?.disabled ?? []),
  ];
  const entries = entryFields(
    [...withoutPrefixes(now.prefixes, added), ...(left === undefined ? [] : removed)],
    [...withoutPrefixes(now.disabled ?? [], off), ...(left === undefined ? [] : on)],
  );
  const { name, type, description } = now;
  if (before === undefined)
    return entries.prefixes.length === 0 && entries.disabled === undefined
      ? undefined
      : { name, type, description, ...entries };
  if (left === undefined) return now;
  return {
    name: restored(before.name, left.name, now.name),
    type: restored(before.type, left.type, now.type),
    description: restored(before.description, left.description, now.description),
    ...entries,
  };
};

interface Part {
  /** The rule now, and what it becomes. */
  readonly now: Rule | undefined;
  readonly becomes: Rule | undefined;
  /** Somebody has changed it since. */
  readonly later: boolean;
}

const partOf = (traced: Traced, rules: ReadonlyMap<string, Rule>): Part => {
  const { before, left } = traced;
  const now = rules.get(left?.name ?? "") ?? rules.get(before?.name ?? "");
  if (sameRules(now, left)) return { now, becomes: before, later: false };
  if (sameRules(now, before)) return { now, becomes: now, later: false };
  return { now, becomes: now === undefined ? undefined : merged(traced, now), later: true };
};

const enforcementAfter = ({ enforcement }: Trace, now: Enforcement): Enforcement => {
  if (enforcement === undefined || now !== enforcement.left) return now;
  return enforcement.before === "unknown" ? "disabled" : enforcement.before;
};

/** Undoes what the trace says, on the account as it is now. */
export const undoOn = (trace: Trace, now: AccountState): Undo => {
  const rules = new Map(now.rules.map((rule) => [rule.name, rule]));
  const parts = trace.rules
    .filter(({ before, left }) => !sameRules(before, left))
    .map((traced) => ({ traced, part: partOf(traced, rules) }));
  const touched = new Set(parts.flatMap(({ part }) => part.now?.name ?? []));
  // A temporary rule that a run has left goes, as in every plan.
  const others = now.rules.filter((rule) => !touched.has(rule.name) && !isStaleTemporary(rule));
  // A name that somebody else's rule has by now cannot be given back.
  const taken = new Set(others.map(({ name }) => name));
  const becoming = parts.flatMap(({ part: { now: rule, becomes } }) =>
    becomes !== undefined && taken.has(becomes.name) ? (rule ?? []) : (becomes ?? []),
  );
  const left = parts.filter(
    ({ part }) => part.later || (part.becomes !== undefined && taken.has(part.becomes.name)),
  );
  const state = (side: readonly (Rule | undefined)[]): AccountState => ({
    enforcement: now.enforcement,
    rules: side.filter((rule) => rule !== undefined).sort(byName),
  });
  const enforcement = enforcementAfter(trace, now.enforcement);
  return {
    after: { enforcement, rules: [...others, ...becoming].sort(byName) },
    renames: new Map(
      parts.flatMap(({ part: { now: rule, becomes } }): [string, string][] =>
        rule === undefined || becomes === undefined || rule.name === becomes.name || taken.has(becomes.name)
          ? []
          : [[becomes.name, rule.name]],
      ),
    ),
    later: differences(
      state(left.map(({ traced }) => traced.left)),
      state([
        ...new Set(
          left.flatMap(({ part: { now: rule }, traced }) => [rule, rules.get(traced.before?.name ?? "")]),
        ),
      ]),
    ),
    unexplained: unexplained(trace, rules),
    disablesEnforcement: now.enforcement !== "disabled" && enforcement === "disabled",
  };
};
