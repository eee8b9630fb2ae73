/** docs/errors.md, from the table of codes. */

import { type CodeRow, fixOf, meaningOf } from "../../src/model/codes/code.js";
import { codeGroups } from "../../src/model/codes/index.js";
import { lintCodes } from "../../src/model/codes/lint.js";

const introduction = `<!-- Made from src/model/; do not edit. Update: npm run docs -->
# Errors

Every problem has a code that does not change: \`error[token-missing]: …\` in text, \`code\` in JSON, the rule id in SARIF.
The message comes with a hint of what to do next, and with file, line and column if it has a place. Here is what each
code means, and *what to do*. A flag that is "named" is in the message or its hint.`;

/** Flags as code, as the other pages write them; a hint has them plain, for a terminal. */
const marked = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part) =>
      part.startsWith("`") ? part : part.replace(/(?<![\w-])--[a-z-]+(?: [A-Z]{2,})?/g, "`$&`"),
    )
    .join("");

const groupSection = ({ title, codes }: (typeof codeGroups)[number]): string =>
  [
    `## ${title}`,
    "",
    ...Object.entries<CodeRow>(codes).map(
      ([code, row]) => `- \`${code}\`: ${meaningOf(row)} *${marked(fixOf(row))}*`,
    ),
  ].join("\n");

const lintSection = (): string =>
  [
    "## Lint",
    "",
    "What is valid but probably not intended. Each is explained in [lint.md](lint.md), and can be turned off.",
    "",
    Object.keys(lintCodes)
      .map((code) => `[\`${code}\`](lint.md#${code})`)
      .join(" · "),
  ].join("\n");

export const renderErrorsDocs = (): string =>
  `${[introduction, ...codeGroups.map(groupSection), lintSection()].join("\n\n")}\n`;
