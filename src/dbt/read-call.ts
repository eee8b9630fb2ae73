/**
 * Reading calls: repeated, with backoff, while the trouble may pass; 429 waited for as the server says.
 * A redirect that only adds or drops a slash at the path's end, on the same host, is followed.
 */

import type { ListProblem } from "../model/codes/service.js";
import { type Failure, failure } from "../model/failure.js";
import { isObject } from "../model/json.js";
import { type ListingBounds, ListingMeter } from "../model/listing-bounds.js";
import {
  type Answer,
  brokenEnvelope,
  dataOf,
  type Envelope,
  field,
  integer,
  items,
  type JsonPath,
  openEnvelope,
  parseJson,
} from "./answer.js";
import type { ApiClient, Call, Opened } from "./api-client.js";
import { type Subject, statusFailure, type TransportError } from "./failures.js";
import { RetryTimings } from "./waiting.js";

/** A call that cannot change anything: what a read-only client is made of. */
type ReadCall = Omit<Call, "method" | "body">;

/** The envelope of a 2xx answer with JSON; throws `Failure` for everything else. */
export const readEnvelope = async (
  client: ApiClient,
  call: ReadCall,
  subject: Subject,
): Promise<{ readonly answer: Answer; readonly envelope: Envelope }> => {
  const answer = await repeat<never>(client, call, subject, (url) =>
    client.exchange({ ...call, url, method: "GET" }, client.signal),
  );
  const parsed = parseJson(answer);
  if ("problem" in parsed) throw parsed.problem;
  const envelope = openEnvelope(parsed.value);
  if (envelope.status.isSuccess === false) throw brokenEnvelope(answer, envelope, client.redact);
  return { answer, envelope };
};

/** The body of a 200 answer, unread, for downloads; errors within it are thrown as `Failure`. */
export const openDownload = async (
  client: ApiClient,
  call: ReadCall,
  subject: Subject,
): Promise<Opened | Answer> =>
  await repeat<Opened>(client, call, subject, (url) =>
    client.open({ ...call, url, method: "GET" }, client.signal),
  );

const repeat = async <More>(
  client: ApiClient,
  call: ReadCall,
  subject: Subject,
  tryOnce: (url: URL) => Promise<Answer | TransportError | More>,
): Promise<Answer | More> => {
  const timings = new RetryTimings(client);
  let { url } = call;
  for (;;) {
    const result = await tryOnce(url);
    if (isTransportError(result)) {
      if (!result.passing) throw result.failure;
      await timings.afterTrouble(result.failure);
      continue;
    }
    if (!isAnswer(result) || result.status < 300) return result;
    const said = statusFailure(result, subject, client.now().getTime());
    const slash = slashRedirect(result, url);
    if (slash !== undefined && url === call.url) {
      url = slash;
    } else if (result.status === 429) {
      await timings.afterTooMany(result, said);
    } else if (result.status >= 500 && result.status !== 501) {
      await timings.afterTrouble(said, result);
    } else {
      throw said;
    }
  }
};

const isTransportError = (value: unknown): value is TransportError =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "broken";
const isAnswer = (value: unknown): value is Answer =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "answer";

/** The URL that a redirect names, where it differs from `url` by the path's last slash alone. */
const slashRedirect = ({ status, headers }: Answer, url: URL): URL | undefined => {
  if (![301, 302, 307, 308].includes(status)) return undefined;
  if (headers.location === undefined || !URL.canParse(headers.location, url.href)) return undefined;
  const target = new URL(headers.location, url.href);
  const bare = (path: string) => path.replace(/\/$/, "");
  if (target.origin !== url.origin || target.pathname === url.pathname) return undefined;
  if (bare(target.pathname) !== bare(url.pathname)) return undefined;
  // The query is ours, whether or not the redirect repeats it: a lost `offset` would give another page.
  const followed = new URL(url.href);
  followed.pathname = target.pathname;
  return followed;
};

/** The most that the API gives at once; more is an error (docs/service.md, "Answers and limits"). */
export const pageSize = 100;
/** How often a list that changed while it was read is read from the top. */
const mostReadings = 3;
/** The most records of a list: 100 times the rules of the largest account that was tried. */
const mostRecords = 100_000;
/** Of one list, read again from the top included. A rate limit may take 15 minutes of it. */
const bounds: ListingBounds = {
  pages: mostReadings * (mostRecords / pageSize + 1),
  bytes: 128 * 1024 * 1024,
  milliseconds: 30 * 60_000,
};

/** `extra.pagination.total_count`, where the server says it. */
export const totalCount = ({ extra }: Envelope): number | undefined => {
  const pagination = isObject(extra) ? extra.pagination : undefined;
  const total = isObject(pagination) ? pagination.total_count : undefined;
  return typeof total === "number" && Number.isSafeInteger(total) && total >= 0 ? total : undefined;
};

/** A call's result, and how long it took by the clock of the client, waits and repetitions included. */
export const timed = async <T>(
  { now }: ApiClient,
  call: () => Promise<T>,
): Promise<readonly [result: T, milliseconds: number]> => {
  const began = now().getTime();
  const result = await call();
  return [result, now().getTime() - began];
};

interface Reading<T> {
  /** By id, in the order of the server. */
  readonly found: ReadonlyMap<number, T>;
  /** Absent for a complete list. */
  readonly problem?: ListProblem;
}

/** A list of records that each have a numeric `id`. */
interface ListToRead<T> {
  /** The list's URL, the paging's query added. */
  readonly url: (query: Readonly<Record<string, string>>) => URL;
  readonly subject: Subject;
  /** What to keep of a record: the rest of its page is let go before the next page comes. */
  readonly read: (record: JsonPath) => T;
  /** Told the time of each answer, by the service's clock (`Date`), where it says so. */
  readonly at?: (serverAt: string) => void;
}

/**
 * Reading a list to its end: pages of 100 by offset, each record once, and proof that none is missing.
 * The proof is the total that the server says; where it says none, an empty page behind the last one.
 *
 * Every record of the list, each once. Costs one call a page. Throws `Failure`: `listing-incomplete` where the records
 * do not add up to the total, three times in a row; `listing-too-large` beyond 100,000 records, 3,003 pages, 128 MiB or
 * 30 minutes.
 */
export const readList = async <T>(client: ApiClient, list: ListToRead<T>): Promise<readonly T[]> => {
  const at = `${client.host}${list.url({}).pathname}`;
  const meter = new ListingMeter({ kind: "account-list", at }, bounds);
  for (let reading = 1; ; reading += 1) {
    const { found, problem } = await readOnce(client, list, at, meter);
    if (problem === undefined) return [...found.values()];
    if (reading >= mostReadings) throw failure("listing-incomplete", { what: "list", at, problem });
  }
};

type Excess =
  | { readonly kind: "total"; readonly total: number }
  | { readonly kind: "records"; readonly read: number };

const tooManyRecords = (at: string, excess: Excess): Failure =>
  failure("listing-too-large", {
    list: { kind: "account-list", at },
    bound: { ...excess, most: mostRecords },
  });

const readOnce = async <T>(
  client: ApiClient,
  { url, subject, read, at: onTime }: ListToRead<T>,
  at: string,
  meter: ListingMeter,
): Promise<Reading<T>> => {
  const found = new Map<number, T>();
  let first: number | undefined;
  let count = 0;
  for (let page = 1; ; page += 1) {
    const query = { limit: String(pageSize), offset: String(count) };
    const [{ answer, envelope }, milliseconds] = await timed(client, () =>
      readEnvelope(client, { url: url(query) }, subject),
    );
    meter.count({ bytes: answer.bytes.length, milliseconds });
    if (answer.serverAt !== undefined) onTime?.(answer.serverAt);
    const records = items(dataOf(answer, envelope));
    const total = totalCount(envelope);
    if (total !== undefined && total > mostRecords) throw tooManyRecords(at, { kind: "total", total });
    if (page === 1) first = total;
    if (total !== first) return { found, problem: { kind: "total-changed", from: first, to: total } };
    const before = found.size;
    for (const record of records) {
      const id = integer(field(record, "id"));
      if (!found.has(id)) found.set(id, read(record));
    }
    count += records.length;
    if (found.size > mostRecords) throw tooManyRecords(at, { kind: "records", read: found.size });
    if (records.length > 0 && found.size === before) {
      return { found, problem: { kind: "page-repeated", page } };
    }
    if (records.length === 0 || (total !== undefined && count >= total)) break;
  }
  if (count !== found.size)
    return { found, problem: { kind: "records-repeated", repeated: count - found.size, read: count } };
  return first === undefined || first === found.size
    ? { found }
    : { found, problem: { kind: "records-missing", read: found.size, total: first } };
};
