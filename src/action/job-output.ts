/** What a job says to GitHub through the runner's files and commands: outputs, job summary, annotations. */
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { largest, readRegularFile } from "../files/read-file.js";
import type { DiagnosticsDocument } from "../report/json/json.js";
import type { Environment } from "./settings.js";

export type ReportedDiagnostic = DiagnosticsDocument["diagnostics"][number];

/** A delimiter that no value can hold, so that a value of several lines stays one value. */
export const writeOutputs = (
  { GITHUB_OUTPUT: file }: Environment,
  outputs: Readonly<Record<string, string | number | undefined>>,
): void => {
  if (!file) return;
  const text = Object.entries(outputs).map(([name, value]) => {
    const delimiter = `end-${randomUUID()}`;
    return `${name}<<${delimiter}\n${value ?? ""}\n${delimiter}\n`;
  });
  appendFileSync(file, text.join(""));
};

/** GitHub drops a summary of more than 1 MiB: nothing is added that would go over. */
const summaryLimit = 1_000_000;

export const writeSummary = ({ GITHUB_STEP_SUMMARY: file }: Environment, markdown: string): void => {
  if (file) appendFileSync(file, `${cutMarkdown(markdown, summaryLimit)}\n`);
};

/** What a terminal, a log or a reader could be misled by, made visible; JSON brings it back from its escapes. */
const visible = (text: string): string =>
  text.replace(/[^\P{C}\n]|[\u2028\u2029]/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`);

const data = (text: string): string =>
  visible(text).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

export type AnnotationLevel = "error" | "warning" | "notice";

/** One workflow command; `message` cannot end it or begin another. */
export const annotation = (
  level: AnnotationLevel,
  properties: Readonly<Record<string, string | number | undefined>>,
  message: string,
): string => {
  const pairs = Object.entries(properties).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${property(String(value))}`],
  );
  return `::${level} ${pairs.join(",")}::${data(message)}\n`;
};

/** GitHub shows ten of a level. */
const mostAnnotations = 10;
const levels: Readonly<Record<ReportedDiagnostic["severity"], AnnotationLevel>> = {
  error: "error",
  warning: "warning",
  note: "notice",
};

/** The diagnostics of a run that failed, at their lines. */
export const annotateDiagnostics = (diagnostics: readonly ReportedDiagnostic[]): string =>
  diagnostics
    .slice(0, mostAnnotations)
    .map(({ code, severity, message, hint, source }) =>
      annotation(
        levels[severity],
        {
          file: source?.file?.replace(/^\.\//, ""),
          line: source?.line,
          col: source?.column,
          title: code,
        },
        hint === undefined ? message : `${message}\n${hint}`,
      ),
    )
    .join("");

/** The text of a file that the program wrote, or "" where it wrote none. */
export const textOf = (file: string): string => {
  try {
    return readRegularFile(file, { most: largest.document }).toString("utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
};

/** Plain text as a block that its own backticks cannot close. */
export const fenced = (text: string): string => {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${visible(text).trimEnd()}\n${fence}\n`;
};

const leftOut = "\n_The rest is left out here for length: read the whole report in the run's log._\n";

/** At most `max` UTF-16 units: cut after a whole line, open fences and folds closed. Shorter text comes back as it is. */
export const cutMarkdown = (markdown: string, max: number): string => {
  if (markdown.length <= max) return markdown;
  const kept: string[] = [];
  let fence = "";
  let folds = 0;
  let used = leftOut.length;
  for (const line of markdown.split("\n")) {
    const run = /^(`{3,})/.exec(line)?.[1] ?? "";
    let nextFence = fence;
    if (run !== "") {
      if (fence === "") nextFence = run;
      else if (line.trim() === run && run.length >= fence.length) nextFence = "";
    }
    const nextFolds =
      fence === "" ? folds + (line.startsWith("<details") ? 1 : 0) - (line === "</details>" ? 1 : 0) : folds;
    const ending = nextFence.length + 1 + nextFolds * "\n</details>\n".length;
    if (used + line.length + 1 + ending > max) break;
    kept.push(line);
    used += line.length + 1;
    fence = nextFence;
    folds = nextFolds;
  }
  const close = `${fence === "" ? "" : `${fence}\n`}${"\n</details>\n".repeat(folds)}`;
  return `${kept.join("\n")}\n${close}${leftOut}`;
};
