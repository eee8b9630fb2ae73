/**
 * In which order Terraform has to work: what the `configuration` of a plan refers to, followed through variables, outputs,
 * modules and resources of any type, of which nothing but these references is looked at. An edge that cannot be followed is
 * left out, so that more orders seem possible than are, never fewer.
 */
import { listOf, member, membersOf, textOf } from "../model/json.js";
import { ruleResource, type TerraformChange, type TerraformGraph } from "./plan.js";

/** `module.a["x"].t.n[0]` without its instances: `module.a.t.n`. */
export const withoutInstances = (address: string): string =>
  address.replace(/\[(?:"(?:[^"\\]|\\.)*"|\d+)\]/g, "");

/** By node: a resource, `var.`, an output or a whole module, each behind the path of its module. */
class Edges {
  readonly #targets = new Map<string, Set<string>>();
  isWhole = true;

  add(from: string, to: string): void {
    const targets = this.#targets.get(from) ?? new Set();
    targets.add(to);
    this.#targets.set(from, targets);
  }

  addAll(from: string, to: Iterable<string>): void {
    for (const target of to) this.add(from, target);
  }

  /** The rules among all that a node reaches. */
  rulesFrom(start: string): ReadonlySet<string> {
    const seen = new Set([start]);
    const waiting = [start];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop())
      for (const target of this.#targets.get(node) ?? [])
        if (!seen.has(target)) {
          seen.add(target);
          waiting.push(target);
        }
    seen.delete(start);
    return new Set([...seen].filter(isRule));
  }
}

/** Of a managed resource: a data source of the same type would have `data.` in front. */
const isRule = (node: string): boolean =>
  new RegExp(`^(?:module\\.[^.]+\\.)*${ruleResource}\\.[^.]+$`).test(node);

/** All that an expression refers to, however deep it is nested: every `references` under it. */
function* referencesIn(expression: unknown): Iterable<string> {
  const waiting = [expression];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (Array.isArray(value)) waiting.push(...value);
    for (const [key, inner] of membersOf(value))
      if (key === "references") yield* listOf(inner).flatMap((one) => textOf(one) ?? []);
      else if (key !== "constant_value") waiting.push(inner);
  }
}

const outsideOfGraph = new Set(["each", "count", "path", "self", "terraform"]);

/** The nodes that references of a module's expressions mean. `module.m` next to `module.m.out` only repeats it. */
const nodesOf = (references: Iterable<string>, path: string, edges: Edges): readonly string[] => {
  const all = [...references].map((one) => withoutInstances(one).split("."));
  const ofOutputs = new Set(
    all.flatMap(([kind, name, output]) => (kind === "module" && output ? [name] : [])),
  );
  return all.flatMap((parts): string[] => {
    const [kind = "", name = "", third] = parts;
    if (kind === "local") edges.isWhole = false;
    if (kind === "local" || outsideOfGraph.has(kind) || name === "") return [];
    if (kind === "module") {
      if (third !== undefined) return [`${path}module.${name}.output.${third}`];
      return ofOutputs.has(name) ? [] : [`${path}module.${name}.outputs`];
    }
    if (kind === "data") return third === undefined ? [] : [`${path}data.${name}.${third}`];
    return [`${path}${kind}.${name}`];
  });
};

/** What `depends_on` names; a module in it is all that the module holds. */
const namedNodes = (dependsOn: unknown, path: string): readonly string[] =>
  listOf(dependsOn).flatMap((one) => {
    const [kind = "", name = "", third] = withoutInstances(textOf(one) ?? "").split(".");
    if (name === "") return [];
    if (kind === "module") return [`${path}module.${name}.all`];
    return [kind === "data" ? `${path}data.${name}.${third ?? ""}` : `${path}${kind}.${name}`];
  });

const readModule = (module: unknown, path: string, inherited: readonly string[], edges: Edges): void => {
  const whole = path.replace(/\.$/, ".all");
  for (const resource of listOf(member(module, "resources"))) {
    const [type, name] = [textOf(member(resource, "type")), textOf(member(resource, "name"))];
    if (type === undefined || name === undefined) continue;
    const node = `${path}${member(resource, "mode") === "data" ? "data." : ""}${type}.${name}`;
    const expressions = ["expressions", "count_expression", "for_each_expression"].map((key) =>
      member(resource, key),
    );
    edges.addAll(node, nodesOf(referencesIn(expressions), path, edges));
    edges.addAll(node, namedNodes(member(resource, "depends_on"), path));
    edges.addAll(node, inherited);
    if (path !== "") edges.add(whole, node);
  }
  for (const [name, output] of membersOf(member(module, "outputs"))) {
    const node = path === "" ? `output.${name}` : `${path}output.${name}`;
    edges.addAll(node, nodesOf(referencesIn(member(output, "expression")), path, edges));
    edges.addAll(node, namedNodes(member(output, "depends_on"), path));
    if (path !== "") edges.add(`${path}outputs`, node);
  }
  for (const [name, call] of membersOf(member(module, "module_calls"))) {
    const inner = `${path}module.${name}.`;
    for (const [variable, expression] of membersOf(member(call, "expressions")))
      edges.addAll(`${inner}var.${variable}`, nodesOf(referencesIn(expression), path, edges));
    const repeats = [member(call, "count_expression"), member(call, "for_each_expression")];
    const own = [
      ...inherited,
      ...namedNodes(member(call, "depends_on"), path),
      ...nodesOf(referencesIn(repeats), path, edges),
    ];
    if (path !== "") edges.add(whole, `${inner}all`);
    readModule(member(call, "module"), inner, own, edges);
  }
};

/** Of the rules alone: what Terraform has on record that each depends on. */
const recordedIn = (module: unknown, found: Map<string, Set<string>>): void => {
  for (const resource of listOf(member(module, "resources"))) {
    if (member(resource, "type") !== ruleResource || member(resource, "mode") === "data") continue;
    const node = withoutInstances(textOf(member(resource, "address")) ?? "");
    const known = found.get(node) ?? new Set();
    for (const one of listOf(member(resource, "depends_on"))) {
      const target = withoutInstances(textOf(one) ?? "");
      if (isRule(target)) known.add(target);
    }
    found.set(node, known);
  }
  for (const child of listOf(member(module, "child_modules"))) recordedIn(child, found);
};

/** `document`: the whole plan, of which `configuration` and the dependencies in `prior_state` are read. */
export const graphOf = (document: unknown, rules: Iterable<string>): TerraformGraph => {
  const edges = new Edges();
  readModule(member(member(document, "configuration"), "root_module"), "", [], edges);
  const onRecord = new Map<string, Set<string>>();
  recordedIn(member(member(member(document, "prior_state"), "values"), "root_module"), onRecord);
  const dependsOn = new Map([...new Set(rules)].map((rule) => [rule, edges.rulesFrom(rule)] as const));
  return { dependsOn, onRecord, isWhole: edges.isWhole };
};

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

/**
 * For each call, the indices of those that come before it, by the rules of Terraform's graph
 * (https://github.com/hashicorp/terraform/blob/main/docs/destroying.md):
 *
 * - what depends on a resource is written after it, and deleted before it;
 * - a resource that is replaced is deleted, then created; by `create_before_destroy` it is created, and deleted once
 *   what depends on it is written.
 *
 * Only what is certain is said: an order that Terraform would not take may seem free, never the other way round.
 */
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
