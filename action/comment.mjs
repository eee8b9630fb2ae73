/** The action's one comment on a pull request: made once, then kept up to date in place. */
import { createGithub, firstLine, isOwn, settle } from "./github.mjs";
import { cutMarkdown } from "./results.mjs";

/** GitHub's limit on the text of a comment or an issue, in characters. */
export const bodyLimit = 65_536;

export const markerPattern = /^<!-- dbt-ip-rules:(?:plan|apply|drift):[A-Za-z0-9.:_-]+:\d+ -->$/;

/** Says which policy a comment is about, also to a run that got no further than the policy. */
const policyMark = (policy) => `<!-- dbt-ip-rules:policy:${encodeURIComponent(policy)} -->`;

const runLink = ({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run }) =>
  /^\d+$/.test(run ?? "")
    ? `[run ${run}](${server || "https://github.com"}/${repository}/actions/runs/${run})`
    : "";

/** Where the text comes from: a reader must see whether it is about the newest commit. */
export const footer = ({ env, commit }) => {
  const parts = [commit === undefined ? "" : `Commit ${commit.slice(0, 12)}`, runLink(env)];
  const text = parts.filter((part) => part !== "").join(", ");
  return text === "" ? "" : `\n_${text}_\n`;
};

/** A report with its tail, whole within GitHub's limit. */
export const withTail = (markdown, tail) => `${cutMarkdown(markdown, bodyLimit - tail.length)}${tail}`;

const write = async (github, number, found, body) => {
  if (found === undefined) return github.call("POST", `/issues/${number}/comments`, { body });
  return found.body === body ? found : github.call("PATCH", `/issues/comments/${found.id}`, { body });
};

const find = async (github, number, matches) => {
  for await (const comment of github.list(`/issues/${number}/comments`)) if (matches(comment)) return comment;
  return undefined;
};

/** The address of the comment that now holds `markdown`. */
export const upsertComment = async (settings, number, markdown) => {
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
 * A plan failed, so there is no report and no account: an earlier comment on this policy must not stand as if it
 * were about the newest commit. Answers its address, or undefined where there is none.
 */
export const outdateComment = async (settings, number) => {
  const github = createGithub(settings);
  const login = await github.whoAmI();
  const mark = policyMark(settings.policy);
  const isPlan = (one) =>
    /^<!-- dbt-ip-rules:plan:/.test(firstLine(one.body)) &&
    one.body.trimEnd().endsWith(mark) &&
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
export const pullRequestOf = async (settings) => {
  const { number } = settings.event.pull_request ?? {};
  if (Number.isSafeInteger(number)) return number;
  if (settings.commit === undefined) return undefined;
  const github = createGithub(settings);
  for await (const one of github.list(`/commits/${settings.commit}/pulls`))
    if (one.merged_at && one.merge_commit_sha === settings.commit) return one.number;
  return undefined;
};
