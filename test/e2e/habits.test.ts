/** Every row of habits.ts, and a few on the built program, and the values that may not become files. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandHabits, optionHabits } from "../../src/cli/arguments/habits.js";
import { commandHabitOf, habitOf, partsOf } from "../../src/cli/arguments/spelling.js";
import { wholeProgram } from "../../src/cli/run.js";
import { dbtIpRules } from "../cli/world.js";
import * as built from "./cli.js";

const cwd = mkdtempSync(join(tmpdir(), "dbt-ip-rules-habits-"));
afterEach(() => rmSync(cwd, { recursive: true }));
beforeEach(() => mkdirSync(cwd, { recursive: true }));

const type = async (line: string) => {
  const ran = await dbtIpRules({ cwd, env: {}, bare: true, ends: true }, ...line.split(" "));
  // No guess leaves a file behind.
  expect(readdirSync(cwd), line).toEqual([]);
  return ran;
};

/** What somebody may type, without the program's name: at least one line a row. */
const guesses: readonly string[] = `
verify
destroy
destroy -auto-approve
state list
state show
output
get rules
describe rule office
list
ls
status
refresh
compare
pull
export
deploy
push
sync
run
preview
dry-run
create rule office
delete -f policy.yaml
edit
block 192.0.2.1
enable
enable enforcement
disable
disable enforcement
allow 192.0.2.1
revoke 192.0.2.1
undo
revert
rollout undo
rule list
rule show office
api get /rules
format
logs
events
history
watch
tail
man
docs
login
auth status
whoami
auth can-i
workspace list
config view
taint x
console
graph
force-unlock 1
why 192.0.2.1
serve
completions bash
enforce
lock
policy
audit tail
audit log
lists refresh
lists ls
import dbtcloud_ip_restrictions_rule.vpn 739
check 192.0.2.1
test 2001:db8::/32
fmt -diff
rollback --list
audit list -n 5
audit list -L 5
audit list --tail=5
plan --all
validate -R
validate --json
validate -json
apply none.json -y
apply none.json --yes
apply --non-interactive
apply --force
apply --dry-run
apply --dry-run=client
apply -n
grant 192.0.2.1 --for 2h --reason why --apply --dry-run
grant 192.0.2.1 --dry-run
rollback --dry-run
rollback --auto-approve --dry-run
drift --fix
lists update --dry-run
fmt --dry-run
plan --dry-run
import --dry-run
plan -v
plan --verbose
plan --quiet
plan -q
plan --color=never
plan --no-colour
plan -target=rule.office
plan --target office
apply -l app=x
plan -var x=1
plan -var-file=x.tfvars
plan --var x=1
plan -refresh-only
plan -destroy
apply -destroy
plan -refresh=false
apply -parallelism=1
plan -compact-warnings
plan -lock=false
apply -lock-timeout=60s
plan -state=x.tfstate
apply -input=false
plan -input=false
init -upgrade
init -reconfigure
fmt -recursive
fmt -write=false
plan --filename policy.yaml
apply --file=policy.yaml
plan -c policy.yaml
plan -n 66847
-n prod get rules
-n prod plan
plan --account-id 66847
show --namespace=prod
plan --url https://ab123.us1.dbt.com
show --hostname ab123.us1.dbt.com
plan --token s3cr3t-value
plan --api-key=s3cr3t-value
-chdir=infra plan
plan -chdir=infra
show --watch
drift -w
show --jq .rules
plan --template x
plan --my-ip 192.0.2.1
version
lint
check
test
diff
`
  .trim()
  .split("\n");

/** The row that a guess is of: by its command, or by its first option that the command has not. */
const rowOf = (line: string) => {
  const words = line.split(" ");
  const [first = ""] = words;
  const inner = /^(?:lists update|audit list)(?= )/.exec(line)?.[0];
  const command = inner ?? (first.startsWith("-") ? "plan" : first);
  const row =
    commandHabitOf(first, words[1]) ??
    words
      .filter((word) => word.startsWith("-"))
      .map((word) => habitOf(partsOf(word).flag, command))
      .findLast((one) => one !== undefined);
  if (row === undefined) throw new Error(`no row for ${line}`);
  return row;
};

const tried = guesses.map((line) => ({ line, row: rowOf(line) }));

const works = [
  ...tried.flatMap(({ line, row }) => {
    if (!("as" in row)) return [];
    const meant = row.as.join(" ");
    const own = "words" in row ? [meant, ...line.split(" ").slice(1)].join(" ") : undefined;
    return [[line, own ?? line.replace(/ (--?json|-y|--yes)$/, ` ${meant}`)] as const];
  }),
  ["-v", "--version"],
  ["-version", "--version"],
  ["help lint", "help validate"],
  ["help lists update", "lists update --help"],
  ["help audit list", "audit list --help"],
  ["-help", "--help"],
  ["plan -help", "plan --help"],
  [
    "diff -detailed-exitcode -no-color -policy=none.yaml",
    "plan --detailed-exitcode --no-color --policy none.yaml",
  ],
  ["apply none.json -auto-approve", "apply none.json --auto-approve"],
  ["apply none.json --auto-approve=true", "apply none.json --auto-approve"],
  ["drift -p=none.yaml", "drift --policy none.yaml"],
] as const;

describe("works", () => {
  it.each(works)("%s, as %s", async (line, meant) => {
    expect(line).not.toBe(meant);
    expect(await type(line)).toEqual(await type(meant));
  });

  it.each(["-help", "lint", "plan -o json", "help destroy"])("%s: as the built program", async (line) => {
    const { code, stdout, stderr } = await built.dbtIpRules(line.split(" "), { cwd });
    expect({ code, stdout, stderr }).toEqual(await type(line));
  });

  it("and so there is something to compare", async () => {
    expect((await built.dbtIpRules(["version"], { cwd })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await type("lint")).stderr).toContain("policy-missing");
    expect((await type("validate --json")).stdout).toContain('"policy-missing"');
    expect((await type("apply none.json -y")).stderr).toContain("plan-file-unreadable");
  });
});

const named = tried.flatMap(({ line, row }) => ("as" in row ? [] : [[line, row.type] as const]));

it("every row is tried", () => {
  const rows = new Set<object>(tried.map(({ row }) => row));
  expect([...commandHabits, ...optionHabits].filter((row) => !rows.has(row))).toEqual([]);
});

/** What a hint offers, as the words behind `dbt-ip-rules`. */
const offered = (text: string): readonly string[] =>
  (/dbt-ip-rules ([^>|,]*)/.exec(text)?.[1] ?? "").trim().split(" ");

describe("names what to type", () => {
  it("for the rest of about a hundred guesses", () => {
    expect(named.length + works.length).toBeGreaterThan(90);
  });

  it.each(named)("%s: %s", async (line, hint) => {
    const ran = await type(line);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toContain("error[other-spelling]: ");
    expect(ran.stderr).toContain(hint.split(/ ?(?:COMMAND|VALUE|ARGUMENTS)/)[0]);
    expect(ran.stderr).not.toMatch(/COMMAND|ARGUMENTS|s3cr3t/);
  });

  it.each([
    ["apply --filename policy.yaml", "dbt-ip-rules apply --policy policy.yaml"],
    ["apply -f policy.yaml", "dbt-ip-rules apply --policy policy.yaml"],
    ["apply -f plan.json", "dbt-ip-rules apply plan.json"],
    ["plan -v", "dbt-ip-rules plan --debug"],
    ["-chdir=infra plan", "cd infra && dbt-ip-rules plan"],
    ["--json plan", "dbt-ip-rules plan --json"],
    ["--host ab123.us1.dbt.com --account 7 plan -o p", "plan --host ab123.us1.dbt.com --account 7 -o p"],
    ["--secret s3cr3t plan", "dbt-ip-rules plan --secret ..."],
    ["version --json", "dbt-ip-rules version\n"],
    ["audit list -n 5", "dbt-ip-rules audit list --limit 5"],
    ["import vpn 739", "There is no 'import vpn': 'import' takes all rules"],
    ["help destroy", "dbt-ip-rules plan"],
    ["init --json", "dbt-ip-rules init"],
    [
      "grant 192.0.2.1 --for 2h --apply --dry-run",
      "dbt-ip-rules grant 192.0.2.1 --for=2h, then: dbt-ip-rules plan",
    ],
    ["replay -p none.yaml --dry-run", "dbt-ip-rules replay --policy=none.yaml\n"],
    ["rollback --dry-run --auto-approve -p x.yaml", "dbt-ip-rules rollback -p x.yaml\n"],
    ["plan --dry-run --token abc", "dbt-ip-rules plan --token ...\n"],
    ["disable", "dbt-ip-rules apply --disable-enforcement"],
    ["plan -y", "dbt-ip-rules plan"],
    ["audit list -o json", "dbt-ip-rules audit list --format json"],
  ])("%s: exactly %s", async (line, hint) => {
    const { code, stderr } = await type(line);
    expect(code).toBe(1);
    expect(stderr).toContain(hint);
  });

  it("says of no command that can change the account that it changes nothing", async () => {
    const io = { env: {}, cwd, stdout: process.stdout, stderr: process.stderr, stdin: process.stdin };
    const program = await wholeProgram({
      ...io,
      now: () => new Date(0),
      signal: new AbortController().signal,
      isInterrupted: () => false,
    });
    const writers = program.commands.filter(({ options }) =>
      options.some(({ long }) => long === "--auto-approve"),
    );
    expect(writers.length).toBeGreaterThan(2);
    for (const command of writers)
      expect((await type(`${command.name()} --dry-run`)).stderr).not.toContain("nothing on the account");
  });

  it.each([...new Set(named.map(([, hint]) => hint))])("%s: which is a command line", async (hint) => {
    const words = offered(hint);
    const io = { env: {}, cwd, stdout: process.stdout, stderr: process.stderr, stdin: process.stdin };
    const program = await wholeProgram({
      ...io,
      now: () => new Date(),
      signal: new AbortController().signal,
      isInterrupted: () => false,
    });
    if (words[0] === "COMMAND" || words[0] === "help") return;
    let command = program.commands.find((one) => one.name() === words[0]);
    expect(command).toBeDefined();
    command = command?.commands.find((one) => one.name() === words[1]) ?? command;
    for (const flag of words.filter((word) => word.startsWith("--")))
      expect(command?.options.map(({ long }) => long)).toContain(flag);
  });

  it("as JSON too, where that was asked for", async () => {
    const { stdout } = await type("plan --format json --target x");
    expect(JSON.parse(stdout).diagnostics[0].code).toBe("other-spelling");
  });
});

describe("no file of a strange name", () => {
  it.each([
    ["plan -o json", "plan --format json"],
    ["plan -ojson", "plan --format json"],
    ["plan -o=json", "plan --format json"],
    ["plan --output json", "plan --format json"],
    ["plan --output=yaml", "plan --format json"],
    ["plan -o markdown", "plan --format markdown"],
    ["show -o wide", "show --format text"],
    ["show -o jsonpath={.rules}", "show --format json"],
    ["plan --out json", "plan --out FILE"],
    ["plan --out --json", "plan --out FILE"],
    ["plan --out=-json", "plan --out FILE"],
    ["plan --out=", "plan --out FILE"],
    ["plan -out==x", "plan --out FILE"],
    ["plan -outt=x", "plan --output utt=x"],
    ["plan -out.json", "plan --output ut.json"],
    ["plan -oplan", "plan --output plan"],
    ["audit verify --receipt --json", "audit verify --receipt FILE"],
    ["plan -p --out", "plan --policy FILE"],
    ["apply --receipt --audit", "apply --receipt FILE"],
    ["import -o yaml", "import --output FILE"],
    ["audit export -o csv", "audit export --output FILE"],
    ["show --rule --json", "show --rule=VALUE"],
  ])("%s: %s", async (line, hint) => {
    const { code, stderr } = await type(line);
    expect(code).toBe(1);
    expect(stderr).toContain(`dbt-ip-rules ${hint}`);
  });

  it("where it is meant, it is written as a path", async () => {
    const ran = await built.dbtIpRules(["validate", "--list-files", "-p", "-", "-o", "./json"], {
      cwd,
      input: "version: 1\nrules: []\n",
    });
    expect(ran.code).toBe(0);
    expect(existsSync(join(cwd, "json"))).toBe(true);
  });
});
