/** Codes of what ends or is undone: entries that expire, grants, rollbacks, changes that nobody confirmed. */
import { assertNever } from "../assert.js";
import { onOrAt } from "../time.js";
import { asCode, counted, listed } from "../words.js";
import { code } from "./code.js";

/** Why a policy's text cannot be given the entry. `has-access`: the rule has the prefix, for as long or for ever. */
export type GrantProblem =
  | { readonly kind: "rule-denies" | "no-list" }
  | { readonly kind: "has-access"; readonly until: string | undefined };

const deniedBy = (rules: readonly string[]): string =>
  rules.length === 0 ? "the rules" : listed(rules.map(asCode));

const grantProblem = (args: GrantProblem & { readonly rule: string; readonly prefix: string }): string => {
  switch (args.kind) {
    case "rule-denies":
      return `The rule \`${args.rule}\` denies: an entry there would block ${args.prefix}`;
    case "no-list":
      return `The rule \`${args.rule}\` cannot be given an entry: its \`cidrs\` is an alias`;
    case "has-access":
      return `The rule \`${args.rule}\` already has ${args.prefix}${args.until === undefined ? ", with no end date" : ` until ${args.until}`}`;
    default:
      return assertNever(args);
  }
};

/** An entry whose time is over. */
export interface ExpiredEntry {
  readonly rule: string;
  readonly prefix: string;
  readonly expires: string;
}

const mostShown = 5;

const expiredText = (entries: readonly ExpiredEntry[]): string => {
  const shown = entries
    .slice(0, mostShown)
    .map(
      ({ rule, prefix, expires }) => `${prefix} in rule ${JSON.stringify(rule)}, ended ${onOrAt(expires)}`,
    );
  const more = entries.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
};

export const undoCodes = {
  "expired-deny-waits": code<{ prefix: string; rule: string; expires: string }>({
    severity: "warning",
    message: ({ prefix, rule, expires }) =>
      `The deny entry ${prefix} in \`${rule}\` expired ${onOrAt(expires)} and stays on the account: removing it may allow addresses`,
    hint: "To see which, and to remove it: dbt-ip-rules apply",
    meaning: "`--only-expired` does not remove deny entries in force.",
    fix: "Run `dbt-ip-rules apply`, and read who gains access.",
  }),
  "grant-address": code<{ text: string; problem: string }>({
    severity: "error",
    message: ({ text, problem }) => `\`${text}\` cannot be granted access: ${problem}`,
    hint: "Give an address or a prefix such as 203.0.113.7 or 203.0.113.0/28",
    meaning: "This is not an address or prefix.",
    fix: "Write `203.0.113.7`.",
  }),
  "grant-impossible": code<GrantProblem & { rule: string; prefix: string }>({
    severity: "error",
    message: grantProblem,
    hint: ({ kind }) =>
      kind === "has-access"
        ? "If it is not applied yet: dbt-ip-rules apply. If it is blocked all the same: dbt-ip-rules explain ADDRESS"
        : "Name an allow rule of the policy, or a new one: --rule NAME",
    meaning: "`grant` cannot write the entry, or the rule already has it.",
    fix: "Name another rule with `--rule NAME`.",
  }),
  "grant-no-help": code<{ prefix: string; rules: readonly string[] }>({
    severity: "error",
    message: ({ prefix, rules }) => `An entry would not help: ${prefix} stays blocked by ${deniedBy(rules)}`,
    hint: "Change the deny rule in the policy: dbt-ip-rules explain ADDRESS shows the entry that decides",
    meaning: "A deny entry for these addresses decides, so a grant changes nothing.",
    fix: "Change that rule in the policy.",
  }),
  "grant-blocks-others": code<{ blocked: string }>({
    severity: "error",
    message: ({ blocked }) =>
      `Refused: the first allow entry blocks everybody that no entry allows, here ${blocked}. Nothing was written`,
    hint: "Write the allow rules of everybody into the policy and apply them first, then grant again",
    meaning: "The account has no allow entry. The first one blocks everybody else.",
    fix: "Apply allow rules for everybody, then grant.",
  }),
  "grant-helps-in-part": code<{ prefix: string; blocked: string; rules: readonly string[] }>({
    severity: "warning",
    message: ({ prefix, blocked, rules }) =>
      `Part of ${prefix} stays blocked, by more specific deny entries of ${deniedBy(rules)}: ${blocked}`,
    hint: "Change the deny rule in the policy if they should have access",
    meaning: "More specific deny entries block some of the addresses.",
    fix: "Change them in the policy, if needed.",
  }),
  "grant-already-allowed": code<{ prefix: string; by?: string; off: boolean }>({
    severity: "note",
    message: ({ prefix, by, off }) =>
      off
        ? `${prefix} is already allowed: enforcement is off, so everybody is`
        : `${prefix} is already allowed${by === undefined ? "" : ` by \`${by}\``}: this entry changes nothing`,
    hint: "If somebody is blocked all the same: dbt-ip-rules explain ADDRESS, with the address that the service sees",
    meaning: "The account already allows these addresses.",
    fix: "See `dbt-ip-rules explain ADDRESS`.",
  }),
  "grant-others-pending": code<{ changes: number }>({
    severity: "error",
    message: ({ changes }) =>
      `Refused: ${counted(changes, "other change is", "other changes are")} pending, and would be applied too. Nothing was written`,
    hint: "To see them: dbt-ip-rules plan. Apply them first, or grant without --apply and let the pipeline do it",
    meaning: "`grant --apply` applies only its own entry, but more changes are pending.",
    fix: "Apply or revert them first.",
  }),
  "grant-policy-changed": code<{ file: string }>({
    severity: "error",
    message: ({ file }) => `Refused: ${file} has changed since grant read it. Nothing was written`,
    hint: "Run the same command again: it starts from the file as it is now",
    meaning: "The policy was edited while `grant` ran.",
    fix: "Run it again.",
  }),
  "grant-entry-stays": code<{ file: string; prefix: string }>({
    severity: "warning",
    message: ({ file, prefix }) =>
      `${file} has changed since grant wrote into it, so it was not restored. The entry for ${prefix} was not applied, but may still be there`,
    hint: "If the entry is there, delete it or apply it",
    meaning: "The apply was refused, and the edited policy was not restored.",
    fix: "Delete the entry, or apply it.",
  }),
  "grant-standard-input": code({
    severity: "error",
    message: "grant writes into the policy, so the policy must be a file",
    hint: "Name it: --policy policy.yaml",
    fix: "Give `--policy FILE`.",
  }),
  "confirm-caller-unknown": code({
    severity: "error",
    message:
      "Refused: your address is not known, so it is not known whether you could undo this change from it",
    hint: "Give your address: --client-ip ADDRESS (a saved plan does not contain it)",
    fix: "Give `--client-ip`.",
  }),
  "confirm-caller-blocked": code<{ address: string; where: string }>({
    severity: "error",
    message: ({ address, where }) =>
      `Refused: your address ${address} is blocked ${where}, so you could not undo the change from it`,
    hint: "Change the policy so that this address stays allowed, or apply without --confirm",
    meaning: "Your address would be blocked before or after the change, or on the way back.",
    fix: "Keep it allowed, or apply without `--confirm`.",
  }),
  "change-undone": code<{ why: string }>({
    severity: "error",
    message: ({ why }) =>
      `The change was not confirmed (${why}) and was undone: the account is as before this run`,
    hint: "Revert the commit too, or the next pipeline applies it again",
    meaning: "A change under `--confirm` was not confirmed in time, and was undone.",
    fix: "Revert the commit too.",
  }),
  "change-undone-in-part": code<{ why: string }>({
    severity: "error",
    message: ({ why }) =>
      `The change was not confirmed (${why}) and was undone, except for what others have changed since, which is listed`,
    hint: "Look at the differences: dbt-ip-rules drift. Revert the commit too, or the next pipeline applies it again",
    meaning: "A change was undone, except where others changed the same rules.",
    fix: "Look at the differences; revert the commit too.",
  }),
  "change-not-undone": code<{ undo: string }>({
    severity: "error",
    message: () => "The change was not confirmed, and could not be undone completely",
    hint: ({ undo }) => `To undo it: ${undo}`,
    meaning: "A change was not confirmed, and undoing it failed.",
    fix: "Run the `rollback` named, from an allowed address.",
  }),
  "unconfirmed-change": code<{ begun: string; undo: string }>({
    severity: "warning",
    message: ({ begun }) =>
      `A change made with --confirm at ${begun} is on the account and was not confirmed`,
    hint: ({ undo }) =>
      `If its apply is still waiting, answer there. To undo it: ${undo}. To keep it: dbt-ip-rules apply`,
    meaning: "An apply with `--confirm` waits, or ended without an answer.",
    fix: "Confirm, roll back or apply.",
  }),
  "drift-after-undo": code<{ what: "rollback" | "apply --disable-enforcement"; at: string; file: string }>({
    severity: "note",
    message: ({ what, at, file }) =>
      `The last run on this account was \`${what}\`, at ${at} (receipt ${file})`,
    hint: ({ what }) =>
      what === "rollback"
        ? "To keep it undone, revert the commit too: the next apply brings it back"
        : "To keep it off, set `enforcement: disabled` in the policy: the next apply turns it on",
    meaning: "The last run undid what the policy asks for.",
    fix: "Revert the commit, or apply.",
  }),
  "nothing-to-undo": code<{ folder: string }>({
    severity: "error",
    message: ({ folder }) => `No apply of this account can be undone: ${folder} has no receipt of one`,
    hint: "Name the receipt, as the pipeline kept it: dbt-ip-rules rollback FILE",
    meaning: "There is no receipt to roll back.",
    fix: "Name one: `dbt-ip-rules rollback FILE`.",
  }),
  "receipt-cannot-undo": code<{ file: string }>({
    severity: "error",
    message: ({ file }) =>
      `${file} cannot be undone: a receipt of version 1 does not contain the rules before the apply`,
    hint: "Revert the commit, then: dbt-ip-rules apply",
    meaning: "An older release wrote the receipt.",
    fix: "Revert the commit, and apply.",
  }),
  "rollback-later-changes": code<{ others: number }>({
    severity: "error",
    message: () =>
      "Refused: rules that this apply changed were changed again since. The differences are listed",
    hint: ({ others }) =>
      others === 0
        ? "Nothing can be undone without overwriting these changes"
        : "To keep these changes and undo the rest, as planned above: add --keep-later-changes",
    meaning: "Rules were changed since the apply, and undoing it would overwrite that.",
    fix: "`--keep-later-changes` undoes the rest.",
  }),
  "rollback-receipt-breaks-off": code<{ rules: readonly string[] }>({
    severity: "error",
    message: ({ rules }) =>
      `Refused: the receipt is incomplete, and does not show why ${listed(rules.map(asCode))} ${rules.length === 1 ? "is" : "are"} not as before the apply`,
    hint: "Use a complete copy of the receipt, as the pipeline kept it. To undo only what this one shows: add --keep-later-changes",
    meaning: "The receipt has no end, and does not show why rules differ.",
    fix: "Use a complete copy, or `--keep-later-changes`.",
  }),
  "rollback-kept-changes": code({
    severity: "warning",
    message: "What others changed since the apply was not undone; it is listed as changed by somebody else",
    hint: "Look at the differences: dbt-ip-rules drift",
    fix: "See `dbt-ip-rules drift`.",
  }),
  "rollback-disables-enforcement": code({
    severity: "error",
    message: "Refused: the apply turned enforcement on, and undoing that allows everybody",
    hint: "If you want that, add --disable-enforcement",
  }),
  "rollback-lets-expired-in": code<{ readonly entries: readonly ExpiredEntry[] }>({
    severity: "warning",
    message: ({ entries }) =>
      entries.length === 0
        ? "This apply removed expired entries: undoing it adds them again, without an expiry date"
        : `This apply removed expired entries, and undoing it adds them again: ${expiredText(entries)}`,
    hint: ({ entries }) =>
      entries.length === 0
        ? "To extend access: dbt-ip-rules grant, or a later date in the policy"
        : "To remove them again: dbt-ip-rules apply --only-expired; to extend access: dbt-ip-rules grant",
    meaning:
      "The apply that is undone removed entries that had expired. Undoing it adds them again, without an expiry date.",
    fix: "Use `dbt-ip-rules grant`, or a later date.",
  }),
  "other-changes-wait": code<{ changes: number }>({
    severity: "note",
    message: ({ changes }) =>
      `${counted(changes, "other change is", "other changes are")} pending, and not part of this run`,
    hint: "To see them: dbt-ip-rules plan",
    meaning: "The policy asks for more than `--only-expired` does.",
    fix: "Run `dbt-ip-rules apply` for the rest.",
  }),
};
