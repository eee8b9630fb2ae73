/** `plan`: what would change, who gains or loses access, in which steps. Reads only. */
import type { Command } from "commander";
import { failure } from "../../model/failure.js";
import { redact } from "../../model/secrets.js";
import { renderPlanText } from "../../render/plan-text.js";
import { planExitCode, planVerdict } from "../../render/verdict.js";
import { connectionOf, connectReadOnly } from "../connect.js";
import { shellWord } from "../file-words.js";
import { type GuardOptions, guardOptions, guardsOf } from "../guard-options.js";
import type { Io } from "../io.js";
import { requirePolicy } from "../load-policy.js";
import {
  byteCount,
  type ConnectionOptions,
  connectionOptions,
  type OutputOptions,
  outputOptions,
  type RehearsalOptions,
  rehearsalOptions,
} from "../options.js";
import { deliver, note, writeFileWhole } from "../output.js";
import { preparePlan } from "../prepare-plan.js";
import { ownerOnly } from "../write-target.js";

const formats = ["text", "json", "markdown", "github", "gitlab"] as const;

interface Options
  extends RehearsalOptions,
    ConnectionOptions,
    GuardOptions,
    OutputOptions<(typeof formats)[number]> {
  readonly out?: string;
  readonly detailedExitcode?: boolean;
  readonly maxBytes?: number;
}

/** Redacted, it would be another plan. */
const withoutToken = (text: string): string => {
  if (redact(text) === text) return text;
  throw failure(
    "token-in-plan",
    "The plan is not saved: it would hold the API token, as a name or a description of the policy or the account does",
    "Replace the token, since others can read it, and rename the rule",
  );
};

export const configure = (command: Command, io: Io): void => {
  outputOptions(guardOptions(connectionOptions(rehearsalOptions(command))), formats)
    .option("--out <file>", "save the plan for: dbt-ip-rules apply FILE")
    .option("--detailed-exitcode", "exit 2 where there is something to change")
    .option("--max-bytes <bytes>", "cut markdown to this size, whole rows at a time", byteCount)
    .action(async (options: Options) => {
      const wanted = await requirePolicy(io, options);
      const client = connectReadOnly(io, options, connectionOf(io, options, wanted.policy));
      const plan = await preparePlan(client, { ...wanted, ...guardsOf(command, options) }).finally(() =>
        client.close(),
      );
      if (options.out !== undefined) {
        const { writePlanFile } = await import("../../plan/plan-file.js");
        await writeFileWhole(io, options.out, withoutToken(writePlanFile(plan)), ownerOnly);
      }
      await deliver(io, options, {
        text: (look) => renderPlanText(plan, { ...look, policyFile: options.policy }),
        json: async () => (await import("../../render/plan-json.js")).renderPlanJson(plan),
        markdown: async () =>
          (await import("../../render/plan-markdown.js")).renderPlanMarkdown(plan, {
            policyFile: options.policy,
            ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
          }),
        github: async () =>
          (await import("../../render/plan-github.js")).renderPlanGithub(plan, {
            policyFile: options.policy,
          }),
        gitlab: async () => (await import("../../render/plan-gitlab.js")).renderPlanGitlab(plan),
      });
      if (options.out !== undefined)
        note(io, `The plan was saved. To apply it: dbt-ip-rules apply ${shellWord(options.out)}`);
      io.exitCode = planExitCode(planVerdict(plan), { detailed: options.detailedExitcode === true });
    });
};
