/** The codes of Terraform's plans: what is wrong with the file, what it leaves unknown, and what its order may cause. */
import { assertNever } from "../assert.js";
import { shellWord } from "../shell.js";
import { counted, listed } from "../words.js";
import { code } from "./code.js";

const many = (text: string): boolean => text.includes(", ") || text.includes(" and ");
const is = (text: string): string => (many(text) ? "are" : "is");

const mostNamed = 3;
const named = (all: readonly string[]): string => listed(all, mostNamed);

const show = "terraform show -json FILE";

/** What was found instead of a plan. */
type NotAPlan = "saved" | "state" | "stream" | "text" | "other";

const instead = (is: NotAPlan): string => {
  switch (is) {
    case "saved":
      return "is a saved plan in binary form, not JSON";
    case "state":
      return "is a state of Terraform, not a plan";
    case "stream":
      return "is the log of `terraform plan -json`, not a plan";
    case "text":
      return "is not JSON";
    case "other":
      return "is not a plan of Terraform or OpenTofu";
    default:
      return assertNever(is);
  }
};

/** Where an address loses the verdict that it must keep. */
type Loses = {
  readonly prefixes: string;
  readonly what: string;
  readonly flag: string;
  /** `end`: by the whole plan. `stays`: before and after. `unknown`: by what is not known yet. `orders`: in between. */
  readonly when: "end" | "stays" | "unknown" | "orders" | "orders-may";
};

const loses = (verdict: "blocked" | "allowed", { prefixes, what, when }: Loses): string => {
  switch (when) {
    case "end":
      return `Once the plan is applied ${prefixes} ${is(prefixes)} ${verdict}, ${what}`;
    case "stays":
      return `${prefixes} ${is(prefixes)} ${verdict} before and after, but ${is(prefixes)} ${what}`;
    case "unknown":
      return `${prefixes} may be ${verdict} once the plan is applied, ${what}: parts of the plan are not known yet`;
    case "orders":
      return `In some orders of Terraform's calls ${prefixes} ${is(prefixes)} ${verdict}, ${what}`;
    case "orders-may":
      return `Between Terraform's calls ${prefixes} may be ${verdict}, ${what}`;
    default:
      return assertNever(when);
  }
};

const losesCode = (verdict: "blocked" | "allowed", whose: string) =>
  code<Loses>({
    severity: "error",
    message: (args) => loses(verdict, args),
    hint: ({ flag }) =>
      `Change the configuration, order its resources with \`depends_on\`, or override this check with ${flag}`,
    meaning: `${whose} would be ${verdict}, at the end or in some order of Terraform's calls.`,
    fix: "Change the configuration, or use the flag named.",
  });

type Between = {
  readonly prefixes: string;
  /** `last`: until the last call. `may`: the orders were too many to look at each. */
  readonly until: "last" | "next" | "may";
  /** Calls that come first in such an order: `delete dbtcloud_ip_restrictions_rule.old`. */
  readonly first: readonly string[];
};

const between = (verdict: "blocked" | "allowed", { prefixes, until }: Between): string => {
  if (until === "may") return `Between Terraform's calls ${prefixes} may be ${verdict}`;
  return `In some orders ${prefixes} ${is(prefixes)} ${verdict} ${until === "last" ? "until the last call" : "between two calls"}`;
};

const orderCode = (verdict: "blocked" | "allowed") =>
  code<Between>({
    severity: "warning",
    message: (args) => between(verdict, args),
    hint: ({ first }) =>
      `${first.length === 0 ? "" : `For example, if this comes first: ${named(first)}. `}Order the resources with \`depends_on\`, or apply in two runs`,
    meaning: `In some orders of Terraform's calls, addresses are ${verdict} for a while.`,
    fix: "Use `depends_on`, or apply in two runs.",
  });

/** What sets enforcement to what, by its addresses. */
type Setters = {
  readonly on: readonly string[];
  readonly off: readonly string[];
  readonly unknown: readonly string[];
};

const setters = ({ on, off, unknown }: Setters): string =>
  [
    ...(on.length === 0 ? [] : [`${named(on)} ${on.length > 1 ? "set" : "sets"} it to true`]),
    ...(off.length === 0 ? [] : [`${named(off)} ${off.length > 1 ? "set" : "sets"} it to false`]),
    ...(unknown.length === 0
      ? []
      : [`${named(unknown)} ${unknown.length > 1 ? "set" : "sets"} it to what is known only after apply`]),
  ].join(", ");

export const terraformCodes = {
  "terraform-plan-unreadable": code<{ file: string; reason: string }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read Terraform's plan ${file}: ${reason}`,
    hint: `Write it with: ${show} > plan.json, or give - to read standard input`,
    meaning: "The `--terraform` file cannot be read.",
    fix: "Write it with `terraform show -json FILE > plan.json`.",
  }),
  "terraform-not-a-plan": code<{ file: string; is: NotAPlan }>({
    severity: "error",
    message: ({ file, is }) => `${file} ${instead(is)}`,
    hint: ({ file, is }) =>
      is === "saved"
        ? `Print it first: terraform show -json ${shellWord(file)} > plan.json`
        : `Save the plan (terraform plan -out FILE), then print it: ${show} > plan.json`,
    meaning: "The `--terraform` file is not what `terraform show -json` or `tofu show -json` prints.",
    fix: "Save a plan, then print it.",
  }),
  "terraform-plan-version": code<{ file: string }>({
    severity: "error",
    message: ({ file }) => `${file} is a plan in a format that this program does not read`,
    hint: "Formats 0 and 1 are read, of Terraform 0.12 and later and of OpenTofu; a newer dbt-ip-rules may read more",
    meaning: "This program does not read that `format_version`.",
    fix: "Use another version of Terraform or of this program.",
  }),
  "terraform-plan-errored": code<{ file: string }>({
    severity: "error",
    message: ({ file }) => `${file} is a plan that ended in an error, so it is incomplete`,
    hint: "Fix what terraform plan reports, then plan again",
    meaning: "Terraform could not complete the plan.",
  }),
  "terraform-plan-damaged": code<{ file: string; address: string; problem: string }>({
    severity: "error",
    message: ({ file, address, problem }) => `${file}: ${address} ${problem}`,
    hint: `Print the plan again: ${show} > plan.json`,
    meaning: "A resource in the plan does not have the provider's shape.",
    fix: "Print the plan again.",
  }),
  "terraform-rule-twice": code<{ addresses: readonly string[]; id: number }>({
    severity: "error",
    message: ({ addresses, id }) => `${named(addresses)} manage the same rule of the account, ${id}`,
    hint: "Keep one of them: terraform state rm ADDRESS",
    meaning: "Several resources manage one rule.",
  }),
  "checks-unreadable": code<{ file: string; reason: string }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read the checks ${file}: ${reason}`,
    hint: "Name a YAML file with `tests:` and `guards:`, as in docs/from-terraform.md",
    meaning: "The `--checks` file cannot be read.",
    fix: "Name a YAML file with `tests:` and `guards:` ([from-terraform.md](from-terraform.md)).",
  }),
  "account-file-unusable": code<{ file: string; problem: string }>({
    severity: "error",
    message: ({ file, problem }) => `${file} ${problem}`,
    hint: "Write it with: dbt-ip-rules show --format json --output account.json",
    meaning: "The `--account-file` is not an account as JSON.",
    fix: "Write it with `dbt-ip-rules show --format json`.",
  }),
  "terraform-enforcement": code<Setters & { to: "on" | "off" }>({
    severity: "warning",
    message: ({ to, ...set }) =>
      `Terraform turns enforcement ${to} for the whole account by \`rule_set_enabled\`: ${setters(set)}`,
    hint: ({ to }) =>
      to === "off"
        ? "Every address is then allowed. To leave it on, set `rule_set_enabled = true` in every resource"
        : "Only allowed addresses can then reach the account. To leave it off, set `rule_set_enabled = false` in every resource",
    meaning: "The plan changes enforcement. Unset, `rule_set_enabled` is false.",
    fix: "Set it in every resource.",
  }),
  "terraform-enforcement-mixed": code<Setters & { ends: "on" | "off" | "unknown" }>({
    severity: "warning",
    message: ({ ends, ...set }) =>
      set.on.length + set.off.length === 0
        ? `\`rule_set_enabled\` turns enforcement on or off for the whole account: ${setters(set)}`
        : `The values of \`rule_set_enabled\` differ: ${setters(set)}; the last call wins: ${ends}`,
    hint: "It holds for the whole account: give every resource the same `rule_set_enabled`",
    meaning: "Resources differ in `rule_set_enabled`; the last call decides.",
    fix: "Set it in every resource.",
  }),
  "terraform-unknown": code<{ address: string; attributes: readonly string[] }>({
    severity: "warning",
    message: ({ address, attributes }) =>
      `${address}: ${listed(attributes)} ${attributes.length > 1 ? "are" : "is"} known only after apply`,
    hint: "Figures are given as bounds: what is certain, and what is possible",
    meaning: "A value is not known yet, or sensitive, so figures are bounds.",
    fix: "Apply its source first, or write it.",
  }),
  "terraform-deferred": code<{ addresses: readonly string[] }>({
    severity: "warning",
    message: ({ addresses }) => `Terraform deferred ${named(addresses)} to a later plan`,
    hint: "This plan does not contain it: plan again after the apply",
    meaning: "Terraform deferred changes of rules to a later plan.",
    fix: "Plan again after the apply.",
  }),
  "terraform-stale": code<{ address: string; differences: readonly string[] }>({
    severity: "warning",
    message: ({ address, differences }) =>
      `${address}: the account differs from what the plan was made for: ${differences.join("; ")}`,
    hint: "Plan again without -refresh=false. The figures are for the account as it is now; what is not known is given as bounds",
    meaning: "Terraform's record of a rule differs from the account.",
    fix: "Plan again without `-refresh=false`.",
  }),
  "terraform-stale-enforcement": code<{ now: "on" | "off" }>({
    severity: "warning",
    message: ({ now }) =>
      `The plan was made when enforcement was ${now === "on" ? "off" : "on"}, and it is ${now} now`,
    hint: "Plan again without -refresh=false",
    meaning: "Terraform's record of enforcement differs from the account.",
    fix: "Plan again without `-refresh=false`.",
  }),
  "terraform-rule-gone": code<{ address: string; id: number; verb: "update" | "delete" }>({
    severity: "warning",
    message: ({ address, id, verb }) =>
      `${address} would ${verb} rule ${id}, which the account does not have: the call will fail`,
    hint: "Plan again without -refresh=false",
    meaning: "Terraform would change a rule that the account no longer has.",
    fix: "Plan again without `-refresh=false`.",
  }),
  "terraform-left-behind": code<{ address: string; rule: string; prefixes: string }>({
    severity: "warning",
    message: ({ address, rule, prefixes }) =>
      `${address} leaves ${prefixes} in rule ${JSON.stringify(rule)}: Terraform does not know of ${many(prefixes) ? "them" : "it"}, and an update only removes what it names`,
    hint: "Plan again without -refresh=false, so that Terraform sees it, or remove it in the dbt platform",
    meaning: "The rule keeps entries that Terraform does not know of.",
    fix: "Plan again without `-refresh=false`, or remove them.",
  }),
  "terraform-stays-disabled": code<{ address: string; prefixes: string }>({
    severity: "warning",
    message: ({ address, prefixes }) =>
      `${address}: ${prefixes} ${is(prefixes)} disabled on the account and ${many(prefixes) ? "stay" : "stays"} so, since Terraform enables no entry`,
    hint: "Enable it in the dbt platform, or with dbt-ip-rules",
    meaning: "A wanted entry is disabled on the account; the provider cannot enable it.",
    fix: "Enable it there.",
  }),
  "terraform-created-again": code<{ address: string; rule: string; id: number }>({
    severity: "warning",
    message: ({ address, rule, id }) =>
      `${address} creates a second rule ${JSON.stringify(rule)}: the account already has it (id ${id})`,
    hint: ({ address, id }) =>
      `To manage it with Terraform: terraform import ${shellWord(address)} ${id}. The provider reads only the first 100 rules`,
    meaning: "The account already has the rule: the provider reads only the first 100.",
    fix: "`terraform import` it.",
  }),
  "terraform-range-invalid": code<{ address: string; texts: readonly string[] }>({
    severity: "warning",
    message: ({ address, texts }) =>
      `${address} has ${named(texts.map((text) => JSON.stringify(text)))}, which ${texts.length > 1 ? "are no ranges" : "is no range"}`,
    hint: "The service does not save it, and Terraform does not notice: the provider never reads `failed_cidrs`",
    meaning: "An entry is not a range, and Terraform does not notice.",
    fix: "Correct the configuration.",
  }),
  "terraform-range-refused": code<{
    address: string;
    prefixes: string;
    other: string;
    always: boolean;
    blocked?: string | undefined;
  }>({
    severity: "warning",
    message: ({ address, prefixes, other, always }) =>
      `${always ? "The" : "In some orders the"} service refuses ${prefixes} for ${address}, while ${other} has the same range with the other type`,
    hint: ({ blocked }) =>
      `Terraform does not notice a range that is left out of a rule${blocked === undefined ? "" : `; then ${blocked} may be blocked`}. Apply in two runs: first take the range out of one rule, then add it to the other`,
    meaning:
      "The service refuses a range in an allow and a deny rule at once, and Terraform does not notice.",
    fix: "Apply in two runs.",
  }),
  "terraform-outside": code<{ rules: number }>({
    severity: "note",
    message: ({ rules }) =>
      `Terraform does not manage ${counted(rules, "rule")} of the account; this plan does not change ${rules === 1 ? "it" : "them"}`,
    hint: "They count in all figures",
    meaning: "The account has rules that the plan does not manage.",
    fix: "Nothing, or `terraform import` them.",
  }),
  "terraform-order-blocks": orderCode("blocked"),
  "terraform-order-allows": orderCode("allowed"),
  "terraform-lockout": losesCode("blocked", "Your own address"),
  "terraform-must-allow": losesCode("blocked", "A `must_allow` address"),
  "terraform-must-deny": losesCode("allowed", "A `must_deny` address"),
};
