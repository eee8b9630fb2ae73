/** Fingerprints that follow a finding when lines move: of its code, its file and the text of its line. */
import type { Diagnostic } from "../model/diagnostic.js";
import { sha256 } from "../model/sha256.js";

const digest = (parts: readonly (string | number)[]): string => sha256(JSON.stringify(parts)).slice(0, 32);

/** One a diagnostic, in order; findings that are alike are told apart by their number among their like. */
export const fingerprints = (diagnostics: readonly Diagnostic[]): string[] => {
  const seen = new Map<string, number>();
  return diagnostics.map(({ code, source, message }) => {
    const place = source === undefined ? ["", message] : [source.file, source.lineText.trim()];
    const key = JSON.stringify([code, ...place]);
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return digest([code, ...place, count]);
  });
};
