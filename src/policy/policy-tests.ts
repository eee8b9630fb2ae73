/**
 * The tests of a policy, run offline against the access that its rules mean once they are enforced. A range
 * holds only if every address in it does; what breaks it is shown as its fewest prefixes, with the entry that
 * decides.
 */
import { AccessMap, type AccessRange, defaultOwner } from "../address/access-map.js";
import { AddressSet } from "../address/address-set.js";
import { formatPrefix, type Prefix, samePrefix } from "../address/prefix.js";
import { countAddresses, rangesText } from "../model/address-words.js";
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import type { RuleType } from "../model/rule.js";
import type { Policy, PolicyEntry, PolicyTest } from "./policy.js";

/** An entry of the account as it is to be: of the policy's rules and of unmanaged ones that stay. */
export interface DecidingEntry {
  readonly rule: string;
  readonly type: RuleType;
  readonly prefix: Prefix;
}

interface PolicyTestResult {
  readonly test: PolicyTest;
  readonly passed: boolean;
  /** One for each expectation and entry that breaks it. */
  readonly diagnostics: readonly Diagnostic[];
}

interface Judge {
  readonly map: AccessMap;
  readonly entries: readonly DecidingEntry[];
  /** Names of the policy's own rules; the others on the account are unmanaged. */
  readonly own: ReadonlySet<string>;
}

/** Of one failing expectation, so many deciding entries are named. */
const mostReasons = 20;

const isUnmanaged = ({ entries, own }: Judge, owner: number): boolean => {
  const entry = entries[owner];
  return entry !== undefined && !own.has(entry.rule);
};

const reason = (judge: Judge, owner: number): string => {
  const { map, entries } = judge;
  const entry = owner === defaultOwner ? undefined : entries[owner];
  if (entry !== undefined) {
    const verb = entry.type === "allow" ? "allows" : "denies";
    const whose = isUnmanaged(judge, owner) ? "the unmanaged rule" : "the rule";
    return `${whose} \`${entry.rule}\` ${verb} ${formatPrefix(entry.prefix)}`;
  }
  return map.defaultAllowed
    ? "no entry matches, and without any allow entry that means access"
    : "no entry matches, and with an allow list that means no access";
};

const brokenBy = (expected: PolicyEntry, set: AddressSet, wanted: boolean): string => {
  const parts = set.prefixes();
  const [only] = parts;
  const verdict = wanted ? "denied" : "allowed";
  if (only !== undefined && parts.length === 1 && samePrefix(only, expected.prefix)) {
    return `${expected.text} is ${verdict}, not ${wanted ? "allowed" : "denied"} as expected`;
  }
  return `Of ${expected.text}, ${countAddresses(set)} would be ${verdict}: ${rangesText(set, 5)}`;
};

const setOf = (ranges: readonly AccessRange[]): AddressSet =>
  AddressSet.ofRanges(ranges.map(({ first, last }) => [first, last] as const));

/** What breaks one expectation, one diagnostic for each entry that decides otherwise. */
const breaks = (judge: Judge, test: PolicyTest, expected: PolicyEntry, wanted: boolean): Diagnostic[] => {
  const byOwner = new Map<number, AccessRange[]>();
  let others = 0;
  for (const range of judge.map.ranges(expected.prefix)) {
    if (range.allowed === wanted) continue;
    const same = byOwner.get(range.owner);
    if (same !== undefined) same.push(range);
    else if (byOwner.size < mostReasons) byOwner.set(range.owner, [range]);
    else others += 1;
  }
  return [...byOwner].map(([owner, ranges], index) =>
    diagnostic(
      "policy-test-failed",
      {
        test: test.name,
        broken: brokenBy(expected, setOf(ranges), wanted),
        because: reason(judge, owner),
        unmanaged: isUnmanaged(judge, owner),
        more: index === 0 ? others : 0,
      },
      expected.source,
    ),
  );
};

const runTest = (judge: Judge, test: PolicyTest): PolicyTestResult => {
  const diagnostics = [
    ...test.allowed.flatMap((expected) => breaks(judge, test, expected, true)),
    ...test.denied.flatMap((expected) => breaks(judge, test, expected, false)),
  ];
  return { test, passed: diagnostics.length === 0, diagnostics };
};

/** `entries` are all entries of the account as it is to be; enforcement is taken to be enabled. */
export const runPolicyTests = (
  policy: Pick<Policy, "tests" | "rules">,
  entries: readonly DecidingEntry[],
): PolicyTestResult[] => {
  if (policy.tests.length === 0) return [];
  const own = new Set(policy.rules.map(({ name }) => name));
  const judge: Judge = { map: AccessMap.of(entries, { enforced: true }), entries, own };
  return policy.tests.map((test) => runTest(judge, test));
};
