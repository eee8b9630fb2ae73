/**
 * The GitHub Action: settings in, one command of dbt-ip-rules run, its results handed to GitHub.
 * Everything arrives through the environment (action.yml), so no text of a pull request ever meets a shell.
 * Ends with the program's own exit code; the outputs and the summary are written before anything can fail later.
 */
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { PlanDocument } from "../plan/plan-document.js";
import { baseArguments } from "./base-policy.js";
import { outdateComment, pageLink, pullRequestOf, upsertComment } from "./comment.js";
import { keepDriftIssue } from "./drift-issue.js";
import { createGithub, type GithubPull, problemLine } from "./github.js";
import { type AnnotationLevel, annotation, fenced, writeOutputs, writeSummary } from "./job-output.js";
import { planCommitProblem, writePlanCommit } from "./plan-commit.js";
import {
  documentOf,
  findProgram,
  type Job,
  type Ran,
  type Runner,
  report,
  reportFile,
  withoutMarker,
} from "./program.js";
import { type CommandName, type Environment, readSettings, type Settings } from "./settings.js";

const title = "dbt-ip-rules";

const connection = ({ host, account }: Settings): readonly string[] => [
  ...(host === "" ? [] : ["--host", host]),
  ...(account === "" ? [] : ["--account", account]),
];

/** Joined by `=`, so that a value cannot be taken for another option. */
const callers = ({ clientIps }: Settings): readonly string[] =>
  clientIps.map((address) => `--client-ip=${address}`);

const changesOf = (plan: PlanDocument) => ({
  verdict:
    plan.summary.refused_by.length > 0
      ? "refused"
      : plan.changes.length === 0 && plan.steps.length === 0
        ? "no-changes"
        : "changes",
  creates: plan.summary.create,
  updates: plan.summary.update,
  deletes: plan.summary.delete,
  direction: plan.access_change.direction,
});

interface OnGithub {
  readonly what: string;
  /** How the program itself ended. */
  readonly code: number;
  readonly next: string;
}

/**
 * Runs what writes to GitHub, after the report was printed; false where that fails. The message then says how the
 * program itself ended and what to do, so that nobody takes a comment that is missing for a plan that failed.
 */
const attempt = async (
  job: Job,
  level: AnnotationLevel,
  { what, code, next }: OnGithub,
  work: () => Promise<void>,
): Promise<boolean> => {
  try {
    await work();
    return true;
  } catch (error) {
    const problem = problemLine(error, job.env).replace(/\.$/, "");
    const message = `${what} could not be written: ${problem}.\n${job.command} itself ended with exit code ${code}; its report is in the log above and in the job summary. ${next}`;
    job.print(annotation(level, { title }, message));
    return false;
  }
};

const again = "Run the job again once that is fixed";
const commentOf = (code: number): OnGithub => ({
  what: "The comment on the pull request",
  code,
  next: `${again}, or do without (comment: "false").`,
});
const issueOf = (code: number): OnGithub => ({
  what: "The drift issue",
  code,
  next: `${again}, or do without (issue: "false").`,
});
/** A second `apply` would find nothing to do, and so nothing to report. */
const applyCommentOf = (code: number): OnGithub => ({
  what: "The comment on the pull request",
  code,
  next: "The comment stays missing; the account is as that report says.",
});

const planFileOf = ({ planFile, scratch }: Settings): string => planFile ?? join(scratch, "plan.json");

/**
 * A plan's page, named for its account: where it is uploaded as it is, the file's name is the artifact's, and a run has
 * one of each name.
 */
const pageOf = ({ scratch }: Settings, { account }: PlanDocument): string =>
  join(scratch, `ip-restrictions-${`${account.host}-${account.id}`.replace(/[^A-Za-z0-9._-]+/g, "-")}.html`);

const makePlan = async (job: Job, print?: boolean): Promise<Ran> =>
  report(
    job,
    "plan",
    [
      "plan",
      ...job.args,
      ...callers(job),
      "--policy",
      job.policy,
      ...connection(job),
      "--out",
      planFileOf(job),
      ...(await baseArguments(job)),
    ],
    ["text", "markdown", "github", ...(job.page ? (["html"] as const) : [])],
    print,
  );

const plan = async (job: Job): Promise<number> => {
  const { code, document, markdown } = await makePlan(job);
  const made = documentOf(document, "dbt-ip-rules/plan");
  writeOutputs(job.env, {
    "exit-code": code,
    ...(made === undefined ? { verdict: "error" } : { ...changesOf(made), "plan-file": planFileOf(job) }),
  });
  if (made !== undefined && job.planFile !== undefined) writePlanCommit(job, job.planFile);
  const written = reportFile(job, "plan", "html");
  const page = made !== undefined && existsSync(written) ? pageOf(job, made) : undefined;
  if (page !== undefined) {
    renameSync(written, page);
    writeOutputs(job.env, { page });
  }
  const number = job.event.pull_request?.number;
  if (!job.comment || number === undefined || !Number.isSafeInteger(number)) return code;
  const commented = await attempt(job, "error", commentOf(code), async () => {
    const url =
      made === undefined
        ? await outdateComment(job, number)
        : await upsertComment(job, number, `${markdown}${page === undefined ? "" : pageLink(job.env, page)}`);
    writeOutputs(job.env, { "comment-url": url });
  });
  return commented ? code : code || 1;
};

const verify = (job: Job, receipt: string): Promise<Ran> =>
  report(
    job,
    "audit",
    [
      "audit",
      "verify",
      ...(job.command === "audit" ? job.args : []),
      ...connection(job),
      "--timeout",
      job.auditTimeout,
      "--receipt",
      receipt,
    ],
    ["text", "markdown"],
  );

const auditVerdictOf = ({ document }: Ran): string =>
  documentOf(document, "dbt-ip-rules/audit")?.verdict ?? "error";

/** The plan to apply: the saved one, or one made now. Not printed: `apply` itself shows what it is about to do. */
const planToApply = (job: Job): Promise<Ran> =>
  job.planFile === undefined
    ? makePlan(job, false)
    : report(job, "plan", ["show", job.planFile], ["text", "markdown"], false);

/** What `apply --only-expired` takes: it plans for itself, since a saved plan would hold more. */
const applyExpired = async (job: Job): Promise<number> => {
  if (job.planFile !== undefined)
    throw new Error("--only-expired plans for itself: leave out the input plan-file.");
  const receipt = job.receipt ?? join(job.scratch, "receipt.jsonl");
  return applyAndProve(job, ["--policy", job.policy], receipt);
};

const apply = async (job: Job): Promise<number> => {
  if (job.args.includes("--only-expired")) return applyExpired(job);
  const planned = await planToApply(job);
  const made = documentOf(planned.document, "dbt-ip-rules/plan");
  if (planned.code !== 0 || made === undefined) {
    job.print(planned.text);
    const outputs = made === undefined ? { verdict: "error" } : changesOf(made);
    writeOutputs(job.env, { "exit-code": planned.code || 1, ...outputs });
    return planned.code || 1;
  }
  const otherCommit = job.planFile === undefined ? undefined : planCommitProblem(job, job.planFile);
  if (otherCommit !== undefined) {
    job.print(annotation("error", { title }, `Nothing was applied. ${otherCommit}`));
    writeOutputs(job.env, { ...changesOf(made), "exit-code": 3, verdict: "refused" });
    return 3;
  }
  const planFile = planFileOf(job);
  const receipt = job.receipt ?? join(job.scratch, "receipt.jsonl");
  return applyAndProve(job, [planFile, "--auto-approve"], receipt, {
    ...changesOf(made),
    "plan-file": planFile,
  });
};

/** `what`: the saved plan, or the policy. `outputs`: of the plan, where there is one. */
const applyAndProve = async (
  job: Job,
  what: readonly string[],
  receipt: string,
  outputs: Parameters<typeof writeOutputs>[1] = {},
): Promise<number> => {
  const applied = await report(
    job,
    "apply",
    ["apply", ...job.args, ...callers(job), ...what, ...connection(job), "--receipt", receipt],
    ["text", "markdown"],
  );
  const result = documentOf(applied.document, "dbt-ip-rules/apply");
  const written = result?.receipt !== undefined;
  writeOutputs(job.env, {
    ...outputs,
    "exit-code": applied.code,
    verdict: result?.outcome ?? "error",
    receipt: written ? receipt : "",
  });
  const audited = applied.code === 0 && written && job.audit ? await verify(job, receipt) : undefined;
  if (audited !== undefined)
    writeOutputs(job.env, { "exit-code": audited.code, "audit-verdict": auditVerdictOf(audited) });
  if (job.comment && applied.markdown !== "" && written)
    // The account is changed: that the pull request could not be commented on is a warning.
    await attempt(job, "warning", applyCommentOf(applied.code), async () => {
      const number = await pullRequestOf(job);
      if (number === undefined) return;
      const proof = audited === undefined ? "" : `\n${withoutMarker(audited.markdown)}`;
      const url = await upsertComment(job, number, `${applied.markdown}${proof}`);
      writeOutputs(job.env, { "comment-url": url });
    });
  return audited?.code ?? applied.code;
};

const drift = async (job: Job): Promise<number> => {
  const receipt = job.receipt === undefined ? [] : ["--receipt", job.receipt];
  const { code, document, markdown } = await report(
    job,
    "drift",
    ["drift", ...job.args, "--policy", job.policy, ...connection(job), ...receipt],
    ["text", "markdown"],
  );
  const compared = documentOf(document, "dbt-ip-rules/drift");
  writeOutputs(job.env, {
    "exit-code": code,
    verdict: compared?.verdict ?? "error",
    direction: compared?.access.direction,
  });
  const ending = code === 2 && compared !== undefined && !job.failOnDrift ? 0 : code;
  if (!job.issue || compared === undefined) return ending;
  const kept = await attempt(job, "error", issueOf(code), async () => {
    const number = await keepDriftIssue(job, compared, markdown);
    writeOutputs(job.env, { "issue-number": number });
  });
  return kept ? ending : ending || 1;
};

const validationTitle = (code: number): string => {
  if (code === 0) return "the policy is valid";
  return code === 3 ? "a policy test fails" : "the policy is not valid";
};

/** For a run that gets no secrets too, whatever its command is; `args` are then another command's. */
const validate = async (job: Job): Promise<number> => {
  const given = job.command === "validate" ? job.args : [];
  const { code, text } = await report(
    job,
    "validate",
    ["validate", ...given, "--policy", job.policy],
    ["text", "github"],
  );
  const why = job.command === "validate" ? "" : "Checked offline: this run gets no secrets.\n\n";
  writeSummary(
    job.env,
    `### dbt IP restrictions: ${validationTitle(code)}\n\n${why}${text === "" ? "" : fenced(text)}`,
  );
  writeOutputs(job.env, {
    "exit-code": code,
    verdict: code === 0 ? "valid" : code === 3 ? "refused" : "error",
  });
  return code;
};

const audit = async (job: Job): Promise<number> => {
  if (job.receipt === undefined)
    throw new Error(
      "The command audit needs the input receipt: the receipt of an apply, or a folder of them.",
    );
  const audited = await verify(job, job.receipt);
  writeOutputs(job.env, {
    "exit-code": audited.code,
    verdict: auditVerdictOf(audited),
    "audit-verdict": auditVerdictOf(audited),
    receipt: job.receipt,
  });
  return audited.code;
};

/** Each returns the exit code of the step. */
const commands: Readonly<Record<CommandName, (job: Job) => Promise<number>>> = {
  plan,
  apply,
  drift,
  validate,
  audit,
};

/** Who sent the code of this run, where it is not this repository. Throws where GitHub must say and does not. */
const outsider = async (settings: Settings): Promise<string | undefined> => {
  const { origin, env } = settings;
  if (origin.kind === "own") return undefined;
  if (origin.kind === "outside") return origin.who;
  const pull = await createGithub(settings).call<GithubPull>("GET", `/pulls/${origin.pull}`);
  return pull.head?.repo?.full_name === env["GITHUB_REPOSITORY"] ? undefined : "a fork";
};

const main = async (env: Environment, runner: Runner): Promise<number> => {
  const settings = readSettings(env);
  const job = { ...settings, ...runner, program: findProgram(settings) };
  if (job.command === "validate") return validate(job);
  const who = await outsider(settings);
  if (who === undefined) return commands[job.command](job);
  const message = `This run comes from ${who}, which gets no secrets: the policy is validated, not planned. A maintainer sees the plan after pushing the branch to this repository.`;
  job.print(annotation("notice", { title: "Checked offline only" }, message));
  return validate(job);
};

/** Returns the exit code of the step; `env` holds the inputs, as action.yml passes them. */
export const runAction = async (env: Environment, runner: Runner): Promise<number> => {
  try {
    return await main(env, runner);
  } catch (error) {
    runner.print(annotation("error", { title }, problemLine(error, env)));
    writeOutputs(env, { "exit-code": 1, verdict: "error" });
    return 1;
  }
};
