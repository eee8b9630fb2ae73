/**
 * The verdicts of JSON documents: each document has one at its top, out of a closed set. This is the one list of them;
 * docs/formats.md and the schemas of `schemas/` have the same, and a test holds them together.
 */
import { type ExitCode, exitCodes } from "../model/failure.js";

/** By the document's name after `dbt-ip-rules/`. */
export const verdicts = {
  plan: ["no-changes", "changes", "refused"],
  diagnostics: ["ok", "error"],
  apply: [
    "done",
    "nothing",
    "refused",
    "failed",
    "midway",
    // With `--confirm`: it was done, nobody confirmed it, and it was undone.
    "undone",
    // With `--audit`, where the log does not confirm what was applied.
    "missing",
    "could-not-check",
    "enforcement-flipped",
  ],
  drift: ["no-drift", "differences"],
  audit: ["confirmed", "missing", "could-not-check", "enforcement-flipped"],
  "audit-events": ["ok", "incomplete"],
  "audit-event-types": ["ok"],
  account: ["ok"],
  explain: ["allowed", "blocked", "mixed"],
  explanations: ["allowed", "blocked", "mixed"],
  replay: ["cut-off", "nobody-cut-off", "incomplete"],
  doctor: ["works", "fails"],
  shapes: ["ok"],
  files: ["ok", "error"],
  lists: ["no-changes", "changes", "refused", "failed"],
  "list-catalogue": ["ok"],
  "terraform-plan": ["no-changes", "changes", "refused"],
  policies: ["done", "failed", "differs", "refused", "midway"],
} as const satisfies Readonly<Record<string, readonly [string, ...string[]]>>;

export type DocumentName = keyof typeof verdicts;
export type VerdictOf<Name extends DocumentName> = (typeof verdicts)[Name][number];

/** Of a run over several policies, by the exit code of all. */
export const runVerdicts: Readonly<Record<ExitCode, VerdictOf<"policies">>> = {
  [exitCodes.done]: "done",
  [exitCodes.error]: "failed",
  [exitCodes.differences]: "differs",
  [exitCodes.refused]: "refused",
  [exitCodes.midway]: "midway",
};

/** One verdict of several addresses or parts. */
export const jointVerdict = (all: readonly VerdictOf<"explain">[]): VerdictOf<"explain"> => {
  const [first = "allowed"] = all;
  return all.every((one) => one === first) ? first : "mixed";
};
