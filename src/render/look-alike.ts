/**
 * Names that the eye takes for another: letters of several scripts in one word, or two names that differ only
 * in letters that look alike. Other languages are fine: a name all in Cyrillic is not suspicious by itself.
 */
import { quoted } from "./neutralise.js";

/** Cyrillic, Greek and Armenian letters that common fonts draw like a Latin one (a selection of Unicode TR 39). */
const latinTwins: ReadonlyMap<string, string> = new Map(
  [
    ["abcdefghijklmnopqrstuvwxyz", "аЬсԁеfɡһіјkӏmпорԛгѕтυѵԝхуz"],
    ["ABCEHIJKMNOPQRSTVXYZ", "АВСЕНІЈКМNОРԚRЅТѴХУZ"],
    ["ABEZHIKMNOPTYXv", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧν"],
    ["oaiupnhlS", "οαιυρոհլՏ"],
  ].flatMap(([latin = "", twins = ""]) =>
    [...twins].map((twin, index): [string, string] => [twin, [...latin][index] ?? twin]),
  ),
);

const scripts = [
  ["Latin", /\p{Script=Latin}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Greek", /\p{Script=Greek}/u],
  ["Armenian", /\p{Script=Armenian}/u],
  ["Cherokee", /\p{Script=Cherokee}/u],
] as const;

const scriptsOf = (word: string): string[] =>
  scripts.filter(([, pattern]) => pattern.test(word)).map(([name]) => name);

/** What a hurried reader sees: compatibility forms folded, twins made Latin, case and blanks dropped. */
const skeleton = (name: string): string =>
  [...name.normalize("NFKC")]
    .map((letter) => latinTwins.get(letter) ?? letter)
    .join("")
    .replace(/[\s\p{C}\p{Default_Ignorable_Code_Point}]+/gu, "")
    .toLowerCase()
    .replace(/[1|l]/g, "i")
    .replaceAll("0", "o");

/** Every character beyond ASCII as its escape. */
const spelled = (name: string): string =>
  [...name].map((c) => (c > "~" ? `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}` : c)).join("");

const isAscii = (name: string): boolean => /^[\x20-\x7e]*$/.test(name);

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
    const mixed = name
      .split(/[^\p{L}\p{M}]+/u)
      .map(scriptsOf)
      .find((found) => found.length > 1);
    const twin = bySkeleton.get(skeleton(name))?.find((other) => other !== name);
    const escapes = isAscii(name) ? "" : `; spelled ${quoted(spelled(name)).replaceAll("\\\\", "\\")}`;
    if (twin !== undefined) notes.set(name, `looks like ${quoted(twin)} but is another name${escapes}`);
    else if (mixed !== undefined) notes.set(name, `mixes ${mixed.join(" and ")} letters${escapes}`);
  }
  return notes;
};
