import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressSet } from "../../src/address/address-set.js";
import { withExceptions } from "../../src/address/exceptions.js";
import { allIPv4, everything, type Prefix } from "../../src/address/prefix.js";
import { rangesText } from "../../src/model/address-words.js";
import { prefix, smallPrefixes } from "./small-space.js";

const setOf = (...texts: string[]): AddressSet => AddressSet.ofPrefixes(texts.map(prefix));

describe("a set told by exceptions", () => {
  it("says exactly the set, in no more prefixes than its list, and reaches around IPv4 never", () => {
    fc.assert(
      fc.property(smallPrefixes, (prefixes) => {
        const whole = AddressSet.ofPrefixes(prefixes).subtract(setOf("0.0.0.0/0"));
        const list = whole.prefixes();
        const { exceptions, listed } = withExceptions(list, everything);
        let said = AddressSet.ofPrefixes(listed);
        let count = listed.length;
        for (const { wide, but } of exceptions) {
          expect(but.length).toBeGreaterThan(0);
          expect(AddressSet.ofPrefixes([wide]).intersect(setOf("0.0.0.0/0")).isEmpty()).toBe(true);
          said = said.union(AddressSet.ofPrefixes([wide]).subtract(AddressSet.ofPrefixes(but)));
          count += 1 + but.length;
        }
        expect(said.equals(whole)).toBe(true);
        expect(count).toBeLessThanOrEqual(list.length);
      }),
      { numRuns: 500 },
    );
  });

  it("does not slow down with the square of a list", () => {
    const list: Prefix[] = Array.from({ length: 20_000 }, (_, at) => ({
      network: allIPv4.network + BigInt(4 * at),
      length: 128,
    }));
    expect(withExceptions(list, allIPv4)).toEqual({ exceptions: [], listed: list });
  });
});

describe("what people would say", () => {
  it.each([
    [
      setOf("34.0.0.0/8").subtract(setOf("34.1.2.3", "34.99.0.0", "34.200.7.1")),
      "34.0.0.0/8 but 34.1.2.3/32, 34.99.0.0/32, 34.200.7.1/32",
    ],
    [setOf("0.0.0.0/0").subtract(setOf("203.0.113.0/24")), "all of IPv4 but 203.0.113.0/24"],
    [
      setOf("34.0.0.0/8", "192.0.2.7").subtract(setOf("34.1.2.3")),
      "34.0.0.0/8 but 34.1.2.3/32, 192.0.2.7/32",
    ],
    [setOf("2001:db8::/32").subtract(setOf("2001:db8::1")), "2001:db8::/32 but 2001:db8::1/128"],
    [setOf("10.0.0.0/9", "10.128.0.0/10"), "10.0.0.0/9, 10.128.0.0/10"],
    [setOf("10.0.0.0/30", "10.0.0.8/30"), "10.0.0.0/30, 10.0.0.8/30"],
  ])("%#: %s", (set, words) => expect(rangesText(set)).toBe(words));
});
