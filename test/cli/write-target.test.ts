/** `--output` and `--write`: a file is replaced whole, and what is no file is never replaced. */
import { execFileSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { WholeFile } from "../../src/cli/whole-file.js";
import { dbtIpRules, newFolder } from "./world.js";

const policyIn = async () => {
  const cwd = await newFolder();
  await writeFile(join(cwd, "policy.yaml"), "version: 1\nrules: []\n");
  return cwd;
};
const validate = (cwd: string, output: string) => dbtIpRules({ cwd }, "validate", "-f", "json", "-o", output);

describe.skipIf(process.platform === "win32")("what is no file", () => {
  it("is written straight: a pipe stays a pipe", async () => {
    const cwd = await policyIn();
    const pipe = join(cwd, "pipe");
    execFileSync("mkfifo", [pipe]);
    const read = text(createReadStream(pipe));
    expect((await validate(cwd, "pipe")).code).toBe(0);
    expect(JSON.parse(await read).verdict).toBe("ok");
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    const again = text(createReadStream(pipe));
    const sink = await WholeFile.create({ cwd }, "pipe");
    await sink.write("streamed");
    await sink.close();
    expect(await again).toBe("streamed");
    expect((await lstat(pipe)).isFIFO()).toBe(true);
  });

  it("stays a symbolic link: what it points to is replaced", async () => {
    const cwd = await policyIn();
    await mkdir(join(cwd, "real"));
    await writeFile(join(cwd, "real/out.json"), "before");
    await symlink("real/out.json", join(cwd, "link.json"));
    expect((await validate(cwd, "link.json")).code).toBe(0);
    expect((await lstat(join(cwd, "link.json"))).isSymbolicLink()).toBe(true);
    expect(JSON.parse(await readFile(join(cwd, "real/out.json"), "utf8")).verdict).toBe("ok");
  });
});

describe("a file that cannot be written", () => {
  it.each([
    ["folder", "it is a folder"],
    ["policy.yaml/out.json", "a part of the path is not a folder"],
  ])("is told in words, and leaves nothing behind: %s", async (output, reason) => {
    const cwd = await policyIn();
    await mkdir(join(cwd, "folder"));
    const ran = await validate(cwd, output);
    expect(ran.code).toBe(1);
    const [problem] = JSON.parse(ran.stdout).diagnostics;
    expect(problem).toMatchObject({ code: "cannot-write", hint: expect.any(String) });
    expect(problem.message).toContain(reason);
    expect((await readdir(cwd)).toSorted()).toEqual(["folder", "policy.yaml"]);
  });
});
