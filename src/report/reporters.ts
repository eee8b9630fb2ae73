/**
 * The formats: for each the kinds of reports that it can show, and its reporter, loaded only when it is asked for. A new
 * format is a file and a row here; every command whose report it can show offers it.
 */
import type { PolicyReport, Report, Reporter, ReporterContext } from "./report.js";

type Kind = Report["kind"];

interface Row {
  /** Of failures each format says something. */
  readonly shows: "everything" | readonly Kind[];
  readonly load: () => Promise<Reporter>;
}

const reporters = {
  text: { shows: "everything", load: async () => (await import("./text/text.js")).textReport },
  json: { shows: "everything", load: async () => (await import("./json/json.js")).jsonReport },
  markdown: {
    shows: ["plan", "apply", "drift", "audit", "account", "replay"],
    load: async () => (await import("./markdown.js")).markdownReport,
  },
  html: {
    shows: ["plan", "account", "explanation", "replay"],
    load: async () => (await import("./html/html-report.js")).htmlReport,
  },
  github: {
    shows: ["plan", "validation"],
    load: async () => (await import("./github.js")).githubReport,
  },
  gitlab: { shows: ["plan"], load: async () => (await import("./gitlab.js")).gitlabReport },
  sarif: { shows: ["drift", "validation"], load: async () => (await import("./sarif.js")).sarifReport },
  junit: { shows: ["audit", "validation"], load: async () => (await import("./junit.js")).junitReport },
  "code-quality": {
    shows: ["validation"],
    load: async () => (await import("./gitlab.js")).codeQualityReport,
  },
} as const satisfies Record<string, Row>;

export type Format = keyof typeof reporters;

/** What a command offers whose report is of this kind; text, which every report has, is first. */
export const formatsOf = (kind: Kind): readonly [Format, ...Format[]] => {
  const rows: readonly (readonly [string, Row])[] = Object.entries(reporters);
  const others = rows.flatMap(([format, { shows }]) =>
    // The names of the table's own rows.
    format !== "text" && (shows === "everything" || shows.includes(kind)) ? [format as Format] : [],
  );
  return ["text", ...others];
};

/** All reports of a run in one format, ending with a line end unless there is nothing to say. */
export const renderReports = async (
  format: Format,
  reports: readonly PolicyReport[],
  context: ReporterContext,
): Promise<string> => (await reporters[format].load())(reports, context);
