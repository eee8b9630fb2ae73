/** GitLab's terraform report, which a merge request shows as three numbers. The switch counts as an update. */
import type { Plan } from "../plan/plan.js";
import { jsonText } from "./neutralise.js";
import { planCounts } from "./plan-summary.js";

export const renderPlanGitlab = (plan: Plan): string => {
  const counts = planCounts(plan);
  const update = counts.update + (counts.enforcement === undefined ? 0 : 1);
  return `${jsonText({ create: counts.create, update, delete: counts.delete }, 0)}\n`;
};
