/** An account as it is: enforcement, the rules and their entries. */
import { comparePrefixes, formatPrefix } from "../address/prefix.js";
import { cut, quoted } from "../model/escape.js";
import type { Snapshot, SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import { onOrAt } from "../model/time.js";
import { counted } from "../model/words.js";
import type { TemporaryEntries } from "../plan/expiry.js";
import type { DatedEntry } from "../plan/plan.js";
import { enforcementWord, lookAlikes } from "./change-rows.js";
import { columns } from "./layout.js";
import { foldedText, openText, type ReportPage, type Section, wrapped } from "./page.js";

/** Entries of one rule that are listed as text. */
const maxEntries = 50;
/** Cells that a name takes at most in the table, quotes apart. */
const columnCells = 30;

interface Shown extends SnapshotEntry {
  readonly disabled?: true;
}

const entryText = ({ prefix, text, disabled }: Shown): string => {
  const off = disabled === true ? "  disabled" : "";
  const canonical = formatPrefix(prefix);
  const bare = canonical.replace(/\/(32|128)$/, "");
  const typed = text === canonical || text === bare ? "" : `  typed ${quoted(text, 24)}`;
  return `${canonical}${typed}${off}`;
};

export const sortedEntries = (entries: readonly SnapshotEntry[]): readonly SnapshotEntry[] =>
  [...entries].sort((a, b) => comparePrefixes(a.prefix, b.prefix));

const ruleRows = (rule: SnapshotRule): string[][] => {
  const disabled = sortedEntries(rule.disabled ?? []).map((entry): Shown => ({ ...entry, disabled: true }));
  const entries: readonly Shown[] = [...sortedEntries(rule.entries), ...disabled];
  const left = entries.length - maxEntries;
  const shown = (left > 0 ? entries.slice(0, maxEntries) : entries).map(entryText);
  if (left > 0) shown.push(`… and ${counted(left, "more entry", "more entries")}`);
  if (disabled.length > 0)
    shown.push(`${counted(disabled.length, "disabled entry", "disabled entries")}, without effect`);
  const [first = "no entries", ...rest] = shown;
  return [[quoted(rule.name, columnCells), rule.type, first], ...rest.map((entry) => ["", "", entry])];
};

/** Whether the rules are in force, and for service tokens too, where that is known. */
export const enforcementLine = ({
  enforcement,
  enabledForServiceTokens: tokensToo,
}: Pick<Snapshot, "enforcement" | "enabledForServiceTokens">): string => {
  const tokens =
    tokensToo === undefined
      ? ""
      : `; service tokens are ${tokensToo ? "" : "not "}subject to the rules${tokensToo ? " too" : ""}`;
  return `Enforcement is ${enforcementWord(enforcement)}${tokens}`;
};

/** The descriptions that there are, a line each. */
export const descriptionLines = (rules: readonly SnapshotRule[]): readonly string[] =>
  rules.flatMap(({ name, description }) =>
    description === "" ? [] : [`${quoted(name, columnCells)}: ${cut(description, 120)}`],
  );

/** Head and lines of the table of rules; none where there is no rule. */
export const tableLines = (rules: readonly SnapshotRule[]): string[] =>
  rules.length === 0 ? [] : columns([["Rule", "Type", "Entries"], ...rules.flatMap(ruleRows)]);

/** Names that could be taken for others, a line each. */
export const nameNotes = (rules: readonly SnapshotRule[]): readonly string[] =>
  [...lookAlikes(rules.map(({ name }) => name))].map(([name, note]) => `${quoted(name)} ${note}`);

/** `4 rules, 8 entries.` */
export const totals = (rules: readonly SnapshotRule[]): string => {
  const entries = rules.reduce((sum, rule) => sum + rule.entries.length, 0);
  return `${counted(rules.length, "rule")}, ${counted(entries, "entry", "entries")}.`;
};

// What is on the account for a time: entries that end, and those that should be gone by now.

const line = (words: string, { prefix, rule, expires }: DatedEntry): string =>
  `${formatPrefix(prefix)} in rule ${quoted(rule)} ${words} ${onOrAt(expires)}`;

/** Each group with its title; nothing where there is none. What is overdue comes first. */
export const temporaryGroups = (
  entries: TemporaryEntries | undefined,
): readonly { readonly title: string; readonly rows: readonly string[] }[] =>
  [
    {
      title: "Overdue: to take out what has expired: dbt-ip-rules apply --only-expired",
      rows: (entries?.overdue ?? []).map((one) => line("expired", one)),
    },
    { title: "Temporary", rows: (entries?.temporary ?? []).map((one) => line("ends", one)) },
  ].filter(({ rows }) => rows.length > 0);

export const temporarySections = (entries: TemporaryEntries | undefined): readonly Section[] =>
  temporaryGroups(entries).map(({ title, rows }) =>
    openText(
      title,
      "warn",
      rows.map((row) => wrapped(row)),
    ),
  );

/** Enforcement and the counts first, then the table of rules, which HTML has as a tree. */
export const accountPage = (snapshot: Snapshot, entries?: TemporaryEntries): ReportPage => {
  const { rules } = snapshot;
  return {
    kind: "account",
    account: { id: snapshot.accountId, host: snapshot.host },
    title: "the account as it is",
    closing: () => `${enforcementLine(snapshot)}. ${totals(rules)}`,
    facts: [],
    sections: [
      openText(
        "Names that look alike",
        "warn",
        nameNotes(rules).map((note) => wrapped(note)),
      ),
      {
        ...openText(
          counted(rules.length, "rule"),
          "plain",
          tableLines(rules).map((line) => () => line),
        ),
        only: "markdown",
      },
      ...temporarySections(entries),
      foldedText(
        "Descriptions",
        descriptionLines(rules).map((line) => wrapped(line)),
      ),
    ],
    whole: (spell) => `all of them: ${spell("dbt-ip-rules show --format json")}`,
  };
};
