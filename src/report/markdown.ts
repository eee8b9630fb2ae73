/** Reports as markdown, for a pull request, an issue or a job summary: a part for each policy, under one table. */
import type { ApplyResult } from "../apply/result.js";
import type { DriftCause, DriftReport } from "../audit/differences.js";
import type { AuditVerification } from "../audit/verification.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { markdownCode } from "../model/escape.js";
import type { Snapshot } from "../model/snapshot.js";
import { counted } from "../model/words.js";
import type { TemporaryEntries } from "../plan/expiry.js";
import { descriptionLines, enforcementLine, nameNotes, tableLines, totals } from "./account.js";
import {
  applyClosing,
  nextText,
  openWarning,
  partlyTitle,
  removalCommand,
  stepGroups,
  stepReportText,
  stepTitles,
} from "./apply-text.js";
import { auditClosing, foreignRows, verificationRows } from "./audit-text.js";
import { looseChangeRows } from "./change-rows.js";
import { diagnosticsCount, isShownFirst } from "./diagnostics-text.js";
import {
  accessTitle,
  causeTitles,
  differenceRows,
  driftClosing,
  driftNext,
  driftSides,
  driftWording,
  unmanagedText,
} from "./drift-text.js";
import { columns, wrap } from "./layout.js";
import {
  type Account,
  accessSections,
  accountLine,
  defaultMaxBytes,
  diagnosticRows,
  fitReport,
  leftSection,
  markerOf,
  type Section,
  unconfirmedSection,
} from "./markdown-page.js";
import { renderPlanMarkdown, replaySections } from "./plan-markdown.js";
import { leftWords, unmanagedAccessWords } from "./plan-summary.js";
import { renderReplayMarkdown } from "./replay-text.js";
import {
  type ApplyReport,
  type DriftCommands,
  driftVerdict,
  exitCodeOf,
  exitWords,
  type NextCommands,
  type PolicyReport,
  type Report,
  type Reporter,
} from "./report.js";
import { diffRow, fenceWidth } from "./row.js";
import { temporaryGroups } from "./temporary.js";

const temporarySections = (entries: TemporaryEntries | undefined): Section[] =>
  temporaryGroups(entries).map(({ title, rows }) => ({ title, language: "text", rows, open: true }));

/** An account as it is: enforcement and the counts first, then the table of rules. */
const renderAccountMarkdown = (snapshot: Snapshot, entries?: TemporaryEntries): string => {
  const { rules } = snapshot;
  const account = { id: snapshot.accountId, host: snapshot.host };
  return fitReport(
    {
      marker: markerOf("account", account),
      whole: "all of them: `dbt-ip-rules show --format json`",
      head: [
        "### dbt IP restrictions: the account as it is\n",
        `**${enforcementLine(snapshot)}. ${totals(rules)}**\n`,
        `${accountLine(account)}\n`,
      ].join("\n"),
      sections: [
        { title: "Names that look alike", language: "text", rows: nameNotes(rules, fenceWidth), open: true },
        { title: counted(rules.length, "rule"), language: "text", rows: tableLines(rules), open: true },
        ...temporarySections(entries),
        { title: "Descriptions", language: "text", rows: descriptionLines(rules, fenceWidth) },
      ],
    },
    defaultMaxBytes,
  );
};

interface ApplyMarkdownOptions extends NextCommands {
  readonly account: { readonly id: number; readonly host: string };
  /** The receipt's file, where one was written. */
  readonly receipt?: string;
}

const applyTitles = {
  done: "applied",
  nothing: "nothing to do",
  refused: "refused",
  failed: "failed",
  midway: "stopped midway",
  undone: "undone",
} as const;

const wayBackTitles = { "in-part": "undone in part", failed: "not undone" } as const;

/** The end of an apply: verdict first, steps folded. */
const renderApplyMarkdown = (result: ApplyResult, options: ApplyMarkdownOptions): string => {
  const { changed, unknown, partly, notChanged } = stepGroups(result);
  const next = nextText(result.next, options);
  const open = openWarning(result);
  const titles = stepTitles(result);
  const headline = result.wayBack === undefined ? applyTitles[result.outcome] : wayBackTitles[result.wayBack];
  const steps = (title: string, reports: typeof changed, open: boolean) => ({
    title: `${title}: ${counted(reports.length, "step")}`,
    language: "text" as const,
    rows: reports.map((report) => wrap(stepReportText(report), fenceWidth, 3).join("\n")),
    open,
  });
  return fitReport(
    {
      marker: markerOf("apply", options.account),
      whole: "`apply --write json=FILE` writes all of them",
      head: [
        `### dbt IP restrictions: ${headline}\n`,
        ...(open === undefined
          ? []
          : [`**${open}** ${markdownCode(removalCommand(result.next, options), 300)}\n`]),
        `**${applyClosing(result)}**\n`,
        `${accountLine(options.account)}\n`,
        ...(next === "" ? [] : [`Next: ${markdownCode(next.replace(/^Next: /, ""), 300)}\n`]),
        ...(options.receipt === undefined ? [] : [`Receipt: ${markdownCode(options.receipt, 300)}\n`]),
      ].join("\n"),
      sections: [
        steps("Unknown", unknown, true),
        steps(partlyTitle, partly, true),
        steps(titles.notChanged, notChanged, true),
        {
          title: diagnosticsCount(result.diagnostics),
          language: "text",
          rows: diagnosticRows(result.diagnostics),
          open: true,
        },
        {
          title: "Changed by somebody else",
          language: "diff",
          rows: looseChangeRows(result.unexpected ?? []).map(diffRow),
        },
        steps(titles.changed, changed, false),
        {
          title: titles.remaining,
          language: "diff",
          rows: looseChangeRows(result.remaining ?? []).map(diffRow),
        },
      ],
    },
    defaultMaxBytes,
  );
};

const auditTitles = {
  confirmed: "confirmed by the audit log",
  missing: "missing from the audit log",
  "could-not-check": "audit log not checked",
  "enforcement-flipped": "enforcement turned by the run",
} as const;

const renderAuditMarkdown = (verification: AuditVerification): string => {
  const account: Account = verification.receipts[0]?.account ?? { id: 0, host: "" };
  const bad = verification.verdict !== "confirmed";
  const flipped = verification.verdict === "enforcement-flipped";
  const notes = {
    title: "Notes",
    language: "text" as const,
    rows: diagnosticRows(verification.diagnostics),
    open: bad,
  };
  return fitReport(
    {
      marker: markerOf("audit", account),
      whole: "all of them: `dbt-ip-rules audit verify --format json`",
      head: [
        `### dbt IP restrictions: ${auditTitles[verification.verdict]}\n`,
        `**${auditClosing(verification)}**\n`,
        ...(verification.receipts.length === 0 ? [] : [`${accountLine(account)}\n`]),
      ].join("\n"),
      sections: [
        ...(flipped ? [notes] : []),
        ...verification.receipts.map((receipt) => ({
          title: `Receipt begun ${receipt.startedAt.replace(/[^0-9TZ:.-]/g, "_")}: ${counted(receipt.steps.length, "step")}`,
          language: "text" as const,
          rows: columns([
            ["#", "Step", "Event", "At (UTC)", "Match"],
            ...verificationRows(receipt, { max: 40, was: true }),
          ]),
          open: bad,
        })),
        {
          title: `Events of no step: ${verification.foreign.length}`,
          language: "text",
          rows: columns(foreignRows(verification.foreign)),
          open: false,
        },
        ...(flipped ? [] : [notes]),
      ],
    },
    defaultMaxBytes,
  );
};

/** More differences than this are folded. */
const mostUnfolded = 10;

const causeSection = (cause: DriftCause, { differences }: DriftReport): Section => {
  const own = differences.filter((one) => one.cause === cause);
  return {
    title: `${causeTitles[cause]}: ${counted(own.length, "difference")}`,
    language: "diff",
    rows: own.map((difference) => differenceRows(difference).map(diffRow).join("\n")),
    open: own.length <= mostUnfolded,
  };
};

/** Verdict and access first, then differences by cause, folded where they are many. */
const renderDriftMarkdown = (report: DriftReport, options: { readonly commands: DriftCommands }): string => {
  const differs = driftVerdict(report) === "differences";
  const left = leftWords(report) || (differs ? "" : unmanagedAccessWords(report));
  const sections: Section[] = [
    unconfirmedSection(report.diagnostics),
    leftSection(report.diagnostics),
    causeSection("drift", report),
    causeSection("cannot-tell", report),
    causeSection("pending", report),
    {
      title: `Unmanaged: ${counted(report.unmanaged.length, "rule")}`,
      language: "text",
      rows: unmanagedText(report),
    },
    {
      title: "Notes",
      language: "text",
      rows: diagnosticRows(report.diagnostics.filter((one) => !isShownFirst(one))),
    },
  ];
  const access = accessSections(report.access, driftSides, driftWording);
  return fitReport(
    {
      marker: markerOf("drift", report.account),
      whole: "all of them: `dbt-ip-rules drift --format json`",
      head: [
        `### dbt IP restrictions: ${differs ? "the account differs from the policy" : "no drift"}${left === "" ? "" : `, but ${left}`}\n`,
        `**${driftClosing(report, markdownCode(report.policyFile))}**\n`,
        `${accountLine(report.account)}\n`,
        ...(report.access.direction === "none" ? [] : [`${accessTitle(report)}.\n`]),
        ...driftNext(report, options.commands).map(
          ({ words, command }) =>
            `${words}${command === undefined ? "" : `: ${markdownCode(command, 300)}`}\n`,
        ),
      ].join("\n"),
      sections: [
        ...access.open,
        ...replaySections(report.replay),
        ...temporarySections(report.entries),
        ...sections.slice(0, 3),
        ...access.folded,
        ...sections.slice(3),
      ],
    },
    defaultMaxBytes,
  );
};

const applyText = (report: ApplyReport): string => {
  const applied = renderApplyMarkdown(report.result, {
    ...report.commands,
    account: report.account,
    ...(report.receipt === undefined ? {} : { receipt: report.receipt.name }),
  });
  return report.audit === undefined ? applied : `${applied}\n**${auditClosing(report.audit)}**\n`;
};

const failureText = (policy: string | undefined, diagnostics: readonly Diagnostic[]): string => {
  const of = policy === undefined ? "" : `: ${markdownCode(policy)}`;
  return fitReport(
    {
      head: `### dbt IP restrictions: failed${of}\n`,
      whole: "`--format json` shows all of them",
      sections: [
        {
          title: diagnosticsCount(diagnostics),
          language: "text",
          rows: diagnosticRows(diagnostics),
          open: true,
        },
      ],
    },
    defaultMaxBytes,
  );
};

const textOf = (policy: string | undefined, report: Report): string | undefined => {
  switch (report.kind) {
    case "plan":
      return renderPlanMarkdown(report.plan, report);
    case "apply":
      return applyText(report);
    case "drift":
      return renderDriftMarkdown(report.drift, report);
    case "audit":
      return renderAuditMarkdown(report.verification);
    case "replay":
      return renderReplayMarkdown(report);
    case "account":
      return renderAccountMarkdown(report.snapshot, report.entries);
    case "failure":
      return failureText(policy, report.diagnostics);
    default:
      return undefined;
  }
};

const table = (reports: readonly PolicyReport[]): string =>
  `| policy | outcome |\n|---|---|\n${reports
    .map((one) => `| ${markdownCode(one.policy ?? "")} | ${exitWords[exitCodeOf(one)]} |\n`)
    .join("")}`;

export const markdownReport: Reporter = (reports) => {
  const parts = reports.flatMap(({ policy, report }) => textOf(policy, report) ?? []);
  return (reports.length > 1 ? [table(reports), ...parts] : parts).join("\n");
};
