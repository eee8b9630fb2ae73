/** The codes of plans: an account and a policy that contradict each other, guards that refuse a plan, and saved plans. */
import { overrideFlags } from "../guards.js";
import { yamlName } from "../shell.js";
import { listed } from "../words.js";
import { code } from "./code.js";

const quoted = (names: readonly string[]): string => listed(names.map((name) => JSON.stringify(name)));

const did = (type: "allow" | "deny"): string => (type === "allow" ? "allowed" : "denied");

/** Two rules that say opposite things of one prefix; `where`: `of the account`, `once the policy is applied`. */
export interface Contradiction {
  readonly prefix: string;
  readonly rules: readonly [RuleNamed, RuleNamed];
  readonly where: string;
}
interface RuleNamed {
  readonly name: string;
  readonly type: "allow" | "deny";
}

export const planCodes = {
  "policy-for-other-account": code<{ policy: number; account: number }>({
    severity: "error",
    message: ({ policy, account }) => `The policy is for account ${policy}, but account ${account} was read`,
    hint: "Use the policy of that account, or correct `account.id` or --account",
    meaning: "The policy is for another account than the one read.",
    fix: "Use that account's policy.",
  }),
  "account-rule-name-repeated": code<{ rule: string; ids: readonly number[] }>({
    severity: "error",
    message: ({ rule, ids }) =>
      `The account has ${ids.length} rules named ${JSON.stringify(rule)} (ids ${ids.join(", ")})`,
    hint: "Rename or delete all but one in the dbt platform, then run this again",
    meaning: "Two rules on the account have one name.",
    fix: "Rename one there.",
    persists: true,
  }),
  "prefix-allowed-and-denied": code<Contradiction>({
    severity: "error",
    message: ({ prefix, rules: [first, second], where }) =>
      `${prefix} is ${did(first.type)} by rule ${JSON.stringify(first.name)} and ${did(second.type)} by rule ${JSON.stringify(second.name)} ${where}`,
    hint: "Remove the prefix from one of the rules: the API does not define which of the two applies",
    meaning: "One rule allows a prefix, another denies it.",
    fix: "Remove it from one.",
  }),
  "reserved-rule-name": code<{ rule: string; prefix: string }>({
    severity: "error",
    message: ({ rule }) => `Rule ${JSON.stringify(rule)} uses a name that is reserved for temporary rules`,
    hint: ({ prefix }) =>
      `Choose another name: those that begin with ${JSON.stringify(prefix)} belong to rules that exist only during an apply`,
    meaning: "The name is reserved for temporary rules.",
    fix: "Choose another.",
  }),
  "rename-both-exist": code<{ rule: string; previous: readonly string[] }>({
    severity: "error",
    message: ({ rule, previous }) =>
      `The account has a rule ${JSON.stringify(rule)} and also its previous name ${quoted(previous)}`,
    hint: "Remove the name from `previous_names`, or delete one of the rules on the account",
    meaning: "The account has both a rule's new and its previous name.",
    fix: "Delete one rule, or remove the previous name.",
  }),
  "rename-ambiguous": code<{ rule: string; previous: readonly string[] }>({
    severity: "error",
    message: ({ rule, previous }) =>
      `The account has more than one of the previous names of rule ${JSON.stringify(rule)}: ${quoted(previous)}`,
    hint: "Keep only the name of this rule in `previous_names`",
    meaning: "The account has several previous names of one rule.",
    fix: "Keep one.",
  }),
  "rename-claimed-twice": code<{ rules: readonly [string, string]; previous: string }>({
    severity: "error",
    message: ({ rules, previous }) =>
      `Rules ${quoted(rules)} both name ${JSON.stringify(previous)} as a previous name`,
    hint: "Keep the name under one of them: a rule on the account can become only one rule of the policy",
    meaning: "Two rules have one previous name.",
    fix: "Keep it in one.",
  }),
  "rename-name-in-use": code<{ rule: string; previous: string }>({
    severity: "error",
    message: ({ rule, previous }) =>
      `Rule ${JSON.stringify(rule)} has the previous name ${JSON.stringify(previous)}, but the policy has a rule of that name too`,
    hint: "Rename in one apply, and add the new rule in the next; or remove the name from `previous_names`",
    meaning: "A previous name is also a rule of the policy.",
    fix: "Rename first, add the rule later.",
  }),
  "enforcement-not-told": code<{ wanted: "enabled" | "disabled" }>({
    severity: "note",
    message: ({ wanted }) =>
      `The account has no rules, so it does not show whether enforcement is on; \`enforcement: ${wanted}\` takes effect with the first rule`,
    hint: "Without rules every address is allowed, whether enforcement is on or off",
    meaning: "Without rules, the account does not show whether enforcement is on.",
    fix: "Nothing.",
  }),
  "removed-rule-gone": code<{ rule: string; meant?: string }>({
    severity: "note",
    message: ({ rule, meant }) =>
      meant === undefined
        ? `Rule ${JSON.stringify(rule)} is no longer on the account, so its line in \`removed_rules\` can be deleted`
        : `Rule ${JSON.stringify(rule)} of \`removed_rules\` is not on the account, but ${JSON.stringify(meant)} is, and is kept`,
    hint: ({ meant }) =>
      meant === undefined ? undefined : `To delete that one, write \`removed_rules: [${yamlName(meant)}]\``,
    meaning: "`removed_rules` names a rule that is not on the account.",
    fix: "Delete the line, or correct the name.",
  }),
  "rule-left-file": code<{ rule: string; known: "base" | "receipt" }>({
    severity: "warning",
    message: ({ rule }) => `Rule ${JSON.stringify(rule)} left the file but stays on the account`,
    hint: ({ rule, known }) =>
      `${known === "base" ? "The policy had it before" : "The policy had it at the last apply"}. To delete it: \`removed_rules: [${yamlName(rule)}]\`. To keep it, put the rule back: \`import --merge\` writes it`,
    meaning: "The policy no longer has a rule that stays on the account.",
    fix: "Name it in `removed_rules`, or put it back.",
  }),
  "rule-renamed-without-name": code<{ rule: string; created: string; left: boolean }>({
    severity: "warning",
    message: ({ rule, created, left }) =>
      left
        ? `Rule ${JSON.stringify(rule)} left the file but stays on the account, and ${JSON.stringify(created)} with the same entries is new: this creates a second rule instead of renaming the first`
        : `Rule ${JSON.stringify(created)} is new, but the account already has the same entries in rule ${JSON.stringify(rule)}, which the policy does not name`,
    hint: ({ rule, created }) =>
      `To rename it, write \`previous_names: [${yamlName(rule)}]\` in rule ${JSON.stringify(created)}. To replace it by the new rule: \`removed_rules: [${yamlName(rule)}]\``,
    meaning: "A new rule has the entries of an unmanaged one.",
    fix: "For a rename, write `previous_names`.",
  }),
  "base-unreadable": code<{ file: string }>({
    severity: "warning",
    message: ({ file }) =>
      `${file} cannot be read as a policy, so this plan does not show which rules left the policy since then`,
    hint: "Check the file given with --base: dbt-ip-rules validate --policy FILE",
    meaning: "The policy given with `--base` cannot be read.",
    fix: "Check it with `dbt-ip-rules validate`.",
  }),
  "unmanaged-access": code<{ rules: readonly string[]; addresses: string; prefixes: string }>({
    severity: "note",
    message: ({ rules, addresses, prefixes }) =>
      `${rules.length === 1 ? "The unmanaged rule allows" : "The unmanaged rules allow"} ${addresses} that the policy does not: ${prefixes}`,
    hint: ({ rules }) =>
      `To delete ${rules.length === 1 ? "it" : "them"}: \`removed_rules: [${rules.map(yamlName).join(", ")}]\`. To keep ${rules.length === 1 ? "it" : "them"}, add ${rules.length === 1 ? "it" : "them"} to the policy: \`import --merge\` writes ${rules.length === 1 ? "it" : "them"}. For all such rules, set \`unmanaged_rules\` to fail or delete`,
    meaning: "Unmanaged rules allow addresses that the policy does not.",
    fix: "Use `removed_rules` or `import --merge`, or set `unmanaged_rules`.",
  }),
};

/** An address that must keep one verdict: where it loses it, or that it does not have it in the end. */
type Kept = { readonly prefixes: string; readonly what: string; readonly flag: string } & (
  | { readonly step: number }
  | { readonly step?: undefined }
);

const kept = (verdict: "blocked" | "allowed") => ({
  severity: "error" as const,
  message: ({ prefixes, what, step }: Kept) =>
    step === undefined
      ? `${prefixes} is ${verdict} before and after, but is ${what}`
      : `Step ${step} ${verdict === "blocked" ? "blocks" : "allows"} ${prefixes}, ${what}`,
  hint: ({ flag }: Kept) => `Change the policy, or override this check with ${flag}`,
});

export interface OnceEnabled {
  readonly prefixes: string;
  readonly what: string;
}
const onceEnabled = (verdict: "allowed" | "blocked", like: string) =>
  code<OnceEnabled>({
    severity: "warning",
    message: ({ prefixes, what }) =>
      `Once enforcement is on, ${prefixes} would be ${verdict}, but is ${what}`,
    hint: "Change the policy before enforcement is turned on",
    meaning: `As \`${like}\`, once enforcement is on.`,
  });

/** Who is cut off, by numbers, not names. */
export interface CutOff {
  readonly count: number;
  readonly who: string;
  readonly limit: number;
  readonly since: string;
}

const lockout = kept("blocked");
const keepAllowed = `Change the policy so that your own address stays allowed; ${overrideFlags.lockout} overrides this check`;

export const guardCodes = {
  "disabled-allow-unclear": code({
    severity: "error",
    message:
      "At some point of the plan every allow entry is disabled. Whether disabled allow entries still deny what no entry matches is not documented; if they do, the errors that follow apply",
    hint: "Enable or add an allow entry in one apply, and do the rest in the next; or disable enforcement meanwhile",
    fix: "Enable an allow entry in an apply of its own.",
  }),
  "must-allow": code<Kept>({
    ...kept("blocked"),
    meaning: "A `must_allow` address would be blocked, at the end or between steps.",
    fix: "Allow it, or use the flag named.",
  }),
  "must-deny": code<Kept>({
    ...kept("allowed"),
    meaning: "A `must_deny` address would be allowed.",
    fix: "Deny it, or use the flag named.",
  }),
  "lockout-client": code<Kept | { step: string; address: string }>({
    severity: "error",
    message: (found) =>
      "address" in found
        ? `After ${found.step} your own address ${found.address} would be blocked`
        : lockout.message(found),
    hint: (found) => ("address" in found ? keepAllowed : lockout.hint(found)),
    meaning: "Your own address would be blocked.",
    fix: "Allow it, or use the flag named.",
  }),
  "lockout-server": code<{ step: string }>({
    severity: "error",
    message: ({ step }) => `The service says that ${step} would block the address that this run comes from`,
    hint: keepAllowed,
    meaning: "The service reports that the call would lock you out.",
    fix: "Allow your address first.",
  }),
  "lockout-unsure": code<{ step: string }>({
    severity: "error",
    message: ({ step }) =>
      `After ${step} you may be blocked: this rule allows you now, and which of its entries covers you is not known`,
    hint: `Give your address with --client-ip ADDRESS, or name an address under \`must_allow\`; ${overrideFlags.lockout} overrides this check`,
    meaning: "A rule that allows you loses entries.",
    fix: "Give `--client-ip`, or write `must_allow`.",
  }),
  "must-allow-once-enabled": onceEnabled("blocked", "must-allow"),
  "must-deny-once-enabled": onceEnabled("allowed", "must-deny"),
  "lockout-client-once-enabled": onceEnabled("blocked", "lockout-client"),
  "caller-unknown": code({
    severity: "note",
    message: "Your address is not known, so it is not checked whether this plan blocks it",
    hint: "Give it with --client-ip",
    fix: "Give `--client-ip`.",
  }),
  "caller-unguarded": code({
    severity: "warning",
    message:
      "Your address is not known, `must_allow` is empty, and this plan blocks addresses: yours may be one of them",
    hint: "Give your address with --client-ip, or write it under `must_allow`",
    fix: "Give `--client-ip`, or write `must_allow`.",
  }),
  "enforcement-unguarded": code({
    severity: "error",
    message:
      "This plan turns enforcement on, but your address is not known and `must_allow` is empty: everybody may be locked out",
    hint: `Name an address under \`must_allow\`, or give yours with --client-ip ADDRESS; ${overrideFlags.unguardedEnforcement} overrides this check`,
    fix: "Write `must_allow`, or give `--client-ip`.",
  }),
  "max-removed-rules": code<{ removed: number; limit: string }>({
    severity: "error",
    message: ({ removed, limit }) =>
      `The plan deletes ${removed} rule${removed === 1 ? "" : "s"}; \`max_removed_rules\` is ${limit}`,
    hint: `If they should be deleted, raise the limit or use ${overrideFlags.removedRules}`,
    meaning: "The plan deletes more rules than `max_removed_rules`.",
    fix: "Raise it, or use the flag named.",
  }),
  "max-newly-allowed": code<{ addresses: string; limit: string }>({
    severity: "error",
    message: ({ addresses, limit }) => `The plan allows ${addresses}; \`max_newly_allowed\` is ${limit}`,
    hint: `If they should be allowed, raise the limit or use ${overrideFlags.newlyAllowed}`,
    meaning: "The plan allows more addresses than `max_newly_allowed`.",
    fix: "Raise it, or use the flag named.",
  }),
  "max-cut-off": code<CutOff>({
    severity: "error",
    message: ({ count, who, limit, since }) =>
      `By the addresses on record since ${since}, this plan would cut off ${who}: ${count}, and \`max_cut_off\` is ${limit}`,
    hint: `See who they are with: dbt-ip-rules replay --show-people. Allow their addresses, or use ${overrideFlags.cutOff}`,
    meaning: "The plan would cut off more people and tokens than `max_cut_off`.",
    fix: "See `dbt-ip-rules replay --show-people`.",
  }),
  "max-cut-off-once-enabled": code<CutOff>({
    severity: "warning",
    message: ({ count, who, since }) =>
      `Enforcement stays off. Once it is on, by the addresses on record since ${since}, it cuts off ${who}: ${count}`,
    hint: "See who they are with: dbt-ip-rules replay --show-people",
    meaning: "As `max-cut-off`, once enforcement is on.",
    fix: "See `dbt-ip-rules replay --show-people`.",
  }),
  "cut-off-unknown": code<{ reason: string } | { who: string }>({
    severity: "error",
    message: (facts) =>
      "reason" in facts
        ? `Who would be cut off is not known: the traffic on record could not be read (${facts.reason})`
        : `Whether ${facts.who} would be cut off is not known: no address of theirs on record can be read`,
    hint: (facts) =>
      "reason" in facts
        ? `Use a token that may read the audit log, or override this check with ${overrideFlags.cutOff}`
        : `See who that is with: dbt-ip-rules replay --show-people. To override this check: ${overrideFlags.cutOff}`,
    meaning: "The audit log could not be read in full, or shows somebody without a readable address.",
    fix: "Use another token, or a shorter `cut_off_window`; see who that is with `dbt-ip-rules replay --show-people`.",
  }),
  "cut-off-changed": code<{ prefixes: string }>({
    severity: "error",
    message: ({ prefixes }) =>
      `The last steps would also block ${prefixes}, and nobody has checked who uses these addresses (\`max_cut_off\`)`,
    hint: "Plan again: the new plan reads the addresses on record",
    meaning:
      "After changes of others, the last steps block more addresses than `max_cut_off` was checked for.",
    fix: "Plan again.",
  }),
  "unmanaged-rule": code<{ rule: string }>({
    severity: "error",
    message: ({ rule }) => `The account has the rule ${JSON.stringify(rule)}, which is not in the policy`,
    hint: `Add it to the policy (\`import\` writes it), delete it, set \`unmanaged_rules: keep\`, or use ${overrideFlags.unmanaged}`,
    meaning: "The account has an unmanaged rule; `unmanaged_rules` is `fail`.",
    fix: "`import --merge` it, or delete it.",
  }),
  "step-disturbs": code<{ step: number; blocks?: string; allows?: string }>({
    severity: "error",
    message: ({ step, blocks, allows }) => {
      const parts = [
        ...(blocks === undefined ? [] : [`blocks ${blocks}`]),
        ...(allows === undefined ? [] : [`allows ${allows}`]),
      ];
      return `After step ${step} the account ${parts.join(" and ")} for a moment, although neither the account now nor the policy does`;
    },
    hint: `Apply the change in smaller parts, or accept it with ${overrideFlags.disturbance}`,
    meaning: "Between two steps, access would change that should not.",
    fix: "Plan in smaller parts, or use the flag named.",
  }),
  "guard-failed": code<{ guard: string }>({
    severity: "error",
    message: ({ guard }) => `The plan fails the guard ${guard}`,
    hint: "Plan again: its section Checks shows why, and which flag overrides it",
    meaning: "The plan fails a guard without a code of its own.",
    fix: "Plan again: its checks show why.",
  }),
};

const anotherPlan = "Make a new one with: dbt-ip-rules plan --out FILE";

export const planFileCodes = {
  "plan-file-damaged": code<{ file: string; problem: string }>({
    severity: "error",
    message: ({ file, problem }) => `${file} ${problem}`,
    hint: anotherPlan,
    meaning: "The saved plan is truncated, edited or contradicts itself.",
    fix: "Make a new one.",
  }),
  "plan-file-version": code<{ file: string; version: string; known: number }>({
    severity: "error",
    message: ({ file, version, known }) =>
      `${file} is a plan of version ${version}; this program reads version ${known}`,
    hint: "Make a new plan with this version of dbt-ip-rules, or use the version that made it",
    meaning: "This program does not read plans of that version.",
    fix: "Make a new one.",
  }),
  "plan-file-disagrees": code<{ file: string; unknown?: string }>({
    severity: "error",
    message: ({ file, unknown }) =>
      unknown === undefined
        ? `${file} has other steps than this program would plan`
        : `${file} has ${unknown}, which this version of dbt-ip-rules does not know`,
    hint: "Make a new plan: this one was edited, or made by another version of dbt-ip-rules",
    meaning: "The saved plan has other steps than this program would plan.",
    fix: "Make a new one.",
  }),
};
