/**
 * What an apply has changed, by its receipts: they say what each rule was before the plan and what each call did, so that
 * the calls can be followed as far as they went. Several attempts at one plan count as one.
 */
import { prefixKey, samePrefix } from "../address/prefix.js";
import { notBegun, type Receipt, type ReceiptPlannedStep, type ReceiptRecord } from "../model/receipt.js";
import type { AccountState, Enforcement, Rule } from "../model/rule.js";
import { entryFields, prefixKeys, sameRules, withoutPrefixes } from "../plan/state.js";

/** A rule that the apply touched: before it, and as it was left. Undefined: there was none. */
export interface Traced {
  readonly before: Rule | undefined;
  readonly left: Rule | undefined;
}

/** What an apply did. */
export interface Trace {
  readonly rules: readonly Traced[];
  /** Absent where no call changed it. */
  readonly enforcement?: { readonly before: Enforcement; readonly left: "enabled" | "disabled" };
  /**
   * The last attempt's receipt breaks off: rules that its plan was to change and that its lines say nothing of; as they were
   * before, and those that it was to create.
   */
  readonly unseen?: { readonly rules: readonly Rule[]; readonly created: readonly string[] };
  /** Steps that were done, of how many. */
  readonly done: number;
  readonly steps: number;
}

/** The rule after the step; undefined where it deletes it, or where the rule that it needs is not there. */
const ruleAfter = (
  rule: Rule | undefined,
  { rule: name = "", effect }: ReceiptPlannedStep,
): Rule | undefined => {
  if (effect === undefined) return undefined;
  const { type, description, added, removed, disabled = [], released = [] } = effect;
  const inForce = [...withoutPrefixes(rule?.prefixes ?? [], removed), ...added];
  const off = [...withoutPrefixes(rule?.disabled ?? [], released), ...disabled];
  return { name, type, description, ...entryFields(inForce, off) };
};

const nameBefore = ({ rule, renamedFrom }: ReceiptPlannedStep): string | undefined => renamedFrom ?? rule;

/** One step on what is traced; a step about enforcement leaves the rules alone. */
const follow = (rules: readonly Traced[], step: ReceiptPlannedStep): readonly Traced[] => {
  if (step.rule === undefined) return rules;
  const name = nameBefore(step);
  const at = rules.findIndex(({ before, left }) =>
    step.action === "create" ? left === undefined && before?.name === step.rule : left?.name === name,
  );
  const traced = rules[at];
  if (traced === undefined)
    return step.action === "create"
      ? [...rules, { before: undefined, left: ruleAfter(undefined, step) }]
      : rules;
  return rules.with(at, { ...traced, left: ruleAfter(traced.left, step) });
};

const isDone = (record: ReceiptRecord | undefined): boolean =>
  record?.outcome === "applied" || (record?.outcome === "skipped" && record.message !== notBegun);

/** A call that may have had an effect, as far as the receipt knows. */
const mayBeDone = (record: ReceiptRecord | undefined): boolean =>
  record !== undefined && record.outcome !== "skipped" && !isDone(record) && record.unchanged !== true;

interface Progress {
  readonly done: readonly ReceiptPlannedStep[];
  /** The step after them, where nobody knows whether it is done. */
  readonly doubtful?: ReceiptPlannedStep | undefined;
}

/** As far as an attempt came: the next attempt has seen it, else its own records say. */
const progressOf = ({ header, records }: Receipt, next: Receipt | undefined): Progress => {
  const { steps, basis } = header;
  if (next !== undefined) {
    const state = next.header.basis.state;
    return state === basis.state
      ? { done: [] }
      : { done: steps.slice(0, steps.findLastIndex(({ stateHash }) => stateHash === state) + 1) };
  }
  const last = steps.findLastIndex(({ number }) => isDone(records.get(number)));
  const after = steps[last + 1];
  return {
    done: steps.slice(0, last + 1),
    doubtful: after !== undefined && mayBeDone(records.get(after.number)) ? after : undefined,
  };
};

/** What the attempt knew of the rules before it, where an earlier attempt has not touched them. */
const withBefore = (rules: readonly Traced[], { header }: Receipt): readonly Traced[] => {
  const known = new Set(rules.flatMap(({ before, left }) => [before?.name, left?.name]));
  const found = header.before?.rules ?? [];
  return [
    ...rules,
    ...found.filter(({ name }) => !known.has(name)).map((rule) => ({ before: rule, left: rule })),
  ];
};

/** Whether the rule is between its two states: some of the call's entries are in, or out, and others are not. */
const isBetween = (now: Rule, from: Rule | undefined, to: Rule | undefined): boolean => {
  if (from === undefined || to === undefined) return false;
  const fields = [from, to].some(
    ({ name, type, description }) =>
      name === now.name && type === now.type && description === now.description,
  );
  const either = prefixKeys([...from.prefixes, ...to.prefixes]);
  const both = to.prefixes.filter((prefix) => from.prefixes.some((one) => samePrefix(one, prefix)));
  const has = prefixKeys(now.prefixes);
  return (
    fields &&
    now.prefixes.every((prefix) => either.has(prefixKey(prefix))) &&
    both.every((prefix) => has.has(prefixKey(prefix)))
  );
};

/** Of a step that nobody knows the outcome of, the account decides: its own effect is not somebody else's change. */
const settle = (rules: readonly Traced[], step: ReceiptPlannedStep, now: AccountState): readonly Traced[] => {
  const after = follow(rules, step);
  return after.map((done, at): Traced => {
    const before = rules[at];
    if (before?.left === done.left) return done;
    const names = new Set([done.left?.name, before?.left?.name]);
    const rule = now.rules.find(({ name }) => names.has(name));
    if (sameRules(rule, done.left)) return done;
    if (sameRules(rule, before?.left)) return before ?? { before: undefined, left: undefined };
    return rule !== undefined && isBetween(rule, before?.left, done.left) ? { ...done, left: rule } : done;
  });
};

const enforcementOf = (attempts: readonly Receipt[], now: AccountState): Pick<Trace, "enforcement"> => {
  const before = attempts[0]?.header.before?.enforcement ?? "unknown";
  let left: "enabled" | "disabled" | undefined;
  const turned = ({ action }: ReceiptPlannedStep): "enabled" | "disabled" | undefined =>
    action === "enable" ? "enabled" : action === "disable" ? "disabled" : undefined;
  for (const [at, attempt] of attempts.entries()) {
    const { done, doubtful } = progressOf(attempt, attempts[at + 1]);
    for (const step of done) left = turned(step) ?? left;
    const perhaps = doubtful === undefined ? undefined : turned(doubtful);
    if (perhaps !== undefined && now.enforcement === perhaps) left = perhaps;
  }
  return left === undefined || left === before ? {} : { enforcement: { before, left } };
};

/** What the attempts at one plan did, oldest first; each is of version 2. `now` settles what no receipt knows. */
export const traceOf = (attempts: readonly Receipt[], now: AccountState): Trace => {
  let rules: readonly Traced[] = [];
  let count = 0;
  for (const [at, attempt] of attempts.entries()) {
    const { done, doubtful } = progressOf(attempt, attempts[at + 1]);
    rules = done.reduce(follow, withBefore(rules, attempt));
    count += done.length;
    if (doubtful !== undefined) rules = settle(rules, doubtful, now);
  }
  const last = attempts.at(-1);
  const open = last === undefined ? 0 : last.header.steps.length - progressOf(last, undefined).done.length;
  return {
    rules,
    ...enforcementOf(attempts, now),
    ...(last === undefined || last.end !== undefined ? {} : { unseen: unseenOf(rules, last) }),
    done: count,
    steps: count + open,
  };
};

const unseenOf = (rules: readonly Traced[], { header }: Receipt): NonNullable<Trace["unseen"]> => {
  const known = new Set(rules.flatMap(({ before, left }) => [before?.name, left?.name]));
  return {
    rules: rules.flatMap(({ before, left }) =>
      before !== undefined && sameRules(before, left) ? before : [],
    ),
    created: header.steps.flatMap(({ action, rule }) =>
      action === "create" && rule !== undefined && !known.has(rule) ? rule : [],
    ),
  };
};

const statesOf = ({ header }: Receipt): ReadonlySet<string | undefined> =>
  new Set([header.basis.state, ...header.steps.map(({ stateHash }) => stateHash)]);

/** Whether `next` goes on with the plan that `earlier` has begun and not ended: it starts from one of its states. */
const goesOn = (earlier: Receipt, next: Receipt): boolean =>
  earlier.end?.end !== "done" &&
  earlier.header.purpose === next.header.purpose &&
  earlier.header.basis.policy === next.header.basis.policy &&
  statesOf(earlier).has(next.header.basis.state);

/** When the runs began that a rollback has undone whole. */
const undoneRuns = (all: readonly { readonly receipt: Receipt }[]): ReadonlySet<string> =>
  new Set(
    all.flatMap(({ receipt: { header, end } }) =>
      header.purpose === "rollback" && end?.end === "done" ? (header.undoes ?? []) : [],
    ),
  );

/**
 * The attempts at one plan, around one of them; `all` are of one account, oldest first. A later one that was undone by
 * itself, as an unconfirmed change is, is none of them: the account is as the one before it left it.
 */
export const attemptsAround = <R extends { readonly receipt: Receipt }>(
  all: readonly R[],
  one: R,
): readonly R[] => {
  const at = all.indexOf(one);
  let [first, last] = [at, at];
  while (first > 0 && goesOn(all[first - 1]!.receipt, all[first]!.receipt)) first -= 1;
  const undone = undoneRuns(all);
  const counts = ({ receipt: { header } }: R): boolean =>
    undone.has(one.receipt.header.startedAt) || !undone.has(header.startedAt);
  while (
    last + 1 < all.length &&
    goesOn(all[last]!.receipt, all[last + 1]!.receipt) &&
    counts(all[last + 1]!)
  )
    last += 1;
  return all.slice(first, last + 1);
};
