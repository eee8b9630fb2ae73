/** The emulator's clock: the machine's, moved by an offset, and never the same microsecond twice. */

/**
 * Time as the service writes it (docs/service.md, "Rules"): `2025-08-12 02:23:09.391280+00:00`.
 * Inside the emulator an instant is a whole number of microseconds since 1970, UTC.
 */
export type Micros = number;

const microsPerMilli = 1000;
export const microsPerSecond = 1_000_000;
export const microsPerDay = 86_400 * microsPerSecond;

const microsOf = (date: Date): Micros => date.getTime() * microsPerMilli;
export const dateOf = (at: Micros): Date => new Date(Math.floor(at / microsPerMilli));

/** `2025-08-12 02:23:09` */
const seconds = (at: Micros): string => dateOf(at).toISOString().slice(0, 19).replace("T", " ");

export const formatTimestamp = (at: Micros): string => {
  const fraction = String(((at % microsPerSecond) + microsPerSecond) % microsPerSecond).padStart(6, "0");
  return `${seconds(at)}.${fraction}+00:00`;
};

/** Whole seconds, as the earlier record shape has `logged_at`. */
export const formatSeconds = (at: Micros): string => `${seconds(at)}+00:00`;

/** As `extra.filters.logged_at__range` shows its ends. */
export const formatRangeEnd = (at: Micros): string => `${seconds(at)}Z`;

const datePattern = /^\d{4}-\d{2}-\d{2}$/;
const instantPattern = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/;

/** An instant, or a date: `edge` says whether a date means its first or its last microsecond. */
export const parseInstant = (text: string, edge: "start" | "end"): Micros | undefined => {
  if (datePattern.test(text)) {
    const start = Date.parse(`${text}T00:00:00Z`);
    if (Number.isNaN(start) || new Date(start).toISOString().slice(0, 10) !== text) return undefined;
    return start * microsPerMilli + (edge === "end" ? microsPerDay - 1 : 0);
  }
  // A query's `+` may have been decoded to a blank: `...00 00:00`.
  const match = instantPattern.exec(
    text.replace(/ (\d{2}:\d{2})$/, "+$1").replace(/^(\d{4}-\d{2}-\d{2})\+/, "$1T"),
  );
  if (match === null) return undefined;
  const iso = match[0].replace(" ", "T");
  const parsed = Date.parse(match[3] === undefined ? `${iso}Z` : iso);
  return Number.isNaN(parsed) ? undefined : parsed * microsPerMilli;
};

export interface Clock {
  /** Strictly increasing, so that the order of stamps is the order of things. */
  tick(): Micros;
  /** Without moving on. */
  now(): Micros;
  offsetMs: number;
}

export const createClock = (read: () => Date): Clock => {
  let last = 0;
  const clock: Clock = {
    offsetMs: 0,
    now: () => microsOf(read()) + clock.offsetMs * 1000,
    tick: () => {
      last = Math.max(clock.now(), last + 13);
      return last;
    },
  };
  return clock;
};
