/** Folders on the way to a file: made, or refused at once. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeFolder } from "../../src/files/make-folder.js";
import { dbtIpRules, newAccount, newFolder } from "../cli/world.js";

it("is made with those above it, and may be there", async () => {
  const folder = join(await newFolder(), "a/b/c");
  await Promise.all([makeFolder(folder, 0o700), makeFolder(folder, 0o700)]);
  await makeFolder(folder);
  expect(statSync(folder).isDirectory()).toBe(true);
  expect(statSync(join(folder, "..")).mode & 0o777).toBe(0o700);
});

it("is refused below a file", async () => {
  const folder = await newFolder();
  writeFileSync(join(folder, "file"), "");
  await expect(makeFolder(join(folder, "file/a"))).rejects.toMatchObject({ code: "ENOTDIR" });
  await expect(makeFolder(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
});

it.skipIf(process.platform !== "linux")("is refused where the system never makes one", async () => {
  await expect(makeFolder("/proc/nope/a/b")).rejects.toMatchObject({ code: "ENOENT" });
});

it.skipIf(process.platform !== "linux")("does not hold up an apply, a receipt or an output", async () => {
  const emulator = await newAccount(9, { enabled: false, rules: [] });
  const cwd = await newFolder();
  mkdirSync(join(cwd, "tmp"));
  writeFileSync(
    join(cwd, "policy.yaml"),
    `version: 1\naccount: {id: 9, host: "${emulator.url}"}\nrules: [{name: A, type: allow, cidrs: [8.8.8.0/24]}]\n`,
  );
  const place = { cwd, env: { XDG_STATE_HOME: "/proc/nope" } };
  for (const [flags, code] of [
    [["--receipt", "/proc/nope/r.jsonl"], "receipt-unwritable"],
    [["--write", "json=/proc/nope/out.json"], "cannot-write"],
  ] as const)
    expect((await dbtIpRules(place, "apply", "--auto-approve", ...flags)).stderr).toContain(code);
  expect((await dbtIpRules(place, "apply", "--auto-approve")).code).toBe(0);
});
