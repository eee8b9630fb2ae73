/** `import`: the account's rules as a policy that plans to nothing. Never overwrites a file. */
import { access, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { hasErrors } from "../../model/diagnostic.js";
import { Failure, failure } from "../../model/failure.js";
import { checkSnapshot } from "../../plan/state.js";
import { mergeIntoPolicy, policyFromSnapshot } from "../../policy/import-policy.js";
import { connectReadOnly } from "../connect.js";
import type { Io } from "../io.js";
import { type ConnectionOptions, connectionOptions, debugOptions } from "../options.js";
import { note, noteDiagnostics, reasonOf, writeFileWhole } from "../output.js";

interface Options extends ConnectionOptions {
  readonly output?: string;
  readonly merge?: string;
  readonly group?: boolean;
  readonly color: boolean;
}

export const configure = (command: Command, io: Io): void => {
  debugOptions(
    connectionOptions(command)
      .option(
        "-o, --output <file>",
        "write the policy here; fails where the file exists (default: standard output)",
      )
      .option("--merge <file>", "add the rules that this policy lacks, in place, its comments untouched")
      .option("--group", "turn sets of prefixes that several rules share into networks"),
  ).action(async (options: Options) => {
    if (options.output !== undefined) await mustNotExist(io, options.output);
    const client = connectReadOnly(io, options);
    const snapshot = await client.readSnapshot();
    const diagnostics = checkSnapshot(snapshot);
    if (hasErrors(diagnostics)) throw new Failure(diagnostics);
    noteDiagnostics(io, diagnostics, options);
    if (options.merge !== undefined) {
      const before = await readFile(resolve(io.cwd, options.merge), "utf8").catch((error: unknown) => {
        throw failure(
          "policy-unreadable",
          `Cannot read the policy ${options.merge}: ${reasonOf(error)}`,
          undefined,
          {
            cause: error,
          },
        );
      });
      const merged = mergeIntoPolicy(before, snapshot);
      if (merged.text === before) {
        note(io, `${options.merge} names every rule of the account already.`);
        return;
      }
      await writeFileWhole(io, options.merge, merged.text);
      note(
        io,
        `${options.merge} was given ${merged.added.length} more of the account's rules. See them with: git diff`,
      );
      return;
    }
    const text = policyFromSnapshot(snapshot, { group: options.group === true });
    if (options.output === undefined) {
      io.stdout.write(text);
      return;
    }
    await mustNotExist(io, options.output);
    await writeFileWhole(io, options.output, text);
    note(
      io,
      `${snapshot.rules.length} rules were written to ${options.output}. Next: dbt-ip-rules plan --policy ${options.output}`,
    );
  });
};

const mustNotExist = async (io: Io, file: string): Promise<void> => {
  const exists = await access(resolve(io.cwd, file)).then(
    () => true,
    () => false,
  );
  if (exists)
    throw failure(
      "file-exists",
      `${file} exists, and import never overwrites`,
      "Name another file, or add the rules it lacks with --merge FILE",
    );
};
