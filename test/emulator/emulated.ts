/** An emulator in this process, and calls to it as a client would make them. */
import { createEmulator, type Emulator } from "../../src/emulator/emulator.js";
import type { EmulatorReply } from "../../src/emulator/http.js";
import type { EmulatorOptions } from "../../src/emulator/settings.js";

export const accountId = 66847;
export const base = `/api/v3/accounts/${accountId}`;
export const tokens = {
  admin: "service-token-of-the-test",
  personal: "personal-token-of-the-test",
  viewer: "viewer-token-of-the-test",
} as const;

export const options = (more: Partial<EmulatorOptions> = {}): EmulatorOptions => ({
  accountId,
  tokens: [
    { token: tokens.admin, kind: "service", role: "admin", name: "pipeline" },
    { token: tokens.personal, kind: "personal", role: "admin", name: "person" },
    { token: tokens.viewer, kind: "service", role: "viewer", name: "viewer" },
  ],
  ...more,
});

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // The shape of an answer is what a test is about.
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
  readonly delivery: EmulatorReply["delivery"]["kind"];
}

export interface CallOptions {
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly from?: string;
  /** Sent as it is. */
  readonly text?: string;
  readonly origin?: "api" | "downloads";
}

const parsed = (text: string, headers: Readonly<Record<string, string>>): unknown =>
  headers["content-type"]?.startsWith("application/json") ? JSON.parse(text) : undefined;

export const call = (
  emulator: Pick<Emulator, "handle">,
  method: string,
  target: string,
  body?: unknown,
  more: CallOptions = {},
): Answer => {
  const token = more.token === undefined ? tokens.admin : more.token;
  const made = emulator.handle({
    method,
    target: target.startsWith("/api") || target.startsWith("/_") || more.origin ? target : `${base}${target}`,
    headers: {
      ...(token === null ? {} : { authorization: `Token ${token}` }),
      "content-type": "application/json",
      ...(more.from === undefined ? {} : { "x-forwarded-for": more.from }),
      ...more.headers,
    },
    body: more.text ?? (body === undefined ? "" : JSON.stringify(body)),
    address: "127.0.0.1",
    origin: more.origin ?? "api",
  });
  const text = typeof made.body === "string" ? made.body : [...made.body].join("");
  return {
    status: made.status,
    headers: made.headers,
    text,
    json: parsed(text, made.headers),
    delivery: made.delivery.kind,
  };
};

export const ruleBody = (
  cidrs: readonly (string | Record<string, unknown>)[],
  more: Record<string, unknown> = {},
) => ({
  name: "Office",
  type: 1,
  account_id: accountId,
  cidrs: cidrs.map((cidr) => (typeof cidr === "string" ? { cidr } : cidr)),
  ...more,
});

export const emulate = (more: Partial<EmulatorOptions> = {}): Emulator => createEmulator(options(more));
