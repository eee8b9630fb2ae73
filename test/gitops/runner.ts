/**
 * Runs the steps of action.yml as GitHub's runner does: inputs with their defaults, expressions replaced in `env:`
 * and nowhere else, each script by the runner's own bash command line, outputs read back from its file. Or, where no
 * test is about shells and processes, the action and the program in this process, with the same variables and files.
 */
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { runAction } from "../../src/action/action.js";
import { dbtIpRules } from "../cli/world.js";
import { atEnd, oncePerFile } from "../endings.js";

/** Of action.yml, what the tests read. */
export interface ActionFile {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly id: string;
      readonly env?: Readonly<Record<string, string>>;
      /** Absent: the step is another action, which the tests do not run. */
      readonly run?: string;
      readonly uses?: string;
      readonly if?: string;
      readonly with?: Readonly<Record<string, unknown>>;
    }[];
  };
}

export const actionFile = parse(readFileSync("action.yml", "utf8")) as ActionFile;

/** A new folder, gone after the tests of the file. */
export const newFolder = (name: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `gitops-test-${name}-`));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** `${{ a.b.c }}` and `${{ a.b || c.d }}`, replaced by what `values` holds under the path; unknown paths throw. */
export const substitute = (text: string, values: Readonly<Record<string, string | undefined>>): string =>
  text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    for (const path of expression.split("||").map((part) => part.trim())) {
      if (!(path in values)) throw new Error(`no value for the expression ${path}`);
      if (values[path]) return values[path];
    }
    return "";
  });

/** As the runner reads GITHUB_OUTPUT: the last value of a name counts. */
const readOutputs = (text: string): Record<string, string> => {
  const outputs: Record<string, string> = {};
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const [, name, delimiter] = /^(\S+?)<<(.+)$/.exec(line) ?? [];
    if (name === undefined) {
      if (line !== "") throw new Error(`not an output: ${line}`);
      continue;
    }
    const end = lines.indexOf(delimiter ?? "", at + 1);
    if (end < 0) throw new Error(`the output ${name} does not end`);
    outputs[name] = lines.slice(at + 1, end).join("\n");
    at = end;
  }
  return outputs;
};

/** What git would check out of this work tree: no build, no packages. */
export const sourcesOf = (folder: string): void => {
  const options = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const files = execFileSync("git", options, { encoding: "utf8" }).split("\0");
  for (const file of files)
    if (file !== "" && !file.startsWith("test/") && existsSync(file)) cpSync(file, join(folder, file));
};

/** The repository's action as `uses:` would check it out; with its build, or from the sources alone. */
export const checkOutAction = (options: { readonly built: boolean }): string => {
  const folder = newFolder("action");
  if (options.built)
    for (const name of ["action.yml", "package.json", "dist"])
      cpSync(resolve(name), join(folder, name), { recursive: true });
  else sourcesOf(folder);
  return folder;
};

/**
 * An `npm` for the front of the path that notes each call with its environment, and whose `ci` runs the shell command
 * `ci` instead: by default it takes this project's packages.
 */
export const npmOnPath = (
  ci = `ln -s '${resolve("node_modules")}' node_modules`,
): { readonly path: string; readonly calls: () => string } => {
  const folder = newFolder("npm");
  const log = join(folder, "calls");
  writeFileSync(
    join(folder, "npm"),
    `#!/bin/sh\n{ echo "npm $*"; env; } >> '${log}'\nif [ "$1" = ci ]; then ${ci}; exit; fi\nPATH='${process.env["PATH"]}' exec npm "$@"\n`,
  );
  chmodSync(join(folder, "npm"), 0o755);
  return {
    path: `${folder}:${process.env["PATH"]}`,
    calls: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
  };
};

/** The same, built. */
export const builtAction = oncePerFile(() => checkOutAction({ built: true }));

const home = oncePerFile(() => newFolder("home"));

export interface Ran {
  readonly code: number;
  /** Both streams, as the log has them. */
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

export interface RunnerOptions {
  readonly action: string;
  readonly workspace: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly githubToken?: string;
  readonly event?: unknown;
  readonly env?: Readonly<Record<string, string>>;
}

const bash = (
  script: string,
  cwd: string,
  env: Record<string, string>,
): Promise<{ code: number; log: string }> => {
  const file = join(newFolder("step"), "script.sh");
  writeFileSync(file, script);
  const child = spawn("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", file], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  return new Promise((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code) => settle({ code: code ?? 1, log }));
  });
};

export const runScript = (
  script: string,
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<{ code: number; log: string }> =>
  bash(script, options.cwd, { PATH: process.env.PATH ?? "", HOME: home(), ...options.env });

type Step = ActionFile["runs"]["steps"][number] & { readonly run: string };
type RunStep = (
  step: Step,
  place: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
) => Promise<{ code: number; log: string }>;

/** The step `run` in this process; `build` has nothing to build. */
const stepHere: RunStep = async (step, { cwd, env }) => {
  if (step.id === "build") return { code: 0, log: "" };
  const own = resolve("src/cli/main.js");
  let log = "";
  const print = (text: string): void => {
    log += text;
  };
  const code = await runAction(
    { HOME: home(), ...env },
    {
      print,
      runProgram: async (program, args, place) => {
        if (program !== own || place.cwd !== cwd) throw new Error(`not the program, or not here: ${program}`);
        const ended = await dbtIpRules({ cwd, bare: true, env: place.env, onSaid: print }, ...args);
        return { code: ended.code, stdout: ended.stdout };
      },
    },
  );
  return { code, log };
};

/** As GitHub's runner does: bash, the build, the built program. */
export const runSteps = (options: RunnerOptions): Promise<Ran> =>
  runWith((step, place) => runScript(step.run, place), options);

export const runHere = (options: RunnerOptions): Promise<Ran> => runWith(stepHere, options);

const runWith = async (runStep: RunStep, options: RunnerOptions): Promise<Ran> => {
  const temp = newFolder("runner");
  const file = (name: string, text = ""): string => {
    writeFileSync(join(temp, name), text);
    return join(temp, name);
  };
  for (const name of Object.keys(options.inputs))
    if (!(name in actionFile.inputs)) throw new Error(`action.yml has no input ${name}`);
  const values: Record<string, string> = { "github.token": options.githubToken ?? "" };
  for (const [name, { default: fallback = "" }] of Object.entries(actionFile.inputs))
    values[`inputs.${name}`] = options.inputs[name] ?? substitute(fallback, values);
  mkdirSync(join(temp, "temp"));
  const runner = {
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_ACTION_PATH: options.action,
    GITHUB_WORKSPACE: options.workspace,
    GITHUB_EVENT_PATH: file("event.json", JSON.stringify(options.event ?? {})),
    GITHUB_OUTPUT: file("output"),
    GITHUB_STEP_SUMMARY: file("summary"),
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_RUN_ID: "4711",
    RUNNER_TEMP: join(temp, "temp"),
    ...options.env,
  };
  let log = "";
  let code = 0;
  const outputs: Record<string, string> = {};
  for (const { run, ...step } of actionFile.runs.steps) {
    if (run === undefined) continue;
    const env: Record<string, string> = { ...runner };
    for (const [name, text] of Object.entries(step.env ?? {})) env[name] = substitute(text, values);
    const ended = await runStep({ ...step, run }, { cwd: options.workspace, env });
    log += ended.log;
    code = ended.code;
    for (const [name, value] of Object.entries(readOutputs(readFileSync(runner.GITHUB_OUTPUT, "utf8"))))
      outputs[`steps.${step.id}.outputs.${name}`] = value;
    if (code !== 0) break;
  }
  const known = Object.fromEntries(
    Object.entries(actionFile.outputs).map(([name, { value }]) => {
      const path = value.replace(/^\$\{\{\s*|\s*\}\}$/g, "");
      return [name, outputs[path] ?? ""];
    }),
  );
  return { code, log, outputs: known, summary: readFileSync(runner.GITHUB_STEP_SUMMARY, "utf8") };
};
