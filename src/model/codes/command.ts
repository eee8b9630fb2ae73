/** The codes of commands: their files, the question before an apply, the emulator, and the program itself. */
import { assertNever } from "../assert.js";
import { shellWord } from "../shell.js";
import { code } from "./code.js";

// --- Files ---

/** Which receipts were looked for. */
type MissingReceipts =
  | { readonly names: readonly string[] }
  /** The default folder, where no name was given. */
  | { readonly folder: string };

const linkHint = (file: string): string =>
  `Name the file that the link should point to; to see where it points: ls -l ${shellWord(file)}`;

export const fileCodes = {
  "policy-is-a-document": code<{
    readonly file: string;
    /** `plan` in `dbt-ip-rules/plan`. */
    readonly kind: string;
  }>({
    severity: "error",
    message: ({ file, kind }) =>
      kind === "plan"
        ? `${file} is a saved plan, not a policy`
        : `${file} is a ${kind} document, not a policy`,
    hint: ({ file, kind }) =>
      kind === "plan"
        ? `To see it: dbt-ip-rules show ${shellWord(file)}; to apply it: dbt-ip-rules apply ${shellWord(file)}`
        : "Name the policy, a YAML file, with --policy FILE",
    meaning: "The file is another document of this program.",
    fix: "Use `show FILE` or `apply FILE` for a plan.",
  }),
  "policy-missing": code<{ readonly file: string; readonly reason: string }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read the policy ${file}: ${reason}`,
    hint: "Name the policy with --policy FILE, or create one with: dbt-ip-rules init",
    meaning: "The policy does not exist.",
    fix: "Use `--policy FILE`, or `dbt-ip-rules init`.",
  }),
  "policy-unreadable": code<{
    readonly file: string;
    readonly reason: string;
    readonly problem: "folder" | "links" | "refused" | "other";
  }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read the policy ${file}: ${reason}`,
    hint: ({ file, problem }) => {
      switch (problem) {
        case "folder":
          return `Name the file in it, such as ${shellWord(`${file.replace(/\/+$/, "")}/policy.yaml`)}`;
        case "links":
          return linkHint(file);
        case "refused":
          return "Name a regular file in this folder, or - for standard input; long lists belong in text files";
        case "other":
          return "Check the permissions of the file and of its folder";
        default:
          return assertNever(problem);
      }
    },
    meaning: "The policy cannot be read.",
    fix: "Check the path and its permissions.",
  }),
  "file-exists": code<{ readonly file: string; readonly by: "import" | "doctor" }>({
    severity: "error",
    message: ({ file, by }) => `${file} exists, and ${by} never overwrites a file`,
    hint: ({ file, by }) =>
      by === "import"
        ? `Name another file, or add the missing rules to it with: dbt-ip-rules import --merge ${shellWord(file)}`
        : "Name another file with --record",
    meaning: "`import` or `doctor --record` would overwrite a file.",
    fix: "Name another file, or use `import --merge`.",
  }),
  "token-in-plan": code({
    severity: "error",
    message:
      "The plan is not saved: it would contain the API token, which is in a name or description of the policy or the account",
    hint: "Replace the token, since others can read it, and rename the rule",
  }),
  "token-in-import": code({
    severity: "error",
    message:
      "Nothing is written: the policy would contain the API token, which is in a name or description of the account",
    hint: "Replace the token, since others can read it, and rename the rule",
  }),
  "output-clash": code<
    | { readonly kind: "same-file"; readonly output: string; readonly other: string }
    | { readonly kind: "replaces-input"; readonly output: string; readonly input: string }
  >({
    severity: "error",
    message: (args) =>
      args.kind === "same-file"
        ? `${args.output} and ${args.other} are the same file`
        : `${args.output} would replace a file that is read: ${args.input}`,
    hint: ({ kind }) => (kind === "same-file" ? "Give each its own file" : "Name another file"),
    meaning: "Two outputs are one file, or an output would replace an input.",
    fix: "Name another file.",
  }),
  "cannot-write": code<{
    readonly file: string;
    readonly reason: string;
    readonly problem: "folder" | "links" | "other";
  }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot write ${file}: ${reason}`,
    hint: ({ file, problem }) => {
      switch (problem) {
        case "folder":
          return "Name a file in it";
        case "links":
          return linkHint(file);
        case "other":
          return "Check the folder, its permissions and its free space";
        default:
          return assertNever(problem);
      }
    },
    meaning: "A file cannot be written.",
    fix: "Check the folder, its permissions and its free space.",
  }),
  "plan-file-unreadable": code<{
    readonly file: string;
    readonly reason: string;
    readonly isFolder: boolean;
  }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read the plan ${file}: ${reason}`,
    hint: ({ file, isFolder }) =>
      isFolder
        ? `Name one of the plans in it: ${shellWord(`${file.replace(/\/+$/, "")}/NAME.plan.json`)}`
        : "Make one with: dbt-ip-rules plan --out FILE",
    meaning: "The saved plan cannot be read.",
    fix: "Make one with `dbt-ip-rules plan --out FILE`.",
  }),
  "plan-file-not-a-plan": code<{
    readonly file: string;
    /** What it is: a policy, a document of this program by its name in `dbt-ip-rules/NAME`, or unknown. */
    readonly is: "policy" | "receipt" | "plan as JSON" | { readonly document: string } | undefined;
  }>({
    severity: "error",
    message: ({ file, is }) => {
      if (is === undefined) return `${file} is not a saved plan`;
      if (is === "plan as JSON") return `${file} is the JSON report of a plan, not a saved plan`;
      const name = typeof is === "object" ? `${is.document} document` : is;
      return `${file} is a ${name}, not a saved plan`;
    },
    hint: ({ file, is }) => {
      if (is === "policy") return `For a policy, name it with --policy ${shellWord(file)}`;
      if (is === "receipt")
        return `Name the plan, or plan the policy again with: dbt-ip-rules apply; to check this receipt: dbt-ip-rules audit verify --receipt ${shellWord(file)}`;
      return "Make a new one with: dbt-ip-rules plan --out FILE";
    },
    meaning: "The file is not a saved plan.",
    fix: "Make one with `dbt-ip-rules plan --out FILE`.",
  }),
  "receipt-unreadable": code<{ readonly file: string; readonly reason: string }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read the receipt ${file}: ${reason}`,
    hint: "Name the file that `apply` printed after Receipt:",
    meaning: "The receipt cannot be read.",
    fix: "Name the file that `apply` printed.",
  }),
  "no-receipts": code<MissingReceipts>({
    severity: "error",
    message: (args) =>
      "names" in args
        ? `There is no receipt in ${args.names.join(", ")}`
        : `There is no receipt of a run that changed something in ${args.folder}`,
    hint: (args) =>
      "names" in args
        ? "Receipts end in .jsonl; `apply` writes one"
        : "`apply` writes one there; name one elsewhere with --receipt FILE",
    meaning: "There is no receipt where one was expected.",
    fix: "`apply` writes them to `.dbt-ip-rules/receipts/`.",
  }),
  "receipts-of-several-accounts": code<{
    readonly first: string;
    readonly firstAccount: string;
    readonly other: string;
    readonly otherAccount: string;
  }>({
    severity: "error",
    message: ({ first, firstAccount, other, otherAccount }) =>
      `${first} is for account ${firstAccount}, ${other} for account ${otherAccount}`,
    hint: "Check the receipts of one account at a time",
    meaning: "The receipts are for different accounts.",
  }),
  "receipt-of-other-account": code<
    | {
        readonly kind: "of-the-account";
        readonly file: string;
        readonly theirs: string;
        readonly account: string;
      }
    | { readonly kind: "of-the-flag"; readonly theirs: number; readonly asked: string }
  >({
    severity: "error",
    message: (args) =>
      args.kind === "of-the-account"
        ? `${args.file} is a receipt for account ${args.theirs}, not for ${args.account}`
        : `The receipts are for account ${args.theirs}, but --account says ${args.asked}`,
    hint: ({ kind }) =>
      kind === "of-the-account"
        ? "Name a receipt of this account with --receipt FILE"
        : "Leave out --account: the receipts say which account it is",
    meaning: "The receipt is for another account.",
    fix: "Name one of this account.",
  }),
  "receipt-exists": code<{ readonly file: string }>({
    severity: "error",
    message: ({ file }) => `${file} exists already, and is not a receipt`,
    hint: "Name another file with --receipt",
    meaning: "The file named for the receipt is something else.",
    fix: "Name another.",
  }),
  "receipt-unwritable": code<{
    readonly file: string;
    readonly reason: string;
    readonly what: "file" | "folder";
  }>({
    severity: "error",
    message: ({ file, reason, what }) =>
      what === "file"
        ? `The receipt ${file} cannot be written: ${reason}`
        : `Cannot create the folder of the receipt ${file}: ${reason}`,
    hint: "A step that the receipt cannot record is not sent; free some space, or name another file with --receipt",
    meaning: "The receipt cannot be written, so no more steps are sent.",
    fix: "Free some space, or name another file.",
  }),
};

// --- The question and the lock before an apply ---

export const approvalCodes = {
  "approval-needed": code({
    severity: "error",
    message: "Nobody can confirm this: there is no terminal, or the variable CI is set",
    hint: "In a pipeline, review the plan first, then run with --auto-approve",
    fix: "In a pipeline, use `--auto-approve`.",
  }),
  "not-approved": code({
    severity: "error",
    message: "Nothing was changed: the plan was not confirmed",
    hint: "To confirm, type the whole word yes; nothing else confirms",
  }),
  "apply-locked": code<{ readonly pid: number; readonly since: string }>({
    severity: "error",
    message: ({ pid, since }) =>
      `Another apply to this account is running on this machine: process ${pid}, since ${since}`,
    hint: "Wait for it to end, then make a new plan; if it hangs, stop that process, which also releases its lock",
    meaning: "Another apply for this account is running on this machine.",
    fix: "Wait for it to end, then plan again.",
  }),
  "lock-unavailable": code<{ readonly folder: string }>({
    severity: "error",
    message: ({ folder }) => `The lock folder ${folder} cannot be written, or others can write to it`,
    hint: "Set XDG_STATE_HOME to a folder that you can write to",
    meaning: "The folder for locks is not writable, or not yours alone.",
    fix: "Set `XDG_STATE_HOME` to another.",
  }),
};

// --- The program itself ---

/** Why the state file of an emulator cannot be used. */
type StateProblem =
  | { readonly kind: "unusable"; readonly reason: string }
  | { readonly kind: "unwritable" }
  /** `lock`: the file that says so. */
  | { readonly kind: "in-use"; readonly pid: number; readonly lock: string };

export const programCodes = {
  "emulator-port": code<{ readonly port: number; readonly problem: "taken" | { readonly error: string } }>({
    severity: "error",
    message: ({ port, problem }) =>
      problem === "taken"
        ? `Port ${port} is in use by another program`
        : `The emulator cannot listen on port ${port}: ${problem.error}`,
    hint: "Stop that program, or leave out --port to use a free port",
    meaning: "The emulator's port cannot be used.",
    fix: "Leave out `--port` to use a free one.",
  }),
  "emulator-tls": code<
    | { readonly kind: "unreadable"; readonly file: string; readonly reason: string }
    | { readonly kind: "unusable"; readonly reason: string }
    | { readonly kind: "half" }
  >({
    severity: "error",
    message: (args) => {
      switch (args.kind) {
        case "unreadable":
          return `${args.file} cannot be read: ${args.reason}`;
        case "unusable":
          return `The certificate and the key cannot be used: ${args.reason}`;
        case "half":
          return "TLS needs both a certificate and its key";
        default:
          return assertNever(args);
      }
    },
    hint: "Give both as PEM files: --tls CERT --key KEY",
    meaning: "The certificate and the key cannot be used.",
    fix: "Give both as PEM files.",
  }),
  "emulator-seed": code<{
    readonly kind: "unreadable" | "not-yaml" | "unusable";
    readonly file?: string | undefined;
    readonly reason: string;
    readonly fix?: string;
  }>({
    severity: "error",
    message: ({ kind, file, reason }) => {
      const seed = file === undefined ? "The seed" : `The seed file ${file}`;
      switch (kind) {
        case "unreadable":
          return `${seed} cannot be read: ${reason}`;
        case "not-yaml":
          return `${seed} is not YAML: ${reason}`;
        case "unusable":
          return `${seed} cannot be used: ${reason}`;
        default:
          return assertNever(kind);
      }
    },
    hint: ({ kind, fix }) =>
      kind === "unreadable"
        ? "Check the path after --seed"
        : (fix ?? "docs/emulator.md shows what a seed may contain"),
    meaning: "The emulator's seed cannot be used.",
    fix: "See [emulator.md](emulator.md).",
  }),
  "emulator-state": code<{ readonly file: string; readonly problem: StateProblem }>({
    severity: "error",
    message: ({ file, problem }) => {
      switch (problem.kind) {
        case "unusable":
          return `The state file ${file} cannot be used: ${problem.reason}`;
        case "unwritable":
          return `The state file ${file} cannot be written`;
        case "in-use":
          return `The state file ${file} is in use by another emulator: process ${problem.pid}`;
        default:
          return assertNever(problem);
      }
    },
    hint: ({ problem }) => {
      switch (problem.kind) {
        case "unusable":
          return "Move it away to start with an empty account, or name another file with --state";
        case "unwritable":
          return "Check that its folder exists and that you can write to it";
        case "in-use":
          return `Stop that one first, or name another file with --state; if there is no such process, remove ${shellWord(problem.lock)}`;
        default:
          return assertNever(problem);
      }
    },
    meaning: "The emulator's state file cannot be used.",
    fix: "Name another file with `--state`.",
  }),
  "demo-failed": code<{ readonly command: string; readonly exitCode: number; readonly expected: number }>({
    severity: "error",
    message: ({ command, exitCode, expected }) =>
      `The demo stopped: \`${command}\` ended with exit code ${exitCode}, not ${expected}`,
    hint: "This is a bug in dbt-ip-rules: run demo --debug and report what it prints",
    meaning: "A step of the demo ended with the wrong exit code.",
    fix: "Report it as a bug.",
  }),
  "run-not-begun": code({
    severity: "error",
    message: "Not begun because of errors in other files of this run",
    hint: "Fix those errors, then run the command again",
  }),
  interrupted: code<
    | { readonly at: "call" | "wait" | "apply" | "questions" }
    | { readonly at: "policy"; readonly policy: string }
  >({
    severity: "error",
    message: (args) => {
      switch (args.at) {
        case "call":
          return "Interrupted before the call was done";
        case "wait":
        case "apply":
          return "Interrupted";
        case "questions":
          return "Interrupted; nothing was written";
        case "policy":
          return `Interrupted before ${args.policy}; nothing was done for it`;
        default:
          return assertNever(args);
      }
    },
    hint: ({ at }) =>
      at === "apply"
        ? "Run the same apply again to continue where it stopped"
        : "Run the command again to continue",
    meaning: "The run was interrupted.",
    fix: "Run it again; an apply continues where it stopped.",
  }),
  "internal-error": code<{ readonly error: string; readonly during: "apply" | "command" }>({
    severity: "error",
    message: ({ error }) => `Internal error: ${error}`,
    hint: ({ during }) =>
      during === "apply"
        ? "Run the same apply again: it reads the account and continues where it stopped. This is a bug in dbt-ip-rules: run it with --debug and report what it prints"
        : "This is a bug in dbt-ip-rules: run again with --debug and report what it prints",
    meaning: "This is a bug in dbt-ip-rules.",
    fix: "Run it again with `--debug`, and report what it prints.",
  }),
};
