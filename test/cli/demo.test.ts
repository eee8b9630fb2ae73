/** The demo: short enough to be read, and it ends with the commands that the README goes on with. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dbtIpRules, longestLine, newFolder } from "./world.js";

const commandsIn = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => /^(?:dbt-ip-rules|\$EDITOR) /.test(line))
    .map((line) => line.replace(/ +#.*/, ""));

describe("demo", () => {
  it("fits into 60 lines of a terminal, and tells the whole story", async () => {
    const { code, stdout, stderr } = await dbtIpRules({ cwd: await newFolder(), screen: true }, "demo");
    expect(code).toBe(0);
    expect(`${stdout}${stderr}`.split("\n").length).toBeLessThanOrEqual(60);
    expect(longestLine(stdout)).toBeLessThanOrEqual(82);
    for (const part of [
      "gain access",
      "Applied: 4 of 4",
      "Confirmed: the audit log holds",
      "No changes.",
      "by a colleague",
    ])
      expect(stdout).toContain(part);
    expect(stdout).toContain("demo --full");
  });

  it("ends with the README's commands", async () => {
    const { stdout } = await dbtIpRules({ cwd: await newFolder() }, "demo");
    const [, own = ""] = readFileSync("README.md", "utf8").split("## Your own account");
    const [block = ""] = own.split("```sh\n").filter((one) => one.includes("dbt-ip-rules import"));
    const wanted = commandsIn(block.slice(0, block.indexOf("```")));
    expect(wanted.length).toBeGreaterThan(3);
    expect(commandsIn(stdout.slice(stdout.indexOf("Your own account")))).toEqual(wanted);
    expect(stdout).toContain("npm install --global .");
    expect(stdout).not.toContain("npm link");
  });

  it("shows all with --full", async () => {
    const { code, stdout } = await dbtIpRules({ cwd: await newFolder() }, "demo", "--full");
    expect(code).toBe(0);
    for (const part of ["unmanaged_rules: keep", "Checks\n", "Descriptions\n", "strong"])
      expect(stdout).toContain(part);
  });
});
