/**
 * What a plan of Terraform or OpenTofu says of the account's rules. Only resources of one type are in it: the rest of the
 * file may hold secrets. What Terraform does not know before it applies, or marks as sensitive, is absent here.
 */
import type { Prefix } from "../address/prefix.js";
import type { RuleType } from "../model/rule.js";

/** The one type of resource that is read. */
export const ruleResource = "dbtcloud_ip_restrictions_rule";

interface TerraformEntry {
  /** The service's; absent for one that is new. */
  readonly id?: number;
  readonly prefix: Prefix;
  /** As written. */
  readonly text: string;
}

/** One side of a change: the state that Terraform has on record, or what it is to become. */
export interface TerraformRule {
  /** Absent before the rule is created. */
  readonly id?: number;
  /** Absent: not known. */
  readonly name?: string;
  /** Absent: not known. */
  readonly type?: RuleType;
  /** Absent: not known. */
  readonly description?: string;
  /** `rule_set_enabled`, which every write sends for the whole account; absent: not known. */
  readonly enforced?: boolean;
  readonly entries: readonly TerraformEntry[];
  /** Further entries of which no range is known: none, so many at least, or a list that may be empty. */
  readonly unknownEntries: "none" | "some" | "any";
  /** What no service would save, as written. */
  readonly invalid: readonly string[];
  /** The attributes that are not known: `name`, `cidrs[1].cidr`. */
  readonly unknown: readonly string[];
}

/** `replace-first-create`: the new rule is made before the old one is deleted. */
export type TerraformAction =
  | "none"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "replace-first-create"
  /** Terraform forgets the rule, which stays on the account. */
  | "forget";

export interface TerraformChange {
  /** As Terraform writes it: `module.sites["oslo"].dbtcloud_ip_restrictions_rule.site[0]`. */
  readonly address: string;
  /** The same without instances: what a configuration refers to. */
  readonly resource: string;
  readonly action: TerraformAction;
  readonly before?: TerraformRule;
  readonly after?: TerraformRule;
}

/** What has to wait for what; both by `resource`. */
export interface TerraformGraph {
  /** By its configuration: the resources that a resource refers to or depends on, over any others between them. */
  readonly dependsOn: ReadonlyMap<string, ReadonlySet<string>>;
  /** The same as Terraform has it on record: what is deleted goes by this. */
  readonly onRecord: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether all references could be followed; a plan does not show what its local values refer to. */
  readonly isWhole: boolean;
}

export interface TerraformPlan {
  readonly changes: readonly TerraformChange[];
  /** Resources whose change Terraform has put off to a later plan. */
  readonly deferred: readonly string[];
  readonly graph: TerraformGraph;
}
