/**
 * `policy.lock.json`: what the published lists of a policy held when they were last fetched. It is all that `validate`,
 * `plan` and `apply` know of them, so that one commit means one plan, with or without a network. docs/lists.md has the
 * format. Promises: stable bytes for stable content; keys sorted; one prefix a line, in the order of addresses.
 */
import { comparePrefixes, formatPrefix, type Prefix } from "../address/prefix.js";
import { prefixAt } from "../address/prefix-columns.js";
import { lineMarks, parsePrefixLines } from "../address/prefix-lines.js";
import { type ArgsOf, type Diagnostic, diagnostic, type SourceRange } from "../model/diagnostic.js";
import { isObject, readJson } from "../model/json.js";
import { sha256 } from "../model/sha256.js";
import { policyFlag, shellWord } from "../model/shell.js";
import { dayMs } from "../model/time.js";
import { doubledKey } from "./doubled-key.js";
import type { ListFormat } from "./read-list.js";
import { decodeText, type SourceText } from "./source-text.js";

/** A published list as it was fetched. */
export interface LockedList {
  readonly url: string;
  /** `lockedSelect` of what the policy asks for. */
  readonly select: string | null;
  /** ISO 8601, UTC, in whole seconds. */
  readonly fetchedAt: string;
  /** Sorted, none twice. */
  readonly prefixes: readonly Prefix[];
}

/** By the name of the network. */
export type Lock = ReadonlyMap<string, LockedList>;

/** `policy.yaml` → `policy.lock.json`; the name of the policy read from standard input is taken to be `policy.yaml`. */
export const lockFileOf = (policyFile: string): string => {
  const file = policyFile === "-" || policyFile === "/dev/stdin" ? "policy.yaml" : policyFile;
  return `${file.replace(/\.[^./\\]*$/, "")}.lock.json`;
};

/** The command that brings the lock up to date. */
export const updateCommand = (policyFile: string, names: readonly string[] = []): string =>
  `${["dbt-ip-rules lists update", ...names.map(shellWord)].join(" ")}${policyFlag(policyFile)}`;

/** What the lock keeps of how entries are found, so that another selection is noticed. */
export const lockedSelect = ({ select, column }: ListFormat): string | null =>
  select ?? (column === undefined ? null : `column: ${column}`);

/** SHA-256 of the prefixes, each with a line feed behind it, in hexadecimal. */
export const prefixesDigest = (prefixes: readonly string[]): string =>
  sha256(prefixes.map((prefix) => `${prefix}\n`).join(""));

const version = 1;

export const formatLock = (lock: Lock): string => {
  const sources = Object.fromEntries(
    [...lock]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { url, select, fetchedAt, prefixes }]) => {
        const texts = prefixes.map(formatPrefix);
        const digest = prefixesDigest(texts);
        // In the order of the keys.
        return [name, { fetched_at: fetchedAt, prefixes: texts, prefixes_sha256: digest, select, url }];
      }),
  );
  return `${JSON.stringify({ sources, version }, undefined, 2)}\n`;
};

export type ParsedLock =
  | {
      readonly ok: true;
      readonly lock: Lock;
      /** Lists whose prefixes are not those of their digest: somebody edited them. They are in `lock` too. */
      readonly edited: ReadonlyMap<string, SourceRange>;
      placeOf(name: string): SourceRange;
    }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

/** `file` is how messages name the lock, `policyFile` the policy. */
export const parseLock = (bytes: Uint8Array, file: string, policyFile: string): ParsedLock => {
  const decoded = decodeText(bytes, file);
  if (!decoded.ok) return decoded;
  const { source } = decoded;
  const command = updateCommand(policyFile);
  const refuse = (problem: ArgsOf<"lock-unreadable">["problem"], place = source.range(0, 0)): ParsedLock => ({
    ok: false,
    diagnostic: diagnostic("lock-unreadable", { lock: file, problem, command }, place),
  });
  const value = readJson(source.text);
  const doubled = value === undefined ? undefined : doubledKey(source.text);
  if (doubled !== undefined) {
    const { key, index } = doubled;
    return refuse({ kind: "doubled-key", key: key.slice(0, 100) }, source.range(index, index + 1));
  }
  if (value === undefined)
    return refuse(/^(?:<{7}|={7}|>{7}) /m.test(source.text) ? { kind: "conflict" } : { kind: "not-json" });
  if (!isObject(value) || !isObject(value.sources)) return refuse({ kind: "shape" });
  if (value.version !== version) return refuse({ kind: "version", version: String(value.version) });
  const lock = new Map<string, LockedList>();
  const edited = new Map<string, SourceRange>();
  for (const [name, entry] of Object.entries(value.sources)) {
    const read = lockedList(entry);
    if (read === undefined) return refuse({ kind: "entry", name }, placeIn(source, name));
    lock.set(name, read.list);
    if (!read.intact) edited.set(name, placeIn(source, name));
  }
  return { ok: true, lock, edited, placeOf: (name) => placeIn(source, name) };
};

const placeIn = (source: SourceText, name: string): SourceRange => {
  const key = JSON.stringify(name);
  const at = source.text.indexOf(`${key}: {`);
  return at < 0 ? source.range(0, 0) : source.range(at, at + key.length);
};

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** Undefined for what has another shape. */
const lockedList = (entry: unknown): { readonly list: LockedList; readonly intact: boolean } | undefined => {
  if (!isObject(entry)) return undefined;
  const { url, select, fetched_at: fetchedAt, prefixes_sha256: digest, prefixes: texts } = entry;
  if (typeof url !== "string" || (typeof select !== "string" && select !== null)) return undefined;
  if (typeof fetchedAt !== "string" || !instant.test(fetchedAt) || Number.isNaN(Date.parse(fetchedAt)))
    return undefined;
  if (typeof digest !== "string" || !Array.isArray(texts)) return undefined;
  const written = texts.filter((one) => typeof one === "string");
  if (written.length !== texts.length) return undefined;
  const { prefixes, isCanonical } = parsed(written);
  return {
    list: { url, select, fetchedAt, prefixes },
    intact: isCanonical && prefixesDigest(written) === digest,
  };
};

/** Those that can be read; `isCanonical` where they are all, sorted, and none twice. */
const parsed = (
  texts: readonly string[],
): { readonly prefixes: readonly Prefix[]; readonly isCanonical: boolean } => {
  const lines = parsePrefixLines(new TextEncoder().encode(`${texts.join("\n")}\n`), { maxProblems: 1 });
  const { count } = lines.prefixes;
  const prefixes = Array.from({ length: count }, (_, row) => prefixAt(lines.prefixes, row));
  const isPlain = lines.marks.subarray(0, count).every((marks) => (marks & ~lineMarks.bare) === 0);
  const isSorted = prefixes.every((one, row) => row === 0 || comparePrefixes(prefixes[row - 1]!, one) < 0);
  return { prefixes, isCanonical: count === texts.length && isPlain && isSorted };
};

/** Whole days since it was fetched; below 0 where that is in the future. */
export const ageInDays = ({ fetchedAt }: LockedList, now: Date): number =>
  Math.floor((now.getTime() - Date.parse(fetchedAt)) / dayMs);

/** Clocks of two machines and zones of people differ; by more than a day, the date is wrong. */
export const isOld = (list: LockedList, maxAge: number, now: Date): boolean => {
  const age = ageInDays(list, now);
  return age > maxAge || age < -1;
};
