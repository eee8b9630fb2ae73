/** What became of published lists, and the catalogue of known ones, as JSON. */
import { formatPrefix } from "../../address/prefix.js";
import type { ListChange } from "../../lists/judge-list.js";
import { present } from "../../model/present.js";
import { accessAsDocument, diagnosticAsDocument, setAsDocument } from "../../plan/documents.js";
import type { CatalogueEntry } from "../../policy/list-catalogue.js";
import { type ListsReport, listsClosing, listsVerdict } from "../lists.js";
import type { VerdictOf } from "../verdicts.js";

const listDocument = (change: ListChange, { rules }: ListsReport) => {
  const { name, url, select, outcome, before, after, added, removed, gained, lost, diagnostics } = change;
  return {
    name,
    url,
    select,
    outcome,
    ...present({ fetched_before: before?.fetchedAt, fetched_at: after?.fetchedAt }),
    prefixes: after?.prefixes.length ?? 0,
    added: added.map(formatPrefix),
    removed: removed.map(formatPrefix),
    gained: setAsDocument(gained),
    lost: setAsDocument(lost),
    rules: rules.get(name) ?? [],
    diagnostics: diagnostics.map(diagnosticAsDocument),
  };
};

export const listsDocument = (report: ListsReport) => {
  const { update, policyFile, lockFile, written, access } = report;
  return {
    format: "dbt-ip-rules/lists" as const,
    version: 1 as const,
    verdict: listsVerdict(report),
    summary: listsClosing(report),
    policy: policyFile,
    lock: lockFile,
    written,
    lists: update.lists.map((change) => listDocument(change, report)),
    ...present({ access: access && accessAsDocument(access) }),
    // What is wrong with the policy or its lock is a failure, and each list has its own.
    diagnostics: [],
  };
};

export const catalogueDocument = (lists: readonly CatalogueEntry[]) => ({
  format: "dbt-ip-rules/list-catalogue" as const,
  version: 1 as const,
  verdict: "ok" satisfies VerdictOf<"list-catalogue">,
  lists: lists.map((entry) => {
    const { name, title: words, page, verified, selections, whole } = entry;
    const { url } = entry.find(whole ? undefined : selections[0]) ?? {};
    return { name, title: words, ...present({ url }), page, verified, selections, whole };
  }),
});
