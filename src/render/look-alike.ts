/** What to say of names that may be taken for another (`policy/look-alike.ts`). */
import { mixedScripts, skeleton } from "../policy/look-alike.js";
import { quoted } from "./neutralise.js";

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
    const mixed = mixedScripts(name);
    const twin = bySkeleton.get(skeleton(name))?.find((other) => other !== name);
    const escapes = isAscii(name) ? "" : `; spelled ${quoted(spelled(name)).replaceAll("\\\\", "\\")}`;
    if (twin !== undefined) notes.set(name, `looks like ${quoted(twin)} but is another name${escapes}`);
    else if (mixed !== undefined) notes.set(name, `mixes ${mixed.join(" and ")} letters${escapes}`);
  }
  return notes;
};
