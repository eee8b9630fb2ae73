/**
 * From account states to what the page's script draws: the rules of all views together, each once, with what the policy
 * says of their entries. Pure; promises that the script finds the same states again, in the same order.
 */
import { comparePrefixes, formatPrefix, type Prefix, prefixKey } from "../../address/prefix.js";
import { cut } from "../../model/escape.js";
import type { AccountState, Rule } from "../../model/rule.js";
import { compareNames } from "../../plan/state.js";
import type { GroupData, PictureData, RuleData } from "./page-data.js";

interface PictureView {
  /** The head of its column. */
  readonly heading: string;
  /** In a sentence. */
  readonly title: string;
  readonly state: AccountState;
}

/** What is known of an entry but for its effect. */
export interface EntryNote {
  readonly comment?: string;
  /** The published list, or the network of the policy, that it is from. */
  readonly list?: string;
  readonly expires?: string;
}

export interface Picture {
  readonly title?: string;
  readonly asked?: string;
  /** One, or before and after. */
  readonly views: readonly PictureView[];
  /** By the name of the rule in the last view. */
  readonly notes: ReadonlyMap<string, EntryNotes>;
  /** New names of rules → the old ones. */
  readonly renamed: ReadonlyMap<string, string>;
  readonly unmanaged: ReadonlySet<string>;
  /** What is not shown, and why; a sentence. */
  readonly caveat?: string;
  /** What entries have and the page does not, and where it is; a sentence. */
  readonly lacks?: string;
}

/** By `prefixKey`. */
export type EntryNotes = ReadonlyMap<bigint, EntryNote>;

/** Cells of a name or comment that are shown; less of comments where there are so many that the page would be too large. */
const lengths = [120, 80, 60, 40, 24] as const;
/** Bytes of what a page says of its entries: with the script, the style and the verdict it is at most 400 KB. */
const room = 320_000;

const shown = (text: string): string => cut(text, lengths[0]);

class Texts {
  readonly #all: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string | undefined): number {
    if (text === undefined || text === "") return 0;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#all.push(text);
    this.#numbers.set(text, this.#all.length);
    return this.#all.length;
  }

  /** As long as fits into so many bytes, if any length does. */
  within(bytes: number): readonly string[] {
    const last = lengths.length - 1;
    const cutTo = (length: number): string[] => this.#all.map((text) => cut(text, length));
    for (const length of lengths.slice(0, last)) {
      const texts = cutTo(length);
      if (bytesOf(texts) <= bytes) return texts;
    }
    return cutTo(lengths[last] ?? 24);
  }
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value), "utf8");

/** A rule in each view; absent where it is not there. */
type Across = readonly (Rule | undefined)[];

/** Rules of one name, or renamed, in one row. Names may repeat on an account that nobody has checked. */
const acrossViews = ({ views, renamed }: Picture): Across[] => {
  const [first, second] = views.map(({ state }) => state.rules);
  if (second === undefined) return (first ?? []).map((rule) => [rule]);
  const old = new Map<string, Rule>((first ?? []).map((rule) => [rule.name, rule]));
  const paired = second.map((rule): Across => {
    const name = renamed.get(rule.name) ?? rule.name;
    const before = old.get(name);
    old.delete(name);
    return [before, rule];
  });
  const kept = new Set(paired.map(([before]) => before));
  const gone = (first ?? []).filter((rule) => !kept.has(rule)).map((rule): Across => [rule, undefined]);
  // As states have them, so that their order need not be said.
  return [...paired, ...gone].sort((a, b) => compareNames(nameOf(a), nameOf(b)));
};

const nameOf = ([first, second = first]: Across): string => second?.name ?? "";

interface Presence {
  readonly prefix: Prefix;
  in: number;
  disabled: number;
}

const presences = (across: Across): Presence[] => {
  const found = new Map<bigint, Presence>();
  const see = (prefix: Prefix, bit: number, isDisabled: boolean): void => {
    const key = prefixKey(prefix);
    const one = found.get(key) ?? { prefix, in: 0, disabled: 0 };
    one.in |= bit;
    if (isDisabled) one.disabled |= bit;
    found.set(key, one);
  };
  across.forEach((rule, view) => {
    for (const prefix of rule?.prefixes ?? []) see(prefix, 1 << view, false);
    for (const prefix of rule?.disabled ?? []) see(prefix, 1 << view, true);
  });
  return [...found.values()].sort((a, b) => comparePrefixes(a.prefix, b.prefix));
};

const numbers = <Key extends "comments" | "lists" | "expires">(
  key: Key,
  all: readonly number[],
): { readonly [K in Key]?: readonly number[] } =>
  // One key of the three, by its own name.
  all.every((one) => one === 0) ? {} : ({ [key]: all } as { readonly [K in Key]: readonly number[] });

/** A tuple that ends with what there is more to say, where there is any: what TypeScript does not see by itself. */
const withMore = <Head extends readonly unknown[], More extends object>(
  head: Head,
  more: More,
): readonly [...Head, More?] =>
  [...head, ...(Object.keys(more).length === 0 ? [] : [more])] as readonly [...Head, More?];

const groupOf = (list: readonly Presence[], notes: EntryNotes | undefined, texts: Texts): GroupData => {
  const [{ in: views, disabled } = { in: 0, disabled: 0 }] = list;
  const each = (field: keyof EntryNote): number[] =>
    list.map(({ prefix }) => texts.numberOf(notes?.get(prefixKey(prefix))?.[field]));
  const prefixes = list.map(({ prefix }) => formatPrefix(prefix)).join(" ");
  return withMore([views, prefixes] as const, {
    ...(disabled === 0 ? {} : { disabled }),
    ...numbers("comments", each("comment")),
    ...numbers("lists", each("list")),
    ...numbers("expires", each("expires")),
  });
};

const ruleData = (across: Across, picture: Picture, texts: Texts): RuleData => {
  const groups = new Map<number, Presence[]>();
  for (const one of presences(across)) {
    const key = one.in * 4 + one.disabled;
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [one]);
    else list.push(one);
  }
  const [first, second = first] = across;
  const last = second ?? { name: "", type: "deny" as const };
  const notes = picture.notes.get(last.name);
  const data = [...groups.values()].map((list) => groupOf(list, notes, texts));
  const differs = first !== undefined && (first.name !== last.name || first.type !== last.type);
  return withMore([shown(last.name), last.type, data] as const, {
    ...(differs ? { was: { name: shown(first.name), type: first.type } } : {}),
    ...(picture.unmanaged.has(last.name) ? { unmanaged: true as const } : {}),
  });
};

export const pictureData = (picture: Picture): PictureData => {
  const across = acrossViews(picture);
  const texts = new Texts();
  const rules = across.map((one) => ruleData(one, picture, texts));
  const numberOf = new Map(across.flatMap((one, number) => one.map((rule) => [rule, number] as const)));
  return {
    ...(picture.title === undefined ? {} : { title: shown(picture.title) }),
    ...(picture.asked === undefined ? {} : { asked: picture.asked }),
    views: picture.views.map(({ heading, title, state }) => {
      const order = state.rules.flatMap((rule) => numberOf.get(rule) ?? []);
      const isAscending = order.every((number, at) => at === 0 || (order[at - 1] ?? 0) < number);
      return {
        heading,
        title: shown(title),
        enforcement: state.enforcement,
        ...(isAscending ? {} : { order }),
      };
    }),
    rules,
    texts: texts.within(room - bytesOf(rules)),
  };
};
