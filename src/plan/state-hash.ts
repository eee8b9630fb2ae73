/**
 * The hash of an account's state: SHA-256, blind to order, spelling, ids and timestamps, since none of them is
 * part of a state. Rules are kept in 256 buckets by their name, so that after a step only one bucket and the root
 * are hashed again: a plan of 10,000 steps stays cheap.
 */
import type { Prefix } from "../address/prefix.js";
import type { AccountState, Enforcement, Rule } from "../model/rule.js";
import { sha256 } from "../model/sha256.js";

/** One text a prefix, and cheaper than the one for people: these are made for every entry of an account. */
export const hashablePrefix = ({ network, length }: Prefix): string => `${network.toString(32)}/${length}`;

/** JSON escapes lone surrogates, so two different names never give the same bytes. */
const canonicalRule = ({ name, type, description, prefixes }: Rule): string =>
  JSON.stringify([name, type, description, prefixes.map(hashablePrefix).join()]);

/** Names spread over the buckets: any function of the name that is the same on every machine. */
const bucketOf = (name: string): number => {
  let sum = 0;
  for (let at = 0; at < name.length; at += 1) sum = (31 * sum + name.charCodeAt(at)) & 0xffff;
  return sum & 0xff;
};

/** Rules by name, and their hash, made when it is asked for. */
class Bucket {
  readonly #rules = new Map<string, string>();
  #hash: string | undefined = "";

  get size(): number {
    return this.#rules.size;
  }

  set(rule: Rule): void {
    this.#rules.set(rule.name, canonicalRule(rule));
    this.#hash = undefined;
  }

  delete(name: string): void {
    this.#rules.delete(name);
    this.#hash = undefined;
  }

  hash(): string {
    this.#hash ??= this.size === 0 ? "" : sha256(JSON.stringify([...this.#rules.values()].sort()));
    return this.#hash;
  }
}

export class StateHash {
  readonly #buckets: readonly Bucket[] = Array.from({ length: 256 }, () => new Bucket());

  constructor(rules: Iterable<Rule>) {
    for (const rule of rules) this.set(rule);
  }

  set(rule: Rule): void {
    this.#buckets[bucketOf(rule.name)]!.set(rule);
  }

  delete(name: string): void {
    this.#buckets[bucketOf(name)]!.delete(name);
  }

  /** An account without rules does not tell its switch, so there the switch is no part of the hash. */
  digest(enforcement: Enforcement): string {
    const isEmpty = this.#buckets.every(({ size }) => size === 0);
    const hashes = this.#buckets.map((bucket) => bucket.hash());
    return sha256(JSON.stringify([isEmpty ? "unknown" : enforcement, ...hashes]));
  }
}

/** SHA-256, in hexadecimal, of what the state means. */
export const hashState = (state: AccountState): string =>
  new StateHash(state.rules).digest(state.enforcement);
