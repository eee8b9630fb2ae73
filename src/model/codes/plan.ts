/** The codes of plans: an account and a policy that contradict each other, guards that refuse a plan, and saved plans. */
import { overrideFlags } from "../guards.js";
import { yamlName } from "../shell.js";
import { code } from "./code.js";

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");

const did = (type: "allow" | "deny"): string => (type === "allow" ? "allowed" : "denied");

/** Two rules that say opposite things of one prefix; `where`: `of the account`, `once the policy is applied`. */
export interface Contradiction {
  readonly prefix: string;
  readonly rules: readonly [RuleNamed, RuleNamed];
  readonly where: string;
}
export interface RuleNamed {
  readonly name: string;
  readonly type: "allow" | "deny";
}

export const planCodes = {
  "policy-for-other-account": code<{ policy: number; account: number }>({
    severity: "error",
    message: ({ policy, account }) => `The policy is for account ${policy}, but account ${account} was read`,
    hint: "Use the policy of that account, or correct `account.id` or --account",
    meaning: "The policy is for another account than the one that was read.",
    fix: "Use the policy that belongs to it.",
  }),
  "account-rule-name-repeated": code<{ rule: string; ids: readonly number[] }>({
    severity: "error",
    message: ({ rule, ids }) =>
      `The account has ${ids.length} rules named ${JSON.stringify(rule)} (ids ${ids.join(", ")})`,
    hint: "Rename or delete all but one in the dbt platform, then run this again: a rule is identified by its name",
    meaning: "Two rules on the account have the same name, so it is not clear which one the policy means.",
    fix: "Rename one of them on the account.",
    persists: true,
  }),
  "prefix-allowed-and-denied": code<Contradiction>({
    severity: "error",
    message: ({ prefix, rules: [first, second], where }) =>
      `${prefix} is ${did(first.type)} by rule ${JSON.stringify(first.name)} and ${did(second.type)} by rule ${JSON.stringify(second.name)} ${where}`,
    hint: "Remove the prefix from one of the rules: the API does not define which of the two applies",
    meaning: "A prefix is allowed by one rule and denied by another.",
    fix: "Remove it from one of them.",
  }),
  "reserved-rule-name": code<{ rule: string; prefix: string }>({
    severity: "error",
    message: ({ rule }) => `Rule ${JSON.stringify(rule)} uses a name that is reserved for temporary rules`,
    hint: ({ prefix }) =>
      `Choose another name: those that begin with ${JSON.stringify(prefix)} belong to rules that exist only during an apply`,
    meaning: "A rule's name is reserved for the temporary rules of an apply.",
    fix: "Choose another name.",
  }),
  "rename-both-exist": code<{ rule: string; previous: readonly string[] }>({
    severity: "error",
    message: ({ rule, previous }) =>
      `The account has a rule ${JSON.stringify(rule)} and also its previous name ${quoted(previous)}`,
    hint: "It is not clear which of them it is: remove the entry from `previous_names`, or delete one of the rules",
    meaning: "A rule's new name and its previous one are both on the account.",
    fix: "Delete the one that is left over, or remove the name from `previous_names`.",
  }),
  "rename-ambiguous": code<{ rule: string; previous: readonly string[] }>({
    severity: "error",
    message: ({ rule, previous }) =>
      `The account has more than one of the previous names of rule ${JSON.stringify(rule)}: ${quoted(previous)}`,
    hint: "Keep only the name of this rule in `previous_names`",
    meaning: "Several previous names of one rule are on the account.",
    fix: "Keep one under `previous_names`.",
  }),
  "rename-claimed-twice": code<{ rules: readonly [string, string]; previous: string }>({
    severity: "error",
    message: ({ rules, previous }) =>
      `Rules ${quoted(rules)} both name ${JSON.stringify(previous)} as a previous name`,
    hint: "Keep the name under one of them: a rule on the account can become only one rule of the policy",
    meaning: "Two rules claim one rule of the account by a previous name.",
    fix: "Keep the name under one of them.",
  }),
  "rename-name-in-use": code<{ rule: string; previous: string }>({
    severity: "error",
    message: ({ rule, previous }) =>
      `Rule ${JSON.stringify(rule)} was once ${JSON.stringify(previous)}, but the policy has a rule of that name too`,
    hint: "Rename in one apply and add the new rule of the old name in the next, or remove the entry from `previous_names`",
    meaning: "A previous name is the name of another rule of the policy.",
    fix: "Remove it from `previous_names`.",
  }),
  "enforcement-not-told": code<{ wanted: "enabled" | "disabled" }>({
    severity: "note",
    message: ({ wanted }) =>
      `The account has no rules, so it does not show whether enforcement is on, so the policy's \`${wanted}\` takes effect with the first rule`,
    hint: "Without rules every address is allowed, whether enforcement is on or off",
    meaning: "A note: without rules, the account does not show whether they are enforced.",
    fix: "Nothing; plan again once there is a rule.",
  }),
  "removed-rule-gone": code<{ rule: string; meant?: string }>({
    severity: "note",
    message: ({ rule, meant }) =>
      meant === undefined
        ? `Rule ${JSON.stringify(rule)} is no longer on the account, so its line in \`removed_rules\` can be deleted`
        : `Rule ${JSON.stringify(rule)} of \`removed_rules\` is not on the account, but ${JSON.stringify(meant)} is, and it stays`,
    hint: ({ meant }) =>
      meant === undefined ? undefined : `If that one is meant, write \`removed_rules: [${yamlName(meant)}]\``,
    meaning:
      "A note: a rule that `removed_rules` names is not on the account. A warning where the account has one whose name differs in case, blanks or look-alike letters alone.",
    fix: "Delete its line, or write the name as the account has it.",
  }),
  "rule-left-file": code<{ rule: string; known: "base" | "receipt" }>({
    severity: "warning",
    message: ({ rule }) => `Rule ${JSON.stringify(rule)} left the file but stays on the account`,
    hint: ({ rule, known }) =>
      `${known === "base" ? "The policy had it before" : "The policy had it at the last apply"}. To delete it: \`removed_rules: [${yamlName(rule)}]\`. To keep it, put the rule back: \`import --merge\` writes it`,
    meaning:
      "A rule that the policy had before (`--base`, or the newest receipt) is no longer in it, and `unmanaged_rules` keeps it on the account.",
    fix: "Name it in `removed_rules` to delete it, or put it back. Otherwise it stays on the account as an unmanaged rule.",
  }),
  "rule-renamed-without-name": code<{ rule: string; created: string; left: boolean }>({
    severity: "warning",
    message: ({ rule, created, left }) =>
      left
        ? `Rule ${JSON.stringify(rule)} left the file but stays on the account, and ${JSON.stringify(created)} with the same entries is new: a second rule, not a new name`
        : `Rule ${JSON.stringify(created)} is new, but the account already has the same entries in rule ${JSON.stringify(rule)}, which the policy does not name`,
    hint: ({ rule, created }) =>
      `To rename it, write \`previous_names: [${yamlName(rule)}]\` in rule ${JSON.stringify(created)}. To have both replaced by the new one: \`removed_rules: [${yamlName(rule)}]\``,
    meaning:
      "The policy has a new rule with exactly the entries of a rule on the account that it does not name: most likely a rename.",
    fix: "Write the old name under `previous_names` of the new rule, or name the old rule in `removed_rules`.",
  }),
  "base-unreadable": code<{ file: string }>({
    severity: "warning",
    message: ({ file }) =>
      `${file} is not a policy that can be read, so rules that left the policy since then are not looked for`,
    hint: "Check the file given with --base: dbt-ip-rules validate --policy FILE",
    meaning: "The policy given with `--base` of `plan` cannot be read.",
    fix: "Check the file with `dbt-ip-rules validate`.",
  }),
  "unmanaged-access": code<{ rules: readonly string[]; addresses: string; prefixes: string }>({
    severity: "note",
    message: ({ rules, addresses, prefixes }) =>
      `${rules.length === 1 ? "The unmanaged rule allows" : "The unmanaged rules allow"} ${addresses} that the policy does not: ${prefixes}`,
    hint: ({ rules }) =>
      `To delete ${rules.length === 1 ? "it" : "them"}: \`removed_rules: [${rules.map(yamlName).join(", ")}]\`. To keep ${rules.length === 1 ? "it" : "them"}, add ${rules.length === 1 ? "it" : "them"} to the policy: \`import --merge\` writes ${rules.length === 1 ? "it" : "them"}. For all such rules, set \`unmanaged_rules\` to fail or delete`,
    meaning:
      "Rules that the policy does not name allow addresses that the policy does not; a warning where they are more than `max_newly_allowed`.",
    fix: "Name them in `removed_rules` to delete them, add them with `dbt-ip-rules import --merge`, or set `unmanaged_rules` to fail or delete.",
  }),
};

/** An address that must keep one verdict: where it loses it, or that it does not have it in the end. */
type Kept = { readonly prefixes: string; readonly what: string; readonly flag: string } & (
  | { readonly step: number }
  | { readonly step?: undefined }
);

const blocked = {
  message: ({ prefixes, what, step }: Kept) =>
    step === undefined
      ? `${prefixes} is blocked and stays blocked, but is ${what}`
      : `Step ${step} blocks ${prefixes}, ${what}`,
  hint: ({ flag }: Kept) => `Change the policy, or override this check with ${flag}`,
};
const allowed = {
  message: ({ prefixes, what, step }: Kept) =>
    step === undefined
      ? `${prefixes} is allowed and stays allowed, but is ${what}`
      : `Step ${step} allows ${prefixes}, ${what}`,
  hint: blocked.hint,
};

export interface OnceEnabled {
  readonly prefixes: string;
  readonly what: string;
}
const disabledAllowUnclear = {
  severity: "error" as const,
  message:
    "The plan passes a state in which every allow entry is disabled, and it is not documented whether disabled allow entries count for the default (with any allow entry, what nothing matches is denied). If they count:",
  hint: "Enable or add an allow entry in one apply, and do the rest in the next; or disable enforcement meanwhile",
  meaning:
    "Whether a disabled allow entry counts for the default is not documented, so a plan has to pass the guards either way. What follows would happen if it counts.",
  fix: "Bring an allow entry in force in one apply, and do the rest in the next.",
};

const onceEnabled = (verdict: "allowed" | "blocked") => ({
  severity: "warning" as const,
  message: ({ prefixes, what }: OnceEnabled) =>
    `Once enforcement is on, ${prefixes} would be ${verdict}, but is ${what}`,
  hint: "Change the policy before enforcement is turned on",
  fix: "Change the policy before enforcement is turned on.",
});

/** Who is cut off, by numbers, not names. */
export interface CutOff {
  readonly count: number;
  readonly who: string;
  readonly limit: number;
  readonly since: string;
}

export const guardCodes = {
  "disabled-allow-unclear": code(disabledAllowUnclear),
  "must-allow": code<Kept>({
    severity: "error",
    ...blocked,
    meaning: "An address under `must_allow` would be blocked, at the end or between two steps.",
    fix: "Allow it, or use the flag that the message names.",
  }),
  "must-deny": code<Kept>({
    severity: "error",
    ...allowed,
    meaning: "An address under `must_deny` would be allowed.",
    fix: "Remove it from the rules, or use the flag that the message names.",
  }),
  "lockout-client": code<Kept | { step: string; address: string }>({
    severity: "error",
    message: (found) =>
      "address" in found
        ? `After ${found.step} your own address ${found.address} would be blocked`
        : blocked.message(found),
    hint: (found) => ("address" in found ? keepAllowed : blocked.hint(found)),
    meaning: "The address you come from would be blocked.",
    fix: "Allow it, or use the flag that the message names.",
  }),
  "lockout-server": code<{ step: string }>({
    severity: "error",
    message: ({ step }) => `The service says that ${step} would block the address that this run comes from`,
    hint: () => keepAllowed,
    meaning: "The service itself says that the call would lock you out.",
    fix: "Allow your address first.",
  }),
  "lockout-unsure": code<{ step: string }>({
    severity: "error",
    message: ({ step }) =>
      `After ${step} you may be blocked: this rule allows you, and it is not known which of its entries is yours`,
    hint: `Give your address with --client-ip ADDRESS, or name an address under \`must_allow\`; ${overrideFlags.lockout} overrides this check`,
    meaning: "A rule that allows you would lose entries, and it is not known whether one of them is yours.",
    fix: "Give your address with `--client-ip`, or name an address under `must_allow`.",
  }),
  "must-allow-once-enabled": code<OnceEnabled>({
    ...onceEnabled("blocked"),
    meaning: "Enforcement is off. Once it is on, an address under `must_allow` would be blocked.",
  }),
  "must-deny-once-enabled": code<OnceEnabled>({
    ...onceEnabled("allowed"),
    meaning: "Enforcement is off. Once it is on, an address under `must_deny` would be allowed.",
  }),
  "lockout-client-once-enabled": code<OnceEnabled>({
    ...onceEnabled("blocked"),
    meaning: "Enforcement is off. Once it is on, the address you come from would be blocked.",
  }),
  "caller-unknown": code({
    severity: "note",
    message: "Your address is not known",
    hint: "Give it with --client-ip",
    meaning:
      "A note: it was not checked whether the plan blocks the address that you come from, since it is not known.",
    fix: "Give it with `--client-ip`.",
  }),
  "caller-unguarded": code({
    severity: "warning",
    message:
      "Your address is not known, `must_allow` is empty, and this plan blocks addresses: yours may be one of them",
    hint: "Give your address with --client-ip, or write it under `must_allow`",
    meaning:
      "The plan blocks addresses, and neither `--client-ip` nor `must_allow` names one that must stay allowed.",
    fix: "Give your address with `--client-ip`, or write it under `must_allow`.",
  }),
  "enforcement-unguarded": code({
    severity: "error",
    message:
      "This plan turns enforcement on, but your address is not known and `must_allow` is empty: everybody may be locked out",
    hint: `Name an address under \`must_allow\`, or give yours with --client-ip ADDRESS; ${overrideFlags.unguardedEnforcement} overrides this check`,
    meaning:
      "The plan turns enforcement on, and neither `must_allow` nor `--client-ip` names an address that must stay allowed.",
    fix: "Name an address under `must_allow`, or give yours with `--client-ip`.",
  }),
  "max-removed-rules": code<{ removed: number; limit: string }>({
    severity: "error",
    message: ({ removed, limit }) =>
      `The plan deletes ${removed} rule${removed === 1 ? "" : "s"}; \`max_removed_rules\` is ${limit}`,
    hint: `Check that they are meant to be deleted, then raise the limit or use ${overrideFlags.removedRules}`,
    meaning: "More rules would be deleted than `max_removed_rules`.",
    fix: "Check the plan, then raise the limit or use the flag.",
  }),
  "max-newly-allowed": code<{ addresses: string; limit: string }>({
    severity: "error",
    message: ({ addresses, limit }) => `The plan allows ${addresses}; \`max_newly_allowed\` is ${limit}`,
    hint: `Check that they are meant to be allowed, then raise the limit or use ${overrideFlags.newlyAllowed}`,
    meaning: "More addresses would be allowed than `max_newly_allowed`.",
    fix: "Check the plan, then raise the limit or use the flag.",
  }),
  "max-cut-off": code<CutOff>({
    severity: "error",
    message: ({ count, who, limit, since }) =>
      `By the addresses on record since ${since}, this plan would cut off ${who}: ${count}, and \`max_cut_off\` is ${limit}`,
    hint: `See who they are with: dbt-ip-rules replay --show-people. Allow their addresses, or use ${overrideFlags.cutOff}`,
    meaning:
      "By the addresses on record, more people and service tokens would lose every address than `max_cut_off` permits.",
    fix: "See who they are with `dbt-ip-rules replay --show-people`, allow their addresses, or use the flag.",
  }),
  "max-cut-off-once-enabled": code<CutOff>({
    severity: "warning",
    message: ({ count, who, since }) =>
      `Enforcement stays off. Once it is on, by the addresses on record since ${since}, it cuts off ${who}: ${count}`,
    hint: "See who they are with: dbt-ip-rules replay --show-people",
    meaning:
      "A warning: nobody is blocked while enforcement is off, but more would be cut off than `max_cut_off` permits.",
    fix: "Allow their addresses before you turn enforcement on.",
  }),
  "cut-off-unknown": code<{ reason: string } | { who: string; count: number }>({
    severity: "error",
    message: (facts) =>
      "reason" in facts
        ? `Cannot tell who would be cut off: the traffic on record could not be read (${facts.reason})`
        : `Cannot tell whether ${facts.who} would be cut off: ${facts.count === 1 ? "the address" : "their addresses"} on record could not be read`,
    hint: (facts) =>
      "reason" in facts
        ? `Use a token that may read the audit log, or continue without this guard by ${overrideFlags.cutOff}`
        : `See who that is with: dbt-ip-rules replay --show-people. To continue without this guard: ${overrideFlags.cutOff}`,
    meaning:
      "`max_cut_off` needs the audit log, and it, or all addresses of somebody in it, could not be read. That does not mean that nobody is cut off.",
    fix: "Use a token that may read the log, a shorter `cut_off_window`, or the flag. Who has no address that can be read is under `Cannot tell` in `dbt-ip-rules replay --show-people`.",
  }),
  "cut-off-changed": code<{ prefixes: string }>({
    severity: "error",
    message: ({ prefixes }) =>
      `The last steps would also block ${prefixes}, and nobody has checked who uses these addresses (\`max_cut_off\`)`,
    hint: "Plan again: the new plan reads the addresses on record",
    meaning:
      "Others changed kept rules during the run, so that its last steps block addresses that the plan did not. `max_cut_off` was checked for the plan alone.",
    fix: "Plan again: the new plan reads the addresses on record.",
  }),
  "unmanaged-rule": code<{ rule: string }>({
    severity: "error",
    message: ({ rule }) => `The account has the rule ${JSON.stringify(rule)}, which is not in the policy`,
    hint: `Add it to the policy (\`import\` writes it), delete it, set \`unmanaged_rules: keep\`, or use ${overrideFlags.unmanaged}`,
    meaning: "The account has a rule that the policy does not name, and `unmanaged_rules` is `fail`.",
    fix: "Add it with `dbt-ip-rules import --merge`, or delete it.",
  }),
  "step-disturbs": code<{ step: number; blocks?: string; allows?: string }>({
    severity: "error",
    message: ({ step, blocks, allows }) => {
      const parts = [
        ...(blocks === undefined ? [] : [`blocks ${blocks}`]),
        ...(allows === undefined ? [] : [`allows ${allows}`]),
      ];
      return `After step ${step} the account ${parts.join(" and ")} for a moment, although neither the account nor the policy does`;
    },
    hint: `Apply the change in smaller parts, or accept it with ${overrideFlags.disturbance}`,
    meaning: "A step would change access for a moment that should stay the same.",
    fix: "Apply in two plans, or use the flag that the message names.",
  }),
  "guard-failed": code<{ guard: string }>({
    severity: "error",
    message: ({ guard }) => `The plan fails the guard ${guard}`,
    hint: "Plan again: Checks shows why, and which flag overrides it",
    meaning:
      "The plan fails a guard or its policy tests, and gives no reason. (Usually the guard's own code is shown, such as `must-allow`.)",
    fix: "Plan again: *Checks* shows why, and which flag overrides it.",
  }),
};

const keepAllowed = `Change the policy so that your own address stays allowed; ${overrideFlags.lockout} overrides this check`;

const anotherPlan = "Make a new one with: dbt-ip-rules plan --out FILE";

export const planFileCodes = {
  "plan-file-damaged": code<{ file: string; problem: string }>({
    severity: "error",
    message: ({ file, problem }) => `${file} ${problem}`,
    hint: anotherPlan,
    meaning: "The saved plan is cut off, was changed, or contradicts itself.",
    fix: "Make a new plan.",
  }),
  "plan-file-version": code<{ file: string; version: string; known: number }>({
    severity: "error",
    message: ({ file, version, known }) =>
      `${file} is a plan of version ${version}; this program reads version ${known}`,
    hint: "Make a new plan with this version of dbt-ip-rules, or use the version that made it",
    meaning: "The saved plan is of a version that this program does not read.",
    fix: "Make a new plan, or use the version that made it.",
  }),
  "plan-file-disagrees": code<{ file: string; unknown?: string }>({
    severity: "error",
    message: ({ file, unknown }) =>
      unknown === undefined
        ? `${file} has steps that differ from those this program would take from the same start to the same end`
        : `${file} has ${unknown}, which this version of dbt-ip-rules does not know`,
    hint: "Make a new plan: this one was edited, or made by another version of dbt-ip-rules",
    meaning:
      "The saved plan's steps differ from those this program would take, or a code, guard or flag that it does not know.",
    fix: "Make a new plan.",
  }),
};
