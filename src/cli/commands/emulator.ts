/** `emulator`: the dbt API in a process of ours, for rehearsals and tests, until it is told to end. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { parseAddress } from "../../address/prefix.js";
import { readFault } from "../../emulator/control.js";
import { type AuditShape, auditShapes } from "../../emulator/events.js";
import type { Fault } from "../../emulator/faults.js";
import { startEmulator, type TlsFiles } from "../../emulator/listener.js";
import { readSeedFile } from "../../emulator/seed-file.js";
import type { TokenOption } from "../../emulator/tokens.js";
import { reasonOf } from "../../files/io-errors.js";
import { largest, readNamedText } from "../../files/read-file.js";
import { visible } from "../../model/escape.js";
import { exitCodes, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import type { Report } from "../../report/report.js";
import { debugOptions, duration } from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import { type Io, note } from "../io.js";

interface Flags {
  readonly port: string;
  readonly account?: string;
  readonly token?: string;
  readonly personalToken?: string;
  readonly readOnlyToken?: string;
  readonly state?: string;
  readonly seed?: string;
  readonly clientIp?: string;
  readonly auditShape: string;
  readonly auditLag: string;
  readonly rateLimit: string;
  readonly cooldown: string;
  readonly latency: string;
  readonly fault: readonly string[];
  readonly listDeleted?: boolean;
  readonly tls?: string;
  readonly key?: string;
}

const wholeNumber = (flag: string, text: string, most: number): number => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw failure("bad-option", { kind: "whole-number-wanted", option: flag, most, text });
};

/** Milliseconds. */
const timeOf = (flag: string, text: string): number => {
  try {
    return duration(text);
  } catch (cause) {
    throw failure("bad-option", { kind: "seconds-wanted", option: flag, text }, { cause });
  }
};

const accountOf = (text: string | undefined): number => {
  if (text === undefined) throw failure("account-missing", { flag: "--account" });
  const id = wholeNumber("--account", text, Number.MAX_SAFE_INTEGER);
  if (id > 0) return id;
  throw failure("bad-option", { kind: "account-from-one" });
};

/** Checked here, so that no message ever quotes a token. */
const tokensOf = (flags: Flags): readonly TokenOption[] => {
  const { token, personalToken, readOnlyToken } = flags;
  if (token === undefined) throw failure("token-missing", { flag: "--token" });
  const tokens: readonly TokenOption[] = [
    { token, kind: "service", role: "admin", name: "emulator-token" },
    ...(personalToken === undefined
      ? []
      : [{ token: personalToken, kind: "personal" as const, role: "admin" as const, name: "emulator-user" }]),
    ...(readOnlyToken === undefined
      ? []
      : [
          {
            token: readOnlyToken,
            kind: "service" as const,
            role: "viewer" as const,
            name: "emulator-viewer",
          },
        ]),
  ];
  const texts = tokens.map((option) => option.token);
  if (texts.some((text) => !/^\S+$/.test(text))) throw failure("bad-option", { kind: "token-with-spaces" });
  if (new Set(texts).size < texts.length) throw failure("bad-option", { kind: "same-tokens" });
  return tokens;
};

const shapeOf = (text: string): AuditShape => {
  const shape = auditShapes.find((known) => known === text);
  if (shape !== undefined) return shape;
  throw failure("bad-option", { kind: "unknown-audit-shape", shapes: auditShapes, text });
};

const faultOf = (text: string): Fault => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw failure("bad-option", { kind: "fault-not-json", text });
  }
  const fault = readFault(value);
  if (typeof fault === "string") throw failure("bad-option", { kind: "unknown-fault", text, why: fault });
  return fault;
};

const clientIpOf = (text: string): string => {
  if (parseAddress(text).ok) return text;
  throw failure("bad-option", { kind: "address-wanted", option: "--client-ip", text });
};

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener("abort", () => done(), { once: true });
  });

const tlsOf = (io: Io, { tls, key }: Flags): TlsFiles | undefined => {
  if (tls === undefined && key === undefined) return undefined;
  if (tls === undefined || key === undefined) throw failure("emulator-tls", { kind: "half" });
  const read = (file: string): string => {
    try {
      return readNamedText(io.cwd, file, { most: largest.note });
    } catch (cause) {
      const reason = reasonOf(cause);
      throw failure("emulator-tls", { kind: "unreadable", file: visible(file), reason }, { cause });
    }
  };
  return { cert: read(tls), key: read(key) };
};

const serve = async (io: Io, flags: Flags): Promise<Report> => {
  // From here on a signal is a request to save and end.
  const { signal } = io;
  const emulator = await startEmulator({
    port: wholeNumber("--port", flags.port, 65_535),
    accountId: accountOf(flags.account),
    tokens: tokensOf(flags),
    auditShape: shapeOf(flags.auditShape),
    auditLagMs: timeOf("--audit-lag", flags.auditLag),
    requestsPerMinute: wholeNumber("--rate-limit", flags.rateLimit, 1_000_000_000),
    cooldownSeconds: Math.ceil(timeOf("--cooldown", flags.cooldown) / 1000),
    latencyMs: timeOf("--latency", flags.latency),
    faults: flags.fault.map(faultOf),
    listDeleted: flags.listDeleted === true,
    now: () => io.now(),
    onProblem: (message) => note(io, `a request was answered with 500: ${visible(message)}`),
    ...(flags.clientIp !== undefined && { clientIp: clientIpOf(flags.clientIp) }),
    ...(flags.state !== undefined && { stateFile: resolve(io.cwd, flags.state) }),
    ...present({ tls: tlsOf(io, flags) }),
    ...(flags.seed !== undefined && { seed: readSeedFile(resolve(io.cwd, flags.seed), flags.seed) }),
  });
  io.stdout.write(`listening on ${emulator.url}\n`);
  await ended(signal);
  await emulator.close();
  return { kind: "done", exitCode: exitCodes.done };
};

export const configure = (command: Command, io: Io, program: Program): void => {
  debugOptions(command)
    .option("--port <port>", "port on 127.0.0.1; 0 takes a free one", "0")
    .option("--account <id>", "the account that it has")
    .option("--token <token>", "a service token that may read and write")
    .option("--personal-token <token>", "a personal token that may read and write")
    .option("--read-only-token <token>", "a service token that may only read")
    .option("--state <file>", "keep the account in this file")
    .option(
      "--seed <file>",
      "what the account holds if there is no state file yet: a seed, or an account from show --format json",
    )
    .option("--tls <cert>", "serve https with this certificate (a PEM file), for clients that insist on it")
    .option("--key <key>", "the certificate's key (a PEM file)")
    .option("--client-ip <address>", "where callers come from, unless X-Forwarded-For names another address")
    .option("--audit-shape <shape>", "shape of audit events: current, 2022 or mixed", "current")
    .option("--audit-lag <seconds>", "how late audit events appear", "0")
    .option("--rate-limit <requests>", "requests per minute before 429", "5000")
    .option("--cooldown <seconds>", "how long 429 then lasts", "300")
    .option("--latency <seconds>", "how long every answer waits", "0")
    .option("--list-deleted", "show deleted rules and entries, with state 2")
    .option("--fault <json>", "a fault to inject (repeatable)", (text, all: string[]) => [...all, text], []);
  runs(command, io, program, serve);
};
