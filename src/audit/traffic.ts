/**
 * Gathers traffic event by event into what a replay needs: for each actor and address how many events, the first and the
 * last. Memory grows with actors, addresses and the pairs of both, and by 32 bytes at most for each event with an id.
 *
 * Duplicates are found by id, exactly: a UUID and a text of up to 15 bytes are their own key, a longer one is kept by
 * 128 bits of its SHA-256.
 */
import { PrefixParser } from "../address/parse.js";
import type { Prefix } from "../address/prefix.js";
import { specialPurpose } from "../address/special-purpose.js";
import { present } from "../model/present.js";
import { sha256 } from "../model/sha256.js";
import type {
  ActorKind,
  SeenActor,
  SeenAddress,
  Traffic,
  TrafficCounts,
  UnreadableActor,
} from "../plan/replay.js";
import { type Span, timeOf } from "./event-time.js";
import { KeyTable } from "./key-table.js";

/** One event as a source gives it; empty spans and texts where it says nothing. Reused from event to event. */
export interface TrafficRow {
  readonly time: Span;
  readonly address: Span;
  /** Its id, unique in its `scope`. */
  readonly eventId: Span;
  /** `ACTOR_USER`, `service_token`, …. */
  actorType: string;
  actorId: string;
  /** Asked for only where it is news. */
  actorName: () => string;
  /** `login.sso.failed`; in any spelling of the log. */
  eventType: string;
  /** What the event is about, as text; asked for only of events of Git integrations. */
  context: () => string;
}

/** In whose log events have an id once. */
export type EventScope = "audit-log" | `file ${number}`;

/** Where a source puts its events, one after the other. */
export interface TrafficSink {
  add(row: TrafficRow, scope: EventScope): void;
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
export interface GatherWindow {
  readonly since: number;
  readonly until: number;
  /** By this machine's clock. */
  readonly now: number;
}

/** Clocks differ by seconds; by more than this, somebody should know. */
const clockSlackMs = 300_000;

/** `ACTOR_USER`, `user` and `User` are one; what the log calls otherwise is unknown. */
export const actorKindOf = (type: string): ActorKind => {
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

/** Columns that grow together. */
class Pairs {
  events = new Float64Array(1024);
  failed = new Float64Array(1024);
  first = new Float64Array(1024);
  last = new Float64Array(1024);

  hold(count: number): void {
    if (count <= this.events.length) return;
    const grow = (old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(2 * old.length);
      larger.set(old);
      return larger;
    };
    this.events = grow(this.events);
    this.failed = grow(this.failed);
    this.first = grow(this.first);
    this.last = grow(this.last);
  }
}

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
  /** By the number of the actor: events with an address that cannot be read. */
  readonly #unreadable = new Map<number, { events: number; last: number }>();
  readonly #addresses = new KeyTable();
  readonly #pairKeys = new KeyTable();
  readonly #pairs = new Pairs();
  readonly #ids = new Map<EventScope, EventIds>();
  readonly #providers = new Map<LinkedProvider["provider"], number>();
  readonly #parser = new PrefixParser();
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor(window: GatherWindow) {
    this.#window = window;
  }

  get counts(): TrafficCounts {
    return this.#counts;
  }

  add(row: TrafficRow, scope: EventScope): void {
    const counts = this.#counts;
    const at = timeOf(row.time);
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
    if (row.eventId.end > row.eventId.start && !this.#idsOf(scope).isNew(row.eventId)) {
      counts.duplicates += 1;
      return;
    }
    counts.read += 1;
    if (at > this.#window.now + clockSlackMs) counts.inFuture += 1;
    const facts = this.#factsOf(row.eventType);
    if (facts.aboutGit) this.#noteProviders(`${row.eventType} ${row.context()}`, at);
    if (row.address.end === row.address.start) {
      counts.withoutAddress += 1;
      return;
    }
    const parser = this.#parser;
    if (!readAddress(parser, row.address)) {
      counts.withoutAddress += 1;
      counts.unreadableAddress += 1;
      if (row.actorId !== "" || row.actorName() !== "") this.#countUnreadable(this.#actorOf(row, at, -1), at);
      return;
    }
    const { words } = parser;
    const address = this.#addresses.numberOf(words[0]!, words[1]!, words[2]!, words[3]!);
    this.#count(this.#actorOf(row, at, address), address, at, facts.failedLogin);
  }

  #countUnreadable(actor: number, at: number): void {
    const known = this.#unreadable.get(actor);
    this.#unreadable.set(actor, {
      events: 1 + (known?.events ?? 0),
      last: Math.max(at, known?.last ?? at),
    });
  }

  #count(actor: number, address: number, at: number, failed: boolean): void {
    const pairs = this.#pairs;
    const known = this.#pairKeys.size;
    const pair = this.#pairKeys.numberOf(0, 0, actor, address);
    if (pair === known) {
      pairs.hold(pair + 1);
      pairs.first[pair] = at;
      pairs.last[pair] = at;
    } else if (at < pairs.first[pair]!) pairs.first[pair] = at;
    else if (at > pairs.last[pair]!) pairs.last[pair] = at;
    pairs.events[pair]! += 1;
    if (failed) pairs.failed[pair]! += 1;
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
    if (this.#types.size < 10_000) this.#types.set(type, made);
    return made;
  }

  #noteProviders(text: string, at: number): void {
    for (const [provider, pattern] of providerWords)
      if (pattern.test(text))
        this.#providers.set(provider, Math.max(at, this.#providers.get(provider) ?? at));
  }

  #actorOf(row: TrafficRow, at: number, address: number): number {
    const group = this.#groupOf(row.actorType);
    if (row.actorId !== "") return this.#actorIn(group.byId, row.actorId, group.kind, row, at);
    const name = row.actorName();
    if (name !== "") return this.#actorIn(group.byName, name, group.kind, row, at);
    return this.#actorIn(this.#nobody, address, "address", row, at);
  }

  /** The log's spellings of one type are one group, so that an actor of both record forms is one. */
  #groupOf(type: string): ActorGroup {
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    const kind = actorKindOf(type);
    const group = kind === "unknown" ? type.toLowerCase() : kind;
    const made = this.#byType.get(group) ?? { kind, byId: new Map(), byName: new Map() };
    this.#byType.set(group, made);
    this.#byType.set(type, made);
    return made;
  }

  #actorIn<Key>(
    group: Map<Key, GatheredActor>,
    key: Key,
    kind: ActorKind,
    { actorId: id, actorName }: TrafficRow,
    at: number,
  ): number {
    const known = group.get(key);
    if (known === undefined) {
      const made = { number: this.#actors.length, kind, id, name: actorName(), namedAt: at };
      this.#actors.push(made);
      group.set(key, made);
      return made.number;
    }
    if (at > known.namedAt) {
      known.name = actorName();
      known.namedAt = at;
    }
    return known.number;
  }

  /** `until`: what the window says where it has no end. */
  traffic(window: { readonly since: string; readonly until: string }): Traffic {
    const seen: SeenAddress[][] = this.#actors.map(() => []);
    const pairs = this.#pairs;
    for (let pair = 0; pair < this.#pairKeys.size; pair += 1) {
      seen[this.#pairKeys.word(pair, 2)]!.push({
        address: this.#address(this.#pairKeys.word(pair, 3)),
        events: pairs.events[pair]!,
        failedLogins: pairs.failed[pair]!,
        firstSeen: pairs.first[pair]!,
        lastSeen: pairs.last[pair]!,
      });
    }
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
    const unrouted = new Set<number>();
    for (let number = 0; number < this.#addresses.size; number += 1) {
      if (isUnrouted({ network: this.#address(number), length: 128 })) unrouted.add(number);
    }
    let events = 0;
    for (let pair = 0; pair < this.#pairKeys.size; pair += 1)
      if (unrouted.has(this.#pairKeys.word(pair, 3))) events += this.#pairs.events[pair]!;
    return { addresses: unrouted.size, events };
  }

  #address(number: number): bigint {
    let address = 0n;
    for (let word = 0; word < 4; word += 1)
      address = (address << 32n) | BigInt(this.#addresses.word(number, word));
    return address;
  }
}

/**
 * Into `parser.words`; false: it is no address. A port behind it is left out where nothing else can be meant, as
 * proxies write it: `192.0.2.1:443`, `[2001:db8::1]:443`, `[2001:db8::1]`.
 */
const readAddress = (parser: PrefixParser, { bytes, start, end }: Span): boolean => {
  if (parser.parse(bytes, start, end)) return parser.bare;
  const text = Buffer.from(bytes.subarray(start, Math.min(end, start + longestWithPort))).toString("latin1");
  const [, inBrackets, ipv4, port] = withPort.exec(text) ?? [];
  const address = inBrackets ?? ipv4;
  if (address === undefined || end - start > longestWithPort || Number(port ?? 0) > 65_535) return false;
  const first = inBrackets === undefined ? start : start + 1;
  return parser.parse(bytes, first, first + address.length) && parser.bare;
};

const longestWithPort = 64;
const withPort = /^(?:\[([0-9a-f:.]*:[0-9a-f:.]*)\]|([0-9.]+)(?=:))(?::(\d{1,5}))?$/i;

/** Not the blocks for documentation, which every rehearsal uses. */
const isUnrouted = (prefix: Prefix): boolean => {
  const block = specialPurpose(prefix);
  return block !== undefined && block.reachable === "no" && block.use !== "documentation";
};

/** Ids of one log. */
class EventIds {
  readonly #uuids = new KeyTable();
  readonly #short = new KeyTable();
  readonly #long = new KeyTable();
  readonly #words = new Uint32Array(4);

  isNew(id: Span): boolean {
    const table = this.#tableOf(id);
    const known = table.size;
    const words = this.#words;
    return table.numberOf(words[0]!, words[1]!, words[2]!, words[3]!) === known;
  }

  /** Leaves the key in `#words`. */
  #tableOf({ bytes, start, end }: Span): KeyTable {
    const length = end - start;
    const words = this.#words;
    if (length === 36 && readUuid(bytes, start, words)) return this.#uuids;
    words.fill(0);
    if (length <= 15) {
      words[0] = length << 24;
      // The length first, then the bytes: no two texts are alike.
      for (let at = 0; at < length; at += 1)
        words[(at + 1) >>> 2]! |= bytes[start + at]! << (24 - 8 * ((at + 1) & 3));
      return this.#short;
    }
    const hash = sha256(Buffer.from(bytes.subarray(start, end)).toString("latin1"));
    for (let word = 0; word < 4; word += 1)
      words[word] = Number.parseInt(hash.slice(8 * word, 8 * word + 8), 16);
    return this.#long;
  }
}

const hexDigit = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
};

/** Whether the 36 bytes are a UUID; capitals count as small letters (RFC 9562 section 4). */
const readUuid = (bytes: Uint8Array, start: number, words: Uint32Array): boolean => {
  let digits = 0;
  for (let at = 0; at < 36; at += 1) {
    const byte = bytes[start + at]!;
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (byte !== 0x2d) return false;
      continue;
    }
    const value = hexDigit(byte);
    if (value < 0) return false;
    words[digits >>> 3] = (words[digits >>> 3]! << 4) | value;
    digits += 1;
  }
  return true;
};
