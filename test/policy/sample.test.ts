import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { formatPolicy } from "../../src/policy/format-policy.js";
import { runPolicyTests } from "../../src/policy/policy-tests.js";
import { check } from "./reading.js";

const now = "2026-12-01T00:00:00Z";

it("policy.yaml, the sample, is valid, without findings, canonical, and passes its own tests", () => {
  const text = readFileSync("policy.yaml", "utf8");
  const { policy, diagnostics } = check(text, { now });
  expect(diagnostics).toEqual([]);
  const entries = policy!.rules.flatMap(({ name, type, entries: list }) =>
    list.map(({ prefix }) => ({ rule: name, type, prefix })),
  );
  expect(runPolicyTests(policy!, entries).map(({ passed }) => passed)).toEqual([true, true]);
  expect(formatPolicy(text)).toBe(text);
});

/** Of every file under examples/policies, by its path there. */
const exampleFiles = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync("examples/policies", { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => {
        const path = `${parentPath}/${name}`;
        return [path.slice("examples/policies/".length), readFileSync(path, "utf8")];
      }),
  );

it("every example policy is valid, canonical, without warnings, and passes its own tests", () => {
  const files = exampleFiles();
  const policies = Object.keys(files).filter((path) => /^[^/]+\.yaml$/.test(path));
  expect(policies.length).toBeGreaterThanOrEqual(3);
  for (const path of policies) {
    const text = files[path]!;
    const { policy, diagnostics } = check(text, { now, files });
    expect(diagnostics.filter(({ severity }) => severity !== "note")).toEqual([]);
    const entries = policy!.rules.flatMap(({ name, type, entries: list }) =>
      list.map(({ prefix }) => ({ rule: name, type, prefix })),
    );
    const results = runPolicyTests(policy!, entries);
    expect(results.flatMap((result) => result.diagnostics)).toEqual([]);
    expect(results.length).toBeGreaterThan(0);
    expect(formatPolicy(text)).toBe(text);
  }
});
