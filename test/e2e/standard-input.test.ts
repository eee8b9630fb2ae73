/** Standard input in the place of a file, and what it may be. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { newFolder } from "../cli/world.js";
import { dbtIpRules, program } from "./cli.js";

const policy = "version:   1\nrules: [{name: A, type: allow, cidrs: [8.8.8.0/24]}]\n";

describe("standard input", () => {
  it.each(["-", ...(process.platform === "linux" ? ["/dev/stdin"] : [])])("is a policy: %s", async (name) => {
    const cwd = await newFolder();
    const valid = await dbtIpRules(["validate", "-p", name], { cwd, input: policy });
    expect(valid.code, valid.stdout + valid.stderr).toBe(0);
    const formatted = await dbtIpRules(["fmt", "-p", name], { cwd, input: policy });
    expect(formatted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^version: 1\n/) });
    const merged = await dbtIpRules(["import", "--merge", name], { cwd, input: policy });
    expect(merged).toMatchObject({ code: 1, stderr: expect.stringMatching(/bad-option|other-spelling/) });
  });

  it("is found in its folder where it names lists", async () => {
    const cwd = await newFolder();
    writeFileSync(join(cwd, "list.txt"), "8.8.8.0/24\n");
    const input =
      "version: 1\nnetworks: {n: {file: list.txt}}\nrules: [{name: A, type: allow, cidrs: [network: n]}]\n";
    expect((await dbtIpRules(["validate", "-p", "-"], { cwd, input })).code).toBe(0);
  });

  it.skipIf(process.platform === "win32")("ends where it would not: it is read to a bound", async () => {
    const line = 'exec "$0" "$1" validate -p - < /dev/zero';
    const ran = await promisify(execFile)("sh", ["-c", line, process.execPath, program]).catch(
      (error) => error,
    );
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("too large");
  });
});
