import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressSet } from "../../src/address/address-set.js";
import type { ApplyResult, StepReport } from "../../src/apply/result.js";
import { fitted } from "../../src/cli/io.js";
import { rangesText } from "../../src/model/address-words.js";
import { cellsOf } from "../../src/model/cells.js";
import { type Diagnostic, diagnostic } from "../../src/model/diagnostic.js";
import { addressCount, countdown, counted, duration } from "../../src/model/words.js";
import type { AccessChange, AccessPart } from "../../src/plan/access-change.js";
import { makePlan } from "../../src/plan/make-plan.js";
import type { Policy } from "../../src/policy/policy.js";
import {
  accessContext,
  accessGroups,
  accessRows,
  accessSentence,
  accessWords,
  ledRow,
  planWording,
} from "../../src/report/access-rows.js";
import { lookAlikes } from "../../src/report/change-rows.js";
import { colourless, createStyle, fitLines } from "../../src/report/color.js";
import {
  diagnosticsCount,
  excerpt,
  renderDiagnosticsText,
  reviewNotes,
} from "../../src/report/diagnostics.js";
import { driftWording } from "../../src/report/drift.js";
import { renderPlanMarkdown } from "../../src/report/markdown.js";
import { fileUri, relativePath } from "../../src/report/places.js";
import { renderApplyText } from "../../src/report/text/apply.js";
import { renderPlanBrief, renderPlanText } from "../../src/report/text/plan.js";
import { liveLine, liveText, progressLine, waitText } from "../../src/report/text/progress.js";
import { renderReplayText } from "../../src/report/text/replay.js";
import { policy as policyOf, policyRule, snapshotOf, state } from "../plan/values.js";
import { saying } from "../said.js";
import { colour, look } from "./formats.js";
import { changeOf, entryOf, getsIn, nothingMatched, ordinary, planOf, prefixes, rule } from "./plans.js";
import { replayOf } from "./replay-sample.js";
import { applyResultOf, ordinaryNames, place } from "./samples.js";

const setOf = (...texts: string[]): AddressSet => AddressSet.ofPrefixes(prefixes(...texts));

describe("counts", () => {
  it.each([
    [setOf("203.0.113.0/24"), "256 IPv4 addresses"],
    [setOf("203.0.113.7"), "1 IPv4 address"],
    [setOf("10.0.0.0/8"), "16,777,216 IPv4 addresses"],
    [setOf("2001:db8::/120", "192.0.2.0/31"), "2 IPv4 addresses and 256 IPv6 addresses"],
    [setOf("2001:db8::/48"), "2^80 IPv6 addresses"],
    [setOf("2001:db8::/48", "2001:db8:1::1"), "2^80 + 1 IPv6 addresses"],
    [setOf("2001:db8::/48", "2001:db8:1::/64"), "2^80 + 2^64 IPv6 addresses"],
    [
      setOf("2001:db8::/48", "2001:db8:1::/50", "2001:db8:2::/52", "2001:db8:3::/54"),
      "about 1.605 × 10^24 IPv6 addresses",
    ],
    [setOf("0.0.0.0/0"), "the whole IPv4 internet"],
    [setOf("::/0"), "the whole internet, IPv4 and IPv6"],
    [AddressSet.empty, "no addresses"],
    [
      setOf("0.0.0.0/0").subtract(setOf("192.0.2.0/24")),
      "nearly the whole IPv4 internet (all but 256 addresses)",
    ],
    [setOf("0.0.0.0/1", "128.0.0.0/2"), "3,221,225,472 IPv4 addresses"],
  ])("%#: %s", (set, words) => expect(addressCount(set.count())).toBe(words));

  it("says one rule, two rules", () => {
    expect(counted(1, "rule")).toBe("1 rule");
    expect(counted(0, "entry", "entries")).toBe("0 entries");
    expect(counted(12_345n, "rule")).toBe("12,345 rules");
  });
});

describe("ranges", () => {
  it.each([
    [setOf("203.0.113.0/24", "192.0.2.1"), "192.0.2.1/32, 203.0.113.0/24"],
    [setOf("0.0.0.0/0"), "0.0.0.0/0"],
    [setOf("::/0"), "0.0.0.0/0 and ::/0"],
    [setOf("192.0.2.0/24").complement(), "all of IPv4 but 192.0.2.0/24, all of IPv6"],
    [
      setOf("2001:db8::/32", "192.0.2.0/24").complement(),
      "all of IPv4 but 192.0.2.0/24, all of IPv6 but 2001:db8::/32",
    ],
  ])("%#: %s", (set, words) => expect(rangesText(set)).toBe(words));

  it("cuts only where it is told to, and says by how much", () => {
    const set = AddressSet.ofPrefixes(
      prefixes(...Array.from({ length: 30 }, (_, index) => `10.${2 * index}.0.0/16`)),
    );
    expect(rangesText(set).split(", ")).toHaveLength(30);
    expect(rangesText(set, 12)).toMatch(/10\.22\.0\.0\/16, and 18 more prefixes$/);
  });
});

describe("access rows", () => {
  const part = (
    verdict: AccessPart["verdict"],
    before: AccessPart["before"],
    after: AccessPart["after"],
  ): AccessPart => ({
    verdict,
    prefixes: prefixes("203.0.113.0/24"),
    before,
    after,
  });
  const deny = entryOf("Block", "deny", "203.0.113.0/24");
  const allow = entryOf("VPN", "allow", "203.0.113.0/24");
  const open = { kind: "default", allowed: true } as const;
  const off = { kind: "enforcement-off" } as const;

  it.each([
    ["allowed", nothingMatched, allow, '(rule "VPN")'],
    ["allowed", deny, allow, '(rule "VPN", was denied by rule "Block")'],
    ["allowed", deny, open, '(no longer denied by rule "Block")'],
    [
      "allowed",
      nothingMatched,
      open,
      "(no allow entry is left, so every address that no entry denies is allowed)",
    ],
    ["allowed", deny, off, "(enforcement is off)"],
    ["blocked", open, deny, '(denied by rule "Block")'],
    ["blocked", allow, nothingMatched, '(no longer allowed by rule "VPN")'],
    ["blocked", open, nothingMatched, "(there is now an allow entry, so whatever none allows is denied)"],
    ["blocked", off, nothingMatched, "(enforcement is on and nothing allows them)"],
  ] as const)("%#: %s", (verdict, before, after, reason) => {
    const [row] = accessRows(changeOf(part(verdict, before, after)));
    const what = verdict === "allowed" ? "gain access" : "lose access";
    expect(row?.text).toBe(`256 IPv4 addresses ${what}: 203.0.113.0/24 ${reason}`);
    expect(row?.sign).toBe(verdict === "allowed" ? "+" : "-");
  });

  // A policy that was edited and not applied: nothing there was ever allowed, so that nothing is so "no longer".
  it.each([
    ["allowed", nothingMatched, allow, '(rule "VPN" on the account)', 'rule "VPN": '],
    [
      "allowed",
      deny,
      allow,
      '(rule "VPN" on the account, denied by rule "Block" in the policy)',
      'rule "VPN": ',
    ],
    ["allowed", deny, open, '(denied by rule "Block" in the policy alone)', 'rule "Block": '],
    [
      "allowed",
      nothingMatched,
      open,
      "(the account has no allow entry, so every address that no entry denies is allowed)",
      "",
    ],
    ["allowed", deny, off, "(enforcement is off on the account)", ""],
    ["blocked", open, deny, '(denied by rule "Block" on the account)', 'rule "Block": '],
    ["blocked", allow, nothingMatched, '(allowed by rule "VPN" in the policy alone)', 'rule "VPN": '],
    [
      "blocked",
      open,
      nothingMatched,
      "(the account has an allow entry, so whatever none allows is denied; the policy has none)",
      "",
    ],
    ["blocked", off, nothingMatched, "(enforcement is on, and nothing on the account allows them)", ""],
  ] as const)("of drift, %#: %s", (verdict, before, after, reason, lead) => {
    const change = changeOf(part(verdict, before, after));
    const [row] = accessRows(change, driftWording);
    const what =
      verdict === "allowed"
        ? "allowed on the account, blocked by the policy"
        : "allowed by the policy, blocked on the account";
    expect(row?.text).toBe(`256 IPv4 addresses are ${what}: 203.0.113.0/24 ${reason}`);
    const led = accessGroups(change, driftWording).map((group) => ledRow(group, driftWording).text);
    expect(led.join()).toMatch(new RegExp(`^${lead}256 IPv4 addresses are ${what}: 203`));
    expect(`${row?.text} ${led}`).not.toContain("no longer");
  });

  it("names the whole internet", () => {
    const [row] = accessRows(changeOf(getsIn("Open", "::/0")));
    expect(row?.text).toBe('the whole internet, IPv4 and IPv6 gain access: 0.0.0.0/0 and ::/0 (rule "Open")');
  });

  it("puts parts with one reason together, and lists every range that broadens", () => {
    const many = Array.from(
      { length: 300 },
      (_, index) => `10.${index % 256}.${2 * Math.floor(index / 256)}.0/25`,
    );
    const rows = accessRows(changeOf(...many.map((text) => getsIn("VPN", text))));
    expect(rows).toHaveLength(1);
    for (const text of many) expect(rows[0]?.text).toContain(text);
  });

  it("names who keeps access where enforcement is turned on, and not all others", () => {
    const plan = (policy: Policy) => {
      const snapshot = snapshotOf(state("disabled", rule("Old", "deny", ["198.51.100.0/24"])));
      const { plan: made } = makePlan({ policy: { ...policy, unmanagedRules: "delete" }, snapshot });
      if (made === undefined) throw new Error("no plan");
      return made;
    };
    const few = plan(policyOf([policyRule("Office", "allow", ["203.0.113.0/24", "2001:db8::/48"])]));
    expect(accessSentence(few.access)).toBe(
      "Access narrows: only these get in: 203.0.113.0/24, 2001:db8::/48 (256 IPv4 addresses and 2^80 IPv6 addresses).",
    );
    expect(accessRows(few.access.change, planWording(few.access)).map(({ text }) => text)).toEqual([
      "every other address loses access (enforcement is on and nothing allows it)",
    ]);
    const deny = plan(policyOf([policyRule("Guests", "deny", ["203.0.113.0/24"])]));
    expect(accessSentence(deny.access)).toBe("Access narrows: 256 IPv4 addresses out.");
  });

  it("sums up in words", () => {
    const enforced = (change: AccessChange) => ({ change, enforcedBefore: true, enforcedAfter: true });
    const both = changeOf(getsIn("VPN", "203.0.113.0/24"), part("blocked", allow, nothingMatched));
    expect(accessWords(enforced(changeOf()))).toBe("does not change");
    expect(accessWords(enforced(both))).toBe("broadens and narrows: 256 IPv4 addresses in, 256 out");
    expect(accessSentence({ change: both, enforcedBefore: false, enforcedAfter: false })).toBe(
      "Enforcement is off; once it is enabled, access broadens and narrows: 256 IPv4 addresses in, 256 out.",
    );
    const untold = {
      change: both,
      enforcedBefore: false,
      enforcedAfter: true,
      enforcementUnknown: true,
    } as const;
    expect(accessSentence(untold)).toMatch(/^If enforcement is on, /);
    expect(accessContext(untold)).not.toContain("turns");
  });
});

describe("plan text", () => {
  it("cuts long lists of entries in the changes, never in the access block", () => {
    const texts = Array.from({ length: 60 }, (_, index) => `10.${2 * index}.0.0/16`);
    const big = rule("Big", "allow", texts);
    const text = renderPlanText(
      planOf({
        changes: [{ kind: "create", rule: big }],
        access: { change: changeOf(getsIn("Big", ...texts)), enforcedBefore: true, enforcedAfter: true },
      }),
      look,
    );
    const [access = "", changes = ""] = text.split("\nChanges\n");
    expect(access.match(/10\.\d+\.0\.0\/16/g)).toHaveLength(60);
    expect(changes.match(/10\.\d+\.0\.0\/16/g)).toHaveLength(20);
    expect(changes).toContain("… and 40 more entries");
  });

  it("says the same with and without colour", () => {
    // biome-ignore lint/complexity/useRegexLiterals: the escape is clearer as text
    const plain = renderPlanText(ordinary, colour).replace(new RegExp("\\u001b\\[\\d+m", "g"), "");
    expect(plain).toBe(renderPlanText(ordinary, look));
  });

  const waived = planOf({
    verdicts: [
      { guard: "must-deny", state: "passed", diagnostics: [] },
      {
        guard: "max-removed-rules",
        state: "waived",
        override: "--allow-removed-rules",
        diagnostics: [saying({ code: "max-removed-rules", severity: "warning", message: "4 rules go" })],
      },
    ],
  });
  const waivedLines = "  failed and waived: max-removed-rules\n    warning[max-removed-rules]: 4 rules go\n";

  it("shows a check that passed only by its flag, also where the plan is told briefly", () => {
    expect(renderPlanText(waived, look)).toContain(waivedLines);
    expect(renderPlanMarkdown(waived)).toContain("failed and waived: max-removed-rules");
    const brief = renderPlanBrief(waived, look);
    expect(brief).toContain(waivedLines);
    expect(brief).not.toContain("must-deny");
  });

  it("is one line where there is nothing to look at", () => {
    expect(renderPlanBrief(planOf({}), look).split("\n")).toHaveLength(2);
  });

  it("never says that what was not checked has passed", () => {
    for (const text of [renderPlanText(ordinary, look), renderPlanBrief(ordinary, look)]) {
      expect(text).toContain("  not checked: caller\n");
      expect(text).not.toMatch(/passed.*caller/);
    }
    const quiet = planOf({ verdicts: [{ guard: "caller", state: "not-checked", diagnostics: [] }] });
    expect(renderPlanText(quiet, look)).not.toContain("caller");
  });
});

describe("diagnostics text", () => {
  it("says of the two counts what each counts", () => {
    const here = diagnostic("enforcement-not-told", { wanted: "enabled" });
    const place = { file: "policy.yaml", line: 1, column: 1, endLine: 1, endColumn: 2, lineText: "x" };
    const inFile = diagnostic("unused-network", { network: "x" }, place);
    const said = reviewNotes([here, here, inFile], { ...look, policyFile: "policy.yaml" }).join("\n");
    expect(said).toContain("\n2 notes\n");
    expect(said).toContain("Not shown here: 1 note in the policy; to see: dbt-ip-rules validate");
    expect(reviewNotes([inFile], look).join("\n")).toMatch(/^1 note in the policy/);
  });

  const lines = (source: Parameters<typeof excerpt>[0], width = 80): string[] =>
    excerpt(source, (text) => text, { ...look, width }).map((line) => line.slice(8));

  it.each([
    ["ASCII", "  - cidr: x", 5, 4, "  - cidr: x", "    ^^^^"],
    ["tabs", "\t\tkey: x", 3, 3, "        key: x", "        ^^^"],
    ["wide letters", "日本: key", 5, 3, "日本: key", "      ^^^"],
    ["escapes", "\u001b[0m key", 6, 3, "\\x1b[0m key", "        ^^^"],
    ["the end of the line", "key:", 5, 1, "key:", "    ^"],
    ["an empty range", "key: x", 6, 0, "key: x", "     ^"],
    ["an emoji of two units", "😀 key", 4, 3, "😀 key", "   ^^^"],
  ])("puts the caret under %s", (_, text, column, length, shown, carets) => {
    expect(lines(place(1, column, length, text))).toEqual([shown, carets]);
  });

  it("keeps the place in view in a line of any length", () => {
    fc.assert(
      fc.property(fc.nat(3_000), fc.nat(3_000), fc.integer({ min: 40, max: 200 }), (before, after, width) => {
        const text = `${"a".repeat(before)}XYZ${"b".repeat(after)}`;
        const [line = "", carets = ""] = lines(place(1, before + 1, 3, text), width);
        const at = carets.indexOf("^");
        expect(line.slice(at, at + carets.trim().length)).toBe("XYZ".slice(0, carets.trim().length));
        expect(cellsOf(line)).toBeLessThanOrEqual(width - 8);
      }),
    );
  });

  const notes = (count: number, severity: Diagnostic["severity"]): Diagnostic[] =>
    Array.from({ length: count }, (_, index) =>
      saying({ code: "unused-network", severity, message: `${severity} ${index}` }),
    );

  it("shows errors before it runs out of room, in their order, and counts all", () => {
    const text = renderDiagnosticsText([...notes(60, "note"), ...notes(3, "error")], { ...look, max: 10 });
    expect(text.match(/^error/gm)).toHaveLength(3);
    expect(text.match(/^note/gm)).toHaveLength(7);
    expect(text).toContain("… and 53 more, not shown\n3 errors, 60 notes\n");
  });

  it("is empty for none", () => {
    expect(renderDiagnosticsText([], look)).toBe("");
    expect(diagnosticsCount([])).toBe("");
  });
});

describe("names that look alike", () => {
  it.each([
    [["C\u043erporate"], ["C\u043erporate"]],
    [
      ["Officе", "Office"],
      ["Office", "Officе"],
    ],
    [["оffice", "Кафе"], ["оffice"]],
    [
      ["СОРЕ", "COPE"],
      ["COPE", "СОРЕ"],
    ],
    [
      ["VPN", "VPN "],
      ["VPN", "VPN "],
    ],
    [
      ["0ffice", "Office"],
      ["0ffice", "Office"],
    ],
    [["Офис", "Büro", "東京 office", "Αθήνα"], []],
    [["VPN 1", "VPN 2"], []],
  ])("%j", (names, noted) => expect([...lookAlikes(names).keys()].sort()).toEqual([...noted].sort()));
});

describe("apply", () => {
  // The sample has three steps.
  const [applied, unknown, notBegun] = applyResultOf(ordinaryNames).steps as [
    StepReport,
    StepReport,
    StepReport,
  ];
  const result = (outcome: ApplyResult["outcome"], steps: StepReport[], next: ApplyResult["next"]): string =>
    renderApplyText({ outcome, steps, next, exitCode: 0, diagnostics: [] }, look);

  it.each([
    ["done", [applied], "nothing", "Applied: 1 of 1 step done, and the account is now as planned.\n"],
    ["nothing", [], "nothing", "Nothing to do: the account is as planned.\n"],
    ["refused", [], "plan-again", "Refused: nothing was changed.\nNext: dbt-ip-rules plan\n"],
    ["failed", [], "apply-again", "Failed: nothing was changed.\nNext: dbt-ip-rules apply\n"],
  ] as const)("ends as %s", (outcome, steps, next, text) =>
    expect(result(outcome, [...steps], next)).toBe(text),
  );

  it("tells midway what was done, what not, what is unknown, and the next command", () => {
    const text = result("midway", [applied, unknown, notBegun], "apply-again");
    for (const part of [
      "\nUnknown",
      "\nNot changed",
      "1 of 3 steps done, 1 unknown",
      "\nNext: dbt-ip-rules apply",
    ])
      expect(`\n${text}`).toContain(part);
  });

  it("does not say that the account is not as planned where it was not read after the last step", () =>
    expect(result("midway", [applied], "apply-again")).toContain(
      "1 of 1 step done. The account was changed, but was not read again",
    ));

  it("names no time where it does not wait", () =>
    expect(progressLine({ kind: "step-waiting", planned: applied.planned, ms: 0, message: "m" }, look)).toBe(
      "Step 1: m; reading the account again",
    ));

  it("does not call unchanged what may have been carried out in part", () => {
    const [first, second] = ordinary.steps;
    const text = renderApplyText(
      {
        outcome: "midway",
        exitCode: 4,
        steps: [
          { planned: first!, status: "failed", attempts: 1, message: "two of three entries" },
          { planned: second!, status: "failed", attempts: 1, message: "no", unchanged: true },
        ],
        diagnostics: [],
        next: "apply-again",
      },
      look,
    );
    const [partly = "", unchanged = ""] = text.split("Not changed\n");
    expect(partly).toContain("Failed; a part of it may be on the account\n  1. create rule");
    expect(unchanged).toMatch(/^ {2}2\. update rule/);
  });

  it("gives one plain line a step, and none for what is only for a live line", () => {
    const finished = progressLine({ kind: "step-finished", total: 12, report: applied }, look, 120);
    expect(finished).toBe('[ 1/12] create rule "Partner": +1 … done (120 ms)');
    const { planned } = applied;
    expect(progressLine({ kind: "step-started", planned, total: 2, attempt: 1 }, look)).toBeUndefined();
    expect(liveText({ kind: "step-started", planned, total: 2, attempt: 1 })).toBe(
      '[1/2] create rule "Partner": +1',
    );
  });

  it("never lets the live line wrap", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 200 }),
        fc.nat(10_000_000),
        fc.integer({ min: 40, max: 120 }),
        (text, ms, width) => {
          expect(cellsOf(liveLine(text, ms, { ...look, width }))).toBeLessThan(width);
        },
      ),
    );
  });

  it("counts a cooldown down", () => {
    expect(waitText({ seconds: 299, reason: "rate-limited", message: "429" })).toContain("4 min 59 s to go");
    expect(waitText({ seconds: 2, reason: "retrying", message: "it broke" })).toBe(
      "it broke; trying again in 2 s",
    );
  });

  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [4_200, "4.2 s"],
    [59_960, "1 min 00 s"],
    [185_000, "3 min 05 s"],
  ])("%i ms is %s", (ms, words) => expect(duration(ms)).toBe(words));

  it.each([
    [300, "5 min 00 s"],
    [61, "1 min 01 s"],
    [12, "12 s"],
  ])("%i s is %s", (seconds, words) => expect(countdown(seconds)).toBe(words));
});

describe("file names", () => {
  it.each([
    ["./policy.yaml", "policy.yaml"],
    ["policies\\a b.yaml", "policies/a%20b.yaml"],
    ["/etc/x#y?.yaml", "file:///etc/x%23y%3F.yaml"],
    ["C:\\x\\p.yaml", "file:///C:/x/p.yaml"],
    ["\ud800.yaml", "%EF%BF%BD.yaml"],
    ["../p.yaml", "../p.yaml"],
  ])("%j becomes %s", (file, uri) => expect(fileUri(file)).toBe(uri));

  it("keeps a path a path", () => expect(relativePath(".\\a\\b.yaml")).toBe("a/b.yaml"));
});

describe("style", () => {
  it("changes nothing without colour, and marks every role with it", () => {
    const plain = createStyle({ color: false });
    const coloured = createStyle({ color: true });
    // Object.keys gives strings; these are the roles.
    for (const role of Object.keys(plain) as (keyof typeof plain)[]) {
      expect(plain[role]("text")).toBe("text");
      expect(coloured[role]("text")).toMatch(/^\u001b\[.*text\u001b\[/);
    }
  });
});

describe("lines for a terminal", () => {
  it.each([
    ["short", "short"],
    ["one two three four five six", "one two three four\n    five six"],
    ["  a  b  c  d  e  f  g  h", "  a  b  c  d  e  f\n      g  h"],
    ['a rule "of two words" stands', 'a rule\n    "of two words"\n    stands'],
    ["next, if you like: dbt-ip-rules plan", "next, if you like:\n    dbt-ip-rules plan"],
    [
      "see: dbt-ip-rules show --rule a,b; or else: dbt-ip-rules plan",
      "see:\n    dbt-ip-rules show --rule a,b;\n    or else:\n    dbt-ip-rules plan",
    ],
    ["2001:db8:aaaa:bbbb:cccc::/80", "2001:db8:aaaa:bbbb:cccc::/80"],
  ])("%#: %s", (text, lines) => expect(fitLines(`${text}\n`, 20)).toBe(`${lines}\n`));

  it("keeps every word and its colour, and breaks no line that fits without its colours", () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        (words, painted) => {
          const text = words.join(" ");
          const paint = createStyle({ color: painted }).error;
          const lines = fitLines(paint(text), 30).split("\n");
          expect(lines.join(" ").split(/ +/).join(" ")).toBe(paint(text));
          for (const line of lines) expect(cellsOf(colourless(line))).toBeLessThanOrEqual(30);
          if (text.length <= 30) expect(lines).toHaveLength(1);
        },
      ),
    );
  });

  it("is for terminals alone: a pipe gets each line in one piece", () => {
    const long = "word ".repeat(40).trim();
    const io = { env: {} } as Parameters<typeof fitted>[0]; // Only the environment is looked at.
    const stream = { write: () => true };
    expect(fitted(io, stream, long)).toBe(long);
    expect(fitted(io, { ...stream, isTTY: true, columns: 60 }, long).split("\n").length).toBe(4);
  });
});

describe("a replay", () => {
  it("says a reason once, with the addresses that it is about under it", () => {
    const report = replayOf(ordinaryNames, true);
    const actors = report.replay.actors.map((actor) => ({
      ...actor,
      addresses: actor.addresses.map((one) => ({ ...one, afterBy: actor.addresses[0]!.afterBy })),
    }));
    const text = renderReplayText(
      { ...report, replay: { ...report.replay, actors } },
      { ...look, width: 300 },
    );
    const reason = "allowed -> blocked by: no entry matches, and there are allow rules";
    expect(text).toContain(`    ${reason} (now: allow 198.51.100.0/24 of rule "Partner")
      198.51.100.7: 10 events, 2026-01-05 to 2026-02-20
      198.51.100.8: 11 events, 2026-01-05 to 2026-02-20
`);
  });
});
