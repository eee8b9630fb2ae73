import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Document, parse, visit } from "yaml";
import { formatPrefix } from "../../src/address/prefix.js";
import { formatPolicy } from "../../src/policy/format-policy.js";
import type { Policy } from "../../src/policy/policy.js";
import { share } from "../drills.js";
import { hostileText, smallPrefix } from "./random-policies.js";
import { mustRead } from "./reading.js";

const spelling = fc
  .tuple(smallPrefix, fc.constantFrom("canonical", "mapped", "bare"))
  .map(([prefix, style]) => {
    const text = formatPrefix(prefix);
    if (style === "mapped") return `::FFFF:${text.split("/")[0]}/${prefix.length}`;
    return style === "bare" && prefix.length === 128 ? text.split("/")[0]! : text;
  });

const entry = fc.oneof(
  spelling,
  fc.record(
    { expires: fc.constant("2028-01-15"), comment: hostileText, cidr: spelling },
    { requiredKeys: ["cidr"] },
  ),
);

const policyValue = fc.record(
  {
    rules: fc.uniqueArray(
      fc.record(
        {
          cidrs: fc.array(entry, { maxLength: 1 }),
          allow_empty: fc.constant(true),
          description: hostileText,
          type: fc.constant("allow"),
          name: hostileText,
        },
        { requiredKeys: ["name", "type", "cidrs", "allow_empty"] },
      ),
      { maxLength: 4, selector: ({ name }) => name },
    ),
    networks: fc.dictionary(
      fc.stringMatching(/^[a-z][a-z0-9.-]{0,5}$/),
      fc.oneof(
        fc.uniqueArray(spelling, { minLength: 1, maxLength: 3 }),
        fc.record({ cidrs: fc.uniqueArray(spelling, { maxLength: 3 }), allow_empty: fc.constant(true) }),
      ),
      {
        maxKeys: 2,
        noNullPrototype: true,
      },
    ),
    tests: fc.array(
      fc.record({
        denied: fc.array(spelling, { maxLength: 2 }),
        name: hostileText,
        allow_empty: fc.constant(true),
      }),
      { maxLength: 2 },
    ),
    version: fc.constant(1),
  },
  { requiredKeys: ["version", "rules"] },
);

/** As some writer might have put it down: flow or block, quotes of either kind, comments and blank lines. */
const written = fc.tuple(policyValue, fc.infiniteStream(fc.nat({ max: 99 }))).map(([value, dice]) => {
  const roll = (): number => dice.next().value ?? 0;
  const document = new Document(value, { version: "1.2", schema: "core" });
  let comments = 0;
  visit(document, {
    Scalar: (key, node) => {
      if (typeof node.value === "string" && roll() < 20) node.type = "QUOTE_DOUBLE";
      if (key !== "value" && roll() < 15) {
        comments += 1;
        node.commentBefore = ` remark ${comments}`;
      }
    },
    Collection: (_, node) => {
      if (roll() < 15) node.flow = true;
    },
    Pair: (_, { key }) => {
      if (roll() < 10 && typeof key === "object" && key !== null && "spaceBefore" in key)
        key.spaceBefore = true;
    },
  });
  return {
    text: document.toString({ lineWidth: 0, indent: 2 + (roll() % 3), singleQuote: roll() < 50 }),
    comments,
  };
});

/** What a policy means, without where and how it is written. */
const meaning = ({ rules, tests, guards, lint, account, enforcement }: Policy): unknown => {
  const entries = (list: Policy["rules"][number]["entries"]): unknown =>
    list.map(({ prefix, comment, expires, network }) => ({ prefix, comment, expires, network }));
  return {
    rules: rules.map(({ name, type, description, entries: list }) => ({
      name,
      type,
      description,
      list: entries(list),
    })),
    tests: tests.map(({ name, allowed, denied }) => ({
      name,
      allowed: entries(allowed),
      denied: entries(denied),
    })),
    guards,
    lint,
    account,
    enforcement,
  };
};

describe("a formatted policy", () => {
  it("keeps the meaning and every comment, and does nothing the second time", () => {
    fc.assert(
      fc.property(written, ({ text, comments }) => {
        // These can only be in the text as escapes.
        fc.pre(!/\p{Cs}|\r(?!\n)|[\u0085\u2028\u2029]/u.test(text));
        const once = formatPolicy(text);
        expect(formatPolicy(once)).toBe(once);
        expect(meaning(mustRead(once))).toEqual(meaning(mustRead(text)));
        for (let number = 1; number <= comments; number += 1)
          expect(once.match(new RegExp(`# remark ${number}$`, "gm"))).toHaveLength(1);
      }),
      { numRuns: share(80, 2_500) },
    );
  });

  it("orders the keys of rules and entries, spells prefixes canonically, and removes quotes and odd spacing", () => {
    const text = `\ufeff%YAML 1.2
---
# head

rules:
    # about A
    -   type: allow   # of type
        name: 'A'
        cidrs: ["203.0.113.7/32", '::ffff:203.0.113.9/128', 2001:DB8:0::/48, "::/0", 198.51.100.0/24, "2001:db8::"]

    # about B
    - {cidrs: [{comment: x, cidr: 192.0.2.0/24}], name: B, type: deny}
version: 1
`.replaceAll("\n", "\r\n");
    expect(formatPolicy(text)).toBe(`---
# head

rules:
  # about A
  - name: A
    type: allow # of type
    cidrs:
      - 203.0.113.7
      - 203.0.113.9
      - 2001:db8::/48
      - "::/0"
      - 198.51.100.0/24
      - "2001:db8::"

  # about B
  - { name: B, type: deny, cidrs: [{ cidr: 192.0.2.0/24, comment: x }] }
version: 1
`);
  });

  it("leaves comments where their indentation says they belong", () => {
    const text = `version: 1
rules:
  - name: A
    type: allow
    cidrs:
      - 203.0.113.7
      # - 203.0.113.8
      #   why not

  # about B

  # more about B
  - name: B
    type: deny
    cidrs:
      - cidr: 203.0.113.9
        comment: x
        # about the entry
      # about the list
    # about B, behind it
  # the end of the rules

# about tests
tests: []

# the end
`;
    expect(formatPolicy(text)).toBe(text);
  });

  it("leaves alone what is not clear: host bits, a bare 0.0.0.0, what is no prefix", () => {
    const text = "version: 1\nrules:\n  - { name: A, type: deny, cidrs: [203.0.113.7/24, 0.0.0.0, 10/8] }\n";
    expect(formatPolicy(text)).toBe(text);
  });

  it("puts `allow_empty` before the list, where it is seen", () => {
    const text = `include:
  - {allow_empty: true, file: i.yaml}
version: 1
networks:
  l: {allow_empty: true, file: l.txt}
  n:
    cidrs: [203.0.113.0/32]
    allow_empty: true
rules:
  - {name: A, cidrs: [], type: allow, allow_empty: true}
guards:
  must_allow: []
  allow_empty: true
tests:
  - allowed: []
    allow_empty: true
    name: t
`;
    expect(formatPolicy(text)).toBe(`include:
  - { file: i.yaml, allow_empty: true }
version: 1
networks:
  l: { file: l.txt, allow_empty: true }
  n:
    allow_empty: true
    cidrs: [203.0.113.0]
rules:
  - { name: A, type: allow, allow_empty: true, cidrs: [] }
guards:
  allow_empty: true
  must_allow: []
tests:
  - name: t
    allow_empty: true
    allowed: []
`);
  });

  it("keeps anchors before their aliases", () => {
    const text =
      "version: 1\nrules:\n  - { cidrs: &a [203.0.113.7], name: A, type: allow }\n  - { name: B, type: deny, cidrs: *a }\n";
    expect(formatPolicy(text)).toBe(text);
  });

  it("gives long lists a line an item", () => {
    const items = Array.from({ length: 9 }, (_, i) => `203.0.113.${i * 10}`);
    const text = `version: 1\nrules:\n  - {name: A, type: allow, cidrs: []}\nnetworks:\n  n: [${items.join(", ")}]\n`;
    expect(formatPolicy(text)).toContain("  n:\n    - 203.0.113.0\n    - 203.0.113.10\n");
  });

  // What Prettier 3 makes of each; checked with it.
  it.each([
    ["account: {id: 5}\n", "account: { id: 5 }\n"],
    ["a: [ 1,  2 ]\nb: { }\nc: []\n", "a: [1, 2]\nb: {}\nc: []\n"],
    ["a: {\n  b: 1,\n  c: [x, y]\n}\n", "a: { b: 1, c: [x, y] }\n"],
    ["a: 'on'\nb: 'say \"no\"'\n", 'a: "on"\nb: say "no"\n'],
    ["a: ': \"x\"'\n", "a: ': \"x\"'\n"],
    ["b: 1\n\n\n\na: 2 # why\n", "b: 1\n\na: 2 # why\n"],
    ["# head\n---\na: 1\n", "# head\n---\na: 1\n"],
    [`a: [${"x".repeat(30)}, ${"y".repeat(43)}]\n`, `a: [${"x".repeat(30)}, ${"y".repeat(43)}]\n`],
  ])("%j", (text, formatted) => {
    expect(formatPolicy(text)).toBe(formatted);
  });

  // Checked with Prettier and with yamllint, too.
  it("folds text that runs over its line, below its key where its first line does not fit behind it", () => {
    const words = "words of a rule whose name or whose description does not fit on one line of eighty";
    expect(
      formatPolicy(`rules:\n  - name: The ${words} columns\n    description: "note: ${words} columns"\n`),
    ).toBe(
      `rules:
  - name:
      The words of a rule whose name or whose description does not fit on one
      line of eighty columns
    description:
      "note: words of a rule whose name or whose description does not fit on one
      line of eighty columns"
`,
    );
    const loose = `type: ${"word ".repeat(13)}incomprehensible rest\n`;
    expect(formatPolicy(loose)).toBe(`${loose.replace(" incompre", "\n  incompre")}`);
    expect(formatPolicy(`n: [The ${words} columns]\n`)).toBe(
      "n:\n  - The words of a rule whose name or whose description does not fit on one line\n    of eighty columns\n",
    );
  });

  it("folds text so that no line is longer than eighty, if no word is, and every reader finds the same", () => {
    const word = fc.oneof(
      fc.stringMatching(/^[a-z]{1,12}$/),
      fc.constantFrom(
        "#",
        "-",
        "a:",
        ":b",
        "''",
        '"',
        "\\",
        "::error",
        "x",
        "\u00e9t\u00e9",
        "[",
        "&c",
        "|",
        " ",
      ),
    );
    const texts = fc.array(word, { minLength: 10, maxLength: 60 }).map((list) => list.join(" "));
    fc.assert(
      fc.property(texts, texts, (name, item) => {
        const formatted = formatPolicy(JSON.stringify({ rules: [{ name, previous_names: [item] }] }));
        expect(parse(formatted)).toEqual({ rules: [{ name, previous_names: [item] }] });
        expect(formatPolicy(formatted)).toBe(formatted);
        if (/^[a-z ]+$/.test(name + item) && !/ {2}/.test(name + item))
          for (const line of formatted.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
      }),
    );
  });

  /** As `line-length` of yamllint's defaults has it, which lets pass what cannot be broken. */
  const isTooLong = (line: string): boolean =>
    [...line].length > 80 &&
    line
      .trimStart()
      .replace(/^(?:- |#+ )/, "")
      .includes(" ");

  // Checked with Prettier and with yamllint, too.
  it("writes a word that is longer than a line on a line of its own", () => {
    const url = `https://example.com/${"path/".repeat(20)}`;
    expect(formatPolicy(`a:\n  - comment: ${url}\n  - ${url}\n`)).toBe(
      `a:\n  - comment: "\\\n      ${url}"\n  - "\\\n    ${url}"\n`,
    );
    expect(formatPolicy(`comment: see ${url} (ticket 5)\n`)).toBe(`comment: see\n  ${url}\n  (ticket 5)\n`);
  });

  it("writes no line that is too long, whatever the words are, and every reader finds the same", () => {
    const word = fc.oneof(
      fc.constantFrom("x".repeat(90), "(", "#", ": ", "\\", '"', "'", "\t", "\n", "  ", "", "/", "\u200b"),
      hostileText,
      fc.stringMatching(/^[a-z(]{1,70}$/),
    );
    const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((list) => list.join(" "));
    fc.assert(
      fc.property(text, text, (name, item) => {
        const value = { rules: [{ name, cidrs: [{ cidr: "10.0.0.0/8", comment: item }] }] };
        const json = JSON.stringify(value).replace(
          /[\x7f-\x9f\u2028\u2029]/g,
          (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
        const formatted = formatPolicy(json);
        expect(parse(formatted)).toEqual(value);
        expect(formatPolicy(formatted)).toBe(formatted);
        expect(formatted.split("\n").filter(isTooLong)).toEqual([]);
        expect(formatted).not.toContain("\t");
      }),
    );
  });

  it("quotes a tab, which PyYAML reads in quotes alone", () => {
    expect(formatPolicy("a: one\ttwo\n")).toBe('a: "one\\ttwo"\n');
  });

  it("breaks what runs over a line, however deep, into one item a line", () => {
    const [x, y] = ["x".repeat(30), "y".repeat(44)];
    expect(formatPolicy(`a: [${x}, ${y}]\n`)).toBe(`a:\n  - ${x}\n  - ${y}\n`);
    expect(formatPolicy(`a: {b: {c: [${x}, ${y}, {d: ${x}, e: [1, ${y}]}]}}\n`)).toBe(
      `a:\n  b:\n    c:\n      - ${x}\n      - ${y}\n      - d: ${x}\n        e: [1, ${y}]\n`,
    );
    expect(formatPolicy("a: [1, # one\n  2]\n")).toBe("a:\n  - 1 # one\n  - 2\n");
  });

  it("leaves the order of top-level keys and the blank lines between them", () => {
    const text = "rules: []\n\nversion: 1\nenforcement: enabled\n\n# about the account\naccount: { id: 5 }\n";
    expect(formatPolicy(text)).toBe(text);
  });

  it("takes the README's own policy as it is", () => {
    const [, text = ""] = /^```yaml\n([\s\S]*?)^```$/m.exec(readFileSync("README.md", "utf8")) ?? [];
    expect(text).toContain("version: 1");
    expect(formatPolicy(text)).toBe(text);
  });
});

/** Of the schema, what the keys of a mapping are, in its order. */
interface Definition {
  readonly properties?: Readonly<Record<string, Definition>>;
  readonly items?: { readonly anyOf?: readonly Definition[] };
  readonly anyOf?: readonly Definition[];
}

describe("the order of keys", () => {
  const { properties, $defs } = JSON.parse(readFileSync("schemas/policy.schema.json", "utf8")) as {
    readonly properties: Readonly<Record<string, Definition>>;
    readonly $defs: Readonly<Record<string, Definition>>;
  };
  const keysOf = (definition: Definition | undefined): string[] => Object.keys(definition?.properties ?? {});
  const mappingIn = (several: readonly Definition[] = []): Definition | undefined =>
    several.find((one) => one.properties !== undefined);
  const lines = (keys: readonly string[], indent: string): string =>
    keys.map((key) => `${indent}${key}: x\n`).join("");

  it.each([
    ["account", keysOf(properties.account), "account:\n", "  "],
    ["include", keysOf(mappingIn(properties.include?.items?.anyOf)), "include:\n  -\n", "    "],
    ["network", keysOf($defs.networkContent), "networks:\n  a:\n", "    "],
    ["rule", keysOf($defs.rule), "rules:\n  -\n", "    "],
    ["entry of a rule", keysOf(mappingIn($defs.entry?.anyOf)), "rules:\n  - cidrs:\n      -\n", "        "],
    ["test", keysOf($defs.test), "tests:\n  -\n", "    "],
    ["guards", keysOf($defs.guards), "guards:\n", "  "],
  ])("of %s is that of the reference", (_, keys, above, indent) => {
    expect(keys.length).toBeGreaterThan(1);
    const formatted = formatPolicy(above + lines(keys.toReversed(), indent));
    expect([...formatted.matchAll(/^[ -]*(\w+): x$/gm)].map(([, key]) => key)).toEqual(keys);
  });
});
