/**
 * The flags of a command that changes an account, as they were given, for the commands that it names as the next ones: a
 * change that was to be confirmed, proven or checked for an address must not lose that where the command is typed again.
 */
import { formatAddress } from "../../address/prefix.js";
import { present } from "../../model/present.js";
import { shellWord } from "../../model/shell.js";
import { type GuardOptions, guardsOf } from "../arguments/options.js";
import type { CarryOutOptions } from "./carry-out.js";

/** Also those of apply alone. */
interface Given extends CarryOutOptions {
  /** Milliseconds. */
  readonly confirm?: number;
  readonly confirmCommand?: string;
}

/** Milliseconds. */
export const defaultAuditTimeout = 60_000;

const unitsMs = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** `600000` as `10m`: the largest unit that says it exactly. */
export const timeFlag = (ms: number): string => {
  const [unit, size] = unitsMs.find((one) => ms % one[1] === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
};

const words = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).map(([flag, value]) => `${flag} ${shellWord(value)}`);

const joined = (flags: readonly string[]): string => flags.map((flag) => ` ${flag}`).join("");

const sharedFlags = ({
  host,
  account,
  ...guards
}: GuardOptions & Pick<Given, "host" | "account">): string[] => [
  ...words(present({ "--host": host, "--account": account })),
  ...(guards.clientIp ?? []).map((address) => `--client-ip ${formatAddress(address)}`),
  ...guardsOf(guards).overrides,
];

/** What `plan` takes as well; with a space before each. */
export const planFlags = (options: Given): string => joined(sharedFlags(options));

/** `asked`: somebody said yes, and is asked again. With a space before each. */
export const applyFlags = (options: Given, asked = false): string =>
  joined([
    ...sharedFlags(options),
    ...(options.autoApprove === true && !asked ? ["--auto-approve"] : []),
    ...words(
      present({
        "--receipt": options.receipt,
        "--actor": options.actor,
        "--confirm": options.confirm === undefined ? undefined : timeFlag(options.confirm),
        "--confirm-command": options.confirmCommand,
      }),
    ),
    ...(options.audit === true ? ["--audit"] : []),
    ...(options.auditTimeout === defaultAuditTimeout
      ? []
      : [`--audit-timeout ${timeFlag(options.auditTimeout)}`]),
  ]);
