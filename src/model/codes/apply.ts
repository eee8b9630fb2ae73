/** The codes of an apply: why it stopped, what is on the account then, and receipts that cannot be read. */
import { onOrAt } from "../time.js";
import { listed } from "../words.js";
import { code } from "./code.js";

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What the first call, which harms nobody, found on an account whose listing showed no rules. */
type Unconfirmed = "other-rules" | "enforced" | "not-shown" | "only-probe" | "emptied" | "shortened";

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
  "not-shown": {
    message:
      "The account shows no rules, and the service does not say whether enforcement is on: rules may be in force that the listing does not show",
    hint: "Nothing was allowed. Look at the IP restrictions in the dbt platform; if there are none, create the first rule there, then plan again",
  },
  shortened: {
    message: "The listing leaves out a rule that the service still knows, so the listing is wrong",
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

/** `Rules 7 and 9 were created`. */
const createdRules = (ids: readonly number[]): string =>
  ids.length === 1 ? `Rule ${ids[0]} was created` : `Rules ${listed(ids.map(String))} were created`;

const mostKeptChanges = 5;

const keptChanges = (changes: readonly KeptChange[]): string =>
  listed(
    changes.map(({ done, rule }) => `${done} ${JSON.stringify(rule)}`),
    mostKeptChanges,
  );

export const applyCodes = {
  "plan-other-account": code<{ plan: AccountNamed; account: AccountNamed }>({
    severity: "error",
    message: ({ plan, account }) =>
      `The plan is for account ${plan.id} on ${plan.host}, and this is account ${account.id} on ${account.host}`,
    hint: "Use the account and host that the plan was made for, or make a plan for this one",
    meaning: "The plan is for another account.",
    fix: "Make one for this account.",
  }),
  "plan-stale": code<Stale>({
    severity: "error",
    message: staleText,
    hint: (stale) =>
      stale.of === "account"
        ? "Make a new plan and review it; the differences are listed"
        : "Make a new plan and review it",
    meaning: "The account changed, or an entry expired, since the plan was made.",
    fix: "Plan again, and review.",
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
    meaning: "The clocks disagree on whether an entry has expired. Nothing was changed.",
    fix: "Set this machine's clock.",
  }),
  "plan-inconsistent": code<{ problem: string }>({
    severity: "error",
    message: ({ problem }) => `The plan contradicts itself: ${problem}`,
    hint: "Make a new plan; do not edit plan files",
    meaning: "The plan contradicts itself.",
  }),
  "account-not-confirmed": code<{ found: Unconfirmed }>({
    severity: "error",
    message: ({ found }) => unconfirmedTexts[found].message,
    hint: ({ found }) => unconfirmedTexts[found].hint,
    meaning: "The account shows no rules, but a harmless first call does not confirm that.",
    fix: "Look at the account in the dbt platform; plan again once `plan` shows its rules.",
  }),
  "account-changed": code<{ when: string }>({
    severity: "error",
    message: ({ when }) => `${when} the account changed in a way that is not part of this plan`,
    hint: "Find out who changed it, then make a new plan; the differences are listed",
    meaning: "Somebody changed the account during the run.",
    fix: "Plan again, and review.",
  }),
  "kept-rules-changed": code<{ changes: readonly KeptChange[] }>({
    severity: "note",
    message: ({ changes }) =>
      `Since the plan was made, others changed rules that this policy keeps: ${keptChanges(changes)}. Remaining steps were checked again, against the account as it is now`,
    meaning: "Others changed unmanaged rules; the plan is still safe.",
    fix: "If that was not expected, find out who changed them.",
  }),
  "kept-rules-conflict": code<{ changes: readonly KeptChange[] }>({
    severity: "error",
    message: ({ changes }) =>
      `Others changed rules that this policy keeps (${keptChanges(changes)}), and with these changes the remaining steps are not safe`,
    hint: "The reasons follow. Make a new plan, and review it",
    meaning: "Others changed unmanaged rules, and the plan is no longer safe.",
    fix: "Plan again.",
  }),
  "duplicate-create": code<{ own: readonly number[]; others: readonly number[]; equal: boolean }>({
    severity: "note",
    message: ({ own, others }) =>
      [
        ...(own.length === 0 ? [] : [`${createdRules(own)} by this run`]),
        ...(others.length === 0
          ? []
          : [
              `${createdRules(others)} by another apply, or by a call of this run whose answer never came, and not deleted`,
            ]),
      ].join(". "),
    hint: ({ equal }) =>
      equal
        ? "The rules are equal, so delete all but one; first make sure that no other apply is running"
        : "The rules differ: compare them before you delete one, and make sure that no other apply is running",
    meaning: "Another apply, or a late call, created the same rule again.",
    fix: "Once no apply runs, delete all but one.",
  }),
  "late-allow-all": code<{ id: number }>({
    severity: "warning",
    message: ({ id }) =>
      `Temporary rule ${id}, which allows everything, was created late, after another apply had deleted its own: everything was allowed until this one was deleted too`,
    hint: "The audit log shows for how long. Run only one apply of an account at a time",
    meaning: "Two applies ran at once, and everything was allowed for a moment.",
    fix: "Run one apply of an account at a time.",
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
    fix: "Apply again later.",
  }),
  "step-not-visible": code<{ step: string }>({
    severity: "error",
    message: ({ step }) => `The service confirmed ${step}, but the account does not show it`,
    hint: "Wait a minute, then run the same apply again: it reads the account and continues from there",
    meaning: "The service confirmed a step that the account does not show.",
    fix: "Wait a minute, then apply again.",
  }),
  "step-partial": code<{ step: string; said: string }>({
    severity: "error",
    message: ({ step, said }) => `The service says that it accepted only a part of ${step}: ${said}`,
    hint: "Make a new plan: it shows what is missing",
    meaning: "The service accepted only a part of a step.",
    fix: "Plan again.",
  }),
  "refused-but-done": code<{ step: string }>({
    severity: "error",
    message: ({ step }) =>
      `The service refused ${step}, but the account shows it done, by this call or by somebody else`,
    hint: "Check whether somebody else is changing the account, or a gateway repeats calls; then run the same apply again: it continues from there",
    meaning: "The service refused a step that the account shows done.",
    fix: "Check who else changes it, then apply again.",
  }),
  "refused-but-changed": code<{ step: string }>({
    severity: "error",
    message: ({ step }) =>
      `The service refused ${step}, but the account is no longer as it was before the call`,
    hint: "The differences are listed; this call or somebody else made them. Make a new plan, and review it",
    meaning: "The service refused a step, but the account changed.",
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
  }),
  "receipt-version": code<{ known: number }>({
    severity: "error",
    message: ({ known }) =>
      `The receipt is of a version that this program does not read; it reads version ${known}`,
    hint: "Read it with the release of dbt-ip-rules that wrote it, or a newer one",
    meaning: "This program does not read receipts of that version.",
    fix: "Use the release that wrote it.",
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
    fix: "Check the account with `dbt-ip-rules plan`.",
  }),
  "receipt-empty": code<{ file: string }>({
    severity: "error",
    message: ({ file }) => `The receipt ${file} has no header`,
    hint: "Apply ended before its first write to the account; check the account with plan",
    meaning: "The receipt's run ended before its first write.",
    fix: "Check the account with `dbt-ip-rules plan`.",
  }),
};
