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
import type { AuditReader } from "../../audit/list-events.js";
import type { NamedReceipt } from "../../audit/verify.js";
import { visible } from "../../model/escape.js";
import { Failure } from "../../model/failure.js";
import type { Plan } from "../../plan/plan.js";
import { type Io, note } from "../io.js";
import { type Account, receiptFolder, receiptsIn } from "../receipts.js";

/** How many receipts of earlier runs are asked who this is. */
const receiptsAsked = 3;

/**
 * The addresses to keep allowed in addition to those that the user named; each is said on standard error. Empty where
 * enforcement is off all the while, or where nothing says which actor of the log this token is: neither `actor` (its
 * name or id, as the log has it), nor a receipt of an earlier run in the default folder.
 */
export const learnClient = async (
  io: Io,
  reader: Pick<AuditReader, "listPage">,
  plan: Plan,
  actor: string | undefined,
): Promise<readonly Address[]> => {
  if (!isEverEnforced(plan)) return [];
  const receipts = actor === undefined ? await ownReceipts(io, plan) : [];
  if (actor === undefined && receipts.length === 0) return [];
  try {
    const { events, serverAt } = await reader.listPage({ types: Object.values(ipRestrictionTypes) }, 0);
    const own = actor === undefined ? actorOfReceipts(receipts, events) : actorNamed(actor, events);
    const now = serverAt === undefined ? io.now() : new Date(serverAt);
    const newest = own === undefined ? undefined : learnClientAddresses(events, own, now)[0];
    return newest === undefined ? nothingKnown(io, actor) : held(io, newest, own);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    note(io, `Your own address is not known: the audit log cannot be read (${visible(error.message)})`);
    return [];
  }
};

const isEverEnforced = ({ before, steps }: Plan): boolean =>
  steps.length > 0 &&
  (before.enforcement !== "disabled" ||
    steps.some(({ step }) => step.kind === "enforcement" && step.enabled));

const nothingKnown = (io: Io, actor: string | undefined): readonly Address[] => {
  if (actor !== undefined)
    note(io, `Your own address is not known: the audit log shows none that only ${visible(actor)} used`);
  return [];
};

/** An address of days ago may be somebody else's by now: it is told, and not held against the plan. */
const held = (io: Io, newest: ClientAddress, own: OwnActor | undefined): readonly Address[] => {
  const sure = newest.confidence !== "low";
  const who = own?.id === undefined ? "" : ` (actor ${visible(own.id)})`;
  const seen = `The audit log last saw this token${who} at ${visible(newest.text)}, ${newest.lastSeenAt}`;
  note(io, sure ? `${seen}: it must stay allowed` : `${seen}: too long ago to say where it is now`);
  return sure ? [newest.address] : [];
};

/** The newest receipts of this account that may have changed something, the newest first. */
export const ownReceipts = async (
  io: Io,
  { account }: { readonly account: Account },
): Promise<readonly NamedReceipt[]> =>
  (await receiptsIn(io, receiptFolder, account)).slice(-receiptsAsked).reverse();
