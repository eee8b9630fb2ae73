/** Builds a plan from its document: what can be worked out from the states before and after is worked out anew. */
import { formatPrefix, type Prefix, parsePrefix } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import type { AccountState, Rule } from "../model/rule.js";
import { planAccessChange } from "./access-change.js";
import { diffStates } from "./diff-states.js";
import { compareNames, rulesByName } from "./keys.js";
import type { DatedEntry, Plan } from "./plan.js";
import type { PlanDocument } from "./plan-document.js";
import { contradictions, hashState, sortedPrefixes } from "./state.js";
import { orderSteps } from "./transition.js";
import { verifySteps } from "./verify-steps.js";

export type Derived = { readonly plan: Plan } | { readonly problem: string };

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
  if (problem !== undefined) throw new Contradiction(problem.message);
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
    unmanaged: document.unmanaged_rules.map(({ rule, fate }) => ({ rule: ruleFrom(rule), fate })),
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
export const planFromDocument = (document: PlanDocument): Derived => {
  try {
    return { plan: derive(document) };
  } catch (error) {
    if (error instanceof Contradiction) return { problem: error.message };
    throw error;
  }
};
