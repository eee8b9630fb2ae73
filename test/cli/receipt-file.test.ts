import { existsSync } from "node:fs";
import files, { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseReceipt } from "../../src/apply/read-receipt.js";
import { receiptLine } from "../../src/apply/receipt.js";
import { createFileJournal, FlushedFile, openFileJournal } from "../../src/cli/change/journal.js";
import type { ReceiptHeader, ReceiptRecord } from "../../src/model/receipt.js";

/** As long as `use` runs, the file system makes no hard links. */
const withoutLinks = async (code: string, use: () => Promise<void>): Promise<void> => {
  const { link } = files;
  let refused = 0;
  const replace = (by: typeof link): void => {
    files.link = by;
    syncBuiltinESMExports();
  };
  replace(async () => {
    refused += 1;
    throw Object.assign(new Error(code), { code });
  });
  try {
    await use();
  } finally {
    replace(link);
  }
  expect(refused).toBeGreaterThan(0);
};

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

  it("creates no file over another", async () => {
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

describe("a receipt that is there already", () => {
  const header: ReceiptHeader = {
    format: "dbt-ip-rules/receipt",
    version: 1,
    tool: "dbt-ip-rules 1",
    account: { id: 7, host: "ab123.us1.dbt.com" },
    startedAt: "2026-11-20T10:00:00.000Z",
    basis: { state: `sha256:${"a".repeat(64)}`, policy: `sha256:${"b".repeat(64)}` },
    waived: [],
    steps: [
      { number: 1, action: "create", rule: "A" },
      { number: 2, action: "create", rule: "B" },
    ],
  };
  const later = { ...header, startedAt: "2026-11-20T11:00:00.000Z", tool: "dbt-ip-rules 2" };
  const record = (step: number, outcome: ReceiptRecord["outcome"]): ReceiptRecord => ({
    step,
    outcome,
    at: "2026-11-20T11:00:01.000Z",
  });
  const crashed = `${[header, record(1, "applied"), record(2, "started")].map(receiptLine).join("\n")}\n`;
  let number = 0;
  const fileOf = async (text: string) => {
    number += 1;
    const own = join(folder, `existing-${number}`);
    await mkdir(own);
    await writeFile(join(own, "r.jsonl"), text);
    return { own, path: join(own, "r.jsonl") };
  };

  it.each([
    ["whole", ""],
    ["torn in its last line", '{"step":2,"outc'],
  ])("is taken up where its run of the same plan was cut off: %s", async (_, torn) => {
    const { own, path } = await fileOf(crashed + torn);
    const { journal, takenUp } = await openFileJournal(path, later);
    expect(takenUp).toBe(true);
    // As apply begins again: the header, what it finds done, then its own steps.
    await journal.append(receiptLine(later));
    await journal.append(receiptLine(record(1, "skipped")));
    await journal.append(receiptLine(record(2, "applied")));
    await journal.append(receiptLine({ end: "done", at: "2026-11-20T11:00:02.000Z" }));
    await journal.close();
    const text = await readFile(path, "utf8");
    expect(text.startsWith(crashed)).toBe(true);
    const { receipt, diagnostics } = parseReceipt(text, path);
    expect(diagnostics).toEqual([]);
    expect([...receipt!.records.values()].map(({ outcome }) => outcome)).toEqual(["applied", "applied"]);
    expect(receipt!.header.startedAt).toBe(header.startedAt);
    expect(await readdir(own)).toEqual(["r.jsonl"]);
  });

  it("is moved aside on a file system without hard links too, onto no other file", async () => {
    const { own, path } = await fileOf("");
    await writeFile(join(own, "r.1.jsonl"), "an older one");
    for (const code of ["EPERM", "ENOTSUP", "ENOSYS"]) {
      await writeFile(path, crashed.replace("aaaa", code));
      await withoutLinks(code, async () => {
        const { journal, movedTo } = await openFileJournal(path, later);
        await journal.close();
        expect(await readFile(movedTo ?? "", "utf8")).toBe(crashed.replace("aaaa", code));
      });
    }
    expect((await readdir(own)).sort()).toEqual([
      "r.1.jsonl",
      "r.2.jsonl",
      "r.3.jsonl",
      "r.4.jsonl",
      "r.jsonl",
    ]);
    expect(await readFile(join(own, "r.1.jsonl"), "utf8")).toBe("an older one");
  });

  it.each([
    ["of another plan", crashed.replace("aaaa", "cccc")],
    ["of another account", crashed.replace('"id":7', '"id":8')],
    ["of a run that has ended", `${crashed}${receiptLine({ end: "midway", at: header.startedAt })}\n`],
    ["damaged", crashed.replace('"applied"', '"aplied"')],
    ["without a whole header", receiptLine(header).slice(0, 30)],
    ["empty", ""],
  ])("is moved aside, and nothing of it is lost: %s", async (_, text) => {
    const { own, path } = await fileOf(text);
    await writeFile(join(own, "r.1.jsonl"), "an older one");
    const { journal, takenUp, movedTo } = await openFileJournal(path, later);
    await journal.append(receiptLine(later));
    await journal.close();
    expect([takenUp, movedTo]).toEqual([false, join(own, "r.2.jsonl")]);
    expect(await readFile(join(own, "r.2.jsonl"), "utf8")).toBe(text);
    expect(await readFile(join(own, "r.1.jsonl"), "utf8")).toBe("an older one");
    expect(await readFile(path, "utf8")).toBe(`${receiptLine(later)}\n`);
  });

  it("is left alone where it is no receipt", async () => {
    const { own, path } = await fileOf("precious");
    await expect(openFileJournal(path, later)).rejects.toMatchObject({
      diagnostics: [{ code: "receipt-exists" }],
    });
    expect(await readdir(own)).toEqual(["r.jsonl"]);
    expect(await readFile(path, "utf8")).toBe("precious");
  });
});
