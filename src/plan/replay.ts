/**
 * Who would be cut off, by the traffic on record: every address that an actor was seen at, looked up in the access of
 * the account as it is and in that of a candidate. Pure: recorded events in, outcomes out; guards take the result as a
 * value.
 *
 * What it can say ends with the record. The log has no event for reads, for the use of a token or for a blocked request
 * (docs/service.md, "Audit log"), so nothing here means that somebody is safe.
 */

import type { AccessMap } from "../address/access-map.js";
import { AddressSet } from "../address/address-set.js";
import { type Address, type Prefix, prefixKey } from "../address/prefix.js";
import { present } from "../model/present.js";
import type { AccountState, Enforcement } from "../model/rule.js";
import {
  accessOf,
  type Decider,
  deciderOf,
  entriesOf,
  isEffective,
  type RuleEntry,
} from "./access-change.js";
import { compareNames } from "./state.js";

/** `unknown`: the record names somebody and does not say what; `address`: it names nobody, each address is by itself. */
export type ActorKind = "user" | "service_token" | "unknown" | "address";

/** Times are milliseconds since 1970. */
export interface SeenAddress {
  readonly address: Address;
  readonly events: number;
  /** How many of the events are failed logins. */
  readonly failedLogins: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface SeenActor {
  readonly kind: ActorKind;
  readonly id?: string;
  /** As the newest event has it. */
  readonly name?: string;
  /** Each once. */
  readonly addresses: readonly SeenAddress[];
}

/** Somebody who has events, and none with an address that can be read: nobody can tell what becomes of them. */
export interface UnreadableActor extends Omit<SeenActor, "addresses"> {
  readonly events: number;
  /** Milliseconds since 1970. */
  readonly lastSeen: number;
}

/** ISO 8601 UTC, both inclusive. */
export interface TrafficWindow {
  readonly since: string;
  readonly until: string;
}

export interface TrafficCounts {
  /** In the window, each once. */
  readonly read: number;
  /** Of those, the ones without an address, or with one that cannot be read. */
  readonly withoutAddress: number;
  readonly unreadableAddress: number;
  /** The same event a second time, by its id. Not among those read. */
  readonly duplicates: number;
  /** Neither are these: without a time that can be read, and before or after the window. */
  readonly withoutTime: number;
  readonly outsideWindow: number;
  /** Later than now by this machine's clock; read all the same. */
  readonly inFuture: number;
}

/** Traffic on record, as an aggregate: all that a replay needs. */
export interface Traffic {
  readonly window: TrafficWindow;
  readonly events: TrafficCounts;
  readonly actors: readonly SeenActor[];
  readonly unreadable: readonly UnreadableActor[];
}

/** `cut_off`: some address was allowed, none is. `partly`: some are lost, some allowed. `gains`: none lost, some new. */
export type ReplayOutcome = "cut_off" | "partly" | "gains" | "blocked" | "keeps";

/** Worst first: the order of every list of actors. */
export const replayOutcomes: readonly ReplayOutcome[] = ["cut_off", "partly", "blocked", "gains", "keeps"];

type ReplayAccess = "allowed" | "blocked";

/** `not-subject`: service tokens are not subject to the rules. */
export type ReplayDecider = Decider | { readonly kind: "not-subject" };

export interface ReplayedAddress extends SeenAddress {
  readonly before: ReplayAccess;
  readonly after: ReplayAccess;
  readonly beforeBy: ReplayDecider;
  readonly afterBy: ReplayDecider;
}

export interface ReplayedActor extends Omit<SeenActor, "addresses"> {
  /** `person 3`, `token 1`, `address 2`: what replaces the name where names are not shown. Never made from an id. */
  readonly label: string;
  readonly outcome: ReplayOutcome;
  /** Only of a service token, where nobody says whether tokens are subject to the rules; `outcome` is then: they are. */
  readonly outcomeIfNotSubject?: ReplayOutcome;
  readonly events: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** By address. */
  readonly addresses: readonly ReplayedAddress[];
  /** The fewest prefixes that hold exactly the addresses that are lost. */
  readonly wouldLetIn: readonly Prefix[];
}

export interface Replay {
  readonly window: TrafficWindow;
  readonly events: TrafficCounts;
  /** Whether enforcement is on, before and after; `after` access is looked up as if it were. */
  readonly enforcement: { readonly before: Enforcement; readonly after: Enforcement };
  /** False: enforcement is off after, so that nobody is blocked yet. */
  readonly effective: boolean;
  /** Absent where nobody says. */
  readonly serviceTokensSubject?: boolean;
  /** Worst outcome first, then the busiest. */
  readonly actors: readonly ReplayedActor[];
  /** Entries of the candidate that decided about no recorded address. */
  readonly unused: readonly RuleEntry[];
}

/** The account as it is, or as far as it is known, and the candidate. */
export interface ReplayStates {
  readonly before: AccountState;
  readonly after: AccountState;
  readonly serviceTokensSubject?: boolean | undefined;
}

interface Verdict {
  readonly access: ReplayAccess;
  readonly by: ReplayDecider;
}

/** One state's access, ready for many questions. */
class Access {
  readonly entries: readonly RuleEntry[];
  readonly #map: AccessMap;
  /** Of the owners asked for so far: each has one verdict for all its addresses. */
  readonly #verdicts = new Map<number, Verdict>();

  constructor(state: AccountState, enforced: "as-is" | "assumed") {
    this.entries = entriesOf(state);
    this.#map = accessOf(state, enforced);
  }

  of(address: Address): Verdict {
    const { allowed, owner } = this.#map.lookup(address);
    const known = this.#verdicts.get(owner);
    if (known !== undefined) return known;
    const made: Verdict = {
      access: allowed ? "allowed" : "blocked",
      by: deciderOf(this.entries, this.#map, owner),
    };
    this.#verdicts.set(owner, made);
    return made;
  }

  /** Of two rules that hold one prefix, the first decides for both. */
  unused(): RuleEntry[] {
    const keyOf = ({ type, prefix }: RuleEntry): bigint =>
      (prefixKey(prefix) << 1n) | BigInt(type === "allow");
    const used = new Set(this.entries.filter((_, at) => this.#verdicts.has(at)).map(keyOf));
    return this.entries.filter((entry) => !used.has(keyOf(entry)));
  }
}

const notSubject: Verdict = { access: "allowed", by: { kind: "not-subject" } };

/** By the verdicts of all addresses of one actor. */
const outcomeOf = (addresses: readonly Pick<ReplayedAddress, "before" | "after">[]): ReplayOutcome => {
  const was = addresses.some(({ before }) => before === "allowed");
  const is = addresses.some(({ after }) => after === "allowed");
  if (was && !is) return "cut_off";
  if (addresses.some(({ before, after }) => before === "allowed" && after === "blocked")) return "partly";
  if (addresses.some(({ before, after }) => before === "blocked" && after === "allowed")) return "gains";
  return is ? "keeps" : "blocked";
};

const byAddress = (a: SeenAddress, b: SeenAddress): number =>
  a.address < b.address ? -1 : a.address > b.address ? 1 : 0;

const replayActor = (
  { addresses: seen, ...actor }: SeenActor,
  before: Access,
  after: Access,
  subject: boolean | undefined,
): Omit<ReplayedActor, "label"> => {
  const isToken = actor.kind === "service_token";
  const addresses = seen.toSorted(byAddress).map((one): ReplayedAddress => {
    // Asked of the map in any case, so that a token's entry counts as used.
    const [was, is] = [before.of(one.address), after.of(one.address)];
    const [own, candidate] = isToken && subject === false ? [notSubject, notSubject] : [was, is];
    // Member by member: of half a million, a spread takes twice the memory.
    return {
      address: one.address,
      events: one.events,
      failedLogins: one.failedLogins,
      firstSeen: one.firstSeen,
      lastSeen: one.lastSeen,
      before: own.access,
      after: candidate.access,
      beforeBy: own.by,
      afterBy: candidate.by,
    };
  });
  const lost = addresses.filter((one) => one.before === "allowed" && one.after === "blocked");
  return {
    ...actor,
    outcome: outcomeOf(addresses),
    ...(isToken && subject === undefined ? { outcomeIfNotSubject: "keeps" as const } : {}),
    events: addresses.reduce((sum, { events }) => sum + events, 0),
    firstSeen: addresses.reduce(
      (first, { firstSeen }) => Math.min(first, firstSeen),
      Number.POSITIVE_INFINITY,
    ),
    lastSeen: addresses.reduce((last, { lastSeen }) => Math.max(last, lastSeen), Number.NEGATIVE_INFINITY),
    addresses,
    wouldLetIn: AddressSet.ofRanges(lost.map(({ address }) => [address, address] as const)).prefixes(),
  };
};

const worstThenBusiest = (a: Omit<ReplayedActor, "label">, b: Omit<ReplayedActor, "label">): number =>
  replayOutcomes.indexOf(a.outcome) - replayOutcomes.indexOf(b.outcome) ||
  b.events - a.events ||
  b.lastSeen - a.lastSeen ||
  compareNames(a.kind, b.kind) ||
  compareNames(a.id ?? a.name ?? "", b.id ?? b.name ?? "");

const labelWords: Readonly<Record<ActorKind, string>> = {
  user: "person",
  unknown: "person",
  service_token: "token",
  address: "address",
};

/** Numbers of persons, tokens and addresses, each counted by itself. */
export class Labels {
  readonly #numbers = new Map<string, number>();

  next(kind: ActorKind): string {
    const word = labelWords[kind];
    const number = (this.#numbers.get(word) ?? 0) + 1;
    this.#numbers.set(word, number);
    return `${word} ${number}`;
  }
}

/** Linear in the addresses of all actors, each of which costs two lookups. */
export const replay = (traffic: Traffic, states: ReplayStates): Replay => {
  const before = new Access(states.before, "as-is");
  const after = new Access(states.after, "assumed");
  const labels = new Labels();
  const actors = traffic.actors
    .map((actor) => replayActor(actor, before, after, states.serviceTokensSubject))
    .sort(worstThenBusiest)
    .map((actor): ReplayedActor => ({ ...actor, label: labels.next(actor.kind) }));
  return {
    window: traffic.window,
    events: traffic.events,
    enforcement: { before: states.before.enforcement, after: states.after.enforcement },
    effective: isEffective(states.after),
    ...present({ serviceTokensSubject: states.serviceTokensSubject }),
    actors,
    unused: after.unused(),
  };
};

export const actorsWith = (
  { actors }: Pick<Replay, "actors">,
  outcome: ReplayOutcome,
): readonly ReplayedActor[] => actors.filter((one) => one.outcome === outcome);

/** What decided that addresses of this actor are lost, each once, in the order of the addresses. */
export const lostTo = ({ addresses }: Pick<ReplayedActor, "addresses">) => {
  const found = new Map<string, { readonly before: ReplayDecider; readonly after: ReplayDecider }>();
  for (const { before, after, beforeBy, afterBy } of addresses) {
    if (before !== "allowed" || after !== "blocked") continue;
    const key = JSON.stringify([beforeBy, afterBy], (_, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    found.set(key, { before: beforeBy, after: afterBy });
  }
  return [...found.values()];
};
