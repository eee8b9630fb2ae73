/** The account's rules as a snapshot, and what the server says of the caller (`AccountReader` over HTTP). */

import { type Prefix, samePrefix } from "../address/prefix.js";
import type { AccountReader, AccountWriter, WriteOutcome } from "../apply/ports.js";
import { type Failure, failure } from "../model/failure.js";
import { isObject } from "../model/json.js";
import { present } from "../model/present.js";
import type { Enforcement, RuleFields } from "../model/rule.js";
import type { Snapshot, SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import { type Answer, dataOf, field, shorten, truth, unexpected } from "./answer.js";
import type { ApiClient } from "./api-client.js";
import { readEnvelope, readList } from "./read-call.js";
import {
  decodeRule,
  type EntryBody,
  type ExpectedRule,
  isAmong,
  keptEntry,
  newEntry,
  removedEntry,
  ruleOutcome,
  typeNumber,
  type WireRule,
} from "./rule-wire.js";
import { readWritten, sendWrite, type WriteCall } from "./write-call.js";

export const createAccountReader = (client: ApiClient): AccountReader => ({
  async readSnapshot() {
    let serverAt: string | undefined;
    const rules = await readList(client, {
      url: (query) => client.accountUrl("ip-restrictions/", query),
      subject: "account",
      read: decodeRule,
      at: (time) => {
        serverAt = time;
      },
    });
    const snapshot = snapshotOf(
      client,
      rules.filter((rule) => rule !== undefined),
    );
    return { ...snapshot, ...present({ serverAt }) };
  },
  async validateCaller(ruleSetId, withoutRuleId) {
    const rule = withoutRuleId === undefined ? "" : String(withoutRuleId);
    const url = client.accountUrl(`ip-restrictions-set/${ruleSetId}/validate/${rule}`);
    const { answer, envelope } = await readEnvelope(
      client,
      { url },
      withoutRuleId === undefined ? "account" : "rule",
    );
    return truth(field(dataOf(answer, envelope), "is_valid_for_admin"));
  },
});

/** Throws where rules disagree about what there is only one of: nothing is guessed. */
const snapshotOf = ({ accountId, host }: ApiClient, wire: readonly WireRule[]): Snapshot => {
  const foreign = wire.find((rule) => rule.accountId !== undefined && rule.accountId !== accountId);
  if (foreign !== undefined) throw foreignRule(foreign, accountId, host);
  const enabled = theOne(wire, host, "enforcement", ({ ruleSetEnabled }) => ruleSetEnabled);
  const ruleSetId = theOne(wire, host, "rule-set", (rule) => rule.ruleSetId);
  const forTokens = new Set(
    wire.map((rule) => rule.enabledForServiceTokens).filter((value) => value !== undefined),
  );
  const [enabledForServiceTokens, another] = forTokens;
  return {
    accountId,
    host,
    enforcement: enforcementOf(enabled),
    rules: wire.map(({ rule }) => rule),
    ...present({ ruleSetId }),
    // Only shown: where rules disagree, it is not known.
    ...(enabledForServiceTokens === undefined || another !== undefined ? {} : { enabledForServiceTokens }),
  };
};

const enforcementOf = (enabled: boolean | undefined): Enforcement => {
  if (enabled === undefined) return "unknown";
  return enabled ? "enabled" : "disabled";
};

const theOne = <T extends number | boolean>(
  wire: readonly WireRule[],
  host: string,
  about: "enforcement" | "rule-set",
  read: (rule: WireRule) => T | undefined,
): T | undefined => {
  const known = wire.filter((rule) => read(rule) !== undefined);
  const [first] = known;
  if (first === undefined) return undefined;
  const value = read(first);
  const other = known.find((rule) => read(rule) !== value);
  if (other === undefined) return value;
  throw failure("account-contradicts-itself", {
    host,
    about,
    first: shorten(first.rule.name, 120),
    firstValue: String(value),
    second: shorten(other.rule.name, 120),
    secondValue: String(read(other)),
  });
};

const foreignRule = ({ rule, accountId }: WireRule, asked: number, host: string): Failure =>
  failure("account-foreign", {
    what: "rule",
    host,
    asked,
    found: accountId,
    name: shorten(rule.name, 120),
  });

/**
 * Creating, changing and deleting rules, and enforcement (`AccountWriter` over HTTP). Every accepted answer is
 * compared with what was sent: an HTTP 200 alone says little here (docs/service.md, "Rules").
 */
export const createAccountWriter = (client: ApiClient): AccountWriter => ({
  createRule: (rule, ruleSetEnabled) =>
    writeRule(
      client,
      {
        method: "POST",
        url: client.accountUrl("ip-restrictions/"),
        body: {
          ...ruleBody(client, rule, ruleSetEnabled),
          cidrs: [
            ...rule.prefixes.map((prefix) => newEntry(prefix)),
            ...(rule.disabled ?? []).map((prefix) => newEntry(prefix, false)),
          ],
        },
      },
      {
        becomes: rule,
        has: rule.prefixes,
        hasDisabled: rule.disabled ?? [],
        removed: [],
        ruleSetEnabled,
        mayExist: [],
        clearsDescription: false,
      },
    ),
  updateRule: (current, becomes, add, remove, ruleSetEnabled, disable = []) =>
    updateRule(client, { current, becomes, add, remove, ruleSetEnabled, disable }),
  deleteRule: (current) => deleteRule(client, current),
  setEnforcement: (enabled) => setEnforcement(client, enabled),
});

/**
 * The fields that every write repeats. Enforcement is sent as it is, and left out where it is not known. An empty
 * description is left out: the published schema asks for at least one character and names no way to clear one,
 * so whether leaving it out clears it is seen in the answer (see `clearsDescription`).
 */
const ruleBody = (
  { accountId }: ApiClient,
  { name, type, description }: RuleFields,
  ruleSetEnabled: boolean | undefined,
) => ({
  name,
  type: typeNumber(type),
  state: 1,
  account_id: accountId,
  ...present({ rule_set_enabled: ruleSetEnabled }),
  ...(description === "" ? {} : { description }),
});

const writeRule = async (
  client: ApiClient,
  call: WriteCall,
  expected: ExpectedRule,
): Promise<WriteOutcome> => {
  const written = await sendWrite(client, call, call.method === "POST" ? "account" : "rule");
  if (written.kind === "ended") return written.outcome;
  return readWritten(client, written.answer, (envelope) =>
    ruleOutcome(written.answer, envelope, expected, client.accountId),
  );
};

interface Update {
  readonly current: SnapshotRule;
  readonly becomes: RuleFields;
  readonly add: readonly Prefix[];
  readonly remove: readonly SnapshotEntry[];
  readonly ruleSetEnabled: boolean | undefined;
  readonly disable: readonly Prefix[];
}

const updateRule = async (client: ApiClient, update: Update): Promise<WriteOutcome> => {
  const { current, becomes, add, remove, ruleSetEnabled, disable } = update;
  const leaving = new Set(remove.map(({ id }) => id));
  const disabled = current.disabled ?? [];
  const wasDisabled = new Set(disabled.map(({ id }) => id));
  const stays = ({ id, prefix }: SnapshotEntry): boolean => !leaving.has(id) && !isAmong(prefix, disable);
  const kept = current.entries.filter(stays).map(({ prefix }) => prefix);
  const keptDisabled = disabled
    .filter((entry) => stays(entry) && !isAmong(entry.prefix, add))
    .map(({ prefix }) => prefix);
  const cosmetic = add.length === 0 && remove.length === 0 && disable.length === 0;
  const clearsDescription = becomes.description === "" && current.description !== "";
  const send = (cidrs: readonly EntryBody[]) =>
    writeRule(
      client,
      {
        method: "PUT",
        url: client.accountUrl(`ip-restrictions/${current.id}`),
        body: { id: current.id, ...ruleBody(client, becomes, ruleSetEnabled), cidrs },
      },
      {
        becomes,
        has: [...kept, ...add],
        hasDisabled: [...keptDisabled, ...disable],
        removed: remove,
        ruleSetEnabled,
        mayExist: cosmetic ? [...kept, ...keptDisabled] : [],
        clearsDescription,
      },
    );
  if (!cosmetic)
    return send([
      ...remove.map((entry) => removedEntry(entry, !wasDisabled.has(entry.id))),
      ...disable.flatMap((prefix) => disabledEntries(current, prefix)),
      ...add.flatMap((prefix) => addedEntries(current, prefix)),
    ]);
  const outcome = await send([
    ...current.entries.map((entry) => keptEntry(entry, true)),
    ...disabled.map((entry) => keptEntry(entry, false)),
  ]);
  // A 409 is a definite no, so this repeats nothing: a PUT without entries says the same (docs/service.md, "Rules").
  const again = outcome.kind === "refused" && outcome.status === 409 && current.entries.length > 0;
  return again ? send([]) : outcome;
};

const entriesOf = (entries: readonly SnapshotEntry[], prefix: Prefix): readonly SnapshotEntry[] =>
  entries.filter((entry) => samePrefix(entry.prefix, prefix));

/** A range that the rule has as a disabled entry would be refused as already there: that one is enabled. */
const addedEntries = ({ disabled = [] }: SnapshotRule, prefix: Prefix): readonly EntryBody[] => {
  const [there] = entriesOf(disabled, prefix);
  return [there === undefined ? newEntry(prefix) : keptEntry(there, true)];
};

/** A rule may hold one range twice, in two spellings: all of them are disabled. */
const disabledEntries = ({ entries }: SnapshotRule, prefix: Prefix): readonly EntryBody[] => {
  const there = entriesOf(entries, prefix);
  return there.length === 0 ? [newEntry(prefix, false)] : there.map((entry) => keptEntry(entry, false));
};

const deleteRule = async (client: ApiClient, { id }: SnapshotRule): Promise<WriteOutcome> => {
  const url = client.accountUrl(`ip-restrictions/${id}`);
  const written = await sendWrite(client, { method: "DELETE", url }, "rule");
  if (written.kind === "ended") return written.outcome;
  const { answer } = written;
  // Published as 204 without a body; an enveloped 200 is met as well (docs/service.md, "Rules").
  if (answer.bytes.length === 0) return applied(answer);
  return readWritten(client, answer, (envelope) => {
    if (envelope.enveloped || isObject(envelope.data)) return applied(answer);
    throw unexpected(dataOf(answer, envelope), "an envelope");
  });
};

const setEnforcement = async (client: ApiClient, enabled: boolean): Promise<WriteOutcome> => {
  const url = client.accountUrl("ip-restrictions-set/");
  const written = await sendWrite(client, { method: "POST", url, body: { enabled } }, "account");
  if (written.kind === "ended") return written.outcome;
  const { answer } = written;
  return readWritten(client, answer, (envelope): WriteOutcome => {
    if (truth(field(dataOf(answer, envelope), "enabled")) === enabled) return applied(answer);
    const message = `The answer shows the restrictions as ${enabled ? "disabled" : "enabled"}, though they were to be ${enabled ? "enabled" : "disabled"}`;
    return { kind: "partial", message, ...at(answer) };
  });
};

const applied = (answer: Answer): WriteOutcome => ({ kind: "applied", ...at(answer) });

const at = ({ serverAt }: Answer): { serverAt?: string } => (serverAt === undefined ? {} : { serverAt });
