/** What differs between the account and the policy, as JSON. */
import { formatPrefix } from "../../address/prefix.js";
import type { Attribution, DriftDetail, DriftReport } from "../../audit/differences.js";
import { present } from "../../model/present.js";
import {
  accessAsDocument,
  diagnosticAsDocument,
  replayAsDocument,
  ruleAsDocument,
} from "../../plan/documents.js";
import { driftClosing } from "../drift.js";
import { eventJson } from "../events.js";
import { driftVerdict } from "../report.js";
import { temporaryDocument } from "./account.js";

const detailJson = (detail: DriftDetail) => {
  switch (detail.kind) {
    case "rule-added":
    case "rule-removed":
      return { kind: detail.kind, definition: ruleAsDocument(detail.rule) };
    case "entry-added":
    case "entry-removed":
      return {
        kind: detail.kind,
        type: detail.type,
        cidr: formatPrefix(detail.prefix),
        ...present({ enabled: detail.enabled }),
      };
    case "entry-enabled-changed":
      return {
        kind: detail.kind,
        type: detail.type,
        cidr: formatPrefix(detail.prefix),
        policy: detail.policy ? "enabled" : "disabled",
        account: detail.account ? "enabled" : "disabled",
      };
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
        ...present({ through: attribution.through }),
        other_events: attribution.others,
        event: eventJson(attribution.event),
      };

export const driftDocument = (report: DriftReport) => ({
  format: "dbt-ip-rules/drift" as const,
  version: 1 as const,
  verdict: driftVerdict(report),
  summary: driftClosing(report),
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
    ...present({ rule: difference.rule }),
    ...detailJson(difference.detail),
    attribution: attributionJson(difference.attribution),
  })),
  unmanaged: report.unmanaged.map(ruleAsDocument),
  ...temporaryDocument(report.entries),
  ...present({
    replay: report.replay && replayAsDocument(report.replay),
    replay_unknown: report.replayUnknown,
  }),
  diagnostics: report.diagnostics.map(diagnosticAsDocument),
});

export type DriftDocument = ReturnType<typeof driftDocument>;
