/** Looks addresses up in an access map of a file of prefixes, and says how long one took, and a hash of all answers. */
import { createHash } from "node:crypto";
import { AccessMap } from "../../src/address/access-map.js";
import { entriesOfType } from "../../src/address/prefix-columns.js";
import { Random } from "../lib/random.js";
import { readPrefixes } from "../lib/read-prefixes.js";

const [file = "", count, checked] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const map = AccessMap.ofColumns(entriesOfType(readPrefixes(file), "allow"), { enforced: true });
const random = new Random(11);
const addresses = Array.from({ length: count }, () =>
  random.below(2) === 0
    ? 0xffff_0000_0000n | BigInt(random.word())
    : (0x2000n << 112n) |
      (BigInt(random.word() & 0x1fff) << 112n) |
      (BigInt(random.word()) << 80n) |
      BigInt(random.word()),
);
for (const address of addresses.slice(0, 20_000)) map.lookup(address);
const start = process.cpuUsage();
let allowed = 0;
for (const address of addresses) if (map.lookup(address).allowed) allowed += 1;
const { user, system } = process.cpuUsage(start);
const answers = addresses.slice(0, checked).map((address) => Number(map.lookup(address).allowed));
const hash = createHash("sha256").update(answers.join("")).digest("hex").slice(0, 16);
process.stdout.write(JSON.stringify({ microseconds: (user + system) / count, allowed, hash }));
