/** A policy's validity and its tests as JUnit: one case for the file, one for each test. */
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import type { PolicyTest } from "../policy/policy.js";
import { diagnosticsCount, renderDiagnosticsText } from "./diagnostics-text.js";
import { renderJunit } from "./junit.js";
import { plainStyle } from "./style.js";

export interface TestOutcome {
  readonly test: Pick<PolicyTest, "name" | "source">;
  readonly passed: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

const textOf = (diagnostics: readonly Diagnostic[]): string =>
  renderDiagnosticsText(diagnostics, { style: plainStyle, width: 100 });

const failureOf = (kind: string, message: string, diagnostics: readonly Diagnostic[]) => ({
  failure: { kind, message, text: `\n${textOf(diagnostics)}` },
});

/** `diagnostics` may hold those of the tests too. */
export const renderTestsJunit = (
  file: string,
  diagnostics: readonly Diagnostic[],
  tests: readonly TestOutcome[],
): string => {
  const ofTests = new Set(tests.flatMap((test) => test.diagnostics));
  const own = diagnostics.filter((one) => !ofTests.has(one));
  return renderJunit([
    {
      name: "policy",
      cases: [
        {
          name: `${file} is valid`,
          ...(hasErrors(own) ? failureOf("invalid-policy", diagnosticsCount(own), own) : {}),
        },
      ],
    },
    {
      name: "policy tests",
      cases: tests.map((outcome) => ({
        name: outcome.test.name,
        ...(outcome.passed
          ? {}
          : failureOf(
              outcome.diagnostics[0]?.code ?? "policy-test-failed",
              outcome.diagnostics[0]?.message ?? "the test failed",
              outcome.diagnostics,
            )),
      })),
    },
  ]);
};
