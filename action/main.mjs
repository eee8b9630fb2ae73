/**
 * The GitHub Action: settings in, one command of dbt-ip-rules run, its results handed to GitHub.
 * Everything arrives through the environment (action.yml), so no text of a pull request ever meets a shell.
 * Ends with the program's own exit code; the outputs and the summary are written before anything can fail later.
 */
import { commands } from "./commands.mjs";
import { problemLine } from "./github.mjs";
import { findProgram } from "./program.mjs";
import { annotation, writeOutputs } from "./results.mjs";
import { readSettings } from "./settings.mjs";

const main = async () => {
  const settings = readSettings(process.env);
  const fork = settings.withoutSecrets && settings.command !== "validate";
  if (fork)
    process.stdout.write(
      annotation(
        "notice",
        { title: "Checked offline only" },
        `This run comes from ${settings.withoutSecrets}, which gets no secrets: the policy is validated, not planned. A maintainer sees the plan after pushing the branch to this repository.`,
      ),
    );
  const program = findProgram(settings);
  const run = commands[fork ? "validate" : settings.command];
  return run({ ...settings, program });
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stdout.write(annotation("error", { title: "dbt-ip-rules" }, problemLine(error, process.env)));
  writeOutputs(process.env, { "exit-code": "1", verdict: "error" });
  process.exitCode = 1;
}
