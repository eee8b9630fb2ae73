/** Accounts that several applies change at once: the account before, and what each policy makes of it. */
import type { AccountState } from "../../../src/model/rule.js";
import { account, rule } from "../hand-made.js";

export interface Scenario {
  readonly name: string;
  readonly before: AccountState;
  /** One for each policy: where there is one, every run has the same policy. */
  readonly targets: readonly AccountState[];
  /**
   * The window that docs/decisions/two-applies.md names: what a single late call does there cannot be prevented, even
   * where all started from the same account. It must be noticed by the run that sent the call.
   */
  readonly window?: true;
}

const office = ["203.0.113.0/24"];
const vpn = ["192.0.2.0/26"];
const partner = rule("partner", "allow", ["198.51.100.0/24"]);

/** Looked up in every state: the caller's, must-allow and outside addresses. */
export const watchedTexts = [
  "203.0.113.10",
  "203.0.113.200",
  "192.0.2.7",
  "198.51.100.1",
  "8.8.8.8",
  "2001:db8::1",
];

export const scenarios: readonly Scenario[] = [
  {
    name: "replace the only rule",
    before: account("enabled", rule("old", "allow", office)),
    targets: [account("enabled", rule("new", "allow", office))],
  },
  {
    name: "replace one rule of two",
    before: account("enabled", rule("old", "allow", office), partner),
    targets: [account("enabled", rule("new", "allow", office, "headquarters"), partner)],
  },
  {
    name: "several creates and deletes",
    before: account("enabled", rule("old", "allow", office), rule("old vpn", "allow", vpn), partner),
    targets: [
      account(
        "enabled",
        rule("a", "allow", office),
        rule("b", "allow", vpn),
        rule("c", "deny", ["203.0.113.66/32"]),
      ),
    ],
  },
  {
    name: "entries in and out of one rule",
    before: account("enabled", rule("office", "allow", ["203.0.113.0/25", "192.0.2.0/26"]), partner),
    targets: [account("enabled", rule("office", "allow", ["203.0.113.0/24", "192.0.2.0/25"]), partner)],
  },
  {
    name: "a new description, with entries in and out",
    before: account("enabled", rule("office", "allow", ["203.0.113.0/25", "192.0.2.0/26"], "old"), partner),
    targets: [
      account("enabled", rule("office", "allow", ["203.0.113.0/24", "192.0.2.0/25"], "new"), partner),
    ],
  },
  {
    name: "a rule changes its type by a stand-in",
    before: account("enabled", rule("office", "allow", office), rule("guests", "deny", ["203.0.113.128/25"])),
    targets: [
      account("enabled", rule("office", "allow", office), rule("guests", "allow", ["203.0.113.192/26"])),
    ],
  },
  {
    name: "the default flips, and what was denied is denied by default",
    before: account("enabled", rule("blocked", "deny", ["198.51.100.0/24"])),
    targets: [account("enabled", rule("office", "allow", office))],
  },
  {
    name: "the default flips back",
    before: account("enabled", rule("office", "allow", office)),
    targets: [account("enabled", rule("blocked", "deny", ["198.51.100.0/24"]))],
  },
  {
    name: "the first rules",
    before: account("disabled"),
    targets: [account("enabled", rule("office", "allow", office), rule("vpn", "allow", vpn))],
  },
  {
    name: "take one of two rules away",
    before: account("enabled", rule("one", "allow", office), rule("two", "allow", office)),
    targets: [account("enabled", rule("one", "allow", office))],
  },
  {
    name: "different policies, each with a rule of its own for the same addresses",
    before: account("enabled", rule("old", "allow", office)),
    targets: ["a", "b", "c", "d"].map((name) => account("enabled", rule(name, "allow", office))),
  },
  {
    name: "different policies that share the new rule",
    before: account("enabled", rule("old", "allow", office)),
    targets: ["a", "b", "c"].map((name) =>
      account("enabled", rule("new", "allow", office), rule(name, "allow", vpn)),
    ),
  },
  {
    name: "the default flips",
    before: account("enabled", rule("blocked", "deny", ["198.51.100.0/24"])),
    targets: [
      account("enabled", rule("blocked", "deny", ["198.51.100.0/24"]), rule("office", "allow", office)),
    ],
    window: true,
  },
  {
    name: "enforcement goes on",
    before: account("disabled", rule("old", "allow", office)),
    targets: [account("enabled", rule("new", "allow", office))],
    window: true,
  },
  {
    name: "different policies, each takes away the other's rule",
    before: account("enabled", rule("one", "allow", office), rule("two", "allow", office)),
    targets: ["one", "two"].map((name) => account("enabled", rule(name, "allow", office))),
    window: true,
  },
];
