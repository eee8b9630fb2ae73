/**
 * What the page's script is given, as JSON in the page: the one thing that both sides of the page know. Small, since a
 * page of 5,000 prefixes is to be at most 400 KB: each text once, prefixes as one string. Every text is neutralised
 * (model/escape.ts), so that the script shows it as it is.
 */
import type { Enforcement, RuleType } from "../../model/rule.js";

export interface PageData {
  /** When the page was made: ISO 8601, UTC; absent where nobody said. */
  readonly at?: string;
  /** An entry expires soon that does so within so many days from then. */
  readonly soonDays: number;
  readonly pictures: readonly PictureData[];
}

/** One account or policy, in one view or in two: before and after. */
export interface PictureData {
  /** Of several policies: the policy. */
  readonly title?: string;
  /** What a reader who arrives with a question has asked: filled in at once. */
  readonly asked?: string;
  readonly views: readonly ViewData[];
  readonly rules: readonly RuleData[];
  /** Comments, names of lists and dates, each once. Entries name them by their number here, from 1; 0 is none. */
  readonly texts: readonly string[];
}

export interface ViewData {
  /** The head of its column: `Before`. */
  readonly heading: string;
  /** In a sentence: `the account after the plan`. */
  readonly title: string;
  readonly enforcement: Enforcement;
  /** Rules by number, in the order in which they decide about one prefix; absent where that is the order of all rules. */
  readonly order?: readonly number[];
}

/** Tuples, since an account may have thousands of rules: their keys would be most of the page. */
export type RuleData = readonly [
  /** As in the last view that has it. */
  name: string,
  type: RuleType,
  groups: readonly GroupData[],
  more?: {
    /** In the first view, where that differs. */
    readonly was?: { readonly name: string; readonly type: RuleType };
    /** The policy does not name it. */
    readonly unmanaged?: true;
  },
];

/** Entries of one rule that are in the same views, sorted. */
export type GroupData = readonly [
  /** Bit 0: in the first view; bit 1: in the second. */
  views: number,
  /** Separated by spaces. */
  prefixes: string,
  more?: {
    /** Bits as above: there, but without effect. */
    readonly disabled?: number;
    /** Numbers of texts, one for each prefix; absent where no entry has one. */
    readonly comments?: readonly number[];
    readonly lists?: readonly number[];
    readonly expires?: readonly number[];
  },
];
