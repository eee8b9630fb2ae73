/** `show FILE`: a saved plan. `show` alone: the account as it is. Reads only. */

import type { Command } from "commander";
import { failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import type { Snapshot } from "../../model/snapshot.js";
import { desiredState } from "../../plan/desired.js";
import { type TemporaryEntries, temporaryEntries } from "../../plan/expiry.js";
import { checkSnapshot, stateOf } from "../../plan/state.js";
import type { Report } from "../../report/report.js";
import { namedConnection, policyOfAccount } from "../accounts.js";
import { nameElsewhere } from "../arguments/named-files.js";
import {
  type AccountOptions,
  accountOptions,
  type OutputOptions,
  outputOptions,
} from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import { withClient } from "../connect.js";
import type { Io } from "../io.js";
import { readPlan } from "../plans.js";

interface Options extends AccountOptions, OutputOptions {
  readonly rule?: readonly string[];
}

export const configure = (command: Command, io: Io, program: Program): void => {
  const operand = command.argument("[planfile]", "a plan saved with: plan --out FILE");
  outputOptions(accountOptions(operand), "account").option(
    "--rule <rules...>",
    "only these rules of the account",
  );
  runs(command, io, program, (own: Io, options: Options, [file]) =>
    file === undefined ? showAccount(own, options) : showPlan(own, file, options),
  );
};

const showPlan = async (io: Io, file: string, options: Options): Promise<Report> => {
  if (options.rule !== undefined) throw failure("bad-option", { kind: "rule-and-plan" });
  return { kind: "plan", plan: await readPlan(io, file), savedAs: nameElsewhere(io, file) };
};

const showAccount = async (io: Io, options: Options): Promise<Report> => {
  const snapshot = await withClient(io, options, namedConnection(io, options), (client) =>
    client.readSnapshot(),
  );
  const entries = await entriesThatEnd(io, snapshot, options);
  return { kind: "account", snapshot: onlyRules(snapshot, options.rule), ...present({ entries }) };
};

/** As the policy says, where there is one of this account that can be read: the account itself knows no ends. */
const entriesThatEnd = async (
  io: Io,
  snapshot: Snapshot,
  { policy: file, rule }: Options,
): Promise<TemporaryEntries | undefined> => {
  if (rule !== undefined || checkSnapshot(snapshot).length > 0) return undefined;
  const policy = await policyOfAccount(io, file, snapshot.accountId);
  if (policy === undefined) return undefined;
  const account = stateOf(snapshot);
  return temporaryEntries(policy, account, desiredState(policy, account).desired?.renames ?? new Map());
};

/** Throws `Failure` where the account has no rule of such a name. */
const onlyRules = (snapshot: Snapshot, names: readonly string[] | undefined): Snapshot => {
  if (names === undefined) return snapshot;
  const missing = names.find((name) => !snapshot.rules.some((rule) => rule.name === name));
  if (missing !== undefined) throw failure("no-such-rule", { rule: missing });
  return { ...snapshot, rules: snapshot.rules.filter(({ name }) => names.includes(name)) };
};
