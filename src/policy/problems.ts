/**
 * Collects diagnostics, and stays small whatever the input: of one code in one file it keeps the first
 * fifty and counts the rest. `list` puts them in file order.
 */
import { type Diagnostic, type SourceRange, withMore } from "../model/diagnostic.js";

/** Of one code in one file. */
export const keptPerCode = 50;

interface Tally {
  /** The last one that was kept. */
  last: Diagnostic;
  count: number;
}

/**
 * By file (`firstFile`, then in the order of first mention), line and column; what has no place comes first.
 * Stable.
 */
export const inFileOrder = (diagnostics: readonly Diagnostic[], firstFile = ""): Diagnostic[] => {
  const files = new Map<string, number>([[firstFile, 0]]);
  for (const { source } of diagnostics)
    if (source && !files.has(source.file)) files.set(source.file, files.size);
  const fileOf = (source: SourceRange | undefined): number => (source ? (files.get(source.file) ?? 0) : -1);
  return diagnostics.toSorted(
    (a, b) =>
      fileOf(a.source) - fileOf(b.source) ||
      (a.source?.line ?? 0) - (b.source?.line ?? 0) ||
      (a.source?.column ?? 0) - (b.source?.column ?? 0),
  );
};

export class Problems {
  readonly #kept: Diagnostic[] = [];
  readonly #tallies = new Map<string, Tally>();
  readonly #firstFile: string | undefined;
  #errors = 0;

  /** `firstFile` comes first in the list. */
  constructor(firstFile?: string) {
    this.#firstFile = firstFile;
  }

  add(diagnostic: Diagnostic): void {
    this.addIfWanted(diagnostic.code, diagnostic.source?.file, () => diagnostic);
  }

  /** Makes the diagnostic, which must be of this code and file, only if it will be kept; counts it anyway. */
  addIfWanted(code: Diagnostic["code"], file: string | undefined, make: () => Diagnostic): void {
    const key = `${code}\n${file ?? ""}`;
    const tally = this.#tallies.get(key);
    if (tally !== undefined && tally.count >= keptPerCode) {
      tally.count += 1;
      return;
    }
    const diagnostic = make();
    if (diagnostic.severity === "error") this.#errors += 1;
    this.#kept.push(diagnostic);
    if (tally === undefined) this.#tallies.set(key, { last: diagnostic, count: 1 });
    else {
      tally.count += 1;
      tally.last = diagnostic;
    }
  }

  addAll(diagnostics: Iterable<Diagnostic>): void {
    for (const diagnostic of diagnostics) this.add(diagnostic);
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** In file order, with one more behind the last of each code of which some were left out. */
  list(): Diagnostic[] {
    const rest: Diagnostic[] = [];
    for (const { last, count } of this.#tallies.values()) {
      if (count <= keptPerCode) continue;
      rest.push(withMore(last, count - keptPerCode));
    }
    return inFileOrder([...this.#kept, ...rest], this.#firstFile);
  }
}
