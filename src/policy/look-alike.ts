/**
 * Names that the eye takes for another: letters of several scripts in one word, or two names that differ only
 * in letters that look alike. Other languages are fine: a name all in Cyrillic is not suspicious by itself.
 */

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
export const skeleton = (name: string): string =>
  [...name.normalize("NFKC")]
    .map((letter) => latinTwins.get(letter) ?? letter)
    .join("")
    .replace(/[\s\p{C}\p{Default_Ignorable_Code_Point}]+/gu, "")
    .toLowerCase()
    .replace(/[1|l]/g, "i")
    .replaceAll("0", "o");

/** The scripts that one word of the name mixes, such as Latin and Cyrillic; undefined where none does. */
export const mixedScripts = (name: string): readonly string[] | undefined =>
  name
    .split(/[^\p{L}\p{M}]+/u)
    .map(scriptsOf)
    .find((found) => found.length > 1);
