/** The prefixes of one file less those of another, by cidr-tools. */
import { readFileSync } from "node:fs";
import { excludeCidr } from "cidr-tools";

const list = (file: string): string[] => readFileSync(file, "latin1").trimEnd().split("\n");
const [from = "", less = ""] = process.argv.slice(2);
process.stdout.write(`${excludeCidr(list(from), list(less)).join("\n")}\n`);
