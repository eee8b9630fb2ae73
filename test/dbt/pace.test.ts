/** Never more than half of the service's limit, by a clock that only sleeping moves. */
import { describe, expect, it } from "vitest";
import { createDbtClient } from "../../src/dbt/client.js";
import { createPace, mostCallsPerMinute } from "../../src/dbt/waiting.js";

const clock = () => {
  let time = Date.UTC(2026, 10, 21);
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(time),
    pass: (ms: number) => {
      time += ms;
    },
    sleep: async (ms: number, signal?: AbortSignal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      time += ms;
    },
  };
};

describe("the pace of a client", () => {
  it("lets half of the limit go out at once, and no more in any minute", async () => {
    const { now, sleep, pass, slept } = clock();
    const pace = createPace(now, sleep);
    const sent: number[] = [];
    for (let call = 0; call < 3 * mostCallsPerMinute; call += 1) {
      await pace(undefined);
      sent.push(now().getTime());
      if (call % 10 === 0) pass(7);
    }
    expect(slept.length).toBeGreaterThan(0);
    for (let at = mostCallsPerMinute; at < sent.length; at += 1)
      expect(sent[at]! - sent[at - mostCallsPerMinute]!).toBeGreaterThanOrEqual(60_000);
    expect(mostCallsPerMinute).toBe(2_500);
  });

  it("does not wait where the calls are slow", async () => {
    const { now, sleep, pass, slept } = clock();
    const pace = createPace(now, sleep, 10);
    for (let call = 0; call < 100; call += 1) {
      await pace(undefined);
      pass(6_000);
    }
    expect(slept).toEqual([]);
  });

  it("holds for calls that wait at the same time", async () => {
    const slept: number[] = [];
    const pace = createPace(clock().now, async (ms) => void slept.push(ms), 2);
    await Promise.all(Array.from({ length: 6 }, () => pace(undefined)));
    expect(slept).toEqual([60_000, 60_000, 120_000, 120_000]);
  });
});

it("a write whose turn the user does not wait for is never sent", async () => {
  const stop = new AbortController();
  const client = createDbtClient({
    baseUrl: "http://127.0.0.1:1",
    accountId: 1,
    token: "t",
    sleep: async (_, signal) => {
      stop.abort();
      signal?.throwIfAborted();
    },
    now: () => new Date(0),
    signal: stop.signal,
  });
  const rule = { id: 1, name: "x", type: "allow", description: "", entries: [] } as const;
  const outcomes = [];
  // No service is there: each call fails at once, and still counts.
  for (let call = 0; call <= mostCallsPerMinute; call += 1) outcomes.push(await client.deleteRule(rule));
  expect(outcomes[0]).toMatchObject({ kind: "unknown", neverSent: true });
  expect(outcomes.at(-1)).toMatchObject({ kind: "refused", status: 0 });
  await client.close();
});
