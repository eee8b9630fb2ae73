/** What `doctor` found: a line a check, then which assumptions about the service this account confirms or contradicts. */

import type { AssumptionVerdict } from "../../doctor/assumptions.js";
import {
  type Check,
  type CheckId,
  type CheckState,
  type Diagnosis,
  doctorVerdict,
} from "../../doctor/judge.js";
import { visible } from "../../model/escape.js";
import { counted } from "../../model/words.js";
import { padCells, type RenderContext, wrap } from "../layout.js";

const titles: Readonly<Record<CheckId, string>> = {
  settings: "Settings",
  host: "Host",
  tls: "TLS",
  proxy: "Proxy",
  token: "Token",
  account: "Account",
  rules: "Rules",
  audit_log: "Audit log",
  clock: "Clock",
  enforcement: "Enforcement",
  address: "Your address",
  policy: "Policy",
};

const stateWords: Readonly<Record<CheckState, string>> = {
  ok: "ok",
  warning: "warning",
  failed: "FAILED",
  unknown: "unknown",
  "not-checked": "-",
};

const stateCells = 9;
const titleCells = 14;

const checkLines = ({ id, state, text, hint }: Check, { style, width }: RenderContext): string[] => {
  const paint = {
    ok: style.added,
    warning: style.warning,
    failed: style.error,
    unknown: style.note,
    "not-checked": style.faint,
  }[state];
  const indent = stateCells + titleCells;
  const word = stateWords[state];
  const [first = "", ...more] = wrap(`${" ".repeat(indent)}${text}`, width, indent);
  const hints =
    hint === undefined ? [] : wrap(`${" ".repeat(indent)}${hint}`, width, indent).map(style.faint);
  return [
    `${paint(word)}${" ".repeat(stateCells - word.length)}${padCells(titles[id], titleCells)}${first.trimStart()}`,
    ...more,
    ...hints,
  ];
};

const groupTitles: readonly (readonly [verdict: AssumptionVerdict, title: string])[] = [
  ["contradicted", "Contradicted"],
  ["confirmed", "Confirmed"],
  ["not-shown", "Not shown by this account"],
  ["needs-write", "Only a write would show"],
];

/** What is contradicted in full; of the others how many there are: their names are in JSON, and mean something there. */
const assumptionLines = ({ assumptions }: Diagnosis, { style, width }: RenderContext): string[] =>
  assumptions.every(({ verdict }) => verdict === "not-shown" || verdict === "needs-write")
    ? [`  None of ${assumptions.length} is shown by this account.`]
    : groupTitles.flatMap(([verdict, title]) => {
        const own = assumptions.filter((one) => one.verdict === verdict);
        if (own.length === 0) return [];
        if (verdict !== "contradicted") return [`  ${title}: ${own.length}`];
        return [
          style.error(`  ${title} (${own.length}):`),
          ...own.flatMap(({ id, text, why }) => wrap(`    ${id}: ${text}. Here: ${visible(why)}`, width, 6)),
        ];
      });

export const doctorClosing = (diagnosis: Diagnosis): string => {
  const failed = diagnosis.checks.filter(({ state }) => state === "failed").length;
  const warnings = diagnosis.checks.filter(({ state }) => state === "warning").length;
  const warned = warnings === 0 ? "" : ` ${counted(warnings, "warning")}.`;
  return failed === 0 ? `Everything works.${warned}` : `${counted(failed, "check")} failed.${warned}`;
};

export const renderDoctorText = (diagnosis: Diagnosis, look: RenderContext): string => {
  const { account, checks, recorded } = diagnosis;
  const { style } = look;
  const who = [
    account.id === undefined ? "No account" : `Account ${account.id}`,
    ...(account.host === undefined ? [] : [`on ${visible(account.host)}`]),
  ].join(" ");
  const closing = doctorClosing(diagnosis);
  const assumed = assumptionLines(diagnosis, look);
  return `${[
    style.strong(who),
    ...checks.flatMap((one) => checkLines(one, look)),
    "",
    style.strong("What is assumed about the service (docs/doctor.md)"),
    ...assumed,
    "",
    ...(recorded === undefined
      ? []
      : wrap(`Keys and types of the answers, without values: ${visible(recorded)}`, look.width, 2)),
    doctorVerdict(diagnosis) === "works" ? closing : style.error(closing),
  ].join("\n")}\n`;
};
