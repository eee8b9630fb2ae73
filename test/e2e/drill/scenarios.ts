/** Accounts before and after, whose plans hold every kind of step: the drill's material. */
import { formatPrefix, type Prefix } from "../../../src/address/prefix.js";
import type { Seed } from "../../../src/emulator/seed.js";
import type { AccountState } from "../../../src/model/rule.js";
import { account, rule, withDisabled } from "../../apply/hand-made.js";

export interface Scenario {
  readonly name: string;
  readonly before: AccountState;
  readonly after: AccountState;
  /** New name to old name. */
  readonly renames: ReadonlyMap<string, string>;
  /** Addresses that are allowed before and after, and so must be in every state between. */
  readonly protectedAddresses: readonly string[];
}

/** Where the drill's calls come from, for the emulator's own lockout. */
export const callerAddress = "203.0.113.10";

export const scenarios: readonly Scenario[] = [
  {
    name: "switch on",
    before: account(
      "disabled",
      rule("office", "allow", ["203.0.113.0/24"]),
      rule("old partner", "allow", ["198.51.100.0/24"]),
      rule("VPN", "allow", ["192.0.2.0/26"]),
    ),
    after: account(
      "enabled",
      rule("office", "allow", ["203.0.113.0/25", "2001:db8:10::/48"], "headquarters"),
      rule("Corporate VPN", "allow", ["192.0.2.0/26"]),
      rule("scanners", "deny", ["203.0.113.66/32"]),
    ),
    renames: new Map([["Corporate VPN", "VPN"]]),
    protectedAddresses: [callerAddress, "192.0.2.7"],
  },
  {
    name: "switch off",
    before: account(
      "enabled",
      rule("office", "allow", ["203.0.113.0/24"]),
      rule("scanners", "deny", ["203.0.113.66/32", "203.0.113.67/32"]),
    ),
    after: account(
      "disabled",
      rule("office", "allow", ["203.0.113.0/24", "198.51.100.0/25"]),
      rule("home", "allow", ["192.0.2.77/32"]),
    ),
    renames: new Map(),
    protectedAddresses: [callerAddress, "203.0.113.200"],
  },
  {
    name: "splits while on",
    before: account(
      "enabled",
      rule("office", "allow", ["203.0.113.0/24"]),
      rule("mixed", "deny", ["198.51.100.0/25", "203.0.113.128/25"]),
      rule("partner", "allow", ["192.0.2.0/24"], "until spring"),
    ),
    after: account(
      "enabled",
      rule("office", "allow", ["203.0.113.0/25", "203.0.113.128/26"]),
      rule("mixed", "allow", ["198.51.100.0/25"]),
      rule("labs", "allow", ["192.0.2.0/25"]),
    ),
    renames: new Map(),
    protectedAddresses: [callerAddress, "192.0.2.7", "203.0.113.1"],
  },
  {
    name: "the default flips while on",
    before: account("enabled", rule("blocked", "deny", ["198.51.100.0/24"])),
    after: account(
      "enabled",
      rule("office", "allow", ["203.0.113.0/24"]),
      rule("home", "allow", ["192.0.2.77/32"]),
    ),
    renames: new Map(),
    protectedAddresses: [callerAddress, "192.0.2.77"],
  },
  {
    name: "entries disabled and enabled while on",
    before: account(
      "enabled",
      withDisabled(rule("office", "allow", ["203.0.113.0/24"]), "192.0.2.64/26"),
      rule("partner", "allow", ["198.51.100.0/24", "192.0.2.0/26"]),
      withDisabled(rule("scanners", "deny", ["203.0.113.66/32"]), "203.0.113.67/32"),
    ),
    after: account(
      "enabled",
      rule("office", "allow", ["203.0.113.0/24", "192.0.2.64/26"]),
      withDisabled(rule("partner", "allow", ["192.0.2.0/26"]), "198.51.100.0/24"),
      withDisabled(rule("scanners", "deny", ["203.0.113.67/32"]), "203.0.113.66/32"),
      withDisabled(rule("summer", "allow", []), "192.0.2.128/25"),
    ),
    renames: new Map(),
    protectedAddresses: [callerAddress, "192.0.2.7"],
  },
  {
    name: "a new account",
    before: account("disabled"),
    after: account(
      "enabled",
      rule("office", "allow", ["203.0.113.0/24"]),
      rule("home", "allow", ["192.0.2.77/32"]),
    ),
    renames: new Map(),
    protectedAddresses: [callerAddress, "192.0.2.77"],
  },
];

export const seedOf = (state: AccountState): Seed => ({
  enabled: state.enforcement === "enabled",
  rules: state.rules.map(({ name, type, description, prefixes, disabled = [] }) => ({
    name,
    type,
    ...(description === "" ? {} : { description }),
    cidrs: [...prefixes.map(formatPrefix), ...disabled.map(offEntry)],
  })),
});

const offEntry = (prefix: Prefix) => ({ cidr: formatPrefix(prefix), enabled: false });

/** The scenario's end as a policy file, for runs of the whole program; JSON is YAML too. */
/** Whoever turns enforcement on names an address that stays in, or is refused (`first-enforcement`). */
export const policyOf = ({ after, renames }: Scenario): string =>
  JSON.stringify({
    version: 1,
    enforcement: after.enforcement,
    unmanaged_rules: "delete",
    ...(after.enforcement === "enabled" ? { guards: { must_allow: [callerAddress] } } : {}),
    rules: after.rules.map(({ name, type, description, prefixes, disabled = [] }) => ({
      name,
      type,
      ...(description === "" ? {} : { description }),
      ...(renames.has(name) ? { previous_names: [renames.get(name)] } : {}),
      cidrs: [...prefixes.map(formatPrefix), ...disabled.map(offEntry)],
    })),
  });
