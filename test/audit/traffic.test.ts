/** Traffic from bytes against a slow reading of the same events: in any pieces, any spelling and any order. */
import fc from "fast-check";
import { expect, it, test } from "vitest";
import { formatAddress } from "../../src/address/prefix.js";
import { blindSpots } from "../../src/audit/blind-spots.js";
import { CsvReader } from "../../src/audit/csv-rows.js";
import { timeOf } from "../../src/audit/event-time.js";
import { KeyTable } from "../../src/audit/key-table.js";
import { TrafficGatherer } from "../../src/audit/traffic.js";
import type { TrafficColumns } from "../../src/audit/traffic-fields.js";
import { TrafficFile } from "../../src/audit/traffic-file.js";
import { Failure } from "../../src/model/failure.js";

const now = Date.parse("2026-11-28T12:00:00Z");
const window = { since: Date.parse("2026-08-30T12:00:00Z"), until: Number.POSITIVE_INFINITY, now };
const asText = { since: "2026-08-30T12:00:00.000Z", until: "2026-11-28T12:00:00.000Z" };

/** Pieces of this many characters. */
const cut = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, piece) =>
    text.slice(piece * size, (piece + 1) * size),
  );

/** Reads texts as files. */
const read = (texts: readonly string[], columns?: TrafficColumns, size = 1_000_000) => {
  const gatherer = new TrafficGatherer(window);
  const damaged = texts.map((text, index) => {
    const file = new TrafficFile(`log-${index + 1}`, index + 1, columns, gatherer);
    for (const piece of cut(text, size)) file.push(piece);
    return file.end();
  });
  const traffic = gatherer.traffic(asText);
  return { traffic, damaged, findings: gatherer.findings() };
};

const actorsOf = ({ traffic }: ReturnType<typeof read>) =>
  traffic.actors.map(({ kind, id, name, addresses }) => [
    kind,
    id,
    name,
    Object.fromEntries(addresses.map(({ address, events }) => [formatAddress(address), events])),
  ]);

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error.diagnostics[0]?.code;
    throw error;
  }
  return undefined;
};

test.each([
  ["2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"],
  ["2026-11-20 10:00:00.391280+00:00", "2026-11-20T10:00:00.391Z"],
  ["2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00Z"],
  ["2026-11-20T10:00:00-0530", "2026-11-20T15:30:00Z"],
  ["2026-11-20 10:00", "2026-11-20T10:00:00Z"],
  ["2026-11-20 10:00:01 UTC", "2026-11-20T10:00:01Z"],
  ["2026-11-20T10:00:00+02", "2026-11-20T08:00:00Z"],
  ["1763632800", "2025-11-20T10:00:00Z"],
  ["1763632800.25", "2025-11-20T10:00:00.250Z"],
  ["1763632800123", "2025-11-20T10:00:00.123Z"],
  ["1763632800123456", "2025-11-20T10:00:00.123Z"],
  ["20/Nov/2026:10:00:00 +0100", "2026-11-20T09:00:00Z"],
  ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"],
])("reads the time %s", (text, iso) => {
  expect(timeOf(text)).toBe(Date.parse(iso));
});

test.each([
  "2026-02-29T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-11-20T24:00:00Z",
  "2026-11-20T10:60:00Z",
  "2026-11-20",
  "2026-11-20T10:00:00X",
  "2026-11-20T10:00:00.Z",
  "2026-11-20T10:00:00+1",
  "yesterday at noon",
  "17636328",
  "",
])("takes %j for no time", (text) => {
  expect(timeOf(text)).toBeNaN();
});

test("reads every time that Date writes", () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date("1700-01-01"), max: new Date("2500-01-01"), noInvalidDate: true }),
      (date) => {
        expect(timeOf(`  ${date.toISOString()}`)).toBe(date.getTime());
      },
    ),
  );
});

test("numbers keys like a map does", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(40), fc.nat(400)), { maxLength: 4000 }),
      (keys) => {
        const table = new KeyTable();
        const numbers = new Map<string, number>();
        for (const [a, b, c, d] of keys) {
          const key = `${a} ${b} ${c} ${d}`;
          if (!numbers.has(key)) numbers.set(key, numbers.size);
          expect(table.numberOf(a, b, c, d)).toBe(numbers.get(key));
        }
        expect(table.size).toBe(numbers.size);
      },
    ),
    { numRuns: 30 },
  );
});

test("reads CSV as it was written, in pieces of any size", () => {
  const field = fc.string({
    unit: fc.constantFrom("a", "é", ",", '"', "\n", "\r\n", ";", "x"),
    maxLength: 6,
  });
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });
  const written = (text: string): string =>
    /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 9 }), fc.boolean(), (wanted, size, ends) => {
      const text = wanted.map((row) => row.map(written).join(",")).join("\r\n") + (ends ? "\r\n" : "");
      const found: string[][] = [];
      const reader = new CsvReader(",", {
        row: (row) => found.push(Array.from({ length: row.count }, (_, at) => row.field(at))),
        damaged: (line, problem) => expect.unreachable(`${line}: ${problem}`),
      });
      for (const piece of cut(text, size)) reader.push(piece);
      reader.end();
      expect(found).toEqual(wanted.map((row) => row.map((one) => one.trim())));
    }),
  );
});

const anyEvent = fc.record({
  id: fc.option(fc.uuid(), { nil: undefined }),
  at: fc.integer({ min: window.since - 100_000, max: now }),
  user: fc.nat(4),
  ip: fc.constantFrom(
    "203.0.113.7",
    "::ffff:203.0.113.7",
    "2001:db8::1",
    "10.0.0.1",
    "",
    "garbage",
    "1.2.3.4/32",
  ),
  twice: fc.boolean(),
});

/** What an address that is not in canonical form means; empty: it cannot be read. */
const spelled: Readonly<Record<string, string>> = {
  "::ffff:203.0.113.7": "203.0.113.7",
  garbage: "",
  "1.2.3.4/32": "",
};

test("counts what a slow reading counts: CSV and NDJSON, duplicates, bad addresses, outside the window", () => {
  fc.assert(
    fc.property(
      fc.array(anyEvent, { minLength: 1, maxLength: 40 }),
      fc.constantFrom("csv", "ndjson", "ndjson-2022"),
      fc.integer({ min: 20, max: 400 }),
      (events, format, size) => {
        const lines = events.flatMap((event) => (event.twice ? [event, event] : [event]));
        const time = (at: number) => new Date(at).toISOString();
        const text =
          format === "csv"
            ? `id,created_at,actor_ip,actor_id,actor_type\n${lines.map((one) => `${one.id ?? ""},${time(one.at)},${one.ip},${one.user},ACTOR_USER\n`).join("")}`
            : lines
                .map((one) =>
                  JSON.stringify(
                    format === "ndjson"
                      ? {
                          id: one.id,
                          created_at: time(one.at),
                          actor: { id: one.user, ip: one.ip, type: "ACTOR_USER" },
                        }
                      : {
                          uuid: one.id,
                          logged_at: time(one.at),
                          actor_id: one.user,
                          actor_ip: one.ip,
                          actor_type: "user",
                        },
                  ),
                )
                .join("\n");
        const seen = new Set<string>();
        const counts = { read: 0, withoutAddress: 0, duplicates: 0, outsideWindow: 0 };
        const pairs = new Map<string, number>();
        for (const one of lines) {
          if (one.at < window.since) counts.outsideWindow += 1;
          else if (one.id !== undefined && seen.has(one.id)) counts.duplicates += 1;
          else {
            counts.read += 1;
            const address = spelled[one.ip] ?? one.ip;
            if (address === "") counts.withoutAddress += 1;
            else pairs.set(`${one.user} ${address}`, (pairs.get(`${one.user} ${address}`) ?? 0) + 1);
          }
          if (one.id !== undefined && one.at >= window.since) seen.add(one.id);
        }
        const { traffic } = read([text], undefined, size);
        expect(traffic.events).toMatchObject(counts);
        const found = traffic.actors.flatMap(({ id, addresses }) =>
          addresses.map(({ address, events: count }) => [`${id} ${formatAddress(address)}`, count] as const),
        );
        expect(new Map(found)).toEqual(pairs);
      },
    ),
  );
});

test("takes of a line of NDJSON what JSON.parse takes, however it is written, and calls the others damaged", () => {
  const string = fc.constantFrom(
    '"7"',
    '"a b"',
    '" pad"',
    '"q\\"uote"',
    '"\\u00e9"',
    '"\\ud800"',
    '"é"',
    '""',
  );
  const other = fc.constantFrom("7", "7.5", "-0", "1e21", "01", "tru", "null", "true", "[1,{}]", "[1,]", "{");
  const ip = fc.constantFrom('"203.0.113.7"', '"203.0.113.\\u0038"', '" 2001:db8::1 "', '"x"', "null");
  const id = fc.oneof(string, other);
  const time = fc.constantFrom('"2026-11-01T00:00:00Z"', '" 2026-11-02 00:00"', "1793534400", "1793534400.5");
  const member = (name: string, value: fc.Arbitrary<string>) => value.map((text) => `"${name}":${text}`);
  const object = (members: fc.Arbitrary<string>) =>
    fc.array(members, { maxLength: 4 }).map((all) => `{${all.join(",")}}`);
  const actor = object(fc.oneof(member("id", id), member("ip", ip), member("name", string)));
  // Names come twice, and some with an escape.
  const record = object(
    fc.oneof(
      member("created_at", time),
      member("actor", actor),
      member("\\u0061ctor", actor),
      member("note", id),
    ),
  );
  const line = fc.tuple(record, fc.nat(400)).map(([text, at]) => text.slice(0, at) + text.slice(at + 1));
  const first = '{"created_at":"2026-11-01T00:00:00Z","actor":{"id":"first","ip":"203.0.113.1"}}';
  fc.assert(
    fc.property(fc.array(fc.oneof(record, line), { minLength: 1, maxLength: 8 }), (lines) => {
      const parsed = lines.map((text) => {
        try {
          return JSON.parse(text);
        } catch {
          return undefined;
        }
      });
      const isWhole = (value: unknown): boolean => typeof value === "object" && value !== null;
      // A record that JSON.stringify wrote has each name once and no needless escape.
      const plain = parsed.filter(isWhole).map((value) => JSON.stringify(value));
      const { traffic: wanted } = read([[first, ...plain].join("\n")]);
      const { traffic, damaged } = read([[first, ...lines].join("\n")]);
      const blank = lines.filter((text) => text === "").length;
      expect(damaged[0]?.count ?? 0).toBe(parsed.filter((value) => !isWhole(value)).length - blank);
      expect(traffic).toEqual(wanted);
    }),
  );
});

it("takes an actor of both record forms for one, by the name of the newest event", () => {
  const found = read([
    [
      '{"id":"a","created_at":"2026-11-02T00:00:00Z","actor":{"id":7,"name":"New","type":"ACTOR_USER","ip":"203.0.113.1"}}',
      '{"uuid":"b","logged_at":"2026-11-01T00:00:00Z","actor_id":"7","actor_name":"Old","actor_type":"user","actor_ip":"203.0.113.2"}',
      '{"id":"c","created_at":"2026-11-01T00:00:00Z","actor":{"id":7,"name":"token","type":"ACTOR_SERVICE_TOKEN","ip":"203.0.113.3"}}',
      "",
    ].join("\r\n"),
  ]);
  expect(actorsOf(found)).toEqual([
    ["user", "7", "New", { "203.0.113.1": 1, "203.0.113.2": 1 }],
    ["service_token", "7", "token", { "203.0.113.3": 1 }],
  ]);
});

const columns = { time: "ts", ip: "client", who: "user" };

it("reads a proxy's columns by their names, each file's ids in its own log only", () => {
  const csv =
    'ts,client,user,n\n2026-11-01 10:00,203.0.113.1,"a, b",1\n2026-11-01 10:00,203.0.113.1,"a, b",1\n';
  expect(read([csv, csv], columns).traffic.events).toMatchObject({ read: 4, duplicates: 0 });
  expect(read([csv, csv], { ...columns, id: "n" }).traffic.events).toMatchObject({ read: 2, duplicates: 2 });
  expect(actorsOf(read([csv], columns))).toEqual([["unknown", "a, b", undefined, { "203.0.113.1": 2 }]]);
  const late = '{"ts":1793534400,"user":"a"}\n{"ts":1793534400,"client":"203.0.113.1","user":"a"}';
  expect(read([late], columns).traffic.events).toMatchObject({ read: 2, withoutAddress: 1 });
  const nested = '{"ts":1793534400,"net":{"src":"203.0.113.1"},"user":"a"}\n{"ts":1793534400,"user":"a"}';
  expect(read([nested], { ...columns, ip: "net.src" }).traffic.events).toMatchObject({
    read: 2,
    withoutAddress: 1,
  });
});

it("tells numbers apart that JSON.parse rounds to one", () => {
  const rows = (ids: readonly string[], row: (id: string) => string) => ids.map(row).join("\n");
  const ids = ["9007199254740992", "9007199254740993", "-18446744073709551615", "-18446744073709551616"];
  const named = rows(
    ids,
    (id) =>
      `{"ts":"2026-11-01T00:00:00Z","client":"203.0.113.1","user":${id},"n":${id},"note":"\\",\\"user\\":1 ${id}"}`,
  );
  expect(read([named], { ...columns, id: "n" }).traffic.events).toMatchObject({ read: 4, duplicates: 0 });
  expect(actorsOf(read([named], columns)).map(([, id]) => id)).toEqual(ids);
  const own = rows(
    ids,
    (id) =>
      `{"id":${id},"at":"2026-11-01T00:00:00Z","actor":{"id":${id},"ip":"203.0.113.1","name":" ${id} 1e999 "}}`,
  );
  const found = read([own]);
  expect(found.traffic.events).toMatchObject({ read: 4, duplicates: 0 });
  expect(actorsOf(found).map(([, id, name]) => [id, name])).toEqual(ids.map((id) => [id, ` ${id} 1e999 `]));
});

it("takes each address by itself where nobody is named", () => {
  const text =
    "ts,client\n2026-11-01 10:00,203.0.113.1\n2026-11-01 10:00,203.0.113.2\n2026-11-01 11:00,203.0.113.1\n";
  expect(actorsOf(read([text], { time: "ts", ip: "client" }))).toEqual([
    ["address", undefined, undefined, { "203.0.113.1": 2 }],
    ["address", undefined, undefined, { "203.0.113.2": 1 }],
  ]);
});

it("reads semicolons, tabs, a byte order mark and ids of any length", () => {
  const long = "x".repeat(40);
  const rows = (sep: string) =>
    `\ufeff${["id", "created_at", "actor_ip", "actor_id"].join(sep)}\n${[`${long}1`, `${long}2`, `${long}1`, "é", "è", "é"].map((id) => [id, "2026-11-01T00:00:00Z", "203.0.113.1", "5"].join(sep)).join("\n")}`;
  for (const sep of [";", "\t", ","])
    expect(read([rows(sep)]).traffic.events).toMatchObject({ read: 4, duplicates: 2 });
});

it("says which lines it could not read, and reads the others", () => {
  const csv =
    'created_at,actor_ip,actor_id\n2026-11-01T00:00:00Z,203.0.113.1,5\n2026-11-01\n"a"b,c,d\n2026-11-01T00:00:00Z,203.0.113.1,5\n"2026';
  expect(read([csv]).damaged).toEqual([{ count: 3, lines: [3, 4, 6], problem: "it has too few columns" }]);
  expect(read([csv]).traffic.events.read).toBe(2);
  const ndjson = '{"created_at":"2026-11-01T00:00:00Z","actor":{"id":1,"ip":"203.0.113.1"}}\n{"creat';
  expect(read([ndjson]).damaged).toEqual([{ count: 1, lines: [2], problem: "it is not a JSON object" }]);
  const document =
    '{"format":"dbt-ip-rules/audit-events","version":1,"events":[\n{"at":"2026-11-01T00:00:00Z","actor":{"id":"1","ip":"203.0.113.1"}}\n';
  expect(read([`${document}],"complete":true}\n`]).damaged).toEqual([undefined]);
  expect(read([`${document}],"complete":false}\n`]).damaged[0]).toMatchObject({ count: 1 });
  expect(read([document]).damaged[0]).toMatchObject({
    problem: "the document ends before its end: it is cut off",
  });
});

test.each([1, 2, 3, 7, 50])("names the same lines whatever the pieces are: of %i characters", (size) => {
  const row = '"2026-11-01T00:00:00Z","203.0.113.1"\r\n';
  const csv = `created_at,actor_ip\r\n${row}${row}"a"b,c\r\n${row}2026-11-01\r\n`;
  expect(read([csv], undefined, size)).toEqual(read([csv]));
  expect(read([csv], undefined, size).damaged).toEqual([
    { count: 2, lines: [4, 6], problem: "its quotes do not fit" },
  ]);
});

it("reads an event whose context is nested deeper than any real one", () => {
  const context = `${"[".repeat(100_000)}"gitlab"${"]".repeat(100_000)}`;
  const line = `{"created_at":"2026-11-01T00:00:00Z","event_type":"repository.added","event_context":${context},"actor":{"id":1,"ip":"203.0.113.1"}}`;
  expect(read([`${line}\n`]).traffic.events.read).toBe(1);
});

it("refuses what is no log, and names the columns that a file has", () => {
  expect(codeOf(() => read(["a,b\n1,2\n"]))).toBe("traffic-columns");
  expect(codeOf(() => read(["ts,client,user\n"], { ...columns, who: "login" }))).toBe("traffic-columns");
  expect(codeOf(() => read(['{"ts":1793534400,"user":"a"}'], columns))).toBe("traffic-columns");
  expect(codeOf(() => read(['{"a":1}']))).toBe("traffic-columns");
  for (const text of ["", "[{}]", "a\0b\n", '"']) expect(codeOf(() => read([text]))).toBe("traffic-file");
});

it("counts private addresses, the future, failed logins and Git providers", () => {
  const line = (type: string, ip: string, at: string, context: object = {}) =>
    JSON.stringify({
      created_at: at,
      event_type: type,
      event_context: context,
      actor: { id: 1, ip, type: "user" },
    });
  const { traffic, findings } = read([
    [
      line("login.sso.failed", "10.0.0.1", "2026-11-01T00:00:00Z"),
      line("v1.events.auth.SsoLoginFailed", "203.0.113.1", "2026-11-02T00:00:00Z"),
      line("login.sso.succeeded", "203.0.113.1", "2026-11-29T00:00:00Z"),
      line("repository.added", "203.0.113.1", "2026-11-03T00:00:00Z", {
        repository: { remote_url: "git@gitlab.com:a/b" },
      }),
      line("job_definition.added", "203.0.113.1", "2026-11-03T00:00:00Z", { note: "github" }),
    ].join("\n"),
  ]);
  expect(traffic.events.inFuture).toBe(1);
  expect(findings.privateAddresses).toEqual({ addresses: 1, events: 1 });
  expect(findings.providers).toEqual([{ provider: "GitLab", lastSeen: Date.parse("2026-11-03T00:00:00Z") }]);
  expect(traffic.actors[0]?.addresses.map(({ failedLogins }) => failedLogins)).toEqual([1, 1]);
});

it("finds blind exactly who was active in the window and has no address on record", () => {
  const at = "2026-11-01T00:00:00.000Z";
  const old = "2026-01-01T00:00:00.000Z";
  const { traffic, findings } = read([
    '{"created_at":"2026-11-01T00:00:00Z","actor":{"id":1,"ip":"203.0.113.1","type":"user"}}\n' +
      '{"created_at":"2026-11-01T00:00:00Z","actor":{"id":2,"ip":"203.0.113.1","type":"service_token"}}\n' +
      '{"created_at":"2026-11-01T00:00:00Z","actor":{"name":"Analyst@example.com","ip":"203.0.113.1","type":"user"}}\n' +
      '{"created_at":"2026-11-01T00:00:00Z","actor":{"id":6,"type":"user"}}',
  ]);
  const token = (id: number, lastUsed: string | undefined, active = true) => ({
    id,
    name: `t${id}`,
    active,
    ...(lastUsed === undefined ? {} : { lastUsed }),
  });
  const user = (id: number, lastLogin?: string, apiTokenLastUsed?: string, active = true) => ({
    id,
    email: `u${id}@example.com`,
    active,
    linked: id === 8 ? (["azure"] as const) : [],
    ...(lastLogin === undefined ? {} : { lastLogin }),
    ...(apiTokenLastUsed === undefined ? {} : { apiTokenLastUsed }),
  });
  const blind = blindSpots(traffic, {
    providers: findings.providers,
    serviceTokens: [token(1, at), token(2, at), token(3, old), token(4, undefined), token(5, at, false)],
    users: [
      user(1, at),
      user(2, at),
      user(3, old, at),
      user(4, old),
      user(5, at, undefined, false),
      user(6, at),
      { ...user(7, at), email: "analyst@example.com" },
      user(8),
    ],
  });
  expect(blind.map(({ kind, id, name }) => [kind, id ?? name])).toEqual([
    ["user", "6"],
    ["service_token", "1"],
    ["user", "2"],
    ["user", "3"],
    ["git_provider", "Azure DevOps"],
  ]);
});

it("reads an address with a port behind it, and keeps whose address it cannot read", () => {
  const line = (who: string, ip: string) => `2026-11-01 10:00,${ip},${who}\n`;
  const text = `ts,client,user\n${line("a", "203.0.113.1:4431")}${line("b", "[2001:db8::1]:443")}${line("c", "[2001:db8::2]")}${line("d", '"203.0.113.1, 203.0.113.2"')}${line("d", "203.0.113.1:99999")}${line("e", "2001:db8::3:443")}${line("f", "203.0.113.9")}${line("f", "unknown")}${line("", "unknown")}`;
  const found = read([text], { time: "ts", ip: "client", who: "user" });
  expect(actorsOf(found).map(([, id, , addresses]) => [id, addresses])).toEqual([
    ["a", { "203.0.113.1": 1 }],
    ["b", { "2001:db8::1": 1 }],
    ["c", { "2001:db8::2": 1 }],
    ["e", { "2001:db8::3:443": 1 }],
    ["f", { "203.0.113.9": 1 }],
  ]);
  expect(found.traffic.events.unreadableAddress).toBe(4);
  const lastSeen = Date.parse("2026-11-01T10:00:00Z");
  expect(found.traffic.unreadable).toEqual([{ kind: "unknown", id: "d", events: 2, lastSeen }]);
  const blind = blindSpots(found.traffic, { providers: [] });
  expect(blind).toEqual([
    { kind: "user", id: "d", name: "d", lastActive: "2026-11-01T10:00:00.000Z", unreadable: true },
  ]);
});

it.each([
  ["no address", {}],
  ["null", { ip: null }],
  ["an empty address", { ip: "" }],
  ["blanks", { ip: " " }],
  ["an address that cannot be read", { ip: "unknown" }],
] as [string, { ip?: string | null }][])(
  "cannot tell of an actor with %s alone, in any form of the log",
  (_, { ip }) => {
    const others = { created_at: "2026-11-01T10:00:00Z", actor: { id: 1, ip: "203.0.113.1", type: "user" } };
    const lastSeen = Date.parse("2026-11-01T10:00:00Z");
    const actor = { ...(ip === undefined ? {} : { ip }), id: 2, name: "Ann", type: "user" };
    const old = { actor_ip: ip, actor_id: "2", actor_name: "Ann", actor_type: "user" };
    const csv = `created_at,actor_ip,actor_id,actor_name,actor_type\n2026-11-01T10:00:00Z,${ip ?? ""},2,Ann,user\n`;
    for (const text of [
      csv,
      [others, { created_at: others.created_at, actor }].map((one) => JSON.stringify(one)).join("\n"),
      [others, { logged_at: others.created_at, ...old }].map((one) => JSON.stringify(one)).join("\n"),
    ]) {
      const { traffic } = read([text]);
      expect(traffic.events.withoutAddress).toBe(1);
      expect(traffic.unreadable).toEqual([{ kind: "user", id: "2", name: "Ann", events: 1, lastSeen }]);
    }
  },
);
