/** Plans as `terraform show -json` prints them, from rules before and after: in the shape of the provider's resources. */
import { formatPrefix } from "../../src/address/prefix.js";
import type { Rule } from "../../src/model/rule.js";

export interface ResourceSpec {
  /** `site["oslo"]`; behind a module's path where there is one. */
  readonly name: string;
  readonly module?: string;
  readonly id: number;
  readonly before?: Rule;
  readonly after?: Rule;
  /** Of a change that is no plain create, update or delete. */
  readonly actions?: readonly string[];
  readonly enforced: boolean;
  readonly wasEnforced?: boolean;
  /** Names of resources. */
  readonly dependsOn?: readonly string[];
}

export const type = "dbtcloud_ip_restrictions_rule";

const side = (
  rule: Rule | undefined,
  {
    id,
    ids,
    enforced,
  }: { readonly id?: number; readonly ids: ReadonlyMap<string, number>; readonly enforced: boolean },
) =>
  rule === undefined
    ? null
    : {
        ...(id === undefined ? {} : { id }),
        name: rule.name,
        type: rule.type,
        description: rule.description === "" ? null : rule.description,
        rule_set_enabled: enforced,
        cidrs: rule.prefixes.map((prefix) => {
          const cidr = formatPrefix(prefix);
          const own = ids.get(cidr);
          return own === undefined ? { cidr } : { cidr, id: own, ip_restriction_rule_id: id };
        }),
      };

export const change = (spec: ResourceSpec) => {
  const { name, module, id, before, after, enforced, wasEnforced = enforced } = spec;
  const known = new Map(
    (before?.prefixes ?? []).map((prefix, index) => [formatPrefix(prefix), 1000 * id + index]),
  );
  const [was, is] = [
    side(before, { id, ids: known, enforced: wasEnforced }),
    side(after, { ...(before === undefined ? {} : { id }), ids: known, enforced }),
  ];
  const same = JSON.stringify(was) === JSON.stringify(is);
  const plain = before === undefined ? "create" : after === undefined ? "delete" : same ? "no-op" : "update";
  return {
    address: `${module === undefined ? "" : `${module}.`}${type}.${name}`,
    mode: "managed",
    type,
    name: name.replace(/\[.*/, ""),
    change: {
      actions: spec.actions ?? [plain],
      before: was,
      after: is,
      after_unknown: before === undefined ? { id: true } : {},
      before_sensitive: before === undefined ? false : { cidrs: before.prefixes.map(() => ({})) },
      after_sensitive: after === undefined ? false : { cidrs: after.prefixes.map(() => ({})) },
    },
  };
};

/** A whole plan of these resources, with what they depend on in the configuration and on record. */
export const planJson = (specs: readonly ResourceSpec[], more: Readonly<Record<string, unknown>> = {}) => ({
  format_version: "1.2",
  terraform_version: "1.11.4",
  planned_values: { root_module: {} },
  resource_changes: specs.map(change),
  prior_state: {
    format_version: "1.0",
    values: {
      root_module: {
        resources: specs
          .filter(({ before }) => before !== undefined)
          .map(({ name, dependsOn = [] }) => ({
            address: `${type}.${name}`,
            mode: "managed",
            type,
            depends_on: dependsOn.map((one) => `${type}.${one}`),
          })),
      },
    },
  },
  configuration: {
    root_module: {
      resources: specs
        .filter(({ after }) => after !== undefined)
        .map(({ name, dependsOn = [] }) => ({
          address: `${type}.${name}`,
          mode: "managed",
          type,
          name: name.replace(/\[.*/, ""),
          expressions: { name: { constant_value: "x" } },
          depends_on: dependsOn.map((one) => `${type}.${one}`),
        })),
    },
  },
  errored: false,
  ...more,
});
