/** docs/errors.md, from the lists of codes. */

import type { CodeRow } from "../../src/model/codes/code.js";
import { codeGroups } from "../../src/model/codes/index.js";
import { errorGroups } from "../../src/model/error-codes.js";
import { lintCodes } from "../../src/model/lint-codes.js";
import { policyProblems } from "../../src/model/policy-codes.js";

const introduction = `<!-- Made from src/model/; do not edit. Update: npm run docs -->
# Errors

Every problem has a code that does not change: \`error[token-missing]: …\` in text, \`code\` in JSON, the rule id in SARIF.
The message comes with a hint of what to do next, and with file, line and column if it has a place.`;

const groupRows: readonly { title: string; rows: readonly (readonly [string, string, string])[] }[] =
  codeGroups.map(({ title, codes }) => {
    const moved = Object.entries<CodeRow>(codes).map(
      ([code, { meaning, fix }]) => [code, meaning, fix] as const,
    );
    const old = Object.entries(errorGroups.find((group) => group.title === title)?.codes ?? {});
    return {
      title,
      rows: [...moved, ...old.map(([code, [meaning, next]]) => [code, meaning, next] as const)],
    };
  });

const groupSection = ({ title, rows }: (typeof groupRows)[number]): string =>
  [
    `## ${title}`,
    "",
    "| code | what it means | what to do |",
    "|---|---|---|",
    ...rows.map(([code, meaning, next]) => `| \`${code}\` | ${meaning} | ${next} |`),
  ].join("\n");

/** In a policy's text; a few codes come from the text and from a plan, and are explained there. */
const policySection = (): string => {
  const explained = new Set(groupRows.flatMap(({ rows }) => rows.map(([code]) => code)));
  const rows = Object.entries(policyProblems).filter(([code]) => !explained.has(code));
  return [
    "## The policy's text",
    "",
    "The message shows the place, and what is allowed there ([policy.md](policy.md)).",
    "",
    "| code | what it means |",
    "|---|---|",
    ...rows.map(([code, meaning]) => `| \`${code}\` | ${meaning} |`),
  ].join("\n");
};

const lintSection = (): string =>
  [
    "## Lint",
    "",
    "What is valid but probably not intended. Each is explained in [lint.md](lint.md), and can be turned off.",
    "",
    lintCodes.map(({ code }) => `[\`${code}\`](lint.md#${code})`).join(" · "),
  ].join("\n");

export const renderErrorsDocs = (): string =>
  `${[introduction, ...groupRows.filter(({ rows }) => rows.length > 0).map(groupSection), policySection(), lintSection()].join("\n\n")}\n`;
