/**
 * The picture of an account as the script knows it: the states of its views, made again from the data of the page, every
 * entry, and the forest of the prefixes that they name, with who gets in at each. Verdicts are those of
 * `AccessMap`: nothing is decided here.
 */
import {
  type Address,
  allIPv4,
  comparePrefixes,
  containsPrefix,
  everything,
  isIPv4,
  lastAddress,
  type Prefix,
  parsePrefix,
} from "../../../address/prefix.js";
import { PrefixForest } from "../../../address/prefix-forest.js";
import type { AccountState, Rule, RuleType } from "../../../model/rule.js";
import { accessOf } from "../../../plan/access-change.js";
import type { GroupData, PictureData, RuleData, ViewData } from "../page-data.js";

/** A rule in each view. */
interface RuleInViews {
  readonly names: readonly string[];
  readonly types: readonly RuleType[];
  readonly unmanaged: boolean;
}

const ruleInViews = ([name, type, , more = {}]: RuleData): RuleInViews => {
  const was = more.was ?? { name, type };
  return { names: [was.name, name], types: [was.type, type], unmanaged: more.unmanaged === true };
};

export interface Entry {
  /** From 0, in the order of prefixes. */
  number: number;
  readonly prefix: Prefix;
  readonly text: string;
  readonly rule: RuleInViews;
  readonly ruleNumber: number;
  /** Bits of the views that it is in, and of those where it has no effect. */
  readonly in: number;
  readonly disabled: number;
  readonly comment: string;
  readonly list: string;
  readonly expires: string;
}

export interface View extends ViewData {
  /** Its rules are named by their numbers. */
  readonly state: AccountState;
  /** The entry of each owner of its access map. */
  readonly owners: readonly Entry[];
}

/** What holds in one view for the addresses that no narrower prefix holds. */
export interface Verdict {
  readonly allowed: boolean;
  /** Absent: no entry decides. */
  readonly by: Entry | undefined;
}

export interface TreeNode {
  readonly prefix: Prefix;
  readonly text: string;
  /** What the prefix is nested in; absent at the top. */
  readonly parent: TreeNode | undefined;
  readonly children: TreeNode[];
  readonly entries: readonly Entry[];
  /** One for each view; absent where narrower prefixes hold every address. */
  readonly verdicts: readonly Verdict[] | undefined;
  /** Whether the entries, or who gets in, differ between the views; and how many nodes do, this one included. */
  readonly changed: boolean;
  changedInside: number;
  /** How many nodes are nested in this one. */
  inside: number;
}

export interface Family {
  readonly name: "IPv4" | "IPv6";
  readonly top: readonly TreeNode[];
  /** What holds for every address that no prefix holds; absent where there is none. */
  readonly rest: readonly Verdict[] | undefined;
  /** By row of the forest. */
  readonly nodes: ReadonlyMap<number, TreeNode>;
}

export interface Picture {
  readonly data: PictureData;
  readonly views: readonly View[];
  /** In the order of prefixes. */
  readonly entries: readonly Entry[];
  /** Whether access is shown as if enforcement were on, though it is off in every view. */
  readonly assumed: boolean;
  readonly families: readonly Family[];
  nodeOf(entry: Entry): TreeNode | undefined;
  /** The entry of a rule, by the number that stands for its name in the states. */
  entryOf(rule: string, prefix: Prefix): Entry | undefined;
}

const prefixOfText = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(`the page holds ${text}`);
  return parsed.prefix;
};

const entriesOfGroup = (
  [views, prefixes, more = {}]: GroupData,
  rule: RuleInViews,
  ruleNumber: number,
  texts: readonly string[],
): Entry[] =>
  prefixes.split(" ").map((text, at) => {
    const said = (numbers: readonly number[] | undefined): string => texts[(numbers?.[at] ?? 0) - 1] ?? "";
    return {
      number: 0,
      prefix: prefixOfText(text),
      text,
      rule,
      ruleNumber,
      in: views,
      disabled: more.disabled ?? 0,
      comment: said(more.comments),
      list: said(more.lists),
      expires: said(more.expires),
    };
  });

export const hasEffect = (entry: Entry, view: number): boolean =>
  ((entry.in & ~entry.disabled) >> view) % 2 === 1;

const viewOf = (
  data: ViewData,
  view: number,
  rules: readonly RuleInViews[],
  byRule: readonly Entry[][],
): View => {
  const owners: Entry[] = [];
  const order = data.order ?? rules.map((_, number) => number);
  const made = order.map((number): Rule => {
    const own = byRule[number] ?? [];
    const inForce = own.filter((entry) => hasEffect(entry, view));
    for (const entry of inForce) owners.push(entry);
    const disabled = own.filter((entry) => (entry.disabled >> view) % 2 === 1);
    return {
      name: String(number),
      type: rules[number]?.types[view] ?? "deny",
      description: "",
      prefixes: inForce.map(({ prefix }) => prefix),
      disabled: disabled.map(({ prefix }) => prefix),
    };
  });
  return { ...data, state: { enforcement: data.enforcement, rules: made }, owners };
};

const size = ({ length }: Prefix): bigint => 1n << BigInt(128 - length);

/** The first address of `within` that none of the prefixes, which are in order, holds. */
const firstFree = (within: Prefix, taken: readonly Prefix[]): Address | undefined => {
  let address = within.network;
  for (const prefix of taken) {
    if (prefix.network > address) break;
    address = prefix.network + size(prefix);
  }
  return address <= lastAddress(within) ? address : undefined;
};

const differs = (entries: readonly Entry[], verdicts: readonly Verdict[] | undefined): boolean =>
  verdicts?.some(({ allowed }) => allowed !== verdicts[0]?.allowed) === true ||
  entries.some(
    ({ in: views, disabled, rule }) =>
      views !== 3 || (disabled !== 0 && disabled !== 3) || rule.types[0] !== rule.types[1],
  );

interface Making {
  readonly forest: PrefixForest;
  readonly entriesByRow: readonly Entry[][];
  readonly verdictsAt: (address: Address) => readonly Verdict[];
  readonly comparing: boolean;
}

const familyOf = (name: Family["name"], making: Making): Family => {
  const { forest, entriesByRow, verdictsAt, comparing } = making;
  const isV4 = name === "IPv4";
  // A prefix as wide as ::/0 holds IPv4 too, and so is in both trees.
  const belongs = (prefix: Prefix): boolean =>
    isV4 ? isIPv4(prefix) || containsPrefix(prefix, allIPv4) : !isIPv4(prefix);
  const whole = isV4 ? allIPv4 : everything;
  const nodes = new Map<number, TreeNode>();
  const childrenOf = (from: number, to: number): number[] => {
    const rows: number[] = [];
    for (let row = from; row < to; row = forest.ends[row]!)
      if (belongs(forest.prefixes[row]!)) rows.push(row);
    return rows;
  };
  const free = (within: Prefix, rows: readonly number[]): readonly Verdict[] | undefined => {
    const taken = rows.map((row) => forest.prefixes[row]!);
    // No address of IPv4 is called one of IPv6.
    const others =
      !isV4 && containsPrefix(within, allIPv4) ? [...taken, allIPv4].sort(comparePrefixes) : taken;
    const inside = isV4 && containsPrefix(within, allIPv4) ? allIPv4 : within;
    const address = firstFree(inside, others);
    return address === undefined ? undefined : verdictsAt(address);
  };
  const make = (row: number, parent: TreeNode | undefined): TreeNode => {
    const prefix = forest.prefixes[row]!;
    const rows = childrenOf(row + 1, forest.ends[row]!);
    const entries = entriesByRow[row] ?? [];
    const verdicts = free(prefix, rows);
    const changed = comparing && differs(entries, verdicts);
    const node: TreeNode = {
      prefix,
      text: entries[0]?.text ?? "",
      parent,
      children: [],
      entries,
      verdicts,
      changed,
      changedInside: Number(changed),
      inside: 0,
    };
    nodes.set(row, node);
    for (const child of rows) {
      const made = make(child, node);
      node.children.push(made);
      node.changedInside += made.changedInside;
      node.inside += 1 + made.inside;
    }
    return node;
  };
  const rows = childrenOf(0, forest.prefixes.length);
  return { name, top: rows.map((row) => make(row, undefined)), rest: free(whole, rows), nodes };
};

export const pictureOf = (data: PictureData): Picture => {
  const rules = data.rules.map(ruleInViews);
  const byRule = data.rules.map(([, , groups], number) =>
    groups
      .flatMap((group) => entriesOfGroup(group, rules[number]!, number, data.texts))
      .sort((a, b) => comparePrefixes(a.prefix, b.prefix)),
  );
  const views = data.views.map((view, at) => viewOf(view, at, rules, byRule));
  const given = byRule.flat();
  const forest = new PrefixForest(given.map(({ prefix }) => prefix));
  const entries = [...forest.order].map((index) => given[index]!);
  entries.forEach((entry, number) => {
    entry.number = number;
  });
  const rowOf = new Map(given.map((entry, index) => [entry, forest.rows[index]!]));
  const entriesByRow: Entry[][] = forest.prefixes.map(() => []);
  for (const entry of entries) entriesByRow[rowOf.get(entry)!]!.push(entry);
  const assumed = views.every(({ enforcement }) => enforcement === "disabled");
  const maps = views.map(({ state }) => accessOf(state, assumed ? "assumed" : "as-is"));
  const verdictsAt = (address: Address): Verdict[] =>
    maps.map((map, view) => {
      const { allowed, owner } = map.lookup(address);
      return { allowed, by: views[view]!.owners[owner] };
    });
  const making = { forest, entriesByRow, verdictsAt, comparing: views.length > 1 };
  const families = [familyOf("IPv4", making), familyOf("IPv6", making)];
  return {
    data,
    views,
    entries,
    assumed,
    families,
    nodeOf: (entry) =>
      families.map(({ nodes }) => nodes.get(rowOf.get(entry)!)).find((node) => node !== undefined),
    entryOf: (rule, prefix) => {
      const row = forest.find(prefix);
      return row === undefined
        ? undefined
        : entriesByRow[row]?.find(({ ruleNumber }) => String(ruleNumber) === rule);
    },
  };
};
