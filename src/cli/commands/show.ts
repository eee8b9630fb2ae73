/** `show FILE`: a saved plan. `show` alone: the account as it is. Reads only. */
import type { Command } from "commander";
import { failure } from "../../model/failure.js";
import type { Snapshot } from "../../model/snapshot.js";
import { renderAccountJson, renderAccountText } from "../../render/account.js";
import { renderAccountMarkdown } from "../../render/account-markdown.js";
import { renderPlanJson } from "../../render/plan-json.js";
import { renderPlanMarkdown } from "../../render/plan-markdown.js";
import { renderPlanText } from "../../render/plan-text.js";
import { connectReadOnly, namedConnection } from "../connect.js";
import type { Io } from "../io.js";
import {
  type ConnectionOptions,
  connectionOptions,
  namingPolicyOption,
  type OutputOptions,
  outputOptions,
  type PolicyOptions,
} from "../options.js";
import { deliver } from "../output.js";
import { readPlan } from "../read-plan.js";

const formats = ["text", "json", "markdown"] as const;
interface Options extends ConnectionOptions, PolicyOptions, OutputOptions<(typeof formats)[number]> {
  readonly rule?: readonly string[];
}

export const configure = (command: Command, io: Io): void => {
  const operand = command.argument("[planfile]", "a plan saved with: plan --out FILE");
  outputOptions(connectionOptions(namingPolicyOption(operand)), formats)
    .option("--rule <rules...>", "only these rules of the account")
    .action(async (file: string | undefined, options: Options) => {
      if (file === undefined) await showAccount(io, options);
      else await showPlan(io, file, options);
    });
};

const showPlan = async (io: Io, file: string, options: Options): Promise<void> => {
  if (options.rule !== undefined)
    throw failure("bad-option", "--rule is for the account as it is, not for a saved plan", "Leave it out");
  const plan = await readPlan(io, file);
  await deliver(io, options, {
    text: (look) => renderPlanText(plan, look),
    json: () => renderPlanJson(plan),
    markdown: () => renderPlanMarkdown(plan),
  });
};

const showAccount = async (io: Io, options: Options): Promise<void> => {
  const client = connectReadOnly(io, options, namedConnection(io, options));
  const snapshot = onlyRules(await client.readSnapshot().finally(() => client.close()), options.rule);
  await deliver(io, options, {
    text: (look) => renderAccountText(snapshot, look),
    json: () => renderAccountJson(snapshot),
    markdown: () => renderAccountMarkdown(snapshot),
  });
};

/** Throws `Failure` where the account has no rule of such a name. */
const onlyRules = (snapshot: Snapshot, names: readonly string[] | undefined): Snapshot => {
  if (names === undefined) return snapshot;
  const missing = names.find((name) => !snapshot.rules.some((rule) => rule.name === name));
  if (missing !== undefined)
    throw failure(
      "no-such-rule",
      `The account has no rule ${JSON.stringify(missing)}`,
      "See all of them with: dbt-ip-rules show",
    );
  return { ...snapshot, rules: snapshot.rules.filter(({ name }) => names.includes(name)) };
};
