/** `init`: a first policy, workflows and the editor's setting. Asks little, and never overwrites a file. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, isAbsolute, posix, relative, resolve, sep } from "node:path";
import { type Command, Option } from "commander";
import { parseHost } from "../../dbt/connection.js";
import { cannotWrite } from "../../files/io-errors.js";
import { largest, readRegularFile } from "../../files/read-file.js";
import { makeFolderFor } from "../../files/write-file.js";
import { hintOf } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { exitCodes, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { policyFlag, shellWord } from "../../model/shell.js";
import type { Report } from "../../report/report.js";
import { debugOptions } from "../arguments/options.js";
import { canAsk, openQuestions, type Questions } from "../ask.js";
import { type Program, runs } from "../command.js";
import { type Io, note } from "../io.js";
import { readPackageFile, schemaFile } from "../package.js";

/** What the user has answered, by flags or to questions. */
interface FirstAnswers {
  readonly account?: string;
  readonly host?: string;
  /** Where the policy goes, as the user named it. */
  readonly policy: string;
  readonly ci: Ci;
}

const cis = ["github", "gitlab", "none"] as const;
type Ci = (typeof cis)[number];

interface FirstFile {
  readonly name: string;
  readonly text: string;
}

const asPosix = (path: string): string => path.split(sep).join(posix.sep);

const policyText = ({ account, host, policy }: FirstAnswers): string => {
  const given = [
    ...(account === undefined ? [] : [`  id: ${account}`]),
    ...(host === undefined ? [] : [`  host: ${host}`]),
  ];
  const text = readPackageFile("examples/init/policy.yaml").replace(
    "../../schemas/policy.schema.json",
    asPosix(relative(dirname(policy), schemaFile)),
  );
  if (given.length === 0) return text;
  return text.replace(/# account:\n#.*\n#.*\n/, () => `account:\n${given.join("\n")}\n`);
};

const workflowFolder = ".github/workflows";
const gitlabFile = ".gitlab-ci.yml";

/** Quoted as JSON where YAML could read the name as something else. */
const inYaml = (name: string): string => (/^[A-Za-z0-9_./-]+$/.test(name) ? name : JSON.stringify(name));

/**
 * All that a policy reads is in its folder or below, so this misses nothing; without a folder of its own, or with one that a
 * pattern cannot name, there is no filter.
 */
const pathFilter = (policy: string): string => {
  const folder = posix.dirname(policy);
  return folder === "." || /[*?[\]!+\\]/.test(folder) ? "" : `    paths: [${inYaml(`${folder}/**`)}]\n`;
};

/**
 * The workflows of examples/github. The host is named in them and not by the policy alone, so that no policy in a pull
 * request can send a token elsewhere.
 */
const workflowFiles = ({ host }: FirstAnswers, policy: string): readonly FirstFile[] => {
  const withHost = (text: string): string =>
    host === undefined
      ? text
      : text
          .replace(/^# .*the variable DBT_HOST .*\n/m, "")
          .replace(/\$\{\{ vars\.DBT_HOST \}\}/g, () => host);
  return ["pull-request", "apply", "drift", "expire"].map((name) => ({
    name: `${workflowFolder}/ip-restrictions-${name}.yml`,
    text: withHost(readPackageFile(`examples/github/${name}.yml`))
      .replace(/^ {2}pull_request:\n| {4}branches: \[main\]\n/m, (line) => `${line}${pathFilter(policy)}`)
      .replace(/^( +)command: .*\n/gm, (line, indent) =>
        policy === "policy.yaml" ? line : `${line}${indent}policy: ${inYaml(policy)}\n`,
      ),
  }));
};

/** The pipeline of examples/gitlab; its host is a variable of the project, which counts for more than one in the file. */
const gitlabFiles = (policy: string): readonly FirstFile[] => [
  {
    name: gitlabFile,
    text: readPackageFile("examples/gitlab/.gitlab-ci.yml").replace(
      "POLICY: policy.yaml",
      () => `POLICY: ${inYaml(policy)}`,
    ),
  },
];

const pipelineFiles = (answers: FirstAnswers, policy: string): readonly FirstFile[] => {
  if (answers.ci === "github") return workflowFiles(answers, policy);
  return answers.ci === "gitlab" ? gitlabFiles(policy) : [];
};

/** Receipts and resumed exports: of this machine, and with names and addresses of people in them. */
const ignored = ".dbt-ip-rules/";

/** One that cannot be read lacks nothing that could be said. */
const gitignoreOf = (io: Io): string => {
  try {
    return readRegularFile(resolve(io.cwd, ".gitignore"), { most: largest.note }).toString("utf8");
  } catch {
    return ignored;
  }
};

/** A `.gitignore` that is there is left alone: its owner is told what it lacks. */
const noteIgnored = (io: Io): void => {
  const text = gitignoreOf(io);
  if (!text.split("\n").some((line) => /^\/?\.dbt-ip-rules\/?\s*$/.test(line)))
    note(io, `Add a line to .gitignore, since receipts name people: ${ignored}`);
};

/** In the order in which they are written. */
const firstFiles = (answers: FirstAnswers): readonly FirstFile[] => {
  const name = asPosix(answers.policy);
  return [
    { name: answers.policy, text: policyText(answers) },
    ...pipelineFiles(answers, name),
    { name: ".gitignore", text: `${ignored}\n` },
    { name: schemaFile, text: readPackageFile("schemas/policy.schema.json") },
    {
      name: ".vscode/settings.json",
      text: readPackageFile("examples/init/vscode-settings.json").replace('"policy.yaml"', () =>
        JSON.stringify(name),
      ),
    },
  ];
};

interface Options {
  readonly account?: string;
  readonly host?: string;
  readonly policy: string;
  readonly ci: Ci;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  debugOptions(
    command
      .option("--account <id>", "the account id (asked for on a terminal)")
      .option("--host <host>", "the account's access URL (asked for on a terminal)")
      .option("-p, --policy <file>", "where the policy goes, in this folder or below", "policy.yaml")
      .addOption(new Option("--ci <system>", "which CI pipeline to write").choices(cis).default("github")),
  );
  runs(command, io, program, init);
};

/** What is wrong with an answer, or undefined. */
const accountProblem = (text: string): string | undefined =>
  /^[1-9]\d{0,14}$/.test(text)
    ? undefined
    : "An account id is a number, such as 66847 in .../deploy/66847/...";

const hostProblem = (text: string): string | undefined => {
  const parsed = parseHost(text, "the answer");
  return "host" in parsed ? undefined : hintOf(parsed.problem);
};

const init = async (io: Io, options: Options): Promise<Report> => {
  const inside = relative(io.cwd, resolve(io.cwd, options.policy));
  if (inside === "" || inside.startsWith("..") || isAbsolute(inside))
    throw failure("bad-option", { kind: "policy-elsewhere", policy: options.policy });
  const { account, host } = await answers(io, options);
  const files = firstFiles({
    policy: inside,
    ci: options.ci,
    ...present({ account, host: host && hostName(host) }),
  });
  const written: string[] = [];
  for (const file of files) if (await writeNew(io, file)) written.push(file.name);
  noteIgnored(io);
  const known = account !== undefined && host !== undefined;
  return {
    kind: "done",
    exitCode: exitCodes.done,
    notes: [nextText(inside, { written, known, hostKnown: host !== undefined })],
  };
};

const hostName = (text: string): string => {
  const parsed = parseHost(text, "--host");
  return "host" in parsed ? parsed.host.host : text;
};

/** From the flags; what they do not say is asked for where somebody is there, and may stay open. */
const answers = async (io: Io, options: Options): Promise<Pick<Options, "account" | "host">> => {
  if (options.account !== undefined && accountProblem(options.account) !== undefined)
    throw failure("bad-option", { kind: "account-not-a-number" });
  if (options.host !== undefined && hostProblem(options.host) !== undefined)
    throw failure("bad-option", { kind: "host-unusable" });
  // A policy that is there, and stays, says itself which account it is for.
  if (!canAsk(io) || existsSync(resolve(io.cwd, options.policy))) return options;
  const questions = openQuestions(io);
  try {
    const account = options.account ?? (await answer(io, questions, "Account id", accountProblem));
    const host =
      options.host ?? (await answer(io, questions, "Access URL, such as ab123.us1.dbt.com", hostProblem));
    return { ...present({ account, host }) };
  } finally {
    questions.close();
  }
};

type ProblemOf = (text: string) => string | undefined;

/** Undefined where the user leaves it for later. */
const answer = async (
  io: Io,
  questions: Questions,
  question: string,
  problemOf: ProblemOf,
): Promise<string | undefined> => {
  for (;;) {
    const text = await questions.ask(`${question} (empty: later): `);
    if (text === undefined) throw failure("interrupted", { at: "questions" });
    if (text === "") return undefined;
    const problem = problemOf(text);
    if (problem === undefined) return text;
    note(io, problem);
  }
};

/** False where the name is taken already: the file stays as it is. */
const writeNew = async (io: Io, { name, text }: FirstFile): Promise<boolean> => {
  const path = resolve(io.cwd, name);
  try {
    await makeFolderFor(path);
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      note(io, `kept   ${visible(name)} (it exists)`);
      return false;
    }
    throw cannotWrite(name, error);
  }
  note(io, `wrote  ${visible(name)}`);
  return true;
};

/** All that the workflows read of the repository's settings. */
const githubSettings = (hostKnown: boolean): string =>
  `Before you commit ${workflowFolder}/, replace OWNER in each file by the owner of the
repository that you use the action from. Settings that the workflows need:
  Secrets and variables, Actions
    secret DBT_PLAN_TOKEN    a token that may read${hostKnown ? "" : "\n    variable DBT_HOST        the access URL"}
    variable DBT_RUNNER      the label of runners with a fixed address
    variable DBT_RUNNER_IP   that address: no plan may lock it out
  Environments, each with the secret DBT_APPLY_TOKEN, a token that may write
    dbt-production           with required reviewers
    dbt-expiry               for the branch main only, without reviewers`;

const gitlabSettings = `Before you commit ${gitlabFile}, replace OWNER by the owner of the repository that
you use the program from. Settings, CI/CD, Variables (masked):
  DBT_CLOUD_HOST_URL   the access URL
  DBT_PLAN_TOKEN       a token that may read
  DBT_APPLY_TOKEN      a token that may write; protected
  DBT_RUNNER_IP        the address of your runners, if it is fixed: no plan may lock it out
Build, Pipeline schedules: one for drift, and one every hour with DBT_EXPIRE=yes.`;

const nextText = (
  policy: string,
  {
    written,
    known,
    hostKnown,
  }: { readonly written: readonly string[]; readonly known: boolean; readonly hostKnown: boolean },
): string => {
  const where = known || !written.includes(policy) ? "" : " --host YOUR_ACCESS_URL --account YOUR_ACCOUNT_ID";
  const pipeline = [
    ...(written.includes(gitlabFile) ? [gitlabSettings] : []),
    ...(written.some((file) => file.startsWith(`${workflowFolder}/`)) ? [githubSettings(hostKnown)] : []),
  ]
    .map((text) => `\n\n${text}`)
    .join("");
  const flag = policyFlag(policy);
  const fill = written.includes(policy) ? `\n  dbt-ip-rules import --merge ${shellWord(policy)}${where}` : "";
  return `
Next, with a token of Account Admin or Security Admin:
  export DBT_CLOUD_TOKEN=...${fill}
  dbt-ip-rules validate${flag}
  dbt-ip-rules plan${flag}${where}${pipeline}`;
};
