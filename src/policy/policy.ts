/** The resolved policy: networks replaced by their prefixes, dates compared, defaults filled in. */
import type { Prefix } from "../address/prefix.js";
import type { Severity, SourceRange } from "../model/diagnostic.js";
import type { RuleType } from "../model/rule.js";

/** A published list, as the lock has it. */
export interface ListOrigin {
  /** Of its network. */
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly fetchedAt: string;
}

export interface PolicyEntry {
  readonly prefix: Prefix;
  /** As written in the file. */
  readonly text: string;
  /** The network it came by, if any. */
  readonly network?: string;
  /** The published list that it is from, if any. */
  readonly list?: ListOrigin;
  readonly comment?: string;
  /** A UTC date, or an instant in UTC (model/time.ts); the entry is absent from then on. */
  readonly expires?: string;
  /** On the account without effect. */
  readonly enabled?: false;
  /** Where it is written: in the policy, or in the text file of a network. */
  readonly source: SourceRange;
}

export interface PolicyRule {
  readonly name: string;
  readonly type: RuleType;
  /** Empty when there is none. */
  readonly description: string;
  readonly previousNames: readonly string[];
  /** In force at the time of resolving, in file order. */
  readonly entries: readonly PolicyEntry[];
  /** On the account without effect, in file order; absent where there are none. */
  readonly disabled?: readonly PolicyEntry[];
  /** Left out because their date has come. */
  readonly expired: readonly PolicyEntry[];
  readonly source: SourceRange;
}

/** A rule that must not be on the account, and where that is written. */
export interface RemovedRule {
  readonly name: string;
  readonly source: SourceRange;
}

export interface PolicyTest {
  readonly name: string;
  readonly allowed: readonly PolicyEntry[];
  readonly denied: readonly PolicyEntry[];
  readonly source: SourceRange;
}

/** A limit on newly allowed addresses: the largest count that passes, a family each; absent: no limit. */
export interface AddressLimit {
  readonly ipv4?: bigint;
  readonly ipv6?: bigint;
}

export interface Guards {
  readonly mustAllow: readonly PolicyEntry[];
  readonly mustDeny: readonly PolicyEntry[];
  /** Absent: no limit. Percent is of the rules on the account. */
  readonly maxRemovedRules?: { readonly count: number } | { readonly percent: number };
  readonly maxNewlyAllowed: AddressLimit;
  /** How many people and tokens that traffic on record shows a plan may cut off; absent: the log is not asked. */
  readonly maxCutOff?: number;
  /** How far back the log is read: `90d`. */
  readonly cutOffWindow?: string;
}

/** Where a policy writes its keys; absent for a key that it does not write. */
export interface KeySources {
  readonly enforcement?: SourceRange;
  readonly unmanagedRules?: SourceRange;
  readonly rules?: SourceRange;
}

export interface Policy {
  readonly account: {
    readonly id?: number;
    readonly host?: string;
    /** Where the host is written. */
    readonly hostSource?: SourceRange;
  };
  readonly enforcement: "enabled" | "disabled" | "ignore";
  readonly unmanagedRules: "keep" | "fail" | "delete";
  readonly rules: readonly PolicyRule[];
  /** Deleted from the account, whatever `unmanagedRules` says. None is a name or a previous name of a rule. */
  readonly removedRules: readonly RemovedRule[];
  readonly tests: readonly PolicyTest[];
  readonly guards: Guards;
  readonly keySources: KeySources;
  /** Lint codes whose severity the file changes. */
  readonly lint: Readonly<Record<string, Severity | "off">>;
  /** The file it came from, as the user named it. */
  readonly file: string;
  /** Everything else that was read: include and network files, as the user named them. */
  readonly otherFiles: readonly string[];
}

/**
 * What came of reading a file that a policy names: its bytes, or why it cannot be read, as the end of a sentence. It is
 * here and not with the parser, so that the published types need none of the YAML library.
 */
export type ReadFile = Uint8Array | string | undefined;
