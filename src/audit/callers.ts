/**
 * Who may call the account, and when each was last active: what the audit log cannot show, since it has no event for the
 * use of a token (docs/service.md, "Hosts and authentication" and "Audit log"). The lists say when, never from where.
 */

export interface ServiceTokenRecord {
  readonly id: number;
  readonly name: string;
  readonly uid?: string;
  /** Not deleted. */
  readonly active: boolean;
  /** ISO 8601 UTC; absent: never, or not said. */
  readonly lastUsed?: string;
}

/** A Git provider that a user's account is linked to. */
export type GitProvider = "github" | "gitlab" | "azure";

export interface UserRecord {
  readonly id: number;
  readonly email?: string;
  readonly fullName?: string;
  readonly active: boolean;
  /** ISO 8601 UTC, as below; absent: never, or not said. */
  readonly lastLogin?: string;
  /** When a personal token of theirs was last used. */
  readonly apiTokenLastUsed?: string;
  readonly linked: readonly GitProvider[];
}

/** What `dbt/` implements. Both throw `Failure`; a token without the right to read a list gets status 403. */
export interface CallerReader {
  listServiceTokens(): Promise<readonly ServiceTokenRecord[]>;
  listUsers(): Promise<readonly UserRecord[]>;
}
