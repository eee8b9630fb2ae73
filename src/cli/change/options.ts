/**
 * The options of every command that changes an account, and the same ones as they were given, for the commands that it names
 * as the next ones: a change that was to be confirmed, proven or checked for an address must not lose that where the command
 * is typed again.
 */
import { type Command, Option } from "commander";
import { formatAddress } from "../../address/prefix.js";
import { present } from "../../model/present.js";
import { shellWord } from "../../model/shell.js";
import { lengthText, minuteMs } from "../../model/time.js";
import {
  type ConnectionOptions,
  duration,
  type GuardOptions,
  guardOptions,
  guardsOf,
  type OutputOptions,
  outputOptions,
  type PolicyOptions,
} from "../arguments/options.js";

export interface ChangeOptions extends PolicyOptions, ConnectionOptions, GuardOptions, OutputOptions {
  readonly autoApprove?: boolean;
  readonly receipt?: string;
  readonly actor?: string;
  readonly audit?: boolean;
  /** Milliseconds. */
  readonly auditTimeout: number;
}

/** Milliseconds. */
const defaultAuditTimeout = minuteMs;

/** Of a command that has those of its account already. */
export const changeOptions = (
  command: Command,
  autoApprove = "do not ask; needed without a terminal",
): Command =>
  outputOptions(guardOptions(command), "apply")
    .option("--auto-approve", autoApprove)
    .option("--receipt <file>", "where the receipt goes (default: .dbt-ip-rules/receipts/)")
    .option(
      "--actor <who>",
      "this token's name or id in the audit log, to learn your address from (default: from receipts)",
    )
    .option("--audit", "afterwards, confirm every change in the audit log")
    .addOption(
      new Option("--audit-timeout <time>", "how long to wait for late audit events")
        .argParser(duration)
        .default(defaultAuditTimeout, lengthText(defaultAuditTimeout)),
    );

/** Also those of apply alone. */
interface GivenOptions extends ChangeOptions {
  /** Milliseconds. */
  readonly confirm?: number;
  readonly confirmCommand?: string;
}

const words = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).map(([flag, value]) => `${flag} ${shellWord(value)}`);

const joined = (flags: readonly string[]): string => flags.map((flag) => ` ${flag}`).join("");

const sharedFlags = ({
  host,
  account,
  ...guards
}: GuardOptions & Pick<GivenOptions, "host" | "account">): string[] => [
  ...words(present({ "--host": host, "--account": account })),
  ...(guards.clientIp ?? []).map((address) => `--client-ip ${formatAddress(address)}`),
  ...guardsOf(guards).overrides,
];

/** What `plan` takes as well; with a space before each. */
export const planFlags = (options: GivenOptions): string => joined(sharedFlags(options));

/** `asked`: somebody said yes, and is asked again. With a space before each. */
export const applyFlags = (options: GivenOptions, asked = false): string =>
  joined([
    ...sharedFlags(options),
    ...(options.autoApprove === true && !asked ? ["--auto-approve"] : []),
    ...words(
      present({
        "--receipt": options.receipt,
        "--actor": options.actor,
        "--confirm": options.confirm === undefined ? undefined : lengthText(options.confirm),
        "--confirm-command": options.confirmCommand,
      }),
    ),
    ...(options.audit === true ? ["--audit"] : []),
    ...(options.auditTimeout === defaultAuditTimeout
      ? []
      : [`--audit-timeout ${lengthText(options.auditTimeout)}`]),
  ]);
