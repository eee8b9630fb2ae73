/** From a path of the schema check to the YAML node that it means, and to a place worth showing. */
import {
  type Document,
  isAlias,
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
import type { SourceRange } from "../model/diagnostic.js";
import { nodeRange, type YamlText } from "./yaml-text.js";

export interface Found {
  /** The node the error is about, as far down as the path exists. */
  readonly node: Node | undefined;
  /** The key it stands under, if it stands under one. */
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

const target = (document: Document, node: unknown): Node | undefined => {
  const resolved = isAlias(node) ? node.resolve(document) : node;
  return isNode(resolved) ? resolved : undefined;
};

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

export const find = ({ document }: YamlText, pointer: string): Found => {
  let found: Found = { node: target(document, document.contents), key: undefined, name: "", item: false };
  for (const part of pointerParts(pointer)) {
    const { node } = found;
    if (isMap(node)) {
      const pair = pairOf(node, part);
      const key = isScalar(pair?.key) ? pair.key : undefined;
      found = { node: target(document, pair?.value), key, name: part, item: false };
    } else if (isSeq(node)) {
      found = {
        node: target(document, node.items[Number(part)]),
        key: undefined,
        name: found.name,
        item: true,
      };
    }
  }
  return found;
};

export const keyNode = (found: Found, name: string): Node | undefined => {
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
