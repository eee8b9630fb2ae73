/** One reporter a format, each loaded only when it is asked for. A new format is a file and a line here. */
import type { PolicyReport, Reporter, ReporterContext } from "./report.js";

const reporters = {
  text: async () => (await import("./text/text.js")).textReport,
  json: async () => (await import("./json/json.js")).jsonReport,
  markdown: async () => (await import("./markdown.js")).markdownReport,
  github: async () => (await import("./github.js")).githubReport,
  gitlab: async () => (await import("./gitlab.js")).gitlabReport,
  sarif: async () => (await import("./sarif.js")).sarifReport,
  junit: async () => (await import("./junit.js")).junitReport,
  html: async () => (await import("./html/html-report.js")).htmlReport,
  "code-quality": async () => (await import("./gitlab.js")).codeQualityReport,
} as const satisfies Record<string, () => Promise<Reporter>>;

export type Format = keyof typeof reporters;

/** All reports of a run in one format, ending with a line end unless there is nothing to say. */
export const renderReports = async (
  format: Format,
  reports: readonly PolicyReport[],
  context: ReporterContext,
): Promise<string> => (await reporters[format]())(reports, context);
