/** What `validate` says to people: every problem, then the tests, then one line. */
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import type { Policy, PolicyTest } from "../policy/policy.js";
import { diagnosticsCount, renderDiagnosticsText } from "./diagnostics-text.js";
import type { Look } from "./look.js";
import { quoted, visible } from "./neutralise.js";
import { counted } from "./words.js";

export interface TestOutcome {
  readonly test: Pick<PolicyTest, "name" | "source">;
  readonly passed: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Validation {
  readonly file: string;
  /** Absent: the file could not be made sense of. */
  readonly policy: Policy | undefined;
  readonly tests: readonly TestOutcome[];
  /** Those of the tests included. */
  readonly diagnostics: readonly Diagnostic[];
}

export type ValidationVerdict = "valid" | "tests-failed" | "invalid";

export const validationVerdict = ({ policy, tests, diagnostics }: Validation): ValidationVerdict => {
  const ofTests = new Set(tests.flatMap((test) => test.diagnostics));
  if (policy === undefined || hasErrors(diagnostics.filter((one) => !ofTests.has(one)))) return "invalid";
  return tests.some(({ passed }) => !passed) ? "tests-failed" : "valid";
};

const testLines = (tests: readonly TestOutcome[], { style }: Look): string =>
  tests
    .map(
      ({ test, passed }) =>
        `${passed ? style.added("passed") : style.error("FAILED")} test ${quoted(test.name)}\n`,
    )
    .join("");

const found = (diagnostics: readonly Diagnostic[]): string => {
  const count = diagnosticsCount(diagnostics);
  return count === "" ? "" : ` (${count})`;
};

const closing = (validation: Validation): string => {
  const { file, policy, tests, diagnostics } = validation;
  switch (validationVerdict(validation)) {
    case "invalid":
      return `${visible(file)} is not valid: ${diagnosticsCount(diagnostics) || "it could not be read"}.`;
    case "tests-failed": {
      const failed = tests.filter(({ passed }) => !passed).length;
      return `${visible(file)} is well-formed, but ${failed} of ${counted(tests.length, "test")} failed.`;
    }
    default: {
      const rules = policy?.rules ?? [];
      const entries = rules.reduce((sum, { entries: own }) => sum + own.length, 0);
      const passed = tests.length === 0 ? "no tests" : `${counted(tests.length, "test")} passed`;
      return `${visible(file)} is valid: ${counted(rules.length, "rule")}, ${counted(entries, "entry", "entries")}, ${passed}${found(diagnostics)}.`;
    }
  }
};

export const renderValidationText = (validation: Validation, look: Look): string => {
  const verdict = validationVerdict(validation);
  const line = closing(validation);
  const problems = renderDiagnosticsText(validation.diagnostics, look);
  const tests = verdict === "invalid" ? "" : testLines(validation.tests, look);
  const parts = [problems, tests].filter((part) => part !== "").map((part) => `${part}\n`);
  return `${parts.join("")}${verdict === "valid" ? line : look.style.error(line)}\n`;
};
