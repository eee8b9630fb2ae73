/** What the action was told: its inputs, the event, and the runner's own variables. All of it is text from outside. */
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

const known = ["plan", "apply", "drift", "validate", "audit"];

const oneOf = (name, text, choices) => {
  if (choices.includes(text)) return text;
  throw new Error(`The input ${name} is ${JSON.stringify(text)}; it takes: ${choices.join(", ")}.`);
};

const flag = (env, name, fallback) => {
  const text = input(env, name);
  return text === "" ? fallback : oneOf(name, text, ["true", "false"]) === "true";
};

const input = (env, name) => (env[`INPUT_${name.toUpperCase().replaceAll("-", "_")}`] ?? "").trim();

const readEvent = (path) => {
  if (!path) return {};
  return JSON.parse(readFileSync(path, "utf8"));
};

/**
 * Why this run gets no secrets, or undefined. Decided by the event, not by the missing token: a secret that somebody
 * forgot to set must fail. A fork stays without them on `pull_request_target` too, where GitHub would give them:
 * the policy names a host, and the token is sent to it.
 */
const reasonWithoutSecrets = (event, env) => {
  const repository = env.GITHUB_REPOSITORY;
  if (event.pull_request !== undefined && event.pull_request.head?.repo?.full_name !== repository)
    return "a fork";
  if (event.workflow_run !== undefined && event.workflow_run.head_repository?.full_name !== repository)
    return "a fork";
  if (event.pull_request !== undefined && env.GITHUB_ACTOR === "dependabot[bot]") return "Dependabot";
  return undefined;
};

/** One argument a line: no quoting rules, no shell. */
const lines = (text) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const commitOf = (event, env) => {
  const sha = event.pull_request?.head?.sha ?? env.GITHUB_SHA ?? "";
  return /^[0-9a-f]{40,64}$/.test(sha) ? sha : undefined;
};

export const readSettings = (env) => {
  const workspace = resolve(env.GITHUB_WORKSPACE || ".");
  const folder = resolve(workspace, input(env, "working-directory") || ".");
  const at = (name) => {
    const text = input(env, name);
    return text === "" ? undefined : resolve(folder, text);
  };
  const base = env.RUNNER_TEMP || tmpdir();
  mkdirSync(base, { recursive: true });
  const event = readEvent(env.GITHUB_EVENT_PATH);
  return {
    env,
    event,
    workspace,
    scratch: mkdtempSync(join(base, "dbt-ip-rules-")),
    tools: base,
    command: oneOf("command", input(env, "command") || "plan", known),
    // Relative to the repository, so that annotations find their file.
    policy: relative(workspace, resolve(folder, input(env, "policy") || "policy.yaml")),
    version: input(env, "version"),
    planFile: at("plan-file"),
    receipt: at("receipt"),
    host: input(env, "host"),
    account: input(env, "account"),
    token: input(env, "token"),
    githubToken: input(env, "github-token"),
    comment: flag(env, "comment", true),
    issue: flag(env, "issue", true),
    audit: flag(env, "audit", true),
    auditTimeout: input(env, "audit-timeout") || "60s",
    failOnDrift: flag(env, "fail-on-drift", true),
    clientIps: input(env, "client-ip")
      .split(/[\s,]+/)
      .filter((address) => address !== ""),
    args: lines(env.INPUT_ARGS ?? ""),
    withoutSecrets: reasonWithoutSecrets(event, env),
    commit: commitOf(event, env),
  };
};
