import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AddressProblemCode,
  formatAddress,
  formatPrefix,
  isIPv4,
  lastOfAll,
  parseAddress,
  parsePrefix,
  prefixKey,
  prefixOf,
  samePrefix,
} from "../../src/address/prefix.js";

describe("a prefix is accepted", () => {
  const cases: readonly [text: string, formatted: string, hostBits?: boolean][] = [
    // Every spelling of one mapped address.
    ["203.0.113.7", "203.0.113.7/32"],
    ["203.0.113.7/32", "203.0.113.7/32"],
    ["::ffff:203.0.113.7", "203.0.113.7/32"],
    ["::ffff:203.0.113.7/128", "203.0.113.7/32"],
    ["::FFFF:203.0.113.7", "203.0.113.7/32"],
    ["::ffff:cb00:7107", "203.0.113.7/32"],
    ["::ffff:cb00:7107/128", "203.0.113.7/32"],
    ["::FfFf:CB00:7107/128", "203.0.113.7/32"],
    ["0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7/32"],
    ["0000:0000:0000:0000:0000:ffff:cb00:7107", "203.0.113.7/32"],
    ["0::ffff:203.0.113.7", "203.0.113.7/32"],
    ["0:0::0:ffff:cb00:7107", "203.0.113.7/32"],
    ["::0:ffff:203.0.113.7", "203.0.113.7/32"],
    ["::ffff:203.0.113.0/120", "203.0.113.0/24"],
    ["::ffff:cb00:7100/120", "203.0.113.0/24"],
    ["203.0.113.0/24", "203.0.113.0/24"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
    ["::ffff:0.0.0.0/96", "0.0.0.0/0"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["0.0.0.0", "0.0.0.0/32"],
    ["255.255.255.255", "255.255.255.255/32"],
    // Not mapped: the deprecated IPv4-compatible form, and anything that only contains the mapped space.
    ["::1.2.3.4", "::102:304/128"],
    ["::0.0.0.1", "::1/128"],
    ["::fffe:1.2.3.4", "::fffe:102:304/128"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221/128"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304/128"],
    ["::/0", "::/0"],
    ["::fffe:0:0/95", "::fffe:0:0/95"],
    ["::/95", "::/95"],
    ["::ffff:203.0.113.0/24", "::/24", true],
    ["::ffff:0:0/95", "::fffe:0:0/95", true],
    // RFC 5952: the first of the longest runs of two or more zero groups, lower case, no leading zeros.
    ["::", "::/128"],
    ["::1", "::1/128"],
    ["1::", "1::/128"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0/128"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8/128"],
    ["1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8/128"],
    ["2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1/128"],
    ["2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1/128"],
    ["0:0:1:0:0:0:0:0", "0:0:1::/128"],
    ["0:1:0:1:0:1:0:1", "0:1:0:1:0:1:0:1/128"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"],
    // Host bits are cleared and told.
    ["1.6.7.10/24", "1.6.7.0/24", true],
    ["1.1.1.1/8", "1.0.0.0/8", true],
    ["1.1.1.1/0", "0.0.0.0/0", true],
    ["2001:db8::1/32", "2001:db8::/32", true],
    ["2001:db8::1/127", "2001:db8::/127", true],
    ["8000::/0", "::/0", true],
  ];
  it.each(cases)("%s as %s", (text, formatted, hostBits = false) => {
    const parsed = parsePrefix(text);
    expect(parsed).toMatchObject({ ok: true, hostBits, bare: !text.includes("/") });
    expect(parsed.ok && formatPrefix(parsed.prefix)).toBe(formatted);
  });
});

describe("a prefix is refused", () => {
  const cases: readonly [text: string, code: AddressProblemCode, index: number][] = [
    ["", "empty", 0],
    ["/", "empty", 0],
    ["/24", "empty", 0],
    // Octal, hexadecimal, short forms.
    ["01.2.3.4", "leading-zero", 0],
    ["1.2.3.04", "leading-zero", 6],
    ["1.2.3.00", "leading-zero", 6],
    ["0177.0.0.1", "leading-zero", 0],
    ["0x7f.0.0.1", "unexpected-character", 1],
    ["0x7f000001", "unexpected-character", 1],
    ["1.0x2.3.4", "host-name", 3],
    ["2130706433", "octet-too-large", 0],
    ["127.1", "too-few-octets", 5],
    ["127", "too-few-octets", 3],
    ["10/8", "too-few-octets", 2],
    ["10.0/16", "too-few-octets", 4],
    ["1.2.3", "too-few-octets", 5],
    ["1.2.3.", "octet-missing", 6],
    ["1..3.4", "octet-missing", 2],
    [".1.2.3", "octet-missing", 0],
    [".", "octet-missing", 0],
    ["1.2.3./24", "octet-missing", 6],
    ["1.2.3.4.5", "too-many-octets", 7],
    ["1.2.3.4.", "too-many-octets", 7],
    ["256.1.1.1", "octet-too-large", 0],
    ["1.1.1.256", "octet-too-large", 6],
    ["1.1.1.1000", "octet-too-large", 6],
    ["-1.2.3.4", "unexpected-character", 0],
    ["+1.2.3.4", "unexpected-character", 0],
    ["1.2.3.-4", "unexpected-character", 6],
    // Lengths.
    ["1.2.3.4/", "length-missing", 8],
    ["::/", "length-missing", 3],
    ["1.2.3.4/33", "length-too-large", 8],
    ["1.2.3.4/128", "length-too-large", 8],
    ["::/129", "length-too-large", 3],
    ["::/99999999999999999999999999999999999999", "length-too-large", 3],
    ["1.2.3.4/08", "length-leading-zero", 8],
    ["1.2.3.4/00", "length-leading-zero", 8],
    ["1.2.3.4/+24", "length-not-a-number", 8],
    ["1.2.3.4/-1", "length-not-a-number", 8],
    ["1.2.3.4/24a", "length-not-a-number", 10],
    ["1.2.3.4/0x18", "length-not-a-number", 9],
    ["1.2.3.4//24", "length-not-a-number", 8],
    ["1.2.3.4/24/24", "length-not-a-number", 10],
    ["1.2.3.0/255.255.255.0", "netmask", 11],
    ["1.2.3.0/.", "length-not-a-number", 8],
    ["::1/ffff::", "length-not-a-number", 4],
    ["1.2.3.4/2\u0664", "not-ascii", 9],
    // Blanks, newlines, control characters.
    [" 1.2.3.4", "blank", 0],
    ["1.2.3.4 ", "blank", 7],
    ["1.2. 3.4", "blank", 4],
    ["1.2.3.4/ 24", "blank", 8],
    ["1.2.3.4/24\n", "blank", 10],
    ["1.2.3.4\n", "blank", 7],
    ["1.2.3.4\r\n5.6.7.8", "blank", 7],
    ["1.2.3.4\0", "blank", 7],
    ["::1\t", "blank", 3],
    [":: 1", "blank", 2],
    ["2001:db8::\u007f1", "blank", 10],
    [" ", "blank", 0],
    // What is not ASCII: other digits, full width, look-alikes.
    ["\u0661.2.3.4", "not-ascii", 0],
    ["1.2.3.\uff14", "not-ascii", 6],
    ["1\u30022.3.4", "not-ascii", 1],
    ["2001:db8::\u0661", "not-ascii", 10],
    ["1.2.3.4\u00a0", "not-ascii", 7],
    ["\u{1d7ce}.0.0.0", "not-ascii", 0],
    ["\ufeff1.2.3.4", "not-ascii", 0],
    ["1.2.3.4\uff0f24", "not-ascii", 7],
    // Zone ids, brackets, ports, names.
    ["fe80::1%eth0", "zone-id", 7],
    ["fe80::1%25eth0/64", "zone-id", 7],
    ["fe80::%1", "zone-id", 6],
    ["1.2.3.4%eth0", "zone-id", 7],
    ["[::1]", "unexpected-character", 0],
    ["1.2.3.4:80", "unexpected-character", 7],
    ["::ffff:1.2.3.4:80", "unexpected-character", 14],
    ["localhost", "host-name", 0],
    ["vpn.example.com", "host-name", 0],
    ["4a.example", "host-name", 1],
    ["example.com/24", "host-name", 0],
    ["1.2.3.4-1.2.3.9", "unexpected-character", 7],
    ["1.2.3.*", "unexpected-character", 6],
    // Colons and groups.
    [":", "lone-colon", 0],
    [":1:2:3:4:5:6:7", "lone-colon", 0],
    ["1:2:3:4:5:6:7:", "lone-colon", 13],
    ["1:2:3:4:5:6:7:8:", "lone-colon", 15],
    ["::1:", "lone-colon", 3],
    ["1:/64", "lone-colon", 1],
    [":::", "second-gap", 2],
    ["1:::2", "second-gap", 3],
    ["1::2::3", "second-gap", 4],
    ["::1::", "second-gap", 3],
    ["1:2:3:4:5:6:7:8::", "empty-gap", 17],
    ["::1:2:3:4:5:6:7:8", "empty-gap", 17],
    ["1:2:3:4::5:6:7:8", "empty-gap", 16],
    ["::1:2:3:4:5:6:1.2.3.4", "empty-gap", 21],
    ["12345::", "group-too-long", 0],
    ["1:00000::", "group-too-long", 2],
    ["::g", "unexpected-character", 2],
    ["1:2:3:4:5:6:7", "too-few-groups", 13],
    ["1:2", "too-few-groups", 3],
    ["1:2/64", "too-few-groups", 3],
    ["1:2:3:4:5:1.2.3.4", "too-few-groups", 17],
    ["1:2:3:4:5:6:7:8:9", "too-many-groups", 16],
    ["::1:2:3:4:5:6:7:8:9", "too-many-groups", 18],
    ["1:2:3:4:5:6:7:1.2.3.4", "too-many-groups", 14],
    ["1:2:3:4:5:6:7:8:1.2.3.4", "too-many-groups", 16],
    // IPv4 inside IPv6 obeys the rules of IPv4.
    ["::ffff:01.2.3.4", "leading-zero", 7],
    ["::ffff:1.2.3", "too-few-octets", 12],
    ["::ffff:1.2.3.256", "octet-too-large", 13],
    ["::ffff:1.2.3.4.5", "too-many-octets", 14],
    ["::1.2.3.4:5", "unexpected-character", 9],
    ["1.2.3.4::", "unexpected-character", 7],
    ["::ffff:.1.2.3", "unexpected-character", 7],
    ["::ffff:a.1.2.3", "host-name", 7],
  ];
  it.each(cases)("%j: %s", (text, code, index) => {
    const parsed = parsePrefix(text);
    expect(parsed).toMatchObject({ ok: false, problem: { code, index } });
  });

  it("has a message for people with every problem", () => {
    for (const [text] of cases) {
      const parsed = parsePrefix(text);
      expect(!parsed.ok && parsed.problem.message.length).toBeGreaterThan(20);
    }
  });
});

describe("an address", () => {
  it("takes one address and no length", () => {
    expect(parseAddress("203.0.113.7")).toEqual({ ok: true, address: 0xffffcb007107n });
    expect(parseAddress("::203.0.113.7")).toEqual({ ok: true, address: 0xcb007107n });
    expect(parseAddress("203.0.113.7/32")).toMatchObject({
      ok: false,
      problem: { code: "length-unexpected", index: 11 },
    });
    expect(parseAddress("203.0.113")).toMatchObject({
      ok: false,
      problem: { code: "too-few-octets", index: 9 },
    });
  });
});

describe("properties", () => {
  const address = fc.oneof(
    fc.bigInt({ min: 0n, max: lastOfAll }),
    fc.bigInt({ min: 0n, max: 0xffff_ffffn }).map((word) => 0xffff_0000_0000n + word),
    // Groups that are often zero, for the gap.
    fc
      .array(fc.constantFrom(0n, 0n, 1n, 0xffffn, 0x10n), { minLength: 8, maxLength: 8 })
      .map((groups) => groups.reduce<bigint>((sum, group) => (sum << 16n) | group, 0n)),
  );

  it("reads back what it prints", () => {
    fc.assert(
      fc.property(address, fc.nat(128), (at, length) => {
        const prefix = prefixOf(at, length);
        expect(parsePrefix(formatPrefix(prefix))).toEqual({ ok: true, prefix, hostBits: false, bare: false });
        expect(parseAddress(formatAddress(at))).toEqual({ ok: true, address: at });
        expect(formatPrefix(prefix).includes(":")).toBe(!isIPv4(prefix));
      }),
      { numRuns: 2000 },
    );
  });

  it("gives every text a verdict with an index inside it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const parsed = parsePrefix(text);
        if (parsed.ok) return;
        expect(parsed.problem.index).toBeGreaterThanOrEqual(0);
        expect(parsed.problem.index).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

describe("the key of a prefix", () => {
  it("is one for each prefix", () => {
    const prefix = fc
      .tuple(fc.bigInt({ min: 0n, max: lastOfAll }), fc.integer({ min: 0, max: 128 }))
      .map(([address, length]) => prefixOf(address, length));
    fc.assert(
      fc.property(prefix, prefix, fc.integer({ min: 0, max: 128 }), (a, b, length) => {
        expect(prefixKey(a) === prefixKey(b)).toBe(samePrefix(a, b));
        const narrower = prefixOf(a.network, length);
        expect(prefixKey(a) === prefixKey(narrower)).toBe(samePrefix(a, narrower));
      }),
    );
  });

  // What V8 hashes: where these are equal, a table of a hundred thousand prefixes is a list.
  const rows: readonly [what: string, prefixAt: (index: bigint) => { network: bigint; length: number }][] = [
    ["/48", (index) => prefixOf((0x2001n << 112n) | (index << 80n), 48)],
    ["/64", (index) => prefixOf((0x2001_0db8n << 96n) | (index << 64n), 64)],
    ["hosts of many subnets", (i) => prefixOf((0x2001_0db8n << 96n) | ((i >> 8n) << 64n) | (i & 0xffn), 128)],
    ["IPv4 /24", (index) => prefixOf((0xffffn << 32n) | (index << 8n), 120)],
    ["IPv4 addresses", (index) => prefixOf((0xffffn << 32n) | index, 128)],
    ["one network, all lengths", (index) => ({ network: 0n, length: Number(index % 129n) })],
  ];
  it.each(rows)("differs in its low 64 bits: %s", (_, prefixAt) => {
    const prefixes = Array.from({ length: 20_000 }, (_, index) => prefixAt(BigInt(index)));
    const keys = prefixes.map(prefixKey);
    expect(new Set(keys.map((key) => BigInt.asUintN(64, key))).size).toBe(new Set(keys).size);
  });
});
