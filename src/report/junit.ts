/**
 * JUnit XML, as CI systems read it: suites of cases, each passed, failed or skipped. Only what the schema of
 * Jenkins' xUnit plugin knows.
 */
import type { AuditEvent } from "../audit/event.js";
import type { AuditVerification, StepVerification } from "../audit/verification.js";
import { type Diagnostic, hasErrors, messageOf } from "../model/diagnostic.js";
import { cut, markupText, messageCells } from "../model/escape.js";
import { auditedTitle } from "./audit.js";
import { diagnosticsCount, renderDiagnosticsText } from "./diagnostics.js";
import { plainStyle } from "./layout.js";
import type { Report, Reporter, Validation } from "./report.js";

interface JunitCase {
  readonly name: string;
  readonly failure?: { readonly kind: string; readonly message: string; readonly text: string };
  /** Why it did not count. */
  readonly skipped?: string;
}

interface JunitSuite {
  readonly name: string;
  readonly cases: readonly JunitCase[];
}

const attribute = (name: string, value: string | number | undefined): string =>
  value === undefined ? "" : ` ${name}="${markupText(String(value))}"`;

const caseText = (suite: string, { name, failure, skipped }: JunitCase): string => {
  const head = `    <testcase${attribute("name", name)}${attribute("classname", suite)} time="0"`;
  if (failure !== undefined)
    return `${head}>\n      <failure${attribute("message", cut(failure.message, messageCells))}${attribute("type", failure.kind)}>${markupText(failure.text, { lines: true })}</failure>\n    </testcase>\n`;
  if (skipped !== undefined)
    return `${head}>\n      <skipped${attribute("message", skipped)}/>\n    </testcase>\n`;
  return `${head}/>\n`;
};

const tally = (cases: readonly JunitCase[]): string => {
  const failed = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter((one) => one.skipped !== undefined && one.failure === undefined).length;
  return ` tests="${cases.length}" failures="${failed}" errors="0" skipped="${skipped}" time="0"`;
};

const renderJunit = (suites: readonly JunitSuite[]): string => {
  const all = suites.flatMap(({ cases }) => cases);
  const body = suites
    .map(
      ({ name, cases }) =>
        `  <testsuite${attribute("name", name)}${tally(cases)}>\n${cases.map((one) => caseText(name, one)).join("")}  </testsuite>\n`,
    )
    .join("");
  // No skipped count on the outer element: older schemas do not know it there.
  const outer = tally(all).replace(/ skipped="\d+"/, "");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="dbt-ip-rules"${outer}>\n${body}</testsuites>\n`;
};

const textOf = (diagnostics: readonly Diagnostic[]): string =>
  renderDiagnosticsText(diagnostics, { style: plainStyle, width: 100 });

const failureOf = (kind: string, message: string, diagnostics: readonly Diagnostic[]) => ({
  failure: { kind, message, text: `\n${textOf(diagnostics)}` },
});

/** One case for the file, one for each test. */
const validationSuites = ({ file, tests, diagnostics }: Validation): readonly JunitSuite[] => {
  const ofTests = new Set(tests.flatMap((test) => test.diagnostics));
  const own = diagnostics.filter((one) => !ofTests.has(one));
  return [
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
      cases: tests.map(({ test, passed, diagnostics: found }) => ({
        name: test.name,
        ...(passed
          ? {}
          : failureOf(
              found[0]?.code ?? "policy-test-failed",
              found[0] === undefined ? "the test failed" : messageOf(found[0]),
              found,
            )),
      })),
    },
  ];
};

const caseOf = (verification: StepVerification): JunitCase => {
  const { step } = verification;
  const name = `${step.number}. ${auditedTitle(step)}`;
  switch (verification.kind) {
    case "recorded":
      return { name };
    case "missing":
      return {
        name,
        failure: {
          kind: "audit-record-missing",
          message: `the audit log holds no ${step.eventType} event for this step`,
          text: `expected ${step.eventType} at about ${step.at ?? "an unknown time"}`,
        },
      };
    case "not-due":
      return { name, skipped: `no event is due: the step is ${step.outcome}` };
    default:
      return {
        name,
        failure: {
          kind: "audit-not-checked",
          message: "the audit log could not be read",
          text: `wanted ${step.eventType}`,
        },
      };
  }
};

const flipCase = (event: AuditEvent): JunitCase => ({
  name: `toggled at ${event.at}`,
  failure: {
    kind: "enforcement-flipped",
    message: "a call of this run turned enforcement on or off, and no step was to do that",
    text: `event ${event.id}`,
  },
});

/** A suite a receipt, a case a step; a missing event is a failure. */
const auditSuites = ({ flips, receipts }: AuditVerification): readonly JunitSuite[] => [
  ...(flips.length === 0 ? [] : [{ name: "audit enforcement", cases: flips.map(flipCase) }]),
  ...receipts.map(({ file, steps }) => ({ name: `audit ${file}`, cases: steps.map(caseOf) })),
];

const failureSuite = (diagnostics: readonly Diagnostic[]): JunitSuite => ({
  name: "run",
  cases: [
    {
      name: "the command ran",
      ...failureOf(diagnostics[0]?.code ?? "failed", diagnosticsCount(diagnostics), diagnostics),
    },
  ],
});

const suitesOf = (report: Report): readonly JunitSuite[] => {
  switch (report.kind) {
    case "validation":
      return validationSuites(report.validation);
    case "audit":
      return auditSuites(report.verification);
    case "failure":
      return [failureSuite(report.diagnostics)];
    default:
      return [];
  }
};

/** Readers join suites of one name, so where there are several policies each suite names its own. */
export const junitReport: Reporter = (reports) =>
  renderJunit(
    reports.flatMap(({ policy, report }) =>
      suitesOf(report).map((suite) =>
        reports.length > 1 ? { ...suite, name: `${policy}: ${suite.name}` } : suite,
      ),
    ),
  );
