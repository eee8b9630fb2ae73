/**
 * The codes that are not in the table of codes (codes/) yet: what they mean, and what to do.
 */

export interface ErrorGroup {
  readonly title: string;
  /** Code, what it means, what to do next. */
  readonly codes: Readonly<Record<string, readonly [meaning: string, next: string]>>;
}

const again = "Run the command again.";
const report = "If it stays, report it as a bug.";

export const errorGroups: readonly ErrorGroup[] = [
  {
    title: "Settings",
    codes: {
      "token-missing": [
        "No API token is set.",
        "Set `DBT_CLOUD_TOKEN`, or `DBT_CLOUD_TOKEN_<account id>` for one account of several. The emulator: add `--token TOKEN`; any text will do.",
      ],
      "token-conflict": [
        "`DBT_CLOUD_TOKEN` and `DBT_CLOUD_API_TOKEN` hold different tokens.",
        "Unset one of them.",
      ],
      "token-malformed": [
        "The token has blanks, line ends or characters other than ASCII in it.",
        "Set it again; a copied line end is the usual reason.",
      ],
      "host-missing": [
        "No host is given by flag, policy or environment.",
        "Write `account.host` in the policy, or give `--host`: the access URL under Account settings.",
      ],
      "host-invalid": [
        "The host is not a host name or URL, or has more in it than a host.",
        "Give the host alone, such as `ab123.us1.dbt.com`.",
      ],
      "host-insecure": ["The host is to be called by plain http.", "Write `https://`, or the host alone."],
      "host-mismatch": [
        "The policy, saved plan or receipt names another host than the flag or the environment.",
        "Change one of them, or use the file that belongs to that host. To rehearse on the emulator, use a copy of the policy that names no host ([emulator.md](emulator.md)).",
      ],
      "host-shared": [
        "A warning: the host is an old one that many accounts share.",
        "Use the account's own access URL.",
      ],
      "account-missing": [
        "No account id is given by flag, policy or environment.",
        "Write `account.id` in the policy, or give `--account` (to the emulator: any number will do).",
      ],
      "account-invalid": ["The account id is not a number.", "Give the number under Account settings."],
      "account-mismatch": [
        "The policy, saved plan or receipt names another account than the flag or the environment.",
        "Change one of them, or use the file that belongs to that account.",
      ],
      "policies-of-one-account": [
        "Two of the policies named are for one account.",
        "Put the rules of one account into one policy.",
      ],
      "bad-option": [
        "An option's value cannot be used, or two options contradict each other.",
        "See the options with `--help`.",
      ],
      "bad-address": ["The text is no address and no prefix.", "Write `203.0.113.7` or `203.0.113.0/24`."],
      "range-in-future": [
        "A warning: the range begins later than now by this machine's clock.",
        "Give an earlier `--since`.",
      ],
      "range-empty": ["`--since` is later than `--until`.", "Swap them."],
      "unknown-event-type": [
        "No documented event type has that name.",
        "See them with `dbt-ip-rules audit events`.",
      ],
      "no-such-rule": ["The account has no rule of that name.", "See them with `dbt-ip-rules show`."],
    },
  },
  {
    title: "Files",
    codes: {
      "policy-is-a-document": [
        "A document of this program, such as a saved plan, stands where a policy belongs.",
        "See a plan with `dbt-ip-rules show FILE`, carry it out with `dbt-ip-rules apply FILE`.",
      ],
      "policy-missing": [
        "The policy does not exist.",
        "Name it with `--policy FILE`, or write a first one with `dbt-ip-rules init`.",
      ],
      "policy-unreadable": ["The policy cannot be read.", "Check that it is a file, and its permissions."],
      "file-exists": ["`import` would have to overwrite a file.", "Name another file, or use `--merge`."],
      "token-in-plan": [
        "A name or a description in the policy or on the account holds the API token, and so would the saved plan.",
        "Replace the token, since others can read it, and rename the rule.",
      ],
      "output-clash": [
        "A file that would be written is one that the command reads, or that it writes already, by whatever name.",
        "Name another file for the output.",
      ],
      "cannot-write": ["A file cannot be written.", "Check the folder, its permissions and its room."],
      "plan-file-unreadable": [
        "The saved plan cannot be read.",
        "Make one with `dbt-ip-rules plan --out FILE`.",
      ],
      "plan-file-not-a-plan": [
        "The file is not a saved plan.",
        "Make one with `dbt-ip-rules plan --out FILE`.",
      ],
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
      "receipt-unreadable": ["The receipt cannot be read.", "Check the name and its permissions."],
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
      "no-receipts": [
        "There is no receipt where one was looked for.",
        "`apply` writes them to `.dbt-ip-rules/receipts/`.",
      ],
      "receipts-of-several-accounts": [
        "The receipts are of different accounts.",
        "Check those of one account at a time.",
      ],
      "receipt-of-other-account": ["The receipt is of another account.", "Name one of this account."],
      "receipt-exists": [
        "The file named for the receipt is there already, and is not a receipt.",
        "Name another. (A receipt that is there is taken up, or moved aside under a numbered name.)",
      ],
      "receipt-unwritable": [
        "The receipt cannot be written, so nothing more is sent.",
        "Make room, or name another file with `--receipt`.",
      ],
      "cursor-unreadable": ["The cursor of `audit watch` cannot be read.", "Check the file's permissions."],
      "cursor-unusable": [
        "The cursor of `audit watch` is of another version or account.",
        "Name another file with `--cursor`.",
      ],
    },
  },
  {
    title: "Network",
    codes: {
      "host-not-found": ["No such host exists.", "Check the access URL under Account settings."],
      "dns-unavailable": ["The name service does not answer.", "Check the network of this machine."],
      "connection-refused": ["The host refuses the connection.", "Check the host and the port."],
      "connection-timeout": ["The connection was not made in time.", "Check network, firewall and proxy."],
      "connection-lost": ["The connection broke before an answer came.", again],
      "host-unreachable": ["There is no way to the host from here.", "Check network, firewall and VPN."],
      "tls-failed": [
        "The host's certificate is not trusted or does not fit.",
        "For a company's own authority set `NODE_EXTRA_CA_CERTS`.",
      ],
      "proxy-failed": [
        "The proxy did not open a connection.",
        "Check `HTTPS_PROXY`, its credentials, and `NO_PROXY`.",
      ],
      "network-failed": ["The call failed in another way.", again],
      "answer-timeout": ["The host did not answer in time.", again],
      "answer-not-http": ["What answered does not speak HTTP.", "Check the host and the port."],
      interrupted: ["The run was interrupted.", "Run it again; an apply goes on from what it finds."],
    },
  },
  {
    title: "The service's answers",
    codes: {
      "token-rejected": [
        "The service does not accept the token.",
        "Check that it is whole, not revoked, and of this host.",
      ],
      "permission-missing": ["The token may not do this.", "Use one with Account Admin or Security Admin."],
      "blocked-by-ip-restrictions": [
        "The account's own IP restrictions block this machine.",
        "Run from an allowed address, or have an administrator allow this one.",
      ],
      "account-not-found": [
        "The host knows no such account, or not for this token.",
        "Check account id, host and token.",
      ],
      "account-foreign": ["The answer is about another account.", "Check account id and host."],
      "audit-log-not-found": [
        "The account has no audit log for this token.",
        "It needs an Enterprise plan and a token that may read it.",
      ],
      "rule-not-found": ["A rule went away while it was being changed.", "Plan again."],
      conflict: ["The service says that the call contradicts what is there.", "Plan again."],
      "request-refused": [
        "The service refuses the call; the message is its own.",
        "Mend what the message says.",
      ],
      "rate-limited": ["The service still asks to wait, after waiting as told.", "Run it again later."],
      "server-error": ["The service failed, and again when asked again.", "Run it again later."],
      redirected: ["The host redirects, and nothing is followed.", "Use the account's own access URL."],
      "redirected-to-other-host": [
        "The host redirects to another, which does not get the token.",
        "Use the host that the message names, if it is yours.",
      ],
      "answer-is-html": [
        "An HTML page came instead of data: a login page, a proxy, another host.",
        "Check the host, and whether a proxy stands between.",
      ],
      "answer-not-json": ["The answer is not JSON.", "Check the host, and whether a proxy stands between."],
      "answer-empty": ["The answer is empty.", again],
      "answer-truncated": ["The answer breaks off.", again],
      "answer-too-large": ["The answer is larger than any that makes sense.", report],
      "answer-too-complex": [
        "The answer is nested deeper, or holds more values, than any that makes sense.",
        report,
      ],
      "answer-unexpected": ["The answer lacks what it must hold.", `${again} ${report}`],
      "answer-contradicts-itself": ["The status says success, the envelope does not.", again],
      "answer-not-csv": ["The export is not CSV.", again],
      "listing-incomplete": ["The listing is not whole, so nothing is decided from it.", again],
      "listing-too-large": [
        "A list has more pages, records or bytes, or takes longer to read, than any that makes sense, so the reading was ended.",
        "Check the host. For the audit log: ask for a shorter range with `--since` and `--until`, or use `audit export`.",
      ],
      "account-contradicts-itself": [
        "The rules disagree about enforcement or the rule set, or the two forms of one entry are different ranges.",
        "Run the command again. If an entry is the reason, remove it on the account and add it again.",
      ],
      "account-prefix-unreadable": [
        "A rule on the account has an entry that is no prefix.",
        "Fix it on the account.",
      ],
    },
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
      "approval-needed": [
        "Nobody can confirm: there is no terminal.",
        "Review the plan, then run with `--auto-approve`.",
      ],
      "not-approved": ["The plan was not confirmed; nothing was changed.", "Run it again and type yes."],
      "apply-locked": ["Another apply for this account runs on this machine.", "Wait for it to end."],
      "lock-unavailable": [
        "The folder of the locks cannot be written, or belongs to somebody else.",
        "Set `XDG_STATE_HOME` to a folder that can.",
      ],
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
      "enforcement-flipped": [
        "Enforcement changed while the steps ran, and no step of the plan did it.",
        "Decide which it is to be, write it under `enforcement` in the policy, then apply.",
      ],
      "step-partial": ["The service took only a part of a step.", "Plan again: the plan shows what is left."],
    },
  },
  {
    title: "Audit log",
    codes: {
      "audit-log-unreadable": [
        "The log could not be read, so nothing is said to be confirmed or missing.",
        "See the message behind it.",
      ],
      "audit-log-unsteady": [
        "The log changes faster than it can be read.",
        "Ask for a shorter range, or use `dbt-ip-rules audit export`.",
      ],
      "export-still-running": [
        "The service has not finished the export.",
        "Run it again: it goes on with the same job.",
      ],
      "export-incomplete": [
        "The download has fewer bytes than were announced.",
        "Run it again: it goes on with the same job.",
      ],
      "export-link-refused": ["The link to the export is not accepted.", "Run it again: it gets a new one."],
      "export-link-unusable": ["The link to the export cannot be used.", again],
    },
  },
  {
    title: "The program itself",
    codes: {
      "bad-usage": [
        "The command line names a command, option or argument that does not exist, or lacks one.",
        "See `dbt-ip-rules --help`.",
      ],
      "emulator-port": ["The emulator's port cannot be used.", "Choose another, or 0 for a free one."],
      "emulator-seed": [
        "The emulator's seed cannot be used.",
        "Mend what the message says; see docs/emulator.md.",
      ],
      "emulator-state": ["The emulator's state file cannot be used.", "Name another file."],
      "demo-failed": ["A step of the demo ended in another way than it should.", "Report it as a bug."],
      "internal-error": [
        "Something happened that should not.",
        "Run again with `--debug` and report what it prints.",
      ],
    },
  },
];
