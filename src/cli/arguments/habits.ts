/**
 * What people type who know Terraform, kubectl, gh or another tool: one row a guess. A row either works (`as`), or names
 * what to type (`type`); nothing here is shown by help or completion. spelling.ts reads it, and a test tries each row.
 */

interface Works {
  /** What it means here, in place of what was typed. */
  readonly as: readonly [string, ...string[]];
}

interface Names {
  /** What is here in its place: the end of "There is no X: …". */
  readonly why: string;
  /**
   * What to type. COMMAND stands for the command of the line, VALUE for the value that was given, ARGUMENTS for the rest
   * of the line without what would change the account (`--apply`, `--auto-approve`). It never holds a secret: a row
   * whose value may be one has no VALUE.
   */
  readonly type: string;
}

export type CommandHabit = {
  readonly words: readonly [string, ...string[]];
  /** Only where the next word is such a one; then also of a command that there is. */
  readonly followedBy?: RegExp;
} & (Works | Names);

/** `flags` with their dashes, without a value; of a long one, one dash or two are the same. */
export type OptionHabit = {
  readonly flags: readonly [string, ...string[]];
  /** Only with these commands. */
  readonly on?: readonly string[];
  /** The next word is its value, where none is attached with `=`. */
  readonly takesValue?: true;
} & ((Works & { readonly otherwise: string }) | Names);

const edit = "Edit policy.yaml, then: dbt-ip-rules plan";

/** In place of a command. */
export const commandHabits: readonly CommandHabit[] = [
  { words: ["version"], as: ["--version"] },
  { words: ["lint", "check", "test"], as: ["validate"] },
  { words: ["diff"], as: ["plan"] },
  {
    words: ["verify"],
    why: "'audit verify' looks for each change of an apply in the audit log",
    type: "dbt-ip-rules audit verify",
  },
  {
    words: ["destroy", "teardown"],
    why: "The policy removes a rule (removed_rules: [NAME]) and turns enforcement off (enforcement: disabled)",
    type: edit,
  },
  {
    words: ["state", "output", "outputs", "resources"],
    why: "The account itself is the state, and no file keeps another",
    type: "dbt-ip-rules show",
  },
  {
    words: ["get", "describe", "list", "ls", "view", "cat", "status", "account", "rules"],
    why: "The account as it is, is shown by 'show'",
    type: "dbt-ip-rules show",
  },
  {
    words: ["refresh", "compare"],
    why: "The account is read anew by each command; what differs from the policy is shown by 'drift'",
    type: "dbt-ip-rules drift",
  },
  {
    words: ["pull", "export", "dump", "backup"],
    why: "The account's rules become a policy with 'import'",
    type: "dbt-ip-rules import --output FILE",
  },
  {
    words: ["deploy", "push", "sync", "run", "up", "update"],
    why: "The account is changed by 'apply'",
    type: "dbt-ip-rules apply",
  },
  {
    words: ["preview", "dry-run", "simulate", "what-if"],
    why: "What would change is shown by 'plan'",
    type: "dbt-ip-rules plan",
  },
  {
    words: ["create", "add", "set", "edit", "delete", "remove", "rm", "patch", "replace", "block", "deny"],
    why: "Rules are changed in the policy, which says what must be on the account",
    type: edit,
  },
  {
    words: ["enable", "enforce"],
    why: "The policy says what is on (`enforcement: enabled`; `enabled: false` at a rule or an entry takes it out of force)",
    type: edit,
  },
  {
    words: ["disable"],
    why: "Enforcement is turned off at once by 'apply --disable-enforcement', and then everybody has access; a rule or an entry is taken out of force by `enabled: false` in the policy",
    type: "dbt-ip-rules apply --disable-enforcement",
  },
  {
    words: ["allow", "permit"],
    why: "An address is let in for a time by 'grant', and for good by an entry of the policy",
    type: 'dbt-ip-rules grant ADDRESS --for 4h --reason "WHY"',
  },
  {
    words: ["revoke"],
    why: "An entry that 'grant' made is taken out of the policy, like any other",
    type: "Delete it in policy.yaml, then: dbt-ip-rules plan",
  },
  {
    words: ["undo", "revert", "rollout", "restore"],
    why: "An apply is undone by 'rollback', from its receipt",
    type: "dbt-ip-rules rollback",
  },
  {
    words: ["rule"],
    why: "Rules are shown by 'show', and changed in the policy",
    type: "dbt-ip-rules show",
  },
  {
    words: ["api", "curl"],
    why: "No command makes calls of your own to the API; 'show' prints what it says of the account as JSON",
    type: "dbt-ip-rules show --format json",
  },
  {
    words: ["format"],
    why: "The policy is put in canonical form by 'fmt'",
    type: "dbt-ip-rules fmt",
  },
  {
    words: ["log", "logs", "events", "history"],
    why: "The account's audit log is listed by 'audit list'",
    type: "dbt-ip-rules audit list",
  },
  {
    words: ["watch", "tail", "follow"],
    why: "The account's audit log is followed by 'audit watch'",
    type: "dbt-ip-rules audit watch",
  },
  {
    words: ["man", "manual", "docs", "usage", "commands"],
    why: "All commands are listed by 'help'; each has its own page with --help",
    type: "dbt-ip-rules help",
  },
  {
    words: ["login", "configure", "logout"],
    why: "The token is read from the environment",
    type: "export DBT_CLOUD_TOKEN=..., then: dbt-ip-rules show",
  },
  {
    words: ["auth", "whoami", "ping", "can-i"],
    why: "The token is read from DBT_CLOUD_TOKEN in the environment; what it may do is checked by 'doctor'",
    type: "dbt-ip-rules doctor",
  },
  {
    words: ["workspace", "context", "providers", "config", "use"],
    why: "Each policy is for one account",
    type: "dbt-ip-rules plan --policy FILE",
  },
  {
    words: ["taint", "untaint"],
    why: "A plan has whatever differs from the policy, and nothing else needs to be replaced",
    type: "dbt-ip-rules plan",
  },
  {
    words: ["console"],
    why: "Questions about an address are answered by 'explain'",
    type: "dbt-ip-rules explain ADDRESS",
  },
  {
    words: ["graph"],
    why: "A plan is drawn as a page for the browser",
    type: "dbt-ip-rules plan --format html --output plan.html",
  },
  {
    words: ["force-unlock", "unlock", "lock"],
    why: "The account itself is the state, and a lock ends with its apply",
    type: "dbt-ip-rules plan",
  },
  {
    words: ["why", "trace", "lookup", "whois"],
    why: "Why an address is allowed or denied is said by 'explain'",
    type: "dbt-ip-rules explain ADDRESS",
  },
  {
    words: ["serve", "server", "mock", "start"],
    why: "The dbt API is served from this machine by 'emulator'",
    type: "dbt-ip-rules emulator --account 66847 --token rehearsal",
  },
  {
    words: ["policy", "policies"],
    why: "The policy is a file, and checked by 'validate'",
    type: "dbt-ip-rules validate",
  },
  {
    words: ["audit"],
    followedBy: /^(?:tail|follow|stream)$/,
    why: "The account's audit log is followed by 'audit watch'",
    type: "dbt-ip-rules audit watch",
  },
  {
    words: ["audit"],
    followedBy: /^(?:logs?|show|get|ls|history)$/,
    why: "The account's audit log is listed by 'audit list'",
    type: "dbt-ip-rules audit list",
  },
  {
    words: ["lists", "list"],
    followedBy: /^(?:refresh|fetch|pull|sync|upgrade)$/,
    why: "Published lists are fetched by 'lists update'",
    type: "dbt-ip-rules lists update",
  },
  {
    words: ["lists"],
    followedBy: /^(?:list|ls|show|get|sources)$/,
    why: "The lists that `source` can name are shown by 'lists catalogue'; those of the policy are compared by 'lists check'",
    type: "dbt-ip-rules lists catalogue",
  },
  {
    words: ["import"],
    followedBy: /^[^-]/,
    why: "'import' takes all rules of the account at once, and --merge FILE adds to a policy those that it lacks",
    type: "dbt-ip-rules import --output FILE",
  },
  {
    words: ["validate", "check", "test", "lint"],
    followedBy: /^(?=.*[.:])[\da-f:.]+(?:\/\d+)?$/i,
    why: "Whether an address is allowed, and why, is said by 'explain'",
    type: "dbt-ip-rules explain ADDRESS",
  },
  {
    words: ["completions", "autocomplete"],
    why: "The script for a shell is printed by 'completion'",
    type: "dbt-ip-rules completion bash",
  },
];

const leaveOut = "dbt-ip-rules COMMAND ARGUMENTS";

/** Behind a command, where the command has no such option itself. */
export const optionHabits: readonly OptionHabit[] = [
  {
    flags: ["--json"],
    as: ["--format", "json"],
    otherwise: "This command has no JSON to print",
  },
  {
    flags: ["-y", "--yes"],
    as: ["--auto-approve"],
    otherwise: "This command asks nothing",
  },
  {
    flags: ["--approve", "--assume-yes", "--non-interactive", "--no-input", "--force"],
    on: ["apply"],
    why: "--auto-approve answers the question; a check that fails has a flag of its own, which the refusal names",
    type: "dbt-ip-rules apply --auto-approve",
  },
  {
    flags: ["--dry-run", "-n", "--check", "--noop", "--what-if", "--diff"],
    on: ["apply"],
    why: "What an apply would do is shown by 'plan', which changes nothing",
    type: "dbt-ip-rules plan",
  },
  {
    flags: ["--dry-run", "--check", "--noop", "--what-if", "--diff"],
    on: ["grant"],
    why: "Without --apply, 'grant' only writes the entry into the policy, and 'plan' shows what that would do",
    type: "dbt-ip-rules grant ARGUMENTS, then: dbt-ip-rules plan",
  },
  {
    flags: ["--dry-run", "--check", "--noop", "--what-if", "--diff"],
    on: ["rollback"],
    why: "Without --auto-approve, 'rollback' shows what it would do, and asks before it changes anything",
    type: leaveOut,
  },
  {
    flags: ["--fix", "--repair", "--remediate", "--apply", "--auto-fix"],
    on: ["drift"],
    why: "'drift' only looks; 'apply' makes the account match the policy again, or 'import --merge' the policy the account",
    type: "dbt-ip-rules apply",
  },
  {
    flags: ["--dry-run"],
    on: ["lists update"],
    why: "What an update would change is shown by 'lists check', which writes nothing",
    type: "dbt-ip-rules lists check",
  },
  {
    flags: ["--dry-run"],
    on: ["fmt"],
    why: "--check says whether the file is in canonical form, and writes nothing",
    type: "dbt-ip-rules fmt --check",
  },
  {
    flags: ["--diff"],
    on: ["fmt"],
    why: "'fmt' formats the file, --check only looks; what it changed is shown by git",
    type: "dbt-ip-rules fmt && git diff",
  },
  {
    flags: ["--list"],
    on: ["rollback"],
    why: "Receipts are in .dbt-ip-rules/receipts/, the name has the time, and the newest is taken where none is named",
    type: "dbt-ip-rules rollback RECEIPT",
  },
  {
    flags: ["-n", "-L", "--tail", "--lines", "--last", "--max-items"],
    on: ["audit list"],
    takesValue: true,
    why: "How many events are listed is said by --limit",
    type: "dbt-ip-rules audit list --limit VALUE",
  },
  {
    flags: ["-A", "--all", "--all-namespaces", "-R", "--recursive"],
    on: ["plan", "drift", "validate"],
    why: "Several policies, one for each account, are named one by one",
    type: "dbt-ip-rules COMMAND policies/*.yaml",
  },
  {
    flags: ["--dry-run"],
    why: "This command changes nothing on the account anyway",
    type: leaveOut,
  },
  {
    flags: ["-v", "-vv", "--verbose", "--trace", "--log-level", "--loglevel"],
    why: "HTTP calls are traced by --debug; the version is printed by dbt-ip-rules --version",
    type: "dbt-ip-rules COMMAND --debug",
  },
  {
    flags: ["-q", "--quiet", "-s", "--silent"],
    why: "The exit code says how it ended, and the report can go elsewhere",
    type: "dbt-ip-rules COMMAND > /dev/null",
  },
  {
    flags: ["--color", "--colour", "--no-colour"],
    why: "Colour is turned off by --no-color, and on by FORCE_COLOR=1 in the environment",
    type: "dbt-ip-rules COMMAND --no-color",
  },
  {
    flags: ["--target", "--replace", "--exclude", "-l", "--selector", "--only"],
    takesValue: true,
    why: "A plan is always for the whole account, since who has access depends on all rules together; one rule is shown by 'show'",
    type: "dbt-ip-rules show --rule NAME",
  },
  {
    flags: ["--var", "--var-file", "--set", "--values"],
    takesValue: true,
    why: "Policies share networks by include:, and each account has its own policy",
    type: "dbt-ip-rules COMMAND --policy FILE",
  },
  {
    flags: ["--refresh-only"],
    why: "What changed on the account is shown by 'drift'",
    type: "dbt-ip-rules drift",
  },
  {
    flags: ["--destroy"],
    why: "The policy removes a rule (removed_rules: [NAME])",
    type: edit,
  },
  {
    flags: ["--refresh", "--parallelism", "--compact-warnings", "--concise", "--generate-config-out"],
    why: "The account is always read, and calls are made one by one",
    type: leaveOut,
  },
  {
    flags: [
      "--lock",
      "--lock-timeout",
      "--state",
      "--state-out",
      "--backup",
      "--backend",
      "--backend-config",
    ],
    why: "The account itself is the state, and no file keeps another",
    type: leaveOut,
  },
  {
    flags: ["--input"],
    on: ["apply"],
    why: "Without a terminal nothing is asked; what approves there is --auto-approve",
    type: "dbt-ip-rules apply --auto-approve",
  },
  {
    flags: ["--input"],
    why: "This command asks nothing if there is no terminal",
    type: leaveOut,
  },
  {
    flags: ["--upgrade", "--reconfigure", "--migrate-state", "--get"],
    on: ["init"],
    why: "'init' writes first files, and nothing else needs to be prepared",
    type: "dbt-ip-rules init",
  },
  {
    flags: ["--recursive", "-r", "-R", "--write", "--list"],
    on: ["fmt"],
    why: "The policies to format are named one by one; --check writes nothing",
    type: "dbt-ip-rules fmt policies/*.yaml",
  },
  {
    flags: ["--filename", "--file", "--policy-file", "--config", "-c", "-k"],
    takesValue: true,
    why: "The policy is named with --policy",
    type: "dbt-ip-rules COMMAND --policy VALUE",
  },
  {
    flags: ["--namespace", "-n", "--context", "--account-id", "--project", "--profile", "--workspace"],
    takesValue: true,
    why: "The account is named in the policy, or with --account",
    type: "dbt-ip-rules COMMAND --account ID",
  },
  {
    flags: ["--server", "--url", "--endpoint", "--hostname", "--api-url"],
    takesValue: true,
    why: "The access URL is named in the policy, or with --host",
    type: "dbt-ip-rules COMMAND --host VALUE",
  },
  {
    flags: ["--token", "-t", "--api-key", "--api-token", "--access-token"],
    takesValue: true,
    why: "The token is read from the environment, since other users of a machine see its options",
    type: "export DBT_CLOUD_TOKEN=..., then: dbt-ip-rules COMMAND",
  },
  {
    flags: ["--chdir", "-C"],
    takesValue: true,
    why: "The program works in the folder that it is started in",
    type: "cd VALUE && dbt-ip-rules COMMAND",
  },
  {
    flags: ["--watch", "-w", "--follow"],
    why: "No report is repeated; changes are followed in the audit log",
    type: "dbt-ip-rules audit watch",
  },
  {
    flags: ["--jq", "--template", "--jsonpath", "--query"],
    takesValue: true,
    why: "JSON is not filtered here; another program can",
    type: "dbt-ip-rules COMMAND --format json | jq VALUE",
  },
  {
    flags: ["--ip", "--my-ip", "--source-ip"],
    takesValue: true,
    why: "An address that you come from is named with --client-ip",
    type: "dbt-ip-rules COMMAND --client-ip VALUE",
  },
];
