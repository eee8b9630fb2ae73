/**
 * Names and descriptions that somebody wrote to do harm, in the account and in the policy, through the program:
 * whatever it prints in whatever format, none of it reaches a terminal, a page or a pipeline as anything but text.
 */
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { describe, expect, it } from "vitest";
import type { AccountState } from "../../src/model/rule.js";
import { account, rule } from "../apply/hand-made.js";
import { newPlace, type Place } from "./place.js";

const hostile = {
  escape: "\u001b[2J\u001b]0;title\u0007red \u001b[31m",
  workflow: "x\n::error::pwned\n##[error]pwned\r\n::set-output name=a::b",
  rightToLeft: "safe \u202Egpj.exe\u202C \u2066hidden\u2069",
  page: "<script>alert(1)</script> [click](javascript:alert(1)) @everyone `code` | cell",
  formula: "=cmd|' /C calc'!A0",
  long: "long ".repeat(2_000),
} as const;

const {
  escape: first,
  workflow: second,
  rightToLeft: third,
  page: fourth,
  formula: fifth,
  long: sixth,
} = hostile;

const before: AccountState = account(
  "enabled",
  rule("office", "allow", ["203.0.113.0/24"]),
  rule(first, "allow", ["198.51.100.0/25"], hostile.workflow),
  rule(second.replace(/\s+/g, " "), "deny", ["198.51.100.7/32"], hostile.escape),
  rule(third, "allow", ["192.0.2.0/26"], hostile.page),
);
const after: AccountState = account(
  "enabled",
  rule("office", "allow", ["203.0.113.0/24"]),
  rule(fourth, "allow", ["198.51.100.0/25"], hostile.long),
  rule(fifth, "deny", ["198.51.100.9/32"], hostile.rightToLeft),
  rule(`${sixth.slice(0, 200)}!`, "allow", ["192.0.2.0/25"], hostile.escape),
);
const scenario = { name: "hostile", before, after, renames: new Map(), protectedAddresses: [] };

/** What no output may hold: control characters but the line's end, marks that turn the direction, commands. */
const forbidden = [
  /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/,
  /[\u200E\u200F\u202A-\u202E\u2066-\u2069]/,
  /^\s*::[a-z-]+[ :]/m,
  /^\s*##\[/m,
];

const isTame = (text: string, what: string): void => {
  for (const pattern of forbidden) expect(text, what).not.toMatch(pattern);
};

/** The page that a forge makes of it, without what stands there as code. */
const outsideOfCode = (markdown: string): string =>
  micromark(markdown, { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] }).replace(
    /<code[\s\S]*?<\/code>/g,
    "",
  );

const checked = async (place: Place, ...args: readonly string[]): Promise<string> => {
  const { stdout, stderr, code } = await place.ran(...args);
  expect([0, 2, 3], `${args.join(" ")}: ${stderr}`).toContain(code);
  isTame(stdout, `standard output of ${args.join(" ")}`);
  isTame(stderr, `standard error of ${args.join(" ")}`);
  if (args.includes("json")) expect(() => JSON.parse(stdout)).not.toThrow();
  if (args.includes("markdown")) expect(outsideOfCode(stdout)).not.toMatch(/<script|@everyone|javascript:/);
  return stdout;
};

describe.concurrent("hostile text, through the program", () => {
  it.each([
    ["plan", "text"],
    ["plan", "json"],
    ["plan", "markdown"],
    ["drift", "text"],
    ["drift", "json"],
    ["drift", "markdown"],
    ["explain 198.51.100.7", "text"],
    ["explain 198.51.100.7", "json"],
    ["validate", "text"],
    ["validate", "json"],
  ])("%s in %s", async (command, format) => {
    await checked(await newPlace(scenario), ...command.split(" "), "--format", format);
  });

  it("import", async () => {
    const { stdout, stderr } = await (await newPlace(scenario)).ran("import", "--output", "imported.yaml");
    isTame(stdout, "standard output");
    isTame(stderr, "standard error");
  });

  it.each(["text", "json", "markdown"])("a saved plan, shown and applied in %s", async (format) => {
    const place = await newPlace(scenario);
    await checked(place, "plan", "--out", "plan.json");
    await checked(place, "show", "plan.json", "--format", format);
    await checked(place, "apply", "plan.json", "--auto-approve", "--format", format);
    expect(place.isDone()).toBe(true);
    if (format !== "markdown") await checked(place, "audit", "list", "--format", format);
  });
});
