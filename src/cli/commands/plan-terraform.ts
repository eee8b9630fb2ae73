/** `plan --terraform FILE`: what a plan of Terraform would do to access. Reads only. */
import { readAccountFile } from "../../files/account-file.js";
import { reasonOf } from "../../files/io-errors.js";
import { requireChecks } from "../../files/load-policy.js";
import { isStandardInput, largest, readNamedText } from "../../files/read-file.js";
import { hasErrors } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { Failure, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import type { Snapshot } from "../../model/snapshot.js";
import type { TrafficEvidence } from "../../plan/cut-off.js";
import type { Plan } from "../../plan/plan.js";
import { makeTerraformPlan, type TerraformInput } from "../../plan/terraform/make-terraform-plan.js";
import type { TerraformPlan } from "../../terraform/plan.js";
import { readTerraformPlan } from "../../terraform/read-plan.js";
import { namedConnection } from "../accounts.js";
import {
  type ConnectionOptions,
  type DebugOptions,
  type GuardOptions,
  guardsOf,
} from "../arguments/options.js";
import { withClient } from "../connect.js";
import type { Io } from "../io.js";
import { evidenceFor } from "../traffic.js";

interface TerraformOptions extends ConnectionOptions, DebugOptions, GuardOptions {
  readonly policy: string;
  readonly terraform?: string;
  readonly accountFile?: string;
  readonly checks?: string;
  readonly out?: string;
  readonly base?: string;
  readonly replay?: string;
  readonly now?: Date;
}

/** How messages name what was read. */
export const nameOf = (file: string): string => (isStandardInput(file) ? "standard input" : visible(file));

const requireOptions = (options: TerraformOptions): void => {
  if (options.out !== undefined) throw failure("bad-option", { kind: "terraform-and", option: "--out" });
  if (options.base !== undefined) throw failure("bad-option", { kind: "terraform-and", option: "--base" });
  if (options.replay !== undefined && options.accountFile !== undefined)
    throw failure("bad-option", { kind: "replay-and-account-file" });
  const [first, second] = [
    ["--terraform", options.terraform] as const,
    ["--account-file", options.accountFile] as const,
    ["--checks", options.checks] as const,
  ].flatMap(([option, file]) => (file !== undefined && isStandardInput(file) ? [option] : []));
  if (first !== undefined && second !== undefined)
    throw failure("bad-option", { kind: "one-standard-input", options: [first, second] });
};

const readPlan = (io: Io, file: string): TerraformPlan => {
  let text: string;
  try {
    text = readNamedText(io.cwd, file, { most: largest.document });
  } catch (error) {
    throw failure(
      "terraform-plan-unreadable",
      { file: nameOf(file), reason: reasonOf(error) },
      { cause: error },
    );
  }
  const read = readTerraformPlan(text, nameOf(file));
  if (!read.ok) throw new Failure([read.diagnostic]);
  return read.plan;
};

const requirePlan = (input: TerraformInput): Plan => {
  const { plan, diagnostics } = makeTerraformPlan(input);
  if (plan === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  return plan;
};

/** The evidence is what the log shows of people, where it was read. */
export const planTerraform = async (
  io: Io,
  options: TerraformOptions & { readonly terraform: string },
): Promise<{ readonly plan: Plan; readonly evidence: TrafficEvidence | undefined }> => {
  requireOptions(options);
  const terraform = readPlan(io, options.terraform);
  const checks =
    options.checks === undefined ? undefined : requireChecks(io, options.checks, options.now ?? io.now());
  const plan = (snapshot: Snapshot, traffic?: TrafficEvidence): Plan =>
    requirePlan({
      terraform,
      snapshot,
      ...guardsOf(options),
      ...present({ checks: checks?.policy, diagnostics: checks?.diagnostics, traffic }),
    });
  if (options.accountFile !== undefined)
    return { plan: plan(readAccountFile(io.cwd, options.accountFile)), evidence: undefined };
  return withClient(io, options, namedConnection(io, options), async (client) => {
    const snapshot = await client.readSnapshot();
    const made = plan(snapshot);
    const guards = checks?.policy.guards ?? { mustAllow: [], mustDeny: [], maxNewlyAllowed: {} };
    const calls = made.terraform?.calls.length ?? 0;
    const evidence = await evidenceFor(io, client, { guards, replay: options.replay }, calls);
    return { plan: evidence === undefined ? made : plan(snapshot, evidence), evidence };
  });
};
