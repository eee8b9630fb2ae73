/** Values of every kind that renderers take, each made from names that the caller gives. */

import type { ApplyResult, StepReport } from "../../src/apply/result.js";
import type { DriftReport } from "../../src/audit/differences.js";
import type { AuditEvent } from "../../src/audit/event.js";
import type { AuditVerification } from "../../src/audit/verification.js";
import type { Diagnostic, SourceRange } from "../../src/model/diagnostic.js";
import { catchAllName } from "../../src/model/reserved-names.js";
import type { Snapshot } from "../../src/model/snapshot.js";
import type { ExplainReport } from "../../src/report/explain.js";
import type { TestOutcome } from "../../src/report/report.js";
import { saying } from "../said.js";
import {
  changeOf,
  entryOf,
  getsIn,
  getsOut,
  hostileNames,
  nothingMatched,
  planWith,
  prefix,
  prefixes,
  rule,
} from "./plans.js";

export interface Names {
  readonly vpn: string;
  readonly oldVpn: string;
  readonly partner: string;
  readonly legacy: string;
  readonly description: string;
}

export const ordinaryNames: Names = {
  vpn: "Corporate VPN",
  oldVpn: "VPN",
  partner: "Partner",
  legacy: "Set by hand",
  description: "Staff and contractors",
};

/** Ordinary and hostile, for tables of tests. */
export const bothNames: readonly (readonly [string, Names])[] = [
  ["ordinary", ordinaryNames],
  ["hostile", hostileNames],
];

export const place = (line: number, column: number, length: number, lineText: string): SourceRange => ({
  file: "policies/prod.yaml",
  line,
  column,
  endLine: line,
  endColumn: column + length,
  lineText,
});

export const diagnosticsOf = (names: Names): Diagnostic[] => [
  saying({
    code: "bad-prefix",
    severity: "error",
    message: "203.0.113.300/24 is not a prefix: an octet is above 255",
    hint: "Write four numbers from 0 to 255",
    source: place(12, 9, 16, "      - 203.0.113.300/24"),
  }),
  saying({
    code: "duplicate-rule-name",
    severity: "error",
    message: `Two rules are called "${names.vpn}"`,
    hint: `Give one another name than "${names.oldVpn}"`,
    source: place(20, 11, names.vpn.length, `  - name: ${names.vpn}`),
  }),
  saying({ code: "expires-soon", severity: "warning", message: names.description }),
  saying({
    code: "host-bits",
    severity: "note",
    message: `The entry of ${names.partner} has host bits`,
    source: { ...place(30, 3, 4, `\t日本${names.legacy}`), file: `lists/${names.legacy}.txt` },
  }),
];

export const testsOf = (names: Names): TestOutcome[] => [
  {
    test: { name: "the office gets in", source: place(40, 5, 4, "  - name: the office") },
    passed: true,
    diagnostics: [],
  },
  {
    test: { name: names.vpn, source: place(44, 5, 4, `  - name: ${names.vpn}`) },
    passed: false,
    diagnostics: [
      saying({
        code: "policy-test-failed",
        severity: "error",
        message: `192.0.2.45 is allowed by rule "${names.partner}", but must be denied`,
        source: place(45, 14, 10, "    denied: [192.0.2.45]"),
      }),
    ],
  },
];

export const snapshotOf = (names: Names): Snapshot => ({
  accountId: 66847,
  host: "ab123.us1.dbt.com",
  enforcement: "enabled",
  ruleSetId: 7,
  enabledForServiceTokens: false,
  rules: [
    {
      id: 11,
      name: names.vpn,
      type: "allow",
      description: names.description,
      entries: [
        { id: 1, prefix: prefix("203.0.113.0/24"), text: "203.0.113.7/24" },
        { id: 2, prefix: prefix("198.51.100.7"), text: "198.51.100.7" },
      ],
      createdAt: "2026-08-12T02:23:09.391Z",
    },
    { id: 12, name: names.legacy, type: "deny", description: "", entries: [] },
    {
      id: 13,
      name: names.partner,
      type: "allow",
      description: "",
      entries: [{ id: 3, prefix: prefix("2001:db8::/32"), text: names.oldVpn.slice(0, 45) }],
    },
  ],
});

export const eventOf = (names: Names, id: string, type: string): AuditEvent => ({
  id,
  type: `ip_restrictions.${type}`,
  rawType: `v1.events.ip_restrictions.${type}`,
  label: names.partner,
  at: "2026-11-20T23:59:58.120Z",
  actor: { id: "42", name: names.oldVpn, type: "user", ip: "203.0.113.9" },
  source: "ui",
  service: "cloud",
  context: { rule: { name: names.vpn, note: names.legacy } },
});

export const verificationOf = (names: Names): AuditVerification => {
  const step = (number: number, action: "create" | "update" | "delete", name: string) => ({
    number,
    action,
    rule: name,
    outcome: "applied" as const,
    at: "2026-11-20T23:59:57Z",
    eventType: `ip_restrictions.rule.${{ create: "added", update: "changed", delete: "removed" }[action]}`,
  });
  return {
    verdict: "missing",
    flips: [],
    receipts: [
      {
        file: `receipts/${names.partner}.jsonl`,
        account: { id: 66847, host: "ab123.us1.dbt.com" },
        startedAt: "2026-11-20T23:59:50Z",
        verdict: "missing",
        steps: [
          {
            kind: "recorded",
            step: step(1, "create", names.partner),
            event: eventOf(names, "e1", "rule.added"),
            strength: "strong",
            evidence: "rule-id",
          },
          {
            kind: "recorded",
            step: { ...step(2, "update", names.vpn), renamedFrom: names.oldVpn },
            event: eventOf(names, "e2", "rule.changed"),
            strength: "weak",
            evidence: "type-time-actor",
          },
          { kind: "missing", step: step(3, "delete", names.legacy) },
          {
            kind: "not-due",
            step: { number: 4, action: "enable", outcome: "not-begun", eventType: "ip_restrictions.toggled" },
          },
        ],
      },
    ],
    foreign: [{ event: eventOf(names, "e9", "rule.removed"), sameActor: false }],
    window: { since: "2026-11-20T23:00:00Z", until: "2026-11-21T01:00:00Z" },
    counts: { due: 3, strong: 1, weak: 1, missing: 1, foreign: 1 },
    waitedMs: 4_200,
    diagnostics: [saying({ code: "audit-several-actors", severity: "note", message: names.legacy })],
  };
};

export const driftOf = (names: Names): DriftReport => {
  const event = eventOf(names, "e9", "rule.changed");
  const byEvent = { kind: "event", event, strength: "strong", through: "ui", others: 1 } as const;
  const unknown = { kind: "unknown", reason: "no-event" } as const;
  return {
    account: { id: 66847, host: "ab123.us1.dbt.com" },
    policyFile: "policies/prod.yaml",
    entries: {
      temporary: [{ rule: names.vpn, prefix: prefix("203.0.113.8/32"), expires: "2027-01-15T18:00Z" }],
      overdue: [{ rule: names.legacy, prefix: prefix("203.0.113.7/32"), expires: "2026-11-20" }],
    },
    differences: [
      {
        id: "0123456789abcdef",
        detail: { kind: "entry-added", type: "allow", prefix: prefix("203.0.113.0/24") },
        rule: names.vpn,
        cause: "drift",
        reason: "base-agrees-with-policy",
        severity: "error",
        direction: "broadens",
        attribution: byEvent,
      },
      {
        id: "0123456789abcde0",
        detail: { kind: "rule-added", rule: rule(names.partner, "allow", ["2001:db8:10::/48"]) },
        rule: names.partner,
        cause: "cannot-tell",
        reason: "no-base",
        severity: "error",
        direction: "broadens",
        attribution: unknown,
      },
      {
        id: "0123456789abcde1",
        detail: { kind: "entry-removed", type: "allow", prefix: prefix("192.0.2.44/30") },
        rule: names.oldVpn,
        cause: "pending",
        reason: "base-agrees-with-account",
        severity: "warning",
        direction: "narrows",
        attribution: unknown,
      },
      {
        id: "0123456789abcde2",
        detail: { kind: "description-changed", policy: "Staff", account: names.description },
        rule: names.vpn,
        cause: "drift",
        reason: "policy-unchanged-since-receipt",
        severity: "note",
        direction: "none",
        attribution: { kind: "unknown", reason: "not-asked" },
      },
      {
        id: "0123456789abcde3",
        detail: { kind: "entry-added", type: "allow", prefix: prefix("198.51.100.9/32") },
        rule: names.legacy,
        cause: "drift",
        reason: "unmanaged-rule-changed",
        severity: "error",
        direction: "broadens",
        attribution: unknown,
      },
    ],
    access: changeOf(
      getsIn(names.vpn, "203.0.113.0/24"),
      getsIn(names.partner, "2001:db8:10::/48"),
      getsOut(names.oldVpn, "192.0.2.44/30"),
    ),
    effective: true,
    unmanaged: [rule(names.legacy, "deny", ["192.0.2.200"])],
    base: "receipt",
    counts: { drift: 3, pending: 1, cannotTell: 1 },
    diagnostics: [],
  };
};

export const noDrift: DriftReport = {
  ...driftOf(ordinaryNames),
  differences: [],
  entries: { temporary: [], overdue: [] },
  access: changeOf(),
  counts: { drift: 0, pending: 0, cannotTell: 0 },
};

export const applyResultOf = (names: Names): ApplyResult => {
  const plan = planWith(names);
  const [first, second] = plan.steps;
  if (first === undefined || second === undefined) throw new Error("the sample plan has two steps");
  const steps: StepReport[] = [
    { planned: first, status: "applied", attempts: 1, ruleId: 31, message: "created" },
    { planned: second, status: "unknown", attempts: 2, message: `the connection broke: ${names.legacy}` },
    {
      planned: { ...second, number: 3, step: { kind: "delete", name: names.legacy } },
      status: "not-begun",
      attempts: 0,
    },
  ];
  return {
    outcome: "midway",
    exitCode: 4,
    steps,
    diagnostics: [
      saying({
        code: "step-did-not-land",
        severity: "error",
        message: `Nobody can tell whether step 2 took effect: ${names.partner}`,
        hint: "Run apply again: it reads the account first",
      }),
    ],
    remaining: plan.changes.slice(1),
    temporaryAllowAll: { rule: catchAllName(1), certain: true },
    unexpected: [{ kind: "delete", rule: rule(names.legacy, "deny", ["192.0.2.200"]), reason: "unmanaged" }],
    next: "apply-again",
  };
};

export const explainOf = (names: Names): ExplainReport => ({
  prefix: prefix("203.0.113.0/24"),
  views: [
    {
      title: "policies/prod.yaml",
      places: (name) => (name === names.vpn ? "policies/prod.yaml:14" : undefined),
      explanation: {
        prefix: prefix("203.0.113.0/24"),
        enforcement: "enabled",
        disabled: [],
        parts: [
          {
            prefixes: prefixes("203.0.113.0/25"),
            verdict: "allowed",
            decider: entryOf(names.vpn, "allow", "203.0.113.0/25"),
            lost: [{ rule: names.legacy, type: "deny", prefix: prefix("203.0.0.0/8") }],
          },
          { prefixes: prefixes("203.0.113.128/25"), verdict: "blocked", decider: nothingMatched, lost: [] },
        ],
      },
    },
    {
      title: "the account",
      explanation: {
        prefix: prefix("203.0.113.0/24"),
        enforcement: "disabled",
        disabled: [],
        parts: [
          {
            prefixes: prefixes("203.0.113.0/24"),
            verdict: "allowed",
            decider: { kind: "enforcement-off" },
            onceEnabled: { verdict: "blocked", decider: entryOf(names.legacy, "deny", "203.0.0.0/8") },
            lost: [],
          },
        ],
      },
    },
  ],
});

export const driftCommands = {
  plan: "dbt-ip-rules plan",
  merge: "dbt-ip-rules import --merge policy.yaml",
};
