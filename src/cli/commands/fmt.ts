/** `fmt`: the policy in canonical form, comments and order kept; `--check` only says whether it is. */
import type { Command } from "commander";
import { isStandardInput } from "../../files/read-file.js";
import { hasErrors } from "../../model/diagnostic.js";
import { exitCodes, Failure } from "../../model/failure.js";
import { formatPolicy } from "../../policy/format-policy.js";
import { parsePolicy } from "../../policy/parse-policy.js";
import { shellWord, shownFile } from "../file-words.js";
import type { Io } from "../io.js";
import { readPolicyBytes } from "../load-policy.js";
import { debugOptions } from "../options.js";
import { note, writeFileWhole } from "../output.js";

interface Options {
  readonly policy: string;
  readonly check?: boolean;
}

export const configure = (command: Command, io: Io): void => {
  debugOptions(
    command
      .option("-p, --policy <file>", "the policy file", "policy.yaml")
      .option("--check", "write nothing; exit 2 where the file is not in canonical form"),
  ).action(async (options: Options) => {
    const bytes = readPolicyBytes(io, options.policy);
    const { parsed, diagnostics } = parsePolicy(bytes, options.policy);
    if (parsed === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
    const file = shownFile(options.policy);
    const before = new TextDecoder().decode(bytes);
    const after = formatPolicy(before);
    if (isStandardInput(options.policy) && options.check !== true) {
      io.stdout.write(after);
    } else if (before === after) {
      note(io, `${file} is in canonical form.`);
    } else if (options.check === true) {
      note(
        io,
        `${file} is not in canonical form. To mend it: dbt-ip-rules fmt --policy ${shellWord(options.policy)}`,
      );
      io.exitCode = exitCodes.differences;
    } else {
      await writeFileWhole(io, options.policy, after);
      note(io, `${file} was put in canonical form.`);
    }
  });
};
