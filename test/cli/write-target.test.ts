/** `--output` and `--write`: a file is replaced whole, and what is no file is never replaced. */
import { execFileSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { WholeFile } from "../../src/files/write-file.js";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

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

  it("that leads in a circle is said to be one, whether it is read or written", async () => {
    const cwd = await policyIn();
    await symlink("loop.yaml", join(cwd, "loop.yaml"));
    for (const ran of [
      await validate(cwd, "loop.yaml"),
      await dbtIpRules({ cwd }, "validate", "--policy", "loop.yaml"),
    ]) {
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain("its symbolic link leads in a circle");
      expect(ran.stderr).toContain("to see where it points: ls -l loop.yaml");
      expect(ran.stderr).not.toMatch(/permissions/i);
    }
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

describe.skipIf(process.platform === "win32")("a file that is replaced", () => {
  const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

  it.each([0o600, 0o640, 0o666])("keeps its mode: %o", async (mode) => {
    const cwd = await policyIn();
    await writeFile(join(cwd, "policy.yaml"), "version:   1\nrules: []\n");
    await chmod(join(cwd, "policy.yaml"), mode);
    expect((await dbtIpRules({ cwd }, "fmt")).stderr).toContain("was put in canonical form");
    expect(await modeOf(join(cwd, "policy.yaml"))).toBe(mode);
  });

  it("is for its owner alone where it is new and tells of people", async () => {
    const cwd = await newFolder();
    const emulator = await newAccount(71);
    const account = ["--host", emulator.url, "--account", "71"];
    await dbtIpRules({ cwd }, "audit", "list", ...account, "-f", "csv", "-o", "list.csv");
    await dbtIpRules({ cwd }, "audit", "export", ...account, "-o", "export.csv");
    expect(await modeOf(join(cwd, "list.csv"))).toBe(0o600);
    expect(await modeOf(join(cwd, "export.csv"))).toBe(0o600);
  });

  it("is made where a symbolic link points to, be it there or not", async () => {
    const cwd = await policyIn();
    await mkdir(join(cwd, "a"));
    await symlink("../b/out.json", join(cwd, "a/link.json"));
    await symlink("a/link.json", join(cwd, "first.json"));
    expect((await validate(cwd, "first.json")).code).toBe(0);
    expect((await lstat(join(cwd, "first.json"))).isSymbolicLink()).toBe(true);
    expect((await lstat(join(cwd, "a/link.json"))).isSymbolicLink()).toBe(true);
    expect(JSON.parse(await readFile(join(cwd, "b/out.json"), "utf8")).verdict).toBe("ok");
    await symlink("round.json", join(cwd, "round.json"));
    const round = await validate(cwd, "round.json");
    expect(JSON.parse(round.stdout).diagnostics).toMatchObject([{ code: "cannot-write" }]);
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
