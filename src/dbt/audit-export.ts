/** The audit log as files: the CSV of a range of dates, and the bulk export with its link to another host. */
import type { AuditReader } from "../audit/ports.js";
import { type Failure, failure } from "../model/failure.js";
import { type Answer, openEnvelope, parseJson, shorten } from "./answer.js";
import { dateParameters } from "./audit-list.js";
import type { Channel } from "./channel.js";
import { dataOf, field, text, truth } from "./decode.js";
import { isLoopback } from "./host.js";
import { openDownload, readEnvelope } from "./read-call.js";
import type { Opened } from "./tries.js";
import { sendPatiently } from "./write-call.js";

type Exports = Omit<AuditReader, "listPage">;

export const createAuditExports = (channel: Channel): Exports => ({
  ...createExportReader(channel),
  async startExport() {
    const url = channel.accountUrl("audit-logs/export/");
    const answer = await sendPatiently(channel, { method: "POST", url }, "export");
    const parsed = parseJson(answer);
    if ("problem" in parsed) throw parsed.problem;
    return text(field(dataOf(answer, openEnvelope(parsed.value)), "job_id"));
  },
});

/** Everything but the start of an export, which is a POST. */
export const createExportReader = (channel: Channel): Omit<Exports, "startExport"> => ({
  async downloadCsv(query) {
    const url = channel.accountUrl("audit-logs/download/", dateParameters(query));
    const opened = opening(await openDownload(channel, { url, accept: "text/csv, */*;q=0.5" }, "audit"), url);
    const type = opened.headers["content-type"] ?? "";
    if (!/\b(?:html|json)\b/i.test(type)) return opened.body;
    throw await left(opened, notCsv(url, type));
  },
  async exportIsRunning() {
    const url = channel.accountUrl("audit-logs/export/");
    const { answer, envelope } = await readEnvelope(channel, { url }, "export");
    return truth(field(dataOf(answer, envelope), "is_running"));
  },
  async exportUrl(jobId) {
    const url = channel.accountUrl(`audit-logs/export/${encodeURIComponent(jobId)}/download/`);
    const { answer, envelope } = await readEnvelope(channel, { url }, "export");
    return text(field(dataOf(answer, envelope), "download_url"));
  },
  async fetchExport(link) {
    const url = checkedLink(link);
    const opened = opening(
      await openDownload(channel, { url, accept: "*/*", withToken: false }, "link"),
      url,
    );
    const length = Number(opened.headers["content-length"] ?? Number.NaN);
    const encoded = opened.headers["content-encoding"] !== undefined;
    return { body: opened.body, ...(Number.isSafeInteger(length) && !encoded ? { size: length } : {}) };
  },
});

const opening = (result: Opened | Answer, url: URL): Opened => {
  if (result.kind === "opened") return result;
  throw failure(
    "answer-empty",
    `${url.host} answered GET ${url.pathname} with ${result.status} instead of a file`,
    "Run it again",
  );
};

/** Ends the connection whose body nobody wants. */
const left = async ({ body }: Opened, reason: Failure): Promise<Failure> => {
  for await (const _ of body) break;
  return reason;
};

const notCsv = (url: URL, type: string): Failure =>
  failure(
    "answer-not-csv",
    `${url.host} answered GET ${url.pathname} with ${shorten(type, 60)} where a CSV file was due`,
    "Check that the host is your dbt access URL and that no proxy or login page stands between",
  );

/** An export's link is as good as a password: messages show its host only. */
const checkedLink = (link: string): URL => {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  if (
    url !== undefined &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)))
  ) {
    return url;
  }
  throw failure(
    "export-link-unusable",
    "The link that the API gave for the export is not an https URL",
    "Ask for the download again; if it stays, download it from the audit log's page under Account settings",
  );
};
