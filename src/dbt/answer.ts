/** An answer that was read to its end, and what its bytes say: the envelope, a bare value, or an HTML page. */

import type { ValueKind } from "../model/codes/service.js";
import { type Failure, failure } from "../model/failure.js";
import { isObject } from "../model/json.js";
import { type Redact, redact } from "../model/secrets.js";

/** No answer of this API is nested deeper than about ten (docs/service.md); what walks a value may recurse this far. */
export const mostDepth = 100;
/** Values in one answer. A page of 100 rules with 1,000 ranges each holds 800,000. */
const mostValues = 4_000_000;

/**
 * How deep and how wide a JSON text is, found out in one pass over its bytes, before anything is built from it: a
 * parser, a printer or a regular expression on a hostile answer would run out of stack or memory.
 */
interface JsonBounds {
  /** The deepest nesting of objects and lists. */
  readonly depth: number;
  /** Upper bound for the number of values. */
  readonly values: number;
  /** Begins as an object or a list, and ends inside it. */
  readonly unfinished: boolean;
}

const quote = 0x22;
const comma = 0x2c;
const openList = 0x5b;
const backslash = 0x5c;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** Takes UTF-8, in which these bytes are never a part of another character. Never throws. */
export const jsonBounds = (bytes: Uint8Array): JsonBounds => {
  let open = 0;
  let depth = 0;
  let values = 1;
  let inText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === comma) values += 1;
    else if (byte === openList || byte === openObject) {
      open += 1;
      values += 1;
      depth = Math.max(depth, open);
    } else if (byte === closeList || byte === closeObject) open -= 1;
  }
  return { depth, values, unfinished: beginsOpen(bytes) && open > 0 };
};

const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

const beginsOpen = (bytes: Uint8Array): boolean => {
  const first = bytes.find((byte) => !blanks.has(byte));
  return first === openList || first === openObject;
};

export interface Answer {
  readonly kind: "answer";
  /** `GET /api/v3/accounts/1/ip-restrictions/`: for messages. */
  readonly request: string;
  readonly host: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  /** ISO 8601 UTC, from the `Date` header. */
  readonly serverAt?: string;
}

/** The envelope of docs/service.md, or a bare value, which then is `data`. */
export interface Envelope {
  readonly enveloped: boolean;
  readonly data: unknown;
  readonly extra: unknown;
  readonly status: {
    readonly code?: number;
    readonly isSuccess?: boolean;
    readonly userMessage?: string;
    readonly developerMessage?: string;
  };
}

/** The `Date` header as ISO 8601 UTC. */
export const serverTime = (headers: Readonly<Record<string, string>>): { serverAt?: string } => {
  const at = headers.date === undefined ? Number.NaN : Date.parse(headers.date);
  return Number.isNaN(at) ? {} : { serverAt: new Date(at).toISOString() };
};

export const looksLikeHtml = ({ headers, bytes }: Pick<Answer, "headers" | "bytes">): boolean =>
  /^(?:text\/html|application\/xhtml)/i.test(headers["content-type"] ?? "") ||
  /^\s*<(?:!doctype|html|head|body)/i.test(Buffer.from(bytes.subarray(0, 256)).toString("latin1"));

/** An HTML page's title, shortened: all of a page that is worth repeating. */
export const htmlTitle = (bytes: Uint8Array): string | undefined => {
  const head = Buffer.from(bytes.subarray(0, 65_536)).toString("utf8");
  const title = /<title[^>]{0,400}>([^<]{0,400})/i.exec(head)?.[1]?.replace(/\s+/g, " ").trim();
  return title === undefined || title === "" ? undefined : shorten(title, 120);
};

/** Redacts first: a token that is cut in two would not be found any more. */
export const shorten = (text: string, length: number): string => {
  const shown = redact(text);
  return shown.length <= length ? shown : `${shown.slice(0, length - 1)}…`;
};

/** The JSON value of an answer, or why there is none. */
export const parseJson = (answer: Answer): { readonly value: unknown } | { readonly problem: Failure } => {
  const { bytes, request, host } = answer;
  if (bytes.length === 0) {
    return { problem: failure("answer-empty", { host, request }) };
  }
  if (looksLikeHtml(answer)) {
    return { problem: failure("answer-is-html", { host, request, title: htmlTitle(bytes) }) };
  }
  const { depth, values, unfinished } = jsonBounds(bytes);
  if (depth > mostDepth || values > mostValues)
    return { problem: failure("answer-too-complex", { host, request }) };
  const text = decodeText(bytes);
  if (text !== undefined) {
    try {
      return { value: JSON.parse(text) };
    } catch {
      // The parser's message repeats parts of the answer; all that matters of it is whether its end is missing.
      if (unfinished) return { problem: failure("answer-truncated", { host, request, bytes: bytes.length }) };
    }
  }
  return { problem: failure("answer-not-json", { host, request }) };
};

const decodeText = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** Reads the envelope leniently: whoever needs a field of `data` checks that field. */
export const openEnvelope = (value: unknown): Envelope => {
  if (!isObject(value) || !("data" in value || isObject(value.status))) {
    return { enveloped: false, data: value, extra: undefined, status: {} };
  }
  const status = isObject(value.status) ? value.status : {};
  return {
    enveloped: true,
    data: value.data,
    extra: value.extra,
    status: {
      ...(typeof status.code === "number" ? { code: status.code } : {}),
      ...(typeof status.is_success === "boolean" ? { isSuccess: status.is_success } : {}),
      ...(typeof status.user_message === "string" ? { userMessage: status.user_message } : {}),
      ...(typeof status.developer_message === "string" ? { developerMessage: status.developer_message } : {}),
    },
  };
};

/** A value and its way up, from which messages make its path: `data[3].cidrs[0].id`. */
export interface JsonPath {
  readonly value: unknown;
  /** The field's name or the item's index; empty for a bare answer. */
  readonly key: string | number;
  /** What it is in; at the top whose answer it is, and to what: `ab123.us1.dbt.com to GET /api/...`. */
  readonly within: JsonPath | string;
}

export const dataOf = ({ host, request }: Answer, { data, enveloped }: Envelope): JsonPath => ({
  value: data,
  key: enveloped ? "data" : "",
  within: `${host} to ${request}`,
});

const pathOf = ({ key, within }: JsonPath): string => {
  const front = typeof within === "string" ? "" : pathOf(within);
  if (typeof key === "number") return `${front}[${key}]`;
  return front === "" ? key : `${front}.${key}`;
};

const answerOf = ({ within }: JsonPath): string => (typeof within === "string" ? within : answerOf(within));

export const unexpected = (place: JsonPath, expected: string): Failure =>
  failure("answer-unexpected", {
    answer: answerOf(place),
    path: pathOf(place),
    found: kindOf(place.value),
    expected,
  });

/** A 2xx whose envelope says that it is no success. Redacts before it shortens, which could cut the token in two. */
export const brokenEnvelope = (
  { host, request, status }: Answer,
  { status: said }: Envelope,
  redact: Redact,
): Failure => {
  const words = said.userMessage ? shorten(redact(said.userMessage), 300) : "";
  return failure("answer-contradicts-itself", { host, request, status, code: said.code, said: words });
};

const kindOf = (value: unknown): ValueKind => {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
};

/**
 * Reading a wire value field by field. Each function throws a `Failure` that says where in which answer
 * something else was found than expected; values themselves are not repeated in messages.
 */
export const field = (place: JsonPath, name: string): JsonPath => {
  if (!isObject(place.value)) throw unexpected(place, "an object");
  return { value: place.value[name], key: name, within: place };
};

export const items = (place: JsonPath): readonly JsonPath[] => {
  if (!Array.isArray(place.value)) throw unexpected(place, "a list");
  const list: readonly unknown[] = place.value;
  return list.map((value, key) => ({ value, key, within: place }));
};

/** Characters of one text; names, descriptions and ranges are far shorter, and everything after relies on it. */
const longestText = 100_000;

export const text = (place: JsonPath): string => {
  if (typeof place.value !== "string") throw unexpected(place, "a text");
  if (place.value.length > longestText)
    throw unexpected(place, `a text of at most ${longestText} characters`);
  return place.value;
};

/** A whole number that a double holds exactly. */
export const integer = (place: JsonPath): number => {
  if (typeof place.value !== "number" || !Number.isSafeInteger(place.value)) {
    throw unexpected(place, "a whole number");
  }
  return place.value;
};

export const truth = (place: JsonPath): boolean => {
  if (typeof place.value !== "boolean") throw unexpected(place, "true or false");
  return place.value;
};

/** Undefined for a field that is absent or null; else what `read` makes of it. */
export const optional = <T>(place: JsonPath, read: (place: JsonPath) => T): T | undefined =>
  place.value === undefined || place.value === null ? undefined : read(place);

const longestInstant = 60;

/**
 * A timestamp as ISO 8601 UTC. Takes a space for the `T`, and reads a time without a zone as UTC
 * (docs/service.md, "Rules"). Undefined where it is not one.
 */
export const isoInstant = (value: string): string | undefined => {
  if (value.length > longestInstant) return undefined;
  const shape =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|[+-]\d\d:?\d\d|[+-]\d\d)?$/i.exec(
      value.trim(),
    );
  if (shape === null) return undefined;
  const [, date, time, zone = "Z"] = shape;
  const offset = /^(?:z|utc)$/i.test(zone)
    ? "Z"
    : zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, h, m) => `${h}:${m ?? "00"}`);
  const at = Date.parse(`${date}T${time}${offset}`);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
};

export const instant = (place: JsonPath): string => {
  const iso = isoInstant(text(place));
  if (iso === undefined) throw unexpected(place, "a timestamp");
  return iso;
};
