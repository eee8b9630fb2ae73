/** `replay`: who would be cut off by a policy, a saved plan or the account's own rules, by the traffic on record. */
import { type Command, Option } from "commander";
import type { ReadOnlyClient } from "../../dbt/client.js";
import { requirePolicy } from "../../files/load-policy.js";
import { type Diagnostic, diagnostic, hasErrors } from "../../model/diagnostic.js";
import { Failure, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import type { AccountState } from "../../model/rule.js";
import { desiredState } from "../../plan/desired.js";
import { replay } from "../../plan/replay.js";
import { checkSnapshot, stateOf } from "../../plan/state.js";
import type { Policy } from "../../policy/policy.js";
import type { AskedStates } from "../../report/explain.js";
import type { ReplayReport } from "../../report/replay.js";
import type { Report } from "../../report/report.js";
import {
  type ConnectionOptions,
  connectionOptions,
  type OutputOptions,
  outputOptions,
  type RehearsalOptions,
  rehearsalOptions,
} from "../arguments/options.js";
import { rangeOptions } from "../audit-options.js";
import { type Program, runs } from "../command.js";
import { connectionOf, connectReadOnly, namedConnection } from "../connect.js";
import { type Io, noteDiagnostics } from "../io.js";
import { readPlan } from "../plans.js";
import { fileOptions, isOffline, readBlindSpots, readTraffic, type TrafficOptions } from "../traffic.js";

const formats = ["text", "json", "markdown", "html"] as const;

interface Options
  extends RehearsalOptions,
    ConnectionOptions,
    TrafficOptions,
    OutputOptions<(typeof formats)[number]> {
  readonly plan?: string;
  readonly live?: boolean;
  readonly showPeople?: boolean;
  readonly detailedExitcode?: boolean;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  const own = fileOptions(rangeOptions(connectionOptions(rehearsalOptions(command)), io))
    .option("--live", "the account's own rules as if enforced, instead of a policy")
    .addOption(new Option("--plan <file>", "before and after a saved plan").conflicts(["live", "policy"]))
    .option("--show-people", "show names, ids and addresses of people, here and in files")
    .option("--detailed-exitcode", "exit 2 where somebody is cut off");
  outputOptions(own, formats);
  runs(command, io, program, replayOne, { positional: true, atOnce: 1 });
};

/** What is compared, and where it was read from. */
interface Compared {
  readonly candidate: string;
  readonly before: AccountState;
  readonly after: AccountState;
  readonly serviceTokensSubject?: boolean | undefined;
  /** That the candidate was made of. */
  readonly policy?: Policy;
  readonly client?: ReadOnlyClient;
  readonly account?: { readonly id: number; readonly host: string };
  readonly diagnostics: readonly Diagnostic[];
}

const replayOne = async (io: Io, options: Options): Promise<Report> => {
  const compared = await compare(io, options);
  try {
    const read = await readTraffic(io, options, compared.client);
    const { blind, notes } = await readBlindSpots(io, read, compared.client);
    const report: ReplayReport = {
      kind: "replay",
      replay: replay(read.traffic, compared),
      asked: askedOf(compared),
      candidate: compared.candidate,
      ...(compared.account === undefined ? {} : { account: compared.account }),
      blind,
      privateAddresses: read.findings.privateAddresses,
      missing: read.missing,
      diagnostics: [...compared.diagnostics, ...notes],
      showPeople: options.showPeople === true,
      detailed: options.detailedExitcode === true,
    };
    // Standard error says it too, as of every other error.
    if (options.format !== "text") noteDiagnostics(io, read.missing, options);
    return report;
  } finally {
    await compared.client?.close();
  }
};

const askedOf = ({ before, after, policy, account }: Compared): AskedStates => ({
  views:
    before === after
      ? [{ title: "the account", state: after }]
      : [
          {
            title: account === undefined ? "an account that lets everybody in" : "the account",
            state: before,
          },
          { title: "the account afterwards", state: after },
        ],
  ...present({ policy }),
});

const compare = (io: Io, options: Options): Promise<Compared> => {
  if (options.plan !== undefined) {
    const { plan, policy } = options;
    if (policy !== "policy.yaml")
      throw failure("bad-option", { kind: "plan-and-policy", command: "dbt-ip-rules replay", plan, policy });
    return comparePlan(io, options, plan);
  }
  return options.live === true ? compareLive(io, options) : comparePolicy(io, options);
};

const comparePlan = async (io: Io, options: Options, file: string): Promise<Compared> => {
  const plan = await readPlan(io, file);
  const client = isOffline(io, options, plan.account.id)
    ? {}
    : {
        client: connectReadOnly(
          io,
          options,
          connectionOf(io, options, { account: plan.account, from: "saved plan" }),
        ),
      };
  return {
    candidate: file,
    before: plan.before,
    after: plan.after,
    serviceTokensSubject: plan.enabledForServiceTokens,
    account: plan.account,
    diagnostics: [],
    ...client,
  };
};

const readAccount = async (client: ReadOnlyClient) => {
  const snapshot = await client.readSnapshot();
  const diagnostics = checkSnapshot(snapshot);
  if (hasErrors(diagnostics)) throw new Failure(diagnostics);
  return { snapshot, diagnostics, state: stateOf(snapshot) };
};

/** Closes the client where the account cannot be read or understood. */
const withAccount = async (
  client: ReadOnlyClient,
  make: (read: Awaited<ReturnType<typeof readAccount>>) => Omit<Compared, "client" | "account">,
): Promise<Compared> => {
  try {
    const read = await readAccount(client);
    const { accountId: id, host } = read.snapshot;
    return { ...make(read), client, account: { id, host } };
  } catch (error) {
    await client.close();
    throw error;
  }
};

const compareLive = (io: Io, options: Options): Promise<Compared> =>
  withAccount(
    connectReadOnly(io, options, namedConnection(io, options)),
    ({ state, snapshot, diagnostics }) => ({
      candidate: "the account's own rules",
      before: state,
      after: state,
      serviceTokensSubject: snapshot.enabledForServiceTokens,
      diagnostics,
    }),
  );

/** An account of which nothing is known lets everybody in. */
const openAccount: AccountState = { enforcement: "disabled", rules: [] };

const comparePolicy = async (io: Io, options: Options): Promise<Compared> => {
  const { policy, diagnostics } = await requirePolicy(io, options);
  const candidateOf = (before: AccountState): AccountState => {
    const { desired, diagnostics: problems } = desiredState(policy, before);
    if (desired === undefined) throw new Failure(problems);
    return desired.state;
  };
  if (isOffline(io, options, policy.account.id))
    return {
      candidate: options.policy,
      policy,
      before: openAccount,
      after: candidateOf(openAccount),
      diagnostics: [...diagnostics, diagnostic("traffic-no-account")],
    };
  const client = connectReadOnly(io, options, connectionOf(io, options, policy));
  return withAccount(client, ({ state, snapshot, diagnostics: found }) => {
    const { id } = policy.account;
    if (id !== undefined && id !== snapshot.accountId)
      throw failure("policy-for-other-account", { policy: id, account: snapshot.accountId });
    return {
      candidate: options.policy,
      policy,
      before: state,
      after: candidateOf(state),
      serviceTokensSubject: snapshot.enabledForServiceTokens,
      diagnostics: [...diagnostics, ...found],
    };
  });
};
