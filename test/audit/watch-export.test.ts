import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuditEvent } from "../../src/audit/event.js";
import {
  type ExportJob,
  type ExportPorts,
  type ExportProgress,
  exportEverything,
  exportRange,
  readExportJob,
} from "../../src/audit/export.js";
import {
  cursorAt,
  passPresent,
  readCursor,
  type WatchCursor,
  type WatchOptions,
  type WatchPorts,
  WatchPosition,
  watchEvents,
} from "../../src/audit/watch.js";
import { type Failure, failure } from "../../src/model/failure.js";
import { at, event, LogInMemory, noCost, startMs } from "./sample-events.js";

const type = "ip_restrictions.rule.changed";
const host = "ab123.us1.dbt.com";
const request = "GET /api/v3/accounts/66847/audit-logs/";
const options: WatchOptions = { matches: () => true, pollMs: 10_000 };
const overlapMs = 3_600_000;
const account = { id: 1, host };

const first = async (since: string | undefined, ports: WatchPorts): Promise<WatchCursor> => {
  const position = new WatchPosition(cursorAt(account, since ?? ports.now().toISOString()), overlapMs);
  if (since === undefined) await passPresent(position, ports, options);
  return position.cursor();
};

class Stop extends Error {}

/** A world whose clock only sleeping moves; it stops after so many sleeps. */
const watching = (log: LogInMemory, sleeps: number, onSleep: (nth: number) => void = () => {}) => {
  let now = startMs;
  let count = 0;
  const troubles: number[] = [];
  const ports = {
    reader: log,
    now: () => new Date(now),
    sleep: async (milliseconds: number) => {
      now += milliseconds;
      count += 1;
      if (count > sleeps) throw new Stop();
      onSleep(count);
    },
    onTrouble: (_: Failure, waitMs: number) => {
      troubles.push(waitMs);
    },
  };
  return { ports, troubles };
};

const follow = async (
  start: WatchCursor,
  ports: ReturnType<typeof watching>["ports"],
  most = Number.POSITIVE_INFINITY,
) => {
  const out: AuditEvent[] = [];
  const position = new WatchPosition(start, overlapMs);
  try {
    for await (const next of watchEvents(position, ports, options)) {
      // The one on which it is stopped is not out, and comes again.
      if (out.length >= most) break;
      out.push(next);
    }
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  return { out, cursor: position.cursor() };
};

describe("watching", () => {
  it("starts with what is to come, also where it bears an earlier time", async () => {
    const log = new LogInMemory([event(type, -100), event(type, -10)]);
    const late = event(type, -50);
    const { ports } = watching(log, 3, (nth) => {
      if (nth === 1) log.events.push(late, event(type, 5));
    });
    const { out } = await follow(await first(undefined, ports), ports);
    expect(out.map((one) => one.at)).toEqual([at(-50), at(5)]);
  });

  it("goes back to --since, oldest first", async () => {
    const log = new LogInMemory([event(type, -100), event(type, -7300), event(type, -10)]);
    const { ports } = watching(log, 1);
    const { out } = await follow(await first(at(-7200), ports), ports);
    expect(out.map((one) => one.at)).toEqual([at(-100), at(-10)]);
  });

  it("does not trust a clock that is wrong by hours", async () => {
    const log = new LogInMemory([]);
    const slow = -86_400;
    log.serverAt = at(slow);
    const { ports } = watching(log, 2, () => log.events.push(event(type, slow + 5)));
    const set = { ...ports, now: () => new Date(startMs + slow * 1000) };
    const { out } = await follow(await first(undefined, set), set);
    expect(out).not.toEqual([]);
  });

  it("gives each event once, however it is stopped and started, and however late events come", async () => {
    const arrival = fc.record({ step: fc.nat(5), lateBy: fc.integer({ min: 0, max: 3000 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(arrival, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 6 }),
        async (arrivals, stops) => {
          const log = new LogInMemory([event(type, -5)]);
          const made: string[] = [];
          const { ports } = watching(log, 7, (nth) => {
            for (const { step, lateBy } of arrivals.filter((one) => one.step + 1 === nth)) {
              const one = event(type, step * 10 - lateBy);
              made.push(one.id);
              log.events.push(one);
            }
          });
          let cursor = await first(undefined, ports);
          const got: string[] = [];
          for (const most of [...stops, Number.POSITIVE_INFINITY]) {
            const run = await follow(cursor, ports, most);
            got.push(...run.out.map(({ id }) => id));
            const stored = readCursor(JSON.stringify(run.cursor));
            expect(stored).toEqual(run.cursor);
            cursor = stored ?? cursor;
          }
          expect([...got].sort()).toEqual([...made].sort());
        },
      ),
      { numRuns: 60 },
    );
  });

  it("survives failures that may pass, backing off, and ends with those that last", async () => {
    const log = new LogInMemory([]);
    const { ports, troubles } = watching(log, 6);
    const start = await first(undefined, ports);
    const calm = log.calls;
    log.onPage = (call) => {
      if (call <= calm + 3) throw failure("server-error", { host, request, status: 503, said: "" });
      if (call === calm + 4) log.events.push(event(type, 1));
    };
    const { out } = await follow(start, ports);
    expect(troubles).toEqual([10_000, 20_000, 40_000]);
    expect(out).toHaveLength(1);
    log.onPage = () => {
      throw failure("token-rejected", { host, said: "" });
    };
    await expect(follow(start, watching(log, 6).ports)).rejects.toMatchObject({
      diagnostics: [{ code: "token-rejected" }],
    });
  });

  it("forgets ids that no look can meet again", async () => {
    const log = new LogInMemory([]);
    const { ports } = watching(log, 200, (nth) => log.events.push(event(type, nth * 600)));
    const { cursor } = await follow(await first(undefined, ports), ports);
    expect(cursor.seen.length).toBeLessThan(10);
  });

  it("forgets them while a backlog is given out, not only behind it", async () => {
    const log = new LogInMemory(Array.from({ length: 500 }, (_, index) => event(type, index * 60)));
    const position = new WatchPosition(await first(at(0), watching(log, 1).ports), overlapMs);
    const sizes: number[] = [];
    const { ports } = watching(log, 0);
    await expect(async () => {
      for await (const _ of watchEvents(position, ports, options)) sizes.push(position.cursor().seen.length);
    }).rejects.toThrow(Stop);
    expect(sizes).toHaveLength(500);
    expect(Math.max(...sizes)).toBe(61);
  });

  it.each([
    "",
    "{}",
    "[]",
    "null",
    `{"format":"dbt-ip-rules/audit-cursor","version":2}`,
    `{"format":"dbt-ip-rules/audit-cursor","version":1,"accountId":1,"host":"h","since":"x","newest":"y","seen":[]}`,
  ])("takes %j for no cursor", (text) => {
    expect(readCursor(text)).toBeUndefined();
  });
});

const bytes = (text: string) => new TextEncoder().encode(text);
async function* stream(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield bytes(chunk);
}

const exporting = (more: Partial<ExportPorts["reader"]> = {}, job?: ExportJob) => {
  const state = {
    temporary: "",
    kept: undefined as string | undefined,
    job,
    submitted: 0,
    polls: 0,
    progress: [] as ExportProgress[],
  };
  let now = startMs;
  const ports: ExportPorts = {
    reader: {
      listPage: async () => ({ events: [], totalCount: 0, count: 0, cost: noCost }),
      downloadCsv: async () => stream("id,at\r\n", "1,2\r\n"),
      startExport: async () => {
        state.submitted += 1;
        return `job-${state.submitted}`;
      },
      exportIsRunning: async () => ++state.polls < 3,
      exportUrl: async (jobId) => `https://downloads.example/${jobId}`,
      fetchExport: async () => ({ body: stream("all", " of it"), size: 9 }),
      ...more,
    },
    files: {
      writeTemporary: async (chunks) => {
        state.temporary = "";
        for await (const chunk of chunks) state.temporary += new TextDecoder().decode(chunk);
        return state.temporary.length;
      },
      keep: async () => {
        state.kept = state.temporary;
      },
      discard: async () => {
        state.temporary = "";
      },
      readJob: async () => state.job,
      writeJob: async (one) => {
        state.job = one;
      },
      removeJob: async () => {
        state.job = undefined;
      },
    },
    now: () => new Date(now),
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
    onProgress: (progress) => {
      state.progress.push(progress);
    },
  };
  return { ports, state };
};
const known: ExportJob = {
  format: "dbt-ip-rules/audit-export-job",
  version: 1,
  accountId: 1,
  host: account.host,
  jobId: "old",
  submittedAt: at(-60),
};

describe("exporting", () => {
  it("saves a range as it comes", async () => {
    const { ports, state } = exporting();
    expect(await exportRange(ports.reader, {}, ports)).toBe(12);
    expect(state.kept).toBe("id,at\r\n1,2\r\n");
  });

  it.each(["bytes", "minutes"] as const)(
    "ends a download without end by its %s, and keeps nothing",
    async (bound) => {
      const { ports, state } = exporting();
      async function* endless(): AsyncGenerator<Uint8Array> {
        const chunk = Buffer.from("x");
        if (bound === "bytes") Object.defineProperty(chunk, "byteLength", { value: 1024 ** 3 });
        for (;;) {
          yield chunk;
          if (bound === "minutes") await ports.sleep(3_600_000);
        }
      }
      const reader = { downloadCsv: async () => endless() };
      await expect(exportRange(reader, {}, ports)).rejects.toMatchObject({
        diagnostics: [{ code: "download-endless", args: { bound } }],
      });
      expect(state.kept).toBeUndefined();
    },
  );

  it("submits, polls, fetches, keeps, and forgets the job", async () => {
    const { ports, state } = exporting();
    expect(await exportEverything(account, 60_000, ports)).toBe(9);
    expect(state).toMatchObject({ kept: "all of it", job: undefined, submitted: 1, polls: 3 });
    expect(state.progress.map(({ kind }) => kind)).toEqual([
      "submitted",
      "running",
      "running",
      "downloading",
      "downloading",
      "done",
    ]);
  });

  it.each([8, 10])(
    "keeps nothing of 9 bytes where %i were announced, and the job for the next run",
    async (size) => {
      const { ports, state } = exporting({ fetchExport: async () => ({ body: stream("all of it"), size }) });
      await expect(exportEverything(account, 60_000, ports)).rejects.toMatchObject({
        diagnostics: [{ code: "export-incomplete" }],
      });
      expect(state).toMatchObject({ kept: undefined, temporary: "", job: { jobId: "job-1" } });
    },
  );

  it("goes on with the job of an interrupted run, and submits no other", async () => {
    const { ports, state } = exporting({}, known);
    await exportEverything(account, 60_000, ports);
    expect(state.submitted).toBe(0);
    expect(state.progress[0]).toMatchObject({ kind: "resumed", jobId: "old" });
  });

  it("submits anew where the service has forgotten the job, or the job is another account's", async () => {
    const forgetful = exporting(
      {
        exportUrl: async (jobId) => {
          if (jobId === "old")
            throw failure(
              "audit-log-not-found",
              { host, request, said: "", subject: "export" },
              { status: 404 },
            );
          return "https://downloads.example/new";
        },
      },
      known,
    );
    await exportEverything(account, 60_000, forgetful.ports);
    expect(forgetful.state).toMatchObject({ submitted: 1, kept: "all of it" });
    const foreign = exporting({}, { ...known, accountId: 2 });
    await exportEverything(account, 60_000, foreign.ports);
    expect(foreign.state.submitted).toBe(1);
    const elsewhere = exporting({}, { ...known, host: "127.0.0.1:8080" });
    await exportEverything(account, 60_000, elsewhere.ports);
    expect(elsewhere.state.submitted).toBe(1);
  });

  it("stops waiting at the timeout, and leaves the job to the next run", async () => {
    const { ports, state } = exporting({ exportIsRunning: async () => true });
    await expect(exportEverything(account, 60_000, ports)).rejects.toMatchObject({
      diagnostics: [{ code: "export-still-running" }],
    });
    expect(state.job?.jobId).toBe("job-1");
  });

  it("reads a job back, and nothing else", () => {
    expect(readExportJob(JSON.stringify(known))).toEqual(known);
    for (const text of [
      "",
      "{}",
      JSON.stringify({ ...known, version: 2 }),
      JSON.stringify({ ...known, jobId: 5 }),
    ])
      expect(readExportJob(text)).toBeUndefined();
  });
});
