/**
 * Lengths of time, and when an entry ends. `expires` says it as a UTC date or as an instant in UTC (RFC 3339, with or
 * without seconds). A date is its first instant, so that an entry is absent from that date on.
 */

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** The units of a length of time as it is typed: `30m`, `4h`, `2w`. */
const unitMs = { ms: 1, s: 1_000, m: minuteMs, h: hourMs, d: dayMs, w: 7 * dayMs } as const;

/** `90m`, `1d12h` or `0.5s` in whole milliseconds: the sum of its parts. Which units it may have is the caller's to check. */
export const lengthOf = (text: string): number => {
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g);
  return Math.round(
    [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit as keyof typeof unitMs], 0),
  );
};

/** `600000` as `10m`: the largest unit, from days down, that says it exactly. */
export const lengthText = (ms: number): string => {
  const unit = (["d", "h", "m", "s"] as const).find((one) => ms % unitMs[one] === 0) ?? "ms";
  return `${ms / unitMs[unit]}${unit}`;
};

/** The form alone; whether the calendar has the day is the schema's to say (schemas/policy.schema.json). */
export const isExpiry = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z)?$/.test(text);

/** Milliseconds since 1970; two spellings of one instant are one number, which two texts are not. */
export const expiryTime = (text: string): number => Date.parse(text);

export const compareExpiry = (a: string, b: string): number => expiryTime(a) - expiryTime(b);

/** The instant in UTC, to the second, as `expires` takes it: `2027-01-15T18:00:00Z`. */
export const asExpiry = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`;

/** The day in UTC: `2027-01-15`. `at`: milliseconds since 1970. */
export const utcDay = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** In a sentence: `on 2027-01-15`, `at 2027-01-15T18:00Z`. */
export const onOrAt = (text: string): string => `${text.includes("T") ? "at" : "on"} ${text}`;
