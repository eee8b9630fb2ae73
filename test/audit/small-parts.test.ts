import { describe, expect, it } from "vitest";
import { actorFilter } from "../../src/audit/catalogue.js";
import { learnClientAddresses } from "../../src/audit/client-address.js";
import { parseMoment } from "../../src/audit/time-range.js";
import { at, event, pipeline, startMs, stranger } from "./sample-events.js";

describe("moments", () => {
  const now = new Date("2026-03-02T10:00:00Z");
  it.each([
    ["2026-03-01", "start", "2026-03-01T00:00:00.000Z"],
    ["2026-03-01", "end", "2026-03-01T23:59:59.999Z"],
    ["2026-03-01T14:00", "start", "2026-03-01T14:00:00.000Z"],
    ["2026-03-01 14:00:05", "end", "2026-03-01T14:00:05.000Z"],
    ["2026-03-01T14:00:00+02:00", "start", "2026-03-01T12:00:00.000Z"],
    ["24h", "start", "2026-03-01T10:00:00.000Z"],
    ["7d", "start", "2026-02-23T10:00:00.000Z"],
    ["30m", "end", "2026-03-02T09:30:00.000Z"],
    ["now", "end", "2026-03-02T10:00:00.000Z"],
  ] as const)("%s as %s", (text, edge, expected) => {
    expect(parseMoment(text, edge, now)).toBe(expected);
  });
  it.each([
    "",
    "yesterday",
    "2026-02-30",
    "2026-13-01",
    "2026-03-01T25:00",
    "2026-02-30T10:00",
    "7",
    "-1d",
    "7 d",
    "9999999d",
    "999999w",
  ])("refuses %j", (text) => {
    expect(parseMoment(text, "start", now)).toBeUndefined();
  });
});

describe("actors", () => {
  const one = event("group.added", 0, {}, { actor: { id: "7", name: "Some Body", ip: "203.0.113.7" } });
  it.each([
    ["7", true],
    ["some body", true],
    ["SOME*", true],
    ["*body", true],
    ["203.0.113.7", true],
    ["::ffff:203.0.113.7", true],
    ["203.0.113.70", false],
    ["body", false],
    ["77", false],
  ])("%s → %s", (typed, expected) => {
    expect(actorFilter(typed)(one)).toBe(expected);
  });
});

describe("the caller's own address", () => {
  const now = new Date(startMs);
  const from = (seconds: number, ip: string, actor = pipeline) =>
    event("group.added", seconds, {}, { actor: { ...actor, ip } });
  const learn = (events: Parameters<typeof learnClientAddresses>[0], actor = { id: pipeline.id }) =>
    learnClientAddresses(events, actor, now).map(({ text, confidence, events: count }) => [
      text,
      confidence,
      count,
    ]);

  it("is sure where it was seen just now, and nowhere else of late", () => {
    expect(learn([from(-60, "192.0.2.10"), from(-120, "192.0.2.10")])).toEqual([["192.0.2.10", "high", 2]]);
  });
  it("is less sure beside a second address, or after hours", () => {
    expect(learn([from(-60, "192.0.2.10"), from(-90, "192.0.2.99")])).toEqual([
      ["192.0.2.10", "medium", 1],
      ["192.0.2.99", "medium", 1],
    ]);
    expect(learn([from(-7200, "192.0.2.10")])).toEqual([["192.0.2.10", "medium", 1]]);
  });
  it("is unsure after days, and by name alone", () => {
    expect(learn([from(-200_000, "192.0.2.10")])).toEqual([["192.0.2.10", "low", 1]]);
    expect(learnClientAddresses([from(-60, "192.0.2.10")], { name: "ci" }, now)[0]?.confidence).toBe("low");
  });
  it("is nobody else's, and no garbage", () => {
    expect(learn([from(-60, "203.0.113.77", stranger), from(-60, "REDACTED"), from(-60, "1.2.3")])).toEqual(
      [],
    );
    expect(learnClientAddresses([from(-60, "192.0.2.10")], {}, now)).toEqual([]);
  });
  it("is one address in all its spellings", () => {
    const [only, ...others] = learnClientAddresses(
      [from(-60, "192.0.2.10"), from(-70, "::ffff:192.0.2.10")],
      { id: pipeline.id },
      now,
    );
    expect(others).toEqual([]);
    expect(only).toMatchObject({ events: 2, lastSeenAt: at(-60) });
  });
});
