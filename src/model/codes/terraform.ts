/** The codes of Terraform's plans: what is wrong with the file, what nobody can know from it, and where its order leads. */
import { assertNever } from "../assert.js";
import { shellWord } from "../shell.js";
import { code } from "./code.js";

const many = (text: string): boolean => text.includes(", ") || text.includes(" and ");
const is = (text: string): string => (many(text) ? "are" : "is");

/** `a`, `a and b`, `a, b and 3 more`. */
const listed = (all: readonly string[]): string => {
  const [shown, left] = [all.slice(0, 3), all.length - 3];
  if (left > 0) return `${shown.join(", ")} and ${left} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
};

const show = "terraform show -json FILE";

/** What was found instead of a plan. */
type NotAPlan = "saved" | "state" | "stream" | "text" | "other";

const instead = (is: NotAPlan): string => {
  switch (is) {
    case "saved":
      return "is a plan as Terraform saves it, not its JSON";
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
      return `${prefixes} ${is(prefixes)} ${verdict} and ${many(prefixes) ? "stay" : "stays"} so, but ${is(prefixes)} ${what}`;
    case "unknown":
      return `${prefixes} may be ${verdict} once the plan is applied, ${what}: not all of it is known before`;
    case "orders":
      return `In some orders of Terraform's calls ${prefixes} ${is(prefixes)} ${verdict}, ${what}`;
    case "orders-may":
      return `Between Terraform's calls ${prefixes} may be ${verdict}, ${what}`;
    default:
      return assertNever(when);
  }
};

const losesHint = ({ flag }: Loses): string =>
  `Change the configuration, order its resources with \`depends_on\`, or override this check with ${flag}`;

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

const orderHint = ({ first }: Between): string =>
  `${first.length === 0 ? "" : `For example where this comes first: ${listed(first)}. `}Order the resources with \`depends_on\`, or apply in two runs`;

const orderMeaning =
  "Terraform may make its calls in any order that its graph leaves open, and on the way of one of them access changes that should stay as it is.";
const orderFix =
  "Order the resources with `depends_on`, or apply in two runs: first what allows, then what takes away.";

/** What sets enforcement to what, by its addresses. */
type Setters = {
  readonly on: readonly string[];
  readonly off: readonly string[];
  readonly unknown: readonly string[];
};

const setters = ({ on, off, unknown }: Setters): string =>
  [
    ...(on.length === 0 ? [] : [`${listed(on)} ${on.length > 1 ? "set" : "sets"} it to true`]),
    ...(off.length === 0 ? [] : [`${listed(off)} ${off.length > 1 ? "set" : "sets"} it to false`]),
    ...(unknown.length === 0
      ? []
      : [`${listed(unknown)} ${unknown.length > 1 ? "set" : "sets"} it to what is known only after apply`]),
  ].join(", ");

export const terraformCodes = {
  "terraform-plan-unreadable": code<{ file: string; reason: string }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read Terraform's plan ${file}: ${reason}`,
    hint: `Write it with: ${show} > plan.json, or give - to read standard input`,
    meaning: "The file given with `--terraform` cannot be read.",
    fix: "Write it with `terraform show -json FILE > plan.json`.",
  }),
  "terraform-not-a-plan": code<{ file: string; is: NotAPlan }>({
    severity: "error",
    message: ({ file, is }) => `${file} ${instead(is)}`,
    hint: ({ file, is }) =>
      is === "saved"
        ? `Print it first: terraform show -json ${shellWord(file)} > plan.json`
        : `Save the plan (terraform plan -out FILE), then print it: ${show} > plan.json`,
    meaning:
      "The file given with `--terraform` is no plan as `terraform show -json` or `tofu show -json` prints it.",
    fix: "Save the plan with `terraform plan -out FILE`, then print it with `terraform show -json FILE`.",
  }),
  "terraform-plan-version": code<{ file: string }>({
    severity: "error",
    message: ({ file }) => `${file} is a plan in a format that this program does not read`,
    hint: "Formats 0 and 1 are read, of Terraform 0.12 and later and of OpenTofu; a newer dbt-ip-rules may read more",
    meaning: "The `format_version` of Terraform's plan is not one that this program reads.",
    fix: "Use a version of Terraform or OpenTofu that writes format 1, or a newer version of this program.",
  }),
  "terraform-plan-errored": code<{ file: string }>({
    severity: "error",
    message: ({ file }) => `${file} is a plan that ended in an error, so it is not whole`,
    hint: "Fix what terraform plan reports, then plan again",
    meaning: "Terraform itself could not complete the plan.",
    fix: "Fix what `terraform plan` reports, and plan again.",
  }),
  "terraform-plan-damaged": code<{ file: string; address: string; problem: string }>({
    severity: "error",
    message: ({ file, address, problem }) => `${file}: ${address} ${problem}`,
    hint: `Print the plan again: ${show} > plan.json`,
    meaning: "A resource in Terraform's plan has not the shape that the provider gives it.",
    fix: "Print the plan again with `terraform show -json`.",
  }),
  "terraform-rule-twice": code<{ addresses: readonly string[]; id: number }>({
    severity: "error",
    message: ({ addresses, id }) => `${listed(addresses)} are all rule ${id} of the account`,
    hint: "Keep one of them: terraform state rm ADDRESS",
    meaning: "Several resources of Terraform write one rule of the account.",
    fix: "Keep one: `terraform state rm ADDRESS`.",
  }),
  "checks-unreadable": code<{ file: string; reason: string }>({
    severity: "error",
    message: ({ file, reason }) => `Cannot read the checks ${file}: ${reason}`,
    hint: "Name a YAML file with `tests:` and `guards:`, as in docs/from-terraform.md",
    meaning: "The file given with `--checks` cannot be read.",
    fix: "Name a YAML file with `tests:` and `guards:` ([from-terraform.md](from-terraform.md)).",
  }),
  "account-file-unusable": code<{ file: string; problem: string }>({
    severity: "error",
    message: ({ file, problem }) => `${file} ${problem}`,
    hint: "Write it with: dbt-ip-rules show --format json --output account.json",
    meaning: "The file given with `--account-file` is not an account as `show --format json` prints it.",
    fix: "Write it with `dbt-ip-rules show --format json --output account.json`.",
  }),
  "terraform-enforcement": code<Setters & { to: "on" | "off" }>({
    severity: "warning",
    message: ({ to, ...set }) =>
      `Terraform turns enforcement ${to} for the whole account by \`rule_set_enabled\`: ${setters(set)}`,
    hint: ({ to }) =>
      to === "off"
        ? "Every address is then allowed. To leave it on, set `rule_set_enabled = true` in every resource"
        : "Only what is allowed then gets in. To leave it off, set `rule_set_enabled = false` in every resource",
    meaning:
      "A resource sends another `rule_set_enabled` than the account has; where it is not set, the provider sends false. It holds for the whole account.",
    fix: "Give every resource the same `rule_set_enabled`: what the account is to have.",
  }),
  "terraform-enforcement-mixed": code<Setters & { ends: "on" | "off" | "unknown" }>({
    severity: "warning",
    message: ({ ends, ...set }) =>
      set.on.length + set.off.length === 0
        ? `\`rule_set_enabled\` turns enforcement on or off for the whole account: ${setters(set)}`
        : `The values of \`rule_set_enabled\` differ: ${setters(set)}; the last call wins: ${ends}`,
    hint: "It holds for the whole account: give every resource the same `rule_set_enabled`",
    meaning:
      "Resources send different values of `rule_set_enabled`. It holds for the whole account, so the last call decides.",
    fix: "Give every resource the same `rule_set_enabled`.",
  }),
  "terraform-unknown": code<{ address: string; attributes: readonly string[] }>({
    severity: "warning",
    message: ({ address, attributes }) =>
      `${address}: ${attributes.join(", ")} ${attributes.length > 1 ? "are" : "is"} known only after apply`,
    hint: "The figures are bounds: what happens whatever it turns out to be, and all that may happen",
    meaning:
      "Terraform does not know a value before it applies, or marks it as sensitive, so that nobody can say exactly who gains or loses access.",
    fix: "Apply what the value comes from first, and plan again; or write the value itself.",
  }),
  "terraform-deferred": code<{ addresses: readonly string[] }>({
    severity: "warning",
    message: ({ addresses }) => `Terraform has put off ${listed(addresses)} to a later plan`,
    hint: "What it does then is not in this plan",
    meaning: "Terraform has deferred changes of rules, so this plan is not all.",
    fix: "Plan again after the apply.",
  }),
  "terraform-stale": code<{ address: string; differences: readonly string[] }>({
    severity: "warning",
    message: ({ address, differences }) =>
      `${address}: the plan was made for another state than the account has: ${differences.join("; ")}`,
    hint: "Plan again without -refresh=false. The figures are for the account as it is; what nobody can tell is in the bounds",
    meaning: "What Terraform has on record of a rule is not what the account has.",
    fix: "Plan again, without `-refresh=false`.",
  }),
  "terraform-stale-enforcement": code<{ now: "on" | "off" }>({
    severity: "warning",
    message: ({ now }) =>
      `The plan was made when enforcement was ${now === "on" ? "off" : "on"}, and it is ${now} now`,
    hint: "Plan again without -refresh=false",
    meaning: "Terraform has another state of enforcement on record than the account has.",
    fix: "Plan again, without `-refresh=false`.",
  }),
  "terraform-rule-gone": code<{ address: string; id: number; verb: "update" | "delete" }>({
    severity: "warning",
    message: ({ address, id, verb }) =>
      `${address} is to ${verb} rule ${id}, which the account does not have: the call will fail`,
    hint: "Plan again without -refresh=false",
    meaning: "Terraform would write a rule that is no longer on the account.",
    fix: "Plan again, without `-refresh=false`.",
  }),
  "terraform-left-behind": code<{ address: string; rule: string; prefixes: string }>({
    severity: "warning",
    message: ({ address, rule, prefixes }) =>
      `${address} leaves ${prefixes} in rule ${JSON.stringify(rule)}: Terraform does not know of ${many(prefixes) ? "them" : "it"}, and an update only removes what it names`,
    hint: "Plan again without -refresh=false, so that Terraform sees it, or remove it in the dbt platform",
    meaning: "Entries on the account that Terraform does not know of stay there when it updates their rule.",
    fix: "Plan again without `-refresh=false`, or remove them in the dbt platform.",
  }),
  "terraform-stays-disabled": code<{ address: string; prefixes: string }>({
    severity: "warning",
    message: ({ address, prefixes }) =>
      `${address}: ${prefixes} ${is(prefixes)} disabled on the account and ${many(prefixes) ? "stay" : "stays"} so, since Terraform enables no entry`,
    hint: "Enable it in the dbt platform, or with dbt-ip-rules",
    meaning:
      "An entry that Terraform wants is on the account without effect, and the provider cannot enable it.",
    fix: "Enable it in the dbt platform.",
  }),
  "terraform-created-again": code<{ address: string; rule: string; id: number }>({
    severity: "warning",
    message: ({ address, rule, id }) =>
      `${address} creates a second rule ${JSON.stringify(rule)}: the account already has it (id ${id})`,
    hint: ({ address, id }) =>
      `To make it Terraform's: terraform import ${shellWord(address)} ${id}. Of more than 100 rules, the provider does not see those after the first 100`,
    meaning:
      "Terraform creates a rule that the account already has. The provider reads only the first 100 rules, and takes the others for gone.",
    fix: "Import the rule with `terraform import`.",
  }),
  "terraform-range-invalid": code<{ address: string; texts: readonly string[] }>({
    severity: "warning",
    message: ({ address, texts }) =>
      `${address} has ${listed(texts.map((text) => JSON.stringify(text)))}, which ${texts.length > 1 ? "are no ranges" : "is no range"}`,
    hint: "The service does not save it, and Terraform does not notice: the provider never reads `failed_cidrs`",
    meaning:
      "An entry of a resource is not an address or prefix. The service leaves it out, and Terraform does not notice.",
    fix: "Correct it in the configuration.",
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
      "A range moves between an allow and a deny rule. The service refuses it on both at once, and the provider never reads `failed_cidrs`.",
    fix: "Apply in two runs: first take the range out of one rule, then add it to the other.",
  }),
  "terraform-outside": code<{ rules: number }>({
    severity: "note",
    message: ({ rules }) =>
      `${rules === 1 ? "1 rule" : `${rules} rules`} of the account ${rules === 1 ? "is" : "are"} not Terraform's, and ${rules === 1 ? "stays" : "stay"} as ${rules === 1 ? "it is" : "they are"}`,
    hint: "They count in all figures",
    meaning: "The account has rules that no resource of the plan stands for.",
    fix: "Nothing, or import them with `terraform import`.",
  }),
  "terraform-order-blocks": code<Between>({
    severity: "warning",
    message: (args) => between("blocked", args),
    hint: orderHint,
    meaning: orderMeaning,
    fix: orderFix,
  }),
  "terraform-order-allows": code<Between>({
    severity: "warning",
    message: (args) => between("allowed", args),
    hint: orderHint,
    meaning: orderMeaning,
    fix: orderFix,
  }),
  "terraform-lockout": code<Loses>({
    severity: "error",
    message: (args) => loses("blocked", args),
    hint: losesHint,
    meaning:
      "The address that you come from would be blocked by Terraform's plan, or on its way in some order.",
    fix: "Keep it allowed by a rule that the plan does not touch, order the resources with `depends_on`, or use the flag that the message names.",
  }),
  "terraform-must-allow": code<Loses>({
    severity: "error",
    message: (args) => loses("blocked", args),
    hint: losesHint,
    meaning:
      "Terraform's plan would block an address that the checks require to stay allowed, or may in some order.",
    fix: "Change the configuration, order it with `depends_on`, or use the flag that the message names.",
  }),
  "terraform-must-deny": code<Loses>({
    severity: "error",
    message: (args) => loses("allowed", args),
    hint: losesHint,
    meaning:
      "Terraform's plan would allow an address that the checks require to stay blocked, or may in some order.",
    fix: "Change the configuration, order it with `depends_on`, or use the flag that the message names.",
  }),
};
