/** The action's five commands: which calls of the program each makes, and what becomes of the reports. */
import { join } from "node:path";
import { outdateComment, pullRequestOf, upsertComment } from "./comment.mjs";
import { keepDriftIssue } from "./drift-issue.mjs";
import { problemLine } from "./github.mjs";
import { report } from "./report.mjs";
import { annotation, fenced, writeOutputs, writeSummary } from "./results.mjs";

const connection = ({ host, account }) => [
  ...(host === "" ? [] : ["--host", host]),
  ...(account === "" ? [] : ["--account", account]),
];

/** Joined by `=`, so that a value cannot be taken for another option. */
const callers = ({ clientIps }) => clientIps.map((address) => `--client-ip=${address}`);

const changesOf = (plan) => ({
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

const isPlan = (document) => document?.format === "dbt-ip-rules/plan";

/**
 * Runs what talks to GitHub, after the report was printed. Where that fails, the message says how the program itself
 * ended (`code`) and what to do, so that nobody takes a comment that is missing for a plan that failed.
 */
const attempt = async (settings, level, { what, code, next }, work) => {
  try {
    await work();
    return true;
  } catch (error) {
    const problem = problemLine(error, settings.env).replace(/\.$/, "");
    const message = `${what} could not be written: ${problem}.\n${settings.command} itself ended with exit code ${code}; its report is in the log above and in the job summary. ${next}`;
    process.stdout.write(annotation(level, { title: "dbt-ip-rules" }, message));
    return false;
  }
};

const again = "Run the job again once that is mended";
const commentOf = (code) => ({
  what: "The comment on the pull request",
  code,
  next: `${again}, or do without (comment: "false").`,
});
const issueOf = (code) => ({
  what: "The drift issue",
  code,
  next: `${again}, or do without (issue: "false").`,
});
/** Once more, `apply` would find nothing to do, and so nothing to tell. */
const applyCommentOf = (code) => ({
  what: "The comment on the pull request",
  code,
  next: "The comment stays missing; the account is as that report says.",
});

const makePlan = (settings, planFile, print) =>
  report(
    settings,
    "plan",
    [
      "plan",
      ...settings.args,
      ...callers(settings),
      "--policy",
      settings.policy,
      ...connection(settings),
      "--out",
      planFile,
    ],
    ["text", "markdown", "github"],
    print,
  );

const plan = async (settings) => {
  const planFile = settings.planFile ?? join(settings.scratch, "plan.json");
  const { code, document, markdown } = await makePlan(settings, planFile);
  const made = isPlan(document);
  writeOutputs(settings.env, {
    "exit-code": code,
    ...(made ? { ...changesOf(document), "plan-file": planFile } : { verdict: "error" }),
  });
  const { number } = settings.event.pull_request ?? {};
  if (!settings.comment || !Number.isSafeInteger(number)) return code;
  const said = await attempt(settings, "error", commentOf(code), async () => {
    const url = made
      ? await upsertComment(settings, number, markdown)
      : await outdateComment(settings, number);
    writeOutputs(settings.env, { "comment-url": url });
  });
  return said ? code : code || 1;
};

const verify = (settings, receipt) =>
  report(
    settings,
    "audit",
    [
      "audit",
      "verify",
      ...(settings.command === "audit" ? settings.args : []),
      ...connection(settings),
      "--timeout",
      settings.auditTimeout,
      "--receipt",
      receipt,
    ],
    ["text", "markdown"],
  );

/**
 * The plan to apply: the saved one, or one made now. Either way it is counted, and a refused one ends here. Printed
 * only then: `apply` itself shows what it is about to do.
 */
const planToApply = async (settings) => {
  const planFile = settings.planFile ?? join(settings.scratch, "plan.json");
  const shown =
    settings.planFile === undefined
      ? await makePlan(settings, planFile, false)
      : await report(settings, "plan", ["show", planFile], ["text", "markdown"], false);
  return { ...shown, planFile };
};

const apply = async (settings) => {
  const planned = await planToApply(settings);
  if (planned.code !== 0 || !isPlan(planned.document)) {
    process.stdout.write(planned.text);
    const outputs = isPlan(planned.document) ? changesOf(planned.document) : { verdict: "error" };
    writeOutputs(settings.env, { "exit-code": planned.code || 1, ...outputs });
    return planned.code || 1;
  }
  const receipt = settings.receipt ?? join(settings.scratch, "receipt.jsonl");
  const args = [
    "apply",
    ...settings.args,
    ...callers(settings),
    planned.planFile,
    ...connection(settings),
    "--auto-approve",
    "--receipt",
    receipt,
  ];
  const applied = await report(settings, "apply", args, ["text", "markdown"]);
  const written = applied.document?.receipt !== undefined;
  writeOutputs(settings.env, {
    ...changesOf(planned.document),
    "exit-code": applied.code,
    verdict: applied.document?.outcome ?? "error",
    "plan-file": planned.planFile,
    receipt: written ? receipt : "",
  });
  const audited =
    applied.code === 0 && written && settings.audit ? await verify(settings, receipt) : undefined;
  if (audited !== undefined)
    writeOutputs(settings.env, {
      "exit-code": audited.code,
      "audit-verdict": audited.document?.verdict ?? "error",
    });
  if (settings.comment && applied.markdown !== "" && written)
    // The account is changed: that nobody could be told on the pull request is a warning.
    await attempt(settings, "warning", applyCommentOf(applied.code), async () => {
      const number = await pullRequestOf(settings);
      if (number === undefined) return;
      const proof = audited === undefined ? "" : `\n${audited.markdown.replace(/^<!--.*-->\n/, "")}`;
      const url = await upsertComment(settings, number, `${applied.markdown}${proof}`);
      writeOutputs(settings.env, { "comment-url": url });
    });
  return audited?.code ?? applied.code;
};

const drift = async (settings) => {
  const receipt = settings.receipt === undefined ? [] : ["--receipt", settings.receipt];
  const { code, document, markdown } = await report(
    settings,
    "drift",
    ["drift", ...settings.args, "--policy", settings.policy, ...connection(settings), ...receipt],
    ["text", "markdown"],
  );
  const compared = document?.format === "dbt-ip-rules/drift";
  writeOutputs(settings.env, {
    "exit-code": code,
    verdict: compared ? document.verdict : "error",
    direction: compared ? document.access.direction : "",
  });
  const ending = code === 2 && compared && !settings.failOnDrift ? 0 : code;
  if (!settings.issue || !compared) return ending;
  const kept = await attempt(settings, "error", issueOf(code), async () => {
    const number = await keepDriftIssue(settings, document, markdown);
    writeOutputs(settings.env, { "issue-number": number });
  });
  return kept ? ending : ending || 1;
};

const validate = async (settings) => {
  const given = settings.command === "validate" ? settings.args : [];
  const { code, text } = await report(
    settings,
    "validate",
    ["validate", ...given, "--policy", settings.policy],
    ["text", "github"],
  );
  const titles = { 0: "the policy is valid", 3: "a policy test fails" };
  const why = settings.command === "validate" ? "" : "Checked offline: this run gets no secrets.\n\n";
  writeSummary(
    settings.env,
    `### dbt IP restrictions: ${titles[code] ?? "the policy is not valid"}\n\n${why}${text === "" ? "" : fenced(text)}`,
  );
  writeOutputs(settings.env, {
    "exit-code": code,
    verdict: code === 0 ? "valid" : code === 3 ? "refused" : "error",
  });
  return code;
};

const audit = async (settings) => {
  if (settings.receipt === undefined)
    throw new Error(
      "The command audit needs the input receipt: the receipt of an apply, or a folder of them.",
    );
  const { code, document } = await verify(settings, settings.receipt);
  writeOutputs(settings.env, {
    "exit-code": code,
    verdict: document?.verdict ?? "error",
    "audit-verdict": document?.verdict ?? "error",
    receipt: settings.receipt,
  });
  return code;
};

export const commands = { plan, apply, drift, validate, audit };
