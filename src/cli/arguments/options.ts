/** The options that commands share, with one spelling and one help text each. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { type Address, parseAddress } from "../../address/prefix.js";
import { parseInstant, parseMoment } from "../../audit/time-range.js";
import { columnRoles, type TrafficColumns } from "../../audit/traffic-fields.js";
import type { LoadedPolicy } from "../../files/load-policy.js";
import { diagnostic } from "../../model/diagnostic.js";
import { failure } from "../../model/failure.js";
import { flagMeanings, type OverrideFlag, overrideFlags } from "../../model/guards.js";
import { present } from "../../model/present.js";
import { dayMs, lengthOf, lengthText } from "../../model/time.js";
import type { Report } from "../../report/report.js";
import { type Format, formatsOf } from "../../report/reporters.js";
import { type Io, noteDiagnostics } from "../io.js";
import { writeParts } from "./named-files.js";

export interface PolicyOptions {
  readonly policy: string;
  /** Those of the run that were read already. */
  readonly read?: ReadonlyMap<string, LoadedPolicy>;
}

export interface RehearsalOptions extends PolicyOptions {
  readonly now?: Date;
}

export interface ConnectionOptions {
  readonly host?: string;
  readonly account?: string;
}

export interface DebugOptions {
  /** False with `--no-color`. */
  readonly color: boolean;
  readonly debug?: boolean;
}

export interface OutputOptions extends DebugOptions {
  readonly format: Format;
  readonly output?: string;
  /** `FORMAT=FILE`, already taken apart. */
  readonly write: readonly { readonly format: Format; readonly file: string }[];
}

/** Of commands that look at an account: which it is, or the policy that names it. */
export interface AccountOptions extends ConnectionOptions, PolicyOptions, DebugOptions {}

/** Of commands that compare a policy with its account. */
export interface ComparingOptions extends RehearsalOptions, ConnectionOptions, OutputOptions {}

export interface RangeOptions {
  /** ISO 8601 UTC. */
  readonly since?: string;
  readonly until?: string;
}

export interface TrafficOptions {
  /** ISO 8601 UTC. */
  readonly since?: string;
  readonly until?: string;
  readonly from?: readonly string[];
  readonly columns?: TrafficColumns;
}

const instant = (text: string): Date => {
  const at = parseInstant(text, "start");
  if (at !== undefined) return new Date(at);
  throw new InvalidArgumentError(
    "Give a date such as 2027-01-15, or an ISO 8601 time (UTC if no zone is given).",
  );
};

/** Milliseconds; a timer of Node's that is given more fires at once. */
const longestWait = 24 * dayMs;

/** What a length of time may be, in milliseconds. */
interface LengthBounds {
  readonly least?: number;
  readonly most?: number;
  /** Said where it is longer. */
  readonly tooLong?: string;
  /** Whether a number without a unit is one of seconds. */
  readonly bare?: boolean;
}

/** Of every option that takes a length of time: `60s`, `5m`, `1d12h`, in milliseconds. */
export const lengthOption =
  ({ least = 0, most = longestWait, tooLong, bare = false }: LengthBounds = {}) =>
  (text: string): number => {
    const isBare = /^\d{1,9}(?:\.\d{1,3})?$/.test(text);
    if (isBare && !bare) throw new InvalidArgumentError("Give a time with its unit, such as 10m.");
    if (!isBare && !/^(?:\d{1,9}(?:\.\d{1,3})?(?:ms|[smhdw]))+$/.test(text))
      throw new InvalidArgumentError(
        `Give a time such as 60s, 5m or 1d12h${bare ? "; a number without a unit is seconds" : ""}.`,
      );
    const ms = lengthOf(isBare ? `${text}s` : text);
    if (ms < least) throw new InvalidArgumentError(`Give at least ${lengthText(least)}.`);
    if (ms > most)
      throw new InvalidArgumentError(
        `Give at most ${lengthText(most)}: ${tooLong ?? "no timer runs for longer"}.`,
      );
    return ms;
  };

/** How long to wait for something. */
export const duration = lengthOption({ bare: true });

/** A number of bytes that a report can be cut to. */
export const byteCount = (text: string): number => {
  if (!/^\d{4,9}$/.test(text))
    throw new InvalidArgumentError("Give a number of bytes from 1000, such as 60000.");
  return Number(text);
};

/** Named once: the last of several would silently be the only one. */
const onePolicy = (command: Command, meaning: string): Command =>
  command.addOption(
    new Option("-p, --policy <file>", meaning).default("policy.yaml").argParser((file: string) => {
      if (command.getOptionValueSource("policy") === "cli")
        throw new InvalidArgumentError("This command takes one policy.");
      return file;
    }),
  );

export const policyOption = (command: Command): Command => onePolicy(command, "the policy file");

/** Only for commands that write nothing to the account: it decides which entries have expired. */
const nowOption = (command: Command): Command =>
  command.addOption(
    new Option("--now <date>", "rehearse as if it were this UTC date or time").argParser(instant),
  );

export const rehearsalOptions = (command: Command): Command => nowOption(policyOption(command));

export const connectionOptions = (command: Command): Command =>
  command
    .addOption(new Option("--host <host>", "access URL: ab123.us1.dbt.com (or DBT_CLOUD_HOST_URL)"))
    .addOption(new Option("--account <id>", "account id (or DBT_CLOUD_ACCOUNT_ID)"));

/** For commands that look at the account and not at the policy. */
export const accountOptions = (command: Command): Command =>
  connectionOptions(onePolicy(command, "the policy that names host and account"));

/** `--format`, `--output`, `--write`, `--no-color`, `--debug`, of a command whose report is of this kind. */
export const outputOptions = (command: Command, kind: Report["kind"]): Command => {
  const formats = formatsOf(kind);
  const target = (text: string, before: { format: string; file: string }[]) => {
    const parts = writeParts(text);
    if (parts === undefined || !formats.some((format) => format === parts.format))
      throw new InvalidArgumentError(`Give FORMAT=FILE with a format of: ${formats.join(", ")}.`);
    return [...before, parts];
  };
  return debugOptions(
    command
      .addOption(new Option("-f, --format <format>", "what to print").choices(formats).default(formats[0]))
      .addOption(new Option("-o, --output <file>", "write to this file instead of standard output"))
      .addOption(
        new Option("--write <format=file>", "also write this format to a file (repeatable)")
          .argParser(target)
          .default([], "none"),
      ),
  );
};

/** For commands that compare a policy with its account. */
export const comparingOptions = (command: Command, kind: Report["kind"]): Command =>
  outputOptions(connectionOptions(rehearsalOptions(command)), kind);

export const debugOptions = (command: Command): Command =>
  command
    .addOption(new Option("--no-color", "print without colour (NO_COLOR does the same)"))
    .addOption(new Option("--debug", "trace HTTP calls and show stack traces, on standard error"));

/** With these, the flags that let a guard pass (plan/guards.ts, `overrideFlags`). */
export interface GuardOptions {
  readonly clientIp?: readonly Address[];
}

const addressOption = (text: string, before: readonly Address[] = []): readonly Address[] => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new InvalidArgumentError(`${parsed.problem.message}.`);
  return [...before, parsed.address];
};

export const guardOptions = (command: Command): Command => {
  command.addOption(
    new Option("--client-ip <address>", "your address, which must stay allowed (repeatable)").argParser(
      addressOption,
    ),
  );
  for (const flag of Object.values(overrideFlags)) command.addOption(new Option(flag, flagMeanings[flag]));
  return command;
};

/** What the planner is given: the override flags given, and the addresses the caller is known to come from. */
export const guardsOf = (
  options: GuardOptions,
): { readonly overrides: ReadonlySet<OverrideFlag>; readonly clientAddresses: readonly Address[] } => {
  const values: Readonly<Record<string, unknown>> = { ...options };
  const given = Object.values(overrideFlags).filter(
    (flag) => values[new Option(flag).attributeName()] === true,
  );
  return { overrides: new Set(given), clientAddresses: options.clientIp ?? [] };
};

const moment =
  (edge: "start" | "end", io: Io) =>
  (text: string): string => {
    const at = parseMoment(text, edge, io.now());
    if (at === undefined)
      throw new InvalidArgumentError(
        "Give a date (2026-03-01), a UTC time (2026-03-01T14:00), or how long ago (24h, 7d).",
      );
    return at;
  };

export const sinceOption = (command: Command, io: Io, otherwise: string): Command =>
  command.addOption(
    new Option(
      "--since <when>",
      `from this date or UTC time, or from this long ago: 2026-03-01, 2026-03-01T14:00, 24h, 7d (default: ${otherwise})`,
    ).argParser(moment("start", io)),
  );

export const rangeOptions = (command: Command, io: Io): Command =>
  sinceOption(command, io, "90 days ago").addOption(
    new Option("--until <when>", "up to and including this time (default: now)").argParser(moment("end", io)),
  );

/** Throws `Failure` where the range is empty; warns where it has not begun. */
export const checkRange = (io: Io, { since, until, color }: RangeOptions & DebugOptions): RangeOptions => {
  if (since !== undefined && until !== undefined && since > until)
    throw failure("range-empty", { since, until });
  if (since !== undefined && since > io.now().toISOString())
    noteDiagnostics(io, [diagnostic("range-in-future", { since })], { color });
  return present({ since, until });
};

export const eventOption = (command: Command, meaning: string): Command =>
  command.addOption(new Option("--event <types...>", meaning));

/** An age such as `90d`, as days and the moment that it means. */
export const windowOption =
  (io: Io) =>
  (text: string): string => {
    const at = parseMoment(text, "start", io.now());
    if (at === undefined || at > io.now().toISOString())
      throw new InvalidArgumentError("Give how long ago (90d, 12w) or a date in the past.");
    return at;
  };

/** `time=ts,ip=client,who=user`. */
const parseColumns = (text: string): TrafficColumns => {
  const found: Record<string, string> = {};
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const role = part.slice(0, at).trim();
    const name = part.slice(at + 1).trim();
    if (at < 1 || name === "" || !columnRoles.some((known) => known === role))
      throw new InvalidArgumentError(`Give ROLE=COLUMN pairs with roles of: ${columnRoles.join(", ")}.`);
    if (role in found) throw new InvalidArgumentError(`The column of ${role} is named twice.`);
    found[role] = name;
  }
  const { time, ip, ...others } = found;
  if (time === undefined || ip === undefined)
    throw new InvalidArgumentError("Name at least the columns of time and address: time=NAME,ip=NAME.");
  return { time, ip, ...others };
};

/** `--from`, `--columns`. A policy among the files is the policy: `--from` takes all names that follow it. */
export const fileOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--from <files...>",
        "read these files instead of the account's log: from audit export or audit list, or a proxy's CSV or NDJSON",
      ).argParser((file: string, before: readonly string[] = []) => {
        if (!/\.ya?ml$/i.test(file)) return [...before, file];
        const named: unknown =
          command.getOptionValueSource("policy") === "cli" ? command.getOptionValue("policy") : [];
        const policies = Array.isArray(named) ? named : [named];
        command.setOptionValueWithSource("policy", [...policies, file], "cli");
        return before;
      }),
    )
    .addOption(
      new Option(
        "--columns <roles>",
        "the columns of these files: time=NAME,ip=NAME,who=NAME (also id, name, kind)",
      ).argParser(parseColumns),
    );
