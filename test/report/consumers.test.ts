/** Each format read by a consumer that is not ours, or as its specification says: nothing hostile gets through. */

import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import fc from "fast-check";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { describe, expect, it } from "vitest";
import { validateXML } from "xmllint-wasm";
import type { Diagnostic } from "../../src/model/diagnostic.js";
import { csvField, jsonText, markdownCode, markdownFence } from "../../src/model/escape.js";
import { renderPlanMarkdown } from "../../src/report/markdown.js";
import type { Format } from "../../src/report/reporters.js";
import { saying } from "../said.js";
import { everyFormat, inFormat } from "./formats.js";
import { planWith } from "./plans.js";
import { bothNames, diagnosticsOf, eventOf, type Names, ordinaryNames } from "./samples.js";

// The package is CommonJS: its function is the default of the default.
const addFormats = addFormatsModule.default;
const schema = (name: string): string =>
  readFileSync(new URL(`../fixtures/schemas/${name}`, import.meta.url), "utf8");
// The table has two rows: the second is the hostile one.
const [, [, hostileNames]] = bothNames as readonly [unknown, readonly [string, Names]];
const hostile = await everyFormat(hostileNames);
const everyText = await Promise.all(
  bothNames.map(async ([kind, names]) => [kind, await everyFormat(names)] as const),
);

/** Diagnostics as `validate` hands them to a format. */
const diagnosticsIn = (format: Format, diagnostics: readonly Diagnostic[]): Promise<string> =>
  inFormat(format, { kind: "failure", diagnostics, exitCode: 1 });
const ending = (suffix: string): [string, string][] =>
  Object.entries(hostile).filter(([name]) => name.endsWith(suffix));

const unsafe = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{115f}\u{3164}]/u;
const anyText = fc.string({
  unit: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(..."`~|<>&@#[]()!*_:\\\n\r\t\u001b\u202e\u200b\ud800-= ") },
    fc.string({ minLength: 1, maxLength: 1, unit: "binary" }),
  ),
});

describe("terminals and CI logs", () => {
  it.each(ending(".txt"))("%s moves no cursor, hides and reorders nothing", (_, text) => {
    // biome-ignore lint/complexity/useRegexLiterals: the escape is clearer as text
    const plain = text.replace(new RegExp("\\u001b\\[\\d+m", "g"), "");
    expect(unsafe.exec(plain)).toBeNull();
  });

  it.each(ending(".txt").filter(([name]) => !name.includes("github")))(
    "%s gives the runner no command",
    (_, text) => {
      for (const line of text.split("\n")) expect(line.trimStart()).not.toMatch(/^::[a-z]/i);
      expect(text).not.toMatch(/##(vso|teamcity)?\[/i);
    },
  );

  it.each(Object.entries(hostile).filter(([name]) => /\.(json|ndjson|csv|xml|md)$/.test(name)))(
    "%s is safe to print too",
    (_, text) => {
      expect(unsafe.exec(text.replaceAll("\r\n", "\n"))).toBeNull();
      expect(text).not.toMatch(/^\s*::(error|warning|set-output|add-mask)|##\[/m);
    },
  );
});

/** As GitHub's runner reads a line: name, properties, message. */
const readCommand = (line: string) => {
  const match = /^::(\w+)(?: (.*?))?::(.*)$/.exec(line);
  if (match === null) throw new Error(`not a command: ${line}`);
  const [, name = "", properties = "", data = ""] = match;
  const plain = (text: string): string =>
    text
      .replaceAll("%0D", "\r")
      .replaceAll("%0A", "\n")
      .replaceAll("%3A", ":")
      .replaceAll("%2C", ",")
      .replaceAll("%25", "%");
  const pairs = properties
    .split(",")
    .filter(Boolean)
    .map((pair): [string, string] => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), plain(pair.slice(at + 1))];
    });
  return { name, properties: Object.fromEntries(pairs), message: plain(data) };
};

describe("GitHub annotations", () => {
  it("come out of the runner's reader as they went in", async () => {
    const lines = await diagnosticsIn("github", [
      saying({
        code: "shared-host",
        severity: "warning",
        message: "100%, all: of it\n::error::",
        hint: "50%0A",
        source: { file: "./a,b:c.yaml", line: 3, column: 2, endLine: 3, endColumn: 9, lineText: "" },
      }),
    ]);
    expect(lines.split("\n")).toHaveLength(2);
    expect(readCommand(lines.trimEnd())).toEqual({
      name: "warning",
      properties: {
        file: "a,b:c.yaml",
        line: "3",
        col: "2",
        endColumn: "9",
        endLine: "3",
        title: "shared-host",
      },
      message: "100%, all: of it\\n:\\x3aerror::\n50%0A",
    });
  });

  it.each(ending("github.txt"))("%s holds one known command a line", (_, text) => {
    for (const line of text.trimEnd().split("\n"))
      expect(["error", "warning", "notice"]).toContain(readCommand(line).name);
  });

  it("stay at ten a level, the tenth counting the rest", async () => {
    const many = Array.from({ length: 25 }, (_, index) =>
      saying({
        code: "interrupted",
        severity: "error",
        message: `m${index}`,
      }),
    );
    const annotations = await diagnosticsIn("github", [
      ...many,
      saying({ code: "enforcement-not-told", severity: "note", message: "n" }),
    ]);
    const commands = annotations.trimEnd().split("\n").map(readCommand);
    expect(commands.filter(({ name }) => name === "error")).toHaveLength(10);
    expect(commands[9]?.message).toContain("16 more errors");
    expect(commands.filter(({ name }) => name === "notice")).toHaveLength(1);
  });
});

const toHtml = (markdown: string): string =>
  micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });

/** What a reader and GitHub's filters for mentions, issues and links see outside of code. */
const outsideCode = (html: string): string =>
  html.replace(/<pre>[\s\S]*?<\/pre>/g, "").replace(/<code>[\s\S]*?<\/code>/g, "");
const tagsOf = (html: string): string[] =>
  (outsideCode(html).match(/<[^>]*>/g) ?? []).filter((tag) => !tag.startsWith("<!--"));
const ownTags = /^<\/?(h3|p|strong|em|details|summary|blockquote)>$/;

describe("markdown", () => {
  it.each(ending(".md"))("%s renders without a foreign tag, mention or link", (_, text) => {
    const html = toHtml(text);
    for (const tag of tagsOf(html)) expect(tag).toMatch(ownTags);
    expect(outsideCode(html)).not.toMatch(/@|#\d|https?:|www\./);
    expect(html.match(/<details>/g)?.length).toBe(html.match(/<\/details>/g)?.length);
    expect(html.startsWith("<!-- dbt-ip-rules:")).toBe(true);
  });

  it("renders without a foreign tag, mention or link, whatever the names are", async () => {
    const name = fc.oneof(
      anyText,
      fc.constantFrom(
        "<img src=x>",
        "[a](http://b)",
        "@team",
        "#1",
        "**b**",
        "a`b",
        "`\n@team\n`",
        "www.b.de",
      ),
    );
    const names = fc.record({ vpn: name, oldVpn: name, partner: name, legacy: name, description: name });
    await fc.assert(
      fc.asyncProperty(names, async (one) => {
        for (const [file, text] of Object.entries(await everyFormat(one))) {
          if (!file.endsWith(".md")) continue;
          const html = toHtml(text);
          expect(
            tagsOf(html).filter((tag) => !ownTags.test(tag)),
            file,
          ).toEqual([]);
          expect(outsideCode(html), file).not.toMatch(/@|#\d|https?:|www\./);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("keeps the sign in column 0 of every line of a diff", () => {
    for (const [, text] of ending(".md"))
      for (const [, body = ""] of text.matchAll(/^`{3,}diff\n([\s\S]*?)\n`{3,}$/gm))
        for (const line of body.split("\n")) expect(line).toMatch(/^[-+! ] /);
  });

  it("has the same structure whatever the names are", () => {
    const structure = (names: Names): string[] => tagsOf(toHtml(renderPlanMarkdown(planWith(names))));
    const expected = structure(ordinaryNames);
    fc.assert(
      fc.property(anyText, anyText, anyText, (vpn, partner, description) => {
        const html = toHtml(renderPlanMarkdown(planWith({ ...ordinaryNames, vpn, partner, description })));
        expect(tagsOf(html).filter((tag) => !ownTags.test(tag))).toEqual([]);
        // A name may add a note, never a section.
        expect(tagsOf(html)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  it("shows any text in a code span or a fence as that text", async () => {
    const decode = (html: string): string =>
      html.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
    fc.assert(
      fc.property(anyText, (text) => {
        const span = toHtml(`a ${markdownCode(text, 10_000)} b`);
        expect(span).toMatch(/^<p>a <code>[^<]*<\/code> b<\/p>$/);
        const line = text.replace(/[\n\r]/g, "");
        const fence = /^<pre><code class="language-text">([^<]*)\n<\/code><\/pre>\n?$/.exec(
          toHtml(markdownFence([`x${line.replace(/[\p{C}\u{0}]/gu, "")}`], "text")),
        );
        expect(decode(fence?.[1] ?? "")).toBe(`x${line.replace(/[\p{C}\u{0}]/gu, "")}`);
      }),
      { numRuns: 500 },
    );
  });
});

const nothingFound = await diagnosticsIn("sarif", []);

describe("SARIF", () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  const validate = ajv.compile(JSON.parse(schema("sarif-2.1.0.json")));

  it.each([
    ...everyText.flatMap(([kind, texts]) =>
      Object.entries(texts)
        .filter(([name]) => name.endsWith("sarif.json"))
        .map(([name, text]): [string, string] => [`${kind} ${name}`, text]),
    ),
    ["no result", nothingFound],
  ])("%s fits the published schema", (_, text) => {
    validate(JSON.parse(text));
    expect(validate.errors ?? []).toEqual([]);
  });

  it("keeps fingerprints when lines move, and tells like findings apart", async () => {
    const [first] = diagnosticsOf(ordinaryNames);
    if (first?.source === undefined) throw new Error("the first sample has a place");
    const moved = { ...first, source: { ...first.source, line: 99, endLine: 99 } };
    const marks = (text: string): string[] =>
      JSON.parse(text).runs[0].results.map(
        (result: { partialFingerprints: Record<string, string> }) =>
          Object.values(result.partialFingerprints)[0],
      );
    const one = marks(await diagnosticsIn("sarif", [first]));
    const two = marks(await diagnosticsIn("sarif", [moved, first]));
    expect(two[0]).toBe(one[0]);
    expect(two[1]).not.toBe(two[0]);
  });
});

describe("JUnit", () => {
  it.each(
    everyText.flatMap(([kind, texts]) =>
      Object.entries(texts)
        .filter(([name]) => name.endsWith(".xml"))
        .map(([name, text]): [string, string] => [`${kind} ${name}`, text]),
    ),
  )("%s fits the schema of Jenkins' xUnit plugin", async (name, contents) => {
    const result = await validateXML({
      xml: [{ fileName: `${name}.xml`, contents }],
      schema: [{ fileName: "junit-10.xsd", contents: schema("junit-10.xsd") }],
    });
    expect(result.errors).toEqual([]);
    expect(result.valid).toBe(true);
  });
});

describe("JSON", () => {
  it("means the same to a reader, whatever is escaped", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.jsonValue()), (value) => {
        for (const indent of [0, 2] as const) {
          const text = jsonText(value, indent);
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
          expect(unsafe.exec(text)).toBeNull();
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each(ending(".json"))("%s is one document", (_, text) => {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(text.endsWith("\n")).toBe(true);
  });

  it("lists each code-quality issue with a path, a line and a fingerprint of its own", async () => {
    const issues: { fingerprint: string; location: { path: string; lines: { begin: number } } }[] =
      JSON.parse(await diagnosticsIn("code-quality", diagnosticsOf(ordinaryNames)));
    expect(new Set(issues.map(({ fingerprint }) => fingerprint)).size).toBe(4);
    for (const { location } of issues) {
      expect(location.path).toMatch(/^[^/.]/);
      expect(location.lines.begin).toBeGreaterThan(0);
    }
  });
});

/** RFC 4180. */
const readCsv = (text: string): string[][] =>
  text
    .split("\r\n")
    .filter((line) => line !== "")
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quotedField, plain]) =>
        quotedField === undefined ? (plain ?? "") : quotedField.replaceAll('""', '"'),
      ),
    );

describe("CSV", () => {
  it("has as many fields as its head, and none that a spreadsheet would run", () => {
    const rows = readCsv(hostile["events.csv"] ?? "");
    for (const row of rows) {
      expect(row).toHaveLength(11);
      for (const field of row) expect(field).not.toMatch(/^\s*[=+\-@\t\r]/);
    }
    expect(JSON.parse(rows[1]?.[10] ?? "")).toEqual(eventOf(hostileNames, "e1", "rule.added").context);
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1", "＠x"])("defuses %j", (text) => {
    expect(readCsv(csvField(text))[0]?.[0]).toMatch(/^'/);
  });

  it.each(["plain", "a,b", 'say "x"', " lead", "1-2", ""])("leaves %j as it is", (text) => {
    expect(readCsv(`x,${csvField(text)}`)[0]?.[1]).toBe(text);
  });
});
