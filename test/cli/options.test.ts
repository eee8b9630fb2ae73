import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { duration, rehearsalOptions } from "../../src/cli/arguments/options.js";

const nowOf = (text: string): string => {
  const command = rehearsalOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse(["--now", text], { from: "user" });
  // What commander keeps is unknown; `instant` gives a date.
  return (command.opts()["now"] as Date).toISOString();
};

describe("--now", () => {
  it.each([
    ["2027-01-15", "2027-01-15T00:00:00.000Z"],
    ["2028-02-29", "2028-02-29T00:00:00.000Z"],
    ["2027-01-15T10:30", "2027-01-15T10:30:00.000Z"],
    ["2027-01-15T10:30:05Z", "2027-01-15T10:30:05.000Z"],
    ["2027-01-15T01:00:00+02:00", "2027-01-14T23:00:00.000Z"],
  ])("%s is %s, on any machine", (text, expected) => expect(nowOf(text)).toBe(expected));

  it.each(["2026-02-30", "2027-02-29T10:00", "2027-13-01", "2027-1-5", "tomorrow", "", "2027-01-15T25:00"])(
    "refuses %j",
    (text) => expect(() => nowOf(text)).toThrow(),
  );
});

describe("a duration", () => {
  it.each([
    ["60", 60_000],
    ["60s", 60_000],
    ["1.5s", 1_500],
    ["250ms", 250],
    ["5m", 300_000],
    ["1h", 3_600_000],
  ])("%s is %d ms", (text, expected) => expect(duration(text)).toBe(expected));

  it("is never longer than a timer can wait", () => {
    expect(duration("24d")).toBe(2_073_600_000);
    for (const text of ["30d", "25d", "2147484", "999999999h"]) expect(() => duration(text)).toThrow();
  });

  it.each(["", "-1s", "1w", "s", "1e3", "5 m"])("refuses %j", (text) =>
    expect(() => duration(text)).toThrow(),
  );
});
