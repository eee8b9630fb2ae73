/** `validate`: the policy by schema, meaning, lint and its own tests. Offline: needs no token. */
import type { Command } from "commander";
import type { Diagnostic } from "../../model/diagnostic.js";
import { type ExitCode, exitCodes } from "../../model/failure.js";
import type { Policy } from "../../policy/policy.js";
import { runPolicyTests } from "../../policy/policy-tests.js";
import {
  renderValidationText,
  type Validation,
  type ValidationVerdict,
  validationVerdict,
} from "../../render/validation-text.js";
import type { Io } from "../io.js";
import { loadPolicyFile } from "../load-policy.js";
import { type OutputOptions, outputOptions, type RehearsalOptions, rehearsalOptions } from "../options.js";
import { deliver } from "../output.js";
import { version } from "../version.js";

const formats = ["text", "json", "github", "sarif", "junit", "code-quality"] as const;
type Options = RehearsalOptions & OutputOptions<(typeof formats)[number]>;

/** The policy's own rules: offline nobody knows what else is on the account. */
export const ownEntries = (policy: Policy) =>
  policy.rules.flatMap(({ name, type, entries }) =>
    entries.map(({ prefix }) => ({ rule: name, type, prefix })),
  );

const exitCodeOf: Readonly<Record<ValidationVerdict, ExitCode>> = {
  valid: exitCodes.done,
  "tests-failed": exitCodes.refused,
  invalid: exitCodes.error,
};

export const configure = (command: Command, io: Io): void => {
  outputOptions(rehearsalOptions(command), formats).action(async (options: Options) => {
    const { policy, diagnostics } = await loadPolicyFile(io, options.policy, options.now ?? io.now());
    const tests = policy === undefined ? [] : runPolicyTests(policy, ownEntries(policy));
    const all: readonly Diagnostic[] = [...diagnostics, ...tests.flatMap((test) => test.diagnostics)];
    const validation: Validation = { file: options.policy, policy, tests, diagnostics: all };
    const tool = { version };
    await deliver(io, options, {
      text: (look) => renderValidationText(validation, look),
      json: async () => (await import("../../render/diagnostics-json.js")).renderDiagnosticsJson(all),
      github: async () => (await import("../../render/diagnostics-github.js")).renderDiagnosticsGithub(all),
      sarif: async () =>
        (await import("../../render/diagnostics-sarif.js")).renderDiagnosticsSarif(all, tool),
      junit: async () =>
        (await import("../../render/tests-junit.js")).renderTestsJunit(options.policy, all, tests),
      "code-quality": async () =>
        (await import("../../render/diagnostics-gitlab.js")).renderDiagnosticsGitlab(all),
    });
    io.exitCode = exitCodeOf[validationVerdict(validation)];
  });
};
