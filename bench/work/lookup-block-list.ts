/** The same addresses in node:net's BlockList; it tries one entry after the other, so there are few of them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { BlockList } from "node:net";
import { Random } from "../lib/random.js";

const [file = "", checked] = [process.argv[2], Number(process.argv[3])];
const list = new BlockList();
for (const line of readFileSync(file, "latin1").trimEnd().split("\n")) {
  const [network = "", length] = line.split("/");
  list.addSubnet(network, Number(length), network.includes(":") ? "ipv6" : "ipv4");
}
const random = new Random(11);
const addresses = Array.from({ length: checked }, (): [string, "ipv4" | "ipv6"] => {
  if (random.below(2) === 0) {
    const word = random.word();
    return [`${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`, "ipv4"];
  }
  const hex = (half: number): string => `${(half >>> 16).toString(16)}:${(half & 0xffff).toString(16)}`;
  const first = (0x2000 | (random.word() & 0x1fff)).toString(16);
  const second = random.word();
  return [`${first}:${hex(second)}:0:0:0:${hex(random.word())}`, "ipv6"];
});
const start = process.cpuUsage();
const answers = addresses.map(([address, family]) => Number(list.check(address, family)));
const { user, system } = process.cpuUsage(start);
const hash = createHash("sha256").update(answers.join("")).digest("hex").slice(0, 16);
process.stdout.write(JSON.stringify({ microseconds: (user + system) / checked, hash }));
