/** What the parts of resolving share: the day, the problems, and how one prefix becomes an entry. */
import { formatPrefix, type Prefix, parsePrefix } from "../address/prefix.js";
import type { Severity, SourceRange } from "../model/diagnostic.js";
import { type LintCodeName, lintSeverity } from "./lint-codes.js";
import type { PolicyEntry } from "./policy.js";
import { badPrefix } from "./prefix-problems.js";
import type { Problems } from "./problems.js";
import type { LocatedText } from "./raw-policy.js";

export interface Resolving {
  /** ISO date, UTC. */
  readonly today: string;
  readonly problems: Problems;
  readonly lint: Readonly<Record<string, Severity | "off">>;
}

/** Identity of a prefix as a map key: cheaper than its text. */
export const prefixKey = ({ network, length }: Prefix): string => `${network.toString(36)}/${length}`;

export const reportLint = (
  { problems, lint }: Pick<Resolving, "problems" | "lint">,
  code: LintCodeName,
  message: string,
  source: SourceRange | undefined,
  hint?: string,
): void => {
  const severity = lintSeverity(code, lint);
  if (severity !== "off") problems.report(severity, code, message, source, hint);
};

/** What an entry holds besides its prefix. */
export type EntryExtras = Pick<PolicyEntry, "comment" | "expires">;

const reportSpelling = (resolving: Resolving, text: LocatedText, prefix: Prefix, bare: boolean): void => {
  const written = text.value;
  const anything = bare && (prefix.network === 0n || prefix.network === 0xffffn << 32n);
  if (!anything) return;
  const family = prefix.network === 0n ? "::/0" : "0.0.0.0/0";
  reportLint(
    resolving,
    "bare-any-address",
    `A bare \`${written}\` is the single address ${formatPrefix(prefix)}, not every address`,
    text.source,
    `Did you mean \`${family}\`?`,
  );
};

/** Parses one prefix; reports and leaves it out where it cannot be read. */
export const resolvePrefix = (
  resolving: Resolving,
  text: LocatedText,
  extras: EntryExtras,
): PolicyEntry | undefined => {
  const parsed = parsePrefix(text.value);
  if (!parsed.ok) {
    resolving.problems.addIfWanted("bad-prefix", text.source.file, () => badPrefix(text, parsed.problem));
    return undefined;
  }
  const { prefix } = parsed;
  if (parsed.hostBits) {
    const length = text.value.slice(text.value.indexOf("/"));
    reportLint(
      resolving,
      "host-bits",
      `\`${text.value}\` has bits set below its length ${length}`,
      text.source,
      `Write the network ${formatPrefix(prefix)}, or the one address ${text.value.slice(0, -length.length)}`,
    );
  }
  reportSpelling(resolving, text, prefix, parsed.bare);
  return { prefix, text: text.value, source: text.source, ...extras };
};
