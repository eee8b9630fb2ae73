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
  /** The rules that are in this view, by number, in the order in which they decide about one prefix. */
  readonly order: readonly number[];
}

export interface RuleData {
  /** In each view; null where it is not there. */
  readonly names: readonly (string | null)[];
  readonly types: readonly (RuleType | null)[];
  /** The policy does not name it. */
  readonly unmanaged?: true;
  readonly groups: readonly GroupData[];
}

/** Entries of one rule that are in the same views, sorted. */
export interface GroupData {
  /** Bit 0: in the first view; bit 1: in the second. */
  readonly in: number;
  /** The same bits: there, but without effect. */
  readonly disabled?: number;
  /** Separated by spaces. */
  readonly prefixes: string;
  /** Numbers of texts, one for each prefix; absent where no entry has one. */
  readonly comments?: readonly number[];
  readonly lists?: readonly number[];
  readonly expires?: readonly number[];
}
