/** What is read of Terraform's plan, and what is never repeated of it. */
import { describe, expect, it } from "vitest";
import { formatPrefix } from "../../src/address/prefix.js";
import { fullText } from "../../src/model/diagnostic.js";
import { withoutInstances } from "../../src/terraform/graph.js";
import { readTerraformPlan } from "../../src/terraform/read-plan.js";
import { rule } from "../plan/values.js";
import { planJson, type } from "./plan-json.js";

// biome-ignore lint/suspicious/noExplicitAny: plans of every shape
type Json = any;

const read = (document: unknown) => {
  const found = readTerraformPlan(JSON.stringify(document), "plan.json");
  if (!found.ok) throw new Error(fullText(found.diagnostic));
  return found.plan;
};
const refused = (text: string): string => {
  const found = readTerraformPlan(text, "plan.json");
  return found.ok ? "" : `${found.diagnostic.code}: ${fullText(found.diagnostic)}`;
};

const office = rule("Office", "allow", "192.0.2.0/24", "2001:db8::/32");
const plan = (): Json =>
  planJson([
    { name: "office", id: 7, before: office, after: rule("Office", "allow", "192.0.2.0/24"), enforced: true },
    { name: 'site["a.b"]', id: 8, after: rule("Site", "deny", "198.51.100.0/24"), enforced: false },
  ]);

describe("a plan", () => {
  it("each resource with both sides, and what its write sends", () => {
    const { changes } = read(plan());
    expect(changes.map(({ address, resource, action }) => [address, resource, action])).toEqual([
      [`${type}.office`, `${type}.office`, "update"],
      [`${type}.site["a.b"]`, `${type}.site`, "create"],
    ]);
    expect(changes[0]?.before?.entries.map(({ prefix, id }) => [formatPrefix(prefix), id])).toEqual([
      ["192.0.2.0/24", 7000],
      ["2001:db8::/32", 7001],
    ]);
    expect(changes.map(({ after }) => after?.enforced)).toEqual([true, false]);
  });

  it("what is known only after apply, or is sensitive, is not known", () => {
    const document = plan();
    const { change } = document.resource_changes[1];
    change.after.cidrs.push({});
    change.after_unknown = { id: true, cidrs: [{}, { cidr: true }], rule_set_enabled: true };
    change.after_sensitive = { name: true };
    const after = read(document).changes[1]?.after;
    expect(after).toMatchObject({ unknownEntries: "some", type: "deny" });
    expect(after?.unknown).toEqual(["name (sensitive)", "rule_set_enabled", "cidrs[1].cidr"]);
    expect([after?.name, after?.enforced]).toEqual([undefined, undefined]);
    change.after_unknown = { cidrs: true };
    expect(read(document).changes[1]?.after).toMatchObject({ entries: [], unknownEntries: "any" });
  });

  it("`rule_set_enabled` that is not set is sent as false", () => {
    const document = plan();
    for (const value of [null, undefined]) {
      document.resource_changes[0].change.after.rule_set_enabled = value;
      expect(read(document).changes[0]?.after?.enforced).toBe(false);
    }
  });

  it.each([
    [["delete", "create"], "replace"],
    [["create", "delete"], "replace-first-create"],
    [["forget"], "forget"],
    [["no-op"], "none"],
  ])("%j is %s", (actions, action) => {
    const document = plan();
    document.resource_changes[0].change.actions = actions;
    expect(read(document).changes[0]?.action).toBe(action);
  });

  it("data sources and other types are passed over", () => {
    const document = plan();
    document.resource_changes[0].mode = "data";
    document.resource_changes[1].type = "terraform_data";
    expect(read(document).changes).toEqual([]);
  });
});

describe("what is no plan is said, and nothing of it repeated", () => {
  const secret = "hunter2-s3cr3t";
  it.each([
    ["a saved plan", `PK\u0003\u0004${secret}`, "terraform-not-a-plan"],
    ["no JSON", `{"resource_changes": ${secret}`, "terraform-not-a-plan"],
    ["a log", `{"@level":"info","@message":"${secret}"}\n{"@level":"info"}\n`, "terraform-not-a-plan"],
    ["a state", JSON.stringify({ format_version: "1.0", values: { secret } }), "terraform-not-a-plan"],
    ["a list", JSON.stringify([secret]), "terraform-not-a-plan"],
    [
      "a later format",
      JSON.stringify({ ...plan(), format_version: `2.${secret}` }),
      "terraform-plan-version",
    ],
    ["an errored plan", JSON.stringify({ ...plan(), errored: true, secret }), "terraform-plan-errored"],
  ])("%s", (_, text, code) => {
    const said = refused(text);
    expect(said).toMatch(new RegExp(`^${code}: `));
    expect(said).not.toContain(secret);
  });

  it.each<[string, (change: Json) => void]>([
    ["a type", (change) => Object.assign(change.after, { type: secret })],
    ["cidrs", (change) => Object.assign(change.after, { cidrs: secret })],
    ["a cidr", (change) => Object.assign(change.after, { cidrs: [{ cidr: { secret } }] })],
    ["a side", (change) => Object.assign(change, { after: secret })],
    ["actions", (change) => Object.assign(change, { actions: [secret] })],
    ["an id", (change) => Object.assign(change.before, { id: secret })],
    ["the switch", (change) => Object.assign(change.after, { rule_set_enabled: secret })],
    ["no id", (change) => Object.assign(change.before, { id: null })],
  ])("a resource whose shape is wrong: %s", (_, breakIt) => {
    const document = plan();
    breakIt(document.resource_changes[0].change);
    const said = refused(JSON.stringify(document));
    expect(said).toMatch(new RegExp(`^terraform-plan-damaged: plan.json: ${type}.office `));
    expect(said).not.toContain(secret);
  });
});

describe("the graph", () => {
  const resource = (name: string, more: object = {}, kind = type) => ({
    address: `${kind}.${name}`,
    mode: "managed",
    type: kind,
    name,
    expressions: {},
    ...more,
  });
  const references = (...all: string[]) => ({ cidrs: { references: all } });
  const graph = (root: object, rules: string[]) => {
    const changes = rules.map((address) => ({
      ...planJson([{ name: "x", id: 1, after: office, enforced: true }]).resource_changes[0],
      address,
    }));
    return read({ ...plan(), resource_changes: changes, configuration: { root_module: root } }).graph;
  };
  const [a, b] = [`${type}.a`, `${type}.b`];

  it("a reference, over a resource of another type, and depends_on", () => {
    const other = resource("o", { expressions: references(`${b}.id`, b) }, "terraform_data");
    const over = graph(
      {
        resources: [
          resource("a", { expressions: references("terraform_data.o.output") }),
          resource("b"),
          other,
        ],
      },
      [a, b],
    );
    expect(over.dependsOn.get(a)).toEqual(new Set([b]));
    expect(over.dependsOn.get(b)).toEqual(new Set());
    const named = graph({ resources: [resource("a", { depends_on: [b] }), resource("b")] }, [a, b]);
    expect(named.dependsOn.get(a)).toEqual(new Set([b]));
  });

  it("through a module: its variables, its outputs, and the module itself", () => {
    const inner = `module.m.${type}.a`;
    const root = {
      resources: [resource("b"), resource("c", { expressions: references("module.m.out", "module.m") })],
      module_calls: {
        m: {
          expressions: { range: { references: [`${b}.name`, b] } },
          module: {
            resources: [resource("a", { expressions: references("var.range") }), resource("d")],
            outputs: { out: { expression: { references: [`${a}.id`, a] } } },
          },
        },
      },
    };
    const { dependsOn, isWhole } = graph(root, [inner, `module.m.${type}.d`, b, `${type}.c`]);
    expect(dependsOn.get(inner)).toEqual(new Set([b]));
    expect(dependsOn.get(`${type}.c`)).toEqual(new Set([inner, b]));
    expect(dependsOn.get(`module.m.${type}.d`)).toEqual(new Set());
    expect(isWhole).toBe(true);
  });

  it("depends_on a module is on all that it holds, and of a module for all that it holds", () => {
    const root = {
      resources: [resource("c", { depends_on: ["module.m"] }), resource("b")],
      module_calls: { m: { depends_on: [b], module: { resources: [resource("a")] } } },
    };
    const { dependsOn } = graph(root, [`${type}.c`, b, `module.m.${type}.a`]);
    expect(dependsOn.get(`${type}.c`)).toEqual(new Set([`module.m.${type}.a`, b]));
    expect(dependsOn.get(`module.m.${type}.a`)).toEqual(new Set([b]));
  });

  it("a local value leads where nobody can see", () => {
    expect(graph({ resources: [resource("a", { expressions: references("local.x") })] }, [a]).isWhole).toBe(
      false,
    );
  });

  it("addresses without their instances", () => {
    expect(withoutInstances('module.m["a.b]\\"c"].module.n[3].t.r["x"]')).toBe("module.m.module.n.t.r");
  });
});
