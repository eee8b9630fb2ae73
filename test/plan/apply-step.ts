/** What one call leaves of a whole state, if the API takes all of it: for tests that walk through a plan. */
import type { AccountState } from "../../src/model/rule.js";
import type { Step } from "../../src/plan/plan.js";
import { stateAfter } from "../../src/plan/step-effect.js";

export const applyStep = (state: AccountState, step: Step): AccountState => stateAfter(state, [step]);
