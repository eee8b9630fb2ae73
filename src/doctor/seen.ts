/** What `doctor` saw of an account, as values: what the judge is given. Nothing here was written by a write. */
import type { Address } from "../address/prefix.js";
import type { AuditEvent } from "../audit/event.js";
import type { Diagnostic } from "../model/diagnostic.js";
import type { Snapshot } from "../model/snapshot.js";

/** How a question to the service ended. */
export type Outcome<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "failed"; readonly diagnostics: readonly Diagnostic[] }
  /** There was nothing to ask, or asking could only fail. */
  | { readonly kind: "not-asked" };

/** What the listing of rules shows and the snapshot leaves out; of its first page. */
export interface RuleFacts {
  /** Absent where there are fewer than two rules. */
  readonly orderedById?: boolean;
  readonly rules: number;
  /** Rules that show whether enforcement is on. */
  readonly showEnforcement: number;
  /** Rules and entries that are listed although they are deleted. */
  readonly deleted: number;
}

/** What a page of the audit log shows that was asked for without `limit`. */
export interface PageFacts {
  readonly records: number;
  readonly total: number;
}

interface Clocks {
  /** The `Date` header of an answer: ISO 8601 UTC, whole seconds. */
  readonly serverAt: string;
  /** This machine's clock when that answer had come. */
  readonly at: Date;
}

/** The newest address that the audit log shows of this token. */
interface OwnAddress {
  readonly address: Address;
  /** ISO 8601 UTC. */
  readonly lastSeenAt: string;
}

export type TokenKind = "service" | "personal";

export interface Seen {
  /** Each absent where it is not known. */
  readonly settings: {
    readonly host?: string;
    readonly isTls?: boolean;
    /** Host and port alone: the rest may be a password. */
    readonly proxy?: string;
    readonly accountId?: number;
    /** By how the token begins. */
    readonly tokenLooks?: TokenKind;
    readonly diagnostics: readonly Diagnostic[];
  };
  /** Ids of the accounts that the token may see. */
  readonly accounts: Outcome<readonly number[]>;
  readonly snapshot: Outcome<Snapshot>;
  /** `is_valid_for_admin`: whether the service would let this caller in under the rules as configured. */
  readonly callerIsValid: Outcome<boolean>;
  /** The newest events, and how many there are. */
  readonly log: Outcome<{ readonly events: readonly AuditEvent[]; readonly total: number }>;
  /** Undefined where nothing says which actor of the log this token is, or it shows no address. */
  readonly ownAddress: OwnAddress | undefined;
  readonly clocks: Clocks | undefined;
  readonly ruleFacts: RuleFacts | undefined;
  readonly pageFacts: PageFacts | undefined;
}

/** Of a JSON value: `string`, `null | number`, the shape of a list's items, or the keys of an object with theirs. */
export type Shape = string | readonly Shape[] | { readonly [key: string]: Shape };

/** One answer of the service by its shape: no value of it. */
export interface RecordedCall {
  /** `GET /api/v3/accounts/ID/ip-restrictions/?limit&offset`: ids and values of the query left out. */
  readonly request: string;
  readonly status: number;
  readonly content: "json" | "html" | "empty" | "other";
  /** Of JSON only. */
  readonly shape?: Shape;
}
