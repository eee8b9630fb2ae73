/** `plan`: what would change, who gains or loses access, in which steps. Reads only. */
import { type Command, Option } from "commander";
import { requirePolicy } from "../../files/load-policy.js";
import { ownerOnly, writeWhole } from "../../files/write-file.js";
import { visible } from "../../model/escape.js";
import { failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { redact } from "../../model/secrets.js";
import { shellWord } from "../../model/shell.js";
import { type PlanPeople, planPeople, type TrafficEvidence } from "../../plan/cut-off.js";
import type { Plan } from "../../plan/plan.js";
import { planVerdict, type Report } from "../../report/report.js";
import { connectionOf } from "../accounts.js";
import { nameElsewhere } from "../arguments/named-files.js";
import {
  byteCount,
  type ComparingOptions,
  comparingOptions,
  type GuardOptions,
  guardOptions,
  guardsOf,
  windowOption,
} from "../arguments/options.js";
import { withUnconfirmed } from "../change/confirmation.js";
import { type Program, runs } from "../command.js";
import { withClient } from "../connect.js";
import type { Io } from "../io.js";
import { earlierByFile, earlierByReceipt, preparePlan } from "../plans.js";
import { evidenceFor } from "../traffic.js";

interface Options extends ComparingOptions, GuardOptions {
  readonly base?: string;
  /** ISO 8601 UTC. */
  readonly replay?: string;
  readonly showPeople?: boolean;
  readonly out?: string;
  readonly detailedExitcode?: boolean;
  readonly maxBytes?: number;
  readonly terraform?: string;
  readonly accountFile?: string;
  readonly checks?: string;
}

/** Redacted, it would be another plan. */
const withoutToken = (text: string): string => {
  if (redact(text) === text) return text;
  throw failure("token-in-plan");
};

const plan = (io: Io, options: Options): Promise<Report> => {
  if (options.terraform !== undefined) return ofTerraform(io, { ...options, terraform: options.terraform });
  for (const [option, file] of [
    ["--account-file", options.accountFile],
    ["--checks", options.checks],
  ] as const)
    if (file !== undefined) throw failure("bad-option", { kind: "only-with-terraform", option });
  return ofPolicy(io, options);
};

const ofTerraform = async (io: Io, options: Options & { readonly terraform: string }): Promise<Report> => {
  const { nameOf, planTerraform } = await import("./plan-terraform.js");
  const { plan, evidence } = await planTerraform(io, options);
  return {
    kind: "plan",
    plan,
    policyFile: nameOf(options.terraform),
    detailed: options.detailedExitcode === true,
    ...(options.showPeople === true ? peopleOf(plan, evidence) : {}),
    ...present({ maxBytes: options.maxBytes }),
  };
};

const ofPolicy = async (io: Io, options: Options): Promise<Report> => {
  const wanted = await requirePolicy(io, options);
  const connection = connectionOf(io, options, wanted.policy);
  const base = options.base === undefined ? undefined : earlierByFile(io, options.base);
  let evidence: TrafficEvidence | undefined;
  const made = await withClient(io, options, connection, (client) =>
    preparePlan(client, {
      ...wanted,
      ...guardsOf(options),
      diagnostics: [...wanted.diagnostics, ...(base?.diagnostics ?? [])],
      earlier: async (account) => (base === undefined ? earlierByReceipt(io, account) : base.earlier),
      traffic: async ({ steps }) => {
        const asked = { guards: wanted.policy.guards, replay: options.replay };
        evidence = await evidenceFor(io, client, asked, steps.length);
        return evidence;
      },
    }),
  );
  if (options.out !== undefined) {
    const { writePlanFile } = await import("../../plan/plan-file.js");
    await writeWhole(io, options.out, withoutToken(writePlanFile(made)), ownerOnly);
  }
  const plan = await withUnconfirmed(io, made);
  return {
    kind: "plan",
    plan,
    policyFile: options.policy,
    policy: wanted.policy,
    detailed: options.detailedExitcode === true,
    ...(options.showPeople === true ? peopleOf(plan, evidence) : {}),
    ...present({ maxBytes: options.maxBytes }),
    ...(options.out === undefined
      ? {}
      : { savedAs: nameElsewhere(io, options.out), notes: [savedNote(plan, options.out)] }),
  };
};

/** Whom the numbers of the plan stand for: the same replay again, with names. */
const peopleOf = (plan: Plan, evidence: TrafficEvidence | undefined): { readonly people?: PlanPeople } => {
  if (evidence?.kind !== "read") return {};
  const { before, after, enabledForServiceTokens: serviceTokensSubject } = plan;
  return { people: planPeople(evidence.traffic, { before, after, serviceTokensSubject }) };
};

/** A refused plan cannot be applied, unless whoever applies it lets the failed checks pass. */
const savedNote = (plan: Plan, file: string): string =>
  planVerdict(plan) === "refused"
    ? `The plan was saved, but apply refuses it too: ${visible(file)}`
    : `The plan was saved. To apply it: dbt-ip-rules apply ${shellWord(file)}`;

export const configure = (command: Command, io: Io, program: Program): void => {
  guardOptions(comparingOptions(command, "plan"))
    .option("--out <file>", "save the plan for: dbt-ip-rules apply FILE")
    .addOption(
      new Option("--replay <when>", "who would be cut off, by the log since then (90d)").argParser(
        windowOption(io),
      ),
    )
    .option("--show-people", "name the people who would be cut off, in text only")
    .option("--detailed-exitcode", "exit 2 if there is something to change")
    .option("--base <policy>", "the policy before (default: from the newest receipt)")
    .option("--terraform <file>", "check Terraform's plan: terraform show -json FILE")
    .option("--account-file <file>", "for --terraform: what show --format json prints")
    .option("--checks <file>", "for --terraform: networks, tests and guards")
    .option("--max-bytes <bytes>", "cut markdown to this size, whole rows at a time", byteCount);
  runs(command, io, program, plan, {
    positional: true,
    atOnce: 4,
    matrix: true,
    distinct: true,
    readFirst: true,
  });
};
