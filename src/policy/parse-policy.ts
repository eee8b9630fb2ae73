/**
 * From the bytes of a policy to what it says, and which further files it wants: decoding, YAML, schema.
 * All problems come at once, in file order. Meaning is `resolve-policy.ts`'s.
 */

import { validateChecks, validateNetworks, validatePolicy } from "../generated/validators.js";
import type { Diagnostic } from "../model/diagnostic.js";
import { checkSchema } from "./check-schema.js";
import { lockFileOf } from "./lock.js";
import type { ReadFile } from "./policy.js";
import { Problems } from "./problems.js";
import type { RawNetwork, RawPolicy } from "./raw-policy.js";
import { readNetworkNodes, readPolicyNodes } from "./read-nodes.js";
import { decodeText } from "./source-text.js";
import { parseYaml } from "./yaml.js";

/**
 * The relative paths that a policy names. A policy may come from a stranger's pull request, so none of them
 * leaves the policy's folder: not absolute, not by `..`, with no drive letter or backslash. This is about the
 * text of a path alone; whoever reads the file must also refuse symbolic links that lead outside.
 */
type ReferencePath =
  /** With `/` between its parts, relative to the policy's folder, without `.` and `..`. */
  { readonly ok: true; readonly path: string } | { readonly ok: false; readonly reason: string };

/** `named` is relative to the folder of `from`, itself relative to the policy's folder ("" for the policy). */
export const referencePath = (named: string, from: string): ReferencePath => {
  const refuse = (reason: string): ReferencePath => ({ ok: false, reason });
  if (/[\u0000-\u001f\u007f]/.test(named)) return refuse("it holds a control character");
  if (named.includes("\\")) return refuse("it holds a backslash; write `/` between folders");
  if (named.startsWith("/") || /^[A-Za-z]:/.test(named)) return refuse("it is absolute");
  const parts = from.split("/").slice(0, -1);
  for (const part of named.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return refuse("it leaves the policy's folder");
  }
  const path = parts.join("/");
  return path === "" ? refuse("it names a folder") : { ok: true, path };
};

/** A reference as the user would name it: next to the policy, whose own name may have a folder in front. */
export const besidePolicy = (policyFile: string, reference: string): string => {
  const folder = Math.max(policyFile.lastIndexOf("/"), policyFile.lastIndexOf("\\")) + 1;
  return policyFile.slice(0, folder) + reference;
};

export interface ParsedPolicy {
  /** As the user named it. */
  readonly file: string;
  readonly raw: RawPolicy;
  /** Whether parsing reported an error; then resolving checks what it can, and gives no policy. */
  readonly incomplete: boolean;
  /**
   * The files that the policy itself names (includes, then network lists), each once: paths with `/`, relative
   * to the policy's folder and inside it. Include files may want more: see `furtherReferences`.
   */
  readonly references: readonly string[];
  /** The lock of the published lists, next to the policy: it need not exist. */
  readonly lockReference: string;
}

/** The paths of network lists, of `from`'s folder; those that are refused are left out. */
const listReferences = (networks: readonly RawNetwork[], from: string): string[] =>
  networks.flatMap(({ content }) => {
    if (content.kind !== "file") return [];
    const reference = referencePath(content.path.value, from);
    return reference.ok ? [reference.path] : [];
  });

const includeReferences = (raw: RawPolicy): string[] =>
  raw.includes.flatMap(({ path }) => {
    const reference = referencePath(path.value, "");
    return reference.ok ? [reference.path] : [];
  });

/** A policy, or a file of checks: the networks, tests and guards of one, and no rules. */
export type PolicyKind = "policy" | "checks";

const kinds = {
  policy: { what: "policy", validator: validatePolicy, base: { version: 1, rules: [] } },
  checks: { what: "file of checks", validator: validateChecks, base: {} },
} as const;

/** `file` is how messages name the policy. Never throws for what the bytes hold. */
export const parsePolicy = (
  bytes: Uint8Array,
  file: string,
  kind: PolicyKind = "policy",
): { readonly diagnostics: readonly Diagnostic[]; readonly parsed?: ParsedPolicy } => {
  const decoded = decodeText(bytes, file);
  if (!decoded.ok) return { diagnostics: [decoded.diagnostic] };
  const { what, validator, base } = kinds[kind];
  const { yaml, diagnostics } = parseYaml(decoded.source, what);
  if (yaml === undefined) return { diagnostics };
  const problems = new Problems();
  problems.addAll(diagnostics);
  checkSchema(problems, yaml, validator, base);
  const raw = readPolicyNodes(yaml);
  const lockReference = lockFileOf(file).replace(/^.*[/\\]/, "");
  const references = [...new Set([...includeReferences(raw), ...listReferences(raw.networks, "")])];
  return {
    diagnostics: problems.list(),
    parsed: { file, raw, incomplete: problems.hasErrors, references, lockReference },
  };
};

interface ParsedInclude {
  readonly diagnostics: readonly Diagnostic[];
  readonly networks: readonly RawNetwork[];
}

/** By their bytes: which further files an include wants is asked before what it means. */
const parsedIncludes = new WeakMap<Uint8Array, { readonly file: string; readonly include: ParsedInclude }>();

/** An include file: `networks:` and nothing else. `file` is how messages name it. */
export const parseInclude = (bytes: Uint8Array, file: string): ParsedInclude => {
  const known = parsedIncludes.get(bytes);
  if (known?.file === file) return known.include;
  const include = readInclude(bytes, file);
  parsedIncludes.set(bytes, { file, include });
  return include;
};

const readInclude = (bytes: Uint8Array, file: string): ParsedInclude => {
  const decoded = decodeText(bytes, file);
  if (!decoded.ok) return { diagnostics: [decoded.diagnostic], networks: [] };
  const { yaml, diagnostics } = parseYaml(decoded.source, "include file");
  if (yaml === undefined) return { diagnostics, networks: [] };
  const problems = new Problems();
  problems.addAll(diagnostics);
  checkSchema(problems, yaml, validateNetworks, { networks: {} });
  return { diagnostics: problems.list(), networks: readNetworkNodes(yaml) };
};

/**
 * The files wanted by the include files that have been read, and not in `files` yet. A caller reads
 * `parsed.references`, then these, and then has everything: include files do not include.
 */
export const furtherReferences = (parsed: ParsedPolicy, files: ReadonlyMap<string, ReadFile>): string[] => {
  const wanted = includeReferences(parsed.raw).flatMap((path) => {
    const bytes = files.get(path);
    return bytes === undefined || typeof bytes === "string"
      ? []
      : listReferences(parseInclude(bytes, besidePolicy(parsed.file, path)).networks, path);
  });
  return [...new Set(wanted)].filter((path) => !files.has(path));
};
