/**
 * Which commit a saved plan was made from. `plan` with the input plan-file writes it in a file next to the plan, and
 * `apply` takes the plan at this commit only: what was reviewed and merged is what is applied. The file names the
 * plan by its hash, so that one plan's commit is not taken for another's.
 */

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { largest, readRegularFile } from "../files/read-file.js";
import { member } from "../model/json.js";
import type { Settings } from "./settings.js";

const format = "dbt-ip-rules/plan-commit";

const commitFileOf = (planFile: string): string => `${planFile}.commit.json`;

const hashOf = (file: string): string =>
  `sha256:${createHash("sha256")
    .update(readRegularFile(file, { most: largest.document }))
    .digest("hex")}`;

const unknownCommit = "The commit of this run is not known: GITHUB_SHA is not set";

export const writePlanCommit = ({ commit }: Pick<Settings, "commit">, planFile: string): void => {
  if (commit === undefined) throw new Error(`${unknownCommit}, and a saved plan is for one commit.`);
  const document = { format, version: 1, commit, plan: hashOf(planFile) };
  writeFileSync(commitFileOf(planFile), `${JSON.stringify(document, null, 2)}\n`);
};

const read = (file: string): unknown => {
  try {
    return JSON.parse(readRegularFile(file, { most: largest.note }).toString("utf8"));
  } catch {
    return undefined;
  }
};

/** What is wrong with the plan for this run, and what to do; undefined where it was made from the run's commit. */
export const planCommitProblem = (
  { commit }: Pick<Settings, "commit">,
  planFile: string,
): string | undefined => {
  const file = commitFileOf(planFile);
  const value = read(file);
  const again = "Make the plan in the same run, with command: plan";
  if (commit === undefined) return `${unknownCommit}. ${again}.`;
  if (member(value, "format") !== format || member(value, "version") !== 1)
    return `${file} cannot be read. It says which commit the plan was made from: keep it together with the plan in the artifact.`;
  if (member(value, "plan") !== hashOf(planFile))
    return `${file} is about another plan than ${planFile}. ${again}.`;
  if (member(value, "commit") !== commit)
    return `The plan ${planFile} was made from commit ${String(member(value, "commit"))}, and this run is about commit ${commit}. ${again}.`;
  return undefined;
};
