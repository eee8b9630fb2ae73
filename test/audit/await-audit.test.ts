import { describe, expect, it } from "vitest";
import { awaitAudit } from "../../src/audit/await-audit.js";
import { type Failure, failure } from "../../src/model/failure.js";
import { hashState } from "../../src/plan/state.js";
import {
  at,
  event,
  LogInMemory,
  noCost,
  receiptOf,
  ruleContexts,
  startMs,
  verifyOne,
} from "./sample-events.js";

const full = ruleContexts[0];
const receipt = receiptOf([
  { action: "create", rule: "Office", ruleId: 10, second: 0 },
  { action: "update", rule: "VPN", ruleId: 11, second: 2 },
]);
const events = [
  event("ip_restrictions.rule.added", 0, full(10, "Office")),
  event("ip_restrictions.rule.changed", 2, full(11, "VPN")),
];
const named = [{ file: "r.jsonl", receipt }];
const host = "ab123.us1.dbt.com";
const request = "GET /api/v3/accounts/66847/audit-logs/";
const serverError = failure("server-error", { host, request, status: 503, said: "" });

/** A clock that only sleeping moves. */
const portsFor = (log: LogInMemory, startSecond = 5) => {
  let now = startMs + startSecond * 1000;
  const waits: number[] = [];
  return {
    waits,
    reader: log,
    now: () => new Date(now),
    sleep: async (milliseconds: number) => {
      waits.push(milliseconds);
      now += milliseconds;
    },
  };
};

describe("waiting for the log", () => {
  it("looks once more where everything is there, a second later", async () => {
    const log = new LogInMemory(events);
    const ports = portsFor(log);
    const result = await awaitAudit(named, ports, { timeoutMs: 60_000 });
    expect(result.verdict).toBe("confirmed");
    expect([ports.waits, log.calls]).toEqual([[1000], 2]);
  });

  it("looks once where it must not wait, and where all is of long ago", async () => {
    for (const [timeoutMs, second] of [
      [0, 5],
      [60_000, 3 * 86_400],
    ] as const) {
      const log = new LogInMemory(events);
      const ports = portsFor(log, second);
      expect((await awaitAudit(named, ports, { timeoutMs })).verdict).toBe("confirmed");
      expect([ports.waits, log.calls]).toEqual([[], 1]);
    }
  });

  it("finds that enforcement was set back where that is logged after all steps", async () => {
    const log = new LogInMemory(events);
    const toggled = event("ip_restrictions.toggled", 2, {});
    log.onPage = (call) => {
      if (call === 2) log.events = [...events, toggled];
    };
    const result = await awaitAudit(named, portsFor(log), { timeoutMs: 60_000 });
    expect(result.verdict).toBe("enforcement-flipped");
  });

  it("looks again and again at a log of hundreds of thousands", async () => {
    const busy = Array.from({ length: 150_000 }, (_, index) =>
      event("ip_restrictions.rule.changed", 2, index),
    );
    const page = { events: busy, totalCount: busy.length, count: busy.length, cost: noCost };
    const ports = { ...portsFor(new LogInMemory([])), reader: { listPage: async () => page } };
    const result = await awaitAudit(named, ports, { timeoutMs: 1 });
    expect(result).toMatchObject({ verdict: "missing", counts: { missing: 1 } });
  });

  it("keeps no more of a log that gives fresh events at each look than fits in memory", async () => {
    let looks = 0;
    const listPage = async () => ({
      events: [event("ip_restrictions.rule.changed", 2, ++looks)],
      totalCount: 1,
      count: 1,
      cost: { bytes: 60 * 2 ** 20, milliseconds: 1 },
    });
    const ports = { ...portsFor(new LogInMemory([])), reader: { listPage } };
    const result = await awaitAudit(named, ports, { timeoutMs: 3_600_000 });
    expect(result.verdict).toBe("could-not-check");
    expect(result.diagnostics.map(({ code }) => code)).toEqual(["audit-log-unreadable", "listing-too-large"]);
    expect(looks).toBe(5);
  });

  it("waits for late events, longer and longer, and says how long", async () => {
    const log = new LogInMemory([]);
    const ports = portsFor(log);
    log.onPage = () => {
      if (ports.now().getTime() >= startMs + 20_000) log.events = [...events];
    };
    const result = await awaitAudit(named, ports, { timeoutMs: 60_000 });
    expect(result.verdict).toBe("confirmed");
    expect(result.waitedMs).toBeGreaterThanOrEqual(15_000);
    // The last one is for the look after all is there.
    const growing = ports.waits.slice(0, -1);
    expect(growing).toEqual([...growing].sort((a, b) => a - b));
    expect(log.calls).toBeLessThan(10);
  });

  it("gives up at the timeout, and not before it has looked without a filter", async () => {
    const log = new LogInMemory([events[0]!]);
    const ports = portsFor(log);
    const result = await awaitAudit(named, ports, { timeoutMs: 30_000 });
    expect(result.verdict).toBe("missing");
    expect(ports.waits.reduce((sum, one) => sum + one, 0)).toBe(30_000);
    expect(log.queries.at(-1)?.types).toBeUndefined();
    expect(log.queries[0]?.types).toHaveLength(4);
  });

  it("finds what the server's type filter leaves out", async () => {
    const log = new LogInMemory(events);
    const blind = {
      listPage: async (query: Parameters<typeof log.listPage>[0], offset: number) =>
        query.types === undefined
          ? log.listPage(query, offset)
          : { events: [], totalCount: 0, count: 0, cost: noCost },
    };
    const result = await awaitAudit(named, { ...portsFor(log), reader: blind }, { timeoutMs: 0 });
    expect(result.verdict).toBe("confirmed");
  });

  it("does not wait for events of long ago", async () => {
    const ports = portsFor(new LogInMemory([]), 3 * 86_400);
    expect((await awaitAudit(named, ports, { timeoutMs: 60_000 })).verdict).toBe("missing");
    expect(ports.waits).toEqual([]);
  });

  it("says could-not-check at once where asking again cannot help", async () => {
    const refusals: readonly Failure[] = [
      failure("permission-missing", { request, said: "", subject: "audit" }),
      failure("audit-log-not-found", { host, request, said: "", subject: "audit" }),
      failure("token-rejected", { host, said: "" }),
    ];
    for (const refusal of refusals) {
      const log = new LogInMemory(events);
      log.onPage = () => {
        throw refusal;
      };
      const ports = portsFor(log);
      const result = await awaitAudit(named, ports, { timeoutMs: 60_000 });
      expect(result.verdict).toBe("could-not-check");
      expect(result.diagnostics.map((one) => one.code)).toEqual([
        "audit-log-unreadable",
        refusal.diagnostics[0]?.code,
      ]);
      expect(ports.waits).toEqual([]);
    }
  });

  it("asks again after a failure that may pass, and says could-not-check where it does not", async () => {
    const log = new LogInMemory(events);
    log.onPage = (call) => {
      if (call <= 2) throw serverError;
    };
    expect((await awaitAudit(named, portsFor(log), { timeoutMs: 60_000 })).verdict).toBe("confirmed");
    log.onPage = () => {
      throw serverError;
    };
    expect((await awaitAudit(named, portsFor(log), { timeoutMs: 60_000 })).verdict).toBe("could-not-check");
  });

  it("sets a step without an answer right by the Date header of the log's own answers", async () => {
    const skewed = receiptOf([
      {
        action: "create",
        rule: "Office",
        ruleId: 10,
        second: 0,
        skew: 7200,
        noAnswer: true,
        outcome: "unknown",
      },
    ]);
    const log = new LogInMemory(events);
    log.serverAt = at(5);
    const result = await awaitAudit([{ file: "r", receipt: skewed }], portsFor(log, 7205), {
      timeoutMs: 10_000,
    });
    expect(result.verdict).toBe("confirmed");
  });

  it("reads only the stretches that receipts need", async () => {
    const later = receiptOf([{ action: "create", rule: "Late", ruleId: 12, second: 86_400 * 20 }]);
    const log = new LogInMemory([
      ...events,
      event("ip_restrictions.rule.added", 86_400 * 20, full(12, "Late")),
    ]);
    const result = await awaitAudit(
      [...named, { file: "later", receipt: later }],
      portsFor(log, 86_400 * 20 + 5),
      { timeoutMs: 0 },
    );
    expect(result.verdict).toBe("confirmed");
    expect(log.queries.map(({ since }) => since?.slice(0, 10))).toEqual([
      at(0).slice(0, 10),
      at(86_400 * 20).slice(0, 10),
    ]);
  });
});

describe("a switch whose position nobody knew", () => {
  const lone = receiptOf([{ action: "disable", second: 0 }]);
  const untold = {
    ...lone,
    header: {
      ...lone.header,
      basis: { ...lone.header.basis, state: hashState({ enforcement: "unknown", rules: [] }) },
    },
  };
  it("needs no event, since setting it may have changed nothing", () => {
    expect(verifyOne(lone, []).verdict).toBe("missing");
    expect(verifyOne(untold, []).verdict).toBe("confirmed");
  });
  it("has one all the same where the log tells its position", () => {
    const told = event("ip_restrictions.toggled", 0, { enabled: false });
    expect(verifyOne(untold, [told]).counts).toMatchObject({ strong: 1, foreign: 0 });
  });
});
