/**
 * Gathers traffic event by event into what a replay needs: for each actor and address how many events, the first and the
 * last. Memory grows with actors, addresses and the pairs of both, and by 32 bytes at most for each event with an id.
 *
 * Duplicates are found by id, exactly: a UUID and a text of up to 15 bytes are their own key, a longer one is kept by
 * 128 bits of its SHA-256.
 */
import type { AddressSet } from "../address/address-set.js";
import { specialPurposeSet } from "../address/special-purpose.js";
import { present } from "../model/present.js";
import type {
  ActorKind,
  SeenActor,
  SeenAddress,
  Traffic,
  TrafficCounts,
  UnreadableActor,
} from "../plan/replay.js";
import { timeOf } from "./event-time.js";
import { EventIds } from "./key-table.js";
import { Addresses, ownCopy, Pairs } from "./seen-addresses.js";

/** One event as a source gives it; empty texts where it says nothing. */
export interface TrafficEvent {
  readonly time: string;
  readonly address: string;
  /** Unique in its `scope`. */
  readonly id: string;
  /** `ACTOR_USER`, `service_token`, …. */
  readonly actorType: string;
  readonly actorId: string;
  readonly actorName: string;
  /** `login.sso.failed`; in any spelling of the log. */
  readonly type: string;
  /** What the event is about: a value of JSON or its text. */
  readonly context: unknown;
}

/** In whose log events have an id once. */
export type EventScope = "audit-log" | `file ${number}`;

/** Where a source puts its events, one after the other. */
export interface TrafficSink {
  add(event: TrafficEvent, scope: EventScope): void;
}

interface GatheredActor {
  readonly number: number;
  readonly kind: ActorKind;
  readonly id: string;
  name: string;
  namedAt: number;
}

/** Actors of one type; by name only those without an id. */
interface ActorGroup {
  readonly kind: ActorKind;
  readonly byId: Map<string, GatheredActor>;
  readonly byName: Map<string, GatheredActor>;
}

/** A Git provider that the account's events name, and when they last did (milliseconds since 1970). */
export interface LinkedProvider {
  readonly provider: "GitHub" | "GitLab" | "Azure DevOps";
  readonly lastSeen: number;
}

/** What was found on the way, beyond the traffic itself. */
export interface TrafficFindings {
  readonly providers: readonly LinkedProvider[];
  /** Addresses that the internet does not route: a proxy stands in between. */
  readonly privateAddresses: { readonly addresses: number; readonly events: number };
  /** Of all events with a time, in the window or not: milliseconds since 1970; absent: there was none. */
  readonly span?: { readonly first: number; readonly last: number };
}

/** Milliseconds since 1970, both inclusive. */
interface GatherWindow {
  readonly since: number;
  readonly until: number;
  /** By this machine's clock. */
  readonly now: number;
}

/** Clocks differ by seconds; by more than this, somebody should know. */
const clockSlackMs = 300_000;

/** `ACTOR_USER`, `user` and `User` are one; what the log calls otherwise is unknown. */
const actorKindOf = (type: string): ActorKind => {
  const word = type.toLowerCase();
  if (word.includes("service")) return "service_token";
  return word.includes("user") ? "user" : "unknown";
};

/** docs/service.md, "Audit log": the catalogue has `login.sso.failed`; an earlier spelling is `auth.ssologinfailed`. */
const isFailedLogin = (type: string): boolean => /login.*failed/i.test(type);

const gitEvents = /(?:^|\.)(?:repository|gitlab_application|github|azure_devops)[._]/i;

const providerWords: readonly (readonly [LinkedProvider["provider"], RegExp])[] = [
  ["GitHub", /github/i],
  ["GitLab", /gitlab/i],
  ["Azure DevOps", /azure_?-?devops|dev\.azure\.com|visualstudio\.com|azure_active_directory/i],
];

interface TypeFacts {
  readonly failedLogin: boolean;
  readonly aboutGit: boolean;
}

/** Of a value of JSON that is nested deeper than the stack goes, which no real event is: nothing. */
const textOf = (context: unknown): string => {
  if (typeof context === "string") return context;
  try {
    return JSON.stringify(context);
  } catch {
    return "";
  }
};

type Counting = { -readonly [Key in keyof TrafficCounts]: TrafficCounts[Key] };

export class TrafficGatherer implements TrafficSink {
  readonly #window: GatherWindow;
  readonly #counts: Counting = {
    read: 0,
    withoutAddress: 0,
    unreadableAddress: 0,
    duplicates: 0,
    withoutTime: 0,
    outsideWindow: 0,
    inFuture: 0,
  };
  readonly #actors: GatheredActor[] = [];
  /** By what the log calls the actor's type. */
  readonly #byType = new Map<string, ActorGroup>();
  /** By the number of the address. */
  readonly #nobody = new Map<number, GatheredActor>();
  readonly #types = new Map<string, TypeFacts>();
  /** By the number of the actor: events without an address, or with one that cannot be read. */
  readonly #unreadable = new Map<number, { events: number; last: number }>();
  readonly #addresses = new Addresses();
  readonly #pairs = new Pairs();
  readonly #ids = new Map<EventScope, EventIds>();
  readonly #providers = new Map<LinkedProvider["provider"], number>();
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor(window: GatherWindow) {
    this.#window = window;
  }

  get counts(): TrafficCounts {
    return this.#counts;
  }

  add(event: TrafficEvent, scope: EventScope): void {
    const counts = this.#counts;
    const at = timeOf(event.time);
    if (Number.isNaN(at)) {
      counts.withoutTime += 1;
      return;
    }
    if (at < this.#first) this.#first = at;
    if (at > this.#last) this.#last = at;
    if (at < this.#window.since || at > this.#window.until) {
      counts.outsideWindow += 1;
      return;
    }
    if (event.id !== "" && !this.#idsOf(scope).isNew(event.id)) {
      counts.duplicates += 1;
      return;
    }
    counts.read += 1;
    if (at > this.#window.now + clockSlackMs) counts.inFuture += 1;
    const facts = this.#factsOf(event.type);
    if (facts.aboutGit) this.#noteProviders(event, at);
    const address = event.address === "" ? -1 : this.#addresses.numberOf(event.address);
    if (address >= 0) {
      this.#pairs.count(this.#actorOf(event, at, address), address, at, facts.failedLogin);
      return;
    }
    counts.withoutAddress += 1;
    if (event.address !== "") counts.unreadableAddress += 1;
    if (event.actorId !== "" || event.actorName !== "")
      this.#countUnreadable(this.#actorOf(event, at, -1), at);
  }

  #countUnreadable(actor: number, at: number): void {
    const known = this.#unreadable.get(actor);
    this.#unreadable.set(actor, {
      events: 1 + (known?.events ?? 0),
      last: Math.max(at, known?.last ?? at),
    });
  }

  #idsOf(scope: EventScope): EventIds {
    const known = this.#ids.get(scope);
    if (known !== undefined) return known;
    const made = new EventIds();
    this.#ids.set(scope, made);
    return made;
  }

  #factsOf(type: string): TypeFacts {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    const made = { failedLogin: isFailedLogin(type), aboutGit: gitEvents.test(type) };
    // Types are few; a source that makes them up does not fill the memory.
    if (this.#types.size < 10_000) this.#types.set(ownCopy(type), made);
    return made;
  }

  #noteProviders({ type, context }: TrafficEvent, at: number): void {
    const text = `${type} ${textOf(context)}`;
    for (const [provider, pattern] of providerWords)
      if (pattern.test(text))
        this.#providers.set(provider, Math.max(at, this.#providers.get(provider) ?? at));
  }

  #actorOf(event: TrafficEvent, at: number, address: number): number {
    const { actorId: id, actorName: name } = event;
    const { kind, byId, byName } = this.#groupOf(event.actorType);
    if (id !== "") return this.#actorIn(byId, id, kind, event, at);
    if (name !== "") return this.#actorIn(byName, name, kind, event, at);
    return this.#actorIn(this.#nobody, address, "address", event, at);
  }

  /** The log's spellings of one type are one group, so that an actor of both record forms is one. */
  #groupOf(type: string): ActorGroup {
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    const kind = actorKindOf(type);
    const group = kind === "unknown" ? type.toLowerCase() : kind;
    const made = this.#byType.get(group) ?? { kind, byId: new Map(), byName: new Map() };
    this.#byType.set(group, made);
    this.#byType.set(ownCopy(type), made);
    return made;
  }

  #actorIn<Key extends string | number>(
    group: Map<Key | string, GatheredActor>,
    key: Key,
    kind: ActorKind,
    { actorId: id, actorName: name }: TrafficEvent,
    at: number,
  ): number {
    const known = group.get(key);
    if (known === undefined) {
      const made = { number: this.#actors.length, kind, id: ownCopy(id), name: ownCopy(name), namedAt: at };
      this.#actors.push(made);
      group.set(typeof key === "string" ? ownCopy(key) : key, made);
      return made.number;
    }
    if (at > known.namedAt) {
      if (name !== known.name) known.name = ownCopy(name);
      known.namedAt = at;
    }
    return known.number;
  }

  /** `until`: what the window says where it has no end. */
  traffic(window: { readonly since: string; readonly until: string }): Traffic {
    const seen: SeenAddress[][] = this.#actors.map(() => []);
    const pairs = this.#pairs;
    for (let pair = 0; pair < pairs.size; pair += 1)
      seen[pairs.actor(pair)]!.push(pairs.seen(pair, this.#addresses.address(pairs.address(pair))));
    const who = ({ kind, id, name }: GatheredActor) => ({
      kind,
      ...present({ id: id === "" ? undefined : id, name: name === "" ? undefined : name }),
    });
    return {
      window,
      events: { ...this.#counts },
      actors: this.#actors.flatMap((actor): SeenActor[] => {
        const addresses = seen[actor.number]!;
        return addresses.length === 0 ? [] : [{ ...who(actor), addresses }];
      }),
      unreadable: this.#actors.flatMap((actor): UnreadableActor[] => {
        const found = this.#unreadable.get(actor.number);
        if (found === undefined || seen[actor.number]!.length > 0) return [];
        return [{ ...who(actor), events: found.events, lastSeen: found.last }];
      }),
    };
  }

  findings(): TrafficFindings {
    return {
      providers: [...this.#providers].map(([provider, lastSeen]) => ({ provider, lastSeen })),
      privateAddresses: this.#privateAddresses(),
      ...(this.#last < this.#first ? {} : { span: { first: this.#first, last: this.#last } }),
    };
  }

  #privateAddresses(): TrafficFindings["privateAddresses"] {
    const found = new Set<number>();
    const isPrivate = unrouted();
    const pairs = this.#pairs;
    let all = 0;
    for (let pair = 0; pair < pairs.size; pair += 1) {
      const address = pairs.address(pair);
      if (!isPrivate.contains(this.#addresses.address(address))) continue;
      found.add(address);
      all += pairs.events(pair);
    }
    return { addresses: found.size, events: all };
  }
}

/** Addresses that the internet does not route; without the blocks for documentation, which every rehearsal uses. */
const unrouted = (): AddressSet =>
  specialPurposeSet(({ reachable, use }) => reachable === "no" && use !== "documentation");
