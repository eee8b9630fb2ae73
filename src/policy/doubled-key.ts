/**
 * Keys that one object of a JSON text has twice. `JSON.parse` takes the last one and says nothing; which of the two is
 * meant, nobody can tell (RFC 8259 section 4: what a reader makes of them is unpredictable).
 */

/** Where a string that begins at `start` ends: the index of its closing quote. */
const closingQuote = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
};

/** The first key that its object has a second time, and the place of that; `text` is a JSON text (`JSON.parse` took it). */
export const doubledKey = (text: string): { readonly key: string; readonly index: number } | undefined => {
  /** Of what is open: the keys of an object, nothing of an array. */
  const open: (Set<string> | undefined)[] = [];
  let keys: Set<string> | undefined;
  let isKeyNext = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case "{":
      case "[":
        open.push(keys);
        keys = text[at] === "{" ? new Set() : undefined;
        isKeyNext = keys !== undefined;
        break;
      case "}":
      case "]":
        keys = open.pop();
        isKeyNext = false;
        break;
      case ",":
        isKeyNext = keys !== undefined;
        break;
      case '"': {
        const end = closingQuote(text, at);
        if (isKeyNext && keys !== undefined) {
          const key = String(JSON.parse(text.slice(at, end + 1)));
          if (keys.has(key)) return { key, index: at };
          keys.add(key);
          isKeyNext = false;
        }
        at = end;
      }
    }
  }
  return undefined;
};
