/**
 * HTML as a type of its own: only `html` makes it, and it escapes every text that it is given, so that a name is text
 * wherever it is put. What is invisible or reorders text is shown as an escape (model/escape.ts).
 */
import { markupText } from "../../model/escape.js";

const brand = Symbol("html");

export interface Html {
  readonly [brand]: string;
}

type HtmlPart = Html | string | number | undefined | readonly HtmlPart[];

const textOf = (part: HtmlPart): string => {
  if (part === undefined) return "";
  if (typeof part === "string") return markupText(part, { lines: true });
  if (typeof part === "number") return String(part);
  return brand in part ? part[brand] : part.map(textOf).join("");
};

/** A template of our own words; every value in it is escaped unless it is HTML already. */
export const html = (words: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html => ({
  [brand]: words.map((word, at) => word + (at < parts.length ? textOf(parts[at]) : "")).join(""),
});

/** What the build made: the script and the style. */
export const ownText = (text: string): Html => ({ [brand]: text });

export const renderHtml = (part: Html): string => part[brand];
