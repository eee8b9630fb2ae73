/** Merges a text file of prefixes to the shortest list, on standard output. With --measure: its own figures instead. */
import { writeSync } from "node:fs";
import { AddressSet } from "../../src/address/address-set.js";
import { printPrefixLines } from "../../src/address/prefix-lines.js";
import { readPrefixes } from "../lib/read-prefixes.js";

const [file = "", measure] = process.argv.slice(2);
const start = process.cpuUsage();
const merged = AddressSet.ofColumns(readPrefixes(file));
if (measure === "--measure") {
  let bytes = 0;
  printPrefixLines(merged, (part) => {
    bytes += part.length;
  });
  const { user, system } = process.cpuUsage(start);
  const peak = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(JSON.stringify({ ms: (user + system) / 1000, peak, bytes }));
} else
  printPrefixLines(merged, (part) => {
    for (let at = 0; at < part.length; ) at += writeSync(1, part, at);
  });
