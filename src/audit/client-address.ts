/** Under which name and id the audit log knows the token of this run. */
import { type Address, parseAddress } from "../address/prefix.js";
import { dayMs, minuteMs } from "../model/time.js";
import type { AuditEvent } from "./event.js";
import { type NamedReceipt, verifyReceipts } from "./verify.js";

export interface OwnActor {
  /** The token's id, as in `actor.id`. */
  readonly id?: string;
  /** The token's or user's name, as in `actor.name`. */
  readonly name?: string;
}

/**
 * The address that the service sees this tool come from, as the audit log shows it: the newest events of the token's
 * own actor. The only source where the tool is behind NAT. What it says may be old: see `confidence`.
 */
export interface ClientAddress {
  readonly address: Address;
  readonly text: string;
  /** ISO 8601, UTC: the newest event from there. */
  readonly lastSeenAt: string;
  readonly events: number;
  /**
   * `high`: seen within 15 minutes and nowhere else since. `medium`: within a day, or together with others.
   * `low`: older, or found by name alone, which others may share.
   */
  readonly confidence: "high" | "medium" | "low";
}

const quarterHourMs = 15 * minuteMs;

const isOwn = ({ actor }: AuditEvent, { id, name }: OwnActor): boolean =>
  id !== undefined ? actor.id === id : name !== undefined && actor.name === name;

/** Newest first; empty where nothing is known of the actor. `now` by the server's clock. Pure. */
export const learnClientAddresses = (
  events: readonly AuditEvent[],
  actor: OwnActor,
  now: Date,
): readonly ClientAddress[] => {
  const byAddress = new Map<Address, { text: string; last: number; events: number }>();
  for (const event of events) {
    if (event.actor.ip === undefined || !isOwn(event, actor)) continue;
    const parsed = parseAddress(event.actor.ip);
    if (!parsed.ok) continue;
    const at = Date.parse(event.at);
    const known = byAddress.get(parsed.address);
    byAddress.set(parsed.address, {
      text: event.actor.ip,
      last: Math.max(at, known?.last ?? at),
      events: (known?.events ?? 0) + 1,
    });
  }
  const newestFirst = [...byAddress].sort((a, b) => b[1].last - a[1].last);
  const second = newestFirst[1]?.[1].last ?? Number.NEGATIVE_INFINITY;
  return newestFirst.map(([address, { text, last, events: count }], index): ClientAddress => {
    const age = now.getTime() - last;
    const alone = index === 0 && now.getTime() - second > quarterHourMs;
    const confidence =
      age > dayMs || actor.id === undefined ? "low" : age <= quarterHourMs && alone ? "high" : "medium";
    return { address, text, lastSeenAt: new Date(last).toISOString(), events: count, confidence };
  });
};

/** The actor that a user names by id or by name. A name that several ids share identifies nobody. */
export const actorNamed = (who: string, events: readonly AuditEvent[]): OwnActor | undefined => {
  if (events.some(({ actor }) => actor.id === who)) return { id: who };
  const named = events.filter(({ actor }) => actor.name === who);
  return onlyOne(named);
};

/** The actor that made the calls of these receipts, by events that name a rule of theirs; undefined where unsure. */
export const actorOfReceipts = (
  receipts: readonly NamedReceipt[],
  events: readonly AuditEvent[],
): OwnActor | undefined =>
  onlyOne(
    verifyReceipts(receipts, events)
      .receipts.flatMap(({ steps }) => steps)
      .flatMap((step) => (step.kind === "recorded" && step.strength === "strong" ? [step.event] : [])),
  );

const onlyOne = (events: readonly AuditEvent[]): OwnActor | undefined => {
  const ids = new Set(events.map(({ actor }) => actor.id));
  const [id] = ids;
  return ids.size === 1 && id !== undefined ? { id } : undefined;
};
