/** docs/lint.md, from the catalogue of lint codes. */
import type { LintRow } from "../../src/model/codes/code.js";
import { lintCodes, lintExampleDay } from "../../src/model/codes/lint.js";

const rows = Object.entries<LintRow>(lintCodes);

/** Without what all examples begin with. */
const shown = (example: string): string => {
  const text = example.trimEnd().replace("version: 1\n", "");
  return text.startsWith("rules:\n") ? text.slice("rules:\n".length).replace(/^ {2}/gm, "") : text;
};

const section = ([code, { severity, title, explanation, bad, good }]: [string, LintRow]): string =>
  [
    `## ${code}`,
    "",
    `**${title}** (${severity}). ${explanation}`,
    "",
    "```yaml",
    "# Bad",
    shown(bad),
    "# Good",
    shown(good),
    "```",
  ].join("\n");

const introduction = `<!-- Made from src/model/codes/lint.ts; do not edit. Update: npm run docs -->
# Lint

\`validate\`, \`plan\` and \`apply\` look for what is valid but probably not intended, as if the rules were enforced.
An error stops them; warnings and notes are shown. A policy can set the severity of each code to \`off\`, \`note\`,
\`warning\` or \`error\`:

\`\`\`yaml
lint:
  adjacent-prefixes: off
  broad-allow: error
\`\`\`

In the examples, today is ${lintExampleDay}, and \`version: 1\` and a first \`rules:\` are left out.`;

/** `Errors: …`, `Warnings: …`, `Notes: …`. */
const contents = (["error", "warning", "note"] as const)
  .map((of) => {
    const codes = rows.filter(([, { severity }]) => severity === of);
    const links = codes.map(([code]) => `[${code}](#${code})`).join(", ");
    return `${of[0]?.toUpperCase()}${of.slice(1)}s: ${links}.`;
  })
  .join("\n\n");

export const renderLintDocs = (): string =>
  `${[introduction, contents, ...rows.map(section)].join("\n\n")}\n`;
