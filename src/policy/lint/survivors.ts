/**
 * The entries that are left as findings come in, and who decides once the others are gone. Walks up the tree
 * of `nest`, at most 128 entries at a time.
 */
import { defaultOwner } from "../../address/access-map.js";
import { isIPv4 } from "../../address/prefix.js";
import type { PolicyRule } from "../policy.js";
import type { LintContext, LintEntry } from "./context.js";
import { noParent } from "./nesting.js";

const never = "9999-99-99";
const endOf = ({ entry }: LintEntry): string => entry.expires ?? never;

/** Whether `other` is there for as long as `entry` is. */
export const outlasts = (other: LintEntry, entry: LintEntry): boolean => endOf(other) >= endOf(entry);

export class Survivors {
  readonly #context: LintContext;
  readonly #gone: Uint8Array;

  constructor(context: LintContext) {
    this.#context = context;
    this.#gone = new Uint8Array(context.entries.length);
  }

  remove(index: number): void {
    this.#gone[index] = 1;
  }

  isGone(index: number): boolean {
    return this.#gone[index] === 1;
  }

  /** The entry itself, or the one that decides in its place; `noParent` for the default. */
  decider(index: number): number {
    let at = index;
    while (at !== noParent && this.isGone(at)) at = this.#context.parents[at]!;
    return at;
  }

  /** What would decide without the entry; with `rule`, without any entry of it. */
  fallback(index: number, rule?: PolicyRule): number {
    const { entries, parents } = this.#context;
    let at = this.decider(parents[index]!);
    while (at !== noParent && entries[at]!.rule === rule) at = this.decider(parents[at]!);
    return at;
  }

  /**
   * Whether the entry could go: what would decide without it says the same, for as long. An IPv6 prefix does not
   * make an IPv4 entry superfluous, because only an assumption says that it holds IPv4 addresses (`ipv6-covers-ipv4`).
   */
  isSuperfluous(index: number, rule?: PolicyRule): boolean {
    const { entries, map } = this.#context;
    const entry = entries[index]!;
    const at = this.fallback(index, rule);
    const fallback = at === noParent ? undefined : entries[at]!;
    if (fallback !== undefined && isIPv4(entry.prefix) && !isIPv4(fallback.prefix)) return false;
    const allowed = fallback === undefined ? map.defaultAllowed : fallback.type === "allow";
    return allowed === (entry.type === "allow") && (fallback === undefined || outlasts(fallback, entry));
  }

  /**
   * The entry that would decide otherwise if this one (or all of `rule`) alone went: it is gone only because it is
   * reported itself. Then the finding holds for both together, and not for this one alone.
   */
  leansOn(index: number, rule?: PolicyRule): LintEntry | undefined {
    const { entries, parents } = this.#context;
    const { type } = entries[index]!;
    let at = parents[index]!;
    while (at !== noParent && entries[at]!.rule === rule) at = parents[at]!;
    return at !== noParent && this.isGone(at) && entries[at]!.type !== type ? entries[at] : undefined;
  }

  /** The entries that decide for the addresses of one that decides for none of them. */
  coverers(index: number): LintEntry[] {
    const { entries, map } = this.#context;
    const deciders = new Set<number>();
    for (const { owner } of map.ranges(entries[index]!.prefix)) {
      if (owner !== defaultOwner) deciders.add(this.decider(owner));
    }
    deciders.delete(noParent);
    return [...deciders].map((decider) => entries[decider]!);
  }

  isShadowedForGood(index: number): boolean {
    const entry = this.#context.entries[index]!;
    return this.coverers(index).every((other) => outlasts(other, entry));
  }
}
