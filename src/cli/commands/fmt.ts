/** `fmt`: the policy in canonical form, comments and order kept; `--check` only says whether it is. */
import type { Command } from "commander";
import { readPolicyBytes } from "../../files/load-policy.js";
import { isStandardInput } from "../../files/read-file.js";
import { writeWhole } from "../../files/write-file.js";
import { hasErrors } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { type ExitCode, exitCodes, Failure } from "../../model/failure.js";
import { policyFlag } from "../../model/shell.js";
import { formatPolicy } from "../../policy/format-policy.js";
import { parsePolicy } from "../../policy/parse-policy.js";
import type { Report } from "../../report/report.js";
import { debugOptions } from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import type { Io } from "../io.js";

interface Options {
  readonly policy: string;
  readonly check?: boolean;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  debugOptions(
    command
      .option("-p, --policy <file>", "the policy file", "policy.yaml")
      .option("--check", "write nothing; exit 2 if the file is not in canonical form"),
  );
  runs(command, io, program, format, { positional: true, atOnce: 1 });
};

const format = async (io: Io, options: Options): Promise<Report> => {
  const bytes = readPolicyBytes(io, options.policy);
  const { parsed, diagnostics } = parsePolicy(bytes, options.policy);
  if (parsed === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  const file = visible(options.policy);
  const before = new TextDecoder().decode(bytes);
  const after = formatPolicy(before);
  const done = (note: string, exitCode: ExitCode = exitCodes.done): Report => ({
    kind: "done",
    exitCode,
    notes: [note],
  });
  if (isStandardInput(options.policy) && options.check !== true) {
    io.stdout.write(after);
    return { kind: "done", exitCode: exitCodes.done };
  }
  if (before === after) return done(`${file} is in canonical form.`);
  const what =
    before.replaceAll("\r\n", "\n") === after
      ? "is in canonical form but for its line ends, which are CRLF instead of LF"
      : "is not in canonical form";
  if (options.check === true)
    return done(
      `${file} ${what}. To fix it: dbt-ip-rules fmt${policyFlag(options.policy)}`,
      exitCodes.differences,
    );
  await writeWhole(io, options.policy, after);
  return done(`${file} was put in canonical form.`);
};
