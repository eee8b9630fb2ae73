/**
 * GitHub's REST API, as far as comments and issues go.
 * Promises: the token is in no message; a request that could have taken effect is never sent twice (the caller looks
 * again and decides); rate limits are waited out as GitHub says, within bounds.
 */
import { setTimeout as wait } from "node:timers/promises";

const tries = 4;
/** Longer than this a job does not wait for a rate limit. */
const mostWaitSeconds = 300;
const answerTimeoutMs = 30_000;

/** The request may or may not have taken effect: look before sending it again. */
export class Unsure extends Error {}

const clean = (text) =>
  String(text)
    .replace(/[\p{Cc}\p{Cf}]+/gu, " ")
    .slice(0, 500);

/** A message for the log, with no secret in it. */
export const problemLine = (error, env) => {
  const secrets = Object.entries(env)
    .filter(([name]) => /^(INPUT_(GITHUB_)?TOKEN|DBT_CLOUD_(API_)?TOKEN(_\d+)?)$/.test(name))
    .map(([, value]) => value);
  const text = clean(error instanceof Error ? error.message : error);
  return secrets.filter(Boolean).reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
};

const limited = (response) =>
  response.status === 429 ||
  (response.status === 403 &&
    (response.headers.has("retry-after") || response.headers.get("x-ratelimit-remaining") === "0"));

/** Seconds to wait, as GitHub's documentation orders: retry-after, else the reset, else a minute. */
const limitWait = ({ headers }) => {
  const after = Number(headers.get("retry-after") ?? Number.NaN);
  if (after >= 0) return after;
  const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN);
  return reset > 0 ? Math.max(0, Math.ceil(reset - Date.now() / 1000)) : 60;
};

const permissionHint = {
  401: "the input github-token is wrong or has run out; leave it out for the job's own",
  403: "give the job the permission (`pull-requests: write` for comments, `issues: write` for the drift issue) and the input github-token",
  404: "the input github-token may not see this repository, or issues are switched off in it",
};

export const createGithub = ({ env, githubToken }) => {
  const api = (env.GITHUB_API_URL || "https://api.github.com").replace(/\/+$/, "");
  const graphql = env.GITHUB_GRAPHQL_URL || `${api}/graphql`;
  const repository = env.GITHUB_REPOSITORY ?? "";
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) throw new Error("GITHUB_REPOSITORY is not set.");
  if (githubToken === "") throw new Error("The input github-token is empty: leave it out for the job's own.");

  const send = async (method, url, body) => {
    const repeatable = method === "GET" || url === graphql;
    for (let left = tries; ; left -= 1) {
      let response;
      let problem;
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
        problem = clean(error?.cause?.message ?? error?.message);
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
      if (response !== undefined && response.status < 500) throw await refused(method, url, response);
      const what = `${method} ${new URL(url).pathname}: ${problem ?? `GitHub answered ${response.status}`}`;
      await response?.body?.cancel();
      if (!repeatable) throw new Unsure(what);
      if (left <= 1) throw new Error(what);
      await wait(500 * 2 ** (tries - left));
    }
  };

  const refused = async (method, url, response) => {
    const answer = await response.json().catch(() => ({}));
    const hint = permissionHint[response.status];
    const said = `${response.status} ${clean(answer?.message ?? "")}`.trim();
    return new Error(
      `${method} ${new URL(url).pathname}: GitHub answered ${said}${hint ? `; ${hint}` : ""}.`,
    );
  };

  const call = async (method, path, body) =>
    (await send(method, `${api}/repos/${repository}${path}`, body)).json();

  /** Every item of a list, page by page. */
  async function* list(path) {
    for (let page = 1; ; page += 1) {
      const items = await call("GET", `${path}${path.includes("?") ? "&" : "?"}per_page=100&page=${page}`);
      yield* items;
      if (items.length < 100) return;
    }
  }

  /** The login that this token writes as; `viewer` answers for installation tokens too, which GET /user refuses. */
  const whoAmI = async () => {
    const answer = await (await send("POST", graphql, { query: "query { viewer { login } }" })).json();
    const login = answer?.data?.viewer?.login;
    if (typeof login !== "string" || login === "")
      throw new Error("GitHub does not say whom the input github-token belongs to.");
    return login;
  };

  return { call, list, whoAmI };
};

/** What nobody else can forge: the text begins with our marker, and we wrote it. */
export const isOwn = ({ body, user }, marker, login) =>
  (user?.login === login || (user?.type === "Bot" && user?.login === `${login}[bot]`)) &&
  firstLine(body) === marker;

export const firstLine = (text) => (text ?? "").split(/\r?\n/, 1)[0];

/**
 * Runs `attempt`, which looks first and then writes, again where a write's outcome is unknown: the second look finds
 * what the first write left.
 */
export const settle = async (attempt) => {
  for (let left = 3; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Unsure) || left <= 1) throw error;
      await wait(1000);
    }
  }
};
