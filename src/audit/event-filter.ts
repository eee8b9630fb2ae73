/**
 * Which events a user asks for, by type and by actor. Types are exact, globs (`ip_restrictions.*`), or a group's name
 * (`ip_restrictions`). A name that the catalogue does not know gets a warning with suggestions, and is asked for all
 * the same: the log may know more than the documentation.
 */
import { parseAddress } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { editDistance } from "../policy/suggest.js";
import { type CatalogueEvent, catalogue, normaliseType } from "./catalogue.js";
import type { AuditEvent } from "./event.js";

export interface EventFilter {
  /** Of a normalised type. */
  matches(type: string): boolean;
  /** What to ask the server for, where the names are all exact; absent: everything, since globs may match the unknown. */
  readonly types?: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

const longestName = 100;

/** Up to three known types that a mistyped one may mean, the nearest first. */
export const suggestTypes = (typed: string): readonly string[] => {
  const wanted = normaliseType(typed.slice(0, longestName)).replaceAll("*", "");
  const limit = Math.max(2, Math.floor(wanted.length / 4));
  const near = catalogue
    .map(({ type }) => ({ type, distance: editDistance(wanted, type) }))
    .filter(({ distance }) => distance <= limit);
  const inside = wanted.length < 3 ? [] : catalogue.filter(({ type }) => type.includes(wanted));
  const ranked = near.sort((a, b) => a.distance - b.distance).map(({ type }) => type);
  return [...new Set([...ranked, ...inside.map(({ type }) => type)])].slice(0, 3);
};

/** `*` matches anything, dots included. No regular expression: the pattern is the user's, the time stays linear. */
export const globMatches = (pattern: string, text: string): boolean => {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === "*") {
      star = p;
      p += 1;
      mark = t;
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      mark += 1;
      t = mark;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
};

const spellings = ({ type, earlier }: CatalogueEvent): readonly string[] => [type, ...(earlier ?? [])];

/** One name of the user as patterns over normalised types. */
const patternsOf = (typed: string): { patterns: readonly string[]; known: boolean } => {
  const wanted = normaliseType(typed);
  if (wanted.includes("*")) {
    const met = catalogue.filter((event) => spellings(event).some((type) => globMatches(wanted, type)));
    return { patterns: [wanted, ...met.flatMap((event) => event.earlier ?? [])], known: met.length > 0 };
  }
  const exact = catalogue.filter((event) => spellings(event).includes(wanted));
  if (exact.length > 0) return { patterns: [wanted, ...exact.flatMap(spellings)], known: true };
  const group = catalogue.filter((event) => event.group.toLowerCase() === wanted);
  if (group.length > 0) return { patterns: group.flatMap(spellings), known: true };
  const under = catalogue.some(({ type }) => type.startsWith(`${wanted}.`));
  return under ? { patterns: [`${wanted}.*`], known: true } : { patterns: [wanted], known: false };
};

const unknownType = (typed: string): Diagnostic => {
  const near = suggestTypes(typed);
  return {
    code: "unknown-event-type",
    severity: "warning",
    message: `The documentation names no event type ${JSON.stringify(typed)}`,
    hint:
      near.length > 0
        ? `Did you mean ${near.join(", ")}?`
        : "See all of them with: dbt-ip-rules audit events",
  };
};

/** Several names mean any of them; no name means every event. */
export const eventFilter = (typed: readonly string[]): EventFilter => {
  if (typed.length === 0) return { matches: () => true, diagnostics: [] };
  const found = typed.map((name) => ({ name, ...patternsOf(name) }));
  const patterns = [...new Set(found.flatMap((one) => one.patterns))];
  const exact = patterns.every((pattern) => !pattern.includes("*"));
  const wanted = new Set(patterns);
  return {
    matches: (type) => wanted.has(type) || (!exact && patterns.some((pattern) => globMatches(pattern, type))),
    ...(exact ? { types: patterns } : {}),
    diagnostics: found.filter(({ known }) => !known).map(({ name }) => unknownType(name)),
  };
};

const sameAddress = (left: string, right: string): boolean => {
  const [a, b] = [parseAddress(left), parseAddress(right)];
  return a.ok && b.ok && a.address === b.address;
};

/** An actor as a user names one: by id, name (any case, `*` for any part), or address in any spelling. */
export const actorFilter = (typed: string): ((event: AuditEvent) => boolean) => {
  const wanted = typed.toLowerCase();
  return ({ actor }) =>
    actor.id === typed ||
    (actor.name !== undefined && globMatches(wanted, actor.name.toLowerCase())) ||
    (actor.ip !== undefined && sameAddress(actor.ip, typed));
};
