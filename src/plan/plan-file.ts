/**
 * Saved plans: the plan's document with a checksum. A reader trusts nothing in it that it can work out itself:
 * from the states before and after it derives changes, access and steps anew, and refuses a file that says
 * otherwise. Damaged, truncated, or of an unknown version: a diagnostic, and no plan.
 */

import type { ErrorObject } from "ajv";
import { formatPrefix, type Prefix, parsePrefix } from "../address/prefix.js";
import { validatePlan } from "../generated/validators.js";
import { type Diagnostic, messageOf } from "../model/diagnostic.js";
import type { AccountState, Rule } from "../model/rule.js";
import { sha256 } from "../model/sha256.js";
import { planAccessChange } from "./access-change.js";
import { diffStates } from "./diff-states.js";
import { orderSteps } from "./order/transition.js";
import { verifySteps } from "./order/verify-steps.js";
import type { DatedEntry, Plan } from "./plan.js";
import { type PlanDocument, planDocument, planFormat, planVersion } from "./plan-document.js";
import { compareNames, contradictions, hashState, rulesByName, sortedPrefixes } from "./state.js";

/** A plan made again from its document, or what contradicts it. */
type Derived = { readonly plan: Plan } | { readonly problem: string };

type StateDocument = PlanDocument["before"];
type DiagnosticDocument = PlanDocument["diagnostics"][number];

/** Thrown and caught in this file only: a document that is no plan. */
class Contradiction extends Error {}

const prefixFrom = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok || formatPrefix(parsed.prefix) !== text) {
    throw new Contradiction(`${JSON.stringify(text)} is not a prefix in its canonical form`);
  }
  return parsed.prefix;
};

const ruleFrom = ({ name, type, description, cidrs }: StateDocument["rules"][number]): Rule => ({
  name,
  type,
  description,
  prefixes: sortedPrefixes(cidrs.map(prefixFrom)),
});

const stateFrom = ({ enforcement, rules }: StateDocument, where: string): AccountState => {
  rules.forEach(({ name }, index) => {
    const previous = rules[index - 1];
    if (previous === undefined || compareNames(previous.name, name) < 0) return;
    throw new Contradiction(`the rules ${where} are not in order, or one is there twice`);
  });
  const state = { enforcement, rules: rules.map(ruleFrom) };
  const [problem] = contradictions(state.rules, where);
  if (problem !== undefined) throw new Contradiction(messageOf(problem));
  return state;
};

const renamesFrom = (
  document: Omit<PlanDocument, "integrity">,
  before: AccountState,
  after: AccountState,
) => {
  const [old, now] = [rulesByName(before.rules), rulesByName(after.rules)];
  const renames = new Map<string, string>();
  const taken = new Set<string>();
  for (const { rule, renamed_from: from } of document.changes) {
    if (from === undefined || rule === undefined) continue;
    const fits = old.has(from) && !old.has(rule) && now.has(rule) && !now.has(from);
    if (!fits || taken.has(from))
      throw new Contradiction(`no rule can be renamed from ${JSON.stringify(from)}`);
    taken.add(from);
    renames.set(rule, from);
  }
  return renames;
};

const diagnosticFrom = ({ code, severity, message, hint, source }: DiagnosticDocument): Diagnostic => ({
  code,
  severity,
  message,
  ...(hint === undefined ? {} : { hint }),
  ...(source === undefined
    ? {}
    : {
        source: {
          file: source.file,
          line: source.line,
          column: source.column,
          endLine: source.end_line,
          endColumn: source.end_column,
          lineText: source.line_text,
        },
      }),
});

const datedFrom = ({ rule, cidr, expires }: PlanDocument["expired"][number]): DatedEntry => ({
  rule,
  prefix: prefixFrom(cidr),
  expires,
});

const derive = (document: PlanDocument): Plan => {
  const before = stateFrom(document.before, "before the plan");
  const after = stateFrom(document.after, "after the plan");
  const renames = renamesFrom(document, before, after);
  return {
    account: document.account,
    before,
    after,
    basis: { state: hashState(before), policy: document.basis.policy },
    changes: diffStates(before, after, renames),
    unmanaged: document.unmanaged_rules.map(({ rule, fate }) => ({
      rule: ruleFrom(rule),
      disposition: fate,
    })),
    steps: verifySteps(before, after, orderSteps(before, after, renames)),
    access: planAccessChange(before, after),
    verdicts: document.guards.map(({ guard, state, override, diagnostics }) => ({
      guard,
      state,
      ...(override === undefined ? {} : { override }),
      diagnostics: diagnostics.map(diagnosticFrom),
    })),
    diagnostics: document.diagnostics.map(diagnosticFrom),
    ...(document.enabled_for_service_tokens === undefined
      ? {}
      : { enabledForServiceTokens: document.enabled_for_service_tokens }),
    expired: document.expired.map(datedFrom),
    expiring: document.expiring.map(datedFrom),
    ...(document.valid_from === undefined ? {} : { validFrom: document.valid_from }),
    ...(document.valid_until === undefined ? {} : { validUntil: document.valid_until }),
  };
};

/** The plan, or in what the document contradicts itself. */
const planFromDocument = (document: PlanDocument): Derived => {
  try {
    return { plan: derive(document) };
  } catch (error) {
    if (error instanceof Contradiction) return { problem: error.message };
    throw error;
  }
};

export interface PlanFileResult {
  /** Absent when there are errors. */
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
}

type SavedPlan = PlanDocument & { readonly integrity: string };

const checksum = (document: object): string => `sha256:${sha256(JSON.stringify(document))}`;

/** The text of a plan file, ending in a newline. Holds no token and no id of a rule. */
export const writePlanFile = (plan: Plan): string => {
  const document = planDocument(plan);
  return `${JSON.stringify({ ...document, integrity: checksum(document) }, null, 2)}\n`;
};

const again = "Make a new one with: dbt-ip-rules plan --out FILE";

const unusable = (code: string, message: string, hint = again): PlanFileResult => ({
  diagnostics: [{ code, severity: "error", message, hint }],
});

const isSavedPlan = (value: unknown): value is SavedPlan => validatePlan(value);

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && key in value ? Reflect.get(value, key) : undefined;

const firstProblem = (errors: readonly ErrorObject[] | null | undefined): string => {
  const [error] = errors ?? [];
  return error === undefined
    ? ""
    : `: ${error.instancePath === "" ? "the document" : error.instancePath} ${error.message}`;
};

/** `file` is the name for messages. */
export const readPlanFile = (text: string, file: string): PlanFileResult => {
  let value: unknown;
  try {
    // Windows editors and shells put a byte order mark in front; it is no part of JSON (RFC 8259 section 8.1).
    value = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch {
    return unusable("plan-file-damaged", `${file} is not a whole JSON document: it is damaged or cut off`);
  }
  if (fieldOf(value, "format") !== planFormat) {
    return unusable("plan-file-not-a-plan", `${file} is not a saved plan`);
  }
  if (fieldOf(value, "version") !== planVersion) {
    return unusable(
      "plan-file-version",
      `${file} is a plan of version ${JSON.stringify(fieldOf(value, "version"))}; this program reads version ${planVersion}`,
      "Make a new plan with this version of dbt-ip-rules, or use the version that made it",
    );
  }
  if (!isSavedPlan(value)) {
    return unusable(
      "plan-file-damaged",
      `${file} does not fit the plan format${firstProblem(validatePlan.errors)}`,
    );
  }
  const { integrity, ...document } = value;
  if (integrity !== checksum(document)) {
    return unusable(
      "plan-file-damaged",
      `${file} was changed or damaged since it was written: its checksum does not fit`,
    );
  }
  return checked(planFromDocument(document), document, file);
};

const checked = (derived: Derived, document: Omit<SavedPlan, "integrity">, file: string): PlanFileResult => {
  if ("problem" in derived)
    return unusable("plan-file-damaged", `${file} contradicts itself: ${derived.problem}`);
  if (JSON.stringify(planDocument(derived.plan)) !== JSON.stringify(document)) {
    return unusable(
      "plan-file-disagrees",
      `${file} says other steps than this program would take from the same start to the same end`,
      "It was changed by hand or made by another version of dbt-ip-rules: make a new plan",
    );
  }
  return { plan: derived.plan, diagnostics: [] };
};
