/**
 * What a report shows on a page: what it comes to, facts, and sections in the order of danger. A comment of markdown and
 * the page of HTML show the same; how it looks is theirs (`markdown.ts`, `html/`). Promise: a title is the program's own
 * words and numbers alone.
 */
import type { Diagnostic } from "../model/diagnostic.js";
import { addressCount, counted, type FamilyCounts } from "../model/words.js";
import type { AccessChange } from "../plan/access-change.js";
import { isAboutLeftRule } from "../plan/left-rules.js";
import { type AccessWording, accessGroups, isFolded, ledRow, prefixRows } from "./access-rows.js";
import { isUnconfirmed, renderDiagnosticsText } from "./diagnostics.js";
import { type RenderContext, type Row, wrap } from "./layout.js";

export interface Account {
  readonly id: number;
  readonly host: string;
}

/** A text as the page's format writes it: neutralised, in backticks. */
export type Spell = (text: string) => string;

export interface ReportPage {
  /** Of which document it is a page, as its marker names it; absent where no later page replaces it. */
  readonly kind?: string;
  readonly account?: Account;
  /** `access narrows`. */
  readonly title: string;
  /** The file that the title is about, where that is no account. */
  readonly of?: string;
  /** The one sentence that says what it comes to; `spell` writes names of files and guards. */
  readonly closing?: (spell: Spell) => string;
  /** Sentences, of the program's own words and numbers alone. */
  readonly facts: readonly string[];
  /** What to do about it, each with the command to type where one does it. */
  readonly commands?: readonly CommandLine[];
  readonly sections: readonly Section[];
  /** Where all of it is, for where something is left out. */
  readonly whole: (spell: Spell) => string;
}

export interface CommandLine {
  /** The program's own words alone. */
  readonly words: string;
  /** What to type, or to write into a file; it may hold text of others. */
  readonly command?: string;
  /** To be read before all else. */
  readonly urgent?: true;
}

interface SectionFrame {
  readonly title: string;
  /** `bad` keeps a reader from going on, `warn` is to be looked at. */
  readonly tone: "bad" | "good" | "warn" | "plain";
  /** Shown when somebody asks for it. */
  readonly folded?: boolean;
  /** What one of `rows` is, for saying how many are left out; a row unless given. */
  readonly rowName?: readonly [one: string, many: string];
  /** The other format shows the same in another way: as a tree, or not at all. */
  readonly only?: "markdown" | "html";
  /** Next to its neighbour that says so too, where there is room. */
  readonly beside?: true;
}

/** Each of `rows` is kept or left out as a whole; a section without any is not shown. */
export type Section = SectionFrame &
  (
    | { readonly kind: "rows"; readonly rows: readonly (readonly Row[])[] }
    | { readonly kind: "text"; readonly rows: readonly TextRow[] }
  );

/** The facts of a page in one paragraph, behind the account, which a format writes. */
export const factsText = (account: string | undefined, facts: readonly string[]): string =>
  [...(account === undefined ? [] : [account]), ...facts]
    .map((fact) => `${fact.replace(/\.$/, "")}.`)
    .join(" ");

/** Lines of a width, neutralised. */
export type TextRow = (look: RenderContext) => string;

export const wrapped =
  (text: string, hang = 2): TextRow =>
  ({ width }) =>
    wrap(text, width, hang).join("\n");

/** Rows of which each can be left out by itself. */
export const single = (rows: readonly Row[]): readonly (readonly Row[])[] => rows.map((row) => [row]);

export const diagnosticRows = (diagnostics: readonly Diagnostic[]): readonly TextRow[] =>
  diagnostics.map((one) => (look) => renderDiagnosticsText([one], look).trimEnd());

type Rows = readonly (readonly Row[])[];

export const openRows = (title: string, tone: Section["tone"], rows: Rows): Section => ({
  title,
  tone,
  kind: "rows",
  rows,
});

export const openText = (title: string, tone: Section["tone"], rows: readonly TextRow[]): Section => ({
  title,
  tone,
  kind: "text",
  rows,
});

export const foldedRows = (title: string, rows: Rows): Section => ({
  ...openRows(title, "plain", rows),
  folded: true,
});

export const foldedText = (title: string, rows: readonly TextRow[]): Section => ({
  ...openText(title, "plain", rows),
  folded: true,
});

/** What no reader may miss, on every page (`isShownFirst`): what nobody has confirmed, and what left the file and stays. */
export const firstSections = (diagnostics: readonly Diagnostic[]): readonly Section[] => {
  const waiting = diagnostics.filter(isUnconfirmed);
  const left = diagnostics.filter(isAboutLeftRule);
  const stay = left.length === 1 ? "stays" : "stay";
  return [
    {
      ...openText(`Not confirmed: ${counted(waiting.length, "change")}`, "bad", diagnosticRows(waiting)),
      rowName: ["change", "changes"],
    },
    {
      ...openText(
        `Left the file, but ${stay} on the account: ${counted(left.length, "rule")}`,
        "warn",
        diagnosticRows(left),
      ),
      rowName: ["rule", "rules"],
    },
  ];
};

interface AccessTitles {
  readonly lost: string;
  readonly gained: string;
}

const compareCounts = (a: FamilyCounts, b: FamilyCounts): number =>
  // By IPv4 first: one IPv6 network of a site has more addresses than all of IPv4.
  a.ipv4 === b.ipv4 ? Number(a.ipv6 > b.ipv6) - Number(a.ipv6 < b.ipv6) : a.ipv4 > b.ipv4 ? 1 : -1;

/**
 * Who loses and who gains access, for a reader with little time: a row for each rule and reason, the largest first, long
 * lists of prefixes cut to the widest; then, folded, every prefix of those lists, which HTML has in its tree.
 */
export const accessSections = (
  change: AccessChange,
  titles: AccessTitles,
  wording?: AccessWording,
): { readonly open: readonly Section[]; readonly folded: readonly Section[] } => {
  const all = [...accessGroups(change, wording)].sort((a, b) => compareCounts(b.counts, a.counts));
  const sides = (
    [
      { verdict: "blocked", title: titles.lost, set: change.newlyBlocked },
      { verdict: "allowed", title: titles.gained, set: change.newlyAllowed },
    ] as const
  ).map((side) => ({ ...side, groups: all.filter((group) => group.verdict === side.verdict) }));
  const open = sides.map(({ verdict, title, set, groups }): Section => {
    const isRest = groups.some((group) => group.isRest);
    const count = isRest ? "every address that nothing allows" : addressCount(set.count());
    return {
      ...openRows(
        `${title}: ${count}`,
        verdict === "blocked" ? "bad" : "good",
        groups.map((group) => [ledRow(group, wording)]),
      ),
      rowName: ["rule or reason", "rules or reasons"],
      beside: true,
    };
  });
  // What gains access gives way last.
  const folded = sides.toReversed().map(
    ({ title, groups }): Section => ({
      ...foldedRows(
        `Every prefix of the long lists above: ${title.charAt(0).toLowerCase()}${title.slice(1)}`,
        single(groups.filter(isFolded).flatMap(prefixRows)),
      ),
      rowName: ["prefix", "prefixes"],
      only: "markdown",
    }),
  );
  return { open, folded };
};
