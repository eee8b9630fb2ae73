/** The options that commands share, with one spelling and one help text each. */
import { type Command, InvalidArgumentError, Option } from "commander";

export interface PolicyOptions {
  readonly policy: string;
  readonly now?: Date;
}

export interface ConnectionOptions {
  readonly host?: string;
  readonly account?: number;
}

export interface OutputOptions<Format extends string = string> {
  readonly format: Format;
  readonly output?: string;
  /** `FORMAT=FILE`, already taken apart. */
  readonly write: readonly { readonly format: Format; readonly file: string }[];
  /** False with `--no-color`. */
  readonly color: boolean;
  readonly debug?: boolean;
}

const accountId = (text: string): number => {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) throw new InvalidArgumentError("An account id is a positive whole number.");
  return Number(text);
};

const instant = (text: string): Date => {
  const date = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}(T.+)?$/.test(text) || Number.isNaN(date.getTime()))
    throw new InvalidArgumentError("Give a date such as 2027-01-15, or an ISO 8601 time (UTC where no zone is given).");
  return date;
};

export const policyOptions = (command: Command): Command =>
  command
    .addOption(new Option("-p, --policy <file>", "the policy file").default("policy.yaml"))
    .addOption(new Option("--now <date>", "rehearse as if it were this UTC date or time").argParser(instant));

export const connectionOptions = (command: Command): Command =>
  command
    .addOption(new Option("--host <host>", "the account's access URL, such as ab123.us1.dbt.com (or DBT_CLOUD_HOST_URL)"))
    .addOption(new Option("--account <id>", "the account id (or DBT_CLOUD_ACCOUNT_ID)").argParser(accountId));

/** `--format`, `--output`, `--write`, `--no-color`, `--debug`; the first format is the default. */
export const outputOptions = (command: Command, formats: readonly [string, ...string[]]): Command => {
  const target = (text: string, before: { format: string; file: string }[]) => {
    const at = text.indexOf("=");
    const format = text.slice(0, at);
    if (at < 1 || at === text.length - 1 || !formats.includes(format))
      throw new InvalidArgumentError(`Give FORMAT=FILE with a format of: ${formats.join(", ")}.`);
    return [...before, { format, file: text.slice(at + 1) }];
  };
  return debugOptions(
    command
      .addOption(new Option("-f, --format <format>", "what to print").choices(formats).default(formats[0]))
      .addOption(new Option("-o, --output <file>", "write to this file instead of standard output"))
      .addOption(
        new Option("--write <format=file>", "write this format to a file besides (repeatable)").argParser(target).default([], "none"),
      ),
  );
};

export const debugOptions = (command: Command): Command =>
  command
    .addOption(new Option("--no-color", "print without colour (NO_COLOR does the same)"))
    .addOption(new Option("--debug", "trace HTTP calls and show stack traces, on standard error"));
