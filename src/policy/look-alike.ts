/**
 * Names that the eye takes for another: letters of several scripts in one word, or two names that differ only
 * in letters that look alike. Other languages are fine: a name all in Cyrillic is not suspicious by itself.
 */

import { isPlainAscii } from "../model/cells.js";

/** Cyrillic, Greek and Armenian letters that common fonts draw like a Latin one (a selection of Unicode TR 39). */
const latinLookAlikes: ReadonlyMap<string, string> = new Map(
  [
    ["abcdefghijklmnopqrstuvwxyz", "аЬсԁеfɡһіјkӏmпорԛгѕтυѵԝхуz"],
    ["ABCEHIJKMNOPQRSTVXYZ", "АВСЕНІЈКМNОРԚRЅТѴХУZ"],
    ["ABEZHIKMNOPTYXv", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧν"],
    ["oaiupnhlS", "οαιυρոհլՏ"],
  ].flatMap(([latin = "", others = ""]) =>
    [...others].map((other, index): [string, string] => [other, [...latin][index] ?? other]),
  ),
);

// Inside a function: V8 builds the tables of such patterns where it meets them first, which costs milliseconds.
const scriptsOf = (word: string): string[] =>
  (
    [
      ["Latin", /\p{Script=Latin}/u],
      ["Cyrillic", /\p{Script=Cyrillic}/u],
      ["Greek", /\p{Script=Greek}/u],
      ["Armenian", /\p{Script=Armenian}/u],
      ["Cherokee", /\p{Script=Cherokee}/u],
    ] as const
  )
    .filter(([, pattern]) => pattern.test(word))
    .map(([name]) => name);

const inLatin = (name: string): string =>
  [...name.normalize("NFKC")]
    .map((letter) => latinLookAlikes.get(letter) ?? letter)
    .join("")
    .replace(/[\p{C}\p{Default_Ignorable_Code_Point}]+/gu, "");

/** What a hurried reader sees: compatibility forms folded, look-alikes made Latin, case and blanks dropped. */
export const skeleton = (name: string): string =>
  (isPlainAscii(name) ? name : inLatin(name))
    .replace(/\s+/g, "")
    .toLowerCase()
    .replace(/[1|l]/g, "i")
    .replaceAll("0", "o");

/** The scripts that one word of the name mixes, such as Latin and Cyrillic; undefined where none does. */
export const mixedScripts = (name: string): readonly string[] | undefined =>
  isPlainAscii(name)
    ? undefined
    : name
        .split(/[^\p{L}\p{M}]+/u)
        .map(scriptsOf)
        .find((found) => found.length > 1);
