/** One issue an account: opened when it drifts, kept up to date, closed when the account is as the policy again. */
import { createHash } from "node:crypto";
import type { DriftDocument } from "../report/json/drift.js";
import { footer, markerPattern, withTail } from "./comment.js";
import { createGithub, firstLine, type Github, type GithubIssue, isOwn, settle } from "./github.js";
import type { Settings } from "./settings.js";

/** More ids than this would leave too little room for the report; then a digest stands for them all. */
const mostIds = 250;

const idsWord = (ids: readonly string[]): string => {
  const sorted = [...new Set(ids)].sort();
  if (sorted.length <= mostIds) return sorted.join(",");
  return `sha256:${createHash("sha256").update(sorted.join(",")).digest("hex")}`;
};

const idsMark = (word: string): string => `<!-- dbt-ip-rules:drift-ids:${word} -->`;
const idsOf = (body: string | null | undefined): string | undefined =>
  /<!-- dbt-ip-rules:drift-ids:([0-9a-z:,-]*) -->\s*$/.exec(body ?? "")?.[1];

/** What is worth a mail to those who watch the issue: a difference that it did not have before. */
const newsOf = (before: string | undefined, after: string): string | undefined => {
  if (before === undefined || before === after) return undefined;
  const old = new Set(before.split(","));
  const ids = after.split(",");
  if (before.startsWith("sha256:") || after.startsWith("sha256:")) return "The differences changed.";
  const added = ids.filter((id) => !old.has(id)).length;
  return added === 0 ? undefined : `${added} new ${added === 1 ? "difference" : "differences"}.`;
};

/** The open ones, oldest first; more than one only where two runs raced. */
const openIssues = async (github: Github, marker: string, login: string): Promise<readonly GithubIssue[]> => {
  const found: GithubIssue[] = [];
  for await (const issue of github.list<GithubIssue>("/issues?state=open&sort=created&direction=asc"))
    if (issue.pull_request === undefined && isOwn(issue, marker, login)) found.push(issue);
  return found;
};

const close = async (
  github: Github,
  issue: GithubIssue,
  text: string,
  reason: "completed" | "not_planned",
): Promise<void> => {
  await github.call("POST", `/issues/${issue.number}/comments`, { body: text });
  await github.call("PATCH", `/issues/${issue.number}`, { state: "closed", state_reason: reason });
};

/** `report` is the JSON of `drift`, `markdown` the same as text. Answers the number of the issue, if there is one. */
export const keepDriftIssue = async (
  settings: Settings,
  report: DriftDocument,
  markdown: string,
): Promise<number | undefined> => {
  const marker = firstLine(markdown);
  if (!markerPattern.test(marker))
    throw new Error("The report has no marker: there is nothing to find it by.");
  const github = createGithub(settings);
  const login = await github.whoAmI();
  return settle(async () => {
    const [issue, ...others] = await openIssues(github, marker, login);
    for (const other of others)
      await close(github, other, `The same account has issue ${issue?.number}.\n`, "not_planned");
    if (report.verdict === "no-drift") {
      if (issue !== undefined)
        await close(
          github,
          issue,
          `The account is as the policy says again.\n${footer(settings)}`,
          "completed",
        );
      return issue?.number;
    }
    const word = idsWord(report.differences.map(({ id }) => id));
    const body = withTail(markdown, `${footer(settings)}${idsMark(word)}\n`);
    if (issue === undefined) {
      const title = `dbt IP restrictions: account ${report.account.id} differs from its policy`;
      return (await github.call<GithubIssue>("POST", "/issues", { title, body })).number;
    }
    await github.call("PATCH", `/issues/${issue.number}`, { body });
    const news = newsOf(idsOf(issue.body), word);
    if (news !== undefined)
      await github.call("POST", `/issues/${issue.number}/comments`, { body: `${news}\n${footer(settings)}` });
    return issue.number;
  });
};
