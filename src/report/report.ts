/**
 * What a command found, as a value: every format and the exit code are made from it and from nothing else. A command
 * returns one; a run over several policies is a list of them. `reporters.ts` makes text of them.
 */
import type { ApplyResult } from "../apply/result.js";
import type { catalogue } from "../audit/catalogue.js";
import type { DriftReport } from "../audit/differences.js";
import type { AuditVerdict, AuditVerification } from "../audit/verification.js";
import { type Diagnosis, doctorVerdict } from "../doctor/judge.js";
import { assertNever } from "../model/assert.js";
import { type Diagnostic, hasErrors } from "../model/diagnostic.js";
import { type ExitCode, exitCodes } from "../model/failure.js";
import type { Snapshot } from "../model/snapshot.js";
import type { PlanPeople } from "../plan/cut-off.js";
import type { TemporaryEntries } from "../plan/expiry.js";
import type { Plan, Verdict } from "../plan/plan.js";
import type { listCatalogue } from "../policy/list-catalogue.js";
import type { Policy, PolicyTest } from "../policy/policy.js";
import type { AskedStates, ExplainReport } from "./explain.js";
import type { RenderContext } from "./layout.js";
import { type ListsReport, listsExitCode } from "./lists.js";
import { type ReplayReport, replayVerdict } from "./replay.js";
import type { VerdictOf } from "./verdicts.js";

/** The commands that the summary asks the user to type. */
export interface NextCommands {
  /** Applies the same plan again: `dbt-ip-rules apply plan.json`. */
  readonly applyAgain?: string;
  readonly planAgain?: string;
  /** Plans the policy and applies it, whatever plan this run was given: `dbt-ip-rules apply`. */
  readonly applyPolicy?: string;
  /** Undoes this run, which was to be confirmed: `dbt-ip-rules rollback FILE`. */
  readonly rollback?: string;
}

/** The commands that a drift report asks the user to type, neutralised and quoted for a shell. */
export interface DriftCommands {
  readonly plan: string;
  readonly merge: string;
}

export interface TestOutcome {
  readonly test: Pick<PolicyTest, "name" | "source">;
  readonly passed: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Validation {
  readonly file: string;
  /** Absent: the file could not be made sense of. */
  readonly policy: Policy | undefined;
  readonly tests: readonly TestOutcome[];
  /** Those of the tests included. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface PlanReport {
  readonly kind: "plan";
  readonly plan: Plan;
  /** The policy that was planned; absent for a saved plan. */
  readonly policyFile?: string;
  /** Exit code 2 where there is something to change (`--detailed-exitcode`). */
  readonly detailed?: boolean;
  /** Whom the numbers of its replay stand for, by name: for text alone (`--show-people`). */
  readonly people?: PlanPeople;
  /** The file that the plan was saved to. */
  readonly savedAs?: string;
  /** For what its entries say of themselves, in the HTML; absent for a saved plan. */
  readonly policy?: Policy;
  /** Markdown is cut to so many bytes. */
  readonly maxBytes?: number;
  /** To be said on standard error, after the plan. */
  readonly notes?: readonly string[];
}

export interface ApplyReport {
  readonly kind: "apply";
  readonly account: { readonly id: number; readonly host: string };
  readonly result: ApplyResult;
  /** The receipt's file, where one was written: its absolute path, and its name for readers on other machines. */
  readonly receipt?: { readonly path: string; readonly name: string };
  /** What the audit log says of the receipt, where it was asked. */
  readonly audit?: AuditVerification;
  readonly commands: NextCommands;
  /** What was shown already with the plan, and need not be said again in the same text. */
  readonly shown: readonly Diagnostic[];
}

export type Report =
  | PlanReport
  | ApplyReport
  | { readonly kind: "validation"; readonly validation: Validation }
  | { readonly kind: "drift"; readonly drift: DriftReport; readonly commands: DriftCommands }
  | { readonly kind: "audit"; readonly verification: AuditVerification }
  | {
      readonly kind: "account";
      readonly snapshot: Snapshot;
      /** Absent where no policy of this account says what ends. */
      readonly entries?: TemporaryEntries;
    }
  | {
      readonly kind: "explanation";
      readonly explained: readonly ExplainReport[];
      /** What was asked, for the HTML: the states of the views, and the policy or account that they are from. */
      readonly asked: AskedStates;
    }
  | ReplayReport
  | { readonly kind: "event-types"; readonly events: typeof catalogue }
  | { readonly kind: "doctor"; readonly diagnosis: Diagnosis }
  | ({ readonly kind: "lists" } & ListsReport)
  | { readonly kind: "list-catalogue"; readonly lists: typeof listCatalogue }
  /** The command ended early, for a reason that its user can understand. */
  | {
      readonly kind: "failure";
      readonly diagnostics: readonly Diagnostic[];
      readonly exitCode: ExitCode;
    }
  /** The command's result is a file it wrote, or a stream it printed as it came. */
  | {
      readonly kind: "done";
      readonly exitCode: ExitCode;
      /** To be said on standard error. */
      readonly notes?: readonly string[];
    };

/** A report of one of the policies of a run. */
export interface PolicyReport {
  /** As the user named it; absent where the command was not given one. */
  readonly policy?: string;
  readonly report: Report;
  /** A format of it that was asked for could not be written. */
  readonly undelivered?: boolean;
}

/** What a reporter knows about the place where its text will be read. */
export interface ReporterContext extends RenderContext {
  /** The program's version. */
  readonly version: string;
  /** When the report is made: ISO 8601, UTC; absent where nobody says. */
  readonly at?: string;
}

/** All reports of a run as one text: one file a format (`reporters.ts`). */
export type Reporter = (reports: readonly PolicyReport[], context: ReporterContext) => string;

/** `refused`: a guard or a policy test says no, whether or not there is anything to do. */
export type PlanVerdict = VerdictOf<"plan">;

export const refusals = (plan: Pick<Plan, "verdicts">): readonly Verdict[] =>
  plan.verdicts.filter(({ state }) => state === "failed");

export const planVerdict = (
  plan: Pick<Plan, "verdicts" | "changes" | "steps" | "terraform">,
): PlanVerdict => {
  if (refusals(plan).length > 0) return "refused";
  const calls = plan.steps.length + (plan.terraform?.calls.length ?? 0);
  return plan.changes.length === 0 && calls === 0 ? "no-changes" : "changes";
};

type ValidationVerdict = "valid" | "tests-failed" | "invalid";

export const validationVerdict = ({ policy, tests, diagnostics }: Validation): ValidationVerdict => {
  const ofTests = new Set(tests.flatMap((test) => test.diagnostics));
  if (policy === undefined || hasErrors(diagnostics.filter((one) => !ofTests.has(one)))) return "invalid";
  return tests.some(({ passed }) => !passed) ? "tests-failed" : "valid";
};

type DriftVerdict = VerdictOf<"drift">;

export const driftVerdict = ({
  differences,
  entries,
}: Pick<DriftReport, "differences" | "entries">): DriftVerdict =>
  differences.length === 0 && entries.overdue.length === 0 ? "no-drift" : "differences";

const planExitCodes = {
  "no-changes": exitCodes.done,
  changes: exitCodes.done,
  refused: exitCodes.refused,
} as const satisfies Record<PlanVerdict, ExitCode>;

const validationExitCodes = {
  valid: exitCodes.done,
  "tests-failed": exitCodes.refused,
  invalid: exitCodes.error,
} as const satisfies Record<ValidationVerdict, ExitCode>;

/** 3 where a record is missing, 1 where the log could not be read, 4 where the run did what nobody had asked for. */
const auditExitCodes = {
  confirmed: exitCodes.done,
  missing: exitCodes.refused,
  "could-not-check": exitCodes.error,
  "enforcement-flipped": exitCodes.midway,
} as const satisfies Record<AuditVerdict, ExitCode>;

/** What the process exits with (README, "Exit codes"): a report that could not be written is an error by itself. */
export const exitCodeOf = ({ report, undelivered }: PolicyReport): ExitCode => {
  const code = ownExitCode(report);
  return undelivered === true && code === exitCodes.done ? exitCodes.error : code;
};

const ownExitCode = (report: Report): ExitCode => {
  switch (report.kind) {
    case "plan": {
      const verdict = planVerdict(report.plan);
      return verdict === "changes" && report.detailed === true
        ? exitCodes.differences
        : planExitCodes[verdict];
    }
    case "apply":
      // A check of the log is only made of an apply that did all it should.
      return report.audit === undefined ? report.result.exitCode : auditExitCodes[report.audit.verdict];
    case "validation":
      return validationExitCodes[validationVerdict(report.validation)];
    case "drift":
      return driftVerdict(report.drift) === "no-drift" ? exitCodes.done : exitCodes.differences;
    case "audit":
      return auditExitCodes[report.verification.verdict];
    case "doctor":
      return doctorVerdict(report.diagnosis) === "works" ? exitCodes.done : exitCodes.error;
    case "replay": {
      const verdict = replayVerdict(report);
      if (verdict === "incomplete") return exitCodes.error;
      return verdict === "cut-off" && report.detailed ? exitCodes.differences : exitCodes.done;
    }
    case "lists":
      return listsExitCode(report);
    case "account":
    case "explanation":
    case "event-types":
    case "list-catalogue":
      return exitCodes.done;
    case "failure":
    case "done":
      return report.exitCode;
    default:
      return assertNever(report);
  }
};

/** Worst first: an account left midway, an error, a refusal, differences. */
const worstFirst: readonly ExitCode[] = [4, 1, 3, 2];

/** 4 > 1 > 3 > 2 > 0. */
export const worstExitCode = (codes: readonly ExitCode[]): ExitCode =>
  worstFirst.find((code) => codes.includes(code)) ?? 0;

/** How the run of a policy ended, in a word. */
export const exitWords: Readonly<Record<ExitCode, string>> = {
  0: "done",
  1: "failed",
  2: "differs",
  3: "refused",
  4: "stopped midway",
};
