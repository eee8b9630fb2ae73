import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFileJournal, FlushedFile } from "../../src/cli/receipts.js";

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
    let room = false;
    const written: string[] = [];
    const disk = {
      appendFile: async (line: unknown) => {
        if (!room) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
        written.push(String(line));
      },
      sync: async () => undefined,
      close: async () => undefined,
    };
    const journal = new FlushedFile("d.jsonl", disk);
    const failed = { diagnostics: [{ code: "receipt-unwritable" }] };
    await expect(journal.append("{}")).rejects.toMatchObject(failed);
    room = true;
    await expect(journal.append("{}")).rejects.toMatchObject(failed);
    expect(written).toEqual([]);
  });

  it.runIf(existsSync("/dev/full"))("reports a full disk as a failure of the receipt", async () => {
    // /dev/full is there already, so the file is made by hand: what counts is the error of the write.
    const full = new FlushedFile("/dev/full", await open("/dev/full", "a"));
    await expect(full.append("{}")).rejects.toMatchObject({ diagnostics: [{ code: "receipt-unwritable" }] });
    await full.close();
  });
});
