/** The commands in the order of the first screen; each module is loaded only when its command runs. */
import type { CommandModule } from "../command.js";

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly hidden?: boolean;
  load(): Promise<CommandModule>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "run the whole loop against an embedded emulator",
    load: () => import("./demo.js"),
  },
  { name: "init", summary: "write a first policy here", load: () => import("./init.js") },
  { name: "import", summary: "turn the account's rules into a policy", load: () => import("./import.js") },
  {
    name: "validate",
    summary: "check the policy and run its tests, offline",
    load: () => import("./validate.js"),
  },
  {
    name: "fmt",
    summary: "put the policy in canonical form, keeping its comments",
    load: () => import("./fmt.js"),
  },
  {
    name: "plan",
    summary: "show what would change, and who gains or loses access",
    load: () => import("./plan.js"),
  },
  { name: "show", summary: "show a saved plan, or the account as it is", load: () => import("./show.js") },
  {
    name: "apply",
    summary: "change the account to match the policy",
    load: () => import("./apply.js"),
  },
  {
    name: "grant",
    summary: "let an address in for a time",
    load: () => import("./grant.js"),
  },
  {
    name: "rollback",
    summary: "undo an apply, from its receipt",
    load: () => import("./rollback.js"),
  },
  {
    name: "drift",
    summary: "compare the account with the policy, and show who changed it",
    load: () => import("./drift.js"),
  },
  { name: "audit", summary: "verify, list and export the audit log", load: () => import("./audit.js") },
  { name: "explain", summary: "say why an address is allowed or denied", load: () => import("./explain.js") },
  {
    name: "doctor",
    summary: "check host, token and account, and say what does not work",
    load: () => import("./doctor.js"),
  },
  {
    name: "replay",
    summary: "say who would be cut off, by the traffic on record",
    load: () => import("./replay.js"),
  },
  {
    name: "lists",
    summary: "fetch published address lists into the policy's lock",
    load: () => import("./lists.js"),
  },
  {
    name: "emulator",
    summary: "serve the dbt API from this machine, for rehearsals",
    load: () => import("./emulator.js"),
  },
  {
    name: "completion",
    summary: "print a completion script for your shell",
    load: () => import("./completion.js"),
  },
  {
    name: "__complete",
    summary: "what can come next on a command line",
    hidden: true,
    load: () => import("./complete.js"),
  },
];
