/** What the action gets: its inputs, the event, and the runner's own variables. All of it is text from outside. */
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { largest, readRegularFile } from "../files/read-file.js";

export type Environment = Readonly<Record<string, string | undefined>>;

const commandNames = ["plan", "apply", "drift", "validate", "audit"] as const;
export type CommandName = (typeof commandNames)[number];

interface Head {
  readonly sha?: string;
  /** Null where the fork was deleted. */
  readonly repo?: { readonly full_name?: string } | null;
}

/** Of GitHub's webhook payloads (docs.github.com, "Webhook events and payloads"), what the action reads. */
interface GithubEvent {
  readonly pull_request?: {
    readonly number?: number;
    readonly head?: Head;
    readonly base?: { readonly sha?: string };
  };
  /** An issue or a pull request: `issue_comment`, `issues`. */
  readonly issue?: { readonly number?: number; readonly pull_request?: object };
  readonly workflow_run?: { readonly head_repository?: { readonly full_name?: string } | null };
  /** `head_branch` is null where the commit was pushed to a fork. */
  readonly check_suite?: { readonly head_branch?: string | null };
  readonly check_run?: { readonly check_suite?: { readonly head_branch?: string | null } };
}

/**
 * Whose code a run works on. `ask`: the event names a pull request and not where it comes from, so GitHub must be
 * asked.
 */
type Origin =
  | { readonly kind: "own" }
  | { readonly kind: "outside"; readonly who: "a fork" | "Dependabot" }
  | { readonly kind: "ask"; readonly pull: number };

export interface Settings {
  readonly env: Environment;
  readonly event: GithubEvent;
  /** Absolute; the program runs here. */
  readonly workspace: string;
  /** A new folder, for the reports of this run. */
  readonly scratch: string;
  /** Where another version of the program may be installed. */
  readonly tools: string;
  readonly command: CommandName;
  /** Relative to `workspace`, so that annotations find their file. */
  readonly policy: string;
  /** Empty for the action's own. */
  readonly version: string;
  readonly planFile: string | undefined;
  readonly receipt: string | undefined;
  readonly host: string;
  readonly account: string;
  readonly token: string;
  readonly githubToken: string;
  readonly comment: boolean;
  /** Whether a plan is attached to the run as a page. */
  readonly page: boolean;
  readonly issue: boolean;
  readonly audit: boolean;
  readonly auditTimeout: string;
  readonly failOnDrift: boolean;
  readonly clientIps: readonly string[];
  readonly args: readonly string[];
  readonly origin: Origin;
  /** The commit that this run is about, or undefined where nobody says. */
  readonly commit: string | undefined;
}

const input = (env: Environment, name: string): string =>
  (env[`INPUT_${name.toUpperCase().replaceAll("-", "_")}`] ?? "").trim();

const oneOf = <T extends string>(name: string, text: string, choices: readonly T[]): T => {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new Error(`The input ${name} is ${JSON.stringify(text)}; it takes: ${choices.join(", ")}.`);
};

/** Every flag is on unless it is said otherwise. */
const flag = (env: Environment, name: string): boolean => {
  const text = input(env, name);
  return text === "" || oneOf(name, text, ["true", "false"]) === "true";
};

/** One argument a line: no quoting rules, no shell. */
const lines = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

// The runner writes this file; GithubEvent lists what GitHub documents, and every member of it may be absent.
const readEvent = (path: string | undefined): GithubEvent =>
  path ? (JSON.parse(readRegularFile(path, { most: largest.document }).toString("utf8")) as GithubEvent) : {};

/**
 * Decided by the event, not by the missing token: a secret that somebody forgot to set must fail. A fork stays without
 * secrets on events where GitHub would give them (`pull_request_target`, `workflow_run`, `issue_comment`): the policy
 * names a host, and the token is sent to it.
 */
const originOf = (event: GithubEvent, env: Environment): Origin => {
  const fork: Origin = { kind: "outside", who: "a fork" };
  const { pull_request: pull, workflow_run: run, issue } = event;
  const suite = event.check_suite ?? event.check_run?.check_suite;
  if (pull !== undefined && pull.head?.repo?.full_name !== env["GITHUB_REPOSITORY"]) return fork;
  if (run !== undefined && run.head_repository?.full_name !== env["GITHUB_REPOSITORY"]) return fork;
  if (suite !== undefined && typeof suite.head_branch !== "string") return fork;
  if (pull !== undefined && env["GITHUB_ACTOR"] === "dependabot[bot]")
    return { kind: "outside", who: "Dependabot" };
  if (pull === undefined && issue?.pull_request !== undefined)
    return { kind: "ask", pull: Number(issue.number) };
  return { kind: "own" };
};

const commitOf = (event: GithubEvent, env: Environment): string | undefined => {
  const sha = event.pull_request?.head?.sha ?? env["GITHUB_SHA"] ?? "";
  return /^[0-9a-f]{40,64}$/.test(sha) ? sha : undefined;
};

/** Throws where an input holds what it does not take. */
export const readSettings = (env: Environment): Settings => {
  const workspace = resolve(env["GITHUB_WORKSPACE"] || ".");
  const folder = resolve(workspace, input(env, "working-directory") || ".");
  const at = (name: string): string | undefined => {
    const text = input(env, name);
    return text === "" ? undefined : resolve(folder, text);
  };
  const base = env["RUNNER_TEMP"] || tmpdir();
  if (!existsSync(base)) mkdirSync(base);
  const event = readEvent(env["GITHUB_EVENT_PATH"]);
  return {
    env,
    event,
    workspace,
    scratch: mkdtempSync(join(base, "dbt-ip-rules-")),
    tools: base,
    command: oneOf("command", input(env, "command") || "plan", commandNames),
    policy: relative(workspace, resolve(folder, input(env, "policy") || "policy.yaml")),
    version: input(env, "version"),
    planFile: at("plan-file"),
    receipt: at("receipt"),
    host: input(env, "host"),
    account: input(env, "account"),
    token: input(env, "token"),
    githubToken: input(env, "github-token"),
    comment: flag(env, "comment"),
    page: flag(env, "page"),
    issue: flag(env, "issue"),
    audit: flag(env, "audit"),
    auditTimeout: input(env, "audit-timeout") || "60s",
    failOnDrift: flag(env, "fail-on-drift"),
    clientIps: input(env, "client-ip")
      .split(/[\s,]+/)
      .filter((address) => address !== ""),
    args: lines(env["INPUT_ARGS"] ?? ""),
    origin: originOf(event, env),
    commit: commitOf(event, env),
  };
};
