/** Moments as users write them: a date, a time, or how long ago. Pure: `now` is an argument. */
import { dayMs, lengthOf } from "../model/time.js";

const day = /^\d{4}-\d{2}-\d{2}$/;
const time = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?$/i;

const instantOf = (text: string): number | undefined => {
  const at = Date.parse(text);
  // Date.parse rolls 2026-02-30 over into March; the date as it was written must come back.
  const date = text.slice(0, 10);
  const rolled =
    Number.isNaN(at) || new Date(Date.parse(`${date}T00:00:00Z`)).toISOString().slice(0, 10) !== date;
  return rolled ? undefined : at;
};

/**
 * ISO 8601 UTC; undefined where the text is no moment. A date means its first instant as a start and its last as an
 * end; a time without a zone is UTC; `24h`, `7d`, `30m`, `2w` count back from `now`; `now` is now.
 */
export const parseMoment = (text: string, edge: "start" | "end", now: Date): string | undefined => {
  if (text === "now") return now.toISOString();
  if (/^\d{1,6}[mhdw]$/.test(text)) {
    const at = now.getTime() - lengthOf(text);
    return at < 0 ? undefined : new Date(at).toISOString();
  }
  return parseInstant(text, edge);
};

/** The same for a date or a time alone. */
export const parseInstant = (text: string, edge: "start" | "end"): string | undefined => {
  if (day.test(text)) {
    const at = instantOf(`${text}T00:00:00Z`);
    return at === undefined ? undefined : new Date(edge === "start" ? at : at + dayMs - 1).toISOString();
  }
  const parts = time.exec(text);
  if (parts === null) return undefined;
  const at = instantOf(`${parts[1]}T${parts[2]}${parts[3] ?? "Z"}`);
  return at === undefined ? undefined : new Date(at).toISOString();
};
