/** What a step makes of an account's state, without an account. */
import type { Rule } from "../model/rule.js";
import { withoutPrefixes } from "./keys.js";
import type { Step } from "./plan.js";
import { sortedPrefixes } from "./state.js";

/** The rule that a step replaces, and what it leaves; both absent for the switch. */
export interface RuleReplacement {
  readonly before?: Rule;
  readonly after?: Rule;
}

const existing = (rules: ReadonlyMap<string, Rule>, name: string): Rule => {
  const rule = rules.get(name);
  if (rule === undefined)
    throw new Error(`a step needs the rule ${JSON.stringify(name)}, which is not there`);
  return rule;
};

const requireFree = (rules: ReadonlyMap<string, Rule>, name: string): void => {
  if (rules.has(name)) throw new Error(`a step needs the name ${JSON.stringify(name)}, which is taken`);
};

/**
 * What the step does to the one rule it touches.
 * @throws Error where the step does not fit the state: steps that this program orders always do.
 */
export const replacementOf = (rules: ReadonlyMap<string, Rule>, step: Step): RuleReplacement => {
  switch (step.kind) {
    case "create":
      requireFree(rules, step.rule.name);
      return { after: step.rule };
    case "update": {
      const before = existing(rules, step.name);
      if (step.becomes.name !== step.name) requireFree(rules, step.becomes.name);
      const kept = withoutPrefixes(before.prefixes, step.remove);
      const prefixes = step.add.length === 0 ? kept : sortedPrefixes([...kept, ...step.add]);
      return { before, after: { ...step.becomes, prefixes } };
    }
    case "delete":
      return { before: existing(rules, step.name) };
    case "enforcement":
      return {};
  }
};
