/**
 * The codes that are not in the table of codes (codes/) yet: what they mean, and what to do.
 */

export interface ErrorGroup {
  readonly title: string;
  /** Code, what it means, what to do next. */
  readonly codes: Readonly<Record<string, readonly [meaning: string, next: string]>>;
}

export const errorGroups: readonly ErrorGroup[] = [
  {
    title: "Settings",
    codes: {},
  },
  {
    title: "Files",
    codes: {
      "plan-file-damaged": [
        "The saved plan is cut off, was changed, or contradicts itself.",
        "Make a new plan.",
      ],
      "plan-file-version": [
        "The saved plan is of a version that this program does not read.",
        "Make a new plan, or use the version that made it.",
      ],
      "plan-file-disagrees": [
        "The saved plan has other steps than this program would take.",
        "Make a new plan.",
      ],
      "receipt-empty": [
        "The receipt has no header: its run ended before its first write.",
        "See where the account stands with `dbt-ip-rules plan`.",
      ],
      "receipt-format": [
        "The file is not a receipt.",
        "Receipts are what `apply` writes, and end in `.jsonl`.",
      ],
      "receipt-version": [
        "The receipt is of a version that this program does not read.",
        "Use the version that wrote it.",
      ],
      "receipt-damaged": [
        "A line of the receipt cannot be read.",
        "Restore the file; see where the account stands with `dbt-ip-rules plan`.",
      ],
      "receipt-torn": [
        "A note: the receipt's last line is not whole, as a crash leaves it. The lines before it hold; the last one is left out, so the last step that began has no known end.",
        "See where the account stands with `dbt-ip-rules plan`; what is missing there, apply again.",
      ],
    },
  },
  {
    title: "Network",
    codes: {},
  },
  {
    title: "The service's answers",
    codes: {},
  },
  {
    title: "Account and policy together",
    codes: {
      "policy-for-other-account": [
        "The policy is for another account than was read.",
        "Use the policy that belongs to it.",
      ],
      "account-rule-name-repeated": [
        "Two rules on the account have one name, so no name means one rule.",
        "Rename one of them on the account.",
      ],
      "duplicate-create": [
        "A rule that this run created is on the account more than once, and stayed so while the run waited. The note says which copy an answer named as this run's; another one is another apply's, or a late copy of this run's own call.",
        "When no other apply is running, delete all but one of them in the dbt platform, then run apply again.",
      ],
      "late-allow-all": [
        "Two applies ran at once. The temporary rule of this one, which allows everything, was created when the other one had already deleted its own; this run deleted it as soon as it saw that.",
        "The account is as planned now. The audit log shows for how long everything was allowed. Run the applies of one account one at a time.",
      ],
      "prefix-allowed-and-denied": [
        "A prefix is allowed by one rule and denied by another.",
        "Remove it from one of them.",
      ],
      "reserved-rule-name": [
        "A rule's name is kept for the temporary rules of an apply.",
        "Choose another name.",
      ],
      "rename-both-exist": [
        "A rule's new name and its previous one are both on the account.",
        "Remove the one that is left over, or `previous_names`.",
      ],
      "rename-ambiguous": [
        "Several previous names of one rule are on the account.",
        "Keep one under `previous_names`.",
      ],
      "rename-claimed-twice": [
        "Two rules claim one rule of the account by a previous name.",
        "Keep the name under one of them.",
      ],
      "rename-name-in-use": [
        "A previous name belongs to a rule that the policy has too.",
        "Take it out of `previous_names`.",
      ],
      "disabled-entries-left-out": [
        "A warning of import: entries that are disabled on the account are not in the file, since a policy cannot say that an entry is there without effect.",
        "Nothing, if they are to stay as they are; no plan touches them.",
      ],
      "enforcement-not-told": [
        "A note: without rules, the account does not say whether they are enforced.",
        "Nothing; plan again once there is a rule.",
      ],
    },
  },
  {
    title: "Guards",
    codes: {
      "must-allow": [
        "An address under `must_allow` would be blocked, at the end or between two steps.",
        "Allow it, or see the flag that the message names.",
      ],
      "must-deny": [
        "An address under `must_deny` would get in.",
        "Take it out of the rules, or see the flag that the message names.",
      ],
      "lockout-client": [
        "The address you come from would be blocked.",
        "Allow it, or see the flag that the message names.",
      ],
      "lockout-server": [
        "The service itself says that the call would lock you out.",
        "Allow your address first.",
      ],
      "lockout-unsure": [
        "A rule by which you get in would lose entries, and nobody knows whether one of them is yours.",
        "Say where you come from with --client-ip, or name an address under `must_allow`.",
      ],
      "max-removed-rules": [
        "More rules would be deleted than `max_removed_rules`.",
        "Check the plan, then raise the limit or use the flag.",
      ],
      "max-newly-allowed": [
        "More addresses would get in than `max_newly_allowed`.",
        "Check the plan, then raise the limit or use the flag.",
      ],
      "unmanaged-rule": [
        "The account has a rule that the policy does not name, and `unmanaged_rules` is `fail`.",
        "Add it with `dbt-ip-rules import --merge`, or remove it.",
      ],
      "unmanaged-access": [
        "Rules that the policy does not name let addresses in that the policy does not; a warning where they are more than `max_newly_allowed`.",
        "Take them in with `dbt-ip-rules import --merge`, or set `unmanaged_rules` to fail or delete.",
      ],
      "step-disturbs": [
        "A step would change, for a moment, access that should stay.",
        "Apply in two plans, or use the flag that the message names.",
      ],
    },
  },
  {
    title: "Apply",
    codes: {
      "plan-other-account": ["The plan is for another account.", "Make a plan for this one."],
      "plan-stale": [
        "The account has changed since the plan was made, or the date has: an entry has expired, or not yet.",
        "Plan again, and review the difference.",
      ],
      "plan-inconsistent": ["The plan contradicts itself.", "Make a new plan; do not edit plan files."],
      "guard-failed": [
        "The plan fails a guard or its policy tests, and says no more about it. (As a rule, a guard's own code stands here, such as `must-allow`.)",
        "Plan again: *Checks* says why, and which flag lets it pass.",
      ],
      "account-not-confirmed": [
        "The account showed no rules, and the first call, which harms nobody, did not confirm that: enforcement is on, there are rules, or the service does not say. Nobody was let in.",
        "Look at the IP restrictions in the dbt platform. If there are rules, plan again once `plan` shows them; if there are none, turn enforcement off there, then plan again.",
      ],
      "account-changed": ["Somebody changed the account while the steps ran.", "Plan again, and review."],
      "step-refused": ["The service refused a step.", "Mend what the message says, then apply again."],
      "step-not-sent": ["A step could not be sent.", "Apply again once the host can be reached."],
      "step-did-not-land": [
        "A step was sent and is not on the account.",
        "Apply again once the service answers.",
      ],
      "step-not-visible": [
        "The service confirmed a step that the account does not show.",
        "Wait a minute, then apply again.",
      ],
      "refused-but-done": [
        "The service refused a step that the account shows done.",
        "Look whether somebody else, or a gateway that repeats calls, is at work; then apply again.",
      ],
      "refused-but-changed": [
        "The service refused a step, but the account is no longer as it was before.",
        "Plan again, and review the difference.",
      ],
      "step-partial": ["The service took only a part of a step.", "Plan again: the plan shows what is left."],
    },
  },
  {
    title: "Audit log",
    codes: {},
  },
  {
    title: "The program itself",
    codes: {},
  },
];
