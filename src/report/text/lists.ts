/** Published lists as text: what came and went in each, whom the policy lets in by it; and the catalogue of known ones. */
import type { AddressSet } from "../../address/address-set.js";
import { formatPrefix, type Prefix } from "../../address/prefix.js";
import type { ListChange } from "../../lists/judge-list.js";
import { countAddresses, listPrefixes } from "../../model/address-words.js";
import { quoted, visible } from "../../model/escape.js";
import { counted } from "../../model/words.js";
import type { CatalogueEntry } from "../../policy/list-catalogue.js";
import { accessGroups, accessWords, ledRow } from "../access-rows.js";
import { renderDiagnosticsText } from "../diagnostics.js";
import { columns, type RenderContext, type Row, rowLines, wrap } from "../layout.js";
import { type ListsReport, listsClosing } from "../lists.js";

const day = (list: { readonly fetchedAt: string } | undefined): string => list?.fetchedAt.slice(0, 10) ?? "";

const prefixes = (count: number): string => counted(count, "prefix", "prefixes");

const title = ({ outcome, added, removed, before, after }: ListChange): string => {
  const came = `${prefixes(added.length)} added, ${removed.length} removed`;
  switch (outcome) {
    case "unchanged":
      return `unchanged: ${prefixes(after?.prefixes.length ?? 0)}, fetched ${day(before)}`;
    case "renewed":
      return `the same ${prefixes(after?.prefixes.length ?? 0)}, fetched again`;
    case "changed":
      return came;
    case "added":
      return `new: ${prefixes(added.length)}`;
    case "removed":
      return `not asked for any more: ${prefixes(removed.length)} removed`;
    case "refused":
      return `REFUSED: ${came}`;
    case "failed":
      return "FAILED";
  }
};

/** Of the prefixes that came and of those that went, so many are shown; JSON has all. */
const mostShown = 20;

const prefixRows = (sign: "+" | "-", list: readonly Prefix[]): Row[] => {
  const rows = list
    .slice(0, mostShown)
    .map((prefix): Row => ({ sign, depth: 1, text: formatPrefix(prefix) }));
  const left = list.length - rows.length;
  return left > 0 ? [...rows, { sign, depth: 1, text: `… and ${left} more: see --format json` }] : rows;
};

const addressRows = ({ gained, lost }: ListChange): Row[] => {
  const row = (word: string, set: AddressSet): Row[] =>
    set.isEmpty()
      ? []
      : [{ sign: " ", depth: 1, text: `${word} ${countAddresses(set)}: ${listPrefixes(set.prefixes())}` }];
  return [...row("gains", gained), ...row("loses", lost)];
};

const listLines = (change: ListChange, { rules }: ListsReport, look: RenderContext): string[] => {
  const { name, url, select, outcome, added, removed, diagnostics } = change;
  const from = `${visible(url)}${select === null ? "" : ` ${visible(select)}`}`;
  const isBad = outcome === "failed" || outcome === "refused";
  const [first = "", ...more] = wrap(`${visible(name)}: ${title(change)}`, look.width, 2);
  const users = rules.get(name) ?? [];
  const used: Row = {
    sign: " ",
    depth: 1,
    text: `used by ${users.map((rule) => `rule ${quoted(rule)}`).join(", ")}`,
  };
  const rows: Row[] = [
    ...prefixRows("+", outcome === "added" ? [] : added),
    ...prefixRows("-", outcome === "removed" ? [] : removed),
    ...addressRows(change),
    ...(outcome === "unchanged" || users.length === 0 ? [] : [used]),
  ];
  return [
    ...[first, ...more].map(isBad ? look.style.error : look.style.strong),
    ...wrap(`  ${from}`, look.width, 4).map(look.style.faint),
    ...rows.flatMap((row) => rowLines(row, look)),
    ...(diagnostics.length === 0
      ? []
      : ["", ...renderDiagnosticsText(diagnostics, look).trimEnd().split("\n")]),
    "",
  ];
};

const accessLines = ({ access, policyFile, update }: ListsReport, look: RenderContext): string[] => {
  if (access === undefined) {
    if (update.verdict !== "changes") return [];
    const file = visible(policyFile);
    const text = `What this means for access is not known: ${file} is not valid. To see why: dbt-ip-rules validate`;
    return [...wrap(text, look.width, 2).map(look.style.warning), ""];
  }
  const heading = `Access by ${visible(policyFile)} alone ${accessWords({ change: access, enforcedBefore: true, enforcedAfter: true })}`;
  return [
    ...wrap(heading, look.width, 2).map(look.style.strong),
    ...accessGroups(access).flatMap((group) => rowLines(ledRow(group), look)),
    "",
  ];
};

export const renderListsText = (report: ListsReport, look: RenderContext): string => {
  const { update } = report;
  const line = listsClosing(report);
  const isBad = update.verdict === "failed" || update.verdict === "refused";
  return `${[
    ...update.lists.flatMap((change) => listLines(change, report, look)),
    ...accessLines(report, look),
    ...wrap(line, look.width, 0).map((one) => (isBad ? look.style.error(one) : one)),
  ].join("\n")}\n`;
};

const selectionWords = ({ selections, whole }: CatalogueEntry): string => {
  if (selections.length === 0) return "(all of it)";
  return `${selections.join(", ")}${whole ? ", or none for all of it" : ""}`;
};

/** The catalogue: a line for the name, below it what can be selected and where it is from. */
export const renderCatalogueText = (lists: readonly CatalogueEntry[], look: RenderContext): string => {
  const blocks = lists.map((entry) =>
    [
      look.style.strong(`${entry.name}  ${entry.title}`),
      ...columns([
        ["  select:", selectionWords(entry)],
        ["  see:", entry.page],
      ]).flatMap((line) => wrap(line, look.width, 11)),
      "",
    ].join("\n"),
  );
  return `${blocks.join("\n")}\n${counted(lists.length, "list")}. To use one: networks: {github_hooks: {source: github, select: hooks}}\n`;
};
