/** `validate --list-files`: names that scripts can match, and no list of a wrong policy without a word. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { dbtIpRules, newFolder } from "./world.js";

let cwd = "";
beforeEach(async () => {
  cwd = await newFolder();
  mkdirSync(join(cwd, "lists"));
});

const list = (...words: string[]) => dbtIpRules({ cwd }, "validate", "--list-files", ...words);
const policyOf = (file: string) =>
  `version: 1\nnetworks: {n: {file: ${JSON.stringify(file)}}}\nrules: [{name: A, type: allow, cidrs: [network: n]}]\n`;

describe("an invalid policy", () => {
  it.each([
    ["a missing list", policyOf("lists/none.txt"), "file-missing", "policy.yaml\nlists/none.txt\n"],
    ["a refused name", policyOf("lists/new\nline.txt"), "error[", "policy.yaml\n"],
    ["no rules", "version: 1\n", "error[", "policy.yaml\n"],
    ["no YAML", "version: [", "error[", "policy.yaml\n"],
  ])("%s: exit code 1, its problems, and what could be read", async (_, text, code, listed) => {
    writeFileSync(join(cwd, "policy.yaml"), text);
    const ran = await list();
    expect([ran.code, ran.stdout]).toEqual([1, listed]);
    expect(ran.stderr).toContain(code);
    const json = await list("-f", "json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ verdict: "error", files: listed.trim().split("\n") });
  });

  it("does not keep others from being listed", async () => {
    writeFileSync(join(cwd, "good.yaml"), "version: 1\nrules: []\n");
    const ran = await list("none.yaml", "good.yaml");
    expect([ran.code, ran.stdout]).toEqual([1, "good.yaml\n"]);
    expect(ran.stderr).toContain("policy-missing");
  });
});

describe.skipIf(process.platform === "win32")("a name", () => {
  it.each([
    ["lists/::set-output name=x::y.txt", "lists/::set-output name=x::y.txt"],
    ["::notice::x.txt", "./::notice::x.txt"],
    ["lists/日本\u200d.txt", "lists/日本\u200d.txt"],
    ["lists/##[error]x.txt", "lists/\\x23#[error]x.txt"],
  ])("%s: as it is, unless a runner would obey it", async (file, line) => {
    writeFileSync(join(cwd, "policy.yaml"), policyOf(file));
    writeFileSync(join(cwd, file), "8.8.8.0/24\n");
    const ran = await list();
    expect(ran.stderr).toBe("");
    expect([ran.code, ran.stdout]).toEqual([0, `policy.yaml\n${line}\n`]);
  });

  it("of several lines is an error in text, and a string in JSON", async () => {
    writeFileSync(join(cwd, "two\nlines.yaml"), "version: 1\nrules: []\n");
    const ran = await list("two\nlines.yaml");
    expect([ran.code, ran.stdout]).toEqual([1, ""]);
    expect(ran.stderr).toContain("two\\nlines.yaml");
    const json = await list("two\nlines.yaml", "-f", "json");
    expect([json.code, JSON.parse(json.stdout).files]).toEqual([0, ["two\nlines.yaml"]]);
  });
});
