/** `network` and `except`: exact set algebra over networks, whose laws are checked address by address. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressSet } from "../../src/address/address-set.js";
import { formatPrefix } from "../../src/address/prefix.js";
import { firstMessage } from "../said.js";
import { smallPrefix } from "./random-policies.js";
import { codes, mustRead, readPolicy } from "./reading.js";

const rule = "rules:\n  - {name: R, type: allow, cidrs: [network: result]}\n";
const policyOf = (networks: string): string => `version: 1\nnetworks:\n${networks}${rule}`;
const result = (networks: string): string[] =>
  mustRead(policyOf(networks)).rules[0]!.entries.map(({ prefix }) => formatPrefix(prefix));

describe("except", () => {
  it("leaves out what other networks and prefixes hold, and cuts what is in part left out", () => {
    const networks = [
      "  all: [203.0.113.0/24, 198.51.100.0/24, 192.0.2.0/28]",
      "  cloud: [203.0.113.128/25, 198.51.100.0/22]",
      "  result: {network: all, except: [cloud, 192.0.2.3]}",
      "",
    ].join("\n");
    expect(result(networks)).toEqual([
      "203.0.113.0/25",
      "192.0.2.0/31",
      "192.0.2.2/32",
      "192.0.2.4/30",
      "192.0.2.8/29",
    ]);
  });

  it("keeps comment and date of what is left, and what is untouched as it was written", () => {
    const text = policyOf(
      "  all: [{cidr: 203.0.113.0/24, comment: a, expires: 2027-01-01}, 192.0.2.1]\n  result: {network: all, except: [203.0.113.0/25]}\n",
    );
    const [cut, whole] = mustRead(text).rules[0]!.entries;
    expect(cut).toMatchObject({ text: "203.0.113.128/25", comment: "a", expires: "2027-01-01" });
    expect(whole).toMatchObject({ text: "192.0.2.1", network: "result" });
  });

  it("is the difference of the sets, for any networks", () => {
    fc.assert(
      fc.property(
        fc.array(smallPrefix, { minLength: 1, maxLength: 8 }),
        fc.array(smallPrefix, { minLength: 1, maxLength: 8 }),
        (own, out) => {
          const list = (prefixes: readonly (typeof own)[number][]) =>
            `[${[...new Set(prefixes.map((one) => `"${formatPrefix(one)}"`))].join(", ")}]`;
          const networks = `  all: ${list(own)}\n  out: ${list(out)}\n  result: {network: all, except: [out], allow_empty: true}\n`;
          const text = policyOf(networks).replace("type: allow", "type: allow, allow_empty: true");
          const entries = mustRead(text).rules[0]!.entries.map(({ prefix }) => prefix);
          const wanted = AddressSet.ofPrefixes(own).subtract(AddressSet.ofPrefixes(out));
          expect(AddressSet.ofPrefixes(entries).equals(wanted)).toBe(true);
        },
      ),
    );
  });

  it("may stand next to a list, and names networks of include files", () => {
    const text = `version: 1\ninclude: [i.yaml]\nnetworks:\n  result: {cidrs: [203.0.113.0/24], except: [shared]}\n${rule}`;
    const files = { "i.yaml": "networks:\n  shared: [203.0.113.0/25]\n" };
    expect(mustRead(text, { files }).rules[0]!.entries.map(({ text: own }) => own)).toEqual([
      "203.0.113.128/25",
    ]);
  });

  it("that leaves nothing is an error, unless it is meant", () => {
    const networks = "  all: [203.0.113.0/24]\n  result: {network: all, except: [all]}\n";
    const { diagnostics } = readPolicy(policyOf(networks));
    expect(codes(diagnostics)).toEqual(["empty-network"]);
    expect(firstMessage(diagnostics)).toBe("`except` leaves nothing of the network `result`");
  });

  it("of what cannot be read leaves nothing: no address gets in by a mistake in what is left out", () => {
    const networks =
      "  all: [203.0.113.0/24]\n  result: {network: all, except: [cluod]}\n  cloud: [203.0.113.0/25]\n";
    const { policy, diagnostics } = readPolicy(policyOf(networks));
    expect(policy).toBeUndefined();
    expect(codes(diagnostics)).toEqual(["undefined-network", "unused-network"]);
    expect(codes(readPolicy(policyOf(networks.replace("cluod", "203.0.113.0/33"))).diagnostics)).toContain(
      "bad-prefix",
    );
  });
});

describe("a circle", () => {
  it.each([
    ["  result: {network: result}\n", "result -> result"],
    ["  a: {network: result}\n  result: {network: a}\n", "a -> result -> a"],
    [
      "  a: [203.0.113.0/24]\n  result: {network: a, except: [b]}\n  b: {network: result}\n",
      "result -> b -> result",
    ],
  ])("is an error that shows the path: %j", (networks, path) => {
    const { policy, diagnostics } = readPolicy(policyOf(networks));
    expect(policy).toBeUndefined();
    expect(codes(diagnostics)).toEqual(["network-circle"]);
    expect(firstMessage(diagnostics)).toContain(path);
  });

  it("is told from networks on very many levels, which are an error too", () => {
    const levels = Array.from({ length: 5_000 }, (_, at) => `  n${at}: {network: n${at + 1}}\n`).join("");
    const { policy, diagnostics } = readPolicy(
      policyOf(`${levels}  n5000: [203.0.113.0/24]\n  result: {network: n0}\n`),
    );
    expect(policy).toBeUndefined();
    expect(codes(diagnostics)).toContain("network-circle");
  });
});
