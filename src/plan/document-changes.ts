/** Changes and steps as they stand in the document of a plan. */
import { formatPrefix, prefixKey } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import { patchOf } from "./diff-states.js";
import { accessAsDocument, cidrs, disturbanceAsDocument } from "./document-values.js";
import type { AccessChange, Change, Plan, PlannedStep, Step } from "./plan.js";

interface ChangeFields {
  readonly action: "create" | "update" | "delete" | "enable" | "disable";
  readonly rule?: string;
  readonly renamed_from?: string;
  readonly type?: string;
  readonly reason?: string;
  readonly cidrs_added: string[];
  readonly cidrs_removed: string[];
}

const changeFields = (change: Change): ChangeFields => {
  switch (change.kind) {
    case "create":
      return {
        action: "create",
        rule: change.rule.name,
        type: change.rule.type,
        cidrs_added: cidrs(change.rule.prefixes),
        cidrs_removed: [],
      };
    case "update": {
      const { before, after, added, removed } = change;
      return {
        action: "update",
        rule: after.name,
        ...(before.name === after.name ? {} : { renamed_from: before.name }),
        type: after.type,
        cidrs_added: cidrs(added),
        cidrs_removed: cidrs(removed),
      };
    }
    case "delete":
      return {
        action: "delete",
        rule: change.rule.name,
        type: change.rule.type,
        reason: change.reason,
        cidrs_added: [],
        cidrs_removed: cidrs(change.rule.prefixes),
      };
    case "enforcement":
      return {
        action: change.after === "enabled" ? "enable" : "disable",
        cidrs_added: [],
        cidrs_removed: [],
      };
    default:
      return assertNever(change);
  }
};

type ExpiredOf = ReadonlyMap<string, Plan["expired"]>;

export const expiredByRule = (plan: Plan): ExpiredOf => {
  const byRule = new Map<string, Plan["expired"][number][]>();
  for (const one of plan.expired) byRule.set(one.rule, [...(byRule.get(one.rule) ?? []), one]);
  return byRule;
};

/** Why entries of this change go: their date has come. */
const expiredIn = (change: Change, expired: ExpiredOf) => {
  if (change.kind !== "update") return [];
  const removed = new Set(change.removed.map(prefixKey));
  return (expired.get(change.after.name) ?? [])
    .filter(({ prefix }) => removed.has(prefixKey(prefix)))
    .map(({ prefix, expires }) => ({ cidr: formatPrefix(prefix), expires }));
};

/** A difference by itself, of no plan: what is left to do, or what somebody else did. */
export const looseChangeAsDocument = (change: Change) => ({
  ...changeFields(change),
  patch: patchOf(change),
});

export const changeAsDocument = (change: Change, access: AccessChange, expired: ExpiredOf) => ({
  ...looseChangeAsDocument(change),
  expired: expiredIn(change, expired),
  access_change: accessAsDocument(access),
});

const stepFields = (step: Step) => {
  switch (step.kind) {
    case "create":
      return {
        action: "create",
        rule: step.rule.name,
        type: step.rule.type,
        description: step.rule.description,
        cidrs_added: cidrs(step.rule.prefixes),
      };
    case "update":
      return {
        action: "update",
        rule: step.name,
        becomes: step.becomes,
        cidrs_added: cidrs(step.add),
        cidrs_removed: cidrs(step.remove),
      };
    case "delete":
      return { action: "delete", rule: step.name };
    case "enforcement":
      return { action: step.enabled ? "enable" : "disable" };
    default:
      return assertNever(step);
  }
};

export const stepAsDocument = ({ number, step, access, disturbs, stateHash }: PlannedStep) => ({
  number,
  ...stepFields(step),
  access_change: accessAsDocument(access),
  disturbs: disturbanceAsDocument(disturbs),
  state_hash: stateHash,
});
