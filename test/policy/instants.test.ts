/** `expires` as an instant: its forms, when it comes, and that no decision compares two spellings as text. */
import { describe, expect, it } from "vitest";
import { messageOf } from "../../src/model/diagnostic.js";
import { asExpiry, compareExpiry } from "../../src/model/time.js";
import { makePlan } from "../../src/plan/make-plan.js";
import { check, codes, mustRead, readPolicy } from "./reading.js";

const policy = (...entries: string[]): string =>
  [
    "version: 1",
    "account: { id: 66847 }",
    "rules:",
    "  - name: Office",
    "    type: allow",
    "    cidrs:",
    ...entries.map((entry) => `      - ${entry}`),
    "",
  ].join("\n");
const one = (expires: string): string =>
  policy(`{cidr: 203.0.113.7, expires: ${expires}}`, "198.51.100.0/24");
const inForce = (expires: string, now: string): boolean =>
  mustRead(one(expires), { now }).rules[0]?.entries.length === 2;

describe("the forms of expires", () => {
  it.each([
    "2027-01-15",
    "2028-02-29",
    "2400-02-29",
    "2027-01-15T18:00Z",
    "2027-01-15T18:00:30Z",
    "2027-12-31T23:59:59Z",
  ])("%s is one", (expires) => {
    expect(codes(readPolicy(one(expires)).diagnostics)).toEqual([]);
    expect(mustRead(one(expires)).rules[0]?.entries[0]?.expires).toBe(expires);
  });

  it.each([
    "2027-02-29",
    "2100-02-29",
    "2027-04-31",
    "2027-13-01",
    "2027-00-10",
    "2027-01-15T18:00",
    "2027-01-15T18:00+01:00",
    "2027-01-15T24:00Z",
    "2027-01-15T18:60Z",
    "2027-01-15T18:00:60Z",
    "2027-01-15 18:00Z",
    "2027-01-15T18Z",
    "2027-01-15T18:00:00.5Z",
    "20270115T180000Z",
  ])("%s is none", (expires) => {
    expect(codes(readPolicy(one(JSON.stringify(expires))).diagnostics)).toEqual(["bad-date"]);
  });
});

describe("an instant", () => {
  it.each([
    ["2027-01-15T18:00Z", "2027-01-15T17:59:59.999Z", true],
    ["2027-01-15T18:00Z", "2027-01-15T18:00:00.000Z", false],
    ["2027-01-15T18:00:30Z", "2027-01-15T18:00:29.999Z", true],
    ["2027-01-15T18:00:30Z", "2027-01-15T18:00:30.000Z", false],
    ["2027-01-15", "2027-01-14T23:59:59.999Z", true],
    ["2027-01-15", "2027-01-15T00:00:00.000Z", false],
  ])("%s: in force at %s is %s", (expires, now, expected) => {
    expect(inForce(expires, now)).toBe(expected);
  });

  it("is compared as a time: with seconds it may be the later one, though its text is the smaller one", () => {
    expect(compareExpiry("2027-01-15T18:00:30Z", "2027-01-15T18:00Z")).toBeGreaterThan(0);
    expect(compareExpiry("2027-01-15T00:00Z", "2027-01-15")).toBe(0);
    expect(asExpiry(new Date("2027-01-15T18:00:30.900Z"))).toBe("2027-01-15T18:00:30Z");
  });

  it("of two entries with one prefix leaves the one in force that lasts longer", () => {
    const text = [
      "version: 1",
      "networks:",
      "  a: [{cidr: 203.0.113.7, expires: 2027-01-15T18:00Z}]",
      "  b: [{cidr: 203.0.113.7, expires: 2027-01-15T18:00:30Z}]",
      "rules:",
      "  - {name: Office, type: allow, cidrs: [{network: b}, {network: a}, 198.51.100.0/24]}",
      "",
    ].join("\n");
    expect(mustRead(text).rules[0]?.entries[0]?.expires).toBe("2027-01-15T18:00:30Z");
  });

  it("is said with its time", () => {
    const { diagnostics } = check(one("2026-12-01T11:00Z"), { now: "2026-12-01T12:00:00Z" });
    expect(diagnostics.map(messageOf)[0]).toBe(
      "203.0.113.7/32 in `Office` expired at 2026-12-01T11:00Z and is no longer part of the policy",
    );
  });

  it("bounds the plan: from the last instant that has come to the next one", () => {
    const text = policy(
      "{cidr: 203.0.113.1, expires: 2026-12-01T11:00Z}",
      "{cidr: 203.0.113.2, expires: 2026-12-01T11:00:30Z}",
      "{cidr: 203.0.113.3, expires: 2026-12-01T18:00:30Z}",
      "{cidr: 203.0.113.4, expires: 2026-12-01T18:00Z}",
      "198.51.100.0/24",
    );
    const snapshot = {
      accountId: 66847,
      host: "ab123.us1.dbt.com",
      enforcement: "disabled",
      rules: [],
    } as const;
    const { plan } = makePlan({ policy: mustRead(text), snapshot });
    expect([plan?.validFrom, plan?.validUntil]).toEqual(["2026-12-01T11:00:30Z", "2026-12-01T18:00Z"]);
  });
});
