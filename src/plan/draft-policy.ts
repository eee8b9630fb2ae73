/**
 * A first policy from traffic on record: a draft to be read and completed, never applied by itself. As few prefixes as a
 * bound on addresses that nobody used allows (address/cover.ts), in a rule for people and one for service tokens. What
 * was seen on one day only, or only in failed logins, may be anybody's: it becomes a comment, never an entry. How many
 * unused addresses it admits, and whom it would cut off, are always said together. Pure.
 */

import { type Cover, coverAddresses } from "../address/cover.js";
import {
  type Address,
  containsAddress,
  formatAddress,
  formatPrefix,
  type Prefix,
} from "../address/prefix.js";
import { openAccount, type Rule } from "../model/rule.js";
import { utcDay } from "../model/time.js";
import { counted, grouped, readableCount } from "../model/words.js";
import { commentLines } from "../policy/yaml-text.js";
import { actorsWith, replay, type Traffic } from "./replay.js";

/** All traffic at one address. */
interface AddressUse {
  readonly address: Address;
  readonly people: number;
  readonly tokens: number;
  readonly events: number;
  readonly failedLogins: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface PolicyDraft {
  readonly text: string;
  readonly prefixes: number;
  /** Addresses on record that are admitted. */
  readonly admitted: number;
  /** Addresses that are admitted and that nobody on record used. */
  readonly extra: bigint;
  /** Addresses that became comments. */
  readonly setAside: number;
  /** Of the traffic that the draft was tried on: how many actors, and how many of them it would cut off, wholly or in part. */
  readonly tried: { readonly actors: number; readonly cutOff: number; readonly partly: number };
  /** The figures in one sentence. */
  readonly summary: string;
}

interface DraftInput {
  /** What the draft is made from. */
  readonly traffic: Traffic;
  /** What it is tried on: the weeks that were held out, or the same. */
  readonly heldOut?: Traffic;
  readonly mostExtra: number;
  readonly account?: { readonly id: number; readonly host: string };
}

const usesOf = ({ actors }: Traffic): AddressUse[] => {
  const byAddress = new Map<Address, AddressUse>();
  for (const { kind, addresses } of actors)
    for (const { address, events, failedLogins, firstSeen, lastSeen } of addresses) {
      const known = byAddress.get(address);
      const isToken = kind === "service_token";
      byAddress.set(address, {
        address,
        people: (known?.people ?? 0) + (isToken ? 0 : 1),
        tokens: (known?.tokens ?? 0) + (isToken ? 1 : 0),
        events: (known?.events ?? 0) + events,
        failedLogins: (known?.failedLogins ?? 0) + failedLogins,
        firstSeen: Math.min(firstSeen, known?.firstSeen ?? firstSeen),
        lastSeen: Math.max(lastSeen, known?.lastSeen ?? lastSeen),
      });
    }
  return [...byAddress.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
};

/** Why an address is no entry; undefined where it is one. */
const doubtOf = ({ events, failedLogins, firstSeen, lastSeen }: AddressUse): string | undefined => {
  if (failedLogins === events) return "only failed logins";
  return utcDay(firstSeen) === utcDay(lastSeen) ? `on one day only, ${utcDay(lastSeen)}` : undefined;
};

const whoWords = ({ people, tokens }: Pick<AddressUse, "people" | "tokens">): string =>
  [
    ...(people === 0 ? [] : [counted(people, "person", "people")]),
    ...(tokens === 0 ? [] : [counted(tokens, "service token")]),
  ].join(" and ");

interface DraftEntry {
  readonly prefix: Prefix;
  readonly forPeople: boolean;
  readonly comment: string;
}

const entryOf = (prefix: Prefix, inside: readonly AddressUse[]): DraftEntry => {
  const extra = (1n << BigInt(128 - prefix.length)) - BigInt(inside.length);
  const events = inside.reduce((sum, one) => sum + one.events, 0);
  const last = Math.max(...inside.map(({ lastSeen }) => lastSeen));
  const words = [
    `${counted(inside.length, "address", "addresses")} on record`,
    counted(events, "event"),
    `last on ${utcDay(last)}`,
    ...(extra === 0n ? [] : [`${readableCount(extra)} that nobody used`]),
  ];
  return { prefix, forPeople: inside.some(({ people }) => people > 0), comment: words.join(", ") };
};

const ruleNames = { people: "People, from traffic", tokens: "Service tokens, from traffic" } as const;

const ruleText = (name: string, entries: readonly DraftEntry[]): string[] =>
  entries.length === 0
    ? []
    : [
        `  - name: ${name}`,
        "    type: allow",
        "    cidrs:",
        ...entries.flatMap(({ prefix, comment }) => [
          `      - cidr: "${formatPrefix(prefix)}"`,
          `        comment: ${comment}`,
        ]),
      ];

const ruleOf = (name: string, entries: readonly DraftEntry[]): Rule[] =>
  entries.length === 0
    ? []
    : [{ name, type: "allow", description: "", prefixes: entries.map(({ prefix }) => prefix) }];

/** Undefined where no address on record would be an entry. Throws as `coverAddresses` does. */
export const draftPolicy = ({
  traffic,
  heldOut,
  mostExtra,
  account,
}: DraftInput): PolicyDraft | undefined => {
  const uses = usesOf(traffic);
  const wanted = uses.filter((use) => doubtOf(use) === undefined);
  if (wanted.length === 0) return undefined;
  const record = uses.map(({ address }) => address);
  const cover = coverAddresses(
    wanted.map(({ address }) => address),
    record,
    mostExtra,
  );
  const { entries, outside: setAside } = entriesOf(cover, uses);
  const people = entries.filter(({ forPeople }) => forPeople);
  const tokens = entries.filter(({ forPeople }) => !forPeople);
  const rules = [...ruleOf(ruleNames.people, people), ...ruleOf(ruleNames.tokens, tokens)];
  const found = replay(heldOut ?? traffic, {
    before: openAccount,
    after: { enforcement: "enabled", rules },
    serviceTokensSubject: true,
  });
  const tried = {
    actors: found.actors.length,
    cutOff: actorsWith(found, "cut_off").length,
    partly: actorsWith(found, "partly").length,
  };
  const admitted = uses.length - setAside.length;
  const summary = summaryOf({ cover, admitted, tried, heldOut });
  const lines = [
    "---",
    ...commentLines(
      `A draft from the traffic of ${traffic.window.since.slice(0, 10)} to ${traffic.window.until.slice(0, 10)}. Read it and complete it; nothing applies it by itself.`,
    ),
    ...summary.split(". ").flatMap((sentence) => commentLines(`${sentence.replace(/\.$/, "")}.`)),
    ...commentLines(
      "Cannot tell: the log shows no reads and no use of tokens, so somebody who is not here may work here all the same.",
    ),
    "",
    "version: 1",
    ...(account === undefined
      ? []
      : ["account:", `  id: ${account.id}`, `  host: ${JSON.stringify(account.host)}`]),
    "enforcement: ignore",
    "rules:",
    ...ruleText(ruleNames.people, people),
    ...ruleText(ruleNames.tokens, tokens),
    ...asideText(setAside),
  ];
  return {
    text: `${lines.join("\n")}\n`,
    prefixes: cover.prefixes.length,
    admitted,
    extra: cover.extra,
    setAside: setAside.length,
    tried,
    summary,
  };
};

/** Both sorted, and no prefix inside another: one pass over both. */
const entriesOf = ({ prefixes }: Cover, uses: readonly AddressUse[]) => {
  const outside: AddressUse[] = [];
  let next = 0;
  const entries = prefixes.map((prefix) => {
    while (uses[next]!.address < prefix.network) outside.push(uses[next++]!);
    const first = next;
    while (next < uses.length && containsAddress(prefix, uses[next]!.address)) next += 1;
    return entryOf(prefix, uses.slice(first, next));
  });
  return { entries, outside: [...outside, ...uses.slice(next)] };
};

const asideText = (setAside: readonly AddressUse[]): string[] =>
  setAside.length === 0
    ? []
    : [
        ...commentLines(
          "Not entries, since an address that was seen on one day only, or only in failed logins, may be anybody's:",
        ),
        ...setAside.map(
          (use) =>
            `#   ${formatAddress(use.address)}: ${doubtOf(use)}; ${whoWords(use)}, ${counted(use.events, "event")}`,
        ),
      ];

const summaryOf = ({
  cover,
  admitted,
  tried: { actors, cutOff, partly },
  heldOut,
}: {
  readonly cover: Cover;
  readonly admitted: number;
  readonly tried: PolicyDraft["tried"];
  readonly heldOut: Traffic | undefined;
}): string => {
  const extra = `${readableCount(cover.extra)} that nobody used`;
  const what = `${counted(cover.prefixes.length, "prefix", "prefixes")} admit${cover.prefixes.length === 1 ? "s" : ""} ${counted(admitted, "address", "addresses")} on record and ${extra}`;
  const weeks =
    heldOut === undefined
      ? "By the same traffic"
      : `By the traffic held out, ${heldOut.window.since.slice(0, 10)} to ${heldOut.window.until.slice(0, 10)}`;
  return `${what}. ${weeks}, the draft would cut off ${grouped(cutOff)} of ${counted(actors, "actor")}, and ${grouped(partly)} in part.`;
};
