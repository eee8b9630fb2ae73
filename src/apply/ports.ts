/** What apply needs of the outside. `dbt/` implements these over HTTP; tests may implement them in memory. */

import type { Prefix } from "../address/prefix.js";
import type { Rule, RuleFields } from "../model/rule.js";
import type { Snapshot, SnapshotEntry, SnapshotRule } from "../model/snapshot.js";

/** Reading only: what `plan` and `drift` are given. Every method throws `Failure` when it cannot tell. */
export interface AccountReader {
  readSnapshot(): Promise<Snapshot>;
  /** The server's own word on whether the caller would get in under the configured rules, or without one of them. */
  validateCaller(ruleSetId: number, withoutRuleId?: number): Promise<boolean>;
}

/** The status of a `refused` write whose request never left this machine. */
export const notSentStatus = 0;

/** How a write ended, as far as its answer shows. Only `applied` says that everything sent was taken. */
export type WriteOutcome =
  | {
      readonly kind: "applied";
      readonly rule?: SnapshotRule;
      /** Whether enforcement is on, where the answer says so. */
      readonly ruleSetEnabled?: boolean;
      readonly serverAt?: string;
    }
  /**
   * A definite no: 400, 401, 403, 404, 409. That nothing was changed is what the answer says, and for the account to
   * show. `notSentStatus`: never sent, and trying again is no use.
   */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly message: string;
      readonly hint?: string;
      readonly serverAt?: string;
    }
  /**
   * Too many requests (429): nothing was changed. It may be sent again after `seconds`; the account may be another
   * one by then, so it is read first.
   */
  | {
      readonly kind: "throttled";
      readonly seconds: number;
      readonly message: string;
      readonly hint?: string;
      readonly serverAt?: string;
    }
  /** A 2xx that leaves out part of what was sent. */
  | {
      readonly kind: "partial";
      readonly message: string;
      readonly rule?: SnapshotRule;
      readonly serverAt?: string;
    }
  /**
   * Nobody can tell from here: a reset, a time-out, a 5xx, an answer that cannot be read.
   * `neverSent`: no byte of the request left this machine (connection refused, no such host), so it cannot land late.
   * `ruleId`: of a create, the rule that such an answer names all the same.
   */
  | {
      readonly kind: "unknown";
      readonly message: string;
      readonly neverSent?: boolean;
      readonly ruleId?: number;
    };

export interface AccountWriter {
  /** `ruleSetEnabled` is enforcement as last read: a write never changes it (docs/service.md, "The rule set"). */
  createRule(rule: Rule, ruleSetEnabled: boolean | undefined): Promise<WriteOutcome>;
  /** `add`: new entries, and disabled ones that are enabled. `remove`: entries that go, in force or disabled. */
  updateRule(
    current: SnapshotRule,
    becomes: RuleFields,
    add: readonly Prefix[],
    remove: readonly SnapshotEntry[],
    ruleSetEnabled: boolean | undefined,
    /** What is to be there without effect: entries in force are disabled, others come as disabled. */
    disable?: readonly Prefix[],
  ): Promise<WriteOutcome>;
  deleteRule(current: SnapshotRule): Promise<WriteOutcome>;
  setEnforcement(enabled: boolean): Promise<WriteOutcome>;
}

/** Where the receipt goes. The file behind it is the command's business. */
export interface Journal {
  /**
   * Adds one line (given without its end) and returns once it would survive a crash of this machine.
   * Throws `Failure` when it cannot promise that.
   */
  append(line: string): Promise<void>;
}

/** The outside of an apply. */
export interface ApplyPorts {
  readonly reader: AccountReader;
  readonly writer: AccountWriter;
  readonly journal: Journal;
  now(): Date;
  /** Waits `ms` milliseconds, or until the signal is aborted: it resolves then too, and never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
