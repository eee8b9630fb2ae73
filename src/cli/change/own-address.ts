/**
 * The address that the service sees this run come from, as far as the audit log shows: the last one of this token.
 * One page of the log is read, and only where it can matter. Not being able to is a note, never an error.
 */

import type { Address } from "../../address/prefix.js";
import { ipRestrictionTypes } from "../../audit/catalogue.js";
import {
  actorNamed,
  actorOfReceipts,
  type ClientAddress,
  learnClientAddresses,
  type OwnActor,
} from "../../audit/client-address.js";
import type { AuditEvent } from "../../audit/event.js";
import type { AuditReader } from "../../audit/list-events.js";
import { visible } from "../../model/escape.js";
import { Failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { isEnforced } from "../../plan/access-change.js";
import type { Plan } from "../../plan/plan.js";
import { turnsEnforcementOn } from "../../plan/step-effect.js";
import { type Io, note } from "../io.js";
import { type Account, receiptFolder, receiptsIn } from "../receipts.js";

/** How many receipts of earlier runs are asked who this is, the newest first. */
const receiptsAsked = 3;

interface OwnAddress {
  /** Undefined where nothing says which actor of the log this token is. */
  readonly own: OwnActor | undefined;
  readonly newest?: ClientAddress;
}

/**
 * Whom the log has for this token, by `actor` (its name or id there) or else by receipts of earlier runs in the default folder,
 * and the address that it last came from. `log` is read only where one of both is there.
 */
export const ownAddress = async (
  io: Io,
  account: Account,
  actor: string | undefined,
  log: () => Promise<{ readonly events: readonly AuditEvent[]; readonly serverAt?: string | undefined }>,
): Promise<OwnAddress | undefined> => {
  const receipts =
    actor === undefined ? (await receiptsIn(io, receiptFolder, account)).slice(-receiptsAsked).reverse() : [];
  if (actor === undefined && receipts.length === 0) return undefined;
  const { events, serverAt } = await log();
  const own = actor === undefined ? actorOfReceipts(receipts, events) : actorNamed(actor, events);
  const now = serverAt === undefined ? io.now() : new Date(serverAt);
  const newest = own === undefined ? undefined : learnClientAddresses(events, own, now)[0];
  return { own, ...present({ newest }) };
};

/** The address to keep allowed where the user named none; it is said on standard error. Empty where enforcement is off all the while. */
export const learnClient = async (
  io: Io,
  reader: Pick<AuditReader, "listPage">,
  plan: Plan,
  actor: string | undefined,
): Promise<readonly Address[]> => {
  if (!isEverEnforced(plan)) return [];
  const query = { types: Object.values(ipRestrictionTypes) };
  try {
    const found = await ownAddress(io, plan.account, actor, () => reader.listPage(query, 0));
    if (found?.newest !== undefined) return keptAllowed(io, found.newest, found.own);
    if (actor !== undefined)
      note(io, `Your own address is not known: the audit log shows none that only ${visible(actor)} used`);
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    note(io, `Your own address is not known: the audit log cannot be read (${visible(error.message)})`);
    return [];
  }
};

const isEverEnforced = ({ before, steps }: Plan): boolean =>
  steps.length > 0 && (isEnforced(before) || turnsEnforcementOn(steps));

/** An address of days ago may be somebody else's by now: it is said, and need not stay allowed. */
const keptAllowed = (io: Io, newest: ClientAddress, own: OwnActor | undefined): readonly Address[] => {
  const isRecent = newest.confidence !== "low";
  const who = own?.id === undefined ? "" : ` (actor ${visible(own.id)})`;
  const seen = `The audit log last saw this token${who} at ${visible(newest.text)}, ${newest.lastSeenAt}`;
  note(io, isRecent ? `${seen}: it must stay allowed` : `${seen}: too long ago to say where it is now`);
  return isRecent ? [newest.address] : [];
};
