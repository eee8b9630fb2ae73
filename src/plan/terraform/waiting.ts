/**
 * Which call of Terraform waits for which, by the rules of its graph
 * (https://github.com/hashicorp/terraform/blob/main/docs/destroying.md):
 *
 * - what depends on a resource is written after it, and deleted before it;
 * - a resource that is replaced is deleted, then created; by `create_before_destroy` it is created, and deleted once
 *   what depends on it is written.
 *
 * Only what is certain is said: an order that Terraform would not take may seem free, never the other way round.
 */
import type { TerraformChange, TerraformGraph } from "../../terraform/plan.js";

interface Call {
  readonly verb: "create" | "update" | "delete";
  readonly change: TerraformChange;
}

const waitsFor = (call: Call, other: Call, { dependsOn, onRecord }: TerraformGraph): boolean => {
  const [own, others] = [call.change.resource, other.change.resource];
  if (call.change === other.change)
    return (call.verb === "delete") === (call.change.action === "replace-first-create");
  if (own === others) return false;
  if (call.verb !== "delete") return other.verb !== "delete" && dependsOn.get(own)?.has(others) === true;
  if (other.verb === "delete") return onRecord.get(others)?.has(own) === true;
  return call.change.action === "replace-first-create" && dependsOn.get(others)?.has(own) === true;
};

/** For each call, the indices of those that come before it. */
export const comesFirst = (calls: readonly Call[], graph: TerraformGraph): readonly (readonly number[])[] => {
  const waits = calls.map((call) =>
    calls.flatMap((other, index) => (other !== call && waitsFor(call, other, graph) ? [index] : [])),
  );
  // A graph of Terraform's has no circle; of a file that has one, no order is believed.
  return isOrder(waits) ? waits : waits.map(() => []);
};

const isOrder = (waits: readonly (readonly number[])[]): boolean => {
  const done = new Set<number>();
  for (let before = -1; before < done.size && done.size < waits.length; ) {
    before = done.size;
    for (const [call, needs] of waits.entries()) if (needs.every((need) => done.has(need))) done.add(call);
  }
  return done.size === waits.length;
};
