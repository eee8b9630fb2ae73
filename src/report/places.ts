/**
 * Places as machines want them: file names with forward slashes, relative to where the program ran, and fingerprints
 * that follow a finding when lines move.
 */
import { type Diagnostic, messageOf } from "../model/diagnostic.js";
import { sha256 } from "../model/sha256.js";

/** `./policies\prod.yaml` → `policies/prod.yaml`; an absolute path stays absolute. */
export const relativePath = (file: string): string => file.replaceAll("\\", "/").replace(/^(\.\/)+/, "");

/** A relative reference, or a `file:` URI for an absolute path; escaped (RFC 3986). */
export const fileUri = (file: string): string => {
  const path = relativePath(file);
  const escaped = path
    .replace(/\p{Cs}/gu, "\u{fffd}")
    .split("/")
    .map(encodeURIComponent)
    .join("/");
  if (/^[A-Za-z]:\//.test(path)) return `file:///${escaped.replace("%3A", ":")}`;
  return path.startsWith("/") ? `file://${escaped}` : escaped;
};

const digest = (parts: readonly (string | number)[]): string => sha256(JSON.stringify(parts)).slice(0, 32);

/**
 * One a diagnostic, in order: of its code, its file and the text of its line. Findings that are alike are distinguished
 * by their number among their like. `elsewhere`: the file of those without a place.
 */
export const fingerprints = (diagnostics: readonly Diagnostic[], elsewhere = ""): string[] => {
  const seen = new Map<string, number>();
  return diagnostics.map((diagnostic) => {
    const { code, source } = diagnostic;
    const place =
      source === undefined ? [elsewhere, messageOf(diagnostic)] : [source.file, source.lineText.trim()];
    const key = JSON.stringify([code, ...place]);
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return digest([code, ...place, count]);
  });
};
