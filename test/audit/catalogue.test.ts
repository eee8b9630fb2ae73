import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  catalogue,
  eventFilter,
  globMatches,
  normaliseType,
  suggestTypes,
} from "../../src/audit/catalogue.js";
import { editDistance } from "../../src/policy/suggest.js";

describe("the catalogue", () => {
  it("holds each type once, normalised", () => {
    const types = catalogue.map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    for (const { type, documented } of catalogue) expect(normaliseType(documented)).toBe(type);
  });

  it("holds every row of the documentation's tables, under its heading", () => {
    const text = readFileSync(new URL("documented-types.tsv", import.meta.url), "utf8");
    const rows = text.trimEnd().split("\n");
    expect(rows.length).toBeGreaterThan(60);
    expect(catalogue.map(({ group, name, documented }) => [group, name, documented].join("\t"))).toEqual(
      rows,
    );
  });

  it.each([
    ["v1.events.ip_restrictions.rule.Added", "ip_restrictions.rule.added"],
    ["ip_restrictions.rule.added", "ip_restrictions.rule.added"],
    ["v1.events.account.UserAdded", "account.useradded"],
    ["V2.EVENTS.group.added", "group.added"],
  ])("normalises %s", (raw, type) => {
    expect(normaliseType(raw)).toBe(type);
  });
});

describe("names of events", () => {
  it.each([
    [
      ["ip_restrictions.*"],
      ["ip_restrictions.toggled", "ip_restrictions.rule.added", "ip_restrictions.future"],
    ],
    [["ip_restrictions"], ["ip_restrictions.toggled", "ip_restrictions.rule.removed"]],
    [["IP restrictions"], ["ip_restrictions.toggled", "ip_restrictions.rule.changed"]],
    [["v1.events.ip_restrictions.rule.Added"], ["ip_restrictions.rule.added"]],
    [["login.password.succeeded"], ["login.password.succeeded", "auth.credentialsloginsucceeded"]],
    [["*.removed"], ["group.removed", "ip_restrictions.rule.removed"]],
    [[], ["anything.at.all"]],
  ])("%j finds %j", (typed, types) => {
    const filter = eventFilter(typed);
    expect(filter.diagnostics).toEqual([]);
    for (const type of types) expect(filter.matches(type)).toBe(true);
  });

  it("does not find what was not asked for", () => {
    expect(eventFilter(["ip_restrictions"]).matches("ip_restrictionsx.toggled")).toBe(false);
    expect(eventFilter(["group.added"]).matches("group.user.added")).toBe(false);
    expect(eventFilter(["ip_restrictions.toggled"]).matches("ip_restrictions.rule.added")).toBe(false);
  });

  it("asks the server only for exact names: a glob may match types that the documentation lacks", () => {
    expect(eventFilter(["ip_restrictions.rule.*"]).types).toBeUndefined();
    expect(eventFilter(["group.added"]).types).toEqual(["group.added"]);
  });

  it.each([
    ["ip_restrictions.rule.add", "ip_restrictions.rule.added"],
    ["ip_restriction.toggled", "ip_restrictions.toggled"],
    ["job_defintion.changed", "job_definition.changed"],
    ["service_tokn.created", "service_token.created"],
    ["toggled", "ip_restrictions.toggled"],
  ])("warns of %s and suggests %s", (typed, wanted) => {
    const [warning] = eventFilter([typed]).diagnostics;
    expect(warning?.code).toBe("unknown-event-type");
    expect(warning?.severity).toBe("warning");
    expect(suggestTypes(typed)).toContain(wanted);
    expect(eventFilter([typed]).matches(normaliseType(typed))).toBe(true);
  });

  it("suggests nothing for what is like nothing", () => {
    expect(suggestTypes("zzzzqqqq")).toEqual([]);
  });

  it("measures distance as a metric over insertions, deletions, replacements", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });

  it("globs as a regular expression would", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 10 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (glob, input) => {
        const source = glob.replaceAll(".", "\\.").replaceAll("*", ".*");
        expect(globMatches(glob, input)).toBe(new RegExp(`^${source}$`).test(input));
      }),
    );
  });
});
