/**
 * A plan made again from its document. Nothing in it is trusted that can be worked out: from the states before and after
 * come changes, access and steps anew. What the document says otherwise is a contradiction, and then there is no plan.
 */
import { formatPrefix, type Prefix, parsePrefix } from "../address/prefix.js";
import { isCode } from "../model/codes/index.js";
import { type Diagnostic, messageOf, recordedDiagnostic, type SourceRange } from "../model/diagnostic.js";
import { isGuardName, isOverrideFlag } from "../model/guards.js";
import { present } from "../model/present.js";
import type { AccountState, Rule } from "../model/rule.js";
import { planAccessChange } from "./access-change.js";
import type { PlanReplay } from "./cut-off.js";
import { diffStates } from "./diff-states.js";
import { orderSteps } from "./order/transition.js";
import { verifySteps } from "./order/verify-steps.js";
import type { DatedEntry, ListedEntries, MustHold, Plan, Verdict } from "./plan.js";
import type { PlanDocument } from "./plan-document.js";
import {
  compareNames,
  contradictions,
  entryFields,
  hashState,
  rulesByName,
  sortedPrefixes,
} from "./state.js";

/** The plan, or what contradicts it, or what only another version knows. */
export type DerivedPlan =
  | { readonly plan: Plan }
  | { readonly problem: string }
  | { readonly unknown: string };

type StateDocument = PlanDocument["before"];
type DiagnosticDocument = PlanDocument["diagnostics"][number];

/** Thrown and caught in this file only: a document that is no plan. */
class Contradiction extends Error {}

/** Likewise: a document with a word that only another version of this program knows. */
class Unknown extends Error {}

const prefixFrom = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok || formatPrefix(parsed.prefix) !== text) {
    throw new Contradiction(`${JSON.stringify(text)} is not a prefix in its canonical form`);
  }
  return parsed.prefix;
};

const ruleFrom = ({
  name,
  type,
  description,
  cidrs,
  disabled_cidrs: disabled = [],
}: StateDocument["rules"][number]): Rule => ({
  name,
  type,
  description,
  ...entryFields(cidrs.map(prefixFrom), disabled.map(prefixFrom)),
});

const stateFrom = ({ enforcement, rules }: StateDocument, where: string): AccountState => {
  rules.forEach(({ name }, index) => {
    const previous = rules[index - 1];
    if (previous === undefined || compareNames(previous.name, name) < 0) return;
    throw new Contradiction(`the rules ${where} are not in order, or one is there twice`);
  });
  const state = { enforcement, rules: rules.map(ruleFrom) };
  const [problem] = contradictions(state.rules, where);
  if (problem !== undefined) throw new Contradiction(messageOf(problem));
  return state;
};

const renamesFrom = (
  { changes }: Pick<PlanDocument, "changes">,
  before: AccountState,
  after: AccountState,
) => {
  const [old, now] = [rulesByName(before.rules), rulesByName(after.rules)];
  const renames = new Map<string, string>();
  const taken = new Set<string>();
  for (const { rule, renamed_from: from } of changes) {
    if (from === undefined || rule === undefined) continue;
    const fits = old.has(from) && !old.has(rule) && now.has(rule) && !now.has(from);
    if (!fits || taken.has(from))
      throw new Contradiction(`no rule can be renamed from ${JSON.stringify(from)}`);
    taken.add(from);
    renames.set(rule, from);
  }
  return renames;
};

/** The texts as they were recorded; what a code says today may be worded otherwise. */
const diagnosticFrom = ({ code, severity, message, hint, source }: DiagnosticDocument): Diagnostic => {
  const texts = { message, ...present({ hint }) };
  if (!isCode(code)) throw new Unknown(`the code ${JSON.stringify(code)}`);
  return recordedDiagnostic(code, severity, texts, source && rangeFrom(source));
};

const rangeFrom = (place: NonNullable<DiagnosticDocument["source"]>): SourceRange => ({
  file: place.file,
  line: place.line,
  column: place.column,
  endLine: place.end_line,
  endColumn: place.end_column,
  lineText: place.line_text,
});

const verdictFrom = ({ guard, state, override, diagnostics }: PlanDocument["guards"][number]): Verdict => {
  if (!isGuardName(guard)) throw new Unknown(`the guard ${JSON.stringify(guard)}`);
  if (override !== undefined && !isOverrideFlag(override))
    throw new Unknown(`the flag ${JSON.stringify(override)}`);
  return {
    guard,
    state,
    ...present({ override }),
    diagnostics: diagnostics.map(diagnosticFrom),
  };
};

const datedFrom = ({ rule, cidr, expires }: PlanDocument["expired"][number]): DatedEntry => ({
  rule,
  prefix: prefixFrom(cidr),
  expires,
});

const listedFrom = ({
  rule,
  list,
  fetched_at,
  cidrs,
}: NonNullable<PlanDocument["lists"]>[number]): ListedEntries => ({
  rule,
  name: list,
  fetchedAt: fetched_at,
  prefixes: cidrs.map(prefixFrom),
});

const removedIn = ({ changes }: PlanDocument): Set<string> =>
  new Set(changes.flatMap(({ rule, reason }) => (reason === "removed" && rule !== undefined ? [rule] : [])));

const replayFrom = ({
  window,
  events,
  effective,
  counts,
  losers,
  unreadable = [],
}: NonNullable<PlanDocument["replay"]>): PlanReplay => ({
  window,
  events: { read: events.read, withoutAddress: events.without_address },
  effective,
  counts,
  losers: losers.map(({ name, type, outcome, addresses, lost, events: count, last_seen: lastSeen }) => ({
    label: name,
    kind: type,
    outcome,
    addresses,
    lost,
    events: count,
    lastSeen,
  })),
  unreadable: unreadable.map(({ name, type, events: count, last_seen: lastSeen }) => ({
    label: name,
    kind: type,
    events: count,
    lastSeen,
  })),
});

const mustHoldFrom = (document: NonNullable<PlanDocument["must_hold"]>): MustHold => {
  const { ipv4, ipv6 } = document.max_newly_allowed;
  return {
    names: document.names,
    mustAllow: document.must_allow.map(prefixFrom),
    mustDeny: document.must_deny.map(prefixFrom),
    maxNewlyAllowed: present({
      ipv4: ipv4 === undefined ? undefined : BigInt(ipv4),
      ipv6: ipv6 === undefined ? undefined : BigInt(ipv6),
    }),
    tests: document.tests.map(({ allowed, denied }) => ({
      allowed: allowed.map(prefixFrom),
      denied: denied.map(prefixFrom),
    })),
  };
};

const derive = (document: PlanDocument): Plan => {
  const before = stateFrom(document.before, "before the plan");
  const after = stateFrom(document.after, "after the plan");
  const renames = renamesFrom(document, before, after);
  return {
    account: document.account,
    before,
    after,
    basis: { state: hashState(before), policy: document.basis.policy },
    ...present({ mustHold: document.must_hold && mustHoldFrom(document.must_hold) }),
    changes: diffStates(before, after, renames, removedIn(document)),
    unmanaged: document.unmanaged_rules.map(({ rule, fate }) => ({
      rule: ruleFrom(rule),
      disposition: fate,
    })),
    steps: verifySteps(before, after, orderSteps(before, after, renames)),
    access: planAccessChange(before, after),
    ...(document.protects === undefined
      ? {}
      : {
          protects: {
            mustAllow: sortedPrefixes(document.protects.must_allow.map(prefixFrom)),
            mustDeny: sortedPrefixes(document.protects.must_deny.map(prefixFrom)),
          },
        }),
    verdicts: document.guards.map(verdictFrom),
    diagnostics: document.diagnostics.map(diagnosticFrom),
    ...(document.enabled_for_service_tokens === undefined
      ? {}
      : { enabledForServiceTokens: document.enabled_for_service_tokens }),
    ...present({ replay: document.replay && replayFrom(document.replay) }),
    expired: document.expired.map(datedFrom),
    expiring: document.expiring.map(datedFrom),
    lists: (document.lists ?? []).map(listedFrom),
    ...present({ validFrom: document.valid_from, validUntil: document.valid_until }),
  };
};

export const planFromDocument = (document: PlanDocument): DerivedPlan => {
  try {
    return { plan: derive(document) };
  } catch (error) {
    if (error instanceof Contradiction) return { problem: error.message };
    if (error instanceof Unknown) return { unknown: error.message };
    throw error;
  }
};
