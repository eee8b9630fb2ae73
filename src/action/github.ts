/**
 * GitHub's REST API, as far as comments and issues go.
 * Promises: the token is in no message; a request that could have taken effect is never sent twice (the caller looks
 * again and decides); rate limits are waited out as GitHub says, within bounds.
 */

import { setTimeout as wait } from "node:timers/promises";
import { member } from "../model/json.js";
import type { Environment, Settings } from "./settings.js";

const tries = 4;
/** Longer than this a job does not wait for a rate limit. */
const mostWaitSeconds = 300;
const answerTimeoutMs = 30_000;

/** The request may or may not have taken effect: look before sending it again. */
class Unsure extends Error {}

/** Of GitHub's documented answers, what the action reads; ours is what both kinds of text have. */
interface Written {
  readonly body?: string | null;
  readonly user?: { readonly login?: string; readonly type?: string } | null;
}
export interface GithubComment extends Written {
  readonly id: number;
  readonly html_url: string;
}
export interface GithubIssue extends Written {
  readonly number: number;
  /** Where the issue is a pull request. */
  readonly pull_request?: object;
}
export interface GithubPull {
  readonly number: number;
  readonly merged_at?: string | null;
  readonly merge_commit_sha?: string | null;
  /** `repo` is null where the fork was deleted. */
  readonly head?: { readonly repo?: { readonly full_name?: string } | null };
}

export interface Github {
  /** The answer's JSON, of the shape that GitHub documents for `path` (below `/repos/OWNER/NAME`). */
  call<T>(method: "GET" | "POST" | "PATCH", path: string, body?: object): Promise<T>;
  /** Every item of a list, page by page. */
  list<T>(path: string): AsyncGenerator<T>;
  /** The login that the token writes as. */
  whoAmI(): Promise<string>;
}

/** A message for the log: one line, at most 500 characters, with no secret in it. */
export const problemLine = (error: unknown, env: Environment): string => {
  const secrets = Object.entries(env)
    .filter(([name]) => /^(INPUT_(GITHUB_)?TOKEN|DBT_CLOUD_(API_)?TOKEN(_\d+)?)$/.test(name))
    .flatMap(([, value]) => (value ? [value] : []));
  // Before anything shortens it: a part of a secret would not be recognised.
  const text = error instanceof Error ? error.message : String(error);
  return secrets
    .reduce((shown, secret) => shown.replaceAll(secret, "***"), text)
    .replace(/[\p{Cc}\p{Cf}]+/gu, " ")
    .slice(0, 500);
};

const limited = (response: Response): boolean =>
  response.status === 429 ||
  (response.status === 403 &&
    (response.headers.has("retry-after") || response.headers.get("x-ratelimit-remaining") === "0"));

/** Seconds to wait, as GitHub's documentation orders: retry-after, else the reset, else a minute. */
const limitWait = ({ headers }: Response): number => {
  const after = Number(headers.get("retry-after") ?? Number.NaN);
  if (after >= 0) return after;
  const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN);
  return reset > 0 ? Math.max(0, Math.ceil(reset - Date.now() / 1000)) : 60;
};

const permissionHint: Readonly<Record<number, string>> = {
  401: "the input github-token is wrong or has run out; leave it out for the job's own",
  403: "give the job the permission (`pull-requests: write` for comments, `issues: write` for the drift issue) and the input github-token",
  404: "the input github-token may not see this repository, or issues are switched off in it",
};

/** GitHub says that there is no such thing, or that the token may not see it. */
class NotFound extends Error {}

export const isNotFound = (error: unknown): boolean => error instanceof NotFound;

const refused = async (method: string, url: string, response: Response): Promise<Error> => {
  const text = await response.text().catch(() => "");
  const hint = permissionHint[response.status];
  const said = `${response.status} ${messageOf(text)}`.trim();
  const Kind = response.status === 404 ? NotFound : Error;
  return new Kind(`${method} ${new URL(url).pathname}: GitHub answered ${said}${hint ? `; ${hint}` : ""}.`);
};

/** GitHub's errors have a `message`; a proxy's may be no JSON at all. */
const messageOf = (text: string): string => {
  try {
    return String(member(JSON.parse(text), "message") ?? "");
  } catch {
    return "";
  }
};

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
};

export const createGithub = ({ env, githubToken }: Pick<Settings, "env" | "githubToken">): Github => {
  const api = (env["GITHUB_API_URL"] || "https://api.github.com").replace(/\/+$/, "");
  const graphql = env["GITHUB_GRAPHQL_URL"] || `${api}/graphql`;
  const repository = env["GITHUB_REPOSITORY"] ?? "";
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) throw new Error("GITHUB_REPOSITORY is not set.");
  if (githubToken === "") throw new Error("The input github-token is empty: leave it out for the job's own.");

  const send = async (method: string, url: string, body?: object): Promise<Response> => {
    const repeatable = method === "GET" || url === graphql;
    for (let left = tries; ; left -= 1) {
      let response: Response | undefined;
      let problem: string | undefined;
      try {
        response = await fetch(url, {
          method,
          headers: {
            accept: "application/vnd.github+json",
            authorization: `Bearer ${githubToken}`,
            "content-type": "application/json",
            "user-agent": "dbt-ip-rules-action",
            "x-github-api-version": "2022-11-28",
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(answerTimeoutMs),
        });
      } catch (error) {
        problem = reasonOf(error);
      }
      if (response?.ok) return response;
      if (response !== undefined && limited(response)) {
        const seconds = limitWait(response);
        if (left <= 1 || seconds > mostWaitSeconds)
          throw new Error(`GitHub limits the rate of requests: try again in ${seconds} s.`);
        await response.body?.cancel();
        await wait(seconds * 1000);
        continue;
      }
      if (response !== undefined) {
        if (response.status < 500) throw await refused(method, url, response);
        problem = `GitHub answered ${response.status}`;
      }
      const what = `${method} ${new URL(url).pathname}: ${problem}`;
      await response?.body?.cancel();
      if (!repeatable) throw new Unsure(what);
      if (left <= 1) throw new Error(what);
      await wait(500 * 2 ** (tries - left));
    }
  };

  // GitHub's answers are taken at their word: a shape that is not the documented one ends as an error of its reader.
  const call = async <T>(method: string, path: string, body?: object): Promise<T> =>
    (await send(method, `${api}/repos/${repository}${path}`, body)).json() as Promise<T>;

  async function* list<T>(path: string): AsyncGenerator<T> {
    for (let page = 1; ; page += 1) {
      const items = await call<readonly T[]>(
        "GET",
        `${path}${path.includes("?") ? "&" : "?"}per_page=100&page=${page}`,
      );
      yield* items;
      if (items.length < 100) return;
    }
  }

  /** `viewer` answers for installation tokens too, which GET /user refuses. */
  const whoAmI = async (): Promise<string> => {
    const response = await send("POST", graphql, { query: "query { viewer { login } }" });
    const answer = (await response.json()) as {
      readonly data?: { readonly viewer?: { readonly login?: string } };
    };
    const login = answer?.data?.viewer?.login;
    if (typeof login !== "string" || login === "")
      throw new Error("GitHub does not say whom the input github-token belongs to.");
    return login;
  };

  return { call, list, whoAmI };
};

/** What nobody else can forge: the text begins with our marker, and we wrote it. */
export const isOwn = ({ body, user }: Written, marker: string, login: string): boolean =>
  (user?.login === login || (user?.type === "Bot" && user?.login === `${login}[bot]`)) &&
  firstLine(body) === marker;

export const firstLine = (text: string | null | undefined): string => (text ?? "").split(/\r?\n/, 1)[0] ?? "";

/**
 * Runs `attempt`, which looks first and then writes, again where a write's outcome is unknown: the second look finds
 * what the first write left.
 */
export const settle = async <T>(attempt: () => Promise<T>): Promise<T> => {
  for (let left = 3; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Unsure) || left <= 1) throw error;
      await wait(1000);
    }
  }
};
