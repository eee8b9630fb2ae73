/** Random accounts and what Terraform would make of them, as its plan in JSON. */
import type { AccountState } from "../../../src/model/rule.js";
import type { Snapshot } from "../../../src/model/snapshot.js";
import type { Plan } from "../../../src/plan/plan.js";
import { makeTerraformPlan } from "../../../src/plan/terraform/make-terraform-plan.js";
import { readTerraformPlan } from "../../../src/terraform/read-plan.js";
import { planJson, type ResourceSpec } from "../../terraform/plan-json.js";
import type { Pair, Random } from "../small-space.js";
import { snapshotOf } from "../values.js";

export interface Written {
  readonly specs: readonly ResourceSpec[];
  readonly snapshot: Snapshot;
  /** What the account is to be: without a write, Terraform cannot change enforcement. */
  readonly after: AccountState;
}

/** The pair as resources, one a rule; a rule outside Terraform is one that neither side changes. */
export const written = ({ before, after, renames }: Pair, random: Random, dependencies = false): Written => {
  const snapshot = snapshotOf(before);
  const names = new Map(after.rules.map((rule) => [renames.get(rule.name) ?? rule.name, rule]));
  const [enforced, wasEnforced] = [after.enforcement === "enabled", before.enforcement === "enabled"];
  const rest = [...names].filter(([name]) => !before.rules.some((rule) => rule.name === name));
  const pairs = [
    ...before.rules.map((rule, index) => ({ id: 100 + index, before: rule, after: names.get(rule.name) })),
    ...rest.map(([, rule], index) => ({ id: 900 + index, before: undefined, after: rule })),
  ];
  const specs = pairs.map(({ id, before: was, after: is }, index): ResourceSpec => {
    const dependsOn = dependencies
      ? pairs.slice(0, index).flatMap((_, at) => (random.chance(30) ? [`r${at}`] : []))
      : [];
    return {
      name: `r${index}`,
      id,
      ...(was === undefined ? {} : { before: was }),
      ...(is === undefined ? {} : { after: is }),
      ...{ enforced, wasEnforced, dependsOn },
    };
  });
  const isWritten = after.rules.length > 0;
  const changes =
    isWritten &&
    specs.some(
      ({ before: was, after: is }) =>
        is !== undefined &&
        (was === undefined ||
          JSON.stringify(was, text) !== JSON.stringify(is, text) ||
          enforced !== wasEnforced),
    );
  const enforcement = changes ? after.enforcement : before.enforcement;
  return { specs, snapshot, after: { ...after, enforcement } };
};

const text = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);

const planOf = (document: unknown, snapshot: Snapshot): Plan => {
  const read = readTerraformPlan(JSON.stringify(document), "plan.json");
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostic));
  const { plan, diagnostics } = makeTerraformPlan({ terraform: read.plan, snapshot });
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return plan;
};

export const planOfSpecs = (specs: readonly ResourceSpec[], snapshot: Snapshot): Plan =>
  planOf(planJson(specs), snapshot);
