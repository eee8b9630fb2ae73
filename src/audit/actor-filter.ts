/** Which actor a user means: by id, name (any case, `*` for the rest), or address. */
import { parseAddress } from "../address/prefix.js";
import type { AuditEvent } from "./event.js";
import { globMatches } from "./event-filter.js";

const sameAddress = (left: string, right: string): boolean => {
  const [a, b] = [parseAddress(left), parseAddress(right)];
  return a.ok && b.ok && a.address === b.address;
};

export const actorFilter = (typed: string): ((event: AuditEvent) => boolean) => {
  const wanted = typed.toLowerCase();
  return ({ actor }) =>
    actor.id === typed ||
    (actor.name !== undefined && globMatches(wanted, actor.name.toLowerCase())) ||
    (actor.ip !== undefined && sameAddress(actor.ip, typed));
};
