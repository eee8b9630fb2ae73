/** `lists update` without a network: what each answer of a vendor's host makes of the lock. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressSet } from "../../src/address/address-set.js";
import { formatPrefix } from "../../src/address/prefix.js";
import { type FetchPorts, fetchList, type ListTransport, largestList } from "../../src/lists/fetch-list.js";
import { updateLists } from "../../src/lists/update-lists.js";
import { hintOf, messageOf } from "../../src/model/diagnostic.js";
import { failure } from "../../src/model/failure.js";
import { formatLock, type Lock } from "../../src/policy/lock.js";
import { publishedLists } from "../../src/policy/locked-lists.js";
import { parsePolicy } from "../../src/policy/parse-policy.js";
import type { ListSource } from "../../src/policy/published-lists.js";
import { type ListsReport, listsClosing, listsExitCode } from "../../src/report/lists.js";
import { smallPrefix } from "../policy/random-policies.js";

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | readonly string[];
}

const bodyOf = async function* (body: string | readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of typeof body === "string" ? [body] : body) yield new TextEncoder().encode(piece);
};

/** Answers by URL; one that is not there throws. */
const portsOf = (answers: Readonly<Record<string, Answer>>, asked: string[] = []): FetchPorts => {
  const transport: ListTransport = {
    async send({ url, headers }) {
      asked.push(url.href);
      expect(Object.keys(headers).sort()).toEqual(["accept", "accept-encoding", "user-agent"]);
      const answer = answers[url.href];
      if (answer === undefined) throw new Error("no answer");
      const { status = 200, body = "", headers: own } = answer;
      return { status, headers: own ?? { "content-length": String(body.length) }, body: bodyOf(body) };
    },
  };
  return {
    transport,
    explain: () => failure("connection-lost", { host: "vendor.example" }),
    signal: new AbortController().signal,
    userAgent: "test",
  };
};

const now = new Date("2026-12-01T12:00:00Z");
const url = "https://vendor.example/list.txt";
const source = (network: string): ListSource => {
  const text = `version: 1\nnetworks:\n  vpn: ${network}\nrules:\n  - {name: VPN, type: allow, cidrs: [network: vpn]}\n`;
  const { parsed } = parsePolicy(new TextEncoder().encode(text), "policy.yaml");
  const [found] = publishedLists(parsed!, new Map(), now).sources;
  return found!;
};
const plain = `{source: "${url}"}`;

const update = (
  lock: Lock,
  body: Answer | string,
  network = plain,
  more: { overrides?: string[]; now?: Date } = {},
) =>
  updateLists(
    {
      policyFile: "policy.yaml",
      sources: [source(network)],
      lock,
      edited: new Set(),
      overrides: new Set(more.overrides ?? []),
      now: more.now ?? now,
    },
    portsOf({ [url]: typeof body === "string" ? { body } : body }),
  );

const none: Lock = new Map();
const reportOf = (mode: "update" | "check", found: Awaited<ReturnType<typeof update>>): ListsReport => ({
  update: found,
  mode,
  written: false,
  policyFile: "policy.yaml",
  lockFile: "policy.lock.json",
  rules: new Map(),
});
const first = async (body = "203.0.113.0/24\n198.51.100.0/24\n"): Promise<Lock> =>
  (await update(none, body)).next!;

it("that cannot be used says what to do about it, and what was accepted is no error", async () => {
  const problem = async (answer: Answer | string, network = plain) => {
    const [one] = (await update(none, answer, network)).lists[0]?.diagnostics ?? [];
    return one === undefined ? "" : `${messageOf(one)}. ${hintOf(one)}`;
  };
  expect(await problem('{"a": ["203.0.113.0/24"]}', `{source: "${url}", select: "$.b[*]"}`)).toContain(
    "The selection `$.b[*]` matches nothing in the list `vpn`",
  );
  expect(await problem("# none\n")).toContain("is empty");
  expect(await problem({ status: 404 })).toContain("its new URL");
  expect(await problem({ status: 404 })).not.toContain("later");
  expect(await problem({ status: 429 })).toContain("later");
  const limited = `{source: "${url}", max_change: 1%}`;
  const accepted = await update(await first(), "192.0.2.0/24\n", limited, { overrides: ["vpn"] });
  expect(accepted.lists[0]?.diagnostics).toMatchObject([{ code: "list-max-change", severity: "warning" }]);
});

it.each(["host-not-found", "connection-timeout"] as const)("names HTTPS_PROXY where %s", async (code) => {
  const ports = { ...portsOf({}), explain: () => failure(code, { host: "vendor.example" }) };
  const answer = await fetchList({ name: "vpn", url }, ports);
  expect("problem" in answer && hintOf(answer.problem)).toContain("HTTPS_PROXY");
});

it("that max_change refuses is a difference to check, and the refusal is said", async () => {
  const found = await update(await first(), "192.0.2.0/24\n", `{source: "${url}", max_change: 1%}`);
  expect(found.verdict).toBe("refused");
  expect(listsExitCode(reportOf("update", found))).toBe(3);
  expect(listsExitCode(reportOf("check", found))).toBe(2);
  expect(listsClosing(reportOf("check", found))).toMatch(/^`lists update` would refuse: 1 list of 1/);
});

describe("an update", () => {
  it("takes what is there, sorted, each prefix once", async () => {
    const { verdict, lists, next } = await update(
      none,
      "203.0.113.0/24\n198.51.100.7\n203.0.113.0/24 ; again\n",
    );
    expect(verdict).toBe("changes");
    expect(lists.map(({ outcome, name }) => [name, outcome])).toEqual([["vpn", "added"]]);
    expect(next?.get("vpn")?.prefixes.map(formatPrefix)).toEqual(["198.51.100.7/32", "203.0.113.0/24"]);
    expect(next?.get("vpn")).toMatchObject({ url, select: null, fetchedAt: "2026-12-01T12:00:00Z" });
  });

  it("changes nothing where the vendor changed the order and a comment alone", async () => {
    const later = new Date("2026-12-20T00:00:00Z");
    const { verdict, next } = await update(
      await first(),
      "# of today\n198.51.100.0/24\n203.0.113.0/24",
      plain,
      { now: later },
    );
    expect([verdict, next]).toEqual(["no-changes", undefined]);
  });

  it("renews the date once half of max_age has gone by", async () => {
    const lock = await first();
    const body = "203.0.113.0/24\n198.51.100.0/24\n";
    const at = (days: number) => ({ now: new Date(now.getTime() + days * 86_400_000) });
    expect((await update(lock, body, plain, at(44))).verdict).toBe("no-changes");
    const { verdict, lists } = await update(lock, body, plain, at(45));
    expect([verdict, lists[0]?.outcome]).toEqual(["changes", "renewed"]);
    expect((await update(lock, body, `{source: "${url}", max_age: 10d}`, at(5))).verdict).toBe("changes");
  });

  it("says what came and went, and the addresses that this means", async () => {
    const { lists } = await update(await first(), "203.0.113.0/25\n203.0.113.128/25\n192.0.2.0/24\n");
    const [change] = lists;
    expect(change?.added.map(formatPrefix)).toEqual(["192.0.2.0/24", "203.0.113.0/25", "203.0.113.128/25"]);
    expect(change?.removed.map(formatPrefix)).toEqual(["198.51.100.0/24", "203.0.113.0/24"]);
    expect(change?.gained.prefixes().map(formatPrefix)).toEqual(["192.0.2.0/24"]);
    expect(change?.lost.prefixes().map(formatPrefix)).toEqual(["198.51.100.0/24"]);
  });

  it("fed version after version, shows each addition and removal exactly once, and ends at the last", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(smallPrefix, { maxLength: 6 }), { minLength: 1, maxLength: 6 }),
        async (versions) => {
          let lock = none;
          let known = new Set<string>();
          for (const version of versions) {
            const texts = new Set(version.map(formatPrefix));
            const body = [...texts].join("\n");
            const answer = await update(
              lock,
              { body, headers: { "content-length": "1" } },
              `{source: "${url}", allow_empty: true}`,
            );
            const [change] = answer.lists;
            // Random prefixes may be private, which is refused: then nothing may change.
            if (change?.outcome === "failed") {
              expect(answer.next).toBeUndefined();
              continue;
            }
            expect(new Set(change?.added.map(formatPrefix))).toEqual(
              new Set([...texts].filter((one) => !known.has(one))),
            );
            expect(new Set(change?.removed.map(formatPrefix))).toEqual(
              new Set([...known].filter((one) => !texts.has(one))),
            );
            known = texts;
            lock = answer.next ?? lock;
            expect(new Set(lock.get("vpn")?.prefixes.map(formatPrefix))).toEqual(known);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("nothing is changed, and why is said, where the answer", () => {
  const html = "<!doctype html><title>Sign in</title>";
  it.each<[name: string, answer: Answer, said: string, network?: string]>([
    ["is empty", { body: "# nothing\n" }, "is empty"],
    ["is an HTML page", { body: html }, "HTML page"],
    [
      "says that it is HTML",
      { body: "203.0.113.0/24", headers: { "content-type": "text/html", "content-length": "9" } },
      "HTML page",
    ],
    ["is an error", { status: 500, body: "203.0.113.0/24" }, "status 500"],
    ["has no length", { body: "203.0.113.0/24", headers: {} }, "the length of its answer"],
    [
      "is encoded",
      { body: "x", headers: { "content-encoding": "br", "content-length": "1" } },
      "encoding `br`",
    ],
    [
      "redirects elsewhere",
      { status: 302, headers: { location: "https://evil.example/list.txt" } },
      "https://evil.example, which is another host",
    ],
    [
      "redirects to http",
      { status: 301, headers: { location: "http://vendor.example/list.txt" } },
      "http://vendor.example",
    ],
    [
      "redirects to another port",
      { status: 301, headers: { location: "https://vendor.example:8443/" } },
      "another host",
    ],
    ["redirects in a circle", { status: 302, headers: { location: "/list.txt" } }, "too often"],
    [
      "says that it is huge",
      { body: "x", headers: { "content-length": String(largestList + 1) } },
      "more than 32 MiB",
    ],
    ["is no list", { body: "203.0.113.0/24\nmaintenance\n" }, "line 2: `maintenance` is not"],
    ["is cut off in a prefix", { body: "198.51.100.0/24\n203.0.113.0/" }, "line 2"],
    ["has bits below a length", { body: "203.0.113.7/24\n" }, "bits set below"],
    [
      "is an IPv4 prefix with an IPv6 length",
      { body: "::ffff:203.0.113.7/24\n" },
      "far more than IPv4",
      `{source: "${url}", host_bits: allow}`,
    ],
    ["has a private prefix", { body: "203.0.113.0/24\n10.1.0.0/16\n" }, "10.1.0.0/16 is never"],
    ["has every address", { body: "0.0.0.0/0\n" }, "0.0.0.0/0 is never"],
    [
      "is JSON, cut off",
      { body: '{"a": ["203.0.113.0/24"' },
      "not valid JSON",
      `{source: "${url}", select: "$.a[*]"}`,
    ],
    [
      "has nothing where select looks",
      { body: '{"b": 1}' },
      "matches nothing",
      `{source: "${url}", select: "$.a[*]"}`,
    ],
    [
      "has something else where select looks",
      { body: '{"a": [1]}' },
      "not text",
      `{source: "${url}", select: "$.a[*]"}`,
    ],
  ])("%s", async (_, answer, said, network = plain) => {
    for (const lock of [none, await first()]) {
      const { verdict, lists, next } = await update(lock, answer, network);
      expect([verdict, next]).toEqual(["failed", undefined]);
      expect(lists[0]?.diagnostics.map(messageOf).join()).toContain(said);
    }
  });

  it("is huge, without saying so", async () => {
    const piece = "203.0.113.0/24\n".repeat(100_000);
    const body = Array.from({ length: 30 }, () => piece);
    const { lists } = await update(none, { body, headers: { "transfer-encoding": "chunked" } });
    expect(messageOf(lists[0]!.diagnostics[0]!)).toContain("more than 32 MiB");
  });

  it("does not come", async () => {
    const answer = await fetchList({ name: "vpn", url }, portsOf({}));
    expect("problem" in answer && messageOf(answer.problem)).toContain(
      "broke before the answer was complete",
    );
  });

  it("of one of several lists is not usable", async () => {
    const other = "https://vendor.example/other.txt";
    const text = `version: 1\nnetworks:\n  a: ${plain}\n  b: {source: "${other}"}\nrules: []\n`;
    const { parsed } = parsePolicy(new TextEncoder().encode(text), "policy.yaml");
    const { sources } = publishedLists(parsed!, new Map(), now);
    const { verdict, next } = await updateLists(
      { policyFile: "policy.yaml", sources, lock: none, edited: new Set(), overrides: new Set(), now },
      portsOf({ [url]: { body: "203.0.113.0/24" }, [other]: { status: 404 } }),
    );
    expect([verdict, next]).toEqual(["failed", undefined]);
  });
});

it("a redirect within the host is followed", async () => {
  const moved = { status: 301, headers: { location: "/ips-v4/" } };
  const answers = { [url]: moved, "https://vendor.example/ips-v4/": { body: "203.0.113.0/24" } };
  expect(await fetchList({ name: "vpn", url }, portsOf(answers))).toHaveProperty("bytes");
});

it("lists of one URL are fetched once", async () => {
  const text = `version: 1\nnetworks:\n  a: {source: "${url}", select: "$.a[*]"}\n  b: {source: "${url}", select: "$.b[*]"}\nrules: []\n`;
  const { parsed } = parsePolicy(new TextEncoder().encode(text), "policy.yaml");
  const { sources } = publishedLists(parsed!, new Map(), now);
  const asked: string[] = [];
  const body = JSON.stringify({ a: ["203.0.113.0/24"], b: ["198.51.100.0/24"] });
  const { next } = await updateLists(
    { policyFile: "policy.yaml", sources, lock: none, edited: new Set(), overrides: new Set(), now },
    portsOf({ [url]: { body } }, asked),
  );
  expect(asked).toEqual([url]);
  expect([...next!.keys()]).toEqual(["a", "b"]);
});

describe("max_change", () => {
  const limited = `{source: "${url}", max_change: 25%}`;
  // 512 addresses, of which 128 are a quarter.
  const before = "203.0.113.0/24\n198.51.100.0/24\n";
  it.each([
    ["203.0.113.0/24\n198.51.100.0/25\n", "changes"],
    ["203.0.113.0/24\n198.51.100.0/25\n198.51.100.128/32\n", "changes"],
    ["203.0.113.0/24\n198.51.100.0/26\n", "refused"],
    [`${before}192.0.2.0/25\n`, "changes"],
    [`${before}192.0.2.0/25\n192.0.2.128/32\n`, "refused"],
    ["203.0.113.0/24\n198.51.100.0/25\n192.0.2.7\n", "refused"],
    // All of IPv6 together would make any change of IPv4 a small one.
    [`${before}2001:db8::/32\n`, "refused"],
  ])("%j: %s", async (body, verdict) => {
    const answer = await update(await first(before), body, limited);
    expect(answer.verdict).toBe(verdict);
    expect(answer.next === undefined).toBe(verdict === "refused");
  });

  it("is not for a list that the lock does not have yet", async () => {
    expect((await update(none, before, limited)).verdict).toBe("changes");
  });

  it("is waived by its own flag, which the refusal names", async () => {
    const body = "203.0.113.0/24\n";
    const refused = await update(await first(before), body, limited);
    const [found] = refused.lists[0]!.diagnostics;
    expect(messageOf(found!)).toContain("50.0% of its IPv4 addresses (0 gained, 256 lost)");
    expect(hintOf(found!)).toContain("dbt-ip-rules lists update --allow-max-change vpn");
    const { verdict, next } = await update(await first(before), body, limited, { overrides: ["vpn"] });
    expect(verdict).toBe("changes");
    expect(AddressSet.ofPrefixes(next!.get("vpn")!.prefixes).count().ipv4).toBe(256n);
  });
});

it.each(["<<<<<<< HEAD\n", "{", "{}"])("nothing is fetched over a lock that cannot be read: %j", (text) => {
  const policy = `version: 1\nnetworks:\n  vpn: ${plain}\nrules:\n  - {name: VPN, type: allow, cidrs: [network: vpn]}\n`;
  const { parsed } = parsePolicy(new TextEncoder().encode(policy), "policy.yaml");
  const files = new Map([["policy.lock.json", new TextEncoder().encode(text)]]);
  const [problem] = publishedLists(parsed!, files, now).diagnostics;
  expect(problem).toMatchObject({ code: "lock-unreadable", severity: "error" });
  expect(problem && hintOf(problem)).toContain("Restore it from git");
});

it("a lock that was edited by hand is no base for `max_change`", async () => {
  // Somebody wrote the new list into the lock: by that, nothing would change.
  const lock = await first();
  const limited = source(`{source: "${url}", max_change: 10%}`);
  const answerTo = (overrides: string[]) =>
    updateLists(
      {
        policyFile: "policy.yaml",
        sources: [limited],
        lock,
        edited: new Set(["vpn"]),
        overrides: new Set(overrides),
        now,
      },
      portsOf({ [url]: { body: "203.0.113.0/24\n198.51.100.0/24\n" } }),
    );
  const refused = await answerTo([]);
  expect(refused.verdict).toBe("refused");
  expect(refused.lists[0]?.diagnostics.map(messageOf).join()).toContain("was edited");
  expect((await answerTo(["vpn"])).verdict).toBe("changes");
});

it("a lock that was edited by hand is made right", async () => {
  const lock = await first();
  const answer = await updateLists(
    {
      policyFile: "policy.yaml",
      sources: [source(plain)],
      lock,
      edited: new Set(["vpn"]),
      overrides: new Set(),
      now,
    },
    portsOf({ [url]: { body: "203.0.113.0/24\n198.51.100.0/24\n" } }),
  );
  expect(answer.verdict).toBe("changes");
  expect(formatLock(answer.next!)).toBe(formatLock(lock));
});
