import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { duration, rehearsalOptions } from "../../src/cli/arguments/options.js";
import type { Io } from "../../src/cli/io.js";
import { wholeProgram } from "../../src/cli/run.js";

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
    ["1h30m", 5_400_000],
    ["1.001m", 60_060],
    ["1w", 604_800_000],
  ])("%s is %d ms", (text, expected) => expect(duration(text)).toBe(expected));

  it("is never longer than a timer can wait", () => {
    expect(duration("24d")).toBe(2_073_600_000);
    for (const text of ["30d", "25d", "2147484", "999999999h"]) expect(() => duration(text)).toThrow();
  });

  it.each(["", "-1s", "1y", "s", "1e3", "5 m", "1h30"])("refuses %j", (text) =>
    expect(() => duration(text)).toThrow(),
  );
});

describe("every option that takes a length of time", () => {
  const io: Io = {
    env: {},
    cwd: "/",
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    now: () => new Date("2027-01-15T12:00:00Z"),
    signal: new AbortController().signal,
    isInterrupted: () => false,
  };
  /** What takes a number without a unit, as seconds. */
  const waits = ["--audit-timeout", "--timeout", "--skew", "--interval", "--lateness"];
  const all = async () =>
    (await wholeProgram(io)).commands
      .flatMap((one) => [one, ...one.commands])
      .flatMap((one) => one.options.filter(({ flags }) => flags.endsWith("<time>")));

  it("takes the same units and their sums, and says so of what it does not take", async () => {
    const options = await all();
    expect(options.map(({ long }) => long)).toEqual(
      expect.arrayContaining([...waits, "--confirm", "--for", "--hold-out"]),
    );
    for (const { long, parseArg } of options) {
      const read = (text: string) => parseArg?.(text, undefined as never);
      const takes = (text: string) => expect(() => read(text), `${long} ${text}`);
      for (const text of ["2h", "90m", "1d12h", "1w", "5000ms", "1h30m"]) takes(text).not.toThrow();
      expect(read("1d12h"), long).toEqual(read("36h"));
      for (const text of ["", "1y", "soon", "5 m"]) takes(text).toThrow();
      if (waits.includes(long ?? "")) takes("90").not.toThrow();
      else takes("90").toThrow();
    }
  });
});
