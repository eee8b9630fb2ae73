import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuditEvent } from "../../src/audit/event.js";
import { listEvents, meansNoMore, windowsOf } from "../../src/audit/list-events.js";
import { Failure, failure } from "../../src/model/failure.js";
import { at, collect, event, LogInMemory, noCost } from "./sample-events.js";

const many = (count: number): AuditEvent[] =>
  Array.from({ length: count }, (_, index) => event("job_definition.changed", -index));
const ids = (events: readonly AuditEvent[]): string[] => events.map(({ id }) => id);

describe("listing", () => {
  it.each([0, 1, 99, 100, 101, 164, 199, 200, 250])(
    "gives %i events newest first, each once",
    async (count) => {
      const log = new LogInMemory(many(count));
      const listed = await collect(listEvents(log, {}));
      expect(ids(listed)).toEqual(ids(log.events));
    },
  );

  it("asks no more pages than the overlap costs", async () => {
    const log = new LogInMemory(many(990));
    await collect(listEvents(log, {}));
    expect(log.calls).toBe(10);
  });

  it("gives events that come at the top while it reads once, and at the end those that came", async () => {
    const log = new LogInMemory(many(250));
    const before = ids(log.events);
    log.onPage = (call) => {
      if (call === 2) log.events.unshift(event("group.added", 10), event("group.added", 11));
    };
    const listed = ids(await collect(listEvents(log, {})));
    expect(listed.slice(0, 250)).toEqual(before);
    expect(listed).toHaveLength(252);
    expect(new Set(listed).size).toBe(252);
  });

  it("skips nothing when events go away above the page", async () => {
    const log = new LogInMemory(many(350));
    log.onPage = (call) => {
      if (call === 2) log.events.splice(0, 30);
    };
    const listed = new Set(ids(await collect(listEvents(log, {}))));
    for (const id of ids(log.events)) expect(listed.has(id)).toBe(true);
  });

  it("gives each event that stays exactly once, whatever comes and goes between the pages", async () => {
    const change = fc.record({
      insert: fc.array(fc.integer({ min: -400, max: 5 }), { maxLength: 4 }),
      remove: fc.array(fc.nat(399), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 400 }),
        fc.array(change, { maxLength: 6 }),
        async (count, changes) => {
          const log = new LogInMemory(many(count));
          const stays = new Set(ids(log.events));
          log.onPage = (call) => {
            const next = changes[call - 2];
            if (call < 2 || next === undefined) return;
            for (const index of next.remove) {
              const [gone] = log.events.splice(index, 1);
              if (gone !== undefined) stays.delete(gone.id);
            }
            for (const seconds of next.insert) log.events.push(event("group.added", seconds + 0.5));
          };
          const listed = ids(await collect(listEvents(log, {})));
          expect(new Set(listed).size).toBe(listed.length);
          const got = new Set(listed);
          for (const id of stays) expect(got.has(id)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("gives up on a log whose pages never join, instead of reading for ever", async () => {
    let fresh = 0;
    const listPage = async () => ({
      events: Array.from({ length: 100 }, () => ({ ...event("group.added", 0), id: `x${++fresh}` })),
      totalCount: 100_000,
      count: 100,
      cost: noCost,
    });
    await expect(collect(listEvents({ listPage }, {}))).rejects.toMatchObject({
      diagnostics: [{ code: "audit-log-unsteady" }],
    });
  });

  it.each([
    [10, 95],
    [300, 95],
    [300, 200],
    [3000, 99],
  ])("ends on a log of %i events where %i arrive before each page", async (count, arriving) => {
    const log = new LogInMemory(many(count));
    let second = 0;
    log.onPage = () => {
      if (log.calls > 3000) throw new Error("it does not end");
      for (let one = 0; one < arriving; one++) log.events.push(event("group.added", ++second));
    };
    await expect(collect(listEvents(log, {}))).rejects.toMatchObject({
      diagnostics: [{ code: "audit-log-unsteady" }],
    });
  });

  it.each([1, 10, 40])("reads to its end a log where %i events arrive before each page", async (arriving) => {
    const log = new LogInMemory(many(3000));
    const before = ids(log.events);
    let second = 0;
    log.onPage = () => {
      for (let one = 0; one < arriving; one++) log.events.push(event("group.added", ++second));
    };
    const listed = new Set(ids(await collect(listEvents(log, {}))));
    expect(before.filter((id) => !listed.has(id))).toEqual([]);
  });

  const endless = (events: number, cost = noCost) => {
    let calls = 0;
    const kept = event("group.added", 0);
    const listPage = async (_: unknown, offset: number) => {
      calls += 1;
      const page = Array.from({ length: events }, (_, index) => ({ ...kept, id: `x${offset + index}` }));
      return { events: page, totalCount: 10 ** 9, count: events, cost };
    };
    return { reader: { listPage }, calls: () => calls };
  };

  it.each([
    ["one record a page", 1, noCost, "more than 10,000 pages", 10_001],
    ["fresh records for ever", 3, noCost, "more than 10,000 pages", 10_001],
    ["megabytes a page", 2, { bytes: 50 * 2 ** 20, milliseconds: 0 }, "larger than 128 MiB", 3],
    ["a page every two minutes", 2, { bytes: 1, milliseconds: 120_000 }, "longer than 60 minutes", 31],
  ] as const)("ends on a log that gives %s", async (_, events, cost, says, calls) => {
    const log = endless(events, cost);
    await expect(collect(listEvents(log.reader, {}))).rejects.toMatchObject({
      message: expect.stringContaining(says),
      diagnostics: [{ code: "listing-too-large" }],
    });
    expect(log.calls()).toBe(calls);
  });

  it("reads no page before its events are asked for, so that a slow reader holds one page", async () => {
    const log = new LogInMemory(many(1000));
    const events = listEvents(log, {});
    for (let taken = 0; taken < 250; taken++) await events.next();
    expect(log.calls).toBe(3);
    await events.return();
    expect(log.calls).toBe(3);
  });

  it("cuts exactly at both ends, which count", async () => {
    const log = new LogInMemory(many(300));
    const query = { since: at(-200), until: at(-100) };
    const listed = await collect(listEvents(log, query));
    expect(listed.map((one) => one.at)).toEqual(Array.from({ length: 101 }, (_, index) => at(-100 - index)));
  });

  it("stops once it is well before the start that was asked for", async () => {
    const log = new LogInMemory(
      Array.from({ length: 2000 }, (_, index) => event("group.added", -index * 10)),
    );
    await collect(listEvents(log, { since: at(-100) }));
    expect(log.calls).toBeLessThan(7);
  });

  it("leaves out other types, also where the server does not", async () => {
    const log = new LogInMemory([event("group.added", 1), event("group.removed", 2)]);
    const listPage = (_: unknown, offset: number) => log.listPage({}, offset);
    const listed = await collect(listEvents({ listPage }, { types: ["group.added"] }));
    expect(listed.map(({ type }) => type)).toEqual(["group.added"]);
  });
});

describe("windows", () => {
  const now = "2026-03-02T10:00:00.000Z";

  it("is one, the service's own, where no start is asked for", () => {
    expect(windowsOf({}, now)).toEqual([{}]);
  });

  it("covers the range without a gap, each at most 90 days, on whole days", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 800 }), fc.nat(86_399), (days, seconds) => {
        const until = Date.parse(now) - seconds * 1000;
        const since = until - days * 86_400_000 - seconds * 500;
        const windows = windowsOf({
          since: new Date(since).toISOString(),
          until: new Date(until).toISOString(),
        });
        const spans = windows.map(
          (one) => [Date.parse(one.since ?? ""), Date.parse(one.until ?? "")] as const,
        );
        expect(spans[0]?.[1]).toBeGreaterThanOrEqual(until);
        expect(spans.at(-1)?.[0]).toBeLessThanOrEqual(since);
        spans.forEach(([from, to], index) => {
          expect(to - from).toBeLessThan(90 * 86_400_000);
          expect(from % 86_400_000).toBe(0);
          if (index > 0) expect(to).toBe((spans[index - 1]?.[0] ?? 0) - 1);
        });
      }),
    );
  });

  it("reads beyond 90 days window by window, each event once", async () => {
    const log = new LogInMemory(
      Array.from({ length: 500 }, (_, index) => event("group.added", -index * 86_400)),
    );
    const listed = await collect(listEvents(log, { since: at(-400 * 86_400) }, { now: at(0) }));
    expect(ids(listed)).toEqual(ids(log.events).slice(0, 401));
  });

  const refusing = (status: number) => {
    const log = new LogInMemory(
      Array.from({ length: 300 }, (_, index) => event("group.added", -index * 86_400)),
    );
    return {
      listPage: async (query: Parameters<typeof log.listPage>[0], offset: number) => {
        if (query.since !== undefined && query.since < at(-100 * 86_400))
          throw failure(
            status >= 500 ? "server-error" : "request-refused",
            { host: "ab123.us1.dbt.com", request: "GET /", status, said: "" },
            { status },
          );
        return log.listPage(query, offset);
      },
    };
  };

  it("ends early, and says so, where the API gives no more", async () => {
    const ends: string[] = [];
    const options = { now: at(0), endsAt: meansNoMore, onEarlyEnd: (oldest: string) => ends.push(oldest) };
    const listed = await collect(listEvents(refusing(400), { since: at(-250 * 86_400) }, options));
    expect(listed).toHaveLength(90);
    expect(ends).toHaveLength(1);
  });

  it("takes only a no to the query itself for the end of the log", () => {
    const ended = [400, 404, 422].map((status) => meansNoMore(new Failure([], undefined, { status })));
    const other = [401, 403, 409, 429, 500, undefined].map((status) =>
      meansNoMore(new Failure([], undefined, { status })),
    );
    expect([ended.every(Boolean), other.some(Boolean)]).toEqual([true, false]);
  });

  it("does not take a broken network for the end of the log", async () => {
    const options = { now: at(0), endsAt: meansNoMore };
    await expect(
      collect(listEvents(refusing(503), { since: at(-250 * 86_400) }, options)),
    ).rejects.toBeInstanceOf(Failure);
  });
});
