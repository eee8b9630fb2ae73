/** The codes of an apply: why it stopped, what is on the account then, and receipts that cannot be read. */
import { onOrAt } from "../instant.js";
import { code } from "./code.js";

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What the first call, which harms nobody, found on an account whose listing showed no rules. */
type Unconfirmed = "other-rules" | "enforced" | "not-told" | "only-probe" | "emptied" | "shortened";

const unconfirmedTexts: Readonly<Record<Unconfirmed, { readonly message: string; readonly hint: string }>> = {
  "other-rules": {
    message:
      "The account showed no rules when this plan was made, but it has rules: that listing was wrong, or somebody has added them since",
    hint: "Nothing was allowed. Make a new plan and review it",
  },
  enforced: {
    message:
      "The account shows no rules, but enforcement is on: rules may be in force that the listing does not show",
    hint: "Nothing was allowed. Look at the IP restrictions in the dbt platform. If there are rules, plan again once `dbt-ip-rules plan` shows them; if there are none, turn enforcement off there, then plan again",
  },
  "not-told": {
    message:
      "The account shows no rules, and the service does not say whether enforcement is on: rules may be in force that the listing does not show",
    hint: "Nothing was allowed. Look at the IP restrictions in the dbt platform; if there are none, create the first rule there, then plan again",
  },
  shortened: {
    message:
      "The listing leaves out a rule that the service still knows: the listing is wrong, and nothing is known of the account for sure",
    hint: "Run the same apply again once `dbt-ip-rules plan` shows all rules",
  },
  emptied: {
    message:
      "The listing shows no rules any more, although this run has seen some and has not removed them: the listing is wrong, or somebody has deleted them all",
    hint: "Look at the IP restrictions in the dbt platform. Once `dbt-ip-rules plan` shows what is there, run the same apply again",
  },
  "only-probe": {
    message:
      "The account shows no rules but the temporary one that denies only 100::/64, and it does not show that enforcement is off: rules may be in force that the listing does not show",
    hint: "Look at the IP restrictions in the dbt platform. If there are other rules, plan again once the plan shows them; if there are none, turn enforcement off there, then plan again",
  },
};

/** The account, or the date, is not what the plan was made for. */
type Stale = { readonly of: "account" } | { readonly of: "expired" | "not-yet"; readonly date: string };

const staleText = (stale: Stale): string => {
  if (stale.of === "account") return "The account is not as it was when the plan was made";
  return stale.of === "expired"
    ? `An entry that this plan adds expired ${onOrAt(stale.date)}`
    : `This plan leaves out an entry that expires only ${onOrAt(stale.date)}`;
};

/** What somebody else did to a rule. */
export interface KeptChange {
  readonly done: string;
  readonly rule: string;
}

const mostKeptChanges = 5;

const keptChanges = (changes: readonly KeptChange[]): string => {
  const shown = changes.slice(0, mostKeptChanges).map(({ done, rule }) => `${done} ${JSON.stringify(rule)}`);
  const more = changes.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
};

export const applyCodes = {
  "plan-other-account": code<{ plan: AccountNamed; account: AccountNamed }>({
    severity: "error",
    message: ({ plan, account }) =>
      `The plan is for account ${plan.id} on ${plan.host}, and this is account ${account.id} on ${account.host}`,
    hint: "Use the account and host that the plan was made for, or make a plan for this one",
    meaning: "The plan is for another account.",
    fix: "Make a plan for this one.",
  }),
  "plan-stale": code<Stale>({
    severity: "error",
    message: staleText,
    hint: (stale) =>
      stale.of === "account"
        ? "Make a new plan and review it; the differences are listed"
        : "Make a new plan and review it: time has moved on",
    meaning:
      "The account has changed since the plan was made, or time has passed: an entry has expired, or not yet.",
    fix: "Plan again, and review the difference.",
  }),
  "clocks-disagree": code<{ own: string; service: string; date: string; expired: boolean }>({
    severity: "error",
    message: ({ own, service, date, expired }) =>
      `By this machine's clock it is ${own}, by the service's ${service}: an entry that ends ${onOrAt(date)} ${
        expired
          ? "has expired by the service's clock, not by this one's"
          : "has expired by this machine's clock, not by the service's"
      }`,
    hint: "Set the clock of this machine, then run the same command again",
    meaning: "The clocks of this machine and of the service disagree about whether an entry has expired.",
    fix: "Set the clock of this machine (NTP), then run the same command again. Nothing was changed.",
  }),
  "plan-inconsistent": code<{ problem: string }>({
    severity: "error",
    message: ({ problem }) => `The plan contradicts itself: ${problem}`,
    hint: "Make a new plan; do not edit plan files",
    meaning: "The plan contradicts itself.",
    fix: "Make a new plan; do not edit plan files.",
  }),
  "account-not-confirmed": code<{ found: Unconfirmed }>({
    severity: "error",
    message: ({ found }) => unconfirmedTexts[found].message,
    hint: ({ found }) => unconfirmedTexts[found].hint,
    meaning:
      "The account showed no rules, and the first call, which is harmless, did not confirm that: enforcement is on, there are rules, or the service does not say. Nothing was allowed.",
    fix: "Look at the IP restrictions in the dbt platform. If there are rules, plan again once `plan` shows them; if there are none, turn enforcement off there, then plan again.",
  }),
  "account-changed": code<{ when: string }>({
    severity: "error",
    message: ({ when }) => `${when} the account changed in a way that is not part of this plan`,
    hint: "Find out who changed it, then make a new plan; the differences are listed",
    meaning: "Somebody changed the account while the steps ran.",
    fix: "Plan again, and review.",
  }),
  "kept-rules-changed": code<{ changes: readonly KeptChange[] }>({
    severity: "note",
    message: ({ changes }) =>
      `Since the plan was made, others changed rules that this policy keeps: ${keptChanges(changes)}. Any step that was left was checked again on the account as it was then`,
    meaning:
      "A note: the policy says `unmanaged_rules: keep`, and somebody changed rules that it does not name since the plan was made. Any step that was left was proven again, with the guards, on the account as it was then, and the run went on.",
    fix: "Nothing, if these changes are meant.",
  }),
  "kept-rules-conflict": code<{ changes: readonly KeptChange[] }>({
    severity: "error",
    message: ({ changes }) =>
      `Others changed rules that this policy keeps (${keptChanges(changes)}), and on the account as it is now the steps that are left are not safe`,
    hint: "The reasons follow. Make a new plan, and review it",
    meaning:
      "The policy says `unmanaged_rules: keep`, somebody changed rules that it does not name while the steps ran, and on that account a guard fails for the steps that are left. The reasons follow as diagnostics of their own.",
    fix: "Plan again, and review.",
  }),
  "duplicate-create": code<{ own: readonly number[]; others: readonly number[]; equal: boolean }>({
    severity: "note",
    message: ({ own, others }) =>
      [
        ...(own.length === 0 ? [] : [`Rule ${own.join(" and rule ")} was created by this run`]),
        ...(others.length === 0
          ? []
          : [
              `rule ${others.join(" and rule ")} by another apply, or by a call of this run whose answer never came: it is not known which, so none of these was deleted`,
            ]),
      ].join("; "),
    hint: ({ equal }) =>
      equal
        ? "The rules are equal, so delete all but one; first make sure that no other apply is running"
        : "The rules differ: compare them before you delete one, and make sure that no other apply is running",
    meaning:
      "A rule that this run created is on the account more than once, and still was after a wait. The note says which copy is known to be this run's; any other was made by another apply, or by a late call of this run.",
    fix: "When no other apply is running, delete all but one of them in the dbt platform, then run apply again.",
  }),
  "late-allow-all": code<{ id: number }>({
    severity: "warning",
    message: ({ id }) =>
      `Temporary rule ${id}, which allows everything, was created late, when another apply had already finished with it: everything was allowed until it was deleted again`,
    hint: "The audit log shows for how long. Run only one apply of an account at a time",
    meaning:
      "Two applies ran at once. The temporary rule of this run, which allows everything, was created after the other run had deleted its own; this run then deleted it at once.",
    fix: "The account is as planned now. The audit log shows for how long everything was allowed. Run only one apply of an account at a time.",
  }),
  "step-refused": code<{ step: string; status: number; said: string; hint: string | undefined }>({
    severity: "error",
    message: ({ step, status, said }) => `The service refused ${step} with status ${status}: ${said}`,
    hint: ({ hint }) => hint,
    meaning: "The service refused a step.",
    fix: "Fix what the message says, then apply again.",
  }),
  "step-not-sent": code<{ step: string; said: string; hint: string | undefined }>({
    severity: "error",
    message: ({ step, said }) => `${capital(step)} could not be sent: ${said}`,
    hint: ({ hint }) => hint ?? "Run the same apply again once the service can be reached",
    meaning: "A step could not be sent.",
    fix: "Apply again once the host can be reached.",
  }),
  "step-did-not-land": code<{ step: string; tried: string; said: string }>({
    severity: "error",
    message: ({ step, tried, said }) => `${capital(step)} was ${tried}: ${said}`,
    hint: "Run the same apply again once the service answers",
    meaning: "A step was sent, but is not on the account.",
    fix: "Apply again once the service answers.",
  }),
  "step-not-visible": code<{ step: string }>({
    severity: "error",
    message: ({ step }) => `The service said that ${step} was done, but the account does not show it`,
    hint: "Wait a minute, then run the same apply again: it reads the account and continues from there",
    meaning: "The service confirmed a step that the account does not show.",
    fix: "Wait a minute, then apply again.",
  }),
  "step-partial": code<{ step: string; said: string }>({
    severity: "error",
    message: ({ step, said }) => `The service says that it accepted only a part of ${step}: ${said}`,
    hint: "Make a new plan: it shows what is missing",
    meaning: "The service accepted only a part of a step.",
    fix: "Plan again: the plan shows what is left.",
  }),
  "refused-but-done": code<{ step: string }>({
    severity: "error",
    message: ({ step }) =>
      `The service refused ${step}, but the account shows it done, by this call or by somebody else`,
    hint: "Check whether somebody else is changing the account, or a gateway repeats calls; then run the same apply again: it continues from there",
    meaning: "The service refused a step that the account shows done.",
    fix: "Check whether somebody else is changing the account, or a gateway repeats calls; then apply again.",
  }),
  "refused-but-changed": code<{ step: string }>({
    severity: "error",
    message: ({ step }) =>
      `The service refused ${step}, but the account is no longer as it was before the call`,
    hint: "The differences are listed; this call or somebody else made them. Make a new plan, and review it",
    meaning: "The service refused a step, but the account is no longer as it was before.",
    fix: "Plan again, and review the difference.",
  }),
};

export interface AccountNamed {
  readonly id: number;
  readonly host: string;
}

export const receiptCodes = {
  "receipt-format": code({
    severity: "error",
    message: "This is not a receipt",
    hint: "Receipts are written by apply, and end in .jsonl",
    meaning: "The file is not a receipt.",
    fix: "Receipts are written by `apply`, and end in `.jsonl`.",
  }),
  "receipt-version": code<{ known: number }>({
    severity: "error",
    message: ({ known }) =>
      `The receipt is of a version that this program does not read; it reads version ${known}`,
    hint: "Read it with the release of dbt-ip-rules that wrote it, or a newer one",
    meaning: "The receipt is of a version that this program does not read.",
    fix: "Use the version that wrote it.",
  }),
  "receipt-damaged": code<{ line: number; problem: string }>({
    severity: "error",
    message: ({ line, problem }) => `Line ${line} of the receipt is damaged: ${problem}`,
    hint: "Restore the file as apply wrote it; the account itself can be checked with plan",
    meaning: "A line of the receipt cannot be read.",
    fix: "Restore the file; check the account with `dbt-ip-rules plan`.",
  }),
  "receipt-torn": code({
    severity: "note",
    message: "The last line of the receipt is incomplete, as after a crash, and is ignored",
    meaning:
      "A note: the receipt's last line is incomplete, as after a crash. It is ignored, so how the last step ended is not known.",
    fix: "Check the account with `dbt-ip-rules plan`; apply what is missing there.",
  }),
  "receipt-empty": code<{ file: string }>({
    severity: "error",
    message: ({ file }) => `The receipt ${file} has no header`,
    hint: "Apply ended before its first write to the account; check the account with plan",
    meaning: "The receipt has no header: its run ended before its first write.",
    fix: "Check the account with `dbt-ip-rules plan`.",
  }),
};
