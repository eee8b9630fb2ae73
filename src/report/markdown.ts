/**
 * Reports as markdown, for a pull request, an issue or a job summary: the page of each, under one table where there are
 * several. Promises: the head is always whole; nothing in a row can close its fence or fold; what is left out for length is
 * counted where it is missing.
 */
import { commentWord, markdownCode, markdownFence } from "../model/escape.js";
import { counted } from "../model/words.js";
import type { Plan } from "../plan/plan.js";
import { plainStyle, type RenderContext, type Row, wrap } from "./layout.js";
import { type Account, type CommandLine, factsText, type ReportPage, type Section } from "./page.js";
import { pageOf } from "./pages.js";
import { planPage } from "./plan.js";
import { exitCodeOf, exitWords, type PolicyReport, type Reporter } from "./report.js";

/** A GitHub comment holds 65,536 characters; a wrapper may add a little. */
export const defaultMaxBytes = 60_000;

/** Cells of a line in a fence before a viewer must scroll. */
const fenceWidth = 100;

const fenceLook: RenderContext = { style: plainStyle, width: fenceWidth };

/** Longest name, command or path in a sentence. */
const spell = (text: string): string => markdownCode(text, 300);

/** A long row in several lines that all carry the sign. Viewers colour `+`, `-`, `!` in column 0. */
const diffRow = ({ sign, depth, text }: Row): string => {
  const indent = 2 * (depth - 1);
  return wrap(`${" ".repeat(indent)}${text}`, fenceWidth, indent + 4)
    .map((line) => `${sign === "~" ? "!" : sign} ${line}`.trimEnd())
    .join("\n");
};

/** A section with its rows as text, and how many of them are kept: all until it has to fit. */
interface Part {
  readonly section: Section;
  readonly rows: readonly string[];
  readonly keep: number;
}

const partOf = (section: Section): Part => {
  const rows =
    section.kind === "rows"
      ? section.rows.map((group) => group.map(diffRow).join("\n"))
      : section.rows.map((row) => row(fenceLook));
  return { section, rows, keep: rows.length };
};

const partText = ({ section, rows, keep }: Part, whole: string): string => {
  const { title, kind, folded, rowName: [one, many] = ["row", "rows"] } = section;
  const left = rows.length - keep;
  const missing = left > 0 ? `\n_${counted(left, one, many)} left out here for length; ${whole}._\n` : "";
  const body = keep === 0 ? "" : markdownFence(rows.slice(0, keep), kind === "rows" ? "diff" : "text");
  return folded === true
    ? `<details><summary>${title}</summary>\n\n${body}${missing}\n</details>\n`
    : `**${title}**\n\n${body}${missing}`;
};

/** One line, the same for every run on an account: what finds this comment again. */
const markerOf = (kind: string, { id, host }: Account): string =>
  `<!-- dbt-ip-rules:${commentWord(kind)}:${commentWord(host)}:${id} -->\n`;

const headOf = ({ kind, account, title, of, closing, facts, commands = [] }: ReportPage): string => {
  const said = factsText(account && `Account ${account.id} on ${spell(account.host)}`, facts);
  const line = ({ words, command, urgent }: CommandLine): string => {
    const text = command === undefined ? words : `${words}:`;
    return `${urgent === true ? `**${text}**` : text}${command === undefined ? "" : ` ${spell(command)}`}\n`;
  };
  return [
    `${kind === undefined ? "" : markerOf(kind, account ?? { id: 0, host: "" })}### dbt IP restrictions: ${title}${of === undefined ? "" : `: ${spell(of)}`}\n`,
    ...commands.filter(({ urgent }) => urgent === true).map(line),
    ...(closing === undefined ? [] : [`**${closing(spell)}**\n`]),
    ...(said === "" ? [] : [`${said}\n`]),
    ...commands.filter(({ urgent }) => urgent !== true).map(line),
  ].join("\n");
};

const bytesOf = (text: string): number => Buffer.byteLength(text, "utf8");

/** The largest of 0..top that `holds`, which must be true up to some point and false after; -1 for none. */
const largest = (top: number, holds: (count: number) => boolean): number => {
  if (holds(top)) return top;
  let low = -1;
  let high = top;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
};

/** The page in at most `maxBytes` bytes of UTF-8 if leaving out rows can do it; the last section gives way first. */
const pageText = (page: ReportPage, maxBytes: number = defaultMaxBytes): string => {
  const whole = page.whole(spell);
  const head = headOf(page);
  const assemble = (all: readonly Part[]): string =>
    [head, ...all.map((part) => partText(part, whole))].join("\n");
  let parts = page.sections
    .filter(({ only, rows }) => only !== "html" && rows.length > 0)
    .map((section) => partOf(section));
  const fits = (all: readonly Part[]): boolean => bytesOf(assemble(all)) <= maxBytes;
  for (let index = parts.length - 1; index >= 0 && !fits(parts); index--) {
    const keeping = (keep: number): Part[] =>
      parts.map((part, at) => (at === index ? { ...part, keep } : part));
    const keep = largest(parts[index]?.rows.length ?? 0, (count) => fits(keeping(count)));
    parts = keeping(Math.max(0, keep));
  }
  return assemble(parts);
};

interface MarkdownOptions {
  /** The policy as the user named it. */
  readonly policyFile?: string;
  /** The file that holds the whole plan. */
  readonly savedAs?: string;
  /** Bytes of UTF-8; 60,000 by default. */
  readonly maxBytes?: number;
}

export const renderPlanMarkdown = (plan: Plan, options: MarkdownOptions = {}): string =>
  pageText(planPage({ plan, ...options }), options.maxBytes);

const reportText = ({ policy, report }: PolicyReport): readonly string[] => {
  const page = pageOf(report, policy);
  if (page === undefined) return [];
  return [pageText(page, report.kind === "plan" ? report.maxBytes : undefined)];
};

const table = (reports: readonly PolicyReport[]): string =>
  `| policy | outcome |\n|---|---|\n${reports
    .map((one) => `| ${markdownCode(one.policy ?? "")} | ${exitWords[exitCodeOf(one)]} |\n`)
    .join("")}`;

export const markdownReport: Reporter = (reports) => {
  const parts = reports.flatMap(reportText);
  return (reports.length > 1 ? [table(reports), ...parts] : parts).join("\n");
};
