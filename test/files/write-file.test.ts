/** A file appears whole or not at all: also where the disk is full, and whoever writes does not clean up. */
import { mkdtemp, open, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WholeFile, writeWhole } from "../../src/files/write-file.js";

let cwd = "";

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "dbt-ip-rules-write-"));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(cwd, { recursive: true });
});

/** What every open file can do. */
const fileHandle = async () => {
  const handle = await open(tmpdir(), "r");
  await handle.close();
  return Object.getPrototypeOf(handle);
};

/** Files of the folder that this process has open, removed ones too; none where the system does not say. */
const openFiles = async (): Promise<readonly string[]> => {
  const numbers = await readdir("/proc/self/fd").catch(() => []);
  const paths = await Promise.all(numbers.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => "")));
  return paths.filter((path) => path.startsWith(cwd));
};

const isFull = Object.assign(new Error("full"), { code: "ENOSPC" });

describe.each(["writeFile", "sync"])("where %s finds the disk full", (method) => {
  it.each(["new.csv", "old.csv"])("nothing is left of %s but what was there", async (name) => {
    await writeFile(join(cwd, "old.csv"), "old");
    const handles = await fileHandle();
    for (const write of [
      () => writeWhole({ cwd }, name, "text"),
      async () => {
        const file = await WholeFile.create({ cwd }, name);
        await file.write("text");
        await file.close();
      },
    ]) {
      vi.spyOn(handles, method).mockRejectedValueOnce(isFull);
      await expect(write()).rejects.toMatchObject({ diagnostics: [{ code: "cannot-write" }] });
      expect([await readdir(cwd), await openFiles()]).toEqual([["old.csv"], []]);
      expect(await readFile(join(cwd, "old.csv"), "utf8")).toBe("old");
    }
  });
});
