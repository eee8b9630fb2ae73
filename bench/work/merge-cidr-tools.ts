/** The same by cidr-tools. */
import { readFileSync } from "node:fs";
import { mergeCidr } from "cidr-tools";

const [file = "", measure] = process.argv.slice(2);
const start = process.cpuUsage();
const merged = mergeCidr(readFileSync(file, "latin1").trimEnd().split("\n"));
if (measure === "--measure") {
  let bytes = 0;
  for (const prefix of merged) bytes += prefix.length + 1;
  const { user, system } = process.cpuUsage(start);
  const peak = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(JSON.stringify({ ms: (user + system) / 1000, peak, bytes }));
} else process.stdout.write(`${merged.join("\n")}\n`);
