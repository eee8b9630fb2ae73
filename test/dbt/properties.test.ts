// Whatever JSON a server sends: a value, or a failure with a code and a hint; never a bug's exception.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Answer, isoInstant, type JsonPath, openEnvelope, parseJson } from "../../src/dbt/answer.js";
import { decodeEvent } from "../../src/dbt/audit-log.js";
import { parseHost } from "../../src/dbt/connection.js";
import { type Subject, statusFailure } from "../../src/dbt/failures.js";
import { decodeRule, ruleOutcome } from "../../src/dbt/rule-wire.js";
import { askedSeconds, backoffMilliseconds } from "../../src/dbt/waiting.js";
import { Failure } from "../../src/model/failure.js";
import { redactor } from "../../src/model/secrets.js";
import { wireEntry, wireRule } from "./wire-samples.js";

const answer = (bytes: Uint8Array, status = 200): Answer => ({
  kind: "answer",
  request: "GET /x",
  host: "ab123.us1.dbt.com",
  status,
  headers: {},
  bytes,
});
const place = (value: unknown): JsonPath => ({ value, key: "data", within: "x" });

/** Runs it; a `Failure` is an expected end, anything else thrown fails the property. */
const orFailure = (run: () => unknown): void => {
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    expect(thrown.diagnostics[0]?.code).toMatch(/^[a-z]+(?:-[a-z]+)+$/);
  }
};

/** A good record with one field replaced by anything. */
const mutated = (record: object) =>
  fc
    .tuple(fc.constantFrom(...Object.keys(record)), fc.jsonValue())
    .map(([name, value]): unknown => ({ ...record, [name]: value }));

const event = {
  id: "1",
  account_id: 1,
  event_type: "a.b",
  created_at: "2026-01-01 00:00:00+00:00",
  actor: {},
  source: "x",
};
const anyRule = fc.oneof(
  fc.jsonValue(),
  mutated(wireRule()),
  mutated(wireEntry(1, "192.0.2.0/24")).map((entry) => wireRule({ cidrs: [entry] })),
);

describe("any JSON", () => {
  test("as a rule", () => {
    fc.assert(fc.property(anyRule, (value) => orFailure(() => decodeRule(place(value)))));
  });

  test("as an event", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), mutated(event)), (value) =>
        orFailure(() => decodeEvent(place(value))),
      ),
    );
  });

  test("as the answer to a write, with any extra", () => {
    const expected = {
      becomes: { name: "Office", type: "allow", description: "" },
      has: [],
      hasDisabled: [],
      removed: [],
      ruleSetEnabled: undefined,
      mayExist: [],
      clearsDescription: false,
    } as const;
    fc.assert(
      fc.property(anyRule, fc.jsonValue(), (data, lists) =>
        orFailure(() => {
          const extra = { failed_cidrs: lists, cidrs_already_exists: lists };
          const outcome = ruleOutcome(
            answer(new Uint8Array()),
            { enveloped: true, data, extra, status: {} },
            expected,
            66847,
          );
          const empty = lists === null || (Array.isArray(lists) && lists.length === 0);
          // What is reported as not saved is never called applied.
          if (!empty && typeof lists !== "object") expect(outcome.kind).toBe("partial");
        }),
      ),
    );
  });

  test("as an error's body, for every status and subject", () => {
    const body = fc.oneof(
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    );
    const subject = fc.constantFrom<Subject>("account", "rule", "audit", "export", "link");
    fc.assert(
      fc.property(body, fc.integer({ min: 300, max: 599 }), subject, (bytes, status, about) => {
        const failure = statusFailure(answer(bytes, status), about, 0);
        expect(failure.exitCode).toBe(1);
        expect(failure.message.length).toBeLessThan(600);
      }),
    );
  });

  test("an envelope is opened or not, never thrown over", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void openEnvelope(value)));
  });
});

test("JSON that is cut anywhere inside is known as cut", () => {
  const record = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, maxKeys: 4 });
  fc.assert(
    fc.property(record, fc.double({ min: 0, max: 0.999, noNaN: true }), (value, part) => {
      const whole = JSON.stringify(value);
      const cut = whole.slice(0, 1 + Math.floor((whole.length - 1) * part));
      // A cut between two halves of a surrogate pair is no UTF-8 text any more, but replaced by one that is.
      const parsed = parseJson(answer(Buffer.from(cut)));
      expect("problem" in parsed && parsed.problem.diagnostics[0]?.code).toBe("answer-truncated");
    }),
  );
});

test("a timestamp survives its spelling", () => {
  const time = fc.date({ min: new Date("1971-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(time, (date) => {
      const iso = date.toISOString();
      const spaced = iso.replace("T", " ");
      for (const text of [
        iso,
        spaced,
        spaced.replace("Z", "+00:00"),
        spaced.replace("Z", "123+0000"),
        spaced.replace("Z", ""),
      ]) {
        expect(isoInstant(text)).toBe(iso);
      }
    }),
  );
});

test("any text as a host: a base URL of https or loopback, or a problem", () => {
  const text = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.domain(),
    fc.ipV4(),
    fc.webAuthority({ withPort: true }),
  );
  fc.assert(
    fc.property(text, (value) => {
      const parsed = parseHost(value, "--host");
      if ("problem" in parsed) return;
      expect(parsed.host.baseUrl).toMatch(
        /^(?:https:\/\/|http:\/\/(?:127\.|localhost(?::|$)|\[::1\]))[^/]+$/,
      );
      expect(parseHost(parsed.host.baseUrl, "--host")).toEqual(parsed);
    }),
  );
});

test("a wait is at least a second and never not a number", () => {
  const text = fc.option(
    fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    ),
    { nil: undefined },
  );
  fc.assert(
    fc.property(text, text, text, (retry, extra, date) => {
      const headers = {
        ...(retry === undefined ? {} : { "retry-after": retry }),
        ...(extra === undefined ? {} : { "x-rate-limit-retry-after-seconds": extra }),
        ...(date === undefined ? {} : { date }),
      };
      const seconds = askedSeconds(headers, Date.parse("2026-11-20T00:00:00Z"));
      if (seconds !== undefined) expect(seconds).toBeGreaterThanOrEqual(1);
    }),
  );
});

test("backoff grows, stays bounded, and is half chance", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, random) => {
        const wait = backoffMilliseconds(attempt, random);
        expect(wait).toBeGreaterThanOrEqual(250);
        expect(wait).toBeLessThanOrEqual(8000);
        expect(wait).toBeGreaterThanOrEqual(backoffMilliseconds(attempt, 0));
      },
    ),
  );
});

test("no token of printable characters gets through, wherever it stands", () => {
  const secret = fc.string({
    minLength: 8,
    maxLength: 40,
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  });
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (token, before, after) => {
      fc.pre(!"[token]".includes(token) && !token.includes("[token]"));
      const out = redactor(token)(
        `${before} ${token} ${JSON.stringify(token)} ${encodeURIComponent(token)} ${after}`,
      );
      expect(out.replaceAll("[token]", "\n")).not.toContain(token);
    }),
  );
});
