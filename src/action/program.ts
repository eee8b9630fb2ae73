/**
 * One call of the program, and its reports where GitHub shows them: the log, the annotations, the job summary.
 *
 * The program is the build that this file is part of (action.yml makes it where the checkout has none), so pinning the
 * action pins the program. The input `version` takes another one from npm, without install scripts.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { version as ownVersion } from "../cli/package.js";
import { type Code, isCode } from "../model/codes/index.js";
import type { PlanDocument } from "../plan/plan-document.js";
import type { ApplyDocument, AuditDocument } from "../report/json/apply.js";
import type { DriftDocument } from "../report/json/drift.js";
import type { DiagnosticsDocument } from "../report/json/json.js";
import { annotateDiagnostics, fenced, type ReportedDiagnostic, textOf, writeSummary } from "./job-output.js";
import type { Environment, Settings } from "./settings.js";

const packageName = "dbt-ip-rules";

/** Neither the inputs nor what is GitHub's concerns a child process. */
const withoutInputs = (env: Environment): Environment =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(INPUT_|ACTIONS_|GITHUB_TOKEN$|GH_TOKEN$)/.test(name)),
  );

/** The one for all accounts, its older name, and those of single accounts. */
const dbtToken = /^DBT_CLOUD_(API_)?TOKEN(_\d+)?$/;

const withoutSecrets = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(withoutInputs(env)).filter(([name]) => !dbtToken.test(name)));

/** The path of the package's main file, installed where it is not there yet. */
const install = ({ env, tools }: Settings, version: string): string => {
  const folder = join(tools, `${packageName}-${version}`);
  const main = join(folder, "node_modules", packageName, "dist", "cli", "main.js");
  if (existsSync(main)) return main;
  if (!existsSync(folder)) mkdirSync(folder);
  // A package of its own, so that npm reads neither the repository's .npmrc nor its package.json.
  writeFileSync(join(folder, "package.json"), '{"private": true}\n');
  const windows = process.platform === "win32";
  const { status, error } = spawnSync(
    windows ? "npm.cmd" : "npm",
    [
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--no-package-lock",
      "--loglevel=error",
      `${packageName}@${version}`,
    ],
    // Windows starts npm.cmd only through a shell; the version was matched against a pattern before.
    { cwd: folder, env: withoutSecrets(env), stdio: ["ignore", 2, 2], shell: windows },
  );
  if (error !== undefined || status !== 0 || !existsSync(main))
    throw new Error(`npm could not install ${packageName}@${version}: its messages are in the log above.`);
  return main;
};

/** The path of the program's main file. */
export const findProgram = (settings: Settings): string => {
  const wanted = settings.version || ownVersion;
  if (wanted === ownVersion) return fileURLToPath(new URL("../cli/main.js", import.meta.url));
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(wanted))
    throw new Error(
      `The input version is ${JSON.stringify(wanted)}; it takes an exact version such as ${ownVersion}, so that two runs run the same program.`,
    );
  return install(settings, wanted);
};

/** What the action touches of its process; tests hand in their own. */
export interface Runner {
  /** To the log. */
  print(text: string): void;
  /** Runs the program at this path; its standard error appears in the log as it comes. */
  runProgram(
    program: string,
    args: readonly string[],
    place: { readonly cwd: string; readonly env: Environment },
  ): Promise<{ readonly code: number; readonly stdout: string }>;
}

/** A run with its program found: what every command gets. */
export interface Job extends Settings, Runner {
  readonly program: string;
}

/** The dbt token is passed by the environment, never by an argument. The input wins over what the job has. */
const environment = ({ env, token }: Settings): Environment =>
  token === "" ? withoutInputs(env) : { ...withoutSecrets(env), DBT_CLOUD_TOKEN: token };

const signals = ["SIGINT", "SIGTERM"] as const;

/** In a process of its own. */
export const runProgram: Runner["runProgram"] = (program, args, { cwd, env }) =>
  new Promise((settle, fail) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    // A cancelled workflow interrupts this process: let an apply end its step and write its receipt.
    const forward = (signal: NodeJS.Signals): boolean => child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", fail);
    child.on("close", (code) => {
      for (const signal of signals) process.off(signal, forward);
      settle({ code: code ?? 1, stdout: Buffer.concat(chunks).toString("utf8") });
    });
  });

type ReportDocument = PlanDocument | ApplyDocument | DriftDocument | AuditDocument | DiagnosticsDocument;

/** Undefined where the program printed no JSON. `format` says which document it is. */
const parsed = (text: string): ReportDocument | undefined => {
  try {
    // The program's own output: the types above are those that its renderers are written in.
    return JSON.parse(text) as ReportDocument;
  } catch {
    return undefined;
  }
};

/** The document, where it is of this format. */
export const documentOf = <F extends ReportDocument["format"]>(
  document: ReportDocument | undefined,
  format: F,
): Extract<ReportDocument, { readonly format: F }> | undefined =>
  document?.format === format ? (document as Extract<ReportDocument, { readonly format: F }>) : undefined;

/** The program names variables and flags, where a workflow has inputs. */
const hints: Readonly<Partial<Record<Code, string>>> = {
  "token-missing":
    "The input token is empty: is the secret set in this repository, or in the environment that this job names?",
  "host-missing":
    "The input host is empty, and the policy names none: is the variable set that the workflow takes it from?",
};
const asSeenFromGithub = (diagnostic: ReportedDiagnostic): ReportedDiagnostic => {
  const { code } = diagnostic;
  const hint = isCode(code) ? hints[code] : undefined;
  return hint === undefined ? diagnostic : { ...diagnostic, hint };
};

export interface Ran {
  readonly code: number;
  readonly document: ReportDocument | undefined;
  readonly text: string;
  /** With its marker as the first line; empty where the command came to no verdict. */
  readonly markdown: string;
}

export const withoutMarker = (markdown: string): string => markdown.replace(/^<!--.*-->\n/, "");

/** Where a report of this run is in a format. */
export const reportFile = ({ scratch }: Pick<Settings, "scratch">, name: string, format: string): string =>
  join(scratch, `${name}.${format}`);

/**
 * Runs a command with JSON on standard output and `formats` in files, prints the text (where `print`) and the
 * annotations, and appends the markdown to the job summary.
 */
export const report = async (
  job: Job,
  name: string,
  args: readonly string[],
  formats: readonly ("text" | "markdown" | "github" | "html")[],
  print = true,
): Promise<Ran> => {
  const file = (format: string): string => reportFile(job, name, format);
  const writes = formats.flatMap((format) => ["--write", `${format}=${file(format)}`]);
  const { code, stdout } = await job.runProgram(
    job.program,
    [...args, "--no-color", "--format", "json", ...writes],
    { cwd: job.workspace, env: environment(job) },
  );
  const document = parsed(stdout);
  const failed = name === "validate" ? undefined : documentOf(document, "dbt-ip-rules/diagnostics");
  // Why a run failed was said on standard error; here it is said in the words of a workflow.
  const text = failed === undefined ? textOf(file("text")) : "";
  const markdown = failed === undefined ? textOf(file("markdown")) : "";
  if (print) job.print(text);
  job.print(
    failed === undefined
      ? textOf(file("github"))
      : annotateDiagnostics(failed.diagnostics.map(asSeenFromGithub)),
  );
  // The marker has no meaning outside a comment.
  if (markdown !== "") writeSummary(job.env, withoutMarker(markdown));
  if (failed !== undefined) {
    const said = failed.diagnostics.map(
      ({ code: kind, severity, message }) => `${severity}[${kind}]: ${message}`,
    );
    writeSummary(job.env, `### dbt IP restrictions: ${name} failed\n\n${fenced(said.join("\n"))}`);
  }
  return { code, document, text, markdown };
};
