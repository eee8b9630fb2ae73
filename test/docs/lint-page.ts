/** docs/lint.md, from the catalogue of lint codes. */
import type { LintRow } from "../../src/model/codes/code.js";
import { lintCodes, lintExampleDay } from "../../src/model/codes/lint.js";

const rows = Object.entries<LintRow>(lintCodes);

const section = ([code, { severity, title, explanation, bad, good }]: [string, LintRow]): string =>
  [
    `## ${code}`,
    "",
    `**${title}.** Severity: \`${severity}\`.`,
    "",
    explanation,
    "",
    "Bad:",
    "",
    "```yaml",
    bad.trimEnd(),
    "```",
    "",
    "Good:",
    "",
    "```yaml",
    good.trimEnd(),
    "```",
  ].join("\n");

const introduction = `<!-- Made from src/model/codes/lint.ts; do not edit. Update: npm run docs -->
# Lint

\`validate\`, \`plan\` and \`apply\` look for what is valid but probably not intended. An error stops them; warnings
and notes are shown. The rules are judged as if they were enforced.

Set the severity of a code for the whole policy:

\`\`\`yaml
lint:
  adjacent-prefixes: off
  broad-allow: error
\`\`\`

The severities are \`off\`, \`note\`, \`warning\` and \`error\`. Today is ${lintExampleDay} in the examples below. All but those
about text files are complete.`;

const table = (): string =>
  [
    "| code | severity | |",
    "|---|---|---|",
    ...rows.map(([code, { severity, title }]) => `| [${code}](#${code}) | ${severity} | ${title} |`),
  ].join("\n");

export const renderLintDocs = (): string => `${[introduction, table(), ...rows.map(section)].join("\n\n")}\n`;
