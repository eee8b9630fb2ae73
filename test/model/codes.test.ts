/** Texts come from the table of codes; what it refuses at compile time is in does-not-compile.ts. */
import { describe, expect, it } from "vitest";
import { codes, isCode } from "../../src/model/codes/index.js";
import {
  diagnostic,
  hintOf,
  messageOf,
  persists,
  recordedDiagnostic,
  withMore,
  withTexts,
} from "../../src/model/diagnostic.js";

const several = diagnostic("audit-several-actors", { file: "r.jsonl", actors: 2 });

describe("a diagnostic", () => {
  it("has the severity and the texts of the table", () => {
    expect(several).toEqual({
      code: "audit-several-actors",
      args: { file: "r.jsonl", actors: 2 },
      severity: "warning",
    });
    expect(messageOf(several)).toContain("r.jsonl");
    expect(hintOf(several)).toBe(codes["audit-several-actors"].hint);
  });

  it("without arguments has fixed texts", () => {
    const unknown = diagnostic("caller-unknown");
    expect(messageOf(unknown)).toBe(codes["caller-unknown"].message);
    expect(unknown.severity).toBe("note");
  });

  it("stands for more of its kind", () => {
    expect(messageOf(withMore(several, 7))).toMatch(/^7 more/);
  });

  it.each([
    [
      [7],
      [8],
      "Rule 7 was created by this run. Rule 8 was created by another apply, or by a call of this run whose",
    ],
    [[], [8, 9], "Rules 8 and 9 were created by another apply, or by a call of this run whose"],
    [[7, 8], [], "Rules 7 and 8 were created by this run"],
  ])("says of each copy of a rule who created it: %j and %j", (own, others, said) => {
    expect(
      messageOf(diagnostic("duplicate-create", { own, others, equal: true })).slice(0, said.length),
    ).toBe(said);
  });

  it("that was recorded keeps its texts, whatever the table says now", () => {
    const old = recordedDiagnostic("caller-unknown", "note", { message: "As it was" });
    expect([messageOf(old), hintOf(old)]).toEqual(["As it was", undefined]);
  });

  it("loses a secret in all of its texts, and is the same value where there is none", () => {
    const redacted = withTexts(several, (text) => text.replaceAll("r.jsonl", "***"));
    expect(messageOf(redacted)).not.toContain("r.jsonl");
    expect(redacted.code).toBe(several.code);
    expect(withTexts(several, (text) => text)).toBe(several);
  });
});

// `next: mend-first` of an apply, and no second look at the audit log: both mean that the same command would end the same
// way. What may pass by itself (an outage, a timeout, a DNS server that does not answer) is none of these.
it("says which failures last until somebody sees to them", () => {
  const lasting = Object.keys(codes).filter(
    (code) => isCode(code) && persists({ code, severity: "error", recorded: { message: "" } }),
  );
  expect(lasting.sort()).toEqual([
    "account-foreign",
    "account-not-found",
    "account-prefix-unreadable",
    "account-rule-name-repeated",
    "answer-is-html",
    "audit-log-not-found",
    "blocked-by-ip-restrictions",
    "host-not-found",
    "listing-too-large",
    "permission-missing",
    "redirected",
    "redirected-to-other-host",
    "request-refused",
    "tls-failed",
    "token-rejected",
  ]);
  const texts = Object.entries(codes)
    .filter(([code]) => lasting.includes(code))
    .map(([, row]) => JSON.stringify(row));
  expect(texts.filter((text) => /again later|in a (minute|while)/.test(text))).toEqual([]);
});
