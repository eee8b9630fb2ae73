/**
 * What an event's context says about which rule it concerns. The context's shape is not published (API.md,
 * "Audit log"), so this looks for a rule's id or name anywhere in it, and for signs that it means another rule.
 * Promise: bounded work on hostile input; a number counts as an id only under a key that says so.
 */
import type { AuditEvent } from "./event.js";

export interface ContextFacts {
  /** Values under keys that may hold a rule's id, as text. */
  readonly ids: ReadonlySet<string>;
  /** Every text in the context. */
  readonly texts: readonly string[];
  /** Names and ids that the context gives to a rule beyond doubt. */
  readonly ruleIds: ReadonlySet<string>;
  readonly ruleNames: ReadonlySet<string>;
  /** The switch's new position, where told. */
  readonly enabled: boolean | undefined;
}

const mostNodes = 20_000;
const mostDepth = 32;

/** Objects other than the rule that events mention, each with an `id` and a `name` of its own. */
const otherThing =
  /user|actor|account|token|cidr|ruleset|group|project|createdby|license|owner|member|session|request/;

const plain = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, "");

interface Found {
  readonly ids: Set<string>;
  readonly texts: string[];
  readonly ruleIds: Set<string>;
  readonly ruleNames: Set<string>;
  readonly switches: boolean[];
}

const looksLikeRule = (keys: readonly string[]): boolean =>
  keys.some((key) => key === "cidrs" || key === "iprestrictionrulesetid" || key === "rulesetenabled");

const noteId = (found: Found, key: string, text: string, inRule: boolean, elsewhere: boolean): void => {
  if (!key.endsWith("id")) return;
  const namesRule = key.includes("rule") && !key.includes("ruleset");
  if (!namesRule && (elsewhere || otherThing.test(key))) return;
  found.ids.add(text);
  if (namesRule || (key === "id" && inRule)) found.ruleIds.add(text);
};

const noteText = (found: Found, key: string, text: string, inRule: boolean, elsewhere: boolean): void => {
  found.texts.push(text);
  const namesRule = key.includes("rule") && key.endsWith("name") && !key.includes("ruleset");
  if (namesRule || (key === "name" && inRule && !elsewhere)) found.ruleNames.add(text);
};

/** Walks without recursion; `inRule`: the object is a rule, or the context's top; `elsewhere`: it is part of another thing. */
const walk = (context: unknown, found: Found): void => {
  const open: { value: unknown; key: string; inRule: boolean; elsewhere: boolean; depth: number }[] = [
    { value: context, key: "", inRule: true, elsewhere: false, depth: 0 },
  ];
  for (let nodes = 0; open.length > 0 && nodes < mostNodes; nodes++) {
    const { value, key, inRule, elsewhere, depth } = open.pop() ?? {
      value: null,
      key: "",
      inRule: false,
      elsewhere: true,
      depth: 0,
    };
    if (typeof value === "string") {
      noteText(found, key, value, inRule, elsewhere);
      if (/^\d{1,19}$/.test(value)) noteId(found, key, value, inRule, elsewhere);
    } else if (typeof value === "number") {
      noteId(found, key, String(value), inRule, elsewhere);
    } else if (typeof value === "boolean") {
      if (/^(rulesetenabled|iprestrictionsenabled|enabled|isenabled)$/.test(key) && !elsewhere)
        found.switches.push(value);
    } else if (typeof value === "object" && value !== null && depth < mostDepth) {
      const members = Array.isArray(value) ? value.map((item) => ["", item] as const) : Object.entries(value);
      const keys = members.map(([name]) => plain(name));
      const rule =
        depth === 0 || looksLikeRule(keys) || (/rule|iprestriction/.test(key) && !key.includes("ruleset"));
      const aside = elsewhere || (otherThing.test(key) && !looksLikeRule(keys));
      members.forEach(([, item], index) => {
        const own = Array.isArray(value) ? key : (keys[index] ?? "");
        open.push({ value: item, key: own, inRule: rule && !aside, elsewhere: aside, depth: depth + 1 });
      });
    }
  }
};

const known = new WeakMap<AuditEvent, ContextFacts>();

/** Of one event; remembered as long as the event lives. */
export const contextFacts = (event: AuditEvent): ContextFacts => {
  const before = known.get(event);
  if (before !== undefined) return before;
  const found: Found = { ids: new Set(), texts: [], ruleIds: new Set(), ruleNames: new Set(), switches: [] };
  walk(event.context, found);
  const [first] = found.switches;
  const agreed = first !== undefined && found.switches.every((value) => value === first);
  const facts: ContextFacts = { ...found, enabled: agreed ? first : undefined };
  known.set(event, facts);
  return facts;
};

export interface RuleIdentity {
  readonly id?: number;
  /** The rule's names before and after the step. */
  readonly names: readonly string[];
}

const boundary = /[\p{L}\p{N}_]/u;

/** A name inside a longer text, as a whole: not `VPN` in `VPN2`. */
const standsIn = (text: string, name: string): boolean => {
  if (name.length < 3) return false;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const before = text.slice(0, at).at(-1) ?? "";
    const after = text[at + name.length] ?? "";
    if (!boundary.test(before) && !boundary.test(after)) return true;
  }
  return false;
};

/** How the event speaks of this rule: by id, by name, of another rule, or of none. */
export const ruleEvidence = (event: AuditEvent, rule: RuleIdentity): "id" | "name" | "other" | "none" => {
  const facts = contextFacts(event);
  if (rule.id !== undefined && facts.ids.has(String(rule.id))) return "id";
  if (facts.texts.some((text) => rule.names.includes(text))) return "name";
  if (facts.ruleNames.size > 0 || facts.ruleIds.size > 0) return "other";
  return facts.texts.some((text) => rule.names.some((name) => standsIn(text, name))) ? "name" : "none";
};

/** Whether the event's context tells a rule at all. */
export const namesSomeRule = (event: AuditEvent): boolean => {
  const { ruleNames, ruleIds } = contextFacts(event);
  return ruleNames.size > 0 || ruleIds.size > 0;
};
