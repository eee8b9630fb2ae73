/** Drift as a versioned JSON document. */
import { formatPrefix } from "../address/prefix.js";
import type { Attribution } from "../audit/attribution.js";
import type { DriftDetail, DriftReport } from "../audit/drift-report.js";
import { accessAsDocument, diagnosticAsDocument, ruleAsDocument } from "../plan/document-values.js";
import { eventJson } from "./audit-events.js";
import { driftClosing } from "./drift-words.js";
import { jsonText, visible } from "./neutralise.js";
import { driftVerdict } from "./verdict.js";

const detailJson = (detail: DriftDetail) => {
  switch (detail.kind) {
    case "rule-added":
    case "rule-removed":
      return { kind: detail.kind, definition: ruleAsDocument(detail.rule) };
    case "entry-added":
    case "entry-removed":
      return { kind: detail.kind, type: detail.type, cidr: formatPrefix(detail.prefix) };
    default:
      return { kind: detail.kind, policy: detail.policy, account: detail.account };
  }
};

const attributionJson = (attribution: Attribution) =>
  attribution.kind === "unknown"
    ? { kind: attribution.kind, reason: attribution.reason }
    : {
        kind: attribution.kind,
        strength: attribution.strength,
        ...(attribution.through === undefined ? {} : { through: attribution.through }),
        other_events: attribution.others,
        event: eventJson(attribution.event),
      };

const driftDocument = (report: DriftReport) => ({
  format: "dbt-ip-rules/drift" as const,
  version: 1 as const,
  verdict: driftVerdict(report),
  summary: driftClosing(report, visible(report.policyFile)),
  account: { id: report.account.id, host: report.account.host },
  policy: report.policyFile,
  base: report.base,
  counts: {
    drift: report.counts.drift,
    pending: report.counts.pending,
    cannot_tell: report.counts.cannotTell,
  },
  access: { ...accessAsDocument(report.access), effective: report.effective },
  differences: report.differences.map((difference) => ({
    id: difference.id,
    cause: difference.cause,
    reason: difference.reason,
    severity: difference.severity,
    direction: difference.direction,
    ...(difference.rule === undefined ? {} : { rule: difference.rule }),
    ...detailJson(difference.detail),
    attribution: attributionJson(difference.attribution),
  })),
  unmanaged: report.unmanaged.map(ruleAsDocument),
  diagnostics: report.diagnostics.map(diagnosticAsDocument),
});

/** What `drift --format json` prints. */
export type DriftDocument = ReturnType<typeof driftDocument>;

export const renderDriftJson = (report: DriftReport): string => `${jsonText(driftDocument(report))}\n`;
