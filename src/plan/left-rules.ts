/**
 * Rules that left the policy but stay on the account: nothing is to change then, which reads like success to whoever
 * deleted them. Needs to know what the policy held before: an older revision of it, or the receipt of an apply.
 */
import type { Code } from "../model/codes/index.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import type { Rule } from "../model/rule.js";
import type { Policy } from "../policy/policy.js";
import type { Plan } from "./plan.js";
import { sameEntries } from "./state.js";

/** What the policy held before. */
export interface EarlierPolicy {
  /** Names of its rules. */
  readonly rules: ReadonlySet<string>;
  /** What says so: an older revision of the policy, or the receipt of the last apply. */
  readonly by: "base" | "receipt";
}

const areAlike = (a: Rule, b: Rule): boolean =>
  a.type === b.type && a.prefixes.length > 0 && sameEntries(a, b);

/**
 * A warning for each rule that stays on the account and that `earlier` had; where the plan creates a rule of the same
 * entries, it is about that: most likely a rename without `previous_names`, which makes a second rule.
 */
export const leftRules = (
  { rules }: Pick<Policy, "rules">,
  { changes, unmanaged }: Pick<Plan, "changes" | "unmanaged">,
  earlier: EarlierPolicy | undefined,
): Diagnostic[] => {
  const created = changes.flatMap((change) => (change.kind === "create" ? [change.rule] : []));
  return unmanaged.flatMap(({ rule, disposition }): Diagnostic[] => {
    if (disposition === "deleted") return [];
    const left = earlier?.rules.has(rule.name) === true;
    const successor = created.find((other) => areAlike(rule, other));
    if (successor !== undefined) {
      const found = { rule: rule.name, created: successor.name, left };
      const source = rules.find(({ name }) => name === successor.name)?.source;
      return [diagnostic("rule-renamed-without-name", found, source)];
    }
    return left && earlier !== undefined
      ? [diagnostic("rule-left-file", { rule: rule.name, known: earlier.by })]
      : [];
  });
};

const leftCodes: ReadonlySet<Code> = new Set(["rule-left-file", "rule-renamed-without-name"]);

/** Those that a report shows first. */
export const isAboutLeftRule = ({ code }: Diagnostic): boolean => leftCodes.has(code);

/** Whether the policy is known to have had the rule; one that a new rule copies may have been made by hand. */
export const isKnownToHaveLeft = (one: Diagnostic): boolean =>
  one.code === "rule-left-file" ||
  (one.code === "rule-renamed-without-name" && "args" in one && one.args.left);
