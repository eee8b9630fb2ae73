/** The codes of lists of prefixes: how they are read, the lock of those that are published, and their updates. */
import { counted } from "../words.js";
import { code } from "./code.js";

const didYouMean = (meant: string | undefined): string | undefined =>
  meant === undefined ? undefined : `Did you mean \`${meant}\`?`;

const named = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

/** Why a JSONPath found nothing that could be used. */
export type SelectProblem = "syntax" | "too-long" | "too-deep" | "too-slow" | "not-text" | "nothing-in-line";

const selectMessages: Readonly<Record<SelectProblem, string>> = {
  syntax: "is not a JSONPath (RFC 9535)",
  "too-long": "is too long",
  "too-deep": "is nested too deeply",
  "too-slow": "takes too long",
  "not-text": "finds something that is not text",
  "nothing-in-line": "finds nothing in one of the lines",
};

export type LockProblem =
  | { readonly kind: "not-json" | "conflict" | "shape" }
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "entry"; readonly name: string }
  | { readonly kind: "doubled-key"; readonly key: string };

const lockProblem = (problem: LockProblem): string => {
  switch (problem.kind) {
    case "not-json":
      return "is not JSON";
    case "conflict":
      return "contains the marks of a merge conflict";
    case "shape":
      return "lacks `version` or `sources`";
    case "version":
      return `is of version ${problem.version}, and only version 1 is known`;
    case "entry":
      return `has an entry \`${problem.name}\` that is not complete`;
    case "doubled-key":
      return `has the key \`${problem.key}\` twice in one object`;
  }
};

/** How a lock and a policy disagree on a list. */
export type LockDisagreement = "missing" | "url" | "select" | "unwanted";

const disagreements: Readonly<Record<LockDisagreement, (list: string) => string>> = {
  missing: (list) => `does not have the list \`${list}\``,
  url: (list) => `has the list \`${list}\` from another URL`,
  select: (list) => `has another selection of the list \`${list}\``,
  unwanted: (list) => `has the list \`${list}\`, which the policy does not ask for`,
};

/** What the code is about where a list's answer, or its content, is refused. */
export interface AtList {
  readonly list: string;
  readonly url: string;
}

/** Why an answer cannot be the list. */
export type AnswerProblem =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "redirect"; readonly to: string }
  | { readonly kind: "redirects" | "html" | "length" }
  | { readonly kind: "encoding"; readonly encoding: string }
  /** No answer came; `hint` where there is something to do about it. */
  | { readonly kind: "network"; readonly said: string; readonly hint?: string }
  | { readonly kind: "too-large"; readonly most: number };

const answerProblem = (problem: AnswerProblem): string => {
  switch (problem.kind) {
    case "status":
      return `answered with status ${problem.status}`;
    case "redirect":
      return `redirects to ${problem.to}, which is another host`;
    case "redirects":
      return "redirects again and again";
    case "html":
      return "answered with an HTML page instead of a list";
    case "length":
      return "does not say how long its answer is, so a truncated one would go unnoticed";
    case "network":
      return `gave no answer: ${problem.said}`;
    case "encoding":
      return `answered in the encoding \`${problem.encoding}\`, which was not asked for`;
    case "too-large":
      return `answered with more than ${problem.most / 1_048_576} MiB`;
  }
};

export const listCodes = {
  "list-not-text": code<{ file: string; kind: "JSON" | "CSV" | "HTML" }>({
    severity: "error",
    message: ({ file, kind }) =>
      `The list \`${file}\` is ${kind}, and nothing says where in it the prefixes are`,
    hint: ({ kind }) => {
      if (kind === "HTML") return "Name the list itself instead of a page about it";
      return kind === "JSON"
        ? "Add a JSONPath to the network, for example: select: $.prefixes[*].cidr"
        : "Add the column of the prefixes to the network, for example: column: 1";
    },
    meaning: "A list is JSON or CSV, and its network has no `select` or `column`; or it is an HTML page.",
    fix: "Add `select:` with a JSONPath, or `column:` with a name or a number.",
  }),
  "list-unreadable": code<{
    file: string;
    kind: "JSON" | "NDJSON" | "CSV" | "HTML" | "doubled-key";
    problem: string;
  }>({
    severity: "error",
    message: ({ file, kind, problem }) => {
      if (kind === "HTML") return `The list \`${file}\` is an HTML page`;
      return kind === "doubled-key"
        ? `The list \`${file}\` has the key \`${problem}\` twice in one object, and nothing says which one is meant`
        : `The list \`${file}\` is not valid ${kind}: ${problem}`;
    },
    hint: ({ kind }) =>
      kind === "doubled-key"
        ? "Ask the vendor, and keep a corrected copy in a file"
        : "Get the list again; it may be incomplete",
    meaning: "A list is not valid JSON, NDJSON or CSV, or has a key twice in one object.",
    fix: "Get the list again: it may be incomplete, or an error page.",
  }),
  "bad-select": code<{ file: string; path: string; problem: SelectProblem; said: string | undefined }>({
    severity: "error",
    message: ({ file, path, problem, said }) =>
      `The selection \`${path}\` of the list \`${file}\` ${selectMessages[problem]}${said === undefined ? "" : `: ${said}`}`,
    hint: ({ problem }) =>
      problem === "not-text"
        ? "Select the prefixes themselves, for example: $.prefixes[*].cidr"
        : "Write a JSONPath that begins with `$`, for example: $.prefixes[*].cidr",
    meaning:
      "`select` is not a JSONPath, takes too long, finds something that is not text, or, without a filter, finds nothing in a line of NDJSON.",
    fix: "Write a JSONPath (RFC 9535) that selects the prefixes themselves.",
  }),
  "no-column": code<
    | { column: string | number; names: readonly string[]; twice: boolean }
    | { column: string | number; has: number }
  >({
    severity: "error",
    message: (found) => {
      if ("has" in found) return `This record has ${counted(found.has, "column")}, and none for the prefixes`;
      return found.twice
        ? `The first record has the column \`${found.column}\` twice`
        : `The first record has no column \`${found.column}\``;
    },
    hint: (found) =>
      "has" in found
        ? "Check `column`, and whether the list is complete"
        : `Its columns: ${named(found.names)}; where these are no names, write a number, such as \`column: 1\``,
    meaning: "A CSV list does not have the column that `column` names.",
    fix: "Name a column of the first record, or give its number from 1.",
  }),
  "list-review-due": code<{ list: string; file: string; date: string }>({
    severity: "warning",
    message: ({ list, date }) => `The list \`${list}\` was to be reviewed by ${date}`,
    hint: ({ file }) =>
      `Compare \`${file}\` with what its vendor publishes now, then write a later date as \`review_by\``,
    meaning: "The date `review_by` of a list that is maintained manually has come.",
    fix: "Compare the file with what its vendor publishes now, then write a later date.",
  }),
  "key-without-effect": code<{ key: string; kind: "list" | "file" | "source" | "network" }>({
    severity: "error",
    message: ({ key, kind }) =>
      `\`${key}\` has no effect on a network that is ${kind === "list" ? "a list" : `made by \`${kind}\``}`,
    hint: ({ key }) =>
      key === "review_by"
        ? "Write it next to `file`; how old a published list may be is `max_age`"
        : "Delete it, or write it in the network that has the list",
    meaning: "A key of a network has no effect on a network of this kind.",
    fix: "Delete it, or write it in the network that has the list.",
  }),
  "network-circle": code<{ path: readonly string[]; isCircle: boolean }>({
    severity: "error",
    message: ({ path, isCircle }) =>
      isCircle
        ? `The network \`${path[0]}\` is made of itself: ${path.join(" -> ")}`
        : `The network \`${path.at(-1)}\` is made of networks on too many levels`,
    hint: "Make one of them a list or a file",
    meaning: "Networks are made of each other in a circle, or on too many levels.",
    fix: "Make one of them a list or a file.",
  }),
  "bad-source": code<{ problem: "not-a-url" | "not-https" | "credentials"; url: string | undefined }>({
    severity: "error",
    message: ({ problem, url }) => {
      if (problem === "credentials")
        return "The URL of the published list contains a user name or a password";
      return problem === "not-https"
        ? `\`${url}\` is not fetched: published lists are fetched by https only`
        : `\`${url}\` is not a URL`;
    },
    hint: ({ problem }) =>
      problem === "credentials"
        ? "Only public lists can be fetched: keep a copy of this one in a file, and name it with `file:`"
        : "Write a URL such as https://vendor.example/ranges.json, or a name of `dbt-ip-rules lists catalogue`",
    meaning: "`source` is not the https URL of a public list.",
    fix: "Write its https URL, or a name of `dbt-ip-rules lists catalogue`.",
  }),
  "unknown-list": code<{ list: string; meant: string | undefined }>({
    severity: "error",
    message: ({ list }) => `The catalogue has no list \`${list}\``,
    hint: ({ meant }) =>
      didYouMean(meant) ?? "See `dbt-ip-rules lists catalogue`, or write the URL of the list, with https://",
    meaning: "`source` is no URL, and no name of the catalogue.",
    fix: "See `dbt-ip-rules lists catalogue`, or write the URL of the list.",
  }),
  "unknown-selection": code<{
    list: string;
    select: string | undefined;
    selections: readonly string[];
    whole: boolean;
    column: boolean;
  }>({
    severity: "error",
    message: ({ list, select, column }) => {
      if (column) return `\`${list}\` is a list of the catalogue, which knows its columns`;
      return select === undefined
        ? `The list \`${list}\` needs a selection`
        : `The list \`${list}\` has no selection \`${select}\``;
    },
    hint: ({ selections, whole, column }) => {
      if (column) return "Delete `column`";
      if (selections.length === 0) return "Delete `select`: all of the list is meant";
      return `Write \`select:\` with one of: ${selections.join(", ")}${whole ? "; without it, all of the list is meant" : ""}`;
    },
    meaning: "`select` is not one that this list of the catalogue has.",
    fix: "Write one of those that the message names.",
  }),
  "lock-missing": code<{ lock: string; lists: readonly string[]; command: string }>({
    severity: "error",
    message: ({ lock, lists }) =>
      `The lock \`${lock}\` is missing: it holds the published ${lists.length === 1 ? "list" : "lists"} ${named(lists.slice(0, 5))} as last fetched`,
    hint: ({ command }) => `To fetch them, type: ${command}`,
    meaning: "The policy names published lists, and there is no lock file with what they hold.",
    fix: "Run `dbt-ip-rules lists update`, and commit the lock with the policy.",
  }),
  "lock-unreadable": code<{ lock: string; problem: LockProblem; command: string }>({
    severity: "error",
    message: ({ lock, problem }) => `The lock \`${lock}\` ${lockProblem(problem)}`,
    hint: ({ problem, command }) =>
      problem.kind === "version"
        ? "Use the release of dbt-ip-rules that wrote it"
        : `Restore it from git. Without it no \`max_change\` holds; to fetch all lists anew in spite of that, delete it and type: ${command}`,
    meaning: "The lock file is not one that this program wrote.",
    fix: "Restore it from git; `lists update` leaves it as it is. Without a lock nothing is compared, so that no `max_change` holds: delete it only to fetch all lists anew.",
  }),
  "lock-differs": code<{ lock: string; list: string; problem: LockDisagreement; command: string }>({
    severity: "error",
    message: ({ lock, list, problem }) => `The lock \`${lock}\` ${disagreements[problem](list)}`,
    hint: ({ command }) => `To bring it up to date, type: ${command}`,
    meaning: "The lock file has lists, URLs or selections that differ from the policy's.",
    fix: "Run `dbt-ip-rules lists update`, and commit the lock with the policy.",
  }),
  "lock-edited": code<{ lock: string; list: string; command: string }>({
    severity: "error",
    message: ({ lock, list }) =>
      `The prefixes of \`${list}\` in the lock \`${lock}\` were edited: their digest differs`,
    hint: ({ command }) =>
      `Restore the file, or type: ${command}. To leave prefixes out, use \`except\` in the policy`,
    meaning: "Prefixes in the lock file are not those that were fetched: their digest differs.",
    fix: "Restore the file or run `dbt-ip-rules lists update`; to leave prefixes out, use `except`.",
  }),
  "list-old": code<{ list: string; fetched: string; age: number; maxAge: number; command: string }>({
    severity: "warning",
    message: ({ list, fetched, age, maxAge }) =>
      age < 0
        ? `By the lock, the list \`${list}\` was fetched on ${fetched}, which is in the future: how old it is, is not known`
        : `The list \`${list}\` was fetched on ${fetched}, ${counted(age, "day")} ago; \`max_age\` is ${counted(maxAge, "day")}`,
    hint: ({ command }) => `To fetch it again, type: ${command}`,
    meaning:
      "A published list was fetched longer ago than its `max_age` (90 days unless the policy says otherwise), or its date in the lock is in the future.",
    fix: "Run `dbt-ip-rules lists update`, and review what changed.",
  }),
  "no-such-list": code<{ list: string; lists: readonly string[]; meant: string | undefined }>({
    severity: "error",
    message: ({ list }) => `The policy has no published list \`${list}\``,
    hint: ({ lists, meant }) =>
      didYouMean(meant) ??
      (lists.length === 0 ? "No network of it has a `source`" : `Its published lists: ${named(lists)}`),
    meaning: "A list that is to be updated is not one of the policy.",
    fix: "Name a network of the policy that has a `source`.",
  }),
  "list-answer": code<AtList & { problem: AnswerProblem }>({
    severity: "error",
    message: ({ list, url, problem }) => `The list \`${list}\`: ${url} ${answerProblem(problem)}`,
    hint: ({ problem }) => {
      if (problem.kind === "redirect")
        return "Nothing was changed. If the vendor has moved the list, write its new URL in the policy";
      // 408, 425 and 429 pass by themselves; the others of the 400s do not.
      if (
        problem.kind === "status" &&
        problem.status >= 400 &&
        problem.status < 500 &&
        ![408, 425, 429].includes(problem.status)
      )
        return "Nothing was changed. Look at the URL in a browser: if the vendor has moved the list, write its new URL in the policy; a list that needs a login can only be kept in a file";
      const own = problem.kind === "network" ? problem.hint : undefined;
      return `Nothing was changed. ${own ?? "Run it again later; if it happens again, look at the URL in a browser"}`;
    },
    meaning:
      "The host of a published list does not answer, or answers with something that cannot be the list: an error, a redirect to another host, an HTML page, or too much or too little.",
    fix: "Run it again later; if the vendor has moved the list, write its new URL in the policy.",
  }),
  "list-refused": code<AtList & { problem: string; line: number; more: number }>({
    severity: "error",
    message: ({ list, url, problem, line, more }) =>
      `The list \`${list}\` of ${url} is refused: line ${line}: ${problem}${more > 0 ? `, and ${more} more` : ""}`,
    hint: "Nothing was changed. If the vendor means it, keep a corrected copy in a file, and name it with `file:`",
    meaning:
      "A published list contains something that is not a prefix, or a prefix with bits set below its length.",
    fix: "Check the list; `host_bits: allow` takes `203.0.113.7/24` for its network.",
  }),
  "list-not-public": code<AtList & { prefix: string; block: string; more: number }>({
    severity: "error",
    message: ({ list, url, prefix, block, more }) =>
      `The list \`${list}\` of ${url} is refused: ${prefix} is never the source of public traffic (${block})${more > 0 ? `, and ${more} more` : ""}`,
    hint: "Nothing was changed. Ask the vendor; private addresses belong in a list of your own",
    meaning:
      "A published list contains addresses that are private, reserved or otherwise never the source of public traffic.",
    fix: "Ask the vendor; private addresses belong in a list of your own.",
  }),
  "list-empty": code<AtList & { readonly select?: string }>({
    severity: "error",
    message: ({ list, url, select }) =>
      select === undefined
        ? `The list \`${list}\` of ${url} is empty`
        : `The selection \`${select}\` matches nothing in the list \`${list}\` of ${url}`,
    hint: ({ select }) =>
      `Nothing was changed. ${select === undefined ? "Look at the URL in a browser" : "Check `select` against what the URL shows in a browser"}; if the list may be empty, write \`allow_empty: true\` next to \`source\``,
    meaning: "A published list contains no prefix, and `allow_empty` is not set.",
    fix: "Check `select`; `allow_empty: true` if the list may be empty.",
  }),
  "list-max-change": code<{
    list: string;
    /** Absent: the lock's entry was edited, so that nobody can tell. */
    change?: string;
    limit: number;
    command: string;
    overridden: boolean;
  }>({
    severity: "error",
    message: ({ list, change, limit, overridden }) =>
      `${change === undefined ? `Nobody can tell by how much the list \`${list}\` changes: its lock entry was edited by hand` : `The list \`${list}\` changes by ${change}`}; \`max_change\` is ${limit}%${overridden ? " (overridden)" : ""}`,
    hint: ({ command, overridden }) =>
      overridden
        ? undefined
        : `Nothing was changed. Look at what changed; to accept it once, type: ${command}`,
    meaning:
      "An update of a published list changes more of its addresses than `max_change`, or nobody can tell, since the entry in the lock was edited by hand.",
    fix: "Look at what changed; `--allow-max-change NAME` accepts it once.",
  }),
};
