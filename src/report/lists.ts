/** What became of published lists: the report of `lists update` and `lists check`, and what it comes to. */

import type { ListChange } from "../lists/judge-list.js";
import type { ListUpdate } from "../lists/update-lists.js";
import { visible } from "../model/escape.js";
import { type ExitCode, exitCodes } from "../model/failure.js";
import { counted } from "../model/words.js";
import type { AccessChange } from "../plan/access-change.js";
import { updateCommand } from "../policy/lock.js";
import type { ListOrigin } from "../policy/policy.js";
import type { VerdictOf } from "./verdicts.js";

export interface ListsReport {
  readonly update: ListUpdate;
  readonly mode: "update" | "check";
  /** Whether the lock was written. */
  readonly written: boolean;
  readonly policyFile: string;
  readonly lockFile: string;
  /** By the name of a list: the rules that use it. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
  /** What the policy by itself means with the new lock instead of the old; absent where the policy is not valid. */
  readonly access?: AccessChange;
}

export const listsVerdict = ({ update }: ListsReport): VerdictOf<"lists"> => update.verdict;

export const listsExitCode = (report: ListsReport): ExitCode => {
  switch (listsVerdict(report)) {
    case "failed":
      return exitCodes.error;
    case "refused":
      return report.mode === "check" ? exitCodes.differences : exitCodes.refused;
    case "changes":
      return report.mode === "check" ? exitCodes.differences : exitCodes.done;
    case "no-changes":
      return exitCodes.done;
  }
};

/** `github_hooks, fetched 2026-11-20`: the published list that an entry is from. */
export const listOriginWords = ({ name, fetchedAt }: ListOrigin): string =>
  `${name}, fetched ${fetchedAt.slice(0, 10)}`;

const changesOf = ({ lists }: ListUpdate, ...outcomes: readonly ListChange["outcome"][]): number =>
  lists.filter(({ outcome }) => outcomes.includes(outcome)).length;

export const listsClosing = (report: ListsReport): string => {
  const { update, written, lockFile, policyFile, mode } = report;
  const lock = visible(lockFile);
  const changed = update.lists.length - changesOf(update, "unchanged");
  switch (update.verdict) {
    case "failed":
      return `Nothing was changed: ${counted(changesOf(update, "failed"), "list")} of ${update.lists.length} could not be used.`;
    case "refused": {
      const end = `${counted(changesOf(update, "refused"), "list")} of ${update.lists.length} would change more than \`max_change\``;
      return mode === "check" ? `\`lists update\` would refuse: ${end}.` : `Nothing was changed: ${end}.`;
    }
    case "changes":
      return written
        ? `${lock} was written: ${counted(changed, "list")} of ${update.lists.length} changed.`
        : `${counted(changed, "list")} of ${update.lists.length} would change. To write ${lock}: ${updateCommand(policyFile)}`;
    case "no-changes":
      return update.lists.length === 0
        ? `${visible(policyFile)} has no published lists.`
        : `${counted(update.lists.length, "list")} checked: ${lock} is up to date${mode === "check" ? "" : ", and was left as it is"}.`;
  }
};
