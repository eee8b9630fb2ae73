/** What one step makes of an account: of the one rule that it names, and of enforcement. */
import { isProbe } from "../model/reserved-names.js";
import type { AccountState, Enforcement, Rule } from "../model/rule.js";
import type { Step } from "./plan.js";
import { byName, entryFields, rulesByName, sortedPrefixes, withoutPrefixes } from "./state.js";

/** The names that the rule of a step has before and after it; none for enforcement. */
export const namesOf = (step: Step): readonly string[] => {
  switch (step.kind) {
    case "create":
      return [step.rule.name];
    case "update":
      return step.name === step.becomes.name ? [step.name] : [step.name, step.becomes.name];
    case "delete":
      return [step.name];
    case "enforcement":
      return [];
  }
};

/** Whether the rules that a step names are there, and the names that it gives are free. */
export const fits = (rules: ReadonlyMap<string, Rule>, step: Step): boolean => {
  switch (step.kind) {
    case "create":
      return !rules.has(step.rule.name);
    case "update":
      return rules.has(step.name) && (step.becomes.name === step.name || !rules.has(step.becomes.name));
    case "delete":
      return rules.has(step.name);
    case "enforcement":
      return true;
  }
};

/** The rule that a step replaces, and what it leaves; both absent for enforcement. */
export interface RuleReplacement {
  readonly before?: Rule;
  readonly after?: Rule;
}

const updated = (before: Rule, step: Extract<Step, { kind: "update" }>): Rule => {
  const kept = withoutPrefixes(before.prefixes, step.remove);
  const prefixes = step.add.length === 0 ? kept : sortedPrefixes([...kept, ...step.add]);
  const disabled = [...withoutPrefixes(before.disabled ?? [], step.release ?? []), ...(step.disable ?? [])];
  return { ...step.becomes, ...entryFields(prefixes, disabled) };
};

/**
 * Carries out a step on `rules`, and returns what it did to the one rule that it names.
 * @throws Error where the step does not fit the rules: steps that this program orders always do.
 */
export const takeStep = (rules: Map<string, Rule>, step: Step): RuleReplacement => {
  if (!fits(rules, step))
    throw new Error(`a ${step.kind} of ${JSON.stringify(namesOf(step))} does not fit the rules before it`);
  const replaced = replacementOf(rules, step);
  if (replaced.before !== undefined) rules.delete(replaced.before.name);
  if (replaced.after !== undefined) rules.set(replaced.after.name, replaced.after);
  return replaced;
};

const replacementOf = (rules: ReadonlyMap<string, Rule>, step: Step): RuleReplacement => {
  switch (step.kind) {
    case "create":
      return { after: step.rule };
    case "update": {
      // `fits` has seen it.
      const before = rules.get(step.name)!;
      return { before, after: updated(before, step) };
    }
    case "delete":
      return { before: rules.get(step.name)! };
    case "enforcement":
      return {};
  }
};

export const isProbeStep = (step: Step): boolean => step.kind === "create" && isProbe(step.rule);

/** Enforcement once the step is done. A plan goes on after its probe only where that has shown it to be off. */
export const enforcementAfter = (before: Enforcement, step: Step): Enforcement => {
  if (step.kind === "enforcement") return step.enabled ? "enabled" : "disabled";
  return before === "unknown" && isProbeStep(step) ? "disabled" : before;
};

export const turnsEnforcementOn = (steps: readonly { readonly step: Step }[]): boolean =>
  steps.some(({ step }) => step.kind === "enforcement" && step.enabled);

/** The account once all these steps are done. */
export const stateAfter = (from: AccountState, steps: readonly Step[]): AccountState => {
  const rules = rulesByName(from.rules);
  let { enforcement } = from;
  for (const step of steps) {
    takeStep(rules, step);
    enforcement = enforcementAfter(enforcement, step);
  }
  return { enforcement, rules: [...rules.values()].sort(byName) };
};
