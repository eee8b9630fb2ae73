/** What was asked, for tests that count calls. Never holds a token. */

import { present } from "../model/present.js";
import type { EmulatorReply, EmulatorRequest } from "./http.js";

interface RequestRecord {
  readonly number: number;
  /** ISO 8601, by the emulator's clock. */
  readonly at: string;
  readonly method: string;
  readonly target: string;
  readonly origin: "api" | "downloads";
  readonly address: string;
  readonly forwardedFor?: string;
  readonly userAgent?: string;
  /** The name of the token; absent where it was missing or unknown. */
  readonly token?: string;
  readonly hadAuthorization: boolean;
  readonly body: string;
  readonly status: number;
  readonly delivery: EmulatorReply["delivery"]["kind"];
  readonly faults: readonly string[];
}

export interface RequestLog {
  /** The last ten thousand, oldest first. */
  list(): readonly RequestRecord[];
  add(
    request: EmulatorRequest,
    made: EmulatorReply,
    token: string | undefined,
    faults: readonly { readonly kind: string }[],
    at: Date,
  ): void;
  /** Something that should not happen went wrong in the emulator. */
  addProblem(message: string): void;
  problems(): readonly string[];
  clear(): void;
}

const most = 10_000;
const longestBody = 65_536;

export const createRequestLog = (): RequestLog => {
  let records: RequestRecord[] = [];
  let problems: string[] = [];
  let number = 0;
  return {
    list: () => records,
    add: (request, made, token, faults, at) => {
      number += 1;
      const forwardedFor = request.headers["x-forwarded-for"];
      const userAgent = request.headers["user-agent"];
      records.push({
        number,
        at: at.toISOString(),
        method: request.method,
        target: request.target,
        origin: request.origin,
        address: request.address,
        ...present({ forwardedFor, userAgent, token }),
        hadAuthorization: request.headers.authorization !== undefined,
        body: request.body.slice(0, longestBody),
        status: made.status,
        delivery: made.delivery.kind,
        faults: faults.map(({ kind }) => kind),
      });
      if (records.length > most) records = records.slice(-most / 2);
    },
    addProblem: (message) => {
      problems = [...problems.slice(-99), message];
    },
    problems: () => problems,
    clear: () => {
      records = [];
      problems = [];
      number = 0;
    },
  };
};
