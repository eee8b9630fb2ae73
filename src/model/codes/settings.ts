/** The codes of settings and command lines: which account, where, with which token, and the options given. */
import { assertNever } from "../assert.js";
import { policyFlag } from "../shell.js";
import { code } from "./code.js";

// --- Account, host and token ---

const exampleHost = "ab123.us1.dbt.com, the access URL under Account settings";

/** What is wrong with a host; `text` as it was given, where it may be repeated. */
type HostProblem =
  | { readonly kind: "not-a-host" | "more-than-a-host" | "not-https"; readonly text: string }
  /** Not repeated: it holds a password or a token. */
  | { readonly kind: "credentials" | "token" };

const hostProblem = (from: string, problem: HostProblem): string => {
  switch (problem.kind) {
    case "not-a-host":
      return `The host in ${from} is not a host name or URL: ${problem.text}`;
    case "more-than-a-host":
      return `The host in ${from} contains more than a host: ${problem.text}`;
    case "not-https":
      return `The host in ${from} is not an https URL: ${problem.text}`;
    case "credentials":
      return `The host in ${from} contains credentials`;
    case "token":
      return `The host in ${from} contains an API token`;
    default:
      return assertNever(problem);
  }
};

/** A file that names an account, and the flag or variable that names another one. */
export interface Mismatch {
  readonly file: "policy" | "saved plan" | "receipt";
  /** The flag or variable. */
  readonly asked: string;
}

/** Saved plans and receipts are records: only a policy is there to be changed. */
const changeOne = ({ file, asked }: Mismatch, key: string): string =>
  file === "policy" ? `Change ${asked} or ${key}` : `Leave out ${asked}`;

const connectionCodes = {
  "token-missing": code<{ readonly variable: string } | { readonly flag: "--token" }>({
    severity: "error",
    message: (args) => ("flag" in args ? "No token is given" : "No API token is set"),
    hint: (args) =>
      "flag" in args
        ? `Add ${args.flag} TOKEN with any text: callers must then send it`
        : args.variable === "DBT_CLOUD_TOKEN"
          ? "Set DBT_CLOUD_TOKEN (or DBT_CLOUD_API_TOKEN) to a service token or a personal access token"
          : `Set ${args.variable} to a service token or a personal access token`,
    meaning: "No API token is set.",
    fix: "Set `DBT_CLOUD_TOKEN`, or `DBT_CLOUD_TOKEN_<account id>` for one of several accounts.",
  }),
  "token-conflict": code<{ readonly first: string; readonly second: string }>({
    severity: "error",
    message: ({ first, second }) => `${first} and ${second} are both set, to different tokens`,
    hint: "Unset one of them",
    meaning: "`DBT_CLOUD_TOKEN` and `DBT_CLOUD_API_TOKEN` differ.",
  }),
  "token-malformed": code<{
    readonly variable: string;
    readonly problem:
      | { readonly kind: "header-word"; readonly word: "Token" | "Bearer" }
      | { readonly kind: "spaces" | "not-ascii" };
  }>({
    severity: "error",
    message: ({ variable, problem }) => {
      switch (problem.kind) {
        case "header-word":
          return `The token in ${variable} begins with "${problem.word}", a word of the HTTP header`;
        case "spaces":
          return `The token in ${variable} contains spaces or line breaks`;
        case "not-ascii":
          return `The token in ${variable} contains characters other than ASCII`;
        default:
          return assertNever(problem);
      }
    },
    hint: ({ problem }) =>
      problem.kind === "header-word"
        ? "Set it again without that word: the token alone"
        : "Set it again without them: the usual reason is a copied line break or dash",
    meaning: "The token contains a header word, spaces or odd characters.",
    fix: "Copy the token alone.",
  }),
  "host-missing": code<{ readonly variable: string }>({
    severity: "error",
    message: () => "No dbt host is set",
    hint: ({ variable }) =>
      `Give --host, set ${variable}, or write account.host in the policy: your access URL, such as ab123.us1.dbt.com`,
    meaning: "No flag, policy or variable names the host.",
    fix: "Write `account.host`: the access URL under Account settings.",
  }),
  "host-invalid": code<{ readonly from: string; readonly problem: HostProblem }>({
    severity: "error",
    message: ({ from, problem }) => hostProblem(from, problem),
    hint: `Give the host alone, such as ${exampleHost}`,
    meaning: "The host is not a plain host name or https URL.",
    fix: "Write the host alone.",
  }),
  "host-insecure": code<{ readonly from: string; readonly text: string }>({
    severity: "error",
    message: ({ from, text }) => `The host in ${from} would be called without encryption: ${text}`,
    hint: "Write https://, or the host alone: a token is never sent unencrypted",
    meaning: "The host would be called over plain http.",
    fix: "Write `https://`, or the host alone.",
  }),
  "host-mismatch": code<Mismatch & { readonly fileHost: string; readonly askedHost: string }>({
    severity: "error",
    message: ({ file, fileHost, asked, askedHost }) =>
      `The ${file} is for the host ${fileHost}, but ${asked} says ${askedHost}`,
    hint: (args) => `${changeOne(args, "account.host")}, or use the ${args.file} that belongs to that host`,
    meaning: "The policy, plan or receipt is for another host than the flag or variable.",
    fix: "Change one. For the emulator, copy the policy without its host ([emulator.md](emulator.md)).",
  }),
  "account-missing": code<{ readonly variable: string } | { readonly flag: "--account" }>({
    severity: "error",
    message: (args) => ("flag" in args ? "No account id is given" : "No account id is set"),
    hint: (args) =>
      "flag" in args
        ? `Add ${args.flag} ID with any number`
        : `Give --account, set ${args.variable}, or write account.id in the policy: the number under Account settings`,
    meaning: "No flag, policy or variable names the account id.",
    fix: "Write `account.id` in the policy, or give `--account`.",
  }),
  "account-invalid": code<{ readonly from: string; readonly text: string }>({
    severity: "error",
    message: ({ from, text }) => `The account id in ${from} is not a number: ${text}`,
    hint: "Give the number under Account settings, such as 66847",
    meaning: "The account id is not a number.",
  }),
  "account-mismatch": code<Mismatch & { readonly fileId: number; readonly askedId: number }>({
    severity: "error",
    message: ({ file, fileId, asked, askedId }) =>
      `The ${file} is for account ${fileId}, but ${asked} says ${askedId}`,
    hint: (args) =>
      `${changeOne(args, "account.id")}, or use the ${args.file} that belongs to account ${args.askedId}`,
    meaning: "The policy, plan or receipt is for another account than the flag or variable.",
    fix: "Change one.",
  }),
};

// --- The command line ---

/** Why an option's value cannot be used, or which options contradict each other. */
type OptionProblem =
  /** `command`: with its operands, as it can be typed. */
  | { readonly kind: "plan-and-several-policies"; readonly command: string }
  | {
      readonly kind: "plan-and-policy";
      /** `dbt-ip-rules apply`. */
      readonly command: string;
      readonly plan: string;
      readonly policy: string;
    }
  | { readonly kind: "folder-wanted"; readonly option: "--out" | "--receipt"; readonly value: string }
  | { readonly kind: "terraform-and"; readonly option: "--out" | "--base" | "several policies" }
  | { readonly kind: "only-with-terraform"; readonly option: "--account-file" | "--checks" }
  | { readonly kind: "replay-and-account-file" }
  | { readonly kind: "one-standard-input"; readonly options: readonly [string, string] }
  | { readonly kind: "full-and-range" }
  | { readonly kind: "lines-in-name"; readonly file: string }
  | { readonly kind: "base-and-receipt" }
  | { readonly kind: "only-from-traffic" }
  | { readonly kind: "from-without-log" }
  | { readonly kind: "columns-without-from" }
  | { readonly kind: "rule-and-plan" }
  | {
      readonly kind:
        | "only-expired-and-plan"
        | "confirm-needs-command"
        | "confirm-command-alone"
        | "confirm-and-only-expired"
        | "disable-enforcement-alone";
    }
  | { readonly kind: "merge-and"; readonly option: "--output" | "--group" }
  | { readonly kind: "merge-standard-input" }
  | { readonly kind: "policy-elsewhere"; readonly policy: string }
  | { readonly kind: "account-not-a-number" }
  | { readonly kind: "host-unusable" }
  | {
      readonly kind: "whole-number-wanted";
      readonly option: string;
      readonly most: number;
      readonly text: string;
    }
  | { readonly kind: "seconds-wanted"; readonly option: string; readonly text: string }
  | { readonly kind: "account-from-one" }
  | { readonly kind: "token-with-spaces" }
  | { readonly kind: "same-tokens" }
  | { readonly kind: "unknown-audit-shape"; readonly shapes: readonly string[]; readonly text: string }
  | { readonly kind: "fault-not-json"; readonly text: string }
  | { readonly kind: "unknown-fault"; readonly text: string; readonly why: string }
  | { readonly kind: "address-wanted"; readonly option: string; readonly text: string };

const quoted = (text: string): string => JSON.stringify(text);

const optionTexts = (problem: OptionProblem): { readonly message: string; readonly hint: string } => {
  switch (problem.kind) {
    case "columns-without-from":
      return {
        message: "--columns names columns of a file, but no file is given",
        hint: "Name it: --from proxy.csv; the account's own log needs no --columns",
      };
    case "from-without-log":
      return {
        message: "--from names a policy, but no log",
        hint: "Name a log: --from audit.csv; without --from, the account's own log is read",
      };
    case "only-from-traffic":
      return {
        message: "--from, --columns, --hold-out and --max-extra are for a draft from traffic",
        hint: "Add --from-traffic 90d, or leave them out",
      };
    case "lines-in-name":
      return {
        message: `--list-files prints one name per line, but the name ${problem.file} contains a line break`,
        hint: "Rename the file, or print the names as JSON: --format json",
      };
    case "plan-and-several-policies":
      return {
        message: "A saved plan belongs to one policy, but several policies are named",
        hint: `Leave out --policy: ${problem.command}`,
      };
    case "plan-and-policy": {
      const { command, plan, policy } = problem;
      return {
        message: "A saved plan contains its policy: it cannot be combined with --policy",
        hint: `Use the plan (${command} ${plan}), or plan the policy again (${command}${policyFlag(policy)})`,
      };
    }
    case "folder-wanted":
      return {
        message: `With several policies ${problem.option} names a folder, which gets one file per policy, but ${problem.value} looks like a file`,
        hint: `Give a folder, such as: ${problem.option} ${problem.option === "--out" ? "plans" : "receipts"}`,
      };
    case "terraform-and":
      return {
        message: `--terraform and ${problem.option} cannot be combined`,
        hint:
          problem.option === "--out"
            ? "Terraform applies its own plan; to save this report: --write json=FILE"
            : "A Terraform plan is for one account, and needs no policy",
      };
    case "only-with-terraform":
      return {
        message: `${problem.option} needs --terraform`,
        hint: "Add --terraform FILE: a plan, as terraform show -json prints it",
      };
    case "replay-and-account-file":
      return {
        message: "--replay reads the audit log of the account: it cannot be combined with --account-file",
        hint: "Leave out one of them",
      };
    case "one-standard-input": {
      const [first, second] = problem.options;
      return {
        message: `${first} and ${second} cannot both be read from standard input`,
        hint: "Write one of them to a file",
      };
    }
    case "full-and-range":
      return {
        message: "--full exports the whole history: it cannot be combined with --since or --until",
        hint: "Leave out --full, or leave out --since and --until",
      };
    case "base-and-receipt":
      return {
        message: "--base and --receipt cannot be combined: each names what was last applied",
        hint: "Leave out one of them",
      };
    case "rule-and-plan":
      return {
        message: "--rule is for the account as it is, not for a saved plan",
        hint: "Leave out --rule",
      };
    case "only-expired-and-plan":
      return {
        message: "--only-expired makes its own plan: it cannot be combined with a saved plan",
        hint: "Leave out the plan, or --only-expired",
      };
    case "confirm-needs-command":
      return {
        message:
          "--confirm waits for an answer, and without a terminal nobody can give one. Nothing was changed",
        hint: "Add --confirm-command COMMAND: the change is confirmed once it exits 0",
      };
    case "confirm-command-alone":
      return {
        message: "--confirm-command needs --confirm, which says how long to wait",
        hint: "Add --confirm 10m",
      };
    case "confirm-and-only-expired":
      return {
        message: "--only-expired removes only what has expired, so there is nothing to confirm",
        hint: "Leave out --confirm",
      };
    case "disable-enforcement-alone":
      return {
        message: "--disable-enforcement does nothing else, so it takes no plan and no --only-expired",
        hint: "Leave out the plan and --only-expired",
      };
    case "merge-and":
      return {
        message: `--merge and ${problem.option} cannot be combined`,
        hint: "--merge changes the named policy in place, and only adds rules to it",
      };
    case "merge-standard-input":
      return {
        message: "--merge changes a file in place: it cannot use standard input",
        hint: "Name a file",
      };
    case "policy-elsewhere":
      return {
        message: `--policy ${problem.policy} is not a file in this folder`,
        hint: "Run this in the repository, and give a path in it, such as policy.yaml",
      };
    case "account-not-a-number":
      return {
        message: "--account cannot be used: it is not a number",
        hint: "Give the account id, such as 66847 in .../deploy/66847/...",
      };
    case "host-unusable":
      return {
        message: "--host cannot be used: it is not a host that can be called with https",
        hint: `Give the host alone, such as ${exampleHost}`,
      };
    case "whole-number-wanted":
      return {
        message: `${problem.option} takes a whole number up to ${problem.most}, not ${quoted(problem.text)}`,
        hint: `Give ${problem.option} a whole number`,
      };
    case "seconds-wanted":
      return {
        message: `${problem.option} takes a time, not ${quoted(problem.text)}`,
        hint: `Give a time such as 500ms or 5m, or a number of seconds: ${problem.option} 2`,
      };
    case "account-from-one":
      return { message: "--account takes a number from 1", hint: "Give any number from 1: --account 1" };
    case "token-with-spaces":
      return {
        message: "A token of the emulator is empty or contains spaces",
        hint: "Give any other text",
      };
    case "same-tokens":
      return {
        message: "--token, --personal-token and --read-only-token must differ",
        hint: "Give each a different text",
      };
    case "unknown-audit-shape":
      return {
        message: `--audit-shape takes ${problem.shapes.join(", ")}, not ${quoted(problem.text)}`,
        hint: "Give one of them",
      };
    case "fault-not-json":
      return {
        message: `--fault takes JSON, not ${quoted(problem.text)}`,
        hint: "docs/emulator.md lists the faults",
      };
    case "unknown-fault":
      return {
        message: `--fault ${problem.text} cannot be used: ${problem.why}`,
        hint: "docs/emulator.md lists the faults",
      };
    case "address-wanted":
      return {
        message: `${problem.option} takes an address, not ${quoted(problem.text)}`,
        hint: "Write an address such as 203.0.113.7",
      };
    default:
      return assertNever(problem);
  }
};

const commandLineCodes = {
  "bad-usage": code<{
    /** The parser's words. */
    readonly said: string;
    readonly meant?: string | undefined;
    /** `dbt-ip-rules plan --help`. */
    readonly help: string;
  }>({
    severity: "error",
    message: ({ said }) => said,
    hint: ({ meant, help }) => `${meant === undefined ? "" : `Did you mean ${meant}? `}See: ${help}`,
    meaning: "A command, option or argument is unknown or missing.",
    fix: "See `dbt-ip-rules --help`.",
  }),
  "other-spelling": code<{ readonly problem: string; readonly type: string }>({
    severity: "error",
    message: ({ problem }) => problem,
    hint: ({ type }) => (/^[A-Z]/.test(type) ? type : `Type: ${type}`),
    meaning: "This is another tool's spelling.",
    fix: "Type what the hint says.",
  }),
  "bad-option": code<OptionProblem>({
    severity: "error",
    message: (problem) => optionTexts(problem).message,
    hint: (problem) => optionTexts(problem).hint,
    meaning: "An option has an unusable value, or contradicts another option.",
    fix: "See the command's `--help`.",
  }),
  "bad-address": code<
    { readonly text: string } & (
      | { readonly kind: "unreadable"; readonly reason: string }
      /** An IPv4 address in its IPv6 spelling; `meant`: the prefix that the length was likely for. */
      | { readonly kind: "mapped-length"; readonly meant: string }
    )
  >({
    severity: "error",
    message: (args) =>
      args.kind === "unreadable"
        ? `${quoted(args.text)} is not an address or prefix: ${args.reason}`
        : `${quoted(args.text)} covers far more than IPv4: in this spelling, the length counts from the first bit of the IPv6 address`,
    hint: (args) =>
      args.kind === "unreadable"
        ? "Write an address such as 203.0.113.7, or a prefix such as 203.0.113.0/24"
        : `Write ${args.meant}`,
    meaning: "This is not an address or prefix.",
    fix: "Write `203.0.113.7` or `203.0.113.0/24`.",
  }),
  "no-such-rule": code<{ readonly rule: string }>({
    severity: "error",
    message: ({ rule }) => `The account has no rule ${quoted(rule)}`,
    hint: "See all of them with: dbt-ip-rules show",
    meaning: "The account has no rule of that name.",
    fix: "See `dbt-ip-rules show`.",
  }),
  "plans-of-one-account": code<{ readonly first: string; readonly second: string; readonly account: string }>(
    {
      severity: "error",
      message: ({ first, second, account }) =>
        `${first} and ${second} are both plans of account ${account}, and once one is applied the other no longer fits`,
      hint: "Name one plan of each account",
      meaning: "Two of the saved plans are for one account.",
    },
  ),
  "policies-of-one-account": code<{
    readonly first: string;
    readonly second: string;
    readonly account: string;
  }>({
    severity: "error",
    message: ({ first, second, account }) =>
      `${first} and ${second} are both for account ${account}, and each would undo the other`,
    hint: "Put the rules of one account into one policy; share networks between accounts with `include`",
    meaning: "Two of the policies are for one account.",
    fix: "Merge them into one policy.",
  }),
};

export const settingsCodes = { ...connectionCodes, ...commandLineCodes };
