/** `grant`: lets an address in for a time. Writes the entry into the policy, shows the plan, and applies it where asked. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { AddressSet } from "../../address/address-set.js";
import { formatPrefix, type Prefix, parsePrefix, samePrefix } from "../../address/prefix.js";
import type { ReadOnlyClient } from "../../dbt/client.js";
import { policyOfText, readPolicyBytes, requirePolicy } from "../../files/load-policy.js";
import { isStandardInput } from "../../files/read-file.js";
import { writeWhole } from "../../files/write-file.js";
import { rangesText } from "../../model/address-words.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { exitCodes, Failure, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { redact } from "../../model/secrets.js";
import { policyFlag, shellWord } from "../../model/shell.js";
import { asExpiry, dayMs, lengthText } from "../../model/time.js";
import { accessChange, accessOf } from "../../plan/access-change.js";
import { type ExplainedPart, explain } from "../../plan/explain.js";
import { remainingRefusals } from "../../plan/guards.js";
import type { Change, Plan } from "../../plan/plan.js";
import { entryFields, sameRules, withoutPrefixes } from "../../plan/state.js";
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
export const grantRule = "Temporary access";

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
export const grantReason = (text: string): string => {
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
      new Option("--reason <text>", "why; the entry's comment").argParser(grantReason).makeOptionMandatory(),
    )
    .option("--rule <rule>", "the allow rule to put it into; made where it is missing", grantRule)
    .option("--apply", "apply the entry too; refused where anything else is pending");
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
  if (bare && (prefix.network === 0n || prefix.network === 0xffffn << 32n))
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
  denied(base.policy, grant);
  const { policy, diagnostics } = policyOfText(io, file, new TextEncoder().encode(edited.text), io.now());
  if (policy === undefined) throw new Failure(diagnostics);
  return { grant, before: text, base, edited, wanted: { policy, diagnostics } };
};

/** The service saves no range that is on a rule of the other type. */
const denied = ({ rules }: Pick<Policy, "rules">, { prefix }: Grant): void => {
  const deny = rules.find(
    ({ type, entries }) =>
      type === "deny" && entries.some((entry) => formatPrefix(entry.prefix) === formatPrefix(prefix)),
  );
  if (deny !== undefined)
    throw failure("grant-no-help", { prefix: formatPrefix(prefix), rules: [deny.name] });
};

interface Plans {
  readonly plan: Plan;
  /** Changes that the policy asks for apart from the grant, which an earlier run may have written into it. */
  readonly pending: number;
}

/** Throws `Failure` where the entry would let nobody in, or block somebody. */
const plansOf = async (
  io: Io,
  client: ReadOnlyClient,
  { grant, base, wanted }: Granting,
  guards: ReturnType<typeof guardsOf>,
): Promise<Plans> => {
  const snapshot = await client.readSnapshot();
  const reader = { readSnapshot: async () => snapshot };
  const before = await preparePlan(reader, { ...base, ...guards });
  const deny = before.after.rules.filter(
    ({ type, prefixes }) =>
      type === "deny" && prefixes.some((one) => formatPrefix(one) === formatPrefix(grant.prefix)),
  );
  const rules = deny.map(({ name }) => name);
  if (rules.length > 0) throw failure("grant-no-help", { prefix: formatPrefix(grant.prefix), rules });
  const plan = await preparePlan(reader, {
    ...wanted,
    ...guards,
    traffic: ({ steps }) => evidenceFor(io, client, wanted.policy, steps.length),
  });
  blocksNobody(before, plan);
  const pending = before.changes.length === 0 ? [] : plan.changes.filter((one) => !isOfGrant(one, grant));
  return { plan: withHelp(withAlready(plan, before, grant), grant), pending: pending.length };
};

/** The first allow entry of an account blocks whoever no entry allows: compared is the policy without the grant and with it. */
const blocksNobody = (without: Plan, { after }: Plan): void => {
  const { newlyBlocked } = accessChange(without.after, after, { enforced: "as-is" });
  if (newlyBlocked.isEmpty()) return;
  const args = { blocked: rangesText(newlyBlocked, 5) };
  throw failure("grant-blocks-others", args, { exitCode: exitCodes.refused });
};

/** Whether the change adds the entry and does nothing else. */
const isOfGrant = (change: Change, { rule, prefix }: Grant): boolean => {
  const isOnly = (added: readonly Prefix[]): boolean =>
    added.length === 1 && added.every((one) => samePrefix(one, prefix));
  if (change.kind === "create") {
    const { name, prefixes, disabled } = change.rule;
    return name === rule && isOnly(prefixes) && disabled === undefined;
  }
  if (change.kind !== "update") return false;
  const { before, after } = change;
  const without = entryFields(withoutPrefixes(after.prefixes, [prefix]), after.disabled ?? []);
  return (
    after.name === rule &&
    isOnly(withoutPrefixes(after.prefixes, before.prefixes)) &&
    sameRules(before, { name: after.name, type: after.type, description: after.description, ...without })
  );
};

/** Whoever is let in already, as the account is now, may need something else. */
const withAlready = (plan: Plan, { before }: Plan, { prefix }: Grant): Plan => {
  const { parts } = explain(before, prefix);
  if (parts.some(({ verdict }) => verdict === "blocked")) return plan;
  const { decider } = parts[0] as ExplainedPart; // a prefix has at least one
  const by = parts.length === 1 && decider.kind === "entry" ? decider.rule : undefined;
  const off = decider.kind === "enforcement-off";
  const already = diagnostic("grant-already-allowed", {
    prefix: formatPrefix(prefix),
    ...present({ by }),
    off,
  });
  return { ...plan, diagnostics: [...plan.diagnostics, already] };
};

const withHelp = (plan: Plan, { prefix }: Grant): Plan => {
  const asked = AddressSet.ofPrefixes([prefix]);
  const blocked = asked.intersect(accessOf(plan.after, "assumed").blocked());
  if (blocked.isEmpty()) return plan;
  const rules = plan.after.rules
    .filter(
      ({ type, prefixes }) =>
        type === "deny" && !AddressSet.ofPrefixes(prefixes).intersect(blocked).isEmpty(),
    )
    .map(({ name }) => name);
  if (blocked.equals(asked)) throw failure("grant-no-help", { prefix: formatPrefix(prefix), rules });
  const some = diagnostic("grant-helps-in-part", {
    prefix: formatPrefix(prefix),
    blocked: rangesText(blocked, 5),
    rules,
  });
  return { ...plan, diagnostics: [...plan.diagnostics, some] };
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
