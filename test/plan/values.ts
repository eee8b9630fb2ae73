/** Short ways to write policies, snapshots and states in tests. */

import type { Prefix } from "../../src/address/prefix.js";
import {
  type Diagnostic,
  hintOf,
  messageOf,
  recordedDiagnostic,
  type SourceRange,
} from "../../src/model/diagnostic.js";
import type { AccountState, Enforcement, Rule, RuleType } from "../../src/model/rule.js";
import type { Snapshot } from "../../src/model/snapshot.js";
import type { Plan } from "../../src/plan/plan.js";
import { byName, sortedPrefixes } from "../../src/plan/state.js";
import type { Guards, Policy, PolicyEntry, PolicyRule } from "../../src/policy/policy.js";
import { prefix } from "./small-space.js";

export const source: SourceRange = {
  file: "policy.yaml",
  line: 1,
  column: 1,
  endLine: 1,
  endColumn: 2,
  lineText: "x",
};

export const prefixes = (...texts: string[]): Prefix[] => texts.map(prefix);

export const rule = (name: string, type: RuleType, ...texts: string[]): Rule => ({
  name,
  type,
  description: "",
  prefixes: sortedPrefixes(prefixes(...texts)),
});

export const state = (enforcement: Enforcement, ...rules: Rule[]): AccountState => ({
  enforcement,
  rules: [...rules].sort(byName),
});

export const snapshotOf = ({ enforcement, rules }: AccountState): Snapshot => ({
  accountId: 66847,
  host: "ab123.us1.dbt.com",
  enforcement,
  ruleSetId: 7,
  rules: rules.map(({ name, type, description, prefixes: list }, index) => ({
    id: 100 + index,
    name,
    type,
    description,
    entries: list.map((one, place) => ({ id: 1000 * index + place, prefix: one, text: "as typed" })),
  })),
});

export const entry = (text: string, expires?: string): PolicyEntry => ({
  prefix: prefix(text),
  text,
  ...(expires && { expires }),
  source,
});

export const policyRule = (
  name: string,
  type: RuleType,
  texts: readonly string[],
  more: Partial<PolicyRule> = {},
): PolicyRule => ({
  name,
  type,
  description: "",
  previousNames: [],
  entries: texts.map((text) => entry(text)),
  expired: [],
  source,
  ...more,
});

export const noGuards: Guards = { mustAllow: [], mustDeny: [], maxNewlyAllowed: {} };

export const policy = (rules: readonly PolicyRule[], more: Partial<Policy> = {}): Policy => ({
  account: {},
  enforcement: "enabled",
  unmanagedRules: "keep",
  keySources: {},
  rules,
  removedRules: [],
  tests: [],
  guards: noGuards,
  lint: {},
  file: "policy.yaml",
  otherFiles: [],
  ...more,
});

/** A plan as it is read back from a file: its diagnostics have texts for arguments. */
export const asRecorded = (plan: Plan): Plan => ({
  ...plan,
  verdicts: plan.verdicts.map((one) => ({ ...one, diagnostics: one.diagnostics.map(recordedTexts) })),
  diagnostics: plan.diagnostics.map(recordedTexts),
});

const recordedTexts = (one: Diagnostic): Diagnostic => {
  const { code, severity, source: place } = one;
  const hint = hintOf(one);
  const texts = { message: messageOf(one), ...(hint === undefined ? {} : { hint }) };
  return recordedDiagnostic(code, severity, texts, place);
};
