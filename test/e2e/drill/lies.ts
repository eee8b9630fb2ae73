/**
 * A server that lies: whatever it has done with a call, it answers with any status, any shape, any size and any
 * delay. A lie is an answer and whether the call took effect; what happens after it is the drill's (drill.ts).
 */
import type { EmulatorReply, EmulatorRequest } from "../../../src/emulator/http.js";
import { attempt, longestMs } from "./attempt.js";
import { type DrillCase, requestOf } from "./cases.js";

export const statuses = [
  200, 201, 202, 204, 206, 207, 226, 299, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404,
  405, 406, 407, 408, 409, 410, 411, 412, 413, 415, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451,
  499, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 522, 524, 530, 599, 600, 799, 999,
] as const;

/** What an answer's body is made of; `true` is the answer that the service would have given. */
export interface Shape {
  readonly name: string;
  readonly body: (truth: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
}

const shape = (
  name: string,
  body: string | ((truth: string) => string),
  headers?: Shape["headers"],
): Shape => ({
  name,
  body: typeof body === "string" ? () => body : body,
  ...(headers === undefined ? {} : { headers }),
});

const repeated = (text: string, bytes: number): string => text.repeat(Math.ceil(bytes / text.length));
const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const ofStatus = (data: string, extra = "{}"): string =>
  `{"status":{"code":200,"is_success":true,"user_message":"","developer_message":null},"data":${data},"extra":${extra}}`;
const html = "<!doctype html><html><head><title>Sign in</title></head><body></body></html>";

/** The truth with one value of its JSON replaced, wherever the field stands. */
const edited =
  (field: string, value: string) =>
  (truth: string): string =>
    truth.replace(new RegExp(`"${field}":(?:"[^"]*"|[\\d.]+|true|false|null)`, "g"), `"${field}":${value}`);

const enforcementOn = shape("enforcement on", edited("rule_set_enabled", "true"));

export const shapes: readonly Shape[] = [
  shape("the truth", (truth) => truth),
  shape("nothing", ""),
  shape("a blank", " "),
  shape("null", "null"),
  shape("true", "true"),
  shape("a number", "1e400"),
  shape("a text", '"OK"'),
  shape("a list", "[]"),
  shape("an object", "{}"),
  shape("words", "upstream connect error or disconnect/reset before headers"),
  shape("a page", html, { "content-type": "text/html" }),
  shape("a page called JSON", html),
  shape("JSON called a page", (truth) => truth, { "content-type": "text/html" }),
  shape("no content type", (truth) => truth, { "content-type": "" }),
  shape("JSON called gzip", (truth) => truth, { "content-encoding": "gzip" }),
  shape("a byte order mark", (truth) => `\uFEFF${truth}`),
  shape("half the truth", (truth) => truth.slice(0, truth.length / 2)),
  shape("the truth twice", (truth) => truth + truth),
  shape("an envelope with null", ofStatus("null")),
  shape("an envelope with a text", ofStatus('"done"')),
  shape("an envelope with a list", ofStatus("[]")),
  shape("an envelope of other fields", ofStatus('{"id":1,"name":"someone else\'s"}')),
  shape(
    "an envelope that says no",
    '{"status":{"code":500,"is_success":false,"user_message":"Oops"},"data":null}',
  ),
  shape("an envelope of wrong kinds", '{"status":[],"data":{"status":"?"},"extra":7}'),
  shape("a field error", '{"name":["This field is required."],"detail":{"x":[1]}}'),
  shape("blocked", '{"status":{"code":403,"is_success":false},"data":{"account_access_denied":true}}'),
  shape(
    "__proto__",
    '{"__proto__":{"isSuccess":true},"constructor":{"prototype":{}},"data":{"__proto__":null}}',
  ),
  shape("lone surrogates", '{"detail":"\\ud800\\udfff\\udc00 \\u0000\\u001b[31m\\u202e"}'),
  shape("another id", edited("id", "987654321")),
  shape("an id of text", edited("id", '"1"')),
  shape("a negative id", edited("id", "-1")),
  shape("an id that no double holds", edited("id", "99999999999999999999")),
  shape("another name", edited("name", '"another"')),
  shape("another type", edited("type", "2")),
  shape("no such type", edited("type", "3")),
  shape("deleted", edited("state", "2")),
  shape("another account", edited("account_id", "1")),
  shape("another rule set", edited("ip_restriction_rule_set_id", "999")),
  enforcementOn,
  shape("enforcement off", edited("rule_set_enabled", "false")),
  shape("enforcement unknown", edited("rule_set_enabled", "null")),
  shape("enforcement of text", edited("rule_set_enabled", '"yes"')),
  shape("entries disabled", edited("enabled", "false")),
  shape("another range", edited("cidr", '"203.0.113.99/32"')),
  shape("no range", edited("cidr", '"everything"')),
  shape("a total of none", edited("total_count", "0")),
  shape("a total of many", edited("total_count", "1000000")),
  shape("a negative total", edited("total_count", "-3")),
  shape("everything failed", (truth) =>
    truth.replace(/"failed_cidrs":\[\]/, '"failed_cidrs":["192.0.2.0/24"]'),
  ),
  shape("everything exists", ofStatus("null", '{"cidrs_already_exists":["192.0.2.0/24"]}')),
  shape("failed ranges of any kind", ofStatus("{}", `{"failed_cidrs":[${deep(50)},1,null,{"cidr":7}]}`)),
  shape("lists 5,000 deep", deep(5_000)),
  shape("lists 5,000 deep in data", ofStatus(deep(5_000))),
  shape("objects 5,000 deep", `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`),
  shape("half of 200,000 lists", "[".repeat(200_000)),
];

/** By how much an answer is blown up. */
export const sizes: readonly Shape[] = [
  shape("a text of 1 MB", `{"detail":"${repeated("x", 1e6)}"}`),
  shape("a text of 10 MB", `{"detail":"${repeated("x", 1e7)}"}`),
  shape("a text of 10 MB, cut short", `{"detail":"${repeated("x", 1e7)}`),
  shape("10 MB of quotes", repeated('"', 1e7)),
  shape("10 MB of backslashes", `"${repeated("\\\\", 1e7)}`),
  shape("5 MB of blanks", repeated(" ", 5e6)),
  shape("1 MB of titles", `<!doctype html>${repeated("<title ", 1e6)}`, { "content-type": "text/html" }),
  shape("a name of 10 MB", edited("name", `"${repeated("n", 1e7)}"`)),
  shape("a range of 10 MB", edited("cidr", `"${repeated("1", 1e7)}"`)),
  shape("a timestamp of 1 MB", edited("created_at", `"2025-08-12 02:23:09.${repeated("1", 1e6)}x"`)),
  shape("100,000 failed ranges", ofStatus("{}", `{"failed_cidrs":[${repeated('"x",', 4e5)}1]}`)),
  shape("1,000,000 numbers", `[${repeated("1,", 2e6)}1]`),
  shape("70 MB", repeated('{"a":1}', 7e7)),
];

/** How an answer goes out. `late`: after the client has given up. */
export const deliveries = {
  "at once": {},
  "after a moment": { delayMs: 30 },
  late: { delayMs: 400 },
  never: { delivery: { kind: "hang" } },
  "cut short": { delivery: { kind: "truncate" } },
  "one byte": { delivery: { kind: "truncate", bytes: 1 } },
  reset: { delivery: { kind: "reset" } },
} as const satisfies Readonly<Record<string, Partial<EmulatorReply>>>;

export interface Lie {
  readonly status: number | "true";
  readonly shape: Shape;
  readonly delivery: keyof typeof deliveries;
  /** Whether the call took effect. Readings always do nothing. */
  readonly landed: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

const nameOf = ({ status, shape: { name }, delivery, landed }: Lie): string =>
  `${status}, ${name}, ${delivery}, ${landed ? "done" : "not done"}`;

const bodyOf = ({ body }: EmulatorReply): string => (typeof body === "string" ? body : [...body].join(""));

/** What goes out in place of `truth`. */
const told = (lie: Lie, truth: EmulatorReply): EmulatorReply => {
  const status = lie.status === "true" ? truth.status : lie.status;
  // Node refuses a body here; a server that has one is a server that speaks no HTTP.
  const bare = status === 204 || status === 304;
  return {
    ...truth,
    status,
    headers: { "content-type": "application/json", ...lie.shape.headers, ...lie.headers },
    body: bare ? "" : lie.shape.body(bodyOf(truth)),
    ...deliveries[lie.delivery],
  };
};

const isReading = ({ method }: EmulatorRequest): boolean => method === "GET";

/** Only where the lie is one of slowness does the client give up soon: elsewhere no clock may decide. */
const patienceFor = ({ delivery }: Lie) => ({
  answerMs: delivery === "late" || delivery === "never" ? 150 : longestMs,
});

/** The call of the step is answered with the lie, once. Of a call that is not done, the truth is a plain 200 of nothing. */
export const lieAboutWrite = (lie: Lie): DrillCase => ({
  name: nameOf(lie),
  run: async (bench, plan, step) => {
    const { method, path, nth } = requestOf(plan, step);
    const collection = path.replaceAll("*", "");
    let matched = 0;
    bench.intercept = (request, handle) => {
      if (request.method !== method || !request.target.includes(collection)) return undefined;
      matched += 1;
      if (matched !== nth) return undefined;
      const truth = lie.landed ? handle() : nothingDone;
      return told(lie, truth);
    };
    return attempt(bench, plan, patienceFor(lie));
  },
});

const nothingDone: EmulatorReply = {
  status: 200,
  headers: {},
  body: ofStatus("null"),
  delivery: { kind: "send" },
  delayMs: 0,
};

/** The readings right after the step's call, up to `times`, are answered with the lie; the step's call is not. */
export const lieAboutReadings = (lie: Lie, times: number): DrillCase => ({
  name: `reading: ${nameOf(lie)}, ${times} times`,
  run: async (bench, plan, step) => {
    let writes = 0;
    let lies = 0;
    bench.intercept = (request, handle) => {
      if (!isReading(request)) writes += 1;
      if (!isReading(request) || writes !== step.number || lies >= times) return undefined;
      lies += 1;
      return told(lie, handle());
    };
    return attempt(bench, plan, patienceFor(lie));
  },
  deceives: (plan, { number }) =>
    times > 1 &&
    lie.shape === enforcementOn &&
    plan.steps.slice(number).every(({ step }) => step.kind === "enforcement" && step.enabled),
});
