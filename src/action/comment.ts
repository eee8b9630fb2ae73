/** The action's one comment on a pull request: made once, then kept up to date in place. */
import { basename } from "node:path";
import {
  createGithub,
  firstLine,
  type Github,
  type GithubComment,
  type GithubPull,
  isOwn,
  settle,
} from "./github.js";
import { cutMarkdown } from "./job-output.js";
import type { Environment, Settings } from "./settings.js";

/** GitHub's limit on the text of a comment or an issue, in characters. */
const bodyLimit = 65_536;

export const markerPattern = /^<!-- dbt-ip-rules:(?:plan|apply|drift):[A-Za-z0-9.:_-]+:\d+ -->$/;

/** Says which policy a comment is about, also to a run that got no further than the policy. */
const policyMark = (policy: string): string => `<!-- dbt-ip-rules:policy:${encodeURIComponent(policy)} -->`;

/** The address of this run; undefined where nobody says which it is. */
const runAddress = ({
  GITHUB_SERVER_URL: server,
  GITHUB_REPOSITORY: repository,
  GITHUB_RUN_ID: run,
}: Environment): string | undefined =>
  /^\d+$/.test(run ?? "") ? `${server || "https://github.com"}/${repository}/actions/runs/${run}` : undefined;

const runLink = (env: Environment): string => {
  const address = runAddress(env);
  return address === undefined ? "" : `[run ${env["GITHUB_RUN_ID"]}](${address})`;
};

/** To the artifacts of the run, the page among them: it is attached only after the comment is written. */
export const pageLink = (env: Environment, page: string): string => {
  const address = runAddress(env);
  return address === undefined
    ? ""
    : `\n[Look at it](${address}#artifacts): the address space before and after, and an answer for any address, in \`${basename(page)}\`\n`;
};

/** Where the text comes from: a reader must see whether it is about the newest commit. */
export const footer = ({ env, commit }: Pick<Settings, "env" | "commit">): string => {
  const parts = [commit === undefined ? "" : `Commit ${commit.slice(0, 12)}`, runLink(env)];
  const text = parts.filter((part) => part !== "").join(", ");
  return text === "" ? "" : `\n_${text}_\n`;
};

/** A report with its tail, whole within GitHub's limit. */
export const withTail = (markdown: string, tail: string): string =>
  `${cutMarkdown(markdown, bodyLimit - tail.length)}${tail}`;

const write = async (
  github: Github,
  number: number,
  found: GithubComment | undefined,
  body: string,
): Promise<GithubComment> => {
  if (found === undefined) return github.call<GithubComment>("POST", `/issues/${number}/comments`, { body });
  return found.body === body ? found : github.call("PATCH", `/issues/comments/${found.id}`, { body });
};

const find = async (
  github: Github,
  number: number,
  matches: (comment: GithubComment) => boolean,
): Promise<GithubComment | undefined> => {
  for await (const comment of github.list<GithubComment>(`/issues/${number}/comments`))
    if (matches(comment)) return comment;
  return undefined;
};

/** The address of the comment that now holds `markdown`. */
export const upsertComment = async (
  settings: Settings,
  number: number,
  markdown: string,
): Promise<string> => {
  const marker = firstLine(markdown);
  if (!markerPattern.test(marker))
    throw new Error("The report has no marker: there is nothing to find it by.");
  const github = createGithub(settings);
  const login = await github.whoAmI();
  const body = withTail(markdown, `${footer(settings)}${policyMark(settings.policy)}\n`);
  const comment = await settle(async () =>
    write(github, number, await find(github, number, (one) => isOwn(one, marker, login)), body),
  );
  return comment.html_url;
};

/**
 * A plan failed, so there is no report and no account: an earlier comment on this policy must not look as if it
 * were about the newest commit. Answers its address, or undefined where there is none.
 */
export const outdateComment = async (settings: Settings, number: number): Promise<string | undefined> => {
  const github = createGithub(settings);
  const login = await github.whoAmI();
  const mark = policyMark(settings.policy);
  const isPlan = (one: GithubComment): boolean =>
    /^<!-- dbt-ip-rules:plan:/.test(firstLine(one.body)) &&
    (one.body ?? "").trimEnd().endsWith(mark) &&
    isOwn(one, firstLine(one.body), login);
  const found = await find(github, number, isPlan);
  if (found === undefined) return undefined;
  const text = `${firstLine(found.body)}\n### dbt IP restrictions: no plan\n\n**The plan of the newest commit failed; the run's log says why. Earlier plans of this pull request no longer hold.**\n`;
  const comment = await settle(() =>
    write(github, number, found, withTail(text, `${footer(settings)}${mark}\n`)),
  );
  return comment.html_url;
};

/** The pull request of this run: the event's own, or the one whose merge made this commit. */
export const pullRequestOf = async (settings: Settings): Promise<number | undefined> => {
  const number = settings.event.pull_request?.number;
  if (number !== undefined && Number.isSafeInteger(number)) return number;
  if (settings.commit === undefined) return undefined;
  const github = createGithub(settings);
  for await (const one of github.list<GithubPull>(`/commits/${settings.commit}/pulls`))
    if (one.merged_at && one.merge_commit_sha === settings.commit) return one.number;
  return undefined;
};
