/** What a policy from a stranger's pull request may make the program read: files of its own folder, no others. */
import { execFileSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadPolicyFile } from "../../src/files/load-policy.js";
import { newFolder } from "./world.js";

const now = new Date("2026-12-01T00:00:00Z");
const list = "198.51.100.0/24\n";

const policyWith = (file: string): string =>
  `version: 1\nnetworks: {n: {file: ${JSON.stringify(file)}}}\nrules: [{name: A, type: allow, cidrs: [network: n]}]\n`;

/** A policy in a folder of its own, with a file outside it that must not be read. */
const world = async (named: string) => {
  const top = await newFolder();
  const folder = join(top, "policies");
  await mkdir(join(folder, "lists"), { recursive: true });
  await writeFile(join(top, "secret.txt"), list);
  await writeFile(join(folder, "lists", "own.txt"), list);
  await writeFile(join(folder, "policy.yaml"), policyWith(named));
  return { top, folder };
};

const codesOf = async (folder: string): Promise<string[]> => {
  const { diagnostics } = await loadPolicyFile({ cwd: folder }, "policy.yaml", now);
  return diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code);
};

describe("the files that a policy names", () => {
  it("are read beside it and below, through links that stay inside, wherever it is called from", async () => {
    const { top, folder } = await world("lists/link.txt");
    await symlink("own.txt", join(folder, "lists", "link.txt"));
    expect(await codesOf(folder)).toEqual([]);
    await symlink(folder, join(top, "elsewhere"));
    const { policy } = await loadPolicyFile({ cwd: top }, "elsewhere/policy.yaml", now);
    expect(policy?.rules[0]?.entries).toHaveLength(1);
  });

  it("are not read through links that lead out, of a file or of a folder", async () => {
    for (const [named, target] of [
      ["lists/out.txt", "../../secret.txt"],
      ["lists/out/secret.txt", "../.."],
    ] as const) {
      const { folder } = await world(named);
      await symlink(target, join(folder, "lists", named.split("/")[1] ?? ""));
      expect(await codesOf(folder)).toEqual(["file-missing"]);
    }
  });

  it("are not waited for where they are no files", async () => {
    const { folder } = await world("lists/pipe");
    execFileSync("mkfifo", [join(folder, "lists", "pipe")]);
    expect(await codesOf(folder)).toEqual(["file-missing"]);
    const { folder: other } = await world("lists");
    expect(await codesOf(other)).toEqual(["file-missing"]);
  });

  for (const named of [
    "../secret.txt",
    "lists/../../secret.txt",
    "/etc/hosts",
    "C:/x",
    "\\\\server\\share\\x",
    "//server/x",
    "a\0b",
  ]) {
    it(`are refused by name: ${JSON.stringify(named)}`, async () => {
      const { folder } = await world(named);
      expect(await codesOf(folder)).toEqual(["path-outside-policy-folder"]);
    });
  }

  it("come with their findings in the order of the files", async () => {
    const { folder } = await world("lists/own.txt");
    await writeFile(join(folder, "lists", "own.txt"), `10.0.0.1\n${list}10.0.0.1\n`);
    const { diagnostics } = await loadPolicyFile({ cwd: folder }, "policy.yaml", now);
    expect(diagnostics.map(({ code, source }) => `${source?.file}:${source?.line} ${code}`)).toEqual([
      "lists/own.txt:1 special-purpose",
      "lists/own.txt:2 documentation-range",
      "lists/own.txt:3 repeated-in-list",
    ]);
  });
});
