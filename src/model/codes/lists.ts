/** The codes of lists of prefixes: how they are read, the lock of those that are published, and their updates. */
import { asCode, counted, didYouMean, listed } from "../words.js";
import { code } from "./code.js";

const named = (names: readonly string[], most?: number): string => listed(names.map(asCode), most);

/** Why a JSONPath found nothing that could be used. */
type SelectProblem = "syntax" | "too-long" | "too-deep" | "too-slow" | "not-text" | "nothing-in-line";

const selectMessages: Readonly<Record<SelectProblem, string>> = {
  syntax: "is not a JSONPath (RFC 9535)",
  "too-long": "is too long",
  "too-deep": "is nested too deeply",
  "too-slow": "takes too long",
  "not-text": "finds something that is not text",
  "nothing-in-line": "finds nothing in one of the lines",
};

type LockProblem =
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
type AnswerProblem =
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
      return "redirects too often";
    case "html":
      return "answered with an HTML page instead of a list";
    case "length":
      return "does not announce the length of its answer, so a truncated one would go unnoticed";
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
    meaning: "A JSON or CSV list needs `select` or `column`.",
    fix: "Add it.",
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
    meaning: "A list is not valid JSON, NDJSON or CSV, or repeats a key.",
    fix: "Get it again.",
  }),
  "bad-select": code<{ file: string; path: string; problem: SelectProblem; said: string | undefined }>({
    severity: "error",
    message: ({ file, path, problem, said }) =>
      `The selection \`${path}\` of the list \`${file}\` ${selectMessages[problem]}${said === undefined ? "" : `: ${said}`}`,
    hint: ({ problem }) =>
      problem === "not-text"
        ? "Select the prefixes themselves, for example: $.prefixes[*].cidr"
        : "Write a JSONPath that begins with `$`, for example: $.prefixes[*].cidr",
    meaning: "`select` is not a usable JSONPath, or finds no text.",
    fix: "Write a JSONPath (RFC 9535) that selects the prefixes.",
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
        : `Its columns: ${named(found.names)}; if these are not names, write a number, such as \`column: 1\``,
    meaning: "A CSV list has no such column.",
    fix: "Name one, or write its number.",
  }),
  "list-review-due": code<{ list: string; file: string; date: string }>({
    severity: "warning",
    message: ({ list, date }) => `The list \`${list}\` was due for review by ${date}`,
    hint: ({ file }) =>
      `Compare \`${file}\` with what its vendor publishes now, then write a later date as \`review_by\``,
    meaning: "The `review_by` date of a list has come.",
    fix: "Compare it with the vendor's, then write a later date.",
  }),
  "key-without-effect": code<{ key: string; kind: "list" | "file" | "source" | "network" }>({
    severity: "error",
    message: ({ key, kind }) =>
      `\`${key}\` has no effect on a network that is ${kind === "list" ? "a list" : `made by \`${kind}\``}`,
    hint: ({ key }) =>
      key === "review_by"
        ? "Write it next to `file`; how old a published list may be is `max_age`"
        : "Delete it, or write it in the network that has the list",
    meaning: "This kind of network has no use for the key.",
    fix: "Delete or move it.",
  }),
  "network-circle": code<{ path: readonly string[]; isCircle: boolean }>({
    severity: "error",
    message: ({ path, isCircle }) =>
      isCircle
        ? `The network \`${path[0]}\` is made of itself: ${path.join(" -> ")}`
        : `The network \`${path.at(-1)}\` is made of networks on too many levels`,
    hint: "Make one of them a list or a file",
    meaning: "Networks are made of each other, in a circle or on too many levels.",
    fix: "Make one a list or a file.",
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
    meaning: "`source` is not a public https URL.",
    fix: "Write one, or a name of the catalogue.",
  }),
  "unknown-list": code<{ list: string; meant: string | undefined }>({
    severity: "error",
    message: ({ list }) => `The catalogue has no list \`${list}\``,
    hint: ({ meant }) =>
      didYouMean(meant) ?? "See `dbt-ip-rules lists catalogue`, or write the URL of the list, with https://",
    meaning: "`source` is neither a URL nor a list of the catalogue.",
    fix: "See `dbt-ip-rules lists catalogue`.",
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
    meaning: "The catalogue's list has no such `select`.",
    fix: "Write one that the hint names.",
  }),
  "lock-missing": code<{ lock: string; lists: readonly string[]; command: string }>({
    severity: "error",
    message: ({ lock, lists }) =>
      `There is no lock file \`${lock}\`, which records the published ${lists.length === 1 ? "list" : "lists"} ${named(lists, 5)} as last fetched`,
    hint: ({ command }) => `To fetch them, type: ${command}`,
    meaning: "The policy has published lists, but no lock file.",
    fix: "Run `dbt-ip-rules lists update`; commit the lock.",
  }),
  "lock-unreadable": code<{ lock: string; problem: LockProblem; command: string }>({
    severity: "error",
    message: ({ lock, problem }) => `The lock \`${lock}\` ${lockProblem(problem)}`,
    hint: ({ problem, command }) =>
      problem.kind === "version"
        ? "Use the release of dbt-ip-rules that wrote it"
        : `Restore it from git. To fetch all lists again, without a comparison for \`max_change\`, delete it and type: ${command}`,
    meaning: "The lock file is damaged or of another version.",
    fix: "Restore it from git; without it, `max_change` compares nothing.",
  }),
  "lock-differs": code<{ lock: string; list: string; problem: LockDisagreement; command: string }>({
    severity: "error",
    message: ({ lock, list, problem }) => `The lock \`${lock}\` ${disagreements[problem](list)}`,
    hint: ({ command }) => `To bring it up to date, type: ${command}`,
    meaning: "The lock's lists, URLs or selections differ from the policy's.",
    fix: "Run `dbt-ip-rules lists update`; commit the lock.",
  }),
  "lock-edited": code<{ lock: string; list: string; command: string }>({
    severity: "error",
    message: ({ lock, list }) =>
      `The prefixes of \`${list}\` in the lock \`${lock}\` were edited: their digest differs`,
    hint: ({ command }) =>
      `Restore the file, or type: ${command}. To leave prefixes out, use \`except\` in the policy`,
    meaning: "The lock's prefixes do not match their digest.",
    fix: "Restore it, or run `dbt-ip-rules lists update`.",
  }),
  "list-old": code<{ list: string; fetched: string; age: number; maxAge: number; command: string }>({
    severity: "warning",
    message: ({ list, fetched, age, maxAge }) =>
      age < 0
        ? `The list \`${list}\` was fetched on ${fetched} according to the lock, which is in the future, so its age is not known`
        : `The list \`${list}\` was fetched on ${fetched}, ${counted(age, "day")} ago; \`max_age\` is ${counted(maxAge, "day")}`,
    hint: ({ command }) => `To fetch it again, type: ${command}`,
    meaning: "A published list is older than `max_age`, by default 90 days.",
    fix: "Run `dbt-ip-rules lists update`.",
  }),
  "no-such-list": code<{ list: string; lists: readonly string[]; meant: string | undefined }>({
    severity: "error",
    message: ({ list }) => `The policy has no published list \`${list}\``,
    hint: ({ lists, meant }) =>
      didYouMean(meant) ??
      (lists.length === 0 ? "No network of it has a `source`" : `Its published lists: ${named(lists)}`),
    meaning: "The policy has no published list of that name.",
    fix: "Name a network with a `source`.",
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
    meaning: "The URL of a list gives no usable answer.",
    fix: "Run it again later, or correct the URL.",
  }),
  "list-refused": code<AtList & { problem: string; line: number; more: number }>({
    severity: "error",
    message: ({ list, url, problem, line, more }) =>
      `The list \`${list}\` of ${url} is refused: line ${line}: ${problem}${more > 0 ? `, and ${more} more` : ""}`,
    hint: "Nothing was changed. If the vendor means it, keep a corrected copy in a file, and name it with `file:`",
    meaning: "A published list contains something that is not a prefix.",
    fix: "Check it. `host_bits: allow` accepts host bits.",
  }),
  "list-not-public": code<AtList & { prefix: string; block: string; more: number }>({
    severity: "error",
    message: ({ list, url, prefix, block, more }) =>
      `The list \`${list}\` of ${url} is refused: ${prefix} is never the source of public traffic (${block})${more > 0 ? `, and ${more} more` : ""}`,
    hint: "Nothing was changed. Ask the vendor; private addresses belong in a list of your own",
    meaning: "A published list contains private or reserved addresses.",
    fix: "Ask the vendor.",
  }),
  "list-empty": code<AtList & { readonly select?: string }>({
    severity: "error",
    message: ({ list, url, select }) =>
      select === undefined
        ? `The list \`${list}\` of ${url} is empty`
        : `The selection \`${select}\` matches nothing in the list \`${list}\` of ${url}`,
    hint: ({ select }) =>
      `Nothing was changed. ${select === undefined ? "Look at the URL in a browser" : "Check `select` against what the URL shows in a browser"}; if the list may be empty, write \`allow_empty: true\` next to \`source\``,
    meaning: "A published list has no prefix.",
    fix: "Check `select`, or write `allow_empty: true`.",
  }),
  "list-max-change": code<{
    list: string;
    /** Absent: the lock's entry was edited, so it is not known. */
    change?: string;
    limit: number;
    command: string;
    overridden: boolean;
  }>({
    severity: "error",
    message: ({ list, change, limit, overridden }) =>
      `${change === undefined ? `How much the list \`${list}\` changes is not known, since its lock entry was edited` : `The list \`${list}\` changes by ${change}`}; \`max_change\` is ${limit}%${overridden ? " (overridden)" : ""}`,
    hint: ({ command, overridden }) =>
      overridden
        ? undefined
        : `Nothing was changed. Look at what changed; to accept it once, type: ${command}`,
    meaning: "An update changes more than `max_change`, or how much is not known.",
    fix: "Review it; `--allow-max-change NAME` accepts it once.",
  }),
};
