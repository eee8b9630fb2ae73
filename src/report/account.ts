/** An account as it is: enforcement, the rules and their entries. */
import { comparePrefixes, formatPrefix } from "../address/prefix.js";
import { cut, quoted, visible } from "../model/escape.js";
import { present } from "../model/present.js";
import type { Snapshot, SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import { counted } from "../model/words.js";
import type { TemporaryEntries } from "../plan/expiry.js";
import { enforcementWord, lookAlikes } from "./change-rows.js";
import { columns, type RenderContext, wrap } from "./layout.js";
import { temporaryDocument, temporaryGroups } from "./temporary.js";
import type { VerdictOf } from "./verdicts.js";

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

const sorted = (entries: readonly SnapshotEntry[]): readonly SnapshotEntry[] =>
  [...entries].sort((a, b) => comparePrefixes(a.prefix, b.prefix));

const ruleRows = (rule: SnapshotRule): string[][] => {
  const disabled = sorted(rule.disabled ?? []).map((entry): Shown => ({ ...entry, disabled: true }));
  const entries: readonly Shown[] = [...sorted(rule.entries), ...disabled];
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

export const descriptionLines = (rules: readonly SnapshotRule[], width: number): string[] =>
  rules.flatMap(({ name, description }) =>
    description === "" ? [] : wrap(`  ${quoted(name, columnCells)}: ${cut(description, 120)}`, width, 4),
  );

const block = (title: string, lines: readonly string[], { style }: RenderContext): string[] =>
  lines.length === 0 ? [] : [style.strong(title), ...lines, ""];

/** Head and lines of the table of rules; none where there is no rule. */
export const tableLines = (rules: readonly SnapshotRule[]): string[] =>
  rules.length === 0 ? [] : columns([["Rule", "Type", "Entries"], ...rules.flatMap(ruleRows)]);

/** Names that could be taken for others. */
export const nameNotes = (rules: readonly SnapshotRule[], width: number): string[] =>
  [...lookAlikes(rules.map(({ name }) => name))].flatMap(([name, note]) =>
    wrap(`  ${quoted(name)} ${note}`, width, 4),
  );

/** `4 rules, 8 entries.` */
export const totals = (rules: readonly SnapshotRule[]): string => {
  const entries = rules.reduce((sum, rule) => sum + rule.entries.length, 0);
  return `${counted(rules.length, "rule")}, ${counted(entries, "entry", "entries")}.`;
};

export const renderAccountText = (
  snapshot: Snapshot,
  look: RenderContext,
  entries?: TemporaryEntries,
): string => {
  const { rules } = snapshot;
  const [head = "", ...lines] = tableLines(rules);
  return `${[
    `Account ${snapshot.accountId} on ${visible(snapshot.host)}`,
    ...wrap(enforcementLine(snapshot), look.width, 2).map(look.style.faint),
    "",
    ...block(
      `  ${head}`,
      lines.map((line) => `  ${line}`),
      look,
    ),
    ...block("Descriptions", descriptionLines(rules, look.width), look),
    ...block("Names that look alike", nameNotes(rules, look.width), look),
    ...temporaryGroups(entries).flatMap(({ title, rows }) =>
      block(
        title,
        rows.flatMap((row) => wrap(`  ${row}`, look.width, 4)),
        look,
      ),
    ),
    totals(rules),
  ].join("\n")}\n`;
};

const entryJson = ({ id, prefix, text }: SnapshotEntry) => ({ id, cidr: formatPrefix(prefix), text });

/** What `show --format json` prints of an account. */
export const accountDocument = (snapshot: Snapshot, entries?: TemporaryEntries) => ({
  format: "dbt-ip-rules/account" as const,
  version: 1 as const,
  verdict: "ok" satisfies VerdictOf<"account">,
  account: { id: snapshot.accountId, host: snapshot.host },
  enforcement: snapshot.enforcement,
  ...present({ rule_set_id: snapshot.ruleSetId }),
  ...(snapshot.enabledForServiceTokens === undefined
    ? {}
    : { enabled_for_service_tokens: snapshot.enabledForServiceTokens }),
  ...temporaryDocument(entries),
  rules: snapshot.rules.map((rule) => ({
    id: rule.id,
    name: rule.name,
    type: rule.type,
    description: rule.description,
    ...present({ created_at: rule.createdAt, updated_at: rule.updatedAt }),
    entries: sorted(rule.entries).map(entryJson),
    ...(rule.disabled === undefined ? {} : { disabled_entries: sorted(rule.disabled).map(entryJson) }),
  })),
});
