/** Who is calling: the tokens that the emulator knows, and what each may do. A token's text is never given out. */

import { sha256 } from "../model/sha256.js";
import { firstIds, type StoredActor } from "./state.js";

export interface TokenOption {
  readonly token: string;
  readonly kind: "service" | "personal";
  /** `admin` may write, `viewer` may read. */
  readonly role: "admin" | "viewer";
  /** Of the service token, or of the user. */
  readonly id?: number;
  readonly name?: string;
}

export interface Grant {
  readonly kind: "service" | "personal";
  readonly role: "admin" | "viewer";
  readonly id: number;
  readonly name: string;
}

export interface Authenticate {
  (authorization: string | undefined): Grant | undefined;
  /** Of every token, in the order given. */
  readonly grants: readonly Grant[];
}

/** Looks tokens up by their hash: no comparison takes longer for a better guess. `Token X` and `Bearer X`. */
export const createAuthenticate = (tokens: readonly TokenOption[]): Authenticate => {
  const grants = new Map(
    tokens.map(({ token, kind, role, id, name }, index): readonly [string, Grant] => [
      sha256(token),
      {
        kind,
        role,
        id: id ?? (kind === "service" ? firstIds.serviceToken : 1001) + index,
        name: name ?? `${kind}-token-${index + 1}`,
      },
    ]),
  );
  const authenticate = (authorization: string | undefined): Grant | undefined => {
    const match = /^(?:token|bearer) +(\S+) *$/i.exec(authorization ?? "");
    return match?.[1] === undefined ? undefined : grants.get(sha256(match[1]));
  };
  return Object.assign(authenticate, { grants: [...grants.values()] });
};

export const actorOf = (grant: Grant, ip: string): StoredActor => ({
  type: grant.kind === "service" ? "ACTOR_SERVICE_TOKEN" : "ACTOR_USER",
  id: grant.id,
  name: grant.name,
  ip,
});
