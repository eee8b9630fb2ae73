/**
 * When an entry ends, as `expires` says it: a UTC date, or an instant in UTC (RFC 3339, with or without seconds). A date
 * is its first instant, so that an entry is absent from that date on.
 */

/** The form alone; whether the calendar has the day is the schema's to say (schemas/policy.schema.json). */
export const isExpiry = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z)?$/.test(text);

/** Milliseconds since 1970; two spellings of one instant are one number, which two texts are not. */
export const expiryTime = (text: string): number => Date.parse(text);

export const compareExpiry = (a: string, b: string): number => expiryTime(a) - expiryTime(b);

/** The instant in UTC, to the second, as `expires` takes it: `2027-01-15T18:00:00Z`. */
export const asExpiry = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`;

/** In a sentence: `on 2027-01-15`, `at 2027-01-15T18:00Z`. */
export const onOrAt = (text: string): string => `${text.includes("T") ? "at" : "on"} ${text}`;
