/** `replay`: who would be cut off by a policy, a saved plan or the account's own rules, by the traffic on record. */
import { type Command, Option } from "commander";
import type { ReadOnlyClient } from "../../dbt/client.js";
import type { Connection } from "../../dbt/connection.js";
import { requirePolicy } from "../../files/load-policy.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import { Failure, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { type AccountState, openAccount } from "../../model/rule.js";
import { desiredState } from "../../plan/desired.js";
import { replay } from "../../plan/replay.js";
import type { Policy } from "../../policy/policy.js";
import type { AskedStates } from "../../report/explain.js";
import type { Report } from "../../report/report.js";
import { namedConnection } from "../accounts.js";
import {
  type ComparingOptions,
  comparingOptions,
  fileOptions,
  rangeOptions,
  type TrafficOptions,
} from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import { type ReadAccount, readAccount } from "../connect.js";
import { type Io, noteDiagnostics } from "../io.js";
import { readPlan } from "../plans.js";
import type { Account } from "../receipts.js";
import { logConnection, readBlindSpots, readTraffic, required, withClientIf } from "../traffic.js";

interface Options extends ComparingOptions, TrafficOptions {
  readonly plan?: string;
  readonly live?: boolean;
  readonly showPeople?: boolean;
  readonly detailedExitcode?: boolean;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  fileOptions(rangeOptions(comparingOptions(command, "replay"), io))
    .option("--live", "the account's own rules as if enforced, instead of a policy")
    .addOption(new Option("--plan <file>", "before and after a saved plan").conflicts(["live", "policy"]))
    .option("--show-people", "show names, ids and addresses of people, here and in files")
    .option("--detailed-exitcode", "exit 2 if somebody is cut off");
  runs(command, io, program, replayOne, { positional: true, atOnce: 1, readFirst: true });
};

/** What is compared. */
interface Compared {
  readonly before: AccountState;
  readonly after: AccountState;
  readonly serviceTokensSubject?: boolean | undefined;
  readonly account?: Account;
  readonly diagnostics: readonly Diagnostic[];
}

/** Whose rules are tried, in words, and how they are compared with the account. */
interface Candidate {
  readonly name: string;
  readonly policy?: Policy;
  /** Absent where the account is not asked. */
  readonly connection?: Connection | undefined;
  readonly compare: (client: ReadOnlyClient | undefined) => Promise<Compared>;
}

const replayOne = async (io: Io, options: Options): Promise<Report> => {
  const { name, policy, connection, compare } = await candidateOf(io, options);
  return withClientIf(io, options, connection, async (client): Promise<Report> => {
    const compared = await compare(client);
    const read = await readTraffic(io, options, client);
    const { blind, notes } = await readBlindSpots(io, read, client);
    // Standard error says it too, as of every other error.
    if (options.format !== "text") noteDiagnostics(io, read.missing, options);
    const { account } = compared;
    return {
      kind: "replay",
      replay: replay(read.traffic, compared),
      asked: { views: viewsOf(compared), ...present({ policy }) },
      candidate: name,
      ...present({ account }),
      blind,
      privateAddresses: read.findings.privateAddresses,
      missing: read.missing,
      diagnostics: [...compared.diagnostics, ...notes],
      showPeople: options.showPeople === true,
      detailed: options.detailedExitcode === true,
    };
  });
};

const viewsOf = ({ before, after, account }: Compared): AskedStates["views"] => {
  if (before === after) return [{ title: "the account", state: after }];
  const title = account === undefined ? "an account that lets everybody in" : "the account";
  return [
    { title, state: before },
    { title: "the account afterwards", state: after },
  ];
};

const candidateOf = (io: Io, options: Options): Candidate | Promise<Candidate> => {
  const { plan, policy } = options;
  if (plan === undefined) return options.live === true ? live(io, options) : ofPolicy(io, options);
  if (policy === "policy.yaml") return ofPlan(io, options, plan);
  throw failure("bad-option", { kind: "plan-and-policy", command: "dbt-ip-rules replay", plan, policy });
};

const ofPlan = async (io: Io, options: Options, file: string): Promise<Candidate> => {
  const { account, before, after, enabledForServiceTokens } = await readPlan(io, file);
  return {
    name: file,
    connection: logConnection(io, options, { account, from: "saved plan" }),
    compare: async () => ({
      before,
      after,
      serviceTokensSubject: enabledForServiceTokens,
      account,
      diagnostics: [],
    }),
  };
};

/** With the account as it is, and what would be in its place. */
const comparedWith = async (
  client: ReadOnlyClient,
  afterOf: (read: ReadAccount) => AccountState,
): Promise<Compared> => {
  const read = await readAccount(client);
  const { accountId: id, host, enabledForServiceTokens } = read.snapshot;
  return {
    before: read.state,
    after: afterOf(read),
    serviceTokensSubject: enabledForServiceTokens,
    account: { id, host },
    diagnostics: read.diagnostics,
  };
};

const live = (io: Io, options: Options): Candidate => ({
  name: "the account's own rules",
  connection: namedConnection(io, options),
  compare: (client) => comparedWith(required(client), ({ state }) => state),
});

const ofPolicy = async (io: Io, options: Options): Promise<Candidate> => {
  const { policy, diagnostics } = await requirePolicy(io, options);
  const { id } = policy.account;
  const afterOf = (before: AccountState): AccountState => {
    const { desired, diagnostics: problems } = desiredState(policy, before);
    if (desired === undefined) throw new Failure(problems);
    return desired.state;
  };
  return {
    name: options.policy,
    policy,
    connection: logConnection(io, options, policy),
    compare: async (client) => {
      if (client === undefined)
        return {
          before: openAccount,
          after: afterOf(openAccount),
          diagnostics: [...diagnostics, diagnostic("traffic-no-account")],
        };
      const compared = await comparedWith(client, ({ state, snapshot: { accountId: account } }) => {
        if (id !== undefined && id !== account)
          throw failure("policy-for-other-account", { policy: id, account });
        return afterOf(state);
      });
      return { ...compared, diagnostics: [...diagnostics, ...compared.diagnostics] };
    },
  };
};
