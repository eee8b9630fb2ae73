/** The texts of the first diagnostic, as a person would read them; undefined where there is none. */
import { type Diagnostic, hintOf, messageOf } from "../src/model/diagnostic.js";

export const firstMessage = ([one]: readonly (Diagnostic | undefined)[]): string | undefined =>
  one && messageOf(one);
export const firstHint = ([one]: readonly (Diagnostic | undefined)[]): string | undefined =>
  one && hintOf(one);
