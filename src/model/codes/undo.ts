/** Codes of what ends or is undone: entries that expire, grants, rollbacks, changes that nobody confirmed. */
import { assertNever } from "../assert.js";
import { onOrAt } from "../instant.js";
import { counted } from "../words.js";
import { code } from "./code.js";

type GrantProblem =
  | { readonly kind: "rule-denies" | "no-list" }
  | { readonly kind: "has-access"; readonly until: string | undefined };

const named = (rules: readonly string[]): string => rules.map((rule) => `\`${rule}\``).join(", ");

const grantProblem = (args: GrantProblem & { readonly rule: string; readonly prefix: string }): string => {
  switch (args.kind) {
    case "rule-denies":
      return `The rule \`${args.rule}\` denies: an entry there would block ${args.prefix}`;
    case "no-list":
      return `The rule \`${args.rule}\` cannot be given an entry: its \`cidrs\` is an alias`;
    case "has-access":
      return `The rule \`${args.rule}\` has ${args.prefix} ${args.until === undefined ? "already, without an end" : `until ${args.until} already`}`;
    default:
      return assertNever(args);
  }
};

export const undoCodes = {
  "expired-deny-waits": code<{ prefix: string; rule: string; expires: string }>({
    severity: "warning",
    message: ({ prefix, rule, expires }) =>
      `The deny entry ${prefix} in \`${rule}\` expired ${onOrAt(expires)} and stays on the account: taking it out may let somebody in`,
    hint: "To see who, and to take it out: dbt-ip-rules apply",
    meaning:
      "A deny entry in force has expired. `--only-expired` takes out allow entries and disabled ones alone.",
    fix: "Run `dbt-ip-rules apply` without `--only-expired`, and read who gains access.",
  }),
  "grant-address": code<{ text: string; problem: string }>({
    severity: "error",
    message: ({ text, problem }) => `\`${text}\` cannot be let in: ${problem}`,
    hint: "Give an address or a prefix such as 203.0.113.7 or 203.0.113.0/28",
    meaning: "What `grant` was given is not an address or a prefix.",
    fix: "Give an address such as `203.0.113.7`.",
  }),
  "grant-impossible": code<GrantProblem & { rule: string; prefix: string }>({
    severity: "error",
    message: grantProblem,
    hint: ({ kind }) =>
      kind === "has-access"
        ? "If it is not applied yet: dbt-ip-rules apply. If it is blocked all the same: dbt-ip-rules explain ADDRESS"
        : "Name an allow rule of the policy, or a new one: --rule NAME",
    meaning: "The entry that `grant` was to write cannot be written, or is there already.",
    fix: "Name another rule with `--rule NAME`, or write the entry by hand.",
  }),
  "grant-no-help": code<{ prefix: string; rules: readonly string[] }>({
    severity: "error",
    message: ({ prefix, rules }) =>
      `An entry would not help: ${prefix} stays blocked by ${rules.length === 0 ? "the rules" : named(rules)}`,
    hint: "Change the deny rule in the policy: dbt-ip-rules explain ADDRESS shows the entry that decides",
    meaning:
      "A deny entry for the same addresses, or for parts of them, decides. The most specific entry wins.",
    fix: "Change that deny rule in the policy.",
  }),
  "grant-blocks-others": code<{ blocked: string }>({
    severity: "error",
    message: ({ blocked }) =>
      `Refused: this entry would block ${blocked}: with the first allow entry, whoever no entry allows is blocked. Nothing was written`,
    hint: "Write the allow rules of everybody into the policy and apply them first, then grant again",
    meaning:
      "The account allows everybody whom no entry denies. The first allow entry turns that around, so a grant would lock the others out.",
    fix: "Write allow rules for everybody who works with the account, apply them, then grant.",
  }),
  "grant-helps-in-part": code<{ prefix: string; blocked: string; rules: readonly string[] }>({
    severity: "warning",
    message: ({ prefix, blocked, rules }) =>
      `Of ${prefix}, ${blocked} stays blocked by ${rules.length === 0 ? "the rules" : named(rules)}, which is more specific`,
    hint: "Change the deny rule in the policy if they are to get in",
    meaning: "More specific deny entries block some of the addresses that a grant lets in.",
    fix: "Change those deny rules if the addresses are to get in.",
  }),
  "grant-already-allowed": code<{ prefix: string; by?: string; off: boolean }>({
    severity: "note",
    message: ({ prefix, by, off }) =>
      off
        ? `${prefix} is already allowed: enforcement is off, and everybody gets in`
        : `${prefix} is already allowed${by === undefined ? "" : ` by \`${by}\``}: this entry lets nobody in who is blocked now`,
    hint: "If somebody is blocked all the same: dbt-ip-rules explain ADDRESS, with the address that the service sees",
    meaning: "What `grant` was given is allowed on the account already.",
    fix: "Check the address; `dbt-ip-rules explain ADDRESS` shows which entry decides.",
  }),
  "grant-others-pending": code<{ changes: number }>({
    severity: "error",
    message: ({ changes }) =>
      `Refused: ${counted(changes, "other change is", "other changes are")} pending, and would be applied too. Nothing was written`,
    hint: "To see them: dbt-ip-rules plan. Apply them first, or grant without --apply and let the pipeline do it",
    meaning:
      "`grant --apply` applies its own entry alone, and the account differs from the policy in more than that.",
    fix: "Run `dbt-ip-rules plan`, apply or revert what is pending, then grant again.",
  }),
  "grant-policy-changed": code<{ file: string }>({
    severity: "error",
    message: ({ file }) => `Refused: ${file} has changed since grant read it. Nothing was written`,
    hint: "Run the same command again: it starts from the file as it is now",
    meaning: "Somebody edited the policy, or another `grant` wrote into it, while this one was at work.",
    fix: "Run the same command again.",
  }),
  "grant-entry-stays": code<{ file: string; prefix: string }>({
    severity: "warning",
    message: ({ file, prefix }) =>
      `${file} has changed since grant wrote into it, so it was not restored: the entry for ${prefix} may still be there, and was not applied`,
    hint: "If the entry is there, delete it or apply it",
    meaning:
      "The apply of a grant was refused, and the policy was edited in between: to restore the file would lose that edit.",
    fix: "If the entry is there, delete it or apply it.",
  }),
  "grant-standard-input": code({
    severity: "error",
    message: "grant writes into the policy, so the policy must be a file",
    hint: "Name it: --policy policy.yaml",
    meaning: "`grant` cannot write into standard input.",
    fix: "Name the policy's file with `--policy`.",
  }),
  "confirm-caller-unknown": code({
    severity: "error",
    message:
      "Refused: your address is not known, so nobody can tell whether you could undo this change from it",
    hint: "Give the address that you come from: --client-ip ADDRESS (a saved plan does not hold it)",
    meaning:
      "`--confirm` must be able to undo the change, and nobody knows whether the caller stays allowed.",
    fix: "Give the address that you come from with `--client-ip`.",
  }),
  "confirm-caller-blocked": code<{ address: string; where: string }>({
    severity: "error",
    message: ({ address, where }) =>
      `Refused: your address ${address} is blocked ${where}, so you could not undo the change from it`,
    hint: "Change the policy so that this address stays allowed, or apply without --confirm",
    meaning:
      "`--confirm` must be able to undo the change, and the caller would be blocked before, after or on the way back.",
    fix: "Keep the caller's address allowed, or apply without `--confirm`.",
  }),
  "change-undone": code<{ why: string }>({
    severity: "error",
    message: ({ why }) =>
      `The change was not confirmed (${why}) and was undone: the account is as before this run`,
    hint: "Revert the commit too, or the next pipeline applies it again",
    meaning: "A change under `--confirm` was not confirmed in time, and was undone.",
    fix: "Revert the commit, or change the policy, before the next pipeline applies it again.",
  }),
  "change-undone-in-part": code<{ why: string }>({
    severity: "error",
    message: ({ why }) =>
      `The change was not confirmed (${why}) and was undone, but for what others have changed since: that is kept, and listed`,
    hint: "Look at the differences: dbt-ip-rules drift. Revert the commit too, or the next pipeline applies it again",
    meaning:
      "A change under `--confirm` was undone, except where others had changed the same rules meanwhile.",
    fix: "Look at the differences, and revert the commit.",
  }),
  "change-not-undone": code<{ undo: string }>({
    severity: "error",
    message: () => "The change was not confirmed, and could not be undone completely",
    hint: ({ undo }) => `To undo it: ${undo}`,
    meaning: "A change under `--confirm` was not confirmed, and the way back failed.",
    fix: "Run the `rollback` that the message names, from an address that is allowed.",
  }),
  "unconfirmed-change": code<{ begun: string; undo: string }>({
    severity: "warning",
    message: ({ begun }) => `A change begun ${begun} with --confirm is on the account and was not confirmed`,
    hint: ({ undo }) =>
      `If its apply is still waiting, answer there. To undo it: ${undo}. To keep it: dbt-ip-rules apply`,
    meaning:
      "An apply with `--confirm` is still waiting, or was ended before its change was confirmed or undone.",
    fix: "Undo it with the `rollback` that the message names, or keep it with `dbt-ip-rules apply`.",
  }),
  "drift-after-undo": code<{ what: "rollback" | "apply --disable-enforcement"; at: string; file: string }>({
    severity: "note",
    message: ({ what, at, file }) => `The last run on this account was ${what}, ${at} (receipt ${file})`,
    hint: ({ what }) =>
      what === "rollback"
        ? "If it is to stay undone, revert the commit too: the next apply brings it back"
        : "If it is to stay off, set `enforcement: disabled` in the policy: the next apply turns it on",
    meaning: "A note of `drift`: the last run made the account differ from the policy.",
    fix: "Revert the commit, or apply.",
  }),
  "nothing-to-undo": code<{ folder: string }>({
    severity: "error",
    message: ({ folder }) => `No apply of this account can be undone: ${folder} has no receipt of one`,
    hint: "Name the receipt, as the pipeline kept it: dbt-ip-rules rollback FILE",
    meaning: "There is no receipt to roll back.",
    fix: "Name the receipt: `dbt-ip-rules rollback FILE`. Pipelines keep receipts as artifacts.",
  }),
  "receipt-cannot-undo": code<{ file: string }>({
    severity: "error",
    message: ({ file }) =>
      `${file} cannot be undone: a receipt of version 1 does not hold the rules before the apply`,
    hint: "Revert the commit, then: dbt-ip-rules apply",
    meaning: "The receipt was written by an older release, which did not record the rules before the apply.",
    fix: "Revert the commit of the policy, and apply.",
  }),
  "rollback-later-changes": code<{ others: number }>({
    severity: "error",
    message: () => "Refused: rules that this apply touched were changed since. The differences are listed",
    hint: ({ others }) =>
      others === 0
        ? "Look at them. Nothing can be undone without touching them"
        : "Look at them. To undo the rest, as planned above, and keep them: add --keep-later-changes",
    meaning: "Somebody has changed rules since the apply, and undoing it would overwrite that.",
    fix: "Look at the differences. `--keep-later-changes` undoes what does not touch them.",
  }),
  "rollback-receipt-breaks-off": code<{ rules: readonly string[] }>({
    severity: "error",
    message: ({ rules }) =>
      `Refused: the receipt breaks off, and does not show why ${rules.map((rule) => `\`${rule}\``).join(", ")} ${rules.length === 1 ? "is" : "are"} not as before the apply`,
    hint: "Use a complete copy of the receipt, as the pipeline kept it. To undo only what this one shows: add --keep-later-changes",
    meaning:
      "The receipt has no end, and rules that its apply was to change differ in a way that it does not show.",
    fix: "Use a complete copy of the receipt. `--keep-later-changes` undoes only what the receipt shows.",
  }),
  "rollback-kept-changes": code({
    severity: "warning",
    message:
      "Not undone: what others changed since the apply. It is kept, and listed as changed by somebody else",
    hint: "Look at the differences: dbt-ip-rules drift",
    meaning: "A rollback with `--keep-later-changes` leaves rules alone that others have changed since.",
    fix: "Look at the differences that are listed, and change the policy or the rules where they are not meant.",
  }),
  "rollback-disables-enforcement": code({
    severity: "error",
    message: "Refused: the apply turned enforcement on, and undoing that lets everybody in",
    hint: "If that is meant, add --disable-enforcement",
    meaning: "Undoing the apply would turn enforcement off, which opens the account.",
    fix: "Add `--disable-enforcement` if that is meant.",
  }),
  "rollback-lets-expired-in": code({
    severity: "warning",
    message: "This apply took out entries whose time was over: undoing it lets them in again, without an end",
    hint: "To let somebody in for longer: dbt-ip-rules grant, or another date in the policy",
    meaning:
      "The receipt is of `apply --only-expired`. A rollback without a name never chooses such a receipt.",
    fix: "Give the entries another date in the policy, or grant the addresses again.",
  }),
  "other-changes-wait": code<{ changes: number }>({
    severity: "note",
    message: ({ changes }) =>
      `${counted(changes, "other change is", "other changes are")} pending and left alone`,
    hint: "To see them: dbt-ip-rules plan",
    meaning: "The policy asks for more than the removals that `--only-expired` makes.",
    fix: "Nothing, or `dbt-ip-rules apply` for the rest.",
  }),
};
