import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFileJournal } from "../../src/cli/receipt-file.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "receipt-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("the receipt file", () => {
  it("holds each line as soon as append returns, for its owner alone", async () => {
    const path = join(folder, "a.jsonl");
    const journal = await createFileJournal(path);
    await journal.append('{"a":1}');
    expect(await readFile(path, "utf8")).toBe('{"a":1}\n');
    await journal.append('{"b":2}');
    expect(await readFile(path, "utf8")).toBe('{"a":1}\n{"b":2}\n');
    expect((await stat(path)).mode & 0o077).toBe(0);
    await journal.close();
  });

  it("never touches a file that is there", async () => {
    const path = join(folder, "b.jsonl");
    await writeFile(path, "precious");
    await expect(createFileJournal(path)).rejects.toMatchObject({
      diagnostics: [{ code: "receipt-exists" }],
      exitCode: 1,
    });
    expect(await readFile(path, "utf8")).toBe("precious");
  });

  it("says so when the folder is not there", async () => {
    await expect(createFileJournal(join(folder, "no", "c.jsonl"))).rejects.toMatchObject({
      diagnostics: [{ code: "receipt-unwritable" }],
    });
  });

  it("takes no further line once one has failed, so that only the last line can be torn", async () => {
    const journal = await createFileJournal(join(folder, "d.jsonl"));
    await journal.close();
    const failed = { diagnostics: [{ code: "receipt-unwritable" }] };
    await expect(journal.append("{}")).rejects.toMatchObject(failed);
    await expect(journal.append("{}")).rejects.toMatchObject(failed);
  });

  it.runIf(existsSync("/dev/full"))("reports a full disk as a failure of the receipt", async () => {
    // /dev/full is there already, so the file is made by hand: what counts is the error of the write.
    const { FlushedFile } = await import("../../src/cli/receipt-file.js");
    const { open } = await import("node:fs/promises");
    const full = new FlushedFile("/dev/full", await open("/dev/full", "a"));
    await expect(full.append("{}")).rejects.toMatchObject({ diagnostics: [{ code: "receipt-unwritable" }] });
    await full.close();
  });
});
