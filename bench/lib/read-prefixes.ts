/** The prefixes of a text file, read part by part into one buffer. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { PrefixLines } from "../../src/address/prefix-lines.js";

export const readPrefixes = (file: string) => {
  const handle = openSync(file, "r");
  const buffer = new Uint8Array(1 << 18);
  const lines = new PrefixLines({ size: fstatSync(handle).size });
  for (let size = readSync(handle, buffer); size > 0; size = readSync(handle, buffer))
    lines.add(buffer.subarray(0, size));
  closeSync(handle);
  const { prefixes, problemCount } = lines.end();
  if (problemCount > 0) throw new Error(`${problemCount} lines are no prefix`);
  return prefixes;
};
