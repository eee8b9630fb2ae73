// Answers as the API gives them (docs/service.md), and clients against a scripted server.
import {
  type ClientOptions,
  createDbtClient,
  type DbtClient,
  type Trace,
  type Wait,
} from "../../src/dbt/client.js";
import { Failure } from "../../src/model/failure.js";
import { atEnd } from "../endings.js";
import { type Reply, type ScriptedServer, type Seen, scriptedServer } from "./scripted-server.js";

export const token = "dbtu_Test+Token/With=Signs_0123456789";
export const accountId = 66847;
export const root = `/api/v3/accounts/${accountId}`;

export const ok = (data: unknown, extra?: unknown): Reply => ({
  body: {
    status: { code: 200, is_success: true, user_message: "Success!", developer_message: "" },
    data,
    ...(extra === undefined ? {} : { extra }),
  },
});

export const no = (status: number, message: string, headers: Record<string, string> = {}): Reply => ({
  status,
  headers,
  body: {
    status: { code: status, is_success: false, user_message: message, developer_message: null },
    data: null,
  },
});

export const listOf = (records: readonly unknown[], total = records.length): Reply =>
  ok(records, { filters: {}, order_by: "id", pagination: { count: records.length, total_count: total } });

/** `10.0.0.0/8` is `::ffff:10.0.0.0/104` (docs/service.md, "Rules"). */
const mappedForm = (cidr: string): string => {
  if (cidr.includes(":")) return cidr;
  const [address, length = "32"] = cidr.split("/");
  return `::ffff:${address}/${96 + Number(length)}`;
};

export const wireEntry = (id: number, cidr: string, more: object = {}) => ({
  id,
  state: 1,
  ip_restriction_rule_id: 739,
  enabled: true,
  cidr,
  cidr_ipv6: mappedForm(cidr),
  created_at: "2025-08-12 02:23:09.391280+00:00",
  updated_at: "2025-08-12 02:23:09.391294+00:00",
  ...more,
});

export const wireRule = (more: object = {}) => ({
  id: 739,
  name: "Office",
  type: 1,
  state: 1,
  ip_restriction_rule_set_id: 10,
  rule_set_enabled: false,
  account_id: accountId,
  cidrs: [wireEntry(4522, "192.0.2.0/24")],
  created_by_id: null,
  created_by_service_token_id: 68602,
  enabled_for_service_tokens: true,
  description: "Where people sit",
  created_at: "2025-08-12 02:23:09.329125+00:00",
  updated_at: "2025-08-12 02:23:09.329138+00:00",
  ...more,
});

export interface Bench {
  readonly client: DbtClient;
  readonly server: ScriptedServer;
  readonly seen: readonly Seen[];
  readonly waits: Wait[];
  readonly traces: Trace[];
  /** Milliseconds of every sleep, none of which takes time. */
  readonly sleeps: number[];
}

export const closing = <T extends { close(): Promise<void> }>(thing: T): T => {
  atEnd(() => thing.close());
  return thing;
};

/** A client whose waits take no time, against a server that answers from `script`. */
export const bench = async (
  script: readonly Reply[] | ((seen: Seen) => Reply),
  options: Partial<ClientOptions> = {},
): Promise<Bench> => {
  const server = closing(await scriptedServer(script));
  const waits: Wait[] = [];
  const traces: Trace[] = [];
  const sleeps: number[] = [];
  const client = closing(
    createDbtClient({
      baseUrl: server.url,
      accountId,
      token,
      now: () => new Date("2026-11-20T12:00:00Z"),
      sleep: async (milliseconds) => {
        sleeps.push(milliseconds);
      },
      random: () => 1,
      onWait: (wait) => waits.push(wait),
      onTrace: (trace) => traces.push(trace),
      ...options,
    }),
  );
  return { client, server, seen: server.seen, waits, traces, sleeps };
};

/** The failure that a promise ends with; any other end fails the test. */
export const failureOf = async (promise: Promise<unknown>): Promise<Failure> => {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error("it did not fail");
};

export const codeOf = async (promise: Promise<unknown>): Promise<string | undefined> =>
  (await failureOf(promise)).diagnostics[0]?.code;
