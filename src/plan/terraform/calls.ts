/**
 * From Terraform's plan and the account as it is to the calls that Terraform will make, and what is to be said of each.
 * The account decides what is there before; the plan says what is sent.
 */
import { prefixKey } from "../../address/prefix.js";
import { listPrefixes } from "../../model/address-words.js";
import { type Diagnostic, diagnostic } from "../../model/diagnostic.js";
import type { Snapshot, SnapshotRule } from "../../model/snapshot.js";
import { comesFirst } from "../../terraform/graph.js";
import type { TerraformChange, TerraformPlan, TerraformRule } from "../../terraform/plan.js";
import { prefixesOf, prefixKeys } from "../state.js";
import { created, mergeEntries, type RuleVersion, updated, versionOf } from "./rule-version.js";

export interface RuleCall {
  readonly verb: "create" | "update" | "delete";
  readonly change: TerraformChange;
  readonly before: RuleVersion | undefined;
  readonly after: RuleVersion | undefined;
  readonly sets?: "on" | "off" | "unknown";
  readonly waitsFor: readonly number[];
}

export interface TerraformCalls {
  readonly calls: readonly RuleCall[];
  /** Rules of the account that no call touches. */
  readonly others: readonly {
    readonly rule: SnapshotRule;
    readonly version: RuleVersion;
    readonly isTerraforms: boolean;
  }[];
  readonly diagnostics: readonly Diagnostic[];
}

const word = (enforced: boolean): "on" | "off" => (enforced ? "on" : "off");

const setsOf = ({ enforced }: TerraformRule): "on" | "off" | "unknown" =>
  enforced === undefined ? "unknown" : word(enforced);

/** How Terraform's record of a rule differs from the account; empty where it does not. */
const differencesOf = (before: TerraformRule, rule: SnapshotRule): readonly string[] => {
  const onAccount = [...rule.entries, ...(rule.disabled ?? [])];
  const [record, account] = [prefixKeys(prefixesOf(before.entries)), prefixKeys(prefixesOf(onAccount))];
  const more = prefixesOf(onAccount).filter((prefix) => !record.has(prefixKey(prefix)));
  const fewer = prefixesOf(before.entries).filter((prefix) => !account.has(prefixKey(prefix)));
  const differs = <T>(a: T | undefined, b: T): boolean => a !== undefined && a !== b;
  return [
    ...(differs(before.name, rule.name) ? [`its name is ${JSON.stringify(rule.name)}`] : []),
    ...(differs(before.type, rule.type) ? [`its type is ${rule.type}`] : []),
    ...(before.unknownEntries === "none" && more.length > 0 ? [`it also has ${listPrefixes(more)}`] : []),
    ...(fewer.length > 0 ? [`it no longer has ${listPrefixes(fewer)}`] : []),
  ];
};

/** Said once: all rules show the same. */
const staleEnforcement = (
  changes: readonly TerraformChange[],
  { enforcement }: Snapshot,
): readonly Diagnostic[] => {
  if (enforcement === "unknown") return [];
  const isOn = enforcement === "enabled";
  const differs = changes.some(({ before }) => before?.enforced !== undefined && before.enforced !== isOn);
  return differs ? [diagnostic("terraform-stale-enforcement", { now: word(isOn) })] : [];
};

/** What there is to say of an update before anybody looks at access. */
const updateNotes = (
  { address, before, after }: TerraformChange,
  rule: SnapshotRule,
): readonly Diagnostic[] => {
  if (after === undefined) return [];
  const { left } = mergeEntries(rule.entries, before, after);
  const wanted = prefixKeys(prefixesOf(after.entries));
  const off = prefixesOf(rule.disabled ?? []).filter((prefix) => wanted.has(prefixKey(prefix)));
  return [
    ...(left.length === 0
      ? []
      : [
          diagnostic("terraform-left-behind", {
            address,
            rule: rule.name,
            prefixes: listPrefixes(prefixesOf(left)),
          }),
        ]),
    ...(off.length === 0
      ? []
      : [diagnostic("terraform-stays-disabled", { address, prefixes: listPrefixes(off) })]),
  ];
};

const afterNotes = (
  { address, action, after }: TerraformChange,
  rules: readonly SnapshotRule[],
): readonly Diagnostic[] => {
  if (after === undefined || action === "none" || action === "forget") return [];
  const again = action === "create" ? rules.find(({ name }) => name === after.name) : undefined;
  return [
    ...(after.unknown.length === 0
      ? []
      : [diagnostic("terraform-unknown", { address, attributes: after.unknown })]),
    ...(again === undefined
      ? []
      : [diagnostic("terraform-created-again", { address, rule: again.name, id: again.id })]),
    ...(after.invalid.length === 0
      ? []
      : [diagnostic("terraform-range-invalid", { address, texts: after.invalid })]),
  ];
};

type Unordered = Omit<RuleCall, "waitsFor">;

/** The calls of one change, in the order in which they come. */
const callsOf = (change: TerraformChange, rule: SnapshotRule | undefined): readonly Unordered[] => {
  const { action, address, before, after } = change;
  const create = (): Unordered[] =>
    after === undefined
      ? []
      : [{ verb: "create", change, before: undefined, after: created(after, address), sets: setsOf(after) }];
  const remove = (): Unordered[] =>
    rule === undefined ? [] : [{ verb: "delete", change, before: versionOf(rule), after: undefined }];
  switch (action) {
    case "create":
      return create();
    case "update":
      return rule === undefined || after === undefined
        ? []
        : [
            {
              verb: "update",
              change,
              before: versionOf(rule),
              after: updated(rule, before, after),
              sets: setsOf(after),
            },
          ];
    case "delete":
      return remove();
    case "replace":
      return [...remove(), ...create()];
    case "replace-first-create":
      return [...create(), ...remove()];
    default:
      return [];
  }
};

const repeated = (changes: readonly TerraformChange[]): readonly Diagnostic[] => {
  const byId = new Map<number, string[]>();
  for (const { action, address, before } of changes)
    if (before?.id !== undefined && action !== "none" && action !== "forget" && action !== "create")
      byId.set(before.id, [...(byId.get(before.id) ?? []), address]);
  return [...byId]
    .filter(([, addresses]) => addresses.length > 1)
    .map(([id, addresses]) => diagnostic("terraform-rule-twice", { addresses, id }));
};

/** What the plan will do to the account, with the order that its graph asks for. An error among the diagnostics ends it. */
export const terraformCalls = (
  { changes, deferred, graph }: TerraformPlan,
  snapshot: Snapshot,
): TerraformCalls => {
  const byId = new Map(snapshot.rules.map((rule) => [rule.id, rule]));
  const found: Diagnostic[] = [...repeated(changes)];
  const calls: Unordered[] = [];
  const touched = new Set<number>();
  const terraforms = new Set<number>();
  for (const change of changes) {
    const id = change.action === "create" ? undefined : change.before?.id;
    const rule = id === undefined ? undefined : byId.get(id);
    if (rule !== undefined && change.action !== "forget") terraforms.add(rule.id);
    found.push(...notesOn(change, rule, snapshot));
    const own = callsOf(change, rule);
    if (rule !== undefined && own.some(({ before }) => before !== undefined)) touched.add(rule.id);
    calls.push(...own);
  }
  found.push(...staleEnforcement(changes, snapshot));
  if (deferred.length > 0) found.push(diagnostic("terraform-deferred", { addresses: deferred }));
  const others = snapshot.rules
    .filter(({ id }) => !touched.has(id))
    .map((rule) => ({ rule, version: versionOf(rule), isTerraforms: terraforms.has(rule.id) }));
  const outside = others.filter(({ isTerraforms }) => !isTerraforms).length;
  if (outside > 0) found.push(diagnostic("terraform-outside", { rules: outside }));
  const waits = comesFirst(calls, graph);
  return {
    calls: calls.map((call, index) => ({ ...call, waitsFor: waits[index] ?? [] })),
    others,
    diagnostics: found,
  };
};

const notesOn = (
  change: TerraformChange,
  rule: SnapshotRule | undefined,
  snapshot: Snapshot,
): readonly Diagnostic[] => {
  const { action, address, before } = change;
  const notes = [...afterNotes(change, snapshot.rules)];
  if (before?.id === undefined || action === "create") return notes;
  const verb =
    action === "delete" || action === "replace" || action === "replace-first-create" ? "delete" : "update";
  if (rule === undefined)
    return action === "none" || action === "forget"
      ? [
          ...notes,
          diagnostic("terraform-stale", { address, differences: [`rule ${before.id} is not on it`] }),
        ]
      : [...notes, diagnostic("terraform-rule-gone", { address, id: before.id, verb })];
  const differences = differencesOf(before, rule);
  return [
    ...(differences.length === 0 ? [] : [diagnostic("terraform-stale", { address, differences })]),
    ...(action === "update" ? updateNotes(change, rule) : []),
    ...notes,
  ];
};
