/**
 * `doctor`: what works for this host, token and account, and what would not. Reads only, and asks no question whose
 * answer an earlier failure has settled.
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { Connection } from "../../dbt/connection.js";
import type { Probe } from "../../dbt/probe.js";
import { proxyHost } from "../../dbt/transport.js";
import { endsQuestions, judge, recordDocument } from "../../doctor/judge.js";
import type { Outcome, Seen, TokenKind } from "../../doctor/seen.js";
import { writeWhole } from "../../files/write-file.js";
import { hasErrors } from "../../model/diagnostic.js";
import { jsonText, visible } from "../../model/escape.js";
import { Failure, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import type { Report } from "../../report/report.js";
import { accountNamedBy, settingsOf } from "../accounts.js";
import { nameElsewhere } from "../arguments/named-files.js";
import {
  type AccountOptions,
  accountOptions,
  type OutputOptions,
  outputOptions,
} from "../arguments/options.js";
import { ownAddress } from "../change/own-address.js";
import { type Program, runs } from "../command.js";
import { connectProbe } from "../connect.js";
import { type Io, note } from "../io.js";
import { version } from "../package.js";

interface Options extends AccountOptions, OutputOptions {
  readonly actor?: string;
  readonly record?: string;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  outputOptions(accountOptions(command), "doctor")
    .option(
      "--actor <who>",
      "this token's name or id in the audit log, to show your address (default: from receipts)",
    )
    .addOption(
      new Option("--record <file>", "write keys and types of the answers, no values, to a new file"),
    );
  runs(command, io, program, doctor);
};

const doctor = async (io: Io, options: Options): Promise<Report> => {
  const { record } = options;
  if (record !== undefined) await requireNew(io, record);
  const settings = settingsOf(io, options, accountNamedBy(io, options));
  const { connection, diagnostics, host } = settings;
  const given: Seen["settings"] = {
    ...present({ accountId: settings.accountId, host: host?.host }),
    ...(host && hostFacts(host.baseUrl, io.env)),
    ...present({ tokenLooks: connection && looksLike(connection.token) }),
    diagnostics,
  };
  if (connection === undefined || hasErrors(diagnostics)) {
    if (record !== undefined) note(io, `${visible(record)} is not written: no call was made`);
    return { kind: "doctor", diagnosis: judge({ ...nothing, settings: given }) };
  }
  const probe = connectProbe(io, options, connection);
  try {
    const seen = await look(io, options, connection, probe);
    const diagnosis = judge({ ...seen, settings: given });
    if (record === undefined) return { kind: "doctor", diagnosis };
    const document = recordDocument(version, await probe.calls());
    await requireNew(io, record);
    await writeWhole(io, record, `${jsonText(document)}\n`);
    return { kind: "doctor", diagnosis: { ...diagnosis, recorded: nameElsewhere(io, record) } };
  } finally {
    await probe.close();
  }
};

/** What a record replaces may be somebody's work: it goes to a new file alone. */
const requireNew = async (io: Io, file: string): Promise<void> => {
  const found = await stat(resolve(io.cwd, file)).catch(() => undefined);
  if (found?.isFile() === true || found?.isDirectory() === true)
    throw failure("file-exists", { file: visible(file), by: "doctor" });
};

const hostFacts = (baseUrl: string, env: Io["env"]) => ({
  isTls: baseUrl.startsWith("https:"),
  ...present({ proxy: proxyHost(new URL(baseUrl), env) }),
});

/** dbt's tokens begin with `dbtc_` (service) or `dbtu_` (personal) [assumed]. */
const looksLike = (token: string): TokenKind | undefined => {
  if (token.startsWith("dbtc_")) return "service";
  return token.startsWith("dbtu_") ? "personal" : undefined;
};

const notAsked = { kind: "not-asked" } as const;

const nothing: Omit<Seen, "settings"> = {
  accounts: notAsked,
  snapshot: notAsked,
  callerIsValid: notAsked,
  log: notAsked,
  ownAddress: undefined,
  clocks: undefined,
  ruleFacts: undefined,
  pageFacts: undefined,
};

const ask = async <T>(work: () => Promise<T>): Promise<Outcome<T>> => {
  try {
    return { kind: "answered", value: await work() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.diagnostics.some(({ code }) => code === "interrupted")) throw error;
    return { kind: "failed", diagnostics: error.diagnostics };
  }
};

const settles = (outcome: Outcome<unknown>): boolean =>
  outcome.kind === "failed" && outcome.diagnostics.some(endsQuestions);

const look = async (
  io: Io,
  options: Options,
  connection: Connection,
  probe: Probe,
): Promise<Omit<Seen, "settings">> => {
  const snapshot = await ask(() => probe.readSnapshot());
  const noted = async () => ({ clocks: await probe.clocks(), ruleFacts: await probe.ruleFacts() });
  if (settles(snapshot)) return { ...nothing, snapshot, ...(await noted()) };
  const accounts = await ask(() => probe.listAccounts());
  const setId = snapshot.kind === "answered" ? snapshot.value.ruleSetId : undefined;
  const callerIsValid = setId === undefined ? notAsked : await ask(() => probe.validateCaller(setId));
  const newest =
    snapshot.kind === "answered" || !closesAccount(snapshot)
      ? await ask(() => probe.newestEvents())
      : notAsked;
  const events = newest.kind === "answered" ? newest.value.events : [];
  const notes = await noted();
  const account = { id: connection.accountId, host: connection.host };
  const own = await ownAddress(io, account, options.actor, async () => ({
    events,
    serverAt: notes.clocks?.serverAt,
  }));
  return {
    accounts,
    snapshot,
    callerIsValid,
    log: newest,
    pageFacts: newest.kind === "answered" ? newest.value.page : undefined,
    ownAddress: own?.newest && { address: own.newest.address, lastSeenAt: own.newest.lastSeenAt },
    ...notes,
  };
};

/** A caller that is blocked, or has no such account, gets the same answer for its log. */
const closesAccount = (outcome: Outcome<unknown>): boolean =>
  outcome.kind === "failed" &&
  outcome.diagnostics.some(
    ({ code }) => code === "blocked-by-ip-restrictions" || code === "account-not-found",
  );
