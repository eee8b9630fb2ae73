/**
 * What the YAML library found, in the words of the file's writer. Behind a quote or bracket that is not closed, or
 * an indentation that does not fit, whatever else it finds is a consequence, and left out.
 */
import { type Document, isScalar, visit, type YAMLError } from "yaml";
import type { Diagnostic, SourceRange } from "../model/diagnostic.js";
import type { SourceText } from "./source-text.js";

interface Wording {
  readonly code: string;
  readonly message?: string;
  readonly hint?: string;
  /** Whether the rest of the file is read otherwise than it was meant. */
  readonly misleads?: boolean;
}

const tooDeep: Wording = {
  code: "yaml-too-deep",
  message: "The file is nested too deeply to be a policy",
  misleads: true,
};

const byCode: Readonly<Record<string, Wording>> = {
  TAB_AS_INDENT: {
    code: "yaml-tab",
    message: "A tab is used for indentation",
    hint: "YAML is indented with spaces only",
    misleads: true,
  },
  MULTIPLE_DOCS: {
    code: "yaml-multiple-documents",
    message: "A second YAML document begins here",
    hint: "One file holds one policy; put the other into a file of its own",
  },
  TAG_RESOLVE_FAILED: {
    code: "yaml-unknown-tag",
    message: "A YAML tag stands here, and it is not known",
    hint: "Remove the tag; a policy needs none",
  },
  NON_STRING_KEY: { code: "yaml-key", message: "A key must be plain text" },
  BLOCK_AS_IMPLICIT_KEY: {
    code: "yaml-syntax",
    hint: "Text that holds ': ' must be quoted",
  },
  BAD_SCALAR_START: { code: "yaml-syntax", hint: "Quote the text" },
};

const isTooDeep = (message: string): boolean => /call stack/.test(message);
const isOpenQuote = (message: string): boolean => /^Missing closing .quote/.test(message);

const byMessage: readonly (readonly [(message: string) => boolean, Wording])[] = [
  [isTooDeep, tooDeep],
  [
    isOpenQuote,
    {
      code: "yaml-syntax",
      message: "This quote is not closed",
      hint: "Close it at the end of the text",
      misleads: true,
    },
  ],
  [
    (message) => /^Flow (sequence|map).* end with/.test(message),
    {
      code: "yaml-syntax",
      message: "A bracket that was opened before this is not closed, or its lines are not indented enough",
      hint: "Close it with `]` or `}`, and indent what is inside it",
      misleads: true,
    },
  ],
  [
    (message) => /^Sequence item without - indicator/.test(message),
    {
      code: "yaml-syntax",
      message: "The indentation of this line fits none of the lines above",
      hint: "Indent the keys of one item alike, and begin an item with `- `",
      misleads: true,
    },
  ],
];

const wordingOf = ({ code, message }: YAMLError): Wording =>
  byMessage.find(([matches]) => matches(message))?.[1] ?? byCode[code] ?? { code: "yaml-syntax" };

/** Where the text begins whose quote is not closed; the library names the place where it looked for the end. */
const openingQuote = (document: Document, end: number): number | undefined => {
  let found: number | undefined;
  visit(document, {
    Scalar: (_, node) => {
      if (!isScalar(node) || node.type === "PLAIN" || !node.range) return;
      if (node.range[0] <= end && end <= node.range[2]) found = node.range[0];
    },
  });
  return found;
};

const placeOf = (source: SourceText, document: Document, { pos, message }: YAMLError): SourceRange => {
  // How deep the library gets depends on the machine.
  if (isTooDeep(message)) return source.range(0, 1);
  const quote = isOpenQuote(message) ? openingQuote(document, pos[0]) : undefined;
  return quote === undefined ? source.range(...pos) : source.range(quote, quote + 1);
};

const problemOf = (
  source: SourceText,
  document: Document,
  error: YAMLError,
  { code, message, hint }: Wording,
): Diagnostic => ({
  code,
  severity: "error",
  message: message ?? `This is not valid YAML: ${error.message.replace(/\.$/, "")}`,
  ...(hint === undefined ? {} : { hint }),
  source: placeOf(source, document, error),
});

/** One problem a line, and none behind the first that misleads. */
export const yamlProblems = (source: SourceText, document: Document): Diagnostic[] => {
  const problems: Diagnostic[] = [];
  const lines = new Set<number>();
  for (const error of [...document.errors, ...document.warnings]) {
    const wording = wordingOf(error);
    const problem = problemOf(source, document, error, wording);
    const line = problem.source?.line ?? 0;
    if (!lines.has(line) || wording.code !== "yaml-syntax") problems.push(problem);
    lines.add(line);
    if (wording.misleads === true) break;
  }
  return problems;
};
