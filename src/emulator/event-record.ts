/** Writes into the audit log: what a write drafted becomes events with a time, an actor and a context. */
import { eventLabel } from "./event-types.js";
import { ruleSetView, ruleView } from "./rule-views.js";
import type { EventDraft } from "./rule-writes.js";
import type { AccountStore, StoredActor, StoredEvent } from "./state.js";
import type { Micros } from "./timestamps.js";

/** How the log takes the events of a write. */
export interface Recording {
  readonly actor: StoredActor;
  readonly source: string;
  /** Milliseconds until the log shows them; null: never. */
  readonly lagMs: number | null;
  /** `none` leaves out which rule it was. */
  readonly context: "full" | "none";
  tick(): Micros;
}

/** The shape is not published [assumed]: the object of the event as the API prints it. */
const contextOf = (store: AccountStore, draft: EventDraft): unknown =>
  draft.rule === undefined
    ? { ip_restrictions: ruleSetView(store) }
    : { ip_restriction_rule: ruleView(store, draft.rule, true) };

const visibility = (at: Micros, lagMs: number | null): Pick<StoredEvent, "visibleAt"> => {
  if (lagMs === null) return { visibleAt: null };
  return lagMs === 0 ? {} : { visibleAt: at + lagMs * 1000 };
};

export const recordEvents = (
  store: AccountStore,
  drafts: readonly EventDraft[],
  recording: Recording,
): AccountStore => {
  const events = drafts.map((draft, index): StoredEvent => {
    const at = recording.tick();
    return {
      sequence: store.next.event + index,
      type: draft.type,
      label: eventLabel(draft.type),
      at,
      ...visibility(at, recording.lagMs),
      actor: recording.actor,
      source: recording.source,
      context: recording.context === "none" ? {} : contextOf(store, draft),
    };
  });
  return appendEvents(store, events);
};

/** The events' sequences must be the store's next ones. */
export const appendEvents = (store: AccountStore, events: readonly StoredEvent[]): AccountStore =>
  events.length === 0
    ? store
    : {
        ...store,
        log: { ...store.log, events: [...store.log.events, ...events] },
        next: { ...store.next, event: store.next.event + events.length },
      };
