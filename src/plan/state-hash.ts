/**
 * The hash of an account's state: SHA-256, blind to order, spelling, ids and timestamps, since none of them is
 * part of a state. Rules are kept in 256 buckets by the hash of their name, so that after a step only one rule,
 * one bucket and the root are hashed again: a plan of 10,000 steps stays cheap.
 */
import { createHash } from "node:crypto";
import type { Prefix } from "../address/prefix.js";
import type { AccountState, Enforcement, Rule } from "../model/rule.js";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** One text a prefix, and cheaper than the one for people: these are made for every entry of an account. */
export const hashablePrefix = ({ network, length }: Prefix): string => `${network.toString(32)}/${length}`;

/** JSON escapes lone surrogates, so two different names never give the same bytes. */
const canonicalRule = ({ name, type, description, prefixes }: Rule): string =>
  JSON.stringify([name, type, description, prefixes.map(hashablePrefix).join()]);

const bucketOf = (name: string): number => Number.parseInt(sha256(JSON.stringify(name)).slice(0, 2), 16);

export class StateHash {
  readonly #buckets: Map<string, string>[] = Array.from({ length: 256 }, () => new Map());
  /** Of each bucket; undefined where it must be computed again. */
  readonly #hashes: (string | undefined)[] = Array.from({ length: 256 }, () => undefined);
  #rules = 0;

  constructor(rules: Iterable<Rule>) {
    for (const rule of rules) this.set(rule);
  }

  set(rule: Rule): void {
    const bucket = bucketOf(rule.name);
    const rules = this.#buckets[bucket]!;
    if (!rules.has(rule.name)) this.#rules += 1;
    rules.set(rule.name, sha256(canonicalRule(rule)));
    this.#hashes[bucket] = undefined;
  }

  delete(name: string): void {
    const bucket = bucketOf(name);
    if (this.#buckets[bucket]!.delete(name)) this.#rules -= 1;
    this.#hashes[bucket] = undefined;
  }

  /** An account without rules does not tell its switch, so there the switch is no part of the hash. */
  digest(enforcement: Enforcement): string {
    this.#buckets.forEach((rules, bucket) => {
      this.#hashes[bucket] ??= rules.size === 0 ? "" : sha256([...rules.values()].sort().join());
    });
    return sha256(JSON.stringify([this.#rules === 0 ? "unknown" : enforcement, ...this.#hashes]));
  }
}

/** SHA-256, in hexadecimal, of what the state means. */
export const hashState = (state: AccountState): string =>
  new StateHash(state.rules).digest(state.enforcement);
