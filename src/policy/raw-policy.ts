/**
 * The policy as written: what the YAML says, each piece with its place, nothing looked up and nothing
 * compared. `resolve-policy.ts` turns it into a `Policy`. Pieces of the wrong shape are left out here; the
 * schema check has reported them, so that the rest can still be checked by meaning.
 */
import type { SourceRange } from "../model/diagnostic.js";

/** A value and where it stands. */
export interface Located<T> {
  readonly value: T;
  readonly source: SourceRange;
}

/** Text, and how its characters lie in the file: `offset` from `source.column`; absent if escapes break that. */
export interface LocatedText extends Located<string> {
  readonly offset?: number;
}

/** What an entry holds besides its prefix or network. */
interface RawExtras {
  readonly comment?: string;
  /** ISO date. */
  readonly expires?: string;
}

export type RawEntry =
  | (RawExtras & { readonly kind: "prefix"; readonly text: LocatedText })
  | (RawExtras & { readonly kind: "network"; readonly network: Located<string> })
  /** Of the wrong shape, which the schema check has reported; kept so that its list is not taken for empty. */
  | { readonly kind: "unreadable" };

/** A list and the place of its key. */
export interface RawList {
  readonly entries: readonly RawEntry[];
  readonly source: SourceRange;
}

export interface RawNetwork {
  readonly name: Located<string>;
  readonly allowEmpty: boolean;
  readonly content:
    | { readonly kind: "list"; readonly entries: readonly RawEntry[] }
    | { readonly kind: "file"; readonly path: Located<string> };
}

export interface RawInclude {
  readonly path: Located<string>;
  readonly allowEmpty: boolean;
}

export interface RawRule {
  readonly name: Located<string>;
  readonly type: "allow" | "deny";
  readonly description: string;
  readonly previousNames: readonly Located<string>[];
  readonly allowEmpty: boolean;
  readonly entries: readonly RawEntry[];
}

export interface RawTest {
  readonly name: Located<string>;
  readonly allowEmpty: boolean;
  readonly allowed?: RawList;
  readonly denied?: RawList;
}

export type RawLimit = number | string;

export interface RawGuards {
  readonly allowEmpty: boolean;
  readonly mustAllow?: RawList;
  readonly mustDeny?: RawList;
  /** A number, or a percentage such as "30%". */
  readonly maxRemovedRules?: RawLimit;
  /** A number of addresses, or a prefix length such as "/16". */
  readonly maxNewlyAllowed: { readonly ipv4?: RawLimit; readonly ipv6?: RawLimit };
}

export interface RawPolicy {
  readonly accountId?: number;
  readonly host?: Located<string>;
  readonly enforcement?: "enabled" | "disabled" | "ignore";
  readonly unmanagedRules?: "keep" | "fail" | "delete";
  readonly includes: readonly RawInclude[];
  readonly networks: readonly RawNetwork[];
  readonly rules: readonly RawRule[];
  readonly tests: readonly RawTest[];
  readonly guards: RawGuards;
  readonly lint: Readonly<Record<string, "off" | "note" | "warning" | "error">>;
}
