/**
 * The policy as written: what the YAML says, each piece with its place, nothing looked up and nothing
 * compared. `resolve-policy.ts` turns it into a `Policy`. Pieces of the wrong shape are left out here; the
 * schema check has reported them, so that the rest can still be checked by meaning. Types alone, without the YAML
 * library: the published types lead here, and no further.
 */

import type { SourceRange } from "../model/diagnostic.js";
import type { KeySources } from "./policy.js";

/** A value and its place. */
export interface Located<T> {
  readonly value: T;
  readonly source: SourceRange;
}

/** Text, and how its characters lie in the file: `offset` from `source.column`; absent if escapes break that. */
export interface LocatedText extends Located<string> {
  readonly offset?: number;
}

/** What else an entry holds next to its prefix or network. */
interface RawExtras {
  readonly comment?: string;
  /** A UTC date, or an instant in UTC. */
  readonly expires?: string;
  /** Absent where the entry is in force. */
  readonly enabled?: false;
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

/** How the prefixes of a list are found in its bytes: `read-list.ts`. */
export interface RawReader {
  readonly select?: Located<string>;
  /** A name, or a number from 1. */
  readonly column?: Located<string | number>;
  readonly hostBits?: "error" | "allow";
}

export type RawContent =
  | { readonly kind: "list"; readonly entries: readonly RawEntry[] }
  | {
      readonly kind: "file";
      readonly path: Located<string>;
      readonly reader: RawReader;
      /** ISO date. */
      readonly reviewBy?: Located<string>;
    }
  | {
      readonly kind: "source";
      readonly source: Located<string>;
      readonly reader: RawReader;
      /** `20%`. */
      readonly maxChange?: Located<string>;
      /** `90d`. */
      readonly maxAge?: Located<string>;
    }
  | { readonly kind: "network"; readonly network: Located<string> };

export interface RawNetwork {
  readonly name: Located<string>;
  readonly allowEmpty: boolean;
  readonly content: RawContent;
  /** Names of networks, and prefixes. */
  readonly except: readonly LocatedText[];
  /** Keys that say nothing about content of this kind. */
  readonly misplaced: readonly Located<string>[];
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
  /** False: none of its entries is in force. */
  readonly enabled: boolean;
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
  readonly maxCutOff?: RawLimit;
  /** Such as "90d". */
  readonly cutOffWindow?: Located<string>;
}

export interface RawPolicy {
  readonly accountId?: number;
  readonly host?: Located<string>;
  readonly enforcement?: "enabled" | "disabled" | "ignore";
  readonly unmanagedRules?: "keep" | "fail" | "delete";
  readonly keySources: KeySources;
  readonly includes: readonly RawInclude[];
  readonly networks: readonly RawNetwork[];
  readonly rules: readonly RawRule[];
  readonly removedRules: readonly Located<string>[];
  readonly tests: readonly RawTest[];
  readonly guards: RawGuards;
  readonly lint: Readonly<Record<string, "off" | "note" | "warning" | "error">>;
}
