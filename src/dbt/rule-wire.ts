/** Rules as the API writes them, into the snapshot's terms; and back. The wire's numbers live here alone. */
import { formatPrefix, type Prefix, parsePrefix } from "../address/prefix.js";
import { assertNever } from "../model/assert.js";
import { failure } from "../model/failure.js";
import type { RuleType } from "../model/rule.js";
import type { SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import { shorten } from "./answer.js";
import {
  field,
  integer,
  isoInstant,
  items,
  optional,
  type Place,
  text,
  truth,
  unexpected,
} from "./decode.js";

/** A rule with what it says about the account and the rule set; the snapshot keeps those once. */
export interface WireRule {
  readonly rule: SnapshotRule;
  readonly accountId?: number;
  readonly ruleSetId?: number;
  readonly ruleSetEnabled?: boolean;
  readonly enabledForServiceTokens?: boolean;
}

/** `state` of a rule or an entry: 1 active, 2 deleted; absent counts as active, as in the published schema. */
const isActive = (place: Place): boolean => {
  const state = field(place, "state");
  const value = optional(state, integer) ?? 1;
  if (value !== 1 && value !== 2) throw unexpected(state, "1 or 2");
  return value === 1;
};

const ruleType = (place: Place): RuleType => {
  switch (integer(place)) {
    case 1:
      return "allow";
    case 2:
      return "deny";
    default:
      throw unexpected(place, "1 (allow) or 2 (deny)");
  }
};

export const typeNumber = (type: RuleType): 1 | 2 => {
  switch (type) {
    case "allow":
      return 1;
    case "deny":
      return 2;
    default:
      return assertNever(type);
  }
};

/** The rule, or undefined for a deleted one. Throws `Failure` for a rule that cannot be understood. */
export const decodeRule = (place: Place): WireRule | undefined => {
  if (!isActive(place)) return undefined;
  const name = text(field(place, "name"));
  const createdAt = timestamp(field(place, "created_at"));
  const updatedAt = timestamp(field(place, "updated_at"));
  const accountId = optional(field(place, "account_id"), integer);
  const ruleSetId = optional(field(place, "ip_restriction_rule_set_id"), integer);
  const ruleSetEnabled = optional(field(place, "rule_set_enabled"), truth);
  const enabledForServiceTokens = optional(field(place, "enabled_for_service_tokens"), truth);
  const cidrs = items(field(place, "cidrs")).filter(isActive);
  const disabled = cidrs.filter(isDisabled).flatMap(decodeDisabled);
  return {
    rule: {
      id: integer(field(place, "id")),
      name,
      type: ruleType(field(place, "type")),
      description: optional(field(place, "description"), text) ?? "",
      entries: cidrs.filter((item) => !isDisabled(item)).map((item) => decodeEntry(item, name)),
      ...(disabled.length === 0 ? {} : { disabled }),
      ...(createdAt === undefined ? {} : { createdAt }),
      ...(updatedAt === undefined ? {} : { updatedAt }),
    },
    ...(accountId === undefined ? {} : { accountId }),
    ...(ruleSetId === undefined ? {} : { ruleSetId }),
    ...(ruleSetEnabled === undefined ? {} : { ruleSetEnabled }),
    ...(enabledForServiceTokens === undefined ? {} : { enabledForServiceTokens }),
  };
};

/** Shown, never compared: one that cannot be read is left out. */
const timestamp = (place: Place): string | undefined => {
  const value = optional(place, text);
  return value === undefined ? undefined : isoInstant(value);
};

const isDisabled = (place: Place): boolean => optional(field(place, "enabled"), truth) === false;

/** What decides nothing need not be readable. */
const decodeDisabled = (place: Place): readonly SnapshotEntry[] => {
  const cidr = text(field(place, "cidr"));
  const parsed = parsePrefix(cidr);
  return parsed.ok ? [{ id: integer(field(place, "id")), prefix: parsed.prefix, text: cidr }] : [];
};

const decodeEntry = (place: Place, ruleName: string): SnapshotEntry => {
  const cidr = text(field(place, "cidr"));
  const parsed = parsePrefix(cidr);
  if (!parsed.ok) {
    throw failure(
      "account-prefix-unreadable",
      `The account's rule "${shorten(ruleName, 120)}" has an entry that is not a prefix, "${shorten(cidr, 80)}": ${parsed.problem.message}`,
      "Mend or remove this entry in the account's settings: what it covers cannot be told, and is not guessed",
    );
  }
  return { id: integer(field(place, "id")), prefix: parsed.prefix, text: cidr };
};

export interface EntryBody {
  readonly id?: number;
  readonly cidr: string;
  readonly state: 1 | 2;
  readonly enabled?: boolean;
}

export const newEntry = (prefix: Prefix): EntryBody => ({
  cidr: formatPrefix(prefix),
  state: 1,
  enabled: true,
});
/**
 * With its id, or the additive PUT would take it for a new one (docs/service.md, "Rules"). One that was disabled is
 * switched on by it, as `enabled` is a field of an entry that a PUT may send [assumed: nobody has published it].
 */
export const enabledEntry = ({ id, text: cidr }: SnapshotEntry): EntryBody => ({
  id,
  cidr,
  state: 1,
  enabled: true,
});
export const removedEntry = ({ id, text: cidr }: SnapshotEntry): EntryBody => ({ id, cidr, state: 2 });
