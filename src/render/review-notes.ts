/**
 * What a plan or a drift report says besides: of the account in full; what stands in the policy file is `validate`'s
 * to show, and one line here, so that a reviewer does not lose the changes among hints for the author.
 */
import type { Diagnostic } from "../model/diagnostic.js";
import { diagnosticsCount, renderDiagnosticsText } from "./diagnostics-text.js";
import type { Look } from "./look.js";
import { shellWord } from "./shell.js";
import { wrap } from "./width.js";

/** Lines, with an empty one after each block. `policyFile`: as the user named it, for the command to type. */
export const reviewNotes = (
  diagnostics: readonly Diagnostic[],
  look: Look & { readonly policyFile?: string },
): string[] => {
  const ofFile = diagnostics.filter(({ source, severity }) => source !== undefined && severity !== "error");
  const rest = diagnostics.filter((one) => !ofFile.includes(one));
  const full = renderDiagnosticsText(rest, look);
  const file = look.policyFile === undefined ? "" : ` --policy ${shellWord(look.policyFile)}`;
  const brief = `${diagnosticsCount(ofFile)} in the policy; to see: dbt-ip-rules validate${file}`;
  return [
    ...(full === "" ? [] : [full]),
    ...(ofFile.length === 0 ? [] : [...wrap(brief, look.width, 2), ""]),
  ];
};
