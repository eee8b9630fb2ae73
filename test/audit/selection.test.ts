/** Which events a user asks for: from when to when, and by whom. */
import { describe, expect, it } from "vitest";
import { actorFilter } from "../../src/audit/catalogue.js";
import { parseMoment } from "../../src/audit/time-range.js";
import { event } from "./sample-events.js";

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
