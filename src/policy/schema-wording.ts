/** What the schema check found, in the words of the file's writer: code, message and hint for each keyword. */

import type { ErrorObject } from "ajv";
import {
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";
import { parsePrefix } from "../address/prefix.js";
import type { FixedCode, MadeCode } from "../model/codes/index.js";
import {
  type ArgsOf,
  type Code,
  type Diagnostic,
  diagnostic,
  type SourceRange,
} from "../model/diagnostic.js";
import { suggestion } from "./suggest.js";
import { followed, nodeRange, type YamlText } from "./yaml.js";
import { misreadIPv6 } from "./yaml-problems.js";

// From a path of the schema check to the YAML node that it means, and to a place worth showing.

interface Found {
  /** The node the error is about, as far down as the path exists. */
  readonly node: Node | undefined;
  /** The key whose value it is, if it is one. */
  readonly key: Node | undefined;
  /** The path's last name: `cidrs`, or for a list item its list's key. */
  readonly name: string;
  /** Whether it is an item of that list. */
  readonly item: boolean;
}

const pointerParts = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

/** By key, the last of duplicates, which is the one that the plain value holds. Made once: a map may have many keys. */
const pairsByKey = new WeakMap<YAMLMap, ReadonlyMap<unknown, Pair>>();

const pairOf = (map: YAMLMap, name: string): Pair | undefined => {
  let pairs = pairsByKey.get(map);
  if (pairs === undefined) {
    pairs = new Map(
      map.items.flatMap((pair) => (isScalar(pair.key) ? [[pair.key.value, pair] as const] : [])),
    );
    pairsByKey.set(map, pairs);
  }
  return pairs.get(name);
};

export const find = (yaml: YamlText, pointer: string): Found => {
  let found: Found = { node: followed(yaml, yaml.document.contents), key: undefined, name: "", item: false };
  for (const part of pointerParts(pointer)) {
    const { node } = found;
    if (isMap(node)) {
      const pair = pairOf(node, part);
      const key = isScalar(pair?.key) ? pair.key : undefined;
      found = { node: followed(yaml, pair?.value), key, name: part, item: false };
    } else if (isSeq(node)) {
      found = {
        node: followed(yaml, node.items[Number(part)]),
        key: undefined,
        name: found.name,
        item: true,
      };
    }
  }
  return found;
};

const keyNode = (found: Found, name: string): Node | undefined => {
  const pair = isMap(found.node) ? pairOf(found.node, name) : undefined;
  return isScalar(pair?.key) ? pair.key : undefined;
};

/** A value's own place; an empty one has none worth showing, so its key's. */
export const placeOf = ({ source }: YamlText, { node, key }: Found): SourceRange | undefined => {
  const empty = node === undefined || (isScalar(node) && node.range?.[0] === node.range?.[1]);
  if (empty && key !== undefined) return nodeRange(source, key);
  if (!isCollection(node)) return nodeRange(source, node);
  // A whole block is no place to look at: its first key or item is.
  const first: unknown = node.items[0];
  const start: unknown = isPair(first) ? first.key : first;
  if (key !== undefined) return nodeRange(source, key);
  return nodeRange(source, isNode(start) && !node.flow ? start : node);
};

const kindNames: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  null: "empty",
};

const kindOf = (value: unknown): string => {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") return "text";
  if (typeof value === "number") return `the number ${value}`;
  return String(value);
};

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

/** Of a map; remembered, since it is asked for each unknown key of one, and to list its keys takes as long as it has. */
const onlyKeys = new WeakMap<object, string | null>();

const onlyKey = (value: object): string | undefined => {
  let only = onlyKeys.get(value);
  if (only === undefined) {
    const [first, second] = Object.keys(value);
    only = first === undefined || second !== undefined ? null : first;
    onlyKeys.set(value, only);
  }
  return only ?? undefined;
};

/** `- 2001:db8::` is a mapping with the key `2001:db8:` in YAML: no prefix may end in a colon unquoted. */
const unquotedIPv6 = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const key = onlyKey(value);
  if (key === undefined || Reflect.get(value, key) !== null) return undefined;
  return /^[0-9A-Fa-f:]*:$|^[0-9A-Fa-f]+:[0-9A-Fa-f:]*$/.test(key) ? `${key}:` : undefined;
};

/** `[2001:db8::1]` as an item is a list in YAML. */
const inBrackets = (value: unknown): string | undefined => {
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : undefined;
  return typeof only === "string" && only.includes(":") && parsePrefix(only).ok ? only : undefined;
};

const quoteHint = (error: ErrorObject, types: readonly string[]): string | undefined => {
  if (types.includes("boolean")) return "Write `true` or `false`";
  if (!types.includes("string")) return types.includes("array") ? "Begin each item with `- `" : undefined;
  return typeof error.data === "number" || typeof error.data === "boolean"
    ? "Put it in quotes if it is meant as text"
    : undefined;
};

/** A diagnostic that still lacks its place. */
interface Wording {
  readonly code: Code;
  /** What makes it the same as another one in the same place. */
  readonly same: string;
  /** Makes the diagnostic; to look for a word that was meant takes longer than all the rest. */
  at(source: SourceRange | undefined): Diagnostic;
  /** Instead of the value's own. */
  readonly place?: Node | undefined;
}

const worded = <C extends MadeCode>(code: C, args: ArgsOf<C>, place?: Node): Wording => ({
  code,
  same: JSON.stringify(args),
  at: (source) => diagnostic(code, args, source),
  place,
});

const wordedAs = (code: FixedCode): Wording => ({
  code,
  same: "",
  at: (source) => diagnostic(code, source),
});

const misread = (args: ArgsOf<"unquoted-ipv6">): Wording => worded("unquoted-ipv6", args);

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [String(value)]);

const what = ({ name, item }: Found): string => {
  if (name === "") return "The file";
  return item ? `An item of \`${name}\`` : `\`${name}\``;
};

/** Lists that say nothing when they are empty; of others, an empty one is an error too. */
const mayBeEmpty: ReadonlySet<string> = new Set([
  "include",
  "rules",
  "previous_names",
  "removed_rules",
  "tests",
]);

const wrongType = (error: ErrorObject, found: Found): Wording => {
  const ipv6 = unquotedIPv6(error.data);
  if (ipv6 !== undefined) return misread(misreadIPv6.key(ipv6));
  const bracketed = inBrackets(error.data);
  if (bracketed !== undefined) return misread(misreadIPv6.list(bracketed));
  const types = strings(error.params.type);
  const isNull = error.data === null;
  return worded("wrong-type", {
    what: what(found),
    wanted: isNull ? undefined : listed(types.map((type) => kindNames[type] ?? type)),
    is: kindOf(error.data),
    fix:
      isNull && mayBeEmpty.has(found.name)
        ? `Write \`${found.name}: []\` for an empty list`
        : quoteHint(error, types),
  });
};

const unknownKey = (error: ErrorObject, found: Found): Wording | undefined => {
  if (unquotedIPv6(error.data) !== undefined) return undefined;
  const key = String(error.params.additionalProperty);
  const known = Object.keys(error.parentSchema?.properties ?? {});
  const merge = key === "<<" ? "YAML 1.2 has no merge keys; write the keys out" : undefined;
  const code = found.name === "lint" ? "unknown-lint-code" : "unknown-key";
  return {
    code,
    same: key,
    at: (source) => {
      const all = known.length > 20 ? undefined : `Known here: ${known.join(", ")}`;
      return diagnostic(code, { key, fix: merge ?? suggestion(key, known) ?? all }, source);
    },
    place: keyNode(found, key),
  };
};

const missingKey = (error: ErrorObject, found: Found): Wording | undefined => {
  const ipv6 = unquotedIPv6(error.data);
  if (ipv6 !== undefined) return misread(misreadIPv6.key(ipv6));
  // One branch of "a cidr or a network": `oneOf` or `anyOf` speaks for all.
  if (/\/(oneOf|anyOf)\//.test(error.schemaPath)) return undefined;
  return worded("missing-key", { in: what(found), key: String(error.params.missingProperty) });
};

const either = (error: ErrorObject): Wording => {
  const hasNeither = error.params.passingSchemas === null;
  if (error.parentSchema?.properties?.file !== undefined)
    return hasNeither ? worded("missing-key", { of: "network" }) : wordedAs("file-and-cidrs");
  const ipv6 = unquotedIPv6(error.data);
  if (ipv6 !== undefined) return misread(misreadIPv6.key(ipv6));
  return hasNeither ? worded("missing-key", { of: "entry" }) : wordedAs("cidr-and-network");
};

const wrongValue = (found: Found, problem: string, fix?: string): Wording =>
  worded("wrong-value", { what: what(found), problem, fix });

const wrongWord = (error: ErrorObject, found: Found): Wording => {
  const allowed = strings(error.params.allowedValues);
  const got = typeof error.data === "string" ? `\`${error.data}\`` : kindOf(error.data);
  return wrongValue(
    found,
    `must be ${listed(allowed.map((word) => `\`${word}\``))}, but this is ${got}`,
    typeof error.data === "string" ? suggestion(error.data, allowed) : undefined,
  );
};

const patternHints: Readonly<Record<string, string>> = {
  host: "Write the host of the account's access URL, such as `ab123.us1.dbt.com`",
  max_removed_rules: 'Write a number of rules, or a percentage such as "30%"',
  max_newly_allowed: "Write a number of addresses, or a prefix length such as /16",
  cut_off_window: "Write how far back the log is read, such as 90d, 12w or 48h",
  ipv4: "Write a number of addresses, or a prefix length from /0 to /32",
  ipv6: "Write a number of addresses, or a prefix length from /0 to /128",
  network: "A network's name begins with a letter or digit and holds letters, digits, `_`, `.` and `-`",
};

const wrongForm = (error: ErrorObject, found: Found): Wording => {
  // `propertyNames` reports the key itself; the path is the map's.
  if (error.propertyName !== undefined) {
    const name = error.propertyName;
    return worded("bad-network-name", { name }, keyNode(found, name));
  }
  if (found.name === "expires") return worded("bad-date", { text: String(error.data) });
  return wrongValue(found, `cannot be \`${String(error.data)}\``, patternHints[found.name]);
};

export const wordingOf = (error: ErrorObject, found: Found): Wording | undefined => {
  switch (error.keyword) {
    case "type":
      return wrongType(error, found);
    case "additionalProperties":
      return unknownKey(error, found);
    case "required":
      return missingKey(error, found);
    case "oneOf":
      return either(error);
    case "enum":
      return wrongWord(error, found);
    case "const":
      if (error.data === "1") {
        const fix = "Write `version: 1`";
        return worded("wrong-type", { what: "`version`", wanted: "a number", is: "text", fix });
      }
      return worded("unknown-version", { version: String(error.data) });
    case "pattern":
      return wrongForm(error, found);
    case "minimum":
    case "maximum": {
      const bound = error.keyword === "minimum" ? "at least" : "at most";
      return wrongValue(found, `must be ${bound} ${String(error.params.limit)}`);
    }
    case "minLength":
      return wrongValue(found, "must not be empty text");
    case "anyOf":
      return worded("empty-test", {});
    case "uniqueItems":
      return wrongValue(found, "names the same twice");
    default:
      // `if` and `propertyNames` only repeat what their branches said.
      return undefined;
  }
};
