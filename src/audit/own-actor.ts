/** Under which name and id the audit log knows the token of this run. */
import type { OwnActor } from "./client-addresses.js";
import type { AuditEvent } from "./event.js";
import { type NamedReceipt, verifyReceipts } from "./verify.js";

/** The actor that a user names by id or by name. A name that several ids share tells nobody. */
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
