/**
 * Reading a list to its end: pages of 100 by offset, each record once, and proof that none is missing.
 * The proof is the total that the server tells; where it tells none, an empty page behind the last one.
 */
import { failure } from "../model/failure.js";
import { type Envelope, isRecord } from "./answer.js";
import type { Channel } from "./channel.js";
import { dataOf, field, integer, items, type Place } from "./decode.js";
import { readEnvelope } from "./read-call.js";
import type { Subject } from "./status-failure.js";

/** The most that the API gives at once; more is an error (docs/service.md, "Answers and limits"). */
export const pageSize = 100;
/** How often a list that changed while it was read is read from the top. */
const mostReadings = 3;

/** `extra.pagination.total_count`, where the server tells it. */
export const totalCount = ({ extra }: Envelope): number | undefined => {
  const pagination = isRecord(extra) ? extra.pagination : undefined;
  const total = isRecord(pagination) ? pagination.total_count : undefined;
  return typeof total === "number" && Number.isSafeInteger(total) && total >= 0 ? total : undefined;
};

interface Reading {
  /** By id, in the order of the server. */
  readonly found: ReadonlyMap<number, Place>;
  /** What does not come out; absent for a complete list. */
  readonly problem?: string;
}

/** The list's URL, the paging's query added. */
export type ListUrl = (query: Readonly<Record<string, string>>) => URL;

/**
 * Every record of the list at `url(query)`, each once. Costs one call a page; throws `Failure`
 * `listing-incomplete` where the records do not add up to the total, three times in a row.
 * `needsProof: false` takes a list without a total for complete after one page: good enough for a display.
 */
export const readList = async (
  channel: Channel,
  url: ListUrl,
  subject: Subject,
  { needsProof = true }: { readonly needsProof?: boolean } = {},
): Promise<readonly Place[]> => {
  let problem = "";
  for (let reading = 1; reading <= mostReadings; reading += 1) {
    const result = await readOnce(channel, url, subject, needsProof);
    if (result.problem === undefined) return [...result.found.values()];
    problem = result.problem;
  }
  throw failure(
    "listing-incomplete",
    `The list at ${channel.host}${url({}).pathname} does not come out: ${problem}`,
    "Somebody may be changing it, or something between repeats old answers: run it again",
  );
};

const readOnce = async (
  channel: Channel,
  url: ListUrl,
  subject: Subject,
  needsProof: boolean,
): Promise<Reading> => {
  const found = new Map<number, Place>();
  let first: number | undefined;
  let read = 0;
  for (let page = 1; ; page += 1) {
    const query = { limit: String(pageSize), offset: String(read) };
    const { answer, envelope } = await readEnvelope(channel, { url: url(query) }, subject);
    const records = items(dataOf(answer, envelope));
    const total = totalCount(envelope);
    if (page === 1) first = total;
    if (total !== first)
      return { found, problem: `its total moved from ${first ?? "untold"} to ${total ?? "untold"}` };
    const before = found.size;
    for (const record of records) {
      const id = integer(field(record, "id"));
      if (!found.has(id)) found.set(id, record);
    }
    read += records.length;
    if (records.length > 0 && found.size === before) {
      return { found, problem: `page ${page} repeats what was there before` };
    }
    const last = total === undefined ? !needsProof : read >= total;
    if (last || records.length === 0) break;
  }
  if (read !== found.size) return { found, problem: `${read - found.size} of ${read} records came twice` };
  return first === undefined || first === found.size
    ? { found }
    : { found, problem: `${found.size} records came, of ${first}` };
};
