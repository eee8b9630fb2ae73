/** The flags that let a guard pass, one a guard (plan/guards.ts); no flag covers another's. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Address, parseAddress } from "../address/prefix.js";
import { overrideFlags } from "../plan/guards.js";

export interface GuardOptions {
  readonly clientIp?: readonly Address[];
}

const addressOption = (text: string, before: readonly Address[] = []): readonly Address[] => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new InvalidArgumentError(`${parsed.problem.message}.`);
  return [...before, parsed.address];
};

const meanings: Readonly<Record<keyof typeof overrideFlags, string>> = {
  lockout: "go on although you or a must_allow address would be locked out",
  disturbance: "go on although a step disturbs addresses that should not change",
  removedRules: "go on although more rules go than max_removed_rules",
  newlyAllowed: "go on although more addresses get in than max_newly_allowed",
  mustDeny: "go on although a must_deny address would get in",
  unmanaged: "go on although the account has unmanaged rules",
  tests: "go on although a policy test fails",
};

export const guardOptions = (command: Command): Command => {
  command.addOption(
    new Option(
      "--client-ip <address>",
      "an address you come from: it must stay allowed (repeatable)",
    ).argParser(addressOption),
  );
  // The keys of one table are those of the other; `Object.entries` forgets that.
  for (const [guard, flag] of Object.entries(overrideFlags))
    command.addOption(new Option(flag, meanings[guard as keyof typeof meanings]));
  return command;
};

/** What the planner is told: the override flags given, and the addresses the caller is known to come from. */
export const guardsOf = (
  options: GuardOptions,
): { readonly overrides: ReadonlySet<string>; readonly clientAddresses: readonly Address[] } => {
  const values: Readonly<Record<string, unknown>> = { ...options };
  const given = Object.values(overrideFlags).filter(
    (flag) => values[new Option(flag).attributeName()] === true,
  );
  return { overrides: new Set(given), clientAddresses: options.clientIp ?? [] };
};
