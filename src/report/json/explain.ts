/** Why addresses get in or not, as JSON. */
import { formatPrefix } from "../../address/prefix.js";
import { present } from "../../model/present.js";
import type { Decider } from "../../plan/access-change.js";
import type { ExplainedPart } from "../../plan/explain.js";
import { type ExplainPlaces, type ExplainReport, explainVerdict } from "../explain.js";
import { jointVerdict, type VerdictOf } from "../verdicts.js";

/** Of several views the last: how things are after a plan. */
const lastVerdict = ({ views }: ExplainReport): VerdictOf<"explain"> => {
  const last = views.at(-1);
  return last === undefined ? "allowed" : explainVerdict(last.explanation);
};

const deciderJson = (decider: Decider, places: ExplainPlaces | undefined) => {
  if (decider.kind !== "entry") return decider;
  const { rule, type, prefix } = decider;
  const place = places?.(rule, type, prefix);
  return {
    kind: decider.kind,
    rule,
    type,
    cidr: formatPrefix(prefix),
    ...present({ place }),
  };
};

const partJson = (part: ExplainedPart, places: ExplainPlaces | undefined) => ({
  cidrs: part.prefixes.map(formatPrefix),
  verdict: part.verdict,
  decider: deciderJson(part.decider, places),
  ...present({
    once_enabled: part.onceEnabled && {
      verdict: part.onceEnabled.verdict,
      decider: deciderJson(part.onceEnabled.decider, places),
    },
  }),
  lost: part.lost.map(({ rule, type, prefix }) => deciderJson({ kind: "entry", rule, type, prefix }, places)),
});

const explainDocument = (report: ExplainReport) => ({
  format: "dbt-ip-rules/explain" as const,
  version: 1 as const,
  verdict: lastVerdict(report),
  cidr: formatPrefix(report.prefix),
  views: report.views.map(({ title, explanation, places, expired = [] }) => ({
    title,
    enforcement: explanation.enforcement,
    verdict: explainVerdict(explanation),
    parts: explanation.parts.map((part) => partJson(part, places)),
    ...(explanation.disabled.length === 0
      ? {}
      : {
          disabled: explanation.disabled.map(({ rule, type, prefix: own }) =>
            deciderJson({ kind: "entry", rule, type, prefix: own }, places),
          ),
        }),
    ...(expired.length === 0
      ? {}
      : {
          expired: expired.map(({ rule, type, prefix: own, expires, place }) => ({
            rule,
            type,
            cidr: formatPrefix(own),
            expires,
            place,
          })),
        }),
  })),
});

/** One document; of several questions a document that holds one for each. */
export const explanationsDocument = (reports: readonly ExplainReport[]) => {
  const [only, ...more] = reports.map(explainDocument);
  return more.length === 0
    ? only
    : {
        format: "dbt-ip-rules/explanations" as const,
        version: 1 as const,
        verdict: jointVerdict(reports.map(lastVerdict)),
        explanations: [only, ...more],
      };
};
