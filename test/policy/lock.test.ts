/** The lock of published lists: its bytes, what makes it disagree with a policy, and what is said then. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Prefix, parsePrefix } from "../../src/address/prefix.js";
import { messageOf } from "../../src/model/diagnostic.js";
import { formatLock, type LockedList, lockFileOf } from "../../src/policy/lock.js";
import { firstHint, firstMessage } from "../said.js";
import { codes, mustRead, places, readPolicy } from "./reading.js";

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.prefix;
};

const url = "https://vendor.example/ranges.json";
const list = (texts: readonly string[], more: Partial<LockedList> = {}): LockedList => ({
  url,
  select: "$.a[*]",
  fetchedAt: "2026-11-20T08:00:00Z",
  prefixes: texts.map(prefix),
  ...more,
});
const lock = formatLock(new Map([["vpn", list(["203.0.113.0/24", "2001:db8::/32"])]]));
const source = `{source: "${url}", select: "$.a[*]"}`;
const policy = (networks = `  vpn: ${source}\n`): string =>
  `version: 1\nnetworks:\n${networks}rules:\n  - {name: VPN, type: allow, cidrs: [network: vpn]}\n`;
const read = (text: string, files: Readonly<Record<string, string>>, now?: string) =>
  readPolicy(text, { files, ...(now === undefined ? {} : { now }) });

describe("the lock's bytes", () => {
  const digest = createHash("sha256").update("203.0.113.0/24\n2001:db8::/32\n").digest("hex");

  it("are sorted by key, one prefix a line, with a digest of the prefixes", () => {
    expect(lock).toBe(
      `{
  "sources": {
    "vpn": {
      "fetched_at": "2026-11-20T08:00:00Z",
      "prefixes": [
        "203.0.113.0/24",
        "2001:db8::/32"
      ],
      "prefixes_sha256": "${digest}",
      "select": "$.a[*]",
      "url": "${url}"
    }
  },
  "version": 1
}
`,
    );
  });

  it("do not depend on the order in which lists came", () => {
    const [a, b] = [list(["203.0.113.0/24"]), list([])];
    expect(
      formatLock(
        new Map([
          ["b", b],
          ["a", a],
        ]),
      ),
    ).toBe(
      formatLock(
        new Map([
          ["a", a],
          ["b", b],
        ]),
      ),
    );
  });

  it.each([
    ["policy.yaml", "policy.lock.json"],
    ["policies/eu.prod.yml", "policies/eu.prod.lock.json"],
    ["./policy", "./policy.lock.json"],
    ["-", "policy.lock.json"],
  ])("of %s are in %s", (file, expected) => {
    expect(lockFileOf(file)).toBe(expected);
  });
});

describe("a policy with published lists", () => {
  it("reads them from the lock alone", () => {
    const [rule] = mustRead(policy(), { files: { "policy.lock.json": lock } }).rules;
    expect(
      rule?.entries.map(({ text, list: origin, network }) => [text, origin?.fetchedAt, network]),
    ).toEqual([
      ["203.0.113.0/24", "2026-11-20T08:00:00Z", "vpn"],
      ["2001:db8::/32", "2026-11-20T08:00:00Z", "vpn"],
    ]);
  });

  it("finds those of an include in the policy's own lock", () => {
    const text = `version: 1\ninclude: [nets/i.yaml]\nrules:\n  - {name: VPN, type: allow, cidrs: [network: vpn]}\n`;
    const files = { "nets/i.yaml": `networks:\n  vpn: ${source}\n`, "policy.lock.json": lock };
    expect(mustRead(text, { files }).rules[0]?.entries).toHaveLength(2);
  });

  it("is an error without a lock, with the command to type", () => {
    const { policy: none, diagnostics } = read(policy(), {});
    expect(none).toBeUndefined();
    expect(codes(diagnostics)).toEqual(["lock-missing"]);
    expect(firstHint(diagnostics)).toBe("To fetch them, type: dbt-ip-rules lists update");
  });

  const other = (change: (text: string) => string) => read(policy(), { "policy.lock.json": change(lock) });
  it.each<[name: string, change: (text: string) => string, code: string, said: string]>([
    ["from another URL", (text) => text.replace("ranges.json", "other.json"), "lock-differs", "another URL"],
    ["of another selection", (text) => text.replace("$.a[*]", "$.b[*]"), "lock-differs", "another selection"],
    [
      "without the list",
      (text) => text.replace('"vpn"', '"vpn2"'),
      "lock-differs",
      "does not have the list `vpn`",
    ],
    [
      "with a prefix more",
      (text) => text.replace('"2001', '"198.51.100.0/24",\n        "2001'),
      "lock-edited",
      "were edited",
    ],
    [
      "with another digest",
      (text) => text.replace(/"prefixes_sha256": "../, '"prefixes_sha256": "00'),
      "lock-edited",
      "were edited",
    ],
    ["that is no JSON", (text) => text.slice(0, 80), "lock-unreadable", "is not JSON"],
    ["with a merge conflict", (text) => `<<<<<<< HEAD\n${text}`, "lock-unreadable", "merge conflict"],
    [
      "of another version",
      (text) => text.replace('"version": 1', '"version": 2'),
      "lock-unreadable",
      "version 2",
    ],
    [
      "with a key twice",
      (text) => text.replace('"select"', '"url": "https://x.example",\n      "select"'),
      "lock-unreadable",
      "the key `url` twice",
    ],
    ["of another shape", () => "[]", "lock-unreadable", "lacks `version`"],
    ["with half an entry", (text) => text.replace("fetched_at", "at"), "lock-unreadable", "not complete"],
    [
      "with a time that is none",
      (text) => text.replace("2026-11-20T", "2026-13-20T"),
      "lock-unreadable",
      "not complete",
    ],
  ])("is an error with a lock %s", (_, change, code, said) => {
    const { policy: none, diagnostics } = other(change);
    expect(none).toBeUndefined();
    expect(codes(diagnostics)).toContain(code);
    expect(diagnostics.map(messageOf).join("\n")).toContain(said);
  });

  it("takes a lock with other spaces, which means the same", () => {
    const { policy: resolved } = other((text) => JSON.stringify(JSON.parse(text)).replaceAll(",", ",\r\n"));
    expect(resolved?.rules[0]?.entries).toHaveLength(2);
  });

  it("is an error where the lock has a list that nobody asks for", () => {
    const text = "version: 1\nrules:\n  - {name: Office, type: allow, cidrs: [203.0.113.0/24]}\n";
    const { diagnostics } = read(text, { "policy.lock.json": lock });
    expect(places(diagnostics)).toEqual(["lock-differs 3:5"]);
    expect(firstMessage(diagnostics)).toContain("which the policy does not ask for");
  });

  it("warns of a list that is older than max_age, 90 days unless it says otherwise", () => {
    const files = { "policy.lock.json": lock };
    expect(codes(read(policy(), files, "2027-02-18T08:00:00Z").diagnostics)).toEqual([]);
    const { policy: resolved, diagnostics } = read(policy(), files, "2027-02-19T08:00:00Z");
    expect(resolved).toBeDefined();
    expect(codes(diagnostics)).toEqual(["list-old"]);
    expect(firstHint(diagnostics)).toContain("dbt-ip-rules lists update vpn");
    const short = policy(`  vpn: ${source.replace("}", ", max_age: 7d}")}\n`);
    expect(codes(read(short, files, "2026-11-27T09:00:00Z").diagnostics)).toEqual([]);
    expect(codes(read(short, files, "2026-11-28T09:00:00Z").diagnostics)).toEqual(["list-old"]);
  });

  it("warns of a list that was fetched in the future, by more than clocks differ", () => {
    const files = { "policy.lock.json": lock };
    expect(codes(read(policy(), files, "2026-11-19T09:00:00Z").diagnostics)).toEqual([]);
    const { diagnostics } = read(policy(), files, "2026-11-19T07:00:00Z");
    expect(codes(diagnostics)).toEqual(["list-old"]);
    expect(firstMessage(diagnostics)).toContain("in the future");
  });

  it("treats an empty list as it treats an empty file", () => {
    const empty = { "policy.lock.json": formatLock(new Map([["vpn", list([])]])) };
    expect(codes(read(policy(), empty).diagnostics)).toContain("empty-network");
  });
});

describe("source", () => {
  it.each([
    ["http://vendor.example/x", "bad-source", "by https only"],
    ["https://user:secret@vendor.example/x", "bad-source", "a user name or a password"],
    ["ftp://vendor.example/x", "bad-source", "by https only"],
    ["https://", "bad-source", "is not a URL"],
    ["githup", "unknown-list", "no list `githup`"],
  ])("%s is refused", (text, code, said) => {
    const { diagnostics } = read(policy(`  vpn: {source: "${text}"}\n`), {});
    expect(codes(diagnostics)).toContain(code);
    const message = diagnostics.map(messageOf).join("\n");
    expect(message).toContain(said);
    expect(message).not.toContain("secret");
  });

  it.each([
    ["github", undefined, "needs a selection"],
    ["github", "hook", "no selection `hook`"],
    ["aws", "EC2 '] || true || ['", "no selection"],
    ["linode", "all", "no selection `all`"],
  ])("%s with the selection %s is refused", (name, select, said) => {
    const more = select === undefined ? "" : `, select: "${select}"`;
    const { diagnostics } = read(policy(`  vpn: {source: ${name}${more}}\n`), {});
    expect(codes(diagnostics)).toContain("unknown-selection");
    expect(diagnostics.map(messageOf).join("\n")).toContain(said);
  });
});
