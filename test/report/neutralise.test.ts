import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellsOf } from "../../src/model/cells.js";
import { commentWord, cut, markupText, quoted, visible } from "../../src/model/escape.js";
import { columns, padCells, wrap } from "../../src/report/layout.js";

describe("visible", () => {
  it.each([
    ["plain text", "plain text"],
    ["\u001b[31m", "\\x1b[31m"],
    ["\u009b31m", "\\x9b31m"],
    ["a\nb\r\tc", "a\\nb\\r\\tc"],
    ["\u0000\u007f", "\\x00\\x7f"],
    ["\u202eabc\u2066", "\\u{202e}abc\\u{2066}"],
    ["a\u200bb\u00adc\ufeff", "a\\u{200b}b\\xadc\\u{feff}"],
    ["a\u00a0b\u3000c", "a\\xa0b\\u{3000}c"],
    ["\u2028\u2029", "\\u{2028}\\u{2029}"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\ud800x", "\\u{d800}x"],
    ["\u3164", "\\u{3164}"],
    ["Büro 東京 Привет", "Büro 東京 Привет"],
    ["⚠\ufe0f x\ufe0f", "⚠\ufe0f x\\u{fe0f}"],
    ["e\u0301", "e\u0301"],
    ["e\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301\\u{301}\\u{301}"],
    ["::error::x", ":\\x3aerror:\\x3ax"],
    ["::Add-Mask::x", ":\\x3aAdd-Mask:\\x3ax"],
    ["::ffff:203.0.113.0/120 and ::1", "::ffff:203.0.113.0/120 and ::1"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["##[error]", "#\\x23[error]"],
    ["##vso[task", "#\\x23vso[task"],
    ["## title", "## title"],
    ["C:\\policies", "C:\\policies"],
  ])("%j", (text, expected) => expect(visible(text)).toBe(expected));

  it("leaves nothing unsafe in any text, and printable ASCII alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.exec(visible(text))).toBeNull();
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
        if (!/::|##/.test(text)) expect(visible(text)).toBe(text);
      }),
    );
  });
});

describe("quoted", () => {
  it("never shows two names alike", () => {
    const name = fc.string({ unit: fc.constantFrom(...'\\n\nx1b\u001b"{}u202e\u202e:#[ ') });
    fc.assert(
      fc.property(name, name, (a, b) => {
        if (a !== b) expect(quoted(a, 10_000)).not.toBe(quoted(b, 10_000));
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes two cells more than its limit at most, and counts what it leaves out", () => {
    const text = quoted(`${"x".repeat(9_990)}\n\u001b\u202e1234567`);
    expect(cellsOf(text)).toBeLessThanOrEqual(70);
    expect(text).toBe(`"${"x".repeat(42)}… (9,958 more characters)"`);
  });

  it("cuts between escapes, not inside one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 45, max: 80 }), (max) => {
        const shown = cut("\u001b\u202e".repeat(60), max);
        expect(
          shown
            .replace(/… \(.*\)$/, "")
            .replaceAll("\\x1b", "")
            .replaceAll("\\u{202e}", ""),
        ).toBe("");
        expect(cellsOf(shown)).toBeLessThanOrEqual(max);
      }),
    );
  });
});

describe("the other targets", () => {
  it("escapes markup", () => {
    expect(markupText(`<a href="x">'&\u0000\n`)).toBe("&lt;a href=&quot;x&quot;&gt;&#39;&amp;\\x00\\n");
    expect(markupText("a\nb\r", { lines: true })).toBe("a\nb\\r");
  });

  it("lets nothing end a comment", () => {
    expect(commentWord("a-->b<x> y\nz")).toBe("a--_b_x__y_z");
  });
});

describe("cells", () => {
  it.each([
    ["abc", 3],
    ["日本", 4],
    ["한글", 4],
    ["e\u0301", 1],
    ["ｱ", 1],
    ["ＡＢ", 4],
    ["😀", 2],
    ["", 0],
  ])("%s takes %i", (text, cells) => expect(cellsOf(text)).toBe(cells));

  it("aligns columns by cells", () => {
    expect(
      columns([
        ["日", "x"],
        ["abc", "y"],
      ]),
    ).toEqual(["日   x", "abc  y"]);
    expect(padCells("日", 3)).toBe("日 ");
  });

  it("wraps at blanks, keeps every word and keeps quoted names whole", () => {
    expect(wrap('one two "three four" five', 12, 2)).toEqual(["one two", '  "three four"', "  five"]);
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 16, max: 60 }), (words, width) => {
        const lines = wrap(words.join(" "), width, 3);
        expect(lines.flatMap((line) => line.trim().split(" "))).toEqual(words);
        for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});
