/**
 * How deep and how wide a JSON text is, found out in one pass over its bytes, before anything is built from it: a
 * parser, a printer or a regular expression on a hostile answer would run out of stack or memory.
 */

/** No answer of this API is nested deeper than about ten (docs/service.md); what walks a value may recurse this far. */
export const mostDepth = 100;
/** Values in one answer. A page of 100 rules with 1,000 ranges each holds 800,000. */
export const mostValues = 4_000_000;

export interface JsonBounds {
  /** The deepest nesting of objects and lists. */
  readonly depth: number;
  /** Upper bound for the number of values. */
  readonly values: number;
  /** Begins as an object or a list, and ends inside it. */
  readonly unfinished: boolean;
}

const quote = 0x22;
const comma = 0x2c;
const openList = 0x5b;
const backslash = 0x5c;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** Takes UTF-8, in which these bytes are never a part of another character. Never throws. */
export const jsonBounds = (bytes: Uint8Array): JsonBounds => {
  let open = 0;
  let depth = 0;
  let values = 1;
  let inText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === comma) values += 1;
    else if (byte === openList || byte === openObject) {
      open += 1;
      values += 1;
      depth = Math.max(depth, open);
    } else if (byte === closeList || byte === closeObject) open -= 1;
  }
  return { depth, values, unfinished: beginsOpen(bytes) && open > 0 };
};

const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

const beginsOpen = (bytes: Uint8Array): boolean => {
  const first = bytes.find((byte) => !blanks.has(byte));
  return first === openList || first === openObject;
};
