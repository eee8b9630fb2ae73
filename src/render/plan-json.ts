/** A plan as JSON: the document of schemas/plan.schema.json, which plan/ defines, safe to print. */

import type { Plan } from "../plan/plan.js";
import { planDocument } from "../plan/plan-document.js";
import { jsonText } from "./neutralise.js";

export const renderPlanJson = (plan: Plan): string => `${jsonText(planDocument(plan))}\n`;
