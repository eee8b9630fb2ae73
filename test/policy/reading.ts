/** Reads a policy from text as the program does, for tests. */
import { type Diagnostic, hasErrors, messageOf } from "../../src/model/diagnostic.js";
import { lintPolicy } from "../../src/policy/lint/lint-policy.js";
import { furtherReferences, parsePolicy } from "../../src/policy/parse-policy.js";
import type { Policy } from "../../src/policy/policy.js";
import { inFileOrder } from "../../src/policy/problems.js";
import { resolvePolicy } from "../../src/policy/resolve-policy.js";

export interface Reading {
  readonly diagnostics: readonly Diagnostic[];
  readonly policy?: Policy;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface Options {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly now?: string;
}

export const readPolicy = (
  text: string | Uint8Array,
  { files = {}, now = "2026-12-01T12:00:00Z" }: Options = {},
): Reading => {
  const { parsed, diagnostics } = parsePolicy(typeof text === "string" ? bytes(text) : text, "policy.yaml");
  if (parsed === undefined) return { diagnostics };
  const contents = new Map<string, Uint8Array | undefined>();
  const read = (references: readonly string[]): void => {
    for (const reference of references) {
      const content = files[reference];
      contents.set(reference, typeof content === "string" ? bytes(content) : content);
    }
  };
  read(parsed.references);
  read(furtherReferences(parsed, contents));
  if (files[parsed.lockReference] !== undefined) read([parsed.lockReference]);
  const resolved = resolvePolicy(parsed, contents, { now: new Date(now) });
  return {
    diagnostics: inFileOrder([...diagnostics, ...resolved.diagnostics], "policy.yaml"),
    ...(resolved.policy === undefined ? {} : { policy: resolved.policy }),
  };
};

/** With lint, where the policy could be resolved. */
export const check = (text: string | Uint8Array, options: Options = {}): Reading => {
  const reading = readPolicy(text, options);
  if (reading.policy === undefined) return reading;
  const now = new Date(options.now ?? "2026-12-01T12:00:00Z");
  return { ...reading, diagnostics: [...reading.diagnostics, ...lintPolicy(reading.policy, { now })] };
};

/** The policy, or a failing test that shows why there is none. */
export const mustRead = (text: string, options: Options = {}): Policy => {
  const { policy, diagnostics } = readPolicy(text, options);
  if (policy === undefined || hasErrors(diagnostics)) {
    throw new Error(diagnostics.map((one) => `${one.code}: ${messageOf(one)}`).join("\n"));
  }
  return policy;
};

/** Code and place of each, as `code line:column`. */
export const places = (diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.map(({ code, source }) => `${code} ${source?.line}:${source?.column}`);

export const codes = (diagnostics: readonly Diagnostic[]): string[] => diagnostics.map(({ code }) => code);
