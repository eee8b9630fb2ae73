/** The page as text: complete by itself, hostile names escaped in its markup and its data, and nobody's name in it. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { diagnostic } from "../../../src/model/diagnostic.js";
import type { PageData } from "../../../src/report/html/page-data.js";
import type { Report } from "../../../src/report/report.js";
import { inFormat } from "../formats.js";
import { planWith } from "../plans.js";
import { replayOf } from "../replay-sample.js";
import { bothNames, diagnosticsOf, type Names, ordinaryNames, snapshotOf } from "../samples.js";
import { worldOf } from "./worlds.js";

const page = (report: Report): Promise<string> => inFormat("html", report);

const scripts = (html: string): string[] =>
  [...html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, text = ""]) => text);
const dataOf = (html: string): PageData => JSON.parse(scripts(html)[0] ?? "");
const markupOf = (html: string): string => html.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, "");
/** The elements of a page, in order, with the names of their attributes. */
const elementsOf = (html: string): string[] =>
  [...markupOf(html).matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/"[^"]*"/g, '""'));

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const reportsOf = (names: Names): readonly (readonly [string, Report])[] => [
  ["plan", { kind: "plan", plan: planWith(names), policyFile: names.vpn }],
  ["account", { kind: "account", snapshot: snapshotOf(names) }],
  ["replay", replayOf(names, true)],
  ["failure", { kind: "failure", diagnostics: diagnosticsOf(names), exitCode: 1 }],
];

describe.each(bothNames)("a page with %s names", (_, names) => {
  const reports = reportsOf(names);

  it.each(reports)(
    "%s is whole, forbids every request and runs only its own script",
    async (kind, report) => {
      const html = await page(report);
      expect(html.startsWith("<!doctype html>")).toBe(true);
      expect(html.trimEnd().endsWith("</html>")).toBe(true);
      const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? "";
      expect(policy).toContain("default-src 'none'");
      const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? "";
      expect(policy).toContain(`style-src ${hash(style)}`);
      expect(elementsOf(html).join("\n")).not.toMatch(/ style=| on[a-z]+=|^<(link|img|iframe|object|base)/m);
      expect(style).not.toMatch(/@import|url\(/);
      if (kind === "failure") {
        expect(scripts(html)).toEqual([]);
        return;
      }
      expect(html).toContain('<input id="address" name="address"');
      expect(markupOf(html).match(/role="status"/g)).toHaveLength(1);
      const [, script = ""] = scripts(html);
      expect(policy).toContain(`script-src ${hash(script)}`);
      expect(script).not.toMatch(/\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|\beval\(|innerHTML/);
    },
  );

  it.each(reports)("%s hides no row of what was found", async (_name, report) => {
    const html = await page(report);
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? "";
    const hidden = [...style.matchAll(/^\.([\w-]+) \{\s*display: none;/gm)].map(([, name = ""]) => name);
    expect(hidden).toContain("none");
    const rows = [...markupOf(html).matchAll(/<li class="([^"]*)"/g)].flatMap(([, names = ""]) =>
      names.split(" "),
    );
    expect(rows.filter((name) => hidden.includes(name))).toEqual([]);
  });

  it.each(reports)("%s has no text that acts", async (_name, report) => {
    const html = await page(report);
    expect(html).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u3164]/u);
    expect(scripts(html)[0] ?? "").not.toMatch(/[<>&]/);
  });
});

describe("what no reader may miss", () => {
  const waiting = diagnostic("unconfirmed-change", { begun: "2026-11-20T10:00:00Z", undo: "undo it" });
  const plan = { ...planWith(ordinaryNames), diagnostics: [waiting] };

  it.each(["html", "markdown"] as const)(
    "is not folded, and above who loses access, in %s",
    async (format) => {
      const text = (await inFormat(format, { kind: "plan", plan })).split("<script")[0] ?? "";
      const [above = "", below = ""] = text.split("Not confirmed: 1 change");
      expect(below).toMatch(/^[\s\S]*?2026-11-20T10:00:00Z[\s\S]*Loses access/);
      expect(above).not.toContain("Loses access");
      expect(`${above}${below}`).not.toMatch(/<summary>Notes/);
    },
  );
});

it("a page has the same elements whatever the names are", async () => {
  const [ordinary = [], hostile = []] = await Promise.all(
    // An account's page has a box more for names that look alike, a list of rules a row more for each.
    bothNames.map(([, names]) =>
      Promise.all(reportsOf(names).flatMap(([kind, report]) => (kind === "account" ? [] : [page(report)]))),
    ),
  );
  const shapeOf = (html: string): string =>
    elementsOf(html)
      .join("\n")
      .replace(/(<li class="">\n<span class="">\n<\/span>\n<\/li>\n)+/g, "<li>\n");
  expect(hostile.map(shapeOf)).toEqual(ordinary.map(shapeOf));
});

describe("what a page knows", () => {
  it("has entries of both views, each once, with what the policy says of them", async () => {
    const { plan, policy } = worldOf(50);
    const { pictures } = dataOf(await page({ kind: "plan", plan, policy }));
    const [picture] = pictures;
    const entries = picture?.rules.flatMap(([, , groups]) =>
      groups.flatMap(([, prefixes]) => prefixes.split(" ")),
    );
    expect(entries).toHaveLength(50);
    expect(picture?.texts).toContain("ticket OPS-2, asked for by team 2");
    expect(picture?.views.map(({ heading }) => heading)).toEqual(["Before", "After"]);
  });

  it("pairs a rule with its old name, and knows what the policy does not name", async () => {
    const { pictures } = dataOf(await page({ kind: "plan", plan: planWith(ordinaryNames) }));
    const rules = pictures[0]?.rules ?? [];
    expect(rules.map(([name, , , more]) => [more?.was?.name, name])).toContainEqual(["VPN", "Corporate VPN"]);
    expect(rules.filter(([, , , more]) => more?.unmanaged).map(([name]) => name)).toEqual(["Set by hand"]);
  });

  it("marks entries that are disabled", async () => {
    const snapshot = snapshotOf(ordinaryNames);
    const [first, ...rest] = snapshot.rules;
    const report: Report = {
      kind: "account",
      snapshot: { ...snapshot, rules: [{ ...first!, entries: [], disabled: first!.entries }, ...rest] },
    };
    const { pictures } = dataOf(await page(report));
    const groups = pictures[0]?.rules.flatMap(([, , list]) => list) ?? [];
    expect(groups.filter(([, , more]) => more?.disabled === 1).length).toBe(1);
  });

  it("has no name, id or address of anybody, even where the terminal shows them", async () => {
    const report = replayOf(ordinaryNames, true);
    const people = {
      ...report,
      replay: {
        ...report.replay,
        actors: report.replay.actors.map((one, at) => ({
          ...one,
          id: `id-${at}-x`,
          name: `analyst-${at}@example.com`,
        })),
      },
      blind: report.blind.map((one) => ({
        ...one,
        ...(one.kind === "git_provider" ? {} : { name: "engineer-y" }),
      })),
    };
    const html = await page(people);
    expect(html).toContain("person 1");
    for (const secret of ["analyst-", "example.com", "id-0-x", "engineer-y"])
      expect(html).not.toContain(secret);
    const seen = report.replay.actors.flatMap(({ addresses }) => addresses).length;
    expect(seen).toBeGreaterThan(3);
    for (const address of ["198.51.100.7<", "198.51.100.9", "203.0.113.9", "198.51.100.77"])
      expect(html).not.toContain(address);
  });

  const most = 400_000;

  it("says that a saved plan has no comments, and only of that", async () => {
    const { plan, policy } = worldOf(50);
    const words = "A saved plan does not hold the comments";
    expect(await page({ kind: "plan", plan, savedAs: "plan.json" })).toContain(words);
    expect(await page({ kind: "plan", plan, policy })).not.toContain(words);
  });

  it("cuts comments where there are too many, and says so", async () => {
    const { plan, policy } = worldOf(5_000);
    const rules = policy.rules.map((rule) => ({
      ...rule,
      entries: rule.entries.map((entry, at) => ({
        ...entry,
        comment: `${rule.name} ${at} ${"x".repeat(110)}`,
      })),
    }));
    const html = await page({ kind: "plan", plan, policy: { ...policy, rules } });
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(most);
    expect(dataOf(html).pictures[0]?.texts[0]).toMatch(/…/);
  });

  it("holds thousands of rules", async () => {
    const { plan } = worldOf(5_000);
    const rules = plan.after.rules
      .flatMap(({ type, prefixes }) => prefixes.map((one) => ({ type, description: "", prefixes: [one] })))
      .map((rule, at) => ({ ...rule, name: `Rule of site ${String(at).padStart(4, "0")}` }));
    const changes = rules.map((rule) => ({ kind: "create" as const, rule }));
    const html = await page({ kind: "plan", plan: { ...plan, after: { ...plan.after, rules }, changes } });
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(most);
    expect(html).toMatch(/… and [\d,]+ more rows/);
  });
});
