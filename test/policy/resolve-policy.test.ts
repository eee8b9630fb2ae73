import { describe, expect, it } from "vitest";
import { formatPrefix } from "../../src/address/prefix.js";
import { hintOf } from "../../src/model/diagnostic.js";
import { keptPerCode } from "../../src/policy/problems.js";
import { firstHint, firstMessage } from "../said.js";
import { bytes, mustRead, places, readPolicy } from "./reading.js";

const rule = (name: string, type: string, cidrs: string, more = ""): string =>
  `  - name: ${name}\n    type: ${type}\n    cidrs: [${cidrs}]\n${more}`;
const policy = (...rules: string[]): string => `version: 1\nrules:\n${rules.join("")}`;
const prefixesOf = (text: string, files: Record<string, string> = {}): string[] =>
  mustRead(text, { files }).rules.flatMap(({ entries }) => entries.map(({ prefix }) => formatPrefix(prefix)));

describe("bad prefixes", () => {
  const table: readonly [text: string, at: number, hint?: RegExp][] = [
    ["10.0.0/8", 6, /10\.0\.0\.0\/8/],
    ["10/8", 2, /10\.0\.0\.0\/8/],
    ["010.0.0.1", 0, /decimal/],
    ["203.0.113.256", 10],
    ["203.0.113.0/33", 12],
    ["203.0.113.0/", 12],
    ["203.0.113.0/255.255.255.0", 15, /203\.0\.113\.0\/24/],
    ["203.0.113.4-203.0.113.9", 11, /203\.0\.113\.4\/30, 203\.0\.113\.8\/31/],
    ["203.0.113.*", 10, /prefix length/],
    ["vpn.example.com", 0, /addresses/],
    ["fe80::1%eth0", 7],
    ["'203.0.113.1 '", 11, /blank/],
    ["'203.0.113.1 203.0.113.2'", 11, /one prefix/i],
    ["２.0.0.1", 0],
  ];
  for (const [text, at, hint] of table) {
    it(text, () => {
      const { diagnostics, policy: none } = readPolicy(policy(rule("A", "allow", text)));
      expect(none).toBeUndefined();
      // The list's first item begins at column 13.
      const start = text.startsWith("'") ? 14 : 13;
      expect(places(diagnostics)).toEqual([`bad-prefix 5:${start + at}`]);
      if (hint !== undefined) expect(firstHint(diagnostics)).toMatch(hint);
    });
  }
});

describe("an IPv4 address in its IPv6 spelling with a length of IPv4", () => {
  for (const [text, meant] of [
    ["::ffff:203.0.113.0/24", "203.0.113.0/24"],
    ["::ffff:203.0.113.7/24", "203.0.113.0/24"],
    ["::ffff:cb00:7107/32", "203.0.113.7/32"],
    ['"::ffff:0:0/0"', "0.0.0.0/0"],
  ] as const) {
    it(`${text} is refused, whatever lint is set to`, () => {
      const off = "lint: {host-bits: off, ipv6-covers-ipv4: off, broad-allow: off}\n";
      const { diagnostics, policy: none } = readPolicy(`${policy(rule("A", "allow", text))}${off}`);
      expect(none).toBeUndefined();
      expect(places(diagnostics)).toEqual(["mapped-length 5:13"]);
      expect(firstHint(diagnostics)).toContain(meant);
    });
  }

  it("is fine with a length of IPv6, and alone", () => {
    const text = policy(rule("A", "allow", '::ffff:203.0.113.0/120, "::ffff:192.0.2.7", "::ffff:0:0/96"'));
    expect(prefixesOf(text)).toEqual(["203.0.113.0/24", "192.0.2.7/32", "0.0.0.0/0"]);
  });
});

it("the name of a network as an entry is told from other names", () => {
  const text = `networks: {office: [203.0.113.0/24]}\n${policy(rule("A", "allow", "office, vpn"))}`;
  const { diagnostics } = readPolicy(text);
  expect(places(diagnostics)).toContain("bad-prefix 6:13");
  expect(diagnostics.map((one) => /network: office/.test(hintOf(one) ?? ""))).toContain(true);
});

describe("a list file of another kind is one error", () => {
  const rows = (row: (at: number) => string): string =>
    Array.from({ length: 1_000 }, (_, at) => row(at)).join("\n");
  const table: readonly (readonly [name: string, text: string, hint: RegExp])[] = [
    ["JSON", JSON.stringify({ prefixes: [{ ip_prefix: "192.0.2.0/24" }] }, null, 2), /select: /],
    ["a list in JSON", '["192.0.2.0/24",\n"192.0.2.1"]', /select: /],
    ["CSV", `prefix,region\n${rows((at) => `10.0.${at % 256}.0/24,eu`)}`, /column: /],
    ["an HTML page", "<!DOCTYPE html>\n<html><body>Not found</body></html>\n", /list itself/],
  ];
  it.each(table)("%s", (_, list, hint) => {
    const text = `networks: {l: {file: l.txt}}\n${policy(rule("A", "allow", "network: l"))}`;
    const { diagnostics } = readPolicy(text, { files: { "l.txt": list } });
    expect(places(diagnostics)).toEqual(["list-not-text 1:1"]);
    expect(hintOf(diagnostics[0]!)).toMatch(hint);
  });

  it("but not one where a line of text is mistyped", () => {
    for (const list of [
      "192.0.2.1, x\n192.0.2.2\n",
      "192.0.2.1, 192.0.2.2\n",
      "[2001:db8::1]\n192.0.2.1\n",
    ]) {
      const text = `networks: {l: {file: l.txt}}\n${policy(rule("A", "allow", "network: l"))}`;
      expect(places(readPolicy(text, { files: { "l.txt": list } }).diagnostics)[0]).toMatch(/^bad-prefix 1:/);
    }
  });
});

describe("a prefix that two sources of one rule hold", () => {
  const files = {
    "a.txt": "192.0.2.1\n198.51.100.0/24\n",
    "b.txt": "203.0.113.0/24\n192.0.2.1/32\n198.51.100.0/24\n",
  };
  const lists = "networks: {a: {file: a.txt}, b: {file: b.txt}}\n";

  it("is one entry and one warning for two lists, however many they share", () => {
    const text = `${lists}${policy(rule("A", "allow", "network: a, network: b"))}`;
    const { policy: read, diagnostics } = readPolicy(text, { files });
    expect(places(diagnostics)).toEqual(["same-prefix-in-networks 2:1"]);
    expect(diagnostics[0]).toMatchObject({ severity: "warning", source: { file: "b.txt" } });
    expect(firstMessage(diagnostics)).toContain("192.0.2.1/32, 198.51.100.0/24");
    expect(read?.rules[0]?.entries.map(({ prefix }) => formatPrefix(prefix))).toEqual([
      "192.0.2.1/32",
      "198.51.100.0/24",
      "203.0.113.0/24",
    ]);
  });

  it("is a warning for an own entry and a network, which lint can switch off or make an error", () => {
    const text = `networks: {n: [203.0.113.7]}\n${policy(rule("A", "allow", "203.0.113.7/32, network: n"))}`;
    expect(places(readPolicy(text).diagnostics)).toEqual(["same-prefix-in-networks 1:16"]);
    expect(readPolicy(`${text}lint: {same-prefix-in-networks: off}\n`).diagnostics).toEqual([]);
    expect(readPolicy(`${text}lint: {same-prefix-in-networks: error}\n`).policy).toBeUndefined();
  });

  it("is in force as long as either says", () => {
    const networks = `networks: {early: [{cidr: 192.0.2.1, expires: 2026-01-01}], late: [{cidr: 192.0.2.1, expires: 2027-01-01}], ever: [192.0.2.1]}\n`;
    const datesOf = (cidrs: string) =>
      mustRead(`${networks}${policy(rule("A", "deny", cidrs))}`).rules[0]?.entries.map(
        ({ expires }) => expires ?? "never",
      );
    expect(datesOf("network: early, network: late")).toEqual(["2027-01-01"]);
    expect(datesOf("network: late, network: early")).toEqual(["2027-01-01"]);
    expect(datesOf("network: late, network: ever")).toEqual(["never"]);
    expect(datesOf("network: ever, network: early")).toEqual(["never"]);
  });
});

describe("what contradicts itself", () => {
  const table: readonly [name: string, text: string, expected: readonly string[]][] = [
    [
      "two rules of one name",
      policy(rule("A", "allow", "192.0.2.1"), rule("A", "deny", "192.0.2.2")),
      ["duplicate-rule-name 6:11"],
    ],
    [
      "one prefix twice in a rule, in two spellings",
      policy(rule("A", "allow", '203.0.113.7, "::ffff:cb00:7107/128"')),
      ["duplicate-prefix 5:26"],
    ],
    [
      "a network twice in a rule",
      `networks: {n: [203.0.113.7]}\n${policy(rule("A", "allow", "network: n, network: n"))}`,
      ["duplicate-network-use 6:34"],
    ],
    [
      "one prefix allowed and denied",
      policy(rule("A", "allow", "203.0.113.7"), rule("B", "deny", "203.0.113.7/32")),
      ["allowed-and-denied 8:13"],
    ],
    ["an undefined network", policy(rule("A", "allow", "network: n")), ["undefined-network 5:22"]],
    [
      "an undefined network in a test and in a guard",
      `${policy(rule("A", "allow", "192.0.2.3"))}tests: [{name: t, allowed: [network: n]}]\nguards: {must_deny: [network: m]}\n`,
      ["undefined-network 6:38", "undefined-network 7:31"],
    ],
    [
      "a previous name that is a rule's",
      policy(rule("A", "allow", "192.0.2.4", "    previous_names: [B]\n"), rule("B", "allow", "192.0.2.5")),
      ["previous-name-in-use 6:22"],
    ],
    [
      "a rename in a circle",
      policy(
        rule("A", "allow", "192.0.2.6", "    previous_names: [B]\n"),
        rule("B", "allow", "192.0.2.7", "    previous_names: [A]\n"),
      ),
      ["previous-name-in-use 6:22", "previous-name-in-use 10:22"],
    ],
    [
      "a rule's own name as previous",
      policy(rule("A", "allow", "192.0.2.8", "    previous_names: [A]\n")),
      ["previous-name-in-use 6:22"],
    ],
    [
      "a previous name twice",
      policy(
        rule("A", "allow", "192.0.2.9", "    previous_names: [C]\n"),
        rule("B", "allow", "192.0.2.10", "    previous_names: [C]\n"),
      ),
      ["previous-name-twice 10:22"],
    ],
    ["host bits", policy(rule("A", "allow", "203.0.113.7/24")), ["host-bits 5:13"]],
    ["a bare 0.0.0.0", policy(rule("A", "allow", "0.0.0.0")), ["bare-any-address 5:13"]],
    ["a bare ::", policy(rule("A", "deny", '"::"')), ["bare-any-address 5:13"]],
    ["a bare ::ffff:0.0.0.0", policy(rule("A", "deny", '"::ffff:0:0"')), ["bare-any-address 5:13"]],
  ];
  for (const [name, text, expected] of table) {
    it(name, () => {
      const { diagnostics, policy: none } = readPolicy(text);
      expect(none).toBeUndefined();
      expect(places(diagnostics)).toEqual(expected);
    });
  }

  it("is fine with what only looks so: a wider deny, an expired entry, 0.0.0.0/32", () => {
    expect(
      prefixesOf(
        policy(
          rule("A", "allow", '203.0.113.7, 0.0.0.0/32, "::/128"'),
          rule("B", "deny", "203.0.113.0/24, {cidr: 203.0.113.7, expires: 2026-01-01}"),
        ),
      ),
    ).toEqual(["203.0.113.7/32", "0.0.0.0/32", "::/128", "203.0.113.0/24"]);
  });
});

describe("expiry", () => {
  const text = policy(rule("A", "allow", "{cidr: 203.0.113.7, expires: 2027-01-15, comment: c}"));
  const at = (now: string): [number, number] => {
    const [found] = mustRead(text, { now }).rules;
    return [found!.entries.length, found!.expired.length];
  };
  it("is in force on the day before, to its last moment in UTC, and absent from the day on", () => {
    expect(at("2027-01-14T23:59:59.999Z")).toEqual([1, 0]);
    expect(at("2027-01-15T00:00:00Z")).toEqual([0, 1]);
    expect(at("2027-01-15T00:30:00+01:00")).toEqual([1, 0]);
  });

  it("of an entry and its network is the earlier of the two", () => {
    const both = (own: string, through: string): string | undefined =>
      mustRead(
        `networks: {n: [{cidr: 203.0.113.7, expires: ${own}}]}\n${policy(rule("A", "allow", `{network: n, expires: ${through}}`))}`,
      ).rules[0]?.entries[0]?.expires;
    expect(both("2027-01-15", "2027-02-15")).toBe("2027-01-15");
    expect(both("2027-03-15", "2027-02-15")).toBe("2027-02-15");
  });
});

describe("defaults", () => {
  const { enforcement, unmanagedRules, guards, account } = mustRead("version: 1\nrules: []\n");
  it("leave the switch and unmanaged rules alone, and limit what a plan may do", () => {
    expect({ enforcement, unmanagedRules, account }).toEqual({
      enforcement: "ignore",
      unmanagedRules: "keep",
      account: {},
    });
    expect(guards).toEqual({
      mustAllow: [],
      mustDeny: [],
      maxRemovedRules: { count: 3 },
      maxNewlyAllowed: { ipv4: 65536n, ipv6: 1n << 96n },
    });
  });

  const limits: readonly [text: string, ipv4: bigint, ipv6: bigint][] = [
    ["65536", 65536n, 1n << 96n],
    ["0", 0n, 1n << 96n],
    ["/16", 65536n, 1n << 96n],
    ["/0", 1n << 32n, 1n << 96n],
    ["{ipv6: /48}", 65536n, 1n << 80n],
    ["{ipv4: /24, ipv6: 10}", 256n, 10n],
    ["{ipv6: /0}", 65536n, 1n << 128n],
  ];
  for (const [text, ipv4, ipv6] of limits) {
    it(`max_newly_allowed: ${text}`, () => {
      const read = mustRead(`version: 1\nrules: []\nguards: {max_newly_allowed: ${text}}\n`);
      expect(read.guards.maxNewlyAllowed).toEqual({ ipv4, ipv6 });
    });
  }

  it("max_removed_rules takes a percentage", () => {
    const read = mustRead("version: 1\nrules: []\nguards: {max_removed_rules: 30%}\n");
    expect(read.guards.maxRemovedRules).toEqual({ percent: 30 });
  });
});

describe("networks, includes and text files", () => {
  it("come in the order of the file, with their own places and the network's name", () => {
    const text = `include: [shared/nets.yaml]\nnetworks: {n: [203.0.113.0/24], l: {file: lists/l.txt}}\n${policy(
      rule("A", "allow", "network: s, network: n, network: l, network: deep"),
    )}`;
    const files = {
      "shared/nets.yaml":
        "networks:\n  s: [198.51.100.0/24]\n  deep: {file: more/d.txt}\n  unused: [192.0.2.9]\n",
      "shared/more/d.txt": "2001:db8::/32\n",
      "lists/l.txt": "# head\n\n  192.0.2.1 # one\r\n192.0.2.2\n",
    };
    const {
      rules: [found],
      otherFiles,
    } = mustRead(text, { files });
    expect(
      found?.entries.map(({ prefix, network, source }) => [
        formatPrefix(prefix),
        network,
        `${source.file}:${source.line}:${source.column}`,
      ]),
    ).toEqual([
      ["198.51.100.0/24", "s", "shared/nets.yaml:2:7"],
      ["203.0.113.0/24", "n", "policy.yaml:2:16"],
      ["192.0.2.1/32", "l", "lists/l.txt:3:3"],
      ["192.0.2.2/32", "l", "lists/l.txt:4:1"],
      ["2001:db8::/32", "deep", "shared/more/d.txt:1:1"],
    ]);
    expect(otherFiles).toEqual(["shared/nets.yaml", "lists/l.txt", "shared/more/d.txt"]);
  });

  it("report problems with file, line and column", () => {
    const text = `networks: {l: {file: l.txt}}\n${policy(rule("A", "allow", "network: l"))}`;
    const { diagnostics } = readPolicy(text, {
      files: { "l.txt": "192.0.2.1\n192.0.2\n  bad # x\n0.0.0.0\n" },
    });
    expect(places(diagnostics)).toEqual(["bad-prefix 2:8", "bad-prefix 3:3", "bare-any-address 4:1"]);
    expect(new Set(diagnostics.map(({ source }) => source?.file))).toEqual(new Set(["l.txt"]));
  });

  it("name a text file that is not UTF-8, or not there", () => {
    const text = `networks: {l: {file: l.txt}, m: {file: m.txt}}\n${policy(rule("A", "allow", "network: l, network: m"))}`;
    const { diagnostics } = readPolicy(text, { files: { "l.txt": Uint8Array.from([0x31, 0xff]) } });
    expect(places(diagnostics)).toEqual(["file-missing 1:40", "not-utf8 1:2"]);
  });

  it("an include file holds networks and nothing else, and clashes are reported", () => {
    const text = `include: [i.yaml]\nnetworks: {n: [203.0.113.0/24]}\n${policy(rule("A", "allow", "network: n"))}`;
    const { diagnostics } = readPolicy(text, {
      files: { "i.yaml": "networks: {n: [192.0.2.9]}\nrules: []\n" },
    });
    expect(places(diagnostics)).toEqual(["duplicate-network 1:12", "unknown-key 2:1"]);
  });

  const outside = [
    "/etc/hosts",
    "../l.txt",
    "a/../../l.txt",
    "C:/l.txt",
    "a\\\\l.txt",
    "a\\u0000",
    ".",
    "a/..",
  ];
  for (const path of outside) {
    it(`no path leaves the policy's folder: ${path}`, () => {
      const text = `networks: {l: {file: "${path}"}}\n${policy(rule("A", "allow", "network: l"))}`;
      expect(places(readPolicy(text).diagnostics)).toEqual(["path-outside-policy-folder 1:22"]);
      const included = `include: ["${path}"]\n${policy(rule("A", "allow", "192.0.2.1"))}`;
      expect(places(readPolicy(included).diagnostics)).toEqual(["path-outside-policy-folder 1:11"]);
    });
  }

  it("an include file's list cannot leave the policy's folder either, but may go up within it", () => {
    const files = {
      "a/b/i.yaml": "networks: {l: {file: ../../l.txt}, m: {file: ../../../m.txt}}\n",
      "l.txt": "192.0.2.1\n",
    };
    const text = `include: [a/b/i.yaml]\n${policy(rule("A", "allow", "network: l"))}`;
    expect(places(readPolicy(text, { files }).diagnostics)).toEqual(["path-outside-policy-folder 1:46"]);
  });

  it("a hundred thousand lines are ordinary", () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    const text = `networks: {l: {file: l.txt}}\n${policy(rule("A", "deny", "network: l"))}`;
    const [found] = mustRead(text, { files: { "l.txt": lines.join("\n") } }).rules;
    expect(found?.entries).toHaveLength(100_000);
  });

  it("very many bad lines are fifty problems and a count", () => {
    const text = `networks: {l: {file: l.txt}}\n${policy(rule("A", "deny", "network: l"))}`;
    const { diagnostics } = readPolicy(text, { files: { "l.txt": bytes("x\n".repeat(300_000)) } });
    expect(diagnostics).toHaveLength(keptPerCode + 1);
    expect(firstMessage([diagnostics.at(-1)])).toContain(String(300_000 - keptPerCode));
  });
});
