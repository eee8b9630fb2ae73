/**
 * The outputs of one command over several policies, as one document: of a machine format one valid document of that
 * format, of text one part a policy with its name above. Promise: nothing of a part is lost but what a format
 * cannot hold, and a part that failed is named.
 */
import type { ExitCode } from "../model/failure.js";
import type { Look } from "./look.js";
import { jsonText, markdownCode, visible } from "./neutralise.js";

export interface Part {
  /** As the user named it. */
  readonly policy: string;
  readonly exitCode: ExitCode;
  /** What the command alone would have printed; absent where it failed before. */
  readonly output?: string;
}

/** Worst first: an account left midway, an error, a refusal, differences. */
const worstFirst: readonly ExitCode[] = [4, 1, 3, 2];

/** 4 > 1 > 3 > 2 > 0. */
export const worstExitCode = (codes: readonly ExitCode[]): ExitCode =>
  worstFirst.find((code) => codes.includes(code)) ?? 0;

const outcomes: Readonly<Record<ExitCode, string>> = {
  0: "done",
  1: "failed",
  2: "differs",
  3: "refused",
  4: "stopped midway",
};

export const policyHeading = (policy: string, { style }: Look): string =>
  style.strong(`== ${visible(policy)} ==`);

/** The line in which an output says how it stands: its last. */
const closingOf = (output: string | undefined): string => output?.trimEnd().split("\n").at(-1)?.trim() ?? "";

/** One line a policy, in the order given: how its run ended, and what it said last. */
export const renderSummary = (parts: readonly Part[], { style }: Look): string => {
  const width = Math.max(...parts.map(({ exitCode }) => outcomes[exitCode].length));
  return [
    style.strong(`== ${parts.length} policies ==`),
    ...parts.map(({ policy, exitCode, output }) => {
      const closing = closingOf(output);
      return `${outcomes[exitCode].padEnd(width)}  ${visible(policy)}${closing === "" ? "" : `: ${closing}`}`;
    }),
    "",
  ].join("\n");
};

const given = (parts: readonly Part[]): string[] =>
  parts.flatMap(({ output }) => (output === undefined ? [] : [output]));

const joinText = (parts: readonly Part[], look: Look): string =>
  [
    ...parts
      .filter(({ output }) => output !== undefined)
      .map(({ policy, output }) => `${policyHeading(policy, look)}\n${output?.trimEnd()}\n`),
    renderSummary(parts, look),
  ].join("\n");

const joinMarkdown = (parts: readonly Part[]): string =>
  [
    `| policy | outcome |\n|---|---|\n${parts
      .map(({ policy, exitCode }) => `| ${markdownCode(policy)} | ${outcomes[exitCode]} |\n`)
      .join("")}`,
    ...given(parts),
  ].join("\n");

const joinJson = (parts: readonly Part[]): string =>
  `${jsonText({
    format: "dbt-ip-rules/policies",
    version: 1,
    exit_code: worstExitCode(parts.map(({ exitCode }) => exitCode)),
    policies: parts.map(({ policy, exitCode, output }) => ({
      policy,
      exit_code: exitCode,
      result: output === undefined ? null : JSON.parse(output),
    })),
  })}\n`;

interface SarifLog {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
      readonly results: readonly { readonly ruleId: string }[];
    },
  ];
}

/** One run: code scanning takes one of a tool. Rules are known by id, so their index is counted again. */
const joinSarif = (parts: readonly Part[]): string => {
  // What sarif.ts wrote, a moment ago.
  const logs = given(parts).map((text) => JSON.parse(text) as SarifLog);
  const [first] = logs;
  if (first === undefined) return "";
  const byId = new Map(logs.flatMap(({ runs }) => runs[0].tool.driver.rules.map((rule) => [rule.id, rule])));
  const ids = [...byId.keys()].sort();
  const [run] = first.runs;
  return `${jsonText({
    ...first,
    runs: [
      {
        ...run,
        tool: { driver: { ...run.tool.driver, rules: ids.map((id) => byId.get(id)) } },
        results: logs.flatMap(({ runs }) =>
          runs[0].results.map((result) => ({ ...result, ruleIndex: ids.indexOf(result.ruleId) })),
        ),
      },
    ],
  })}\n`;
};

/** The suites of all, with the counts of all (junit.ts writes the outer element in one way only). */
const joinJunit = (parts: readonly Part[]): string => {
  const totals: Record<string, number> = { tests: 0, failures: 0, errors: 0 };
  const bodies = given(parts).map((text) => {
    const [, attributes = "", body = ""] = /<testsuites([^>]*)>\n([\s\S]*)<\/testsuites>/.exec(text) ?? [];
    for (const name of Object.keys(totals))
      totals[name] = (totals[name] ?? 0) + Number(new RegExp(` ${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
    return body;
  });
  const counts = Object.entries(totals).map(([name, count]) => ` ${name}="${count}"`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="dbt-ip-rules"${counts.join("")} time="0">\n${bodies.join("")}</testsuites>\n`;
};

const joinGitlab = (parts: readonly Part[]): string => {
  const sum = { create: 0, update: 0, delete: 0 };
  for (const text of given(parts)) {
    // What plan-gitlab.ts wrote, a moment ago.
    const counts = JSON.parse(text) as typeof sum;
    for (const key of ["create", "update", "delete"] as const) sum[key] += counts[key];
  }
  return `${jsonText(sum, 0)}\n`;
};

const joinCodeQuality = (parts: readonly Part[]): string =>
  // What diagnostics-gitlab.ts wrote, a moment ago.
  `${jsonText(given(parts).flatMap((text) => JSON.parse(text) as unknown[]))}\n`;

/** `format` as the user gave it. */
export const joinParts = (format: string, parts: readonly Part[], look: Look): string => {
  switch (format) {
    case "json":
      return joinJson(parts);
    case "markdown":
      return joinMarkdown(parts);
    case "sarif":
      return joinSarif(parts);
    case "junit":
      return joinJunit(parts);
    case "gitlab":
      return joinGitlab(parts);
    case "code-quality":
      return joinCodeQuality(parts);
    case "github":
      return given(parts).join("");
    default:
      return joinText(parts, look);
  }
};

export interface MatrixRow {
  readonly policy: string;
  readonly account?: number;
  readonly host?: string;
}

/** A matrix as GitHub's `strategy.matrix: ${{ fromJSON(...) }}` takes it, on one line for `$GITHUB_OUTPUT`. */
export const renderMatrix = (include: readonly MatrixRow[]): string => `${jsonText({ include }, 0)}\n`;
