/** Requests and replies without sockets, and the two kinds of bodies: the envelope and HTML pages. */

export interface EmulatorRequest {
  readonly method: string;
  /** Path and query, as on the request line. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The body's bytes were no UTF-8, and some are lost. */
  readonly isDamaged?: boolean;
  /** The peer's address. */
  readonly address: string;
  /** Which of the two origins was asked: the API, or the one that export downloads come from. */
  readonly origin: "api" | "downloads";
}

/** How a reply goes out; everything but `send` is a fault. */
export type Delivery =
  | { readonly kind: "send" }
  | { readonly kind: "reset" }
  | { readonly kind: "hang"; readonly ms?: number }
  | { readonly kind: "truncate"; readonly bytes?: number };

export interface EmulatorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** An iterable is made while it is sent. */
  readonly body: string | Iterable<string>;
  readonly delivery: Delivery;
  readonly delayMs: number;
}

export const reply = (
  status: number,
  headers: Record<string, string>,
  body: string | Iterable<string>,
): EmulatorReply => ({
  status,
  headers,
  body,
  delivery: { kind: "send" },
  delayMs: 0,
});

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): EmulatorReply =>
  reply(status, { "content-type": "application/json", ...headers }, JSON.stringify(value));

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  500: "Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};

/** What a wrong path, a bad payload or a deleted rule gets (docs/service.md, "Answers and limits"). */
export const html = (status: number, headers: Record<string, string> = {}): EmulatorReply => {
  const title = `${titles[status] ?? "Error"} (${status})`;
  return reply(
    status,
    { "content-type": "text/html; charset=utf-8", ...headers },
    `<!doctype html>\n<html lang="en">\n<head>\n  <title>${title}</title>\n</head>\n<body>\n  <h1>${title}</h1>\n</body>\n</html>\n`,
  );
};

const status = (code: number, userMessage: string, developerMessage: string | null) => ({
  code,
  is_success: code < 400,
  user_message: userMessage,
  developer_message: developerMessage,
});

/** Keys in the order of the published answers; `errorCode` adds `error_code: null` behind them. */
export const success = (
  data: unknown,
  options: { readonly extra?: unknown; readonly errorCode?: boolean } = {},
): EmulatorReply =>
  json(200, {
    status: status(200, "Success!", ""),
    data,
    extra: options.extra ?? {},
    ...(options.errorCode === true ? { error_code: null } : {}),
  });

export const problem = (
  code: number,
  message: string,
  options: {
    readonly extra?: unknown;
    readonly headers?: Record<string, string>;
    readonly developer?: string;
  } = {},
): EmulatorReply =>
  json(
    code,
    {
      status: status(code, message, options.developer ?? ""),
      data: null,
      extra: options.extra ?? {},
      error_code: null,
    },
    options.headers,
  );

/** The documented answer to a caller whom the rules keep out, exactly (docs/service.md, "The rule set"). */
export const accessDenied = (
  accountId: number,
  userId: number | null,
  isServiceToken: boolean,
): EmulatorReply =>
  json(403, {
    status: status(403, "Forbidden: Access denied", null),
    data: {
      account_id: accountId,
      user_id: userId,
      is_service_token: isServiceToken,
      account_access_denied: true,
    },
  });

type Field = readonly [name: string, value: string];

const wholeNumbers: ReadonlySet<string> = new Set(["account_id", "id", "type", "state"]);
const booleans: ReadonlySet<string> = new Set(["enabled", "rule_set_enabled"]);

/** Text that is no such value stays text, for the check of the body to refuse. */
const typed = (name: string, text: string): unknown => {
  if (wholeNumbers.has(name) && /^\d{1,15}$/.test(text)) return Number(text);
  if (booleans.has(name) && /^(true|1|on)$/i.test(text)) return true;
  if (booleans.has(name) && /^(false|0|off)$/i.test(text)) return false;
  return text;
};

/** `[…]` is the list, `{…}` one of it; anything else stays as it is. */
const rangesOf = (text: string): readonly unknown[] => {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch {
    return [text];
  }
};

const rangeField = /^cidrs\[(\d{1,4})\](?:\.(\w+)|\[(\w+)\]|(\w+))$/;

const bodyOf = (fields: readonly Field[]): Readonly<Record<string, unknown>> => {
  const body = new Map<string, unknown>();
  const whole: unknown[] = [];
  const byIndex = new Map<number, Map<string, unknown>>();
  for (const [name, value] of fields) {
    const match = rangeField.exec(name);
    const key = match?.[2] ?? match?.[3] ?? match?.[4];
    if (name === "cidrs") whole.push(...rangesOf(value));
    else if (match === null || key === undefined) body.set(name, typed(name, value));
    else {
      const index = Number(match[1]);
      byIndex.set(index, (byIndex.get(index) ?? new Map<string, unknown>()).set(key, typed(key, value)));
    }
  }
  const indexed = [...byIndex].sort(([a], [b]) => a - b).map(([, range]) => Object.fromEntries(range));
  const cidrs = [...whole, ...indexed];
  return { ...Object.fromEntries(body), ...(cidrs.length === 0 ? {} : { cidrs }) };
};

/** RFC 7578: parts between boundary lines; the text of each that has a name. Undefined: not such a body. */
const multipartFields = (contentType: string, text: string): readonly Field[] | undefined => {
  const found = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) return undefined;
  const [, ...parts] = `\r\n${text}`.split(`\r\n--${boundary}`);
  if (!parts.pop()?.startsWith("--")) return undefined;
  const fields: Field[] = [];
  for (const part of parts) {
    const end = part.indexOf("\r\n\r\n");
    const name = /^content-disposition:[^\r\n]*;\s*name="([^"]*)"/im.exec(part.slice(0, end))?.[1];
    if (end < 0 || name === undefined) return undefined;
    fields.push([name, part.slice(end + 4)]);
  }
  return fields;
};

export type ReadForm =
  | { readonly kind: "form"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: "malformed" }
  | { readonly kind: "no-form" };

/**
 * Bodies written as forms, which the OpenAPI description lists beside JSON: made into what the same body would
 * be as JSON. How a form writes a list of ranges is not published: `cidrs[0].cidr`, `cidrs[0][cidr]`,
 * `cidrs[0]cidr`, and JSON text in `cidrs` are taken [assumed].
 *
 * `contentType` as it was sent.
 */
export const readForm = (contentType: string, text: string): ReadForm => {
  const type = contentType.split(";")[0]?.trim().toLowerCase();
  if (type === "application/x-www-form-urlencoded")
    return { kind: "form", value: bodyOf([...new URLSearchParams(text)]) };
  if (type !== "multipart/form-data") return { kind: "no-form" };
  const fields = multipartFields(contentType, text);
  return fields === undefined ? { kind: "malformed" } : { kind: "form", value: bodyOf(fields) };
};
