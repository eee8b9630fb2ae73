/**
 * Finds the program, in this order: the action's own build, where the action was checked out built; else the npm
 * package in exactly the version asked for, which is by default the action's own, so that pinning the action pins
 * the program. The package brings its dependencies inside it and runs no install script.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const own = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const manifest = () => JSON.parse(readFileSync(own("package.json"), "utf8"));

const checkNode = () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(
    `The runner has Node ${process.versions.node}; 20.19 or newer is needed. Put actions/setup-node before this step.`,
  );
};

/** Neither the inputs nor what is GitHub's concerns a child process. */
const withoutInputs = (env) =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(INPUT_|ACTIONS_|GITHUB_TOKEN$|GH_TOKEN$)/.test(name)),
  );

/** The one for all accounts, its older name, and those of single accounts. */
const dbtToken = /^DBT_CLOUD_(API_)?TOKEN(_\d+)?$/;

/** The package manager needs no token of dbt's. */
const withoutSecrets = (env) =>
  Object.fromEntries(Object.entries(withoutInputs(env)).filter(([name]) => !dbtToken.test(name)));

const install = ({ env, tools }, name, version) => {
  const folder = join(tools, `${name}-${version}`);
  const main = join(folder, "node_modules", name, "dist", "cli", "main.js");
  if (existsSync(main)) return main;
  mkdirSync(folder, { recursive: true });
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
      `${name}@${version}`,
    ],
    // Windows starts npm.cmd only through a shell; the version was matched against a pattern above.
    { cwd: folder, env: withoutSecrets(env), stdio: ["ignore", 2, 2], shell: windows },
  );
  if (error !== undefined || status !== 0 || !existsSync(main))
    throw new Error(`npm could not install ${name}@${version}: its messages are in the log above.`);
  return main;
};

/** The path of the program's main file. */
export const findProgram = (settings) => {
  checkNode();
  const { name, version } = manifest();
  const wanted = settings.version || version;
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(wanted))
    throw new Error(
      `The input version is ${JSON.stringify(wanted)}; it takes an exact version such as ${version}, so that two runs run the same program.`,
    );
  const built = own("dist/cli/main.js");
  return wanted === version && existsSync(built) ? built : install(settings, name, wanted);
};

/** The dbt token goes in by the environment, never by an argument. The input wins over what the job has. */
const environment = ({ env, token }) =>
  token === "" ? withoutInputs(env) : { ...withoutSecrets(env), DBT_CLOUD_TOKEN: token };

/** Runs the program; its standard error goes to the log as it comes. Answers exit code and standard output. */
export const runProgram = (settings, args) =>
  new Promise((settle, fail) => {
    const child = spawn(process.execPath, [settings.program, ...args], {
      cwd: settings.workspace,
      env: environment(settings),
      stdio: ["ignore", "pipe", "inherit"],
    });
    // A cancelled workflow interrupts this process: let an apply end its step and write its receipt.
    const forward = (signal) => child.kill(signal);
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, forward);
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.on("error", fail);
    child.on("close", (code) => {
      for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, forward);
      settle({ code: code ?? 1, stdout: Buffer.concat(chunks).toString("utf8") });
    });
  });
