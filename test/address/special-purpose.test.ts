import { describe, expect, it } from "vitest";
import { containsPrefix, formatPrefix, isIPv4 } from "../../src/address/prefix.js";
import {
  registrySnapshotDate,
  specialPurpose,
  specialPurposeBlocks,
  specialPurposeSet,
} from "../../src/address/special-purpose.js";
import { prefix } from "./small-space.js";

describe("special purposes", () => {
  const cases: readonly [string, string | undefined, string?, string?][] = [
    ["10.1.2.0/24", "10.0.0.0/8", "no", "private"],
    ["::ffff:10.1.2.0/120", "10.0.0.0/8", "no", "private"],
    ["172.31.255.255", "172.16.0.0/12", "no", "private"],
    ["172.32.0.0", undefined],
    ["192.0.0.9", "192.0.0.9/32", "yes", "other"],
    ["192.0.0.8/31", "192.0.0.0/24", "no", "other"],
    ["192.0.0.1", "192.0.0.0/29", "no", "other"],
    ["203.0.113.7", "203.0.113.0/24", "no", "documentation"],
    ["192.88.99.2", "192.88.99.2/32", "no", "other"],
    ["192.88.99.1", "192.88.99.0/24", "not-applicable", "other"],
    ["255.255.255.255", "255.255.255.255/32", "no", "other"],
    ["239.1.1.1", "224.0.0.0/4", "no", "other"],
    ["0.0.0.0/0", undefined],
    ["0.0.0.0", "0.0.0.0/8", "no", "other"],
    ["8.0.0.0/8", undefined],
    ["::/0", undefined],
    ["::", "::/128", "no", "other"],
    ["2001::/16", undefined],
    ["2001:1::3", "2001:1::3/128", "yes", "other"],
    ["2001:1::4", "2001::/23", "no", "other"],
    ["2001:db8:1::/48", "2001:db8::/32", "no", "documentation"],
    ["2001::1", "2001::/32", "not-applicable", "other"],
    ["64:ff9b::203.0.113.1", "64:ff9b::/96", "yes", "other"],
    ["fd00::/8", "fc00::/7", "no", "private"],
    ["fec0::1", "fec0::/10", "no", "private"],
    ["ff02::1", "ff00::/8", "no", "other"],
    ["2620:4f:8000::1", "2620:4f:8000::/48", "yes", "other"],
  ];
  it.each(cases)("%s is in %s", (text, block, reachable, use) => {
    const found = specialPurpose(prefix(text));
    expect(found && formatPrefix(found.prefix)).toBe(block);
    expect(found?.reachable).toBe(reachable);
    expect(found?.use).toBe(use);
  });
});

it("the set of addresses whose own row matters leaves out what a more specific row says otherwise", () => {
  const set = specialPurposeSet(({ reachable }) => reachable === "no");
  for (const block of specialPurposeBlocks)
    expect(set.contains(block.prefix.network), formatPrefix(block.prefix)).toBe(
      specialPurpose({ network: block.prefix.network, length: 128 })?.reachable === "no",
    );
  expect(set.contains(prefix("192.0.0.9").network)).toBe(false);
  expect(set.contains(prefix("192.0.0.11").network)).toBe(true);
  expect(set.contains(prefix("8.8.8.8").network)).toBe(false);
});

describe("the table", () => {
  it("has each block once, in the right family", () => {
    const blocks = specialPurposeBlocks.map(({ prefix: block }) => formatPrefix(block));
    expect(new Set(blocks).size).toBe(blocks.length);
    for (const { prefix: block, family } of specialPurposeBlocks)
      expect(isIPv4(block)).toBe(family === "ipv4");
    expect(registrySnapshotDate).toMatch(/^\d{4}-\d\d-\d\d$/);
  });
  it("has more specific rows only where they say something else or have another name", () => {
    for (const inner of specialPurposeBlocks) {
      for (const outer of specialPurposeBlocks) {
        if (inner === outer || !containsPrefix(outer.prefix, inner.prefix)) continue;
        expect([inner.name, inner.reachable]).not.toEqual([outer.name, outer.reachable]);
      }
    }
  });
});
