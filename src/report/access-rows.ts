/**
 * Who gains and who loses access, in words that a tired reviewer cannot misread.
 * Promises: counts are exact, or say "about"; a range that gains access is always listed, or is behind an exact "all but".
 */
import { AddressSet } from "../address/address-set.js";
import { formatPrefix, type Prefix } from "../address/prefix.js";
import { joinWords, rangesText, type SetWords, wordsOf } from "../model/address-words.js";
import { assertNever } from "../model/assert.js";
import { quoted } from "../model/escape.js";
import { addressCount, allIPv4, allIPv6, counted, type FamilyCounts, shortCount } from "../model/words.js";
import type { AccessChange, AccessPart, PlanAccessChange } from "../plan/access-change.js";
import type { Row } from "./layout.js";

/** Why addresses gain access or lose it; without a rule where enforcement decides, or that no rule does. */
export interface AccessCause {
  /** What the rule does: `denied by`, or nothing where it allows; without a rule the whole cause. */
  readonly how: string;
  readonly rule?: string;
  /** What else there is to say, as it follows the name of the rule. */
  readonly rest?: string;
}

const ruleName = (rule: string): string => `rule ${quoted(rule)}`;

/** `, was denied by rule "B"`, where another rule decided before; `where` follows. */
export const decidedBefore = ({ verdict, before, after }: AccessPart, was = "was ", where = ""): string =>
  before.kind === "entry" && after.kind === "entry" && (where !== "" || before.rule !== after.rule)
    ? `, ${was}${verdict === "allowed" ? "denied" : "allowed"} by ${ruleName(before.rule)}${where}`
    : "";

/** Behind the addresses: `denied by rule "A", was allowed by rule "B"`. */
const reasonOf = ({ how, rule, rest = "" }: AccessCause): string =>
  `${[how, ...(rule === undefined ? [] : [ruleName(rule)])].filter(Boolean).join(" ")}${rest}`;

/** The same where the rule is named before them: `denied, was allowed by rule "B"`. */
const remarkOf = ({ how, rule, rest = "" }: AccessCause): string =>
  rule === undefined ? how : `${how.replace(/ by$/, "")}${rest}`.replace(/^,? /, "");

/** Before and after a plan. */
const changeCause = (part: AccessPart): AccessCause => {
  const { verdict, before, after } = part;
  const allowed = verdict === "allowed";
  switch (after.kind) {
    case "entry":
      return { how: allowed ? "" : "denied by", rule: after.rule, rest: decidedBefore(part) };
    case "default":
      if (before.kind === "entry")
        return { how: `no longer ${allowed ? "denied" : "allowed"} by`, rule: before.rule };
      if (allowed) return { how: "no allow entry is left, so every address that no entry denies is allowed" };
      return {
        how:
          before.kind === "enforcement-off"
            ? "enforcement is on and nothing allows them"
            : "there is now an allow entry, so whatever none allows is denied",
      };
    case "enforcement-off":
      return { how: "enforcement is off" };
    default:
      return assertNever(after);
  }
};

/** How the two sides of a comparison are called: before and after a plan, or the policy and the account. */
export interface AccessWording {
  /** What is said of addresses, of several and of one. */
  readonly allowed: readonly [many: string, one: string];
  readonly blocked: readonly [many: string, one: string];
  readonly cause: (part: AccessPart) => AccessCause;
  /** Whether a part is all that is not named elsewhere, and is called so. */
  readonly isRest?: (part: AccessPart) => boolean;
}

/** Before and after a plan. */
const changeWording: AccessWording = {
  allowed: ["gain access", "gains access"],
  blocked: ["lose access", "loses access"],
  cause: changeCause,
};

const half = { ipv4: allIPv4 / 2n, ipv6: allIPv6 / 2n };

/** What stays allowed by a plan that turns enforcement on, where that is the smaller part of both families. */
const onlyAllowed = ({ enforcedBefore, enforcedAfter, change }: PlanAccessChange): AddressSet | undefined => {
  if (enforcedBefore || !enforcedAfter) return undefined;
  const left = change.newlyBlocked.complement();
  const { ipv4, ipv6 } = left.count();
  return ipv4 < half.ipv4 && ipv6 < half.ipv6 ? left : undefined;
};

/** Before and after this plan: a few that are still allowed are named, and not all others. */
export const planWording = (access: PlanAccessChange): AccessWording =>
  onlyAllowed(access) === undefined
    ? changeWording
    : {
        ...changeWording,
        isRest: ({ before, after }) => before.kind === "enforcement-off" && after.kind === "default",
      };

/** Where not everything is known: all that may happen. */
export const mayWording = (access: PlanAccessChange): AccessWording => ({
  ...planWording(access),
  allowed: ["may gain access", "may gain access"],
  blocked: ["may lose access", "may lose access"],
});

/** Addresses of one verdict and one reason: worked out once, shown in rows of several lengths. */
interface AccessGroup {
  readonly verdict: AccessPart["verdict"];
  readonly cause: AccessCause;
  readonly counts: FamilyCounts;
  readonly words: readonly SetWords[];
  /** All addresses that nothing else names. */
  readonly isRest: boolean;
}

const groupOf = (rest: Omit<AccessGroup, "counts" | "words">, set: AddressSet): AccessGroup => {
  const counts = set.count();
  return { ...rest, counts, words: wordsOf(set, counts) };
};

/** Parts of one verdict and one cause, together. */
const groupsOf = (change: AccessChange, wording: AccessWording): AccessGroup[] => {
  const found = new Map<string, { part: AccessPart; cause: AccessCause; prefixes: Prefix[] }>();
  for (const part of change.parts) {
    const cause = wording.cause(part);
    const key = `${part.verdict} ${reasonOf(cause)}`;
    const group = found.get(key) ?? { part, cause, prefixes: [] };
    for (const prefix of part.prefixes) group.prefixes.push(prefix);
    found.set(key, group);
  }
  return [...found.values()].map(({ part, cause, prefixes }) =>
    groupOf(
      { verdict: part.verdict, cause, isRest: wording.isRest?.(part) === true },
      AddressSet.ofPrefixes(prefixes),
    ),
  );
};

/** `256 IPv4 addresses gain access`. */
const addressesWho = (
  verdict: AccessPart["verdict"],
  counts: FamilyCounts,
  wording: AccessWording,
): string => {
  const what = addressCount(counts);
  const one =
    counts.ipv4 + counts.ipv6 === 1n || /^(nearly )?the whole [^ ]+ internet( \([^()]*\))?$/.test(what);
  return `${what} ${wording[verdict][one ? 1 : 0]}`;
};

/** More prefixes of one group than this are a long list. */
const longList = 12;
/** How many of a long list are named. */
const widest = 10;

const prefixesOf = (one: SetWords): readonly Prefix[] => ("listed" in one ? one.listed : one.but);

/** Whether a group names fewer prefixes in its row than it has. */
export const isFolded = ({ words, isRest }: AccessGroup): boolean =>
  !isRest && words.some((one) => prefixesOf(one).length > longList);

/** The widest first, so that no large network hides among thousands of small ones. */
const widestOf = (prefixes: readonly Prefix[]): string =>
  [...prefixes]
    .sort((a, b) => a.length - b.length)
    .slice(0, widest)
    .map(formatPrefix)
    .join(", ");

const foldedWords = (one: SetWords): string => {
  const prefixes = prefixesOf(one);
  if (prefixes.length <= longList) return joinWords([one], longList);
  const count = counted(prefixes.length, "prefix", "prefixes");
  return "whole" in one
    ? `${one.whole} but ${count}, the ${widest} widest: ${widestOf(prefixes)}`
    : `${count}, the ${widest} widest: ${widestOf(prefixes)}`;
};

const restRow = ({ verdict }: AccessGroup, wording: AccessWording): Row => ({
  sign: verdict === "allowed" ? "+" : "-",
  depth: 1,
  text: `every other address ${wording[verdict][1]} (enforcement is on and nothing allows it)`,
});

/** `rule "Fleet": 128,000 IPv4 addresses gain access: 4,000 prefixes, the 10 widest: …`: what a reviewer reads first. */
export const ledRow = (group: AccessGroup, wording = changeWording): Row => {
  const { verdict, cause, counts, words } = group;
  if (group.isRest) return restRow(group, wording);
  const lead = cause.rule === undefined ? "" : `${ruleName(cause.rule)}: `;
  const remark = remarkOf(cause);
  const ranges = words
    .map(foldedWords)
    .filter((text) => text !== "")
    .join(", ");
  return {
    sign: verdict === "allowed" ? "+" : "-",
    depth: 1,
    text: `${lead}${addressesWho(verdict, counts, wording)}: ${ranges}${remark === "" ? "" : ` (${remark})`}`,
  };
};

/** Every prefix of a group, a row each, under the rule's name. */
export const prefixRows = ({ verdict, cause, words }: AccessGroup): Row[] => {
  const sign = verdict === "allowed" ? "+" : "-";
  const name = cause.rule === undefined ? cause.how : ruleName(cause.rule);
  return words.flatMap((one): Row[] => {
    const prefixes = prefixesOf(one);
    if (prefixes.length === 0 && !("whole" in one)) return [];
    const whole = "whole" in one ? `: ${one.whole}${one.but.length === 0 ? "" : " but"}` : "";
    return [
      { sign, depth: 1, text: `${name}${whole}` },
      ...prefixes.map((prefix): Row => ({ sign, depth: 2, text: formatPrefix(prefix) })),
    ];
  });
};

/** Prefixes of each family that a row of those who lose access lists; those that gain it are all listed. */
const mostBlocked = 12;

const accessRow = (group: AccessGroup, wording: AccessWording): Row => {
  const { verdict, cause, counts, words } = group;
  if (group.isRest) return restRow(group, wording);
  const reason = reasonOf(cause);
  const allowed = verdict === "allowed";
  const ranges = joinWords(words, allowed ? Number.POSITIVE_INFINITY : mostBlocked);
  return {
    sign: allowed ? "+" : "-",
    depth: 1,
    text: `${addressesWho(verdict, counts, wording)}: ${ranges}${reason === "" ? "" : ` (${reason})`}`,
  };
};

/** A group for each reason: first those that gain access, then those that lose it. */
export const accessGroups = (change: AccessChange, wording = changeWording): AccessGroup[] => {
  const groups = groupsOf(change, wording);
  const of = (verdict: AccessPart["verdict"], whole: AddressSet): AccessGroup[] => {
    if (whole.isEmpty()) return [];
    const own = groups.filter((group) => group.verdict === verdict);
    return own.length === 0 ? [groupOf({ verdict, cause: { how: "" }, isRest: false }, whole)] : own;
  };
  return [...of("allowed", change.newlyAllowed), ...of("blocked", change.newlyBlocked)];
};

/** A row for each reason, in the same order. */
export const accessRows = (change: AccessChange, wording = changeWording): Row[] =>
  accessGroups(change, wording).map((group) => accessRow(group, wording));

const directionWords = {
  broadens: "broadens",
  narrows: "narrows",
  both: "broadens and narrows",
} as const;

/** Ranges that a sentence names at most. */
const fewRanges = 6;

/** `broadens: 256 IPv4 addresses in, 4 out`; `narrows: only these get in: 192.0.2.0/24 (256 IPv4 addresses)`. */
export const accessWords = (access: PlanAccessChange): string => {
  const { direction, newlyAllowed, newlyBlocked } = access.change;
  if (direction === "none") return "does not change";
  const only = onlyAllowed(access);
  if (only?.isEmpty() === true) return "narrows: nobody gets in";
  if (only !== undefined)
    return `narrows: only these get in: ${rangesText(only, fewRanges)} (${addressCount(only.count())})`;
  const into = newlyAllowed.isEmpty() ? "" : `${addressCount(newlyAllowed.count())} in`;
  const blocked = newlyBlocked.count();
  const out = newlyBlocked.isEmpty()
    ? ""
    : into === "" || newlyAllowed.count().ipv6 > 0n
      ? `${addressCount(blocked)} out`
      : `${shortCount(blocked)} out`;
  return `${directionWords[direction]}: ${[into, out].filter((part) => part !== "").join(", ")}`;
};

/** Whether what is shown is only what would be if enforcement were on. */
export const isHypothetical = (access: PlanAccessChange): boolean =>
  !access.enforcedBefore && !access.enforcedAfter;

/** One sentence for the last line of every format. */
export const accessSentence = (access: PlanAccessChange): string => {
  if (access.sure !== undefined) {
    const context = isHypothetical(access) ? "Enforcement is off; once it is enabled, access" : "Access";
    return `${context} is not known exactly: in any case it ${accessWords({ ...access, change: access.sure })}; at most it ${accessWords(access)}.`;
  }
  const words = accessWords(access);
  if (access.enforcementUnknown === true) return `If enforcement is on, access ${words}.`;
  if (!isHypothetical(access)) return `Access ${words}.`;
  return access.change.direction === "none"
    ? "Enforcement is off; access would not change either once it is enabled."
    : `Enforcement is off; once it is enabled, access ${words}.`;
};

/** The sentence above the access rows that says what they hold for. */
export const accessContext = (access: PlanAccessChange): string => {
  if (access.sure !== undefined && !isHypothetical(access)) return "";
  if (isHypothetical(access)) return "enforcement is off: this is what it would mean once enabled";
  if (access.enforcementUnknown === true)
    return "no rule shows yet whether enforcement is on: this holds if it is";
  if (!access.enforcedBefore) return "this plan turns enforcement on";
  return access.enforcedAfter ? "" : "this plan turns enforcement off: every address is allowed";
};
