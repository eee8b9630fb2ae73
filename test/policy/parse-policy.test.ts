import { describe, expect, it } from "vitest";
import { hintOf } from "../../src/model/diagnostic.js";
import { largestYaml } from "../../src/policy/yaml.js";
import { firstHint } from "../said.js";
import { check, places, readPolicy } from "./reading.js";

const rules = "rules:\n  - name: A\n    type: allow\n    cidrs: [203.0.113.0/24]\n";
const valid = `version: 1\n${rules}`;
const withEntries = (...lines: string[]): string =>
  `version: 1\nrules:\n  - name: A\n    type: allow\n    cidrs:\n${lines.map((line) => `      - ${line}\n`).join("")}`;

const bombLevel = (level: number): string =>
  `  - name: r${level}\n    type: allow\n    cidrs: &l${level} [${Array(9)
    .fill(level === 0 ? "203.0.113.7" : `*l${level - 1}`)
    .join(", ")}]\n`;
const bomb = `version: 1\nrules:\n${Array.from({ length: 9 }, (_, level) => bombLevel(level)).join("")}`;

describe("what is not even YAML", () => {
  const table: readonly [name: string, text: string | Uint8Array, expected: readonly string[]][] = [
    ["an empty file", "", ["policy-empty 1:1"]],
    ["blank lines", "\n\n  \n", ["policy-empty 1:1"]],
    ["comments only", "# nothing\n", ["policy-empty 1:1"]],
    ["a lone null", "~\n", ["wrong-type 1:1"]],
    ["bytes that are not UTF-8", Uint8Array.from([0x61, 0x0a, 0x62, 0xe9, 0x0a]), ["not-utf8 2:2"]],
    ["a cut character at the end", Uint8Array.from([0x61, 0xc3]), ["not-utf8 1:2"]],
    ["UTF-16", Uint8Array.from([0xff, 0xfe, 0x61, 0x00]), ["not-utf8 1:1"]],
    ["a tab as indentation", "version: 1\nrules:\n\t- a\n", ["yaml-tab 3:1"]],
    ["two documents", `${valid}---\nversion: 1\n`, ["yaml-multiple-documents 6:1"]],
    ["an open quote", 'version: "1\n', ["yaml-syntax 1:10"]],
    [
      "an open quote of many lines",
      'version: 1\nrules:\n  - name: "A\n    type: allow\n    cidrs: []\n',
      ["yaml-syntax 3:11"],
    ],
    [
      "an open bracket before more lines",
      "version: 1\nrules:\n  - cidrs: [203.0.113.7\n  - name: B\n    type: deny\n",
      ["yaml-syntax 4:3"],
    ],
    ["a lone carriage return", "version: 1\n# a\rrules: []\r\n", ["yaml-syntax 2:4"]],
    ["a line separator in a comment", "version: 1\n# a\u2028rules: []\n", ["yaml-syntax 2:4"]],
    ["a line out of line", "version: 1\nrules:\n  - name: A\n   type: allow\n", ["yaml-syntax 4:4"]],
    ["hopeless nesting", `version: 1\nrules: ${"[".repeat(50_000)}\n`, ["yaml-too-deep 1:1"]],
    ["an open bracket", "version: 1\nrules: [\n", ["yaml-syntax 3:1"]],
    ["a colon in plain text", "version: 1\nname: a: b\n", ["yaml-syntax 2:7"]],
    [
      "an unknown tag",
      "version: !!timestamp 2027-01-01\nrules: []\n",
      ["yaml-unknown-tag 1:10", "unknown-version 1:22"],
    ],
    ["a list as key", "version: 1\nrules: []\n? [a]\n: 1\n", ["yaml-key 3:3"]],
    ["an alias without anchor", "version: 1\nrules: *x\n", ["yaml-unknown-alias 2:8"]],
    ["a list that holds itself", "version: 1\nrules: &r [*r]\n", ["yaml-alias-bomb 2:12"]],
    ["an alias bomb", bomb, ["yaml-alias-bomb 23:17"]],
    ["more than is read", `# ${"x".repeat(largestYaml)}`, ["policy-too-large 1:1"]],
  ];
  for (const [name, text, expected] of table) {
    it(name, () => {
      const { diagnostics, policy } = readPolicy(text);
      expect(policy).toBeUndefined();
      expect(places(diagnostics).slice(0, expected.length)).toEqual(expected);
    });
  }

  it("absurd nesting is an error, whatever runs out first", () => {
    for (const text of ["[".repeat(100_000), "- ".repeat(50_000), `${"[".repeat(3000)}${"]".repeat(3000)}`]) {
      const { diagnostics, policy } = readPolicy(text);
      expect(policy).toBeUndefined();
      expect(diagnostics.some(({ severity }) => severity === "error")).toBe(true);
    }
  });

  it("a byte order mark and carriage returns are fine, and columns do not count them", () => {
    expect(readPolicy(`\ufeff${valid.replaceAll("\n", "\r\n")}`).policy?.rules).toHaveLength(1);
    expect(places(readPolicy("\ufeffversoin: 1\r\nversion: 1\r\nrules: []\r\n").diagnostics)).toEqual([
      "unknown-key 1:1",
    ]);
  });
});

describe("what YAML misreads", () => {
  const table: readonly (readonly [name: string, lines: string, places: readonly string[], hint: RegExp])[] =
    [
      [
        "IPv6 with a colon as its end",
        "    cidrs:\n      - cidr: 2001:db8:3::\n",
        ["unquoted-ipv6 6:15"],
        /"2001:db8:3::"/,
      ],
      [
        "with a key after it",
        "    cidrs:\n      - cidr: 2001:db8:3::\n        comment: x\n",
        ["unquoted-ipv6 6:15"],
        /"2001/,
      ],
      [
        "with a key before it",
        "    cidrs:\n      - comment: x\n        cidr: 2001:db8:3::\n",
        ["unquoted-ipv6 7:15"],
        /"2001/,
      ],
      [
        "in braces",
        "    cidrs: [{cidr: 2001:db8:3::, comment: x}]\n",
        ["unquoted-ipv6 5:20"],
        /"2001:db8:3::"/,
      ],
      ["for a list", "    cidrs: 2001:db8:3::\n", ["unquoted-ipv6 5:12"], /"2001:db8:3::"/],
      [
        "IPv6 in brackets with a length",
        "    cidrs:\n      - [2001:db8::1]/128\n",
        ["unquoted-ipv6 6:9"],
        /"2001:db8::1\/128"/,
      ],
      ["text with a colon", "    cidrs:\n      - comment: a: b\n", ["yaml-syntax 6:18"], /quoted/],
      [
        "an item further left",
        "    cidrs:\n      - 192.0.2.1\n     - 192.0.2.2\n",
        ["yaml-syntax 7:6"],
        /`-` of all items/,
      ],
      [
        "an item further right",
        "    cidrs:\n      - 192.0.2.1\n       - 192.0.2.2\n",
        ["bad-prefix 6:9"],
        /`-` of all items/,
      ],
      [
        "a rule further left",
        "    cidrs: [192.0.2.1]\n - name: B\n",
        ["yaml-syntax 6:2"],
        /`-` of all items/,
      ],
      [
        "a rule further right",
        "    cidrs: [192.0.2.1]\n   - name: B\n",
        ["yaml-syntax 6:4"],
        /`-` of all items/,
      ],
      ["a key further right", "     cidrs: [192.0.2.1]\n", ["yaml-syntax 5:6"], /Indent the keys/],
      ["a key further left", "   cidrs: [192.0.2.1]\n", ["yaml-syntax 5:4"], /Indent the keys/],
      [
        "an entry's key further left",
        "    cidrs:\n      - cidr: 192.0.2.1\n      comment: x\n",
        ["yaml-syntax 7:7"],
        /Indent the keys/,
      ],
    ];
  it.each(table)("%s", (_, lines, expected, hint) => {
    const { diagnostics } = readPolicy(`version: 1\nrules:\n  - name: A\n    type: allow\n${lines}`);
    expect(places(diagnostics)).toEqual(expected);
    expect(hintOf(diagnostics[0]!)).toMatch(hint);
  });
});

describe("what does not fit the schema", () => {
  const table: readonly [name: string, text: string, expected: readonly string[], hint?: RegExp][] = [
    ["a missing version", rules, ["missing-key 1:1"]],
    ["another version", `version: 2\n${rules}`, ["unknown-version 1:10"]],
    ["missing rules", "version: 1\n", ["missing-key 1:1"], /rules: \[\]/],
    ["rules without a value", "version: 1\nrules:\n", ["wrong-type 2:1"], /rules: \[\]/],
    ["a list instead of a mapping", "- a\n", ["wrong-type 1:3"]],
    ["a misspelt key", `verson: 1\n${valid}`, ["unknown-key 1:1"], /`version`/],
    [
      "cidr for cidrs",
      "version: 1\nrules:\n  - {name: A, type: allow, cidr: []}\n",
      ["unknown-key 3:28"],
      /`cidrs`/,
    ],
    [
      "action for type",
      "version: 1\nrules:\n  - {name: A, action: allow, cidrs: []}\n",
      ["unknown-key 3:15"],
      /`type`/,
    ],
    ["a misspelt word", "version: 1\nenforcement: enable\nrules: []\n", ["wrong-value 2:14"], /`enabled`/],
    ["a boolean for a word", "version: 1\nenforcement: true\nrules: []\n", ["wrong-value 2:14"]],
    ["text for a number", `account: {id: "66847"}\n${valid}`, ["wrong-type 1:15"]],
    ["account 0", `account: {id: 0}\n${valid}`, ["wrong-value 1:15"]],
    ["half an account", `account: {id: 1.5}\n${valid}`, ["wrong-type 1:15"]],
    ["a URL with a path", `account: {host: https://h.example/deploy}\n${valid}`, ["wrong-value 1:17"]],
    ["a number for a prefix", withEntries("1.2"), ["wrong-type 6:9"], /quotes/],
    ["unquoted IPv6 that ends in a colon", withEntries("2001:db8::"), ["unquoted-ipv6 6:9"], /"2001:db8::"/],
    ["IPv6 in brackets", withEntries("[2001:db8::1]"), ["unquoted-ipv6 6:9"], /"2001:db8::1"/],
    ["an unquoted ::", withEntries("::"), ["unquoted-ipv6 6:9"], /"::"/],
    ["an empty entry", withEntries(""), ["wrong-type 6:9"]],
    ["an entry without prefix or network", withEntries("comment: x"), ["missing-key 6:9"]],
    ["an entry with both", withEntries("{cidr: 203.0.113.1, network: n}"), ["cidr-and-network 6:9"]],
    [
      "a date that does not exist",
      withEntries("{cidr: 203.0.113.1, expires: 2027-02-30}"),
      ["bad-date 6:38"],
    ],
    [
      "a leap day in no leap year",
      withEntries("{cidr: 203.0.113.1, expires: 2027-02-29}"),
      ["bad-date 6:38"],
    ],
    ["a date in another order", withEntries("{cidr: 203.0.113.1, expires: 15.01.2027}"), ["bad-date 6:38"]],
    ["an empty name", valid.replace("name: A", 'name: ""'), ["wrong-value 3:11"]],
    [
      "a network in a network",
      `networks: {a: [{network: b}]}\n${valid}`,
      ["missing-key 1:16", "unknown-key 1:17"],
    ],
    ["a network's odd name", `networks: {"a b": [203.0.113.1]}\n${valid}`, ["bad-network-name 1:12"]],
    [
      "a network named like a JavaScript property",
      `networks: {__proto__: [203.0.113.1]}\n${valid}`,
      ["bad-network-name 1:12"],
    ],
    ["a test without expectation", `tests: [{name: t}]\n${valid}`, ["empty-test 1:9"]],
    [
      "a test that may be empty, but of nothing",
      `tests: [{name: t, allow_empty: true}]\n${valid}`,
      ["empty-test 1:9"],
    ],
    ["a network that is an empty mapping", `networks: {n: {}}\n${valid}`, ["missing-key 1:12"], /`file: /],
    [
      "a network with a file and a list",
      `networks: {n: {file: l.txt, cidrs: [10.0.0.1]}}\n${valid}`,
      ["file-and-cidrs 1:12", "file-missing 1:22"],
    ],
    ["a word for allow_empty", `${valid}    allow_empty: yes\n`, ["wrong-type 6:18"], /`true`/],
    ["a network without a value", `networks: {n: }\n${valid}`, ["wrong-type 1:12"]],
    ["a percentage too large", `guards: {max_removed_rules: 101%}\n${valid}`, ["wrong-value 1:29"]],
    ["a negative limit", `guards: {max_removed_rules: -1}\n${valid}`, ["wrong-value 1:29"]],
    ["an IPv4 length too large", `guards: {max_newly_allowed: /33}\n${valid}`, ["wrong-value 1:29"]],
    ["an IPv6 length too large", `guards: {max_newly_allowed: {ipv6: /129}}\n${valid}`, ["wrong-value 1:36"]],
    ["an unknown lint code", `lint: {brod-allow: off}\n${valid}`, ["unknown-lint-code 1:8"], /broad-allow/],
    ["an unknown severity", `lint: {broad-allow: info}\n${valid}`, ["wrong-value 1:21"]],
    ["a merge key", `${valid}    <<: {}\n`, ["unknown-key 6:5"], /merge/],
    ["a duplicate key", `${valid}    name: B\n`, ["yaml-duplicate-key 6:5"], /line 3/],
  ];
  for (const [name, text, expected, hint] of table) {
    it(name, () => {
      const { diagnostics, policy } = readPolicy(text);
      expect(policy).toBeUndefined();
      expect(places(diagnostics)).toEqual(expected);
      if (hint !== undefined) expect(firstHint(diagnostics)).toMatch(hint);
      const lines = text.split("\n");
      for (const { source } of diagnostics) expect(source?.lineText).toBe(lines[source!.line - 1]);
    });
  }

  it("keeps a date, a time-like and an octal-like text as text", () => {
    const { policy } = readPolicy(
      valid
        .replace("name: A", "name: 1:20")
        .replace("[203.0.113.0/24]", "[{cidr: 203.0.113.0/24, expires: 2027-01-15, comment: 0o7x}]"),
    );
    expect(policy?.rules[0]?.name).toBe("1:20");
    expect(policy?.rules[0]?.entries[0]).toMatchObject({ expires: "2027-01-15", comment: "0o7x" });
  });

  it("reports everything at once, schema and meaning, in file order", () => {
    const { diagnostics } = check(
      "version: 1\nacount: {}\nrules:\n  - name: A\n    type: alow\n    cidrs: []\n  - name: B\n    type: allow\n    cidrs: [10.0.0/8, network: x]\n    typo: 1\n",
    );
    expect(places(diagnostics)).toEqual([
      "unknown-key 2:1",
      "wrong-value 5:11",
      "bad-prefix 9:19",
      "undefined-network 9:32",
      "unknown-key 10:5",
    ]);
  });

  it("very many mistakes stay fifty problems and a count, in a list and in rules", () => {
    const lists = `version: 1\nrules:\n  - name: A\n    type: deny\n    cidrs:\n${"      - 1\n".repeat(50_000)}`;
    for (const text of [lists, `version: 1\nrules:\n${"  - 1\n".repeat(50_000)}`]) {
      const { diagnostics, policy } = readPolicy(text);
      expect(policy).toBeUndefined();
      expect(diagnostics).toHaveLength(51);
    }
  });

  it("reports the right one of several rules, tests and networks", () => {
    const text =
      "version: 1\nnetworks:\n  a: [10.0.0.1]\n  b: {flie: x}\nrules:\n  - {name: A, type: allow, cidrs: [10.0.0.1]}\n  - {name: B, type: alow, cidrs: []}\ntests:\n  - {name: t, allowed: [10.0.0.1]}\n  - {name: u, alowed: []}\n";
    expect(places(readPolicy(text).diagnostics)).toEqual([
      "unknown-key 4:7",
      "wrong-value 7:21",
      "unknown-key 10:15",
    ]);
  });

  it("follows aliases, and shows the place where things are written", () => {
    const { policy } = readPolicy(
      "version: 1\nrules:\n  - name: A\n    type: allow\n    cidrs: &list [203.0.113.7]\n  - name: B\n    type: allow\n    cidrs: *list\n",
    );
    expect(policy?.rules[1]?.entries[0]?.source).toMatchObject({ line: 5, column: 19 });
  });
});
