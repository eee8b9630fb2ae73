/** `validate`: the policy by schema, meaning, lint and its own tests. Offline: needs no token. */
import type { Command } from "commander";
import { filesReadBy, loadPolicyFile } from "../../files/load-policy.js";
import type { Diagnostic } from "../../model/diagnostic.js";
import { jsonText, scriptLine } from "../../model/escape.js";
import { type ExitCode, exitCodes, Failure, failure } from "../../model/failure.js";
import type { Policy } from "../../policy/policy.js";
import { runPolicyTests } from "../../policy/policy-tests.js";
import type { Report } from "../../report/report.js";
import { verdicts } from "../../report/verdicts.js";
import {
  type OutputOptions,
  outputOptions,
  type RehearsalOptions,
  rehearsalOptions,
} from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import { type Io, noteDiagnostics } from "../io.js";
import { printText } from "../outcome.js";

interface Options extends RehearsalOptions, OutputOptions {
  readonly listFiles?: boolean;
}

/** The policy's own rules: offline nobody knows what else is on the account. */
const ownEntries = (policy: Policy) =>
  policy.rules.flatMap(({ name, type, entries }) =>
    entries.map(({ prefix }) => ({ rule: name, type, prefix })),
  );

const validate = async (io: Io, options: Options): Promise<Report> => {
  const { policy, diagnostics } = await loadPolicyFile(io, options.policy, options.now ?? io.now());
  const tests = policy === undefined ? [] : runPolicyTests(policy, ownEntries(policy));
  return {
    kind: "validation",
    validation: {
      file: options.policy,
      policy,
      tests,
      diagnostics: [...diagnostics, ...tests.flatMap((test) => test.diagnostics)],
    },
  };
};

/**
 * `validate --list-files`: every file that the policies read, each once, in the order in which they name them. What is wrong
 * with a policy is said on standard error: the list may lack what it was to name.
 */
const listFiles = async (
  io: Io,
  options: Pick<Options, "format" | "output" | "color" | "now">,
  policies: readonly string[],
): Promise<ExitCode> => {
  const errors: Diagnostic[] = [];
  const read: { readonly policy: string; readonly files: readonly string[] }[] = [];
  for (const policy of policies) {
    const found = await filesAndErrors(io, policy, options.now ?? io.now());
    read.push({ policy, files: found.files });
    errors.push(...found.errors);
  }
  const files = [...new Set(read.flatMap((one) => one.files))];
  const isJson = options.format === "json";
  const unlisted = isJson ? [] : files.filter((file) => /[\n\r\u0085\u2028\u2029]/.test(file));
  errors.push(
    ...unlisted.flatMap((file) => failure("bad-option", { kind: "lines-in-name", file }).diagnostics),
  );
  noteDiagnostics(io, errors, options);
  const [ok, error] = verdicts.files;
  const verdict = errors.length === 0 ? ok : error;
  const document = { format: "dbt-ip-rules/files", version: 1, verdict, files, policies: read };
  const lines = files.filter((file) => !unlisted.includes(file)).map((file) => `${scriptLine(file)}\n`);
  const written = await printText(io, options, isJson ? `${jsonText(document, 2)}\n` : lines.join(""));
  return errors.length === 0 ? written : exitCodes.error;
};

const filesAndErrors = async (
  io: Io,
  policy: string,
  now: Date,
): Promise<{ readonly files: readonly string[]; readonly errors: readonly Diagnostic[] }> => {
  try {
    const files = filesReadBy(io, policy);
    const { diagnostics } = await loadPolicyFile(io, policy, now);
    return { files, errors: diagnostics.filter(({ severity }) => severity === "error") };
  } catch (error) {
    if (error instanceof Failure) return { files: [], errors: error.diagnostics };
    throw error;
  }
};

export const configure = (command: Command, io: Io, program: Program): void => {
  outputOptions(rehearsalOptions(command), "validation").option(
    "--list-files",
    "only print the files that the policy reads, one per line",
  );
  runs(command, io, program, validate, {
    positional: true,
    atOnce: 4,
    matrix: true,
    instead: (own, options, policies) => {
      // Those of this command, as for its run.
      const given = options as Options;
      return given.listFiles === true ? listFiles(own, given, policies) : undefined;
    },
  });
};
