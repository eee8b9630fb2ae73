/** `validate`: the policy by schema, meaning, lint and its own tests. Offline: needs no token. */
import type { Command } from "commander";
import { loadPolicyFile } from "../../files/load-policy.js";
import type { Policy } from "../../policy/policy.js";
import { runPolicyTests } from "../../policy/policy-tests.js";
import type { Report } from "../../report/report.js";
import {
  type OutputOptions,
  outputOptions,
  type RehearsalOptions,
  rehearsalOptions,
} from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import type { Io } from "../io.js";

type Options = RehearsalOptions & OutputOptions;

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

export const configure = (command: Command, io: Io, program: Program): void => {
  outputOptions(rehearsalOptions(command), "validation").option(
    "--list-files",
    "only print every file that the policy reads, one a line",
  );
  runs(command, io, program, validate, { positional: true, atOnce: 4, matrix: true });
};
