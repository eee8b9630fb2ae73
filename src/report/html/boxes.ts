/** What a report says in words, as boxes of the page: the same findings, in the same order, as in the comment. */

import { formatPrefix } from "../../address/prefix.js";
import type { Diagnostic } from "../../model/diagnostic.js";
import { quoted, visible } from "../../model/escape.js";
import type { Snapshot } from "../../model/snapshot.js";
import { counted } from "../../model/words.js";
import type { TemporaryEntries } from "../../plan/expiry.js";
import { isAboutLeftRule } from "../../plan/left-rules.js";
import type { Plan } from "../../plan/plan.js";
import { actorsWith, type ReplayOutcome } from "../../plan/replay.js";
import { ledRow } from "../access-rows.js";
import { nameNotes } from "../account.js";
import { changeRows, disturbanceRows, stepEffect, stepsPromise, stepTitle } from "../change-rows.js";
import { diagnosticsCount, renderDiagnosticsText } from "../diagnostics-text.js";
import { type ExplainReport, renderExplainText } from "../explain.js";
import { plainStyle, type RenderContext } from "../layout.js";
import { accessSides } from "../markdown-page.js";
import { checkRows, deletedRows, isOnlyNoted, shownAccess } from "../plan-markdown.js";
import { countsWords, isLoud, planCounts } from "../plan-summary.js";
import {
  activityWords,
  actorsWords,
  blindLabels,
  blindSentence,
  blindWords,
  lostWords,
  outcomeTitles,
  type ReplayReport,
  recordNotes,
  unusedSentence,
} from "../replay.js";
import { planReplayCaveat, planReplayRows, planReplayTitle } from "../replay-rows.js";
import { refusals } from "../report.js";
import type { Row } from "../row.js";
import { temporaryGroups } from "../temporary.js";
import { otherDiagnostics, terraformCallRows, terraformWarnings } from "../terraform.js";
import { type Html, html } from "./markup.js";

type Tone = "bad" | "good" | "warn" | "plain";

/** Lines are broken by the browser. */
const look: RenderContext = { style: plainStyle, width: Number.POSITIVE_INFINITY };

const box = (tone: Tone, title: string, body: Html): Html =>
  html`<section class="box ${tone}"><h3>${title}</h3>
${body}
</section>
`;

const folded = (title: string, body: Html): Html =>
  html`<details class="box plain"><summary>${title}</summary>
${body}
</details>
`;

const marks: Readonly<Record<Row["sign"], readonly [name: string, mark: string]>> = {
  "+": ["plus", "+"],
  "-": ["minus", "−"],
  "~": ["tilde", "~"],
  "!": ["bang", "!"],
  " ": ["neutral", ""],
};

const rowItem = ({ sign, text, depth }: Row): Html => {
  const [name, mark] = marks[sign];
  return html`<li class="${name} d${depth}"><span class="mark">${mark}</span>${text}</li>
`;
};

/** Rows of a list at most: the first are the worst, or the largest. The tree and the table have every entry. */
const mostRows = 100;

const rowList = (rows: readonly Row[]): Html => {
  const left = rows.length - mostRows;
  const more: Row = {
    sign: " ",
    depth: 1,
    text: `… and ${counted(left, "more row")}: --format json has all of them`,
  };
  return html`<ul class="rows">
${[...rows.slice(0, mostRows), ...(left > 0 ? [more] : [])].map(rowItem)}</ul>`;
};

const said = (lines: readonly string[]): Html => html`<pre class="said">${lines.join("\n").trimEnd()}</pre>`;

const diagnosticsText = (diagnostics: readonly Diagnostic[]): Html =>
  said([renderDiagnosticsText(diagnostics, look)]);

/** Nothing where there is nothing to say. */
const unless = (isEmpty: boolean, made: () => Html): readonly Html[] => (isEmpty ? [] : [made()]);

const accessBoxes = (plan: Plan): readonly Html[] => {
  return shownAccess(plan.access).flatMap(({ change, titles, wording }) => {
    const sides = accessSides(change, titles, wording)
      .filter(({ groups }) => groups.length > 0)
      .map(({ verdict, title, count, groups }) =>
        box(
          verdict === "blocked" ? "bad" : "good",
          `${title}: ${count}`,
          rowList(groups.map((group) => ledRow(group, wording))),
        ),
      );
    return sides.length === 0 ? [] : [html`<div class="two">${sides}</div>`];
  });
};

const stepRows = (plan: Plan): Row[] =>
  plan.steps.flatMap(({ number, step, access, disturbs }): Row[] => [
    { sign: " ", depth: 1, text: `${number}. ${stepTitle(step)} (${stepEffect(access)})` },
    ...disturbanceRows(disturbs),
  ]);

/** In the order of danger: failed checks, what left the file, what to look at again, deletions, who loses and gains. */
export const planBoxes = (plan: Plan): readonly Html[] => {
  const failed = refusals(plan);
  const loud = plan.verdicts.filter((verdict) => isLoud(verdict) && verdict.state !== "failed");
  const warned = loud.filter((verdict) => !isOnlyNoted(verdict));
  const noted = loud.filter(isOnlyNoted);
  const left = plan.diagnostics.filter(isAboutLeftRule);
  const notes = otherDiagnostics(plan).filter((one) => !isAboutLeftRule(one));
  const flips = plan.terraform?.flips ?? [];
  const terraform = terraformWarnings(plan);
  const calls = terraformCallRows(plan);
  const deleted = deletedRows(plan);
  const { replay } = plan;
  const losers = replay === undefined ? [] : planReplayRows(replay);
  return [
    ...unless(flips.length === 0, () => box("bad", "Enforcement", diagnosticsText(flips))),
    ...unless(failed.length === 0, () =>
      box("bad", `Refused: ${counted(failed.length, "check")} failed`, said(checkRows(failed, look))),
    ),
    ...unless(left.length === 0, () =>
      box(
        "warn",
        `Left the file, but ${left.length === 1 ? "stays" : "stay"} on the account: ${counted(left.length, "rule")}`,
        diagnosticsText(left),
      ),
    ),
    ...unless(warned.length === 0, () =>
      box(
        "warn",
        `Look again: ${counted(warned.length, "check")} did not simply pass`,
        said(checkRows(warned, look)),
      ),
    ),
    ...unless(deleted.length === 0, () =>
      box("bad", `Deleted: ${counted(deleted.length, "rule")}`, rowList(deleted)),
    ),
    ...accessBoxes(plan),
    ...unless(terraform.length === 0, () =>
      box("warn", `Look again: ${diagnosticsCount(terraform)}`, diagnosticsText(terraform)),
    ),
    ...(replay === undefined
      ? []
      : [
          box(
            losers.length > 0 ? "bad" : "plain",
            `${planReplayTitle(replay)}. People are numbered, never named, here`,
            rowList([...losers, { sign: " ", depth: 1, text: planReplayCaveat }]),
          ),
        ]),
    ...unless(noted.length === 0, () =>
      folded(`Not checked: ${counted(noted.length, "guard")}`, said(checkRows(noted, look))),
    ),
    ...unless(plan.changes.length === 0, () =>
      folded(`Changes: ${countsWords(planCounts(plan))}`, rowList(changeRows(plan).flat())),
    ),
    ...unless(plan.steps.length === 0, () =>
      folded(
        `Steps: ${counted(plan.steps.length, "call")}, ${stepsPromise(plan.steps)}`,
        rowList(stepRows(plan)),
      ),
    ),
    ...unless(calls.length === 0, () =>
      folded(`Calls of Terraform: ${counted(calls.length, "call")}`, rowList(calls)),
    ),
    ...unless(notes.length === 0, () => folded(`Notes: ${diagnosticsCount(notes)}`, diagnosticsText(notes))),
  ];
};

export const accountBoxes = ({ rules }: Snapshot, entries: TemporaryEntries | undefined): readonly Html[] => {
  const notes = nameNotes(rules, Number.POSITIVE_INFINITY);
  return [
    ...temporaryGroups(entries).map(({ title, rows }) => box("warn", title, said(rows))),
    ...unless(notes.length === 0, () => box("warn", "Names that look alike", said(notes))),
  ];
};

export const explanationBoxes = (explained: readonly ExplainReport[]): readonly Html[] =>
  explained.map(({ prefix, views }) =>
    box("plain", formatPrefix(prefix), said([renderExplainText([{ prefix, views }], look)])),
  );

export const failureBoxes = (diagnostics: readonly Diagnostic[]): readonly Html[] => [
  box("bad", diagnosticsCount(diagnostics), diagnosticsText(diagnostics)),
];

const outcomeBox = (report: ReplayReport, outcome: ReplayOutcome): readonly Html[] => {
  const actors = actorsWith(report.replay, outcome);
  const sign = outcome === "cut_off" ? "-" : outcome === "gains" ? "+" : " ";
  const rows = actors.flatMap((actor): Row[] => [
    { sign, depth: 1, text: `${actor.label}: ${activityWords(actor)}` },
    ...lostWords(actor).map((text): Row => ({ sign: " ", depth: 2, text })),
  ]);
  const title = `${outcomeTitles[outcome]}: ${actorsWords(actors)}`;
  return unless(actors.length === 0, () => {
    if (outcome === "cut_off") return box("bad", title, rowList(rows));
    return outcome === "partly" ? box("warn", title, rowList(rows)) : folded(title, rowList(rows));
  });
};

/** Numbers only, whatever the terminal may show: a page is a file that leaves it. */
export const replayBoxes = (report: ReplayReport): readonly Html[] => {
  const labels = blindLabels(report);
  const blind = report.blind.map((spot, at): Row => {
    const label = visible(labels[at] ?? "");
    const text =
      spot.kind === "git_provider"
        ? `${label} is linked: its calls come from addresses of its own`
        : `${label}: ${blindWords(spot)}`;
    return { sign: " ", depth: 1, text };
  });
  const { unused } = report.replay;
  const record = recordNotes(report);
  const diagnostics = [...report.missing, ...report.diagnostics];
  return [
    ...unless(report.missing.length === 0, () =>
      box("bad", "The log was read only in part", diagnosticsText(report.missing)),
    ),
    ...(["cut_off", "partly", "blocked", "gains", "keeps"] as const).flatMap((outcome) =>
      outcomeBox(report, outcome),
    ),
    box("warn", blindSentence, rowList(blind)),
    ...unless(record.length === 0, () => folded("Of the record", said(record))),
    ...unless(unused.length === 0, () =>
      folded(
        `Unused: ${counted(unused.length, "entry", "entries")}. ${unusedSentence}`,
        rowList(
          unused.map(({ rule, type, prefix }): Row => {
            const text = `${type} ${formatPrefix(prefix)} of rule ${quoted(rule)}`;
            return { sign: " ", depth: 1, text };
          }),
        ),
      ),
    ),
    ...unless(diagnostics.length === 0, () =>
      folded(`Notes: ${diagnosticsCount(diagnostics)}`, diagnosticsText(diagnostics)),
    ),
  ];
};
