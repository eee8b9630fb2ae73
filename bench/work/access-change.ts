/** Two files of prefixes that are allowed, before and after: who gains access and who loses it. */
import { writeSync } from "node:fs";
import { AccessMap, diffAccess } from "../../src/address/access-map.js";
import { entriesOfType } from "../../src/address/prefix-columns.js";
import { printPrefixLines } from "../../src/address/prefix-lines.js";
import { readPrefixes } from "../lib/read-prefixes.js";

const [before = "", after = "", print] = process.argv.slice(2);
const mapOf = (file: string): AccessMap =>
  AccessMap.ofColumns(entriesOfType(readPrefixes(file), "allow"), { enforced: true });
const { newlyAllowed, newlyBlocked } = diffAccess(mapOf(before), mapOf(after));
if (print === "--gained" || print === "--lost") {
  printPrefixLines(print === "--gained" ? newlyAllowed : newlyBlocked, (part) => {
    for (let at = 0; at < part.length; ) at += writeSync(1, part, at);
  });
} else {
  const counts = { gained: newlyAllowed.count(), lost: newlyBlocked.count() };
  process.stdout.write(
    JSON.stringify(counts, (_, value) => (typeof value === "bigint" ? String(value) : value)),
  );
}
