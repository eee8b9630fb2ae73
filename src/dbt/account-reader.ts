/** The account's rules as a snapshot, and the server's word on the caller (`AccountReader` over HTTP). */
import type { AccountReader } from "../apply/ports.js";
import { type Failure, failure } from "../model/failure.js";
import type { Enforcement } from "../model/rule.js";
import type { Snapshot } from "../model/snapshot.js";
import { shorten } from "./answer.js";
import type { Channel } from "./channel.js";
import { dataOf, field, integer, optional, text, truth } from "./decode.js";
import { readList } from "./listing.js";
import { readEnvelope } from "./read-call.js";
import { decodeRule, type WireRule } from "./rule-wire.js";

/** An account that a token may see. */
export interface AccountSummary {
  readonly id: number;
  /** Empty where the API gives none. */
  readonly name: string;
}

export const createAccountReader = (channel: Channel): AccountReader => ({
  async readSnapshot() {
    const records = await readList(
      channel,
      (query) => channel.accountUrl("ip-restrictions/", query),
      "account",
    );
    return snapshotOf(
      channel,
      records.map(decodeRule).filter((rule) => rule !== undefined),
    );
  },
  async validateCaller(ruleSetId, withoutRuleId) {
    const rule = withoutRuleId === undefined ? "" : String(withoutRuleId);
    const url = channel.accountUrl(`ip-restrictions-set/${ruleSetId}/validate/${rule}`);
    const { answer, envelope } = await readEnvelope(
      channel,
      { url },
      withoutRuleId === undefined ? "account" : "rule",
    );
    return truth(field(dataOf(answer, envelope), "is_valid_for_admin"));
  },
});

/** The accounts of this token, which may be more than the one that the client is for. */
export const listAccounts = async (channel: Channel): Promise<readonly AccountSummary[]> => {
  const url = (query: Readonly<Record<string, string>>) => channel.apiUrl("v3/accounts/", query);
  const records = await readList(channel, url, "account", { needsProof: false });
  return records.map((record) => ({
    id: integer(field(record, "id")),
    name: optional(field(record, "name"), text) ?? "",
  }));
};

/** Throws where rules disagree about what there is only one of: nothing is guessed. */
const snapshotOf = ({ accountId, host }: Channel, wire: readonly WireRule[]): Snapshot => {
  const foreign = wire.find((rule) => rule.accountId !== undefined && rule.accountId !== accountId);
  if (foreign !== undefined) throw foreignRule(foreign, accountId, host);
  const enabled = theOne(
    wire,
    host,
    "whether the restrictions are on",
    ({ ruleSetEnabled }) => ruleSetEnabled,
  );
  const ruleSetId = theOne(wire, host, "the rule set's id", (rule) => rule.ruleSetId);
  const forTokens = new Set(
    wire.map((rule) => rule.enabledForServiceTokens).filter((value) => value !== undefined),
  );
  const [enabledForServiceTokens, another] = forTokens;
  return {
    accountId,
    host,
    enforcement: enforcementOf(enabled),
    rules: wire.map(({ rule }) => rule),
    ...(ruleSetId === undefined ? {} : { ruleSetId }),
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
  what: string,
  read: (rule: WireRule) => T | undefined,
): T | undefined => {
  const telling = wire.filter((rule) => read(rule) !== undefined);
  const [first] = telling;
  if (first === undefined) return undefined;
  const value = read(first);
  const other = telling.find((rule) => read(rule) !== value);
  if (other === undefined) return value;
  throw failure(
    "account-contradicts-itself",
    `The rules from ${host} disagree on ${what}: "${shorten(first.rule.name, 120)}" says ${value}, "${shorten(other.rule.name, 120)}" says ${read(other)}`,
    "It may have been changed while it was read: run it again",
  );
};

const foreignRule = ({ rule, accountId }: WireRule, asked: number, host: string): Failure =>
  failure(
    "account-foreign",
    `${host} was asked for account ${asked} and gave a rule of account ${accountId}, "${shorten(rule.name, 120)}"`,
    "Nothing is safe to say about such an answer: check the host, and what stands between",
  );
