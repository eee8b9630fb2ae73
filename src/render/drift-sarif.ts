/** Drift as SARIF: a rule for each kind of difference, fingerprints that are the differences' own stable ids. */
import type { DriftReport } from "../audit/drift-report.js";
import { attributionText, differenceText, reasonWords } from "./drift-words.js";
import { renderSarif, type Tool } from "./sarif.js";

const described: Readonly<Record<string, string>> = {
  "drift-rule-added": "A rule on the account that the policy does not have",
  "drift-rule-removed": "A rule of the policy that is missing on the account",
  "drift-name-changed": "A rule that has another name on the account",
  "drift-entry-added": "An entry on the account that the policy does not have",
  "drift-entry-removed": "An entry of the policy that is missing on the account",
  "drift-type-changed": "A rule that allows on one side and denies on the other",
  "drift-description-changed": "A rule with another description on the account",
  "drift-enforcement-changed": "Enforcement is not as the policy says",
};

export const renderDriftSarif = (report: DriftReport, tool: Tool): string =>
  renderSarif(
    report.differences.map((difference) => ({
      rule: `drift-${difference.detail.kind}`,
      severity: difference.severity,
      message: `${differenceText(difference)}; ${reasonWords[difference.reason]}; ${attributionText(difference.attribution)}`,
      source: { file: report.policyFile },
      fingerprint: difference.id,
    })),
    tool,
    (rule) => described[rule] ?? rule,
  );
