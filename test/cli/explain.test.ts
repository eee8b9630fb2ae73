import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dbtIpRules, newFolder } from "./world.js";

const policy = `version: 1
rules:
  - name: Office
    type: allow
    cidrs:
      - 203.0.113.0/24
      - {cidr: 198.51.100.7, expires: 2026-11-01}
`;

const explain = async (...argv: string[]) => {
  const cwd = await newFolder();
  await writeFile(join(cwd, "policy.yaml"), policy);
  return dbtIpRules({ cwd }, "explain", ...argv);
};

describe("explain", () => {
  it("names the expired entries that would have a say, with their place", async () => {
    const ask = async (...argv: string[]) => {
      const { stdout } = await explain(...argv, "--format", "json");
      return JSON.parse(stdout).views[0];
    };
    const late = await ask("198.51.100.7", "--now", "2026-11-01");
    expect(late).toMatchObject({
      verdict: "blocked",
      parts: [{ decider: { kind: "default", allowed: false } }],
      expired: [{ rule: "Office", cidr: "198.51.100.7/32", expires: "2026-11-01", place: "policy.yaml:7" }],
    });
    expect(await ask("198.51.0.0/16", "--now", "2026-11-01")).toHaveProperty("expired");
    expect(await ask("198.51.100.8", "--now", "2026-11-01")).not.toHaveProperty("expired");
    const early = await ask("198.51.100.7", "--now", "2026-10-31");
    expect(early).toMatchObject({ verdict: "allowed" });
    expect(early).not.toHaveProperty("expired");
    const { stdout } = await explain("198.51.100.7", "--now", "2026-11-01");
    expect(stdout).toContain("expired on 2026-11-01");
    expect(stdout).toContain("policy.yaml:7");
  });

  for (const text of ["nonsense", "203.0.113", "::ffff:203.0.113.0/24", "203.0.113.0/33", ""]) {
    it(`refuses ${JSON.stringify(text)}`, async () => {
      const { code, stdout, stderr } = await explain(text);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain("error[bad-address]");
    });
  }

  it("answers of the account or of a plan, not of both", async () => {
    const { code, stderr } = await explain("203.0.113.1", "--live", "--plan", "saved.json");
    expect(code).toBe(1);
    expect(stderr).toContain("error[bad-usage]");
  });
});
