import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AccessMap, diffAccess } from "../../src/address/access-map.js";
import { AddressSet } from "../../src/address/address-set.js";
import { comparePrefixes, formatPrefix, lastOfAll, type Prefix, prefixOf } from "../../src/address/prefix.js";
import {
  columnsOf,
  entriesOfType,
  type PrefixColumns,
  prefixAt,
  sortColumns,
} from "../../src/address/prefix-columns.js";
import {
  lineMarks,
  PrefixLines,
  parsePrefixLines,
  printPrefixLines,
} from "../../src/address/prefix-lines.js";
import { smallPrefixes } from "./small-space.js";

const prefixesOf = (columns: PrefixColumns) =>
  Array.from({ length: columns.count }, (_, row) => prefixAt(columns, row));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parsed = (text: string): string[] =>
  prefixesOf(parsePrefixLines(bytes(text)).prefixes).map(formatPrefix);

describe("reading lines of prefixes", () => {
  it("skips comments, blanks and either line end", () => {
    const text =
      "# office\r\n203.0.113.0/24\r\n\r\n \t\n  192.0.2.1 # Ünïcode, 日本\n2001:db8::/32#x\n#\n::1";
    expect(parsed(text)).toEqual(["203.0.113.0/24", "192.0.2.1/32", "2001:db8::/32", "::1/128"]);
  });
  it.each(["", "\n", "#", "\r\n\r\n", "\ufeff", "\ufeff# x\n"])("finds nothing in %j", (text) => {
    expect(parsePrefixLines(bytes(text))).toMatchObject({
      prefixes: { count: 0 },
      problems: [],
      problemCount: 0,
    });
  });
  it("reads on after a byte order mark", () => {
    expect(parsed("\ufeff192.0.2.1\n")).toEqual(["192.0.2.1/32"]);
  });
  it("reports each bad line with its place and goes on", () => {
    const text =
      "192.0.2.0/24\n  192.0.2.0/33 # x\n192.0.2.1 192.0.2.2\nvpn.example.com\r\n1.2.3.4\n１.2.3.4";
    const { prefixes, problems, problemCount } = parsePrefixLines(bytes(text));
    expect(prefixes.count).toBe(2);
    expect(problemCount).toBe(4);
    expect(problems.map(({ line, code, index }) => [line, code, index])).toEqual([
      [2, "length-too-large", 12],
      [3, "blank", 9],
      [4, "host-name", 0],
      [6, "not-ascii", 0],
    ]);
    expect(problems[0]?.text).toBe("  192.0.2.0/33 # x");
  });
  it("keeps no more problems than asked for, but counts them", () => {
    const { problems, problemCount } = parsePrefixLines(bytes("x\n".repeat(50)), { maxProblems: 3 });
    expect([problems.length, problemCount]).toEqual([3, 50]);
  });
});

describe("ranges, comments and places", () => {
  it("a comment begins at ; too", () => {
    expect(parsed("; list\n192.0.2.1;x\n198.51.100.0/24 ; y # z\n")).toEqual([
      "192.0.2.1/32",
      "198.51.100.0/24",
    ]);
  });
  it("a range is the fewest prefixes that are exactly it", () => {
    const address = fc.bigInt({ min: 0n, max: 0xffffn }).map((low) => (0xffff_c000_0200n << 16n) | low);
    fc.assert(
      fc.property(address, address, (a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a];
        const range = AddressSet.ofRanges([[first, last]]);
        const text = [first, last]
          .map((one) => formatPrefix(prefixOf(one, 128)).replace(/\/\d+$/, ""))
          .join(" - ");
        expect(parsed(text)).toEqual(range.prefixes().map(formatPrefix));
      }),
    );
  });
  it.each(["192.0.2.2-192.0.2.1", "192.0.2.1-2001:db8::1", "192.0.2.0/24-192.0.2.9", "192.0.2.1-", "1-2-3"])(
    "%s is a problem",
    (text) => {
      expect(parsePrefixLines(bytes(text))).toMatchObject({ prefixes: { count: 0 }, problemCount: 1 });
    },
  );
  it("each prefix comes with its line and how it was written", () => {
    const { prefixes, lines, marks } = parsePrefixLines(
      bytes("# x\n192.0.2.1\n\n203.0.113.7/24\n192.0.2.2-192.0.2.4\n2001:db8::/32"),
    );
    const rows = Array.from({ length: prefixes.count }, (_, row) => [lines[row], marks[row]]);
    const { bare, hostBits, range } = lineMarks;
    expect(rows).toEqual([
      [2, bare],
      [4, hostBits],
      [5, range],
      [5, range],
      [6, 0],
    ]);
  });
});

describe("PrefixLines", () => {
  it("finds the same however the file is cut into parts", () => {
    const lines = fc.constantFrom(
      "203.0.113.0/24",
      "2001:db8::/32 # x",
      "",
      "vpn",
      "192.0.2.1\r",
      "1.2.3.4/33",
      "\ufeff",
    );
    fc.assert(
      fc.property(
        fc.array(lines, { maxLength: 12 }),
        fc.array(fc.nat(9)),
        fc.boolean(),
        (texts, sizes, ended) => {
          const file = bytes(`${texts.join("\n")}${ended ? "\n" : ""}`);
          const whole = parsePrefixLines(file);
          const reader = new PrefixLines();
          let at = 0;
          for (const size of sizes) {
            // One buffer for all parts, as a reader of files has it.
            const part = new Uint8Array(16);
            part.set(file.subarray(at, at + size));
            reader.add(part.subarray(0, Math.min(size, file.length - at)));
            part.fill(0);
            at = Math.min(file.length, at + size);
          }
          reader.add(file.subarray(at));
          const cut = reader.end();
          expect(prefixesOf(cut.prefixes)).toEqual(prefixesOf(whole.prefixes));
          expect(cut.problems).toEqual(whole.problems);
          expect(cut.problemCount).toBe(whole.problemCount);
        },
      ),
    );
  });
  it("shows no more of a long line than its beginning", () => {
    expect(parsePrefixLines(bytes("x".repeat(5_000))).problems[0]?.text).toHaveLength(1_000);
  });
});

describe("a file that is no list of prefixes", () => {
  // Far beyond the time limit if a bad line were read past its end.
  it.each(["x\n", "1\n", "\u0000\n"])("is read once, line by line: %j", (line) => {
    expect(parsePrefixLines(bytes(line.repeat(300_000))).problemCount).toBe(300_000);
  });
  it("may be one long line", () => {
    for (const part of ["1", "f", ":", "1.", "# "]) {
      expect(parsePrefixLines(bytes(part.repeat(300_000))).problemCount).toBe(part === "# " ? 0 : 1);
    }
  });
});

const printedBytes = (set: AddressSet): Uint8Array => {
  const parts: Uint8Array[] = [];
  printPrefixLines(set, (part) => parts.push(part.slice()));
  return Buffer.concat(parts);
};

describe("writing lines of prefixes", () => {
  it("gives whole lines in each part, and all of them", () => {
    const set = AddressSet.ofPrefixes(
      Array.from({ length: 20_000 }, (_, at) => prefixOf((0xffffn << 32n) | BigInt(2 * at), 128)),
    );
    const parts: string[] = [];
    printPrefixLines(set, (part) => parts.push(new TextDecoder().decode(part)));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.every((part) => part.endsWith("/32\n"))).toBe(true);
    expect(parts.join("").split("\n")).toHaveLength(20_001);
  });

  it("prints the shortest list, which reads back as the same set", () => {
    fc.assert(
      fc.property(smallPrefixes, (prefixes) => {
        const set = AddressSet.ofPrefixes(prefixes);
        const printed = printedBytes(set);
        expect(new TextDecoder().decode(printed)).toBe(
          set
            .prefixes()
            .map((prefix) => `${formatPrefix(prefix)}\n`)
            .join(""),
        );
        expect(AddressSet.ofColumns(parsePrefixLines(printed).prefixes).equals(set)).toBe(true);
      }),
    );
  });
});

/** Enough rows for every path of the sort: runs that the radix takes apart, and runs that insertion finishes. */
const manyPrefixes = (seed: number, count: number): Prefix[] => {
  const length = fc.oneof(fc.integer({ min: 20, max: 128 }), fc.constantFrom(120, 128));
  const network = fc.oneof(
    fc.bigInt({ min: 0n, max: lastOfAll }),
    fc.bigInt({ min: 0n, max: 0xffff_ffffn }).map((word) => 0xffff_0000_0000n + word),
    fc.nat(3000).map((host) => (0x2001_0db8n << 96n) + BigInt(host)),
  );
  const each = fc.tuple(network, length).map(([at, bits]) => prefixOf(at, bits));
  return fc.sample(each, { seed, numRuns: count });
};

describe("sorting prefixes side by side", () => {
  it.each([0, 1, 24, 25, 3000, 20_000])("orders %i rows by network, length and row", (count) => {
    const prefixes = manyPrefixes(count, count);
    const expected = [...prefixes.keys()].sort(
      (a, b) => comparePrefixes(prefixes[a]!, prefixes[b]!) || a - b,
    );
    expect([...sortColumns(columnsOf(prefixes)).rows]).toEqual(expected);
  });
});

describe("columns", () => {
  it("are the same prefixes", () => {
    const prefixes = manyPrefixes(1, 100);
    expect(prefixesOf(columnsOf(prefixes))).toEqual(prefixes);
    expect(prefixAt(columnsOf(prefixes), 7)).toEqual(prefixes[7]);
  });
  it("make the same maps and differences as objects", () => {
    const [old, now] = [manyPrefixes(2, 5000), manyPrefixes(3, 5000)];
    const mapOf = (prefixes: Prefix[], type: "allow" | "deny"): AccessMap =>
      AccessMap.ofColumns(entriesOfType(columnsOf(prefixes), type), { enforced: true });
    const difference = diffAccess(mapOf(old, "allow"), mapOf(now, "allow"));
    const [before, after] = [AddressSet.ofPrefixes(old), AddressSet.ofPrefixes(now)];
    expect(difference.newlyAllowed.equals(after.subtract(before))).toBe(true);
    expect(difference.newlyBlocked.equals(before.subtract(after))).toBe(true);
    expect(mapOf(old, "deny").blocked().equals(before)).toBe(true);
  });
});
