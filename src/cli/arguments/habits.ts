/**
 * What people type who know Terraform, kubectl, gh or another tool: one row a guess. A row either works (`as`), or names
 * what to type (`type`); nothing here is shown by help or completion. spelling.ts reads it, and a test tries each row on the
 * built program.
 */

/** Each has a line that somebody may type, without the program's name. */
interface Guess {
  readonly tried: readonly [string, ...string[]];
}

interface Works extends Guess {
  /** What it means here, in place of what was typed. */
  readonly as: readonly [string, ...string[]];
}

interface Names extends Guess {
  /** What is here in its place: the end of "There is no X: …". */
  readonly why: string;
  /**
   * What to type. COMMAND stands for the command of the line, VALUE for the value that was given, ARGUMENTS for the rest
   * of the line without what would change the account (`--apply`, `--auto-approve`). It never holds a secret: a row
   * whose value may be one has no VALUE.
   */
  readonly type: string;
}

export type CommandHabit = { readonly words: readonly [string, ...string[]] } & (Works | Names);

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
  { words: ["version"], tried: ["version"], as: ["--version"] },
  { words: ["lint", "check", "test"], tried: ["lint", "check", "test"], as: ["validate"] },
  { words: ["diff"], tried: ["diff"], as: ["plan"] },
  {
    words: ["verify"],
    tried: ["verify"],
    why: "'audit verify' looks for each change of an apply in the audit log",
    type: "dbt-ip-rules audit verify",
  },
  {
    words: ["destroy", "teardown"],
    tried: ["destroy", "destroy -auto-approve"],
    why: "The policy removes a rule (removed_rules: [NAME]) and turns enforcement off (enforcement: disabled)",
    type: edit,
  },
  {
    words: ["state", "output", "outputs", "resources"],
    tried: ["state list", "state show", "output"],
    why: "The account itself is the state, and no file keeps another",
    type: "dbt-ip-rules show",
  },
  {
    words: ["get", "describe", "list", "ls", "view", "cat", "status", "account", "rules"],
    tried: ["get rules", "describe rule office", "list", "ls", "status"],
    why: "The account as it is, is shown by 'show'",
    type: "dbt-ip-rules show",
  },
  {
    words: ["refresh", "compare"],
    tried: ["refresh", "compare"],
    why: "The account is read anew by each command; what differs from the policy is shown by 'drift'",
    type: "dbt-ip-rules drift",
  },
  {
    words: ["pull", "export", "dump", "backup"],
    tried: ["pull", "export"],
    why: "The account's rules become a policy with 'import'",
    type: "dbt-ip-rules import --output FILE",
  },
  {
    words: ["deploy", "push", "sync", "run", "up", "update"],
    tried: ["deploy", "push", "sync", "run"],
    why: "The account is changed by 'apply'",
    type: "dbt-ip-rules apply",
  },
  {
    words: ["preview", "dry-run", "simulate", "what-if"],
    tried: ["preview", "dry-run"],
    why: "What would change is shown by 'plan'",
    type: "dbt-ip-rules plan",
  },
  {
    words: ["create", "add", "set", "edit", "delete", "remove", "rm", "patch", "replace", "block", "deny"],
    tried: ["create rule office", "delete -f policy.yaml", "edit", "block 192.0.2.1"],
    why: "Rules are changed in the policy, which says what must be on the account",
    type: edit,
  },
  {
    words: ["enable"],
    tried: ["enable", "enable enforcement"],
    why: "The policy says what is on (`enforcement: enabled`; `enabled: false` at a rule or an entry takes it out of force)",
    type: edit,
  },
  {
    words: ["disable"],
    tried: ["disable", "disable enforcement"],
    why: "Enforcement is turned off at once by 'apply --disable-enforcement', and then everybody has access; a rule or an entry is taken out of force by `enabled: false` in the policy",
    type: "dbt-ip-rules apply --disable-enforcement",
  },
  {
    words: ["allow", "permit"],
    tried: ["allow 192.0.2.1"],
    why: "An address is let in for a time by 'grant', and for good by an entry of the policy",
    type: 'dbt-ip-rules grant ADDRESS --for 4h --reason "WHY"',
  },
  {
    words: ["revoke"],
    tried: ["revoke 192.0.2.1"],
    why: "An entry that 'grant' made is taken out of the policy, like any other",
    type: "Delete it in policy.yaml, then: dbt-ip-rules plan",
  },
  {
    words: ["undo", "revert", "rollout", "restore"],
    tried: ["undo", "revert", "rollout undo"],
    why: "An apply is undone by 'rollback', from its receipt",
    type: "dbt-ip-rules rollback",
  },
  {
    words: ["rule"],
    tried: ["rule list", "rule show office"],
    why: "Rules are shown by 'show', and changed in the policy",
    type: "dbt-ip-rules show",
  },
  {
    words: ["api", "curl"],
    tried: ["api get /rules"],
    why: "No command makes calls of your own to the API; 'show' prints what it says of the account as JSON",
    type: "dbt-ip-rules show --format json",
  },
  {
    words: ["format"],
    tried: ["format"],
    why: "The policy is put in canonical form by 'fmt'",
    type: "dbt-ip-rules fmt",
  },
  {
    words: ["log", "logs", "events", "history"],
    tried: ["logs", "events", "history"],
    why: "The account's audit log is listed by 'audit list'",
    type: "dbt-ip-rules audit list",
  },
  {
    words: ["watch", "tail", "follow"],
    tried: ["watch", "tail"],
    why: "The account's audit log is followed by 'audit watch'",
    type: "dbt-ip-rules audit watch",
  },
  {
    words: ["man", "manual", "docs", "usage", "commands"],
    tried: ["man", "docs"],
    why: "All commands are listed by 'help'; each has its own page with --help",
    type: "dbt-ip-rules help",
  },
  {
    words: ["login", "configure", "logout"],
    tried: ["login"],
    why: "The token is read from the environment",
    type: "export DBT_CLOUD_TOKEN=..., then: dbt-ip-rules show",
  },
  {
    words: ["auth", "whoami", "ping", "can-i"],
    tried: ["auth status", "whoami", "auth can-i"],
    why: "The token is read from DBT_CLOUD_TOKEN in the environment; what it may do is checked by 'doctor'",
    type: "dbt-ip-rules doctor",
  },
  {
    words: ["workspace", "context", "providers", "config", "use"],
    tried: ["workspace list", "config view"],
    why: "Each policy is for one account",
    type: "dbt-ip-rules plan --policy FILE",
  },
  {
    words: ["taint", "untaint"],
    tried: ["taint x"],
    why: "A plan has whatever differs from the policy, and nothing else needs to be replaced",
    type: "dbt-ip-rules plan",
  },
  {
    words: ["console"],
    tried: ["console"],
    why: "Questions about an address are answered by 'explain'",
    type: "dbt-ip-rules explain ADDRESS",
  },
  {
    words: ["graph"],
    tried: ["graph"],
    why: "A plan is drawn as a page for the browser",
    type: "dbt-ip-rules plan --format html --output plan.html",
  },
  {
    words: ["force-unlock", "unlock"],
    tried: ["force-unlock 1"],
    why: "The account itself is the state, and a lock ends with its apply",
    type: "dbt-ip-rules plan",
  },
  {
    words: ["why", "trace", "lookup", "whois"],
    tried: ["why 192.0.2.1"],
    why: "Why an address is allowed or denied is said by 'explain'",
    type: "dbt-ip-rules explain ADDRESS",
  },
  {
    words: ["serve", "server", "mock", "start"],
    tried: ["serve"],
    why: "The dbt API is served from this machine by 'emulator'",
    type: "dbt-ip-rules emulator --account 66847 --token rehearsal",
  },
  {
    words: ["completions", "autocomplete"],
    tried: ["completions bash"],
    why: "The script for a shell is printed by 'completion'",
    type: "dbt-ip-rules completion bash",
  },
];

const leaveOut = "dbt-ip-rules COMMAND ARGUMENTS";

/** Behind a command, where the command has no such option itself. */
export const optionHabits: readonly OptionHabit[] = [
  {
    flags: ["--json"],
    tried: ["validate --json", "validate -json"],
    as: ["--format", "json"],
    otherwise: "This command has no JSON to print",
  },
  {
    flags: ["-y", "--yes"],
    tried: ["apply none.json -y", "apply none.json --yes"],
    as: ["--auto-approve"],
    otherwise: "This command asks nothing",
  },
  {
    flags: ["--approve", "--assume-yes", "--non-interactive", "--no-input", "--force"],
    on: ["apply"],
    tried: ["apply --non-interactive", "apply --force"],
    why: "--auto-approve answers the question; a check that fails has a flag of its own, which the refusal names",
    type: "dbt-ip-rules apply --auto-approve",
  },
  {
    flags: ["--dry-run", "-n", "--check", "--noop", "--what-if", "--diff"],
    on: ["apply"],
    tried: ["apply --dry-run", "apply --dry-run=client", "apply -n"],
    why: "What an apply would do is shown by 'plan', which changes nothing",
    type: "dbt-ip-rules plan",
  },
  {
    flags: ["--dry-run", "--check", "--noop", "--what-if", "--diff"],
    on: ["grant"],
    tried: ["grant 192.0.2.1 --for 2h --reason why --apply --dry-run", "grant 192.0.2.1 --dry-run"],
    why: "Without --apply, 'grant' only writes the entry into the policy, and 'plan' shows what that would do",
    type: "dbt-ip-rules grant ARGUMENTS, then: dbt-ip-rules plan",
  },
  {
    flags: ["--dry-run", "--check", "--noop", "--what-if", "--diff"],
    on: ["rollback"],
    tried: ["rollback --dry-run", "rollback --auto-approve --dry-run"],
    why: "Without --auto-approve, 'rollback' shows what it would do, and asks before it changes anything",
    type: leaveOut,
  },
  {
    flags: ["--fix", "--repair", "--remediate", "--apply", "--auto-fix"],
    on: ["drift"],
    tried: ["drift --fix"],
    why: "'drift' only looks; 'apply' makes the account match the policy again, or 'import --merge' the policy the account",
    type: "dbt-ip-rules apply",
  },
  {
    flags: ["--dry-run"],
    on: ["lists update"],
    tried: ["lists update --dry-run"],
    why: "What an update would change is shown by 'lists check', which writes nothing",
    type: "dbt-ip-rules lists check",
  },
  {
    flags: ["--dry-run"],
    on: ["fmt"],
    tried: ["fmt --dry-run"],
    why: "--check says whether the file is in canonical form, and writes nothing",
    type: "dbt-ip-rules fmt --check",
  },
  {
    flags: ["--dry-run"],
    tried: ["plan --dry-run", "import --dry-run"],
    why: "This command changes nothing on the account anyway",
    type: leaveOut,
  },
  {
    flags: ["-v", "-vv", "--verbose", "--trace", "--log-level", "--loglevel"],
    tried: ["plan -v", "plan --verbose"],
    why: "HTTP calls are traced by --debug; the version is printed by dbt-ip-rules --version",
    type: "dbt-ip-rules COMMAND --debug",
  },
  {
    flags: ["-q", "--quiet", "-s", "--silent"],
    tried: ["plan --quiet", "plan -q"],
    why: "The exit code says how it ended, and the report can go elsewhere",
    type: "dbt-ip-rules COMMAND > /dev/null",
  },
  {
    flags: ["--color", "--colour", "--no-colour"],
    tried: ["plan --color=never", "plan --no-colour"],
    why: "Colour is turned off by --no-color, and on by FORCE_COLOR=1 in the environment",
    type: "dbt-ip-rules COMMAND --no-color",
  },
  {
    flags: ["--target", "--replace", "--exclude", "-l", "--selector", "--only"],
    takesValue: true,
    tried: ["plan -target=rule.office", "plan --target office", "apply -l app=x"],
    why: "A plan is always for the whole account, since who has access depends on all rules together; one rule is shown by 'show'",
    type: "dbt-ip-rules show --rule NAME",
  },
  {
    flags: ["--var", "--var-file", "--set", "--values"],
    takesValue: true,
    tried: ["plan -var x=1", "plan -var-file=x.tfvars", "plan --var x=1"],
    why: "Policies share networks by include:, and each account has its own policy",
    type: "dbt-ip-rules COMMAND --policy FILE",
  },
  {
    flags: ["--refresh-only"],
    tried: ["plan -refresh-only"],
    why: "What changed on the account is shown by 'drift'",
    type: "dbt-ip-rules drift",
  },
  {
    flags: ["--destroy"],
    tried: ["plan -destroy", "apply -destroy"],
    why: "The policy removes a rule (removed_rules: [NAME])",
    type: edit,
  },
  {
    flags: ["--refresh", "--parallelism", "--compact-warnings", "--concise", "--generate-config-out"],
    tried: ["plan -refresh=false", "apply -parallelism=1", "plan -compact-warnings"],
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
    tried: ["plan -lock=false", "apply -lock-timeout=60s", "plan -state=x.tfstate"],
    why: "The account itself is the state, and no file keeps another",
    type: leaveOut,
  },
  {
    flags: ["--input"],
    on: ["apply"],
    tried: ["apply -input=false"],
    why: "Without a terminal nothing is asked; what approves there is --auto-approve",
    type: "dbt-ip-rules apply --auto-approve",
  },
  {
    flags: ["--input"],
    tried: ["plan -input=false"],
    why: "This command asks nothing where there is no terminal",
    type: leaveOut,
  },
  {
    flags: ["--upgrade", "--reconfigure", "--migrate-state", "--get"],
    on: ["init"],
    tried: ["init -upgrade", "init -reconfigure"],
    why: "'init' writes first files, and nothing else needs to be prepared",
    type: "dbt-ip-rules init",
  },
  {
    flags: ["--recursive", "-r", "-R", "--write", "--list"],
    on: ["fmt"],
    tried: ["fmt -recursive", "fmt -write=false"],
    why: "The policies to format are named one by one; --check writes nothing",
    type: "dbt-ip-rules fmt policies/*.yaml",
  },
  {
    flags: ["--filename", "--file", "--policy-file", "--config", "-c", "-k"],
    takesValue: true,
    tried: ["plan --filename policy.yaml", "apply --file=policy.yaml", "plan -c policy.yaml"],
    why: "The policy is named with --policy",
    type: "dbt-ip-rules COMMAND --policy VALUE",
  },
  {
    flags: ["--namespace", "-n", "--context", "--account-id", "--project", "--profile", "--workspace"],
    takesValue: true,
    tried: [
      "plan -n 66847",
      "-n prod get rules",
      "-n prod plan",
      "plan --account-id 66847",
      "show --namespace=prod",
    ],
    why: "The account is named in the policy, or with --account",
    type: "dbt-ip-rules COMMAND --account ID",
  },
  {
    flags: ["--server", "--url", "--endpoint", "--hostname", "--api-url"],
    takesValue: true,
    tried: ["plan --url https://ab123.us1.dbt.com", "show --hostname ab123.us1.dbt.com"],
    why: "The access URL is named in the policy, or with --host",
    type: "dbt-ip-rules COMMAND --host VALUE",
  },
  {
    flags: ["--token", "-t", "--api-key", "--api-token", "--access-token"],
    takesValue: true,
    tried: ["plan --token s3cr3t-value", "plan --api-key=s3cr3t-value"],
    why: "The token is read from the environment, since other users of a machine see its options",
    type: "export DBT_CLOUD_TOKEN=..., then: dbt-ip-rules COMMAND",
  },
  {
    flags: ["--chdir", "-C"],
    takesValue: true,
    tried: ["-chdir=infra plan", "plan -chdir=infra"],
    why: "The program works in the folder where it is started",
    type: "cd VALUE && dbt-ip-rules COMMAND",
  },
  {
    flags: ["--watch", "-w", "--follow"],
    tried: ["show --watch", "drift -w"],
    why: "No report is repeated; changes are followed in the audit log",
    type: "dbt-ip-rules audit watch",
  },
  {
    flags: ["--jq", "--template", "--jsonpath", "--query"],
    takesValue: true,
    tried: ["show --jq .rules", "plan --template x"],
    why: "JSON is not filtered here; another program can",
    type: "dbt-ip-rules COMMAND --format json | jq VALUE",
  },
  {
    flags: ["--ip", "--my-ip", "--source-ip"],
    takesValue: true,
    tried: ["plan --my-ip 192.0.2.1"],
    why: "An address that you come from is named with --client-ip",
    type: "dbt-ip-rules COMMAND --client-ip VALUE",
  },
];
