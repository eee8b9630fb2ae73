/**
 * Reads what `terraform show -json` or `tofu show -json` prints of a plan. Promises: of anything but resources of
 * `dbtcloud_ip_restrictions_rule`, no value is kept or repeated, in no error either; what the plan does not know is not
 * guessed. Shape: https://developer.hashicorp.com/terraform/internals/json-format, versions 0.x and 1.x.
 */
import { parsePrefix } from "../address/prefix.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { isObject, type JsonObject, listOf, member, textOf } from "../model/json.js";
import { present } from "../model/present.js";
import { graphOf, withoutInstances } from "./graph.js";
import {
  ruleResource,
  type TerraformAction,
  type TerraformChange,
  type TerraformPlan,
  type TerraformRule,
} from "./plan.js";

type ReadTerraformPlan =
  | { readonly ok: true; readonly plan: TerraformPlan }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

/** What is wrong with one resource, as the end of a sentence: `has no \`cidrs\``. */
class Damaged extends Error {}

const damaged = (problem: string): Damaged => new Damaged(problem);

/** `file`: how messages name it. Never throws for what the text holds. */
export const readTerraformPlan = (text: string, file: string): ReadTerraformPlan => {
  const refuse = (one: Diagnostic): ReadTerraformPlan => ({ ok: false, diagnostic: one });
  if (text.startsWith("PK")) return refuse(diagnostic("terraform-not-a-plan", { file, is: "saved" }));
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // No word of the parser's: it would repeat what is in the file.
    return refuse(diagnostic("terraform-not-a-plan", { file, is: kindOfText(text) }));
  }
  const is = otherDocument(document);
  if (is !== undefined) return refuse(diagnostic("terraform-not-a-plan", { file, is }));
  const version = textOf(member(document, "format_version")) ?? "";
  if (!/^[01]\.\d{1,4}$/.test(version)) return refuse(diagnostic("terraform-plan-version", { file }));
  if (member(document, "errored") === true) return refuse(diagnostic("terraform-plan-errored", { file }));
  return planOf(document, file);
};

/** Not JSON as a whole: the stream of `terraform plan -json` is a document a line. */
const kindOfText = (text: string): "stream" | "text" =>
  /^\s*\{[^\n]*"@level"[^\n]*\}\r?\n/.test(text) ? "stream" : "text";

const otherDocument = (document: unknown): "state" | "stream" | "other" | undefined => {
  if (!isObject(document)) return "other";
  if ("resource_changes" in document || "planned_values" in document) return undefined;
  if ("@level" in document) return "stream";
  return "values" in document || "lineage" in document || "serial" in document ? "state" : "other";
};

const isOurs = (resource: unknown): boolean =>
  member(resource, "type") === ruleResource && member(resource, "mode") !== "data";

const planOf = (document: unknown, file: string): ReadTerraformPlan => {
  const changes: TerraformChange[] = [];
  for (const resource of listOf(member(document, "resource_changes"))) {
    if (!isOurs(resource)) continue;
    const address = textOf(member(resource, "address")) ?? ruleResource;
    try {
      changes.push(changeOf(resource, address));
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      const problem = error.message;
      return { ok: false, diagnostic: diagnostic("terraform-plan-damaged", { file, address, problem }) };
    }
  }
  const deferred = listOf(member(document, "deferred_changes"))
    .map((one) => member(one, "resource_change"))
    .filter(isOurs)
    .map((one) => textOf(member(one, "address")) ?? ruleResource);
  const resources = changes.map(({ resource }) => resource);
  return { ok: true, plan: { changes, deferred, graph: graphOf(document, resources) } };
};

const actionOf = (actions: unknown): TerraformAction => {
  switch (listOf(actions).join()) {
    case "no-op":
    case "read":
      return "none";
    case "create":
      return "create";
    case "update":
      return "update";
    case "delete":
      return "delete";
    case "delete,create":
      return "replace";
    case "create,delete":
      return "replace-first-create";
    case "forget":
      return "forget";
    // The new one is made, and the old one stays on the account.
    case "create,forget":
      return "create";
    default:
      throw damaged("has `actions` that are not known");
  }
};

const changeOf = (resource: unknown, address: string): TerraformChange => {
  const change = member(resource, "change");
  const action = actionOf(member(change, "actions"));
  const before = sideOf(member(change, "before"), { sensitive: member(change, "before_sensitive") });
  const after = sideOf(member(change, "after"), {
    sensitive: member(change, "after_sensitive"),
    unknown: member(change, "after_unknown"),
  });
  const needsBefore = !["none", "create"].includes(action);
  const needsAfter = !["none", "delete", "forget"].includes(action);
  if (needsBefore && before?.id === undefined) throw damaged("has no `before` with an `id`");
  if (needsAfter && after === undefined) throw damaged("has no `after`");
  const resourcePath = withoutInstances(address);
  return { address, resource: resourcePath, action, ...present({ before, after }) };
};

/** What a side of a change marks: which of its values are sensitive, and which are known only after apply. */
interface Marks {
  readonly sensitive: unknown;
  readonly unknown?: unknown;
}

/** Whether a value is marked: a mark is `true`, or an object or list with marks for its parts. */
const isMarked = ({ sensitive, unknown }: Marks): boolean => sensitive === true || unknown === true;

const named = (attribute: string, { unknown }: Marks): string =>
  unknown === true ? attribute : `${attribute} (sensitive)`;

const marksOf = ({ sensitive, unknown }: Marks, key: string | number): Marks => {
  const of = (marks: unknown): unknown => {
    if (marks === true) return true;
    return typeof key === "number" ? listOf(marks)[key] : member(marks, key);
  };
  return { sensitive: of(sensitive), unknown: of(unknown) };
};

const sideOf = (value: unknown, marks: Marks): TerraformRule | undefined => {
  // Of an object that is not known at all, nothing is said.
  if (value === null || value === undefined) return marks.unknown === true ? ruleOf({}, marks) : undefined;
  if (!isObject(value)) throw damaged("is not an object");
  return ruleOf(value, marks);
};

const idOf = (value: unknown): number | undefined => {
  const id = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (id === null || id === undefined) return undefined;
  if (!Number.isSafeInteger(id)) throw damaged("has an `id` that is no whole number");
  return Number(id);
};

const ruleOf = (value: JsonObject, marks: Marks): TerraformRule => {
  const unknown: string[] = [];
  const read = <T>(key: string, of: (given: unknown) => T): T | undefined => {
    const own = marksOf(marks, key);
    if (!isMarked(own)) return of(member(value, key));
    unknown.push(named(key, own));
    return undefined;
  };
  const id = isMarked(marksOf(marks, "id")) ? undefined : idOf(member(value, "id"));
  const name = read("name", (given) => {
    if (typeof given !== "string") throw damaged("has no `name`");
    return given;
  });
  const type = read("type", (given) => {
    if (given !== "allow" && given !== "deny") throw damaged("has a `type` that is neither allow nor deny");
    return given;
  });
  const description = read("description", (given) => textOf(given) ?? "");
  // Where it is not set, the provider sends false (docs/service.md, "The rule set").
  const enforced = read("rule_set_enabled", (given) => {
    if (given !== null && given !== undefined && typeof given !== "boolean")
      throw damaged("has a `rule_set_enabled` that is neither true nor false");
    return given === true;
  });
  const cidrs = cidrsOf(member(value, "cidrs"), marksOf(marks, "cidrs"));
  return {
    ...present({ id, name, type, description, enforced }),
    ...cidrs,
    unknown: [...unknown, ...cidrs.unknown],
  };
};

type Cidrs = Pick<TerraformRule, "entries" | "unknownEntries" | "invalid" | "unknown">;

const cidrsOf = (value: unknown, marks: Marks): Cidrs => {
  if (isMarked(marks))
    return { entries: [], unknownEntries: "any", invalid: [], unknown: [named("cidrs", marks)] };
  if (value !== null && value !== undefined && !Array.isArray(value))
    throw damaged("has `cidrs` that are no list");
  const entries: Cidrs["entries"][number][] = [];
  const invalid: string[] = [];
  const unknown: string[] = [];
  for (const [index, item] of listOf(value).entries()) {
    const own = marksOf(marks, index);
    const cidr = isMarked(own) ? own : marksOf(own, "cidr");
    if (isMarked(cidr)) {
      unknown.push(named(`cidrs[${index}].cidr`, cidr));
      continue;
    }
    const text = textOf(member(item, "cidr"));
    if (text === undefined) throw damaged(`has no text in \`cidrs[${index}].cidr\``);
    const parsed = parsePrefix(text);
    const id = isMarked(marksOf(own, "id")) ? undefined : idOf(member(item, "id"));
    if (parsed.ok) entries.push({ ...present({ id }), prefix: parsed.prefix, text });
    else invalid.push(text);
  }
  return { entries, unknownEntries: unknown.length === 0 ? "none" : "some", invalid, unknown };
};
