import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPrefix, lastAddress, parsePrefix } from "../../src/address/prefix.js";
import { hintOf, messageOf } from "../../src/model/diagnostic.js";
import { runPolicyTests } from "../../src/policy/policy-tests.js";
import { firstMessage } from "../said.js";
import { bruteAllowed, smallEntries, smallPrefix } from "./random-policies.js";
import { mustRead } from "./reading.js";

const testsOf = (expectations: string) =>
  mustRead(`version: 1\nrules: []\ntests:\n  - {name: t, ${expectations}}\n`);
const entry = (rule: string, type: "allow" | "deny", text: string) => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(text);
  return { rule, type, prefix: parsed.prefix };
};

describe("policy tests", () => {
  it("hold exactly if every address does, by brute force", () => {
    fc.assert(
      fc.property(smallEntries, smallPrefix, fc.boolean(), (entries, prefix, wanted) => {
        const policy = testsOf(`${wanted ? "allowed" : "denied"}: [${formatPrefix(prefix)}]`);
        const [result] = runPolicyTests(policy, entries);
        let holds = true;
        for (let address = prefix.network; address <= lastAddress(prefix); address += 1n)
          if (bruteAllowed(entries, address) !== wanted) holds = false;
        expect(result?.passed).toBe(holds);
        expect(result?.diagnostics.length === 0).toBe(holds);
      }),
      { numRuns: 400 },
    );
  });

  it("show the parts that break a range as minimal prefixes, and the entry that decides", () => {
    const entries = [
      entry("Office", "allow", "203.0.113.0/24"),
      entry("Guests", "deny", "203.0.113.64/27"),
      entry("Guests", "deny", "203.0.113.96/27"),
      entry("Lab", "deny", "203.0.113.7"),
    ];
    const [result] = runPolicyTests(testsOf("allowed: [203.0.113.0/25]"), entries);
    expect(result?.passed).toBe(false);
    expect(
      result?.diagnostics.map(({ code, source }) => `${code} ${source?.line}:${source?.column}`),
    ).toEqual(Array(3).fill("policy-test-failed 4:25"));
    const text = result?.diagnostics.map(messageOf).join("\n") ?? "";
    for (const part of ["203.0.113.7/32", "203.0.113.64/27", "203.0.113.96/27", "`Guests`", "`Lab`"])
      expect(text).toContain(part);
  });

  it("tell what helps where an unmanaged rule breaks them, and only there", () => {
    const policy = mustRead(
      "version: 1\nrules: [{name: Own, type: allow, cidrs: [198.51.100.0/24]}]\ntests: [{name: t, denied: [198.51.100.1, 203.0.113.1]}]\n",
    );
    const [result] = runPolicyTests(policy, [
      entry("Own", "allow", "198.51.100.0/24"),
      entry("By hand", "allow", "203.0.113.0/24"),
    ]);
    expect(result?.diagnostics.map((one) => hintOf(one)?.includes("import --merge") ?? false)).toEqual([
      false,
      true,
    ]);
  });

  it("name the default where nothing matches", () => {
    const denied = runPolicyTests(testsOf("allowed: [198.51.100.1]"), [
      entry("A", "allow", "203.0.113.0/24"),
    ]);
    expect(firstMessage(denied[0]?.diagnostics ?? [])).toContain("no entry matches");
    expect(runPolicyTests(testsOf("allowed: [198.51.100.1]"), [])[0]?.passed).toBe(true);
  });

  it("may name networks", () => {
    const policy = mustRead(
      "version: 1\nnetworks: {n: [203.0.113.0/25, 198.51.100.0/24]}\nrules: []\ntests: [{name: t, denied: [network: n]}]\n",
    );
    const [result] = runPolicyTests(policy, [entry("A", "allow", "203.0.113.0/24")]);
    expect(result?.diagnostics).toHaveLength(1);
    expect(result?.diagnostics[0]?.source).toMatchObject({ line: 2, column: 16 });
  });
});
