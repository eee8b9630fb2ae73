/** Entries whose date has come or is near, and what their end does to the others. */

import { AccessMap, diffAccess } from "../../address/access-map.js";
import { AddressSet } from "../../address/address-set.js";
import { type Address, formatPrefix } from "../../address/prefix.js";
import { countAddresses, rangesText } from "../../model/address-words.js";
import { soonDays } from "../../model/codes/lint.js";
import { diagnostic } from "../../model/diagnostic.js";
import { compareExpiry, dayMs, expiryTime } from "../../model/time.js";
import { type LintContext, type LintEntry, lintEntries } from "./context.js";

const isSoon = (now: Date, { entry: { expires } }: LintEntry): boolean =>
  expires !== undefined && expiryTime(expires) - now.getTime() <= soonDays * dayMs;

/** What gets in once deny entries are gone, by the entry. */
const openedBy = (
  before: readonly LintEntry[],
  after: readonly LintEntry[],
): ReadonlyMap<LintEntry, AddressSet> => {
  const map = (entries: readonly LintEntry[]): AccessMap => AccessMap.of(entries, { enforced: true });
  const opened = new Map<LintEntry, (readonly [Address, Address])[]>();
  for (const { first, last, allowed, ownerBefore } of diffAccess(map(before), map(after))) {
    const owner = before[ownerBefore];
    if (!allowed || owner?.type !== "deny") continue;
    const ranges = opened.get(owner) ?? [];
    opened.set(owner, ranges);
    ranges.push([first, last]);
  }
  return new Map([...opened].map(([entry, ranges]) => [entry, AddressSet.ofRanges(ranges)]));
};

const described = (set: AddressSet): string => `${countAddresses(set)} (${rangesText(set, 5)})`;

const lintExpired = (context: LintContext, expired: readonly LintEntry[]): void => {
  const denies = expired.filter(({ type }) => type === "deny");
  const opened = openedBy([...context.entries, ...denies], context.entries);
  for (const found of expired) {
    const { entry, rule, prefix } = found;
    const open = opened.get(found);
    const said = { prefix: formatPrefix(prefix), rule: rule.name, expired: entry.expires ?? "" };
    if (open !== undefined) {
      context.report(
        diagnostic("expired-deny-opens-access", { ...said, addresses: described(open) }, entry.source),
      );
    }
    context.report(diagnostic("expired-entry", said, entry.source));
  }
};

const lintSoon = (context: LintContext): void => {
  const soon = context.entries.filter((entry) => isSoon(context.now, entry));
  if (soon.length === 0) return;
  const leaving = new Set(soon.filter(({ type }) => type === "deny"));
  const opened = openedBy(
    context.entries,
    context.entries.filter((entry) => !leaving.has(entry)),
  );
  for (const found of soon) {
    const { entry, rule, prefix } = found;
    const open = opened.get(found);
    context.report(
      diagnostic(
        "expires-soon",
        {
          prefix: formatPrefix(prefix),
          rule: rule.name,
          expires: entry.expires ?? "",
          addresses: open && described(open),
        },
        entry.source,
      ),
    );
  }
};

/** Whether going from one list of entries to another flips the default and lets somebody in. */
const flipOpens = (before: readonly LintEntry[], after: readonly LintEntry[]): boolean => {
  const was = AccessMap.of(before, { enforced: true });
  const is = AccessMap.of(after, { enforced: true });
  return is.defaultAllowed && !was.defaultAllowed && !diffAccess(was, is).newlyAllowed.isEmpty();
};

const lastOf = (entries: readonly LintEntry[]): LintEntry | undefined =>
  entries.reduce<LintEntry | undefined>(
    (last, entry) =>
      last === undefined || compareExpiry(entry.entry.expires!, last.entry.expires!) > 0 ? entry : last,
    undefined,
  );

const lintLastAllow = (context: LintContext, expired: readonly LintEntry[]): void => {
  const { entries, now } = context;
  const gone = lastOf(expired.filter(({ type }) => type === "allow"));
  if (gone !== undefined && flipOpens([...entries, gone], entries)) {
    context.report(
      diagnostic(
        "last-allow-expired",
        { prefix: formatPrefix(gone.prefix), rule: gone.rule.name, expired: gone.entry.expires ?? "" },
        gone.entry.source,
      ),
    );
  }
  const allows = entries.filter(({ type }) => type === "allow");
  const last = lastOf(allows.filter(({ entry }) => entry.expires !== undefined));
  if (last === undefined || !allows.every((entry) => isSoon(now, entry))) return;
  const rest = entries.filter(({ type }) => type === "deny");
  if (!flipOpens(entries, rest)) return;
  context.report(
    diagnostic("last-allow-expires-soon", { expires: last.entry.expires ?? "" }, last.entry.source),
  );
};

/** Nothing enables an entry on a date. */
const lintDisabled = (context: LintContext): void => {
  for (const rule of context.policy.rules)
    for (const { prefix, expires, source } of rule.disabled ?? [])
      if (expires !== undefined)
        context.report(
          diagnostic(
            "disabled-entry-expires",
            { prefix: formatPrefix(prefix), rule: rule.name, expires },
            source,
          ),
        );
};

export const lintExpiry = (context: LintContext): void => {
  const expired = lintEntries(context.policy.rules, "expired");
  if (expired.length > 0) lintExpired(context, expired);
  lintSoon(context);
  lintDisabled(context);
  lintLastAllow(context, expired);
};
