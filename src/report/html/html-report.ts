/**
 * Reports as one page of HTML that needs nothing but itself: verdict first, then a question to ask, the address space as
 * a tree, and every entry in a table. Its Content-Security-Policy forbids every request and every script but its own.
 * Promises: a name is text wherever it is; no person has a name in it; a run that failed has a page too.
 */
import { prefixKey } from "../../address/prefix.js";
import { soonDays } from "../../model/codes/lint.js";
import { visible } from "../../model/escape.js";
import { present } from "../../model/present.js";
import type { DatedEntry, Plan } from "../../plan/plan.js";
import { ruleOf } from "../../plan/state.js";
import type { Policy, PolicyEntry } from "../../policy/policy.js";
import type { AskedStates } from "../explain.js";
import { factsText } from "../page.js";
import { pageOf } from "../pages.js";
import {
  exitCodeOf,
  exitWords,
  type PlanReport,
  type PolicyReport,
  type Report,
  type Reporter,
} from "../report.js";
import { boxesOf } from "./boxes.js";
import { renderHtml } from "./markup.js";
import { documentHtml, type PagePart } from "./page.js";
import type { EntryNote, EntryNotes, Picture } from "./picture.js";

const noteOf = ({ comment, network, list, expires }: PolicyEntry): EntryNote =>
  present({ comment, list: list?.name ?? network, expires });

type Notes = ReadonlyMap<string, EntryNotes>;

const policyNotes = ({ rules }: Pick<Policy, "rules">): Notes =>
  new Map(
    rules.map((rule) => [
      rule.name,
      // What is in force has the last word about a prefix that had a date before.
      new Map(
        [...rule.expired, ...(rule.disabled ?? []), ...rule.entries].map((entry) => [
          prefixKey(entry.prefix),
          noteOf(entry),
        ]),
      ),
    ]),
  );

/** What a plan or an account knows of entries without the policy. */
const knownNotes = (dated: readonly DatedEntry[], lists: Plan["lists"] = []): Notes => {
  const notes = new Map<string, Map<bigint, EntryNote>>();
  const add = (rule: string, key: bigint, note: EntryNote): void => {
    const own = notes.get(rule) ?? new Map<bigint, EntryNote>();
    own.set(key, { ...own.get(key), ...note });
    notes.set(rule, own);
  };
  for (const { rule, prefix, expires } of dated) add(rule, prefixKey(prefix), { expires });
  for (const { rule, prefixes, name } of lists)
    for (const prefix of prefixes) add(rule, prefixKey(prefix), { list: name });
  return notes;
};

const planPicture = ({ plan, policy }: PlanReport): Picture => ({
  views: [
    { heading: "Before", title: "the account before the plan", state: plan.before },
    // Of an account that is known in part, no question is answered.
    ...(plan.access.sure === undefined
      ? [{ heading: "After", title: "the account after the plan", state: plan.after }]
      : []),
  ],
  notes:
    policy === undefined ? knownNotes([...plan.expired, ...plan.expiring], plan.lists) : policyNotes(policy),
  renamed: new Map(
    plan.changes.flatMap((change) =>
      change.kind === "update" ? [[change.after.name, change.before.name] as const] : [],
    ),
  ),
  ...present({
    caveat:
      plan.access.sure === undefined
        ? undefined
        : "Not everything is known before the apply: the tree and the answers are of the account as it is now.",
    lacks:
      policy === undefined && plan.terraform === undefined
        ? "A saved plan does not hold the comments of the policy: dbt-ip-rules plan --format html shows them."
        : undefined,
  }),
  unmanaged: new Set(
    plan.unmanaged.filter(({ disposition }) => disposition !== "deleted").map(({ rule }) => rule.name),
  ),
});

const askedPicture = ({ views, policy }: AskedStates): Picture => ({
  views: views.map(({ title, state }, at) => ({
    heading: views.length === 1 ? "Access" : at === 0 ? "Before" : "After",
    title,
    state,
  })),
  notes: policy === undefined ? new Map() : policyNotes(policy),
  renamed: new Map(
    (views.length < 2 ? [] : (policy?.rules ?? [])).flatMap(({ name, previousNames }) => {
      const [before, after] = views.map(({ state }) => new Set(state.rules.map((rule) => rule.name)));
      const old = previousNames.find((one) => before?.has(one) && !after?.has(one));
      return old === undefined || before?.has(name) ? [] : [[name, old] as const];
    }),
  ),
  unmanaged: new Set(),
});

/** What the tree, the table and the answers are of; none where there is no state to show. */
const pictureOf = (report: Report): Picture | undefined => {
  switch (report.kind) {
    case "plan":
      return planPicture(report);
    case "replay":
    case "explanation":
      return askedPicture(report.asked);
    case "account": {
      const { snapshot, entries } = report;
      const state = { enforcement: snapshot.enforcement, rules: snapshot.rules.map(ruleOf) };
      return {
        views: [{ heading: "Access", title: "the account", state }],
        notes: knownNotes([...(entries?.temporary ?? []), ...(entries?.overdue ?? [])]),
        renamed: new Map(),
        unmanaged: new Set(),
      };
    }
    default:
      return undefined;
  }
};

const partOf = (report: Report): PagePart | undefined => {
  const page = pageOf(report);
  if (page === undefined) return undefined;
  const { title, closing, account, facts, sections } = page;
  return {
    title,
    closing: closing?.(visible) ?? "",
    facts: factsText(account && `Account ${account.id} on ${account.host}`, facts),
    boxes: boxesOf(sections),
    ...present({
      picture: pictureOf(report),
      asked: report.kind === "explanation" ? report.explained[0]?.prefix : undefined,
    }),
  };
};

export const htmlReport: Reporter = (reports, context) => {
  const parts = reports.flatMap((one: PolicyReport) => {
    const part = partOf(one.report);
    if (part === undefined) return [];
    const outcome = exitWords[exitCodeOf(one)];
    return [{ part, outcome, ...(one.policy === undefined ? {} : { policy: one.policy }) }];
  });
  return renderHtml(documentHtml(parts, { ...context, soonDays }));
};
