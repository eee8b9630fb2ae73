/**
 * JUnit XML, as CI systems read it: suites of cases, each passed, failed or skipped. Only what the schema of
 * Jenkins' xUnit plugin knows.
 */
import { cut, markupText, messageCells } from "./neutralise.js";

export interface JunitCase {
  readonly name: string;
  readonly failure?: { readonly kind: string; readonly message: string; readonly text: string };
  /** Why it did not count. */
  readonly skipped?: string;
}

export interface JunitSuite {
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

export const renderJunit = (suites: readonly JunitSuite[]): string => {
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
