/** The page in a real browser: what it answers is what `explain` says, and it is usable, quiet and accessible. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Address,
  formatAddress,
  formatPrefix,
  lastAddress,
  lastOfAll,
} from "../../../src/address/prefix.js";
import type { AccountState } from "../../../src/model/rule.js";
import { explain } from "../../../src/plan/explain.js";
import type { Report } from "../../../src/report/report.js";
import { renderReports } from "../../../src/report/reporters.js";
import { look } from "../formats.js";
import { hostileNames, planWith } from "../plans.js";
import { diagnosticsOf } from "../samples.js";
import { Browser, browserIsPromised, chromium, type Page, type Size } from "./browser.js";
import { worldOf } from "./worlds.js";

const at = "2026-11-29T00:00:00.000Z";
const render = (reports: readonly Report[]): Promise<string> =>
  renderReports(
    "html",
    reports.map((report, number) => ({
      report,
      ...(reports.length > 1 ? { policy: `p${number}.yaml` } : {}),
    })),
    { ...look, version: "1.2.3", at },
  );

const desktop: Size = { width: 1280, height: 900 };

describe.runIf(chromium === undefined && browserIsPromised)("the browser", () => {
  it("is there where CI promises one (apt-get install chromium)", () => {
    expect(chromium).toBeDefined();
  });
});

if (chromium === undefined && !browserIsPromised)
  console.warn("skipped: no /usr/bin/chromium, so the page was not opened (apt-get install chromium)");

describe.skipIf(chromium === undefined)("the page in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  let browser: Browser;
  beforeAll(() => {
    browser = Browser.open(chromium ?? "");
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  let files = 0;
  const open = async (reports: readonly Report[], size: Size = desktop): Promise<Page> => {
    const file = join(folder, `${files++}.html`);
    writeFileSync(file, await render(reports));
    const page = await browser.page(file, size);
    // Nothing but the page itself, and not a word of the browser about it.
    expect(page.complaints).toEqual([]);
    expect(page.requests).toEqual([pathToFileURL(file).href]);
    return page;
  };

  /** For each question, each view's verdict and what decides and loses. */
  const ask = async (page: Page, questions: readonly string[]): Promise<unknown> =>
    page.evaluate(`${JSON.stringify(questions)}.map((text) => {
      const input = document.querySelector("input[name=address]");
      input.value = text;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      return [...document.querySelectorAll("[role=status] .view")].map((view) => ({
        verdicts: [...view.querySelectorAll(".part > p:not(.once) > .verdict")].map((one) => one.textContent.slice(2)),
        entries: [...view.querySelectorAll("a")].map((one) => one.textContent),
        rules: [...view.querySelectorAll("q")].map((one) => one.textContent),
      }));
    })`);

  const expected = (states: readonly AccountState[], address: Address): unknown =>
    states.map((state) => {
      const { parts } = explain(state, { network: address, length: 128 });
      const entries = parts.flatMap(({ decider, lost }) => [
        ...(decider.kind === "entry" ? [decider] : []),
        ...lost,
      ]);
      return {
        verdicts: parts.map(({ verdict }) => verdict),
        entries: entries.map(({ type, prefix }) => `${type} ${formatPrefix(prefix)}`),
        rules: entries.map(({ rule }) => rule),
      };
    });

  /** The first and last addresses of ranges, and their neighbours, spread over all. */
  const boundaries = (states: readonly AccountState[], most: number): Address[] => {
    const all = states
      .flatMap(({ rules }) => rules.flatMap(({ prefixes }) => prefixes))
      .flatMap((one) => [one.network - 1n, one.network, lastAddress(one), lastAddress(one) + 1n])
      .filter((one) => one >= 0n && one <= lastOfAll);
    const each = Math.max(1, Math.floor(all.length / most));
    return [...new Set(all)].filter((_, index) => index % each === 0).slice(0, most);
  };

  describe.each([5, 50, 500, 5_000])("of %i prefixes", (count) => {
    const { plan, policy } = worldOf(count);
    const report: Report = { kind: "plan", plan, policy, policyFile: "policy.yaml" };
    const states = [plan.before, plan.after];

    it("answers what explain says, at the boundaries of ranges and next to them", async () => {
      const page = await open([report]);
      const addresses = boundaries(states, 100);
      const answers = await ask(page, addresses.map(formatAddress));
      expect(answers).toEqual(addresses.map((address) => expected(states, address)));
      // All of them are asked, and some differ.
      expect(new Set(addresses.map((one) => JSON.stringify(expected(states, one)))).size).toBeGreaterThan(3);
      await page.close();
    });

    it("is small, and draws no more than a reader can look at", async () => {
      const page = await open([report]);
      expect(Buffer.byteLength(await render([report]))).toBeLessThanOrEqual(400_000);
      expect(Number(await page.evaluate("document.querySelectorAll('tr').length"))).toBeLessThan(2_000);
      await page.close();
    });
  });

  it("has changed branches open, the others folded, and holes shown as holes", async () => {
    const { plan, policy } = worldOf(50);
    const page = await open([{ kind: "plan", plan, policy }]);
    const tree = await page.text("[data-family=IPv4] tbody");
    expect(tree).toContain("loses access");
    expect(tree).toContain("hole");
    expect(tree).toContain("unchanged: ");
    const folds = Number(await page.evaluate("document.querySelectorAll('.fold').length"));
    await page.click("[data-family=IPv4] .unfold");
    expect(await page.evaluate("document.querySelectorAll('.fold').length")).toBe(folds - 1);
    const toggle = "[data-family=IPv4] .toggle[aria-expanded=false]";
    const rows = Number(await page.evaluate("document.querySelectorAll('.tree tr').length"));
    await page.click(toggle);
    expect(Number(await page.evaluate("document.querySelectorAll('.tree tr').length"))).toBeGreaterThan(rows);
    await page.close();
  });

  it("filters tree and table by rule, list, change and date", async () => {
    const { plan, policy } = worldOf(50);
    const page = await open([{ kind: "plan", plan, policy }]);
    const set = async (name: string, value: string | boolean): Promise<string> => {
      const property = typeof value === "string" ? "value" : "checked";
      await page.evaluate(`(() => {
        const control = document.querySelector("form[data-filters] [name=${name}]");
        control.${property} = ${JSON.stringify(value)};
        control.dispatchEvent(new Event("change", { bubbles: true }));
      })()`);
      return page.text("[data-count]");
    };
    const entries = (): Promise<unknown> =>
      page.evaluate("document.querySelectorAll('.entries tbody tr').length");
    const entriesOf = (test: (entry: { readonly network?: string; readonly expires?: string }) => boolean) =>
      policy.rules.flatMap((rule) => rule.entries).filter(test).length;
    expect(await set("list", "list_1")).toContain(
      `${entriesOf(({ network }) => network === "list_1")} of 50`,
    );
    expect(await entries()).toBe(entriesOf(({ network }) => network === "list_1"));
    await set("list", "");
    const soon = entriesOf(({ expires }) => expires === "2026-12-10");
    expect(await set("soon", true)).toContain(`${soon} of 50`);
    await set("soon", false);
    const guests = new Set(
      [plan.before, plan.after].flatMap(({ rules }) =>
        (rules.find(({ name }) => name === "Guest network")?.prefixes ?? []).map(formatPrefix),
      ),
    ).size;
    const option = await page.evaluate(
      "[...document.querySelectorAll('[name=rule] option')].find((one) => one.textContent === 'Guest network').value",
    );
    expect(await set("rule", String(option))).toContain(`${guests} of 50`);
    expect(
      await page.evaluate("document.querySelector('.entries tbody').innerText.includes('Corporate')"),
    ).toBe(false);
    await set("rule", "");
    const changed = Number(/\d+/.exec(await set("changed", true))?.[0]);
    expect(changed).toBeGreaterThan(3);
    expect(changed).toBeLessThan(50);
    await page.click("[data-count] button");
    expect(await page.text("[data-count]")).toBe("50 entries");
    await page.close();
  });

  it("sorts the table, and leads from it into the tree", async () => {
    const { plan, policy } = worldOf(500);
    const page = await open([{ kind: "plan", plan, policy }]);
    const column = (at: number): Promise<unknown> =>
      page.evaluate(
        `[...document.querySelectorAll('.entries tbody tr')].map((row) => row.cells[${at}].textContent)`,
      );
    await page.click(".entries th:nth-child(4) .sort");
    const rules = (await column(3)) as string[];
    expect(rules).toEqual(rules.toSorted((a, b) => a.localeCompare(b)));
    await page.click(".entries th:nth-child(4) .sort");
    expect(((await column(3)) as string[])[0]).toBe("Partner");
    expect(await page.evaluate("document.querySelector('[aria-sort]').getAttribute('aria-sort')")).toBe(
      "descending",
    );
    await page.click(".entries th:nth-child(1) .sort");
    const [, , deep = ""] = (await column(0)) as string[];
    await page.click(".entries tbody tr:nth-child(3) a");
    const focused = (): Promise<unknown> =>
      page.evaluate(
        "new Promise((done) => setTimeout(() => done(document.activeElement.querySelector('code')?.textContent), 50))",
      );
    expect(await focused()).toBe(deep);
    await page.close();
  });

  it("works with the keyboard alone", async () => {
    const { plan, policy } = worldOf(50);
    const page = await open([{ kind: "plan", plan, policy }]);
    const focus = (): Promise<unknown> =>
      page.evaluate(
        "document.activeElement.name || document.activeElement.className || document.activeElement.tagName",
      );
    const seen: unknown[] = [];
    for (let step = 0; step < 30 && (await focus()) !== "address"; step += 1) {
      await page.press("Tab");
      seen.push(await focus());
    }
    expect(seen[0]).toBe("skip");
    expect(await focus()).toBe("address");
    await page.type("10.0.0.70");
    expect(await page.text("[role=status]")).toMatch(/allowed|blocked/);
    await page.press("Enter");
    expect(page.requests.length).toBe(1);
    for (let step = 0; step < 60 && (await focus()) !== "toggle"; step += 1) await page.press("Tab");
    expect(await focus()).toBe("toggle");
    const state = "document.activeElement.getAttribute('aria-expanded')";
    const before = await page.evaluate(state);
    await page.press("Enter");
    expect(await page.evaluate(state)).toBe(before === "true" ? "false" : "true");
    await page.close();
  });

  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const several: readonly Report[] = [
    { kind: "plan", plan: worldOf(50).plan, policy: worldOf(50).policy },
    { kind: "failure", diagnostics: diagnosticsOf(hostileNames), exitCode: 1 },
    { kind: "plan", plan: planWith(hostileNames) },
  ];

  it.each([
    ["desktop", [several[0]!], desktop],
    ["dark", [several[0]!], { ...desktop, dark: true }],
    ["phone", [several[0]!], { width: 390, height: 844 }],
    ["several policies", several, desktop],
    ["a failure", [several[1]!], desktop],
  ] as const)("has nothing serious for axe: %s", async (_, reports, size) => {
    const page = await open(reports, size);
    await page.evaluate(`(() => {
      const input = document.querySelector("input[name=address]");
      if (input === null) return;
      input.value = "10.0.0.0/23";
      input.dispatchEvent(new Event("input"));
    })()`);
    await page.evaluate(axe);
    const found = await page.evaluate(
      "axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => [impact, id, nodes.map((node) => node.html).slice(0, 3)]))",
    );
    expect(
      (found as unknown[][]).filter(([impact]) => impact === "serious" || impact === "critical"),
    ).toEqual([]);
    // No part of the page is wider than the screen.
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await page.close();
  });

  it("shows hostile names as text", async () => {
    const page = await open(several);
    expect(await page.evaluate("document.scripts.length")).toBe(2);
    expect(await page.evaluate("document.querySelectorAll('img, iframe, object, link').length")).toBe(0);
    await page.close();
  });

  it("answers for each policy, and says what cannot be read", async () => {
    const page = await open(several);
    await ask(page, ["203.0.113.7"]);
    expect(await page.evaluate("document.querySelectorAll('[role=status] .answer').length")).toBe(2);
    await ask(page, ["203.0.113"]);
    expect(await page.text("[role=status]")).toContain("Not an address yet");
    await ask(page, ["::ffff:203.0.113.0/24"]);
    expect(await page.text("[role=status]")).toContain("Write 203.0.113.0/24");
    await page.close();
  });
});
