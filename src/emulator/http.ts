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

/** How a reply is sent; everything but `send` is a fault. */
type Delivery =
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
