/**
 * The times of logs: ISO 8601 with a `T` or a space, with or without seconds, a fraction and a zone (UTC
 * where none is given); seconds, milliseconds or microseconds since 1970; and what web servers write
 * (`28/Nov/2026:23:31:13 +0000`).
 */
import { dayMs } from "../model/time.js";

const zero = 0x30;

/** The digits from `at` on as a number; -1 where one of them is none. */
const digits = (text: string, at: number, count: number): number => {
  let number = 0;
  for (let index = at; index < at + count; index += 1) {
    const digit = text.charCodeAt(index) - zero;
    if (!(digit >= 0 && digit <= 9)) return -1;
    number = 10 * number + digit;
  }
  return number;
};

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** The day of 1970-01-01 is 0; NaN for a day that no calendar has. Proleptic Gregorian, as Date is. */
const dayOf = (year: number, month: number, day: number): number => {
  const longest = (monthDays[month - 1] ?? 0) + Number(month === 2 && isLeap(year));
  if (year < 0 || day < 1 || day > longest) return Number.NaN;
  // Years begin in March, so that the leap day is the last of its year.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const ofEra = shifted - 400 * era;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
};

/** Of the day, in milliseconds. */
const clockOf = (hour: number, minute: number, second: number): number => {
  const isClock = hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
  return isClock ? 1000 * (3600 * hour + 60 * minute + second) : Number.NaN;
};

/** Milliseconds since 1970, a fraction of one cut off; NaN where it is no time. Blanks around it are no part of it. */
export const timeOf = (written: string): number => {
  const text = written.trim();
  if (text.length < 8 || text.length > 60) return Number.NaN;
  if (text[4] === "-" && text[7] === "-") return isoTime(text);
  if (text[2] === "/" && text[6] === "/") return serverTime(text);
  return epochTime(text);
};

const isoTime = (text: string): number => {
  const day = dayOf(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2)) * dayMs;
  const separator = text[10];
  if (text.length < 16 || (separator !== "T" && separator !== "t" && separator !== " ")) return Number.NaN;
  if (text[13] !== ":") return Number.NaN;
  const hasSeconds = text[16] === ":";
  const clock = clockOf(digits(text, 11, 2), digits(text, 14, 2), hasSeconds ? digits(text, 17, 2) : 0);
  let at = hasSeconds ? 19 : 16;
  let fraction = 0;
  if (text[at] === "." || text[at] === ",") {
    const first = at + 1;
    for (at = first; digits(text, at, 1) >= 0; at += 1)
      if (at < first + 3) fraction = 10 * fraction + digits(text, at, 1);
    if (at === first) return Number.NaN;
    for (let missing = at; missing < first + 3; missing += 1) fraction *= 10;
  }
  return day + clock + fraction - zoneOf(text.slice(at).trim());
};

/** Milliseconds east of UTC; NaN where it is no zone. */
const zoneOf = (zone: string): number => {
  if (zone === "" || zone === "+00:00" || /^(?:z|utc)$/i.test(zone)) return 0;
  const [, sign, hours, minutes = "00"] = /^([+-])(\d\d)(?::?(\d\d))?$/.exec(zone) ?? [];
  if (sign === undefined || Number(hours) > 23 || Number(minutes) > 59) return Number.NaN;
  return (sign === "+" ? 1 : -1) * (60 * Number(hours) + Number(minutes)) * 60_000;
};

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const serverTime = (text: string): number => {
  if (text.length < 20 || text[11] !== ":") return Number.NaN;
  const month = months.indexOf(text.slice(3, 6).toLowerCase()) + 1;
  const day = dayOf(digits(text, 7, 4), month, digits(text, 0, 2)) * dayMs;
  const clock = clockOf(digits(text, 12, 2), digits(text, 15, 2), digits(text, 18, 2));
  return day + clock - zoneOf(text.slice(20).trim());
};

/** Of 10 digits seconds, of 13 milliseconds, of 16 microseconds: from 2001 to 2286. A fraction may follow. */
const epochTime = (text: string): number => {
  const [, whole = ""] = /^(\d{10}|\d{13}|\d{16})(?:\.\d{1,9})?$/.exec(text) ?? [];
  if (whole === "") return Number.NaN;
  return Math.floor(Number(text) * 10 ** (13 - whole.length));
};
