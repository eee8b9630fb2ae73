/**
 * Who was active in the window and has no address on record, so that no replay can tell what becomes of them: service
 * tokens and users by the account's lists, and what is linked to the account and calls it back
 * (docs/service.md, "What else is subject to the rules"). Pure.
 */
import type { SeenActor, Traffic, UnreadableActor } from "../plan/replay.js";
import type { GitProvider, ServiceTokenRecord, UserRecord } from "./callers.js";
import type { LinkedProvider } from "./traffic.js";

export interface BlindSpot {
  readonly kind: "service_token" | "user" | "git_provider";
  /** Absent of a Git provider. */
  readonly id?: string;
  readonly name: string;
  /** ISO 8601 UTC; absent of a Git provider that only the list of users shows. */
  readonly lastActive?: string;
  /** There are events on record, and none with an address that can be read. */
  readonly unreadable?: true;
}

/** What was read of the account; a list that could not be read is absent. */
interface Callers {
  readonly serviceTokens?: readonly ServiceTokenRecord[];
  readonly users?: readonly UserRecord[];
  readonly providers: readonly LinkedProvider[];
}

/** The latest of the times (ISO 8601 UTC) that are there. */
const latest = (...times: readonly (string | undefined)[]): string | undefined =>
  times
    .filter((time) => time !== undefined)
    .sort()
    .at(-1);

/** By id, or where a record names actors in its own words, by any name that the list has. */
class SeenOnRecord {
  readonly #ids = new Set<string>();
  readonly #names = new Set<string>();

  constructor(actors: readonly (SeenActor | UnreadableActor)[], kind: "service_token" | "user") {
    for (const actor of actors) {
      if (actor.kind === kind && actor.id !== undefined) this.#ids.add(actor.id);
      const isNamed = actor.kind === "unknown" || (actor.kind === kind && actor.id === undefined);
      if (isNamed) for (const word of [actor.id, actor.name]) if (word !== undefined) this.#add(word);
    }
  }

  #add(word: string): void {
    this.#names.add(word.toLowerCase());
  }

  has(id: number, names: readonly (string | undefined)[]): boolean {
    if (this.#ids.has(String(id)) || this.#names.has(String(id))) return true;
    return names.some((name) => name !== undefined && name !== "" && this.#names.has(name.toLowerCase()));
  }
}

const providerNames: Readonly<Record<GitProvider, LinkedProvider["provider"]>> = {
  github: "GitHub",
  gitlab: "GitLab",
  azure: "Azure DevOps",
};

const linkedProviders = ({ users = [], providers }: Callers): BlindSpot[] => {
  const names = new Set(users.flatMap(({ linked }) => linked.map((provider) => providerNames[provider])));
  for (const { provider } of providers) names.add(provider);
  return [...names].sort().map((name): BlindSpot => {
    const seen = providers.find(({ provider }) => provider === name);
    return {
      kind: "git_provider",
      name,
      ...(seen === undefined ? {} : { lastActive: new Date(seen.lastSeen).toISOString() }),
    };
  });
};

const newestFirst = (a: BlindSpot, b: BlindSpot): number => {
  const [left, right] = [a.lastActive ?? "", b.lastActive ?? ""];
  return left === right ? Number(a.id) - Number(b.id) : left < right ? 1 : -1;
};

/** In the order of the record; whose kind it does not say is taken for a user. */
const unreadableSpots = (actors: readonly UnreadableActor[]): BlindSpot[] =>
  actors.map(({ kind, id, name, lastSeen }) => ({
    kind: kind === "service_token" ? kind : "user",
    ...(id === undefined ? {} : { id }),
    name: name ?? id ?? "",
    lastActive: new Date(lastSeen).toISOString(),
    unreadable: true,
  }));

/** Whose events have no address that can be read; tokens, then users, the latest first; then Git providers by name. Deleted tokens and locked users call no more. */
export const blindSpots = (
  { window, actors, unreadable }: Pick<Traffic, "window" | "actors" | "unreadable">,
  callers: Callers,
): BlindSpot[] => {
  const isIn = (time: string | undefined): time is string => time !== undefined && time >= window.since;
  const seen = [...actors, ...unreadable];
  const tokens = new SeenOnRecord(seen, "service_token");
  const users = new SeenOnRecord(seen, "user");
  const blindTokens = (callers.serviceTokens ?? []).flatMap(
    ({ id, uid, name, active, lastUsed }): BlindSpot[] =>
      active && isIn(lastUsed) && !tokens.has(id, [name, uid])
        ? [{ kind: "service_token", id: String(id), name, lastActive: lastUsed }]
        : [],
  );
  const blindUsers = (callers.users ?? []).flatMap((user): BlindSpot[] => {
    const lastActive = latest(user.lastLogin, user.apiTokenLastUsed);
    if (!user.active || !isIn(lastActive) || users.has(user.id, [user.email, user.fullName])) return [];
    const name = user.fullName ?? user.email ?? "";
    return [{ kind: "user", id: String(user.id), name, lastActive }];
  });
  return [
    ...unreadableSpots(unreadable),
    ...blindTokens.sort(newestFirst),
    ...blindUsers.sort(newestFirst),
    ...linkedProviders(callers),
  ];
};
