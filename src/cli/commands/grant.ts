/** `grant`: lets an address in for a time. Writes the entry into the policy, shows the plan, and applies it where asked. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { formatPrefix, isUnspecified, type Prefix, parsePrefix } from "../../address/prefix.js";
import type { ReadOnlyClient } from "../../dbt/client.js";
import { policyOfText, readPolicyBytes, requirePolicy } from "../../files/load-policy.js";
import { isStandardInput } from "../../files/read-file.js";
import { writeWhole } from "../../files/write-file.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { exitCodes, Failure, failure } from "../../model/failure.js";
import { redact } from "../../model/secrets.js";
import { policyFlag, shellWord } from "../../model/shell.js";
import { asExpiry, dayMs, lengthText } from "../../model/time.js";
import { type GrantPlan, grantPlan, refuseDenied } from "../../plan/grant.js";
import { remainingRefusals } from "../../plan/guards.js";
import { prefixesOf } from "../../plan/state.js";
import { type Grant, type GrantedText, grantIn } from "../../policy/add-to-policy.js";
import type { Policy } from "../../policy/policy.js";
import { hasOddCharacters } from "../../policy/yaml-text.js";
import type { Report } from "../../report/report.js";
import { connectionOf } from "../accounts.js";
import { connectionOptions, guardsOf, lengthOption, policyOption } from "../arguments/options.js";
import { canAsk } from "../ask.js";
import { carryOutTask } from "../change/carry-out.js";
import { applyFlags, type ChangeOptions, changeOptions, planFlags } from "../change/options.js";
import { type Program, runs } from "../command.js";
import { withClient } from "../connect.js";
import { type Io, note, noteDiagnostics } from "../io.js";
import { preparePlan } from "../plans.js";
import { evidenceFor } from "../traffic.js";

/** The rule that a grant goes into where none is named. */
const grantRule = "Temporary access";

interface Options extends ChangeOptions {
  /** Milliseconds. */
  readonly for: number;
  readonly reason: string;
  readonly rule: string;
  readonly apply?: boolean;
}

const grantTime = lengthOption({
  least: 1_000,
  most: 366 * dayMs,
  tooLong: "what stays longer is a rule of the policy",
});

const longestReason = 200;

/** One line of plain text: it goes into a file that is reviewed. */
const grantReason = (text: string): string => {
  const reason = text.trim();
  if (reason === "") throw new InvalidArgumentError("Say why, such as a ticket.");
  if (reason.length > longestReason)
    throw new InvalidArgumentError(`Give at most ${longestReason} characters.`);
  if (/[\n\t]/.test(reason) || hasOddCharacters(reason))
    throw new InvalidArgumentError("Give one line without control or invisible characters.");
  if (redact(reason) !== reason) throw new InvalidArgumentError("It contains an API token.");
  return reason;
};

export const configure = (command: Command, io: Io, program: Program): void => {
  const named = command.argument("<address>", "the address or prefix to let in");
  changeOptions(connectionOptions(policyOption(named)), "do not ask; without a terminal nobody is asked")
    .addOption(new Option("--for <time>", "how long: 30m, 4h, 2d").argParser(grantTime).makeOptionMandatory())
    .addOption(
      new Option("--reason <text>", "why: the entry's comment").argParser(grantReason).makeOptionMandatory(),
    )
    .option("--rule <rule>", "the allow rule to put it into; created if missing", grantRule)
    .option("--apply", "apply the entry too; refused if anything else is pending");
  runs(command, io, program, grant);
};

const addressOf = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw failure("grant-address", { text, problem: parsed.problem.message });
  const { prefix, hostBits, bare } = parsed;
  if (hostBits)
    throw failure("grant-address", {
      text,
      problem: `it has bits set below its length: ${formatPrefix(prefix)}`,
    });
  if (bare && isUnspecified(prefix))
    throw failure("grant-address", {
      text,
      problem: "it is a single address that nobody has; everybody is 0.0.0.0/0",
    });
  return prefix;
};

/** What a grant is about: the policy's file before and after, and what both mean. */
interface Granting {
  readonly grant: Grant;
  /** The text of the policy's file. */
  readonly before: string;
  readonly base: { readonly policy: Policy; readonly diagnostics: readonly Diagnostic[] };
  readonly edited: Extract<GrantedText, { ok: true }>;
  readonly wanted: { readonly policy: Policy; readonly diagnostics: readonly Diagnostic[] };
}

const grant = async (io: Io, options: Options, [address = ""]: readonly string[]): Promise<Report> => {
  const granting = await prepare(io, options, addressOf(address));
  return options.apply === true ? grantNow(io, options, granting) : grantInPolicy(io, options, granting);
};

const prepare = async (io: Io, options: Options, prefix: Prefix): Promise<Granting> => {
  const { policy: file, rule, reason } = options;
  if (isStandardInput(file)) throw failure("grant-standard-input");
  const grant = { rule, prefix, reason, expires: asExpiry(new Date(io.now().getTime() + options.for)) };
  const base = await requirePolicy(io, options);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(readPolicyBytes(io, file));
  const edited = grantIn(text, grant);
  if (!edited.ok)
    throw failure("grant-impossible", { rule, prefix: formatPrefix(prefix), ...edited.problem });
  refuseDenied(
    base.policy.rules.map(({ entries, ...rule }) => ({ ...rule, prefixes: prefixesOf(entries) })),
    grant,
  );
  const { policy, diagnostics } = policyOfText(io, file, new TextEncoder().encode(edited.text), io.now());
  if (policy === undefined) throw new Failure(diagnostics);
  return { grant, before: text, base, edited, wanted: { policy, diagnostics } };
};

/** Throws `Failure` where the entry would let nobody in, or block somebody. */
const plansOf = async (
  io: Io,
  client: ReadOnlyClient,
  { grant, base, wanted }: Granting,
  guards: ReturnType<typeof guardsOf>,
): Promise<GrantPlan> => {
  const snapshot = await client.readSnapshot();
  const reader = { readSnapshot: async () => snapshot };
  const without = await preparePlan(reader, { ...base, ...guards });
  refuseDenied(without.after.rules, grant);
  const plan = await preparePlan(reader, {
    ...wanted,
    ...guards,
    traffic: ({ steps }) => evidenceFor(io, client, wanted.policy, steps.length),
  });
  return grantPlan(grant, without, plan);
};

/** Whether the policy's file is there and holds exactly this text. */
const holds = (io: Io, file: string, text: string): boolean => {
  try {
    return Buffer.from(text).equals(readPolicyBytes(io, file));
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
};

/** Throws `Failure`, and writes nothing, where the file is not what the entry was made for any more. */
const writeEntry = async (io: Io, { policy: file }: Options, { before, edited }: Granting): Promise<void> => {
  if (!holds(io, file, before))
    throw failure("grant-policy-changed", { file: visible(file) }, { exitCode: exitCodes.refused });
  await writeWhole(io, file, edited.text);
};

/** An edit that was made in between stays: the entry stays with it then, and this says so. */
const takeEntryBack = async (
  io: Io,
  options: Options,
  { before, edited, grant }: Granting,
): Promise<void> => {
  const { policy: file } = options;
  if (holds(io, file, edited.text)) return writeWhole(io, file, before);
  const prefix = formatPrefix(grant.prefix);
  noteDiagnostics(io, [diagnostic("grant-entry-stays", { file: visible(file), prefix })], options);
};

const grantInPolicy = async (io: Io, options: Options, granting: Granting): Promise<Report> => {
  const guards = guardsOf(options);
  const connection = connectionOf(io, options, granting.wanted.policy);
  const { plan } = await withClient(io, options, connection, (client) =>
    plansOf(io, client, granting, guards),
  );
  if (remainingRefusals(plan, guards.overrides, guards.clientAddresses).length > 0) {
    const refused = `Nothing was written to ${visible(options.policy)}: an apply of this entry would be refused`;
    return { kind: "plan", plan, policyFile: options.policy, notes: [refused] };
  }
  await writeEntry(io, options, granting);
  const file = policyFlag(options.policy);
  return {
    kind: "plan",
    plan,
    policyFile: options.policy,
    notes: [
      `${written(options, granting)}. To let it in: review and merge it, or: dbt-ip-rules apply${file}`,
      endsBy(options, granting),
    ],
  };
};

const written = ({ policy, rule }: Options, { grant, edited }: Granting): string =>
  `${visible(policy)} ${edited.extends ? "keeps" : "lets in"} ${formatPrefix(grant.prefix)} by the rule ${JSON.stringify(rule)} until ${grant.expires}`;

const endsBy = ({ policy }: Options, { grant }: Granting): string =>
  `Nothing ends this by itself: after ${grant.expires}, a scheduled run must take it out: dbt-ip-rules apply --only-expired${policyFlag(policy)}. To end it sooner, delete the entry and apply`;

const grantAgain = (options: Options, { prefix, reason, rule }: Grant): string => {
  const named = rule === grantRule ? "" : ` --rule ${shellWord(rule)}`;
  const what = `${formatPrefix(prefix)} --for ${lengthText(options.for)} --reason ${shellWord(reason)}${named}`;
  return `dbt-ip-rules grant ${what} --apply${policyFlag(options.policy)}${applyFlags(options)}`;
};

const grantNow = async (io: Io, options: Options, granting: Granting): Promise<Report> => {
  const file = policyFlag(options.policy);
  const report = await carryOutTask(io, options, {
    account: granting.wanted.policy,
    plan: async (client, guards) => {
      const { plan, pending } = await plansOf(io, client, granting, guards);
      if (pending > 0)
        throw failure("grant-others-pending", { changes: pending }, { exitCode: exitCodes.refused });
      return plan;
    },
    begin: async () => {
      await writeEntry(io, options, granting);
      return () => takeEntryBack(io, options, granting);
    },
    // The command line names the one entry; at a terminal there is a question all the same.
    approved: options.autoApprove === true || !canAsk(io),
    reviewed: false,
    applyOptions: { purpose: "grant" },
    commands: {
      applyAgain: grantAgain(options, granting.grant),
      applyPolicy: `dbt-ip-rules apply${file}${applyFlags(options)}`,
      planAgain: `dbt-ip-rules plan${file}${planFlags(options)}`,
    },
  });
  // What was refused has left no entry that could end.
  const { outcome } = report.result;
  if (outcome !== "refused" && outcome !== "failed") {
    note(io, `${written(options, granting)}.`);
    note(io, endsBy(options, granting));
  }
  return report;
};
