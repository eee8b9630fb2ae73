/** `validate`: the policy by schema, meaning, lint and its own tests. Offline: needs no token. */
import type { Command } from "commander";
import { type Diagnostic, hasErrors } from "../../model/diagnostic.js";
import { exitCodes } from "../../model/failure.js";
import type { Policy } from "../../policy/policy.js";
import { runPolicyTests } from "../../policy/policy-tests.js";
import { renderDiagnosticsJson } from "../../render/diagnostics-json.js";
import { renderValidationText } from "../../render/validation-text.js";
import type { Io } from "../io.js";
import { loadPolicyFile } from "../load-policy.js";
import { type OutputOptions, outputOptions, type PolicyOptions, policyOptions } from "../options.js";
import { deliver } from "../output.js";
import { version } from "../version.js";

const formats = ["text", "json", "github", "sarif", "junit", "code-quality"] as const;
type Options = PolicyOptions & OutputOptions<(typeof formats)[number]>;

/** The policy's own rules: offline nobody knows what else is on the account. */
export const ownEntries = (policy: Policy) =>
  policy.rules.flatMap(({ name, type, entries }) =>
    entries.map(({ prefix }) => ({ rule: name, type, prefix })),
  );

export const configure = (command: Command, io: Io): void => {
  outputOptions(policyOptions(command), formats).action(async (options: Options) => {
    const { policy, diagnostics } = await loadPolicyFile(io, options.policy, options.now ?? io.now());
    const tests = policy === undefined ? [] : runPolicyTests(policy, ownEntries(policy));
    const all: readonly Diagnostic[] = [...diagnostics, ...tests.flatMap((test) => test.diagnostics)];
    const tool = { version };
    await deliver(io, options, {
      text: (look) => renderValidationText({ file: options.policy, policy, tests, diagnostics: all }, look),
      json: () => renderDiagnosticsJson(all),
      github: async () => (await import("../../render/diagnostics-github.js")).renderDiagnosticsGithub(all),
      sarif: async () =>
        (await import("../../render/diagnostics-sarif.js")).renderDiagnosticsSarif(all, tool),
      junit: async () =>
        (await import("../../render/tests-junit.js")).renderTestsJunit(options.policy, all, tests),
      "code-quality": async () =>
        (await import("../../render/diagnostics-gitlab.js")).renderDiagnosticsGitlab(all),
    });
    if (tests.some(({ passed }) => !passed)) io.exitCode = exitCodes.refused;
    if (policy === undefined || hasErrors(diagnostics)) io.exitCode = exitCodes.error;
  });
};
