/** An answer that was read to its end, and what its bytes say: the envelope, a bare value, or an HTML page. */
import { type Failure, failure } from "../model/failure.js";
import { redact } from "../model/secrets.js";
import { jsonBounds, mostDepth, mostValues } from "./json-bounds.js";

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

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
    return { problem: notJson("answer-empty", `${host} answered ${request} with nothing`) };
  }
  if (looksLikeHtml(answer)) {
    const title = htmlTitle(bytes);
    const named = title === undefined ? "" : ` titled "${title}"`;
    return {
      problem: notJson(
        "answer-is-html",
        `${host} answered ${request} with an HTML page${named}, not with JSON`,
      ),
    };
  }
  const { depth, values, unfinished } = jsonBounds(bytes);
  if (depth > mostDepth || values > mostValues) {
    const message = `The answer of ${host} to ${request} is nested deeper, or holds more values, than any answer of this API`;
    return { problem: notJson("answer-too-complex", message) };
  }
  const text = decodeText(bytes);
  if (text !== undefined) {
    try {
      return { value: JSON.parse(text) };
    } catch {
      // The parser's message repeats parts of the answer; all that matters of it is whether its end is missing.
      if (unfinished) {
        const message = `The answer of ${host} to ${request} breaks off after ${bytes.length} bytes`;
        return { problem: notJson("answer-truncated", message) };
      }
    }
  }
  return {
    problem: notJson("answer-not-json", `${host} answered ${request} with something that is not JSON`),
  };
};

const decodeText = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

const notJson = (code: string, message: string): Failure =>
  failure(
    code,
    message,
    "Check that the host is your dbt access URL and that no proxy or login page stands between, then run it again",
  );

/** Reads the envelope leniently: whoever needs a field of `data` checks that field. */
export const openEnvelope = (value: unknown): Envelope => {
  if (!isRecord(value) || !("data" in value || isRecord(value.status))) {
    return { enveloped: false, data: value, extra: undefined, status: {} };
  }
  const status = isRecord(value.status) ? value.status : {};
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
