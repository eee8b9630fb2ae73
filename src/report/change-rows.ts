/**
 * The changes, the rules left alone and the steps of a plan as rows, the same for text and markdown; and what to say of
 * names that may be taken for another (policy/look-alike.ts).
 */
import { comparePrefixes, formatPrefix, type Prefix } from "../address/prefix.js";
import { listPrefixes, rangesText } from "../model/address-words.js";
import { assertNever } from "../model/assert.js";
import { isPlainAscii } from "../model/cells.js";
import { quoted, visible } from "../model/escape.js";
import type { Enforcement, Rule, RuleType } from "../model/rule.js";
import { addressCount, counted, grouped } from "../model/words.js";
import type { AccessChange } from "../plan/access-change.js";
import { entryChanges } from "../plan/diff-states.js";
import type { Change, DeleteReason, Disturbance, Plan, Step } from "../plan/plan.js";
import { mixedScripts, skeleton } from "../policy/look-alike.js";
import type { Row, Sign } from "./layout.js";
import { listOriginWords } from "./lists.js";

/** Every character beyond ASCII as its escape. */
const spelled = (name: string): string =>
  [...name].map((c) => (c > "~" ? `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}` : c)).join("");

/** A note on each name of the list that may be taken for another; neutralised. */
export const lookAlikes = (names: Iterable<string>): ReadonlyMap<string, string> => {
  const unique = [...new Set(names)];
  const bySkeleton = new Map<string, string[]>();
  for (const name of unique) {
    const key = skeleton(name);
    bySkeleton.set(key, [...(bySkeleton.get(key) ?? []), name]);
  }
  const notes = new Map<string, string>();
  for (const name of unique) {
    const mixed = mixedScripts(name);
    const similar = bySkeleton.get(skeleton(name))?.find((other) => other !== name);
    const escapes = isPlainAscii(name) ? "" : `; spelled ${quoted(spelled(name)).replaceAll("\\\\", "\\")}`;
    if (similar !== undefined) notes.set(name, `looks like ${quoted(similar)} but is another name${escapes}`);
    else if (mixed !== undefined) notes.set(name, `mixes ${mixed.join(" and ")} letters${escapes}`);
  }
  return notes;
};

/** Entries of one rule and sign that are listed; access rows list all that broaden, whatever this says. */
const defaultMaxEntries = 20;

interface Context {
  readonly maxEntries: number;
  /** By sign: why an entry is removed, or until when it is there; by `dateKey`. */
  readonly dates: Readonly<Record<"+" | "-", ReadonlyMap<string, string>>>;
  /** Where an added entry is from, by `dateKey`. */
  readonly lists: ReadonlyMap<string, string>;
  readonly notes: ReadonlyMap<string, string>;
}

const dateKey = (rule: string, prefix: Prefix): string => `${formatPrefix(prefix)} ${rule}`;

export const enforcementWord = (enforcement: Enforcement): string =>
  enforcement === "unknown" ? "unknown (no rule shows it)" : enforcement;

const dateWords = { "+": "until", "-": "expired" } as const;

const datesOf = (entries: Plan["expired"]): ReadonlyMap<string, string> =>
  new Map(entries.map(({ rule, prefix, expires }) => [dateKey(rule, prefix), expires]));

const noDates: Context["dates"] = { "+": new Map(), "-": new Map() };

const entryRows = (
  sign: "+" | "-" | "~",
  rule: string,
  prefixes: readonly Prefix[],
  context: Context,
  remark = "",
): Row[] => {
  const left = prefixes.length - context.maxEntries;
  const shown = left > 0 ? prefixes.slice(0, context.maxEntries) : prefixes;
  const rows = shown.map((prefix): Row => {
    const side = sign === "-" ? "-" : "+";
    const date = context.dates[side].get(dateKey(rule, prefix));
    const until = date === undefined ? "" : `  ${dateWords[side]} ${date}`;
    const list = side === "+" ? context.lists.get(dateKey(rule, prefix)) : undefined;
    const from = list === undefined ? "" : `  ${visible(list)}`;
    return { sign, depth: 2, text: `${formatPrefix(prefix)}${remark}${from}${until}` };
  });
  if (left > 0)
    rows.push({ sign, depth: 2, text: `… and ${counted(left, "more entry", "more entries")}${remark}` });
  return rows;
};

const noteRows = (name: string, context: Context): Row[] => {
  const note = context.notes.get(name);
  return note === undefined ? [] : [{ sign: "!", depth: 2, text: `the name ${note}` }];
};

const descriptionRow = (sign: Sign, description: string): Row[] =>
  description === "" ? [] : [{ sign, depth: 2, text: `description ${quoted(description)}` }];

const disabledRemark = "  disabled";

/** What becomes of the entries of a rule that stays. */
const entryChangeRows = ({ before, after }: Extract<Change, { kind: "update" }>, context: Context): Row[] => {
  const of = entryChanges(before, after);
  const rows = (sign: "+" | "-" | "~", prefixes: readonly Prefix[], remark = ""): Row[] =>
    entryRows(sign, after.name, [...prefixes].sort(comparePrefixes), context, remark);
  return [
    ...rows("+", of.added),
    ...rows("-", of.removed),
    ...rows("~", of.enabled, "  enabled: false -> true"),
    ...rows("~", of.disabled, "  enabled: true -> false"),
    ...rows("+", of.addedDisabled, disabledRemark),
    ...rows("-", of.removedDisabled, "  was disabled"),
  ];
};

const wholeRule = (sign: "+" | "-", rule: Rule, remark: string, context: Context): Row[] => [
  { sign, depth: 1, text: `rule ${quoted(rule.name)} (${rule.type})${remark}` },
  ...noteRows(rule.name, context),
  ...descriptionRow(sign, rule.description),
  ...entryRows(sign, rule.name, rule.prefixes, context),
  ...entryRows(sign, rule.name, rule.disabled ?? [], context, disabledRemark),
];

const typeWarning = (before: RuleType, after: RuleType): Row[] =>
  before === after ? [] : [{ sign: "~", depth: 2, text: `type: ${before} -> ${after}` }];

const updateRows = (change: Extract<Change, { kind: "update" }>, context: Context): Row[] => {
  const { before, after } = change;
  const renamed = before.name === after.name ? "" : `, was ${quoted(before.name)}`;
  const rows: Row[] = [
    { sign: "~", depth: 1, text: `rule ${quoted(after.name)} (${after.type})${renamed}` },
    ...noteRows(after.name, context),
    ...typeWarning(before.type, after.type),
  ];
  if (before.description !== after.description) {
    const [was, is] = [quoted(before.description), quoted(after.description)];
    rows.push({ sign: "~", depth: 2, text: `description: ${was} -> ${is}` });
  }
  return [...rows, ...entryChangeRows(change, context)];
};

/** Why a rule is deleted. */
export const deleteWords: Readonly<Record<DeleteReason, string>> = {
  unmanaged: "unmanaged",
  removed: "in `removed_rules`",
  "left-over": "left over from an earlier run",
  undone: "undone",
  terraform: "by Terraform",
};

const rowsOfChange = (change: Change, context: Context): Row[] => {
  switch (change.kind) {
    case "create":
      return wholeRule("+", change.rule, "", context);
    case "update":
      return updateRows(change, context);
    case "delete":
      return wholeRule("-", change.rule, `, ${deleteWords[change.reason]}`, context);
    case "enforcement":
      return [
        { sign: "~", depth: 1, text: `enforcement: ${enforcementWord(change.before)} -> ${change.after}` },
      ];
    default:
      return assertNever(change);
  }
};

/** Every rule name that the plan shows, and what is odd about it. */
const notesOf = (plan: Plan): ReadonlyMap<string, string> =>
  lookAlikes([...plan.before.rules, ...plan.after.rules].map(({ name }) => name));

/** The rows of each change, a group each. */
export const changeRows = (plan: Plan, maxEntries: number = defaultMaxEntries): Row[][] => {
  const dates = { "+": datesOf(plan.expiring), "-": datesOf(plan.expired) };
  const lists = new Map(
    plan.lists.flatMap(({ rule, prefixes, ...list }) =>
      prefixes.map((prefix) => [dateKey(rule, prefix), listOriginWords(list)] as const),
    ),
  );
  const context: Context = { maxEntries, dates, lists, notes: notesOf(plan) };
  return plan.changes.map((change) => rowsOfChange(change, context));
};

/** The same for changes without a plan: what is left to do, or what somebody else did. */
export const looseChangeRows = (changes: readonly Change[]): Row[] =>
  changes.flatMap((change) =>
    rowsOfChange(change, {
      maxEntries: defaultMaxEntries,
      dates: noDates,
      lists: new Map(),
      notes: new Map(),
    }),
  );

/** `rule "Partner access" (allow, 1 entry: 192.0.2.192/28)`. */
export const ruleBrief = ({ name, type, prefixes, disabled = [] }: Rule): string => {
  const entries = counted(prefixes.length, "entry", "entries");
  const off = disabled.length === 0 ? "" : `; ${grouped(disabled.length)} disabled`;
  return `rule ${quoted(name)} (${type}, ${entries}${prefixes.length === 0 ? "" : `: ${listPrefixes(prefixes, 3)}`}${off})`;
};

/** The unmanaged rules that are kept or refused; those that are deleted are among the changes. */
export const unmanagedRows = (plan: Plan): Row[] => {
  const notes = notesOf(plan);
  return plan.unmanaged.flatMap(({ rule, disposition }): Row[] => {
    if (disposition === "deleted") return [];
    const note = notes.get(rule.name);
    const row: Row = {
      sign: disposition === "refused" ? "!" : " ",
      depth: 1,
      text: `${ruleBrief(rule)} ${disposition === "refused" ? "refused by the policy" : "kept"}`,
    };
    return note === undefined ? [row] : [row, { sign: "!", depth: 2, text: `the name ${note}` }];
  });
};

const signs = (add: number, remove: number): string =>
  [add > 0 ? `+${grouped(add)}` : "", remove > 0 ? `-${grouped(remove)}` : ""].filter(Boolean).join(" ");

/** `+2 -1, disabled +1`: entries in force, then those without effect. */
const signedCounts = (add: number, remove: number, disable = 0, release = 0): string => {
  const disabled = signs(disable, release);
  return [signs(add, remove), disabled === "" ? "" : `disabled ${disabled}`].filter(Boolean).join(", ");
};

const updateCounts = ({ add, remove, disable, release }: Extract<Step, { kind: "update" }>): string =>
  signedCounts(add.length, remove.length, disable?.length, release?.length);

/** `update rule "Corporate VPN": +2 -1`. */
export const stepTitle = (step: Step): string => {
  switch (step.kind) {
    case "create": {
      const counts = signedCounts(step.rule.prefixes.length, 0, step.rule.disabled?.length);
      return `create rule ${quoted(step.rule.name)}${counts === "" ? "" : `: ${counts}`}`;
    }
    case "update": {
      const renamed = step.becomes.name === step.name ? "" : ` as ${quoted(step.becomes.name)}`;
      const counts = updateCounts(step);
      return `update rule ${quoted(step.name)}${renamed}: ${counts === "" ? "no entry changes" : counts}`;
    }
    case "delete":
      return `delete rule ${quoted(step.name)}`;
    case "enforcement":
      return `turn enforcement ${step.enabled ? "on" : "off"}`;
    default:
      return assertNever(step);
  }
};

/** `lets in 16 IPv4 addresses, shuts out 4`: what the call does to access on the account as it is then. */
export const stepEffect = ({ newlyAllowed, newlyBlocked }: AccessChange): string => {
  const into = newlyAllowed.isEmpty() ? "" : `allows ${addressCount(newlyAllowed.count())}`;
  const out = newlyBlocked.isEmpty() ? "" : `blocks ${addressCount(newlyBlocked.count())}`;
  return into === "" && out === "" ? "no change of access" : [into, out].filter(Boolean).join(", ");
};

/** The heading of the steps: what their order is good for. */
export const stepsPromise = (steps: Plan["steps"]): string =>
  steps.some(({ disturbs }) => disturbanceRows(disturbs).length > 0)
    ? "along the way other addresses lose or gain access, see !"
    : "along the way no other address loses or gains access";

/** What a step does to addresses that should not notice; the warnings, or nothing. */
export const disturbanceRows = ({ blocked, allowed }: Disturbance): Row[] => {
  const row = (what: string, set: Disturbance["blocked"]): Row[] =>
    set.isEmpty()
      ? []
      : [
          {
            sign: "!",
            depth: 2,
            text: `meanwhile ${what} ${addressCount(set.count())}: ${rangesText(set, 12)}`,
          },
        ];
  return [...row("blocks", blocked), ...row("allows", allowed)];
};
