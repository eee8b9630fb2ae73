/** The question before the first write: only `yes` is a yes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

const world = async () => {
  const emulator = await newAccount(5);
  const cwd = await newFolder();
  await writeFile(
    join(cwd, "policy.yaml"),
    `version: 1\naccount: {id: 5, host: "${emulator.url}"}\nrules: [{name: A, type: allow, cidrs: [203.0.113.0/24]}]\n`,
  );
  const left = async () => (await dbtIpRules({ cwd }, "plan", "--detailed-exitcode")).code;
  return { cwd, left };
};

describe("apply at a terminal", () => {
  it.each([["no"], [""], ["y"], ["yes please"]])("takes %j as a no, and changes nothing", async (word) => {
    const { cwd, left } = await world();
    const ran = await dbtIpRules({ cwd, typed: [word] }, "apply");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("not-approved");
    expect(await left()).toBe(2);
  });

  it("takes the end of input as a no", async () => {
    const { cwd, left } = await world();
    const ran = await dbtIpRules({ cwd, typed: [], ends: true }, "apply");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("not-approved");
    expect(await left()).toBe(2);
  });

  it("goes on after yes", async () => {
    const { cwd, left } = await world();
    expect((await dbtIpRules({ cwd, typed: [" YES "] }, "apply")).code).toBe(0);
    expect(await left()).toBe(0);
  });

  it("fails at once where nobody can answer", async () => {
    const { cwd } = await world();
    expect((await dbtIpRules({ cwd }, "apply")).stderr).toContain("approval-needed");
    expect((await dbtIpRules({ cwd, typed: ["yes"], env: { CI: "true" } }, "apply")).code).toBe(1);
  });
});
