/**
 * The times of logs, read from bytes: ISO 8601 with a `T` or a space, with or without seconds, a fraction and a zone (UTC
 * where none is given); seconds, milliseconds or microseconds since 1970; and what web servers write
 * (`28/Nov/2026:23:31:13 +0000`).
 */
import { dayMs } from "../model/time.js";

/** A part of some bytes; the owner reuses it, so whoever wants to keep it copies it. */
export interface Span {
  bytes: Uint8Array;
  start: number;
  end: number;
}

const emptyBytes = new Uint8Array(0);
export const emptySpan = (): Span => ({ bytes: emptyBytes, start: 0, end: 0 });

const zero = 0x30;

const digit = (bytes: Uint8Array, at: number): number => {
  const value = bytes[at]! - zero;
  return value >>> 0 > 9 ? Number.NaN : value;
};

const two = (bytes: Uint8Array, at: number): number => 10 * digit(bytes, at) + digit(bytes, at + 1);
const four = (bytes: Uint8Array, at: number): number => 100 * two(bytes, at) + two(bytes, at + 2);

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** The day of 1970-01-01 is 0; NaN for a day that no calendar has. Proleptic Gregorian, as Date is. */
const dayOf = (year: number, month: number, day: number): number => {
  const longest = (monthDays[month - 1] ?? Number.NaN) + Number(month === 2 && isLeap(year));
  if (!(day >= 1 && day <= longest)) return Number.NaN;
  // Years begin in March, so that the leap day is the last of its year.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const ofEra = shifted - 400 * era;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
};

const secondsOf = (hour: number, minute: number, second: number): number =>
  hour <= 23 && minute <= 59 && second <= 59 ? 3600 * hour + 60 * minute + second : Number.NaN;

/** Milliseconds since 1970, a fraction of one cut off; NaN where it is no time. */
export const timeOf = ({ bytes, start, end }: Span): number => {
  const length = end - start;
  if (length < 8 || length > 60) return Number.NaN;
  if (bytes[start + 4] === 0x2d && bytes[start + 7] === 0x2d) return isoTime(bytes, start, end);
  if (bytes[start + 2] === 0x2f && bytes[start + 6] === 0x2f) return serverTime(bytes, start, end);
  return epochTime(bytes, start, end);
};

const isoTime = (bytes: Uint8Array, start: number, end: number): number => {
  const day = dayOf(four(bytes, start), two(bytes, start + 5), two(bytes, start + 8)) * dayMs;
  const separator = bytes[start + 10];
  if (end - start < 16 || (separator !== 0x54 && separator !== 0x74 && separator !== 0x20)) return Number.NaN;
  if (bytes[start + 13] !== 0x3a) return Number.NaN;
  let at = start + 16;
  let seconds = 0;
  if (at + 2 < end && bytes[at] === 0x3a) {
    seconds = two(bytes, at + 1);
    at += 3;
  }
  const clock = 1000 * secondsOf(two(bytes, start + 11), two(bytes, start + 14), seconds);
  let fraction = 0;
  if (at < end && (bytes[at] === 0x2e || bytes[at] === 0x2c)) {
    let scale = 100;
    const first = at + 1;
    for (at = first; at < end && !Number.isNaN(digit(bytes, at)); at += 1) {
      fraction += scale < 1 ? 0 : scale * digit(bytes, at);
      scale /= 10;
    }
    if (at === first) return Number.NaN;
  }
  return day + clock + fraction - zoneOf(bytes, at, end);
};

/** Milliseconds east of UTC; NaN where it is no zone. */
const zoneOf = (bytes: Uint8Array, start: number, end: number): number => {
  let at = start;
  while (at < end && bytes[at] === 0x20) at += 1;
  const length = end - at;
  if (length === 0) return 0;
  if (length === 1) return (bytes[at]! | 0x20) === 0x7a ? 0 : Number.NaN;
  if (length === 3 && (bytes[at]! | 0x20) === 0x75)
    return (bytes[at + 1]! | 0x20) === 0x74 && (bytes[at + 2]! | 0x20) === 0x63 ? 0 : Number.NaN;
  const sign = bytes[at] === 0x2b ? 1 : bytes[at] === 0x2d ? -1 : Number.NaN;
  const minutesAt = bytes[at + 3] === 0x3a ? at + 4 : at + 3;
  if (length !== 3 && minutesAt + 2 !== end) return Number.NaN;
  const minutes = length === 3 ? 0 : two(bytes, minutesAt);
  const hours = two(bytes, at + 1);
  return hours <= 23 && minutes <= 59 ? sign * (60 * hours + minutes) * 60_000 : Number.NaN;
};

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const serverTime = (bytes: Uint8Array, start: number, end: number): number => {
  if (end - start < 20 || bytes[start + 11] !== 0x3a) return Number.NaN;
  const name = String.fromCharCode(...bytes.subarray(start + 3, start + 6)).toLowerCase();
  const day = dayOf(four(bytes, start + 7), months.indexOf(name) + 1, two(bytes, start)) * dayMs;
  const seconds = secondsOf(two(bytes, start + 12), two(bytes, start + 15), two(bytes, start + 18));
  return day + 1000 * seconds - zoneOf(bytes, start + 20, end);
};

/** Of 10 digits seconds, of 13 milliseconds, of 16 microseconds: from 2001 to 2286. A fraction may follow. */
const epochTime = (bytes: Uint8Array, start: number, end: number): number => {
  const text = String.fromCharCode(...bytes.subarray(start, end));
  const [, whole = ""] = /^(\d{10}|\d{13}|\d{16})(?:\.\d{1,9})?$/.exec(text) ?? [];
  if (whole === "") return Number.NaN;
  return Math.floor(Number(text) * 10 ** (13 - whole.length));
};
