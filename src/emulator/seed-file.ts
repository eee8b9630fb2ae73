/**
 * A seed from a YAML or JSON file, or from an account that `show --format json` printed. What its schema finds wrong is
 * said at once, in the words of a policy's problems and with its line.
 */

import type { ErrorObject } from "ajv";
import { isNode, parseDocument } from "yaml";
import { reasonOf } from "../files/io-errors.js";
import { largest, readNamedText } from "../files/read-file.js";
import { validateEmulatorSeed } from "../generated/validators.js";
import { type Diagnostic, diagnostic, hintOf, messageOf } from "../model/diagnostic.js";
import { Failure, failure } from "../model/failure.js";
import { listOf } from "../model/json.js";
import { present } from "../model/present.js";
import { reportErrors } from "../policy/check-schema.js";
import { Problems } from "../policy/problems.js";
import { SourceText } from "../policy/source-text.js";
import { parseYaml } from "../policy/yaml.js";
import { yamlProblems } from "../policy/yaml-problems.js";
import { microsPerSecond } from "./clock.js";
import { type Seed, type SeedPath, SeedProblem, storeOfSeed, validSeed } from "./seed.js";

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

/** Disabled entries come along: they count for the service's own checks. */
const cidrsOf = (rule: Readonly<Record<string, unknown>>): unknown[] => [
  ...listOf(rule["entries"]).map((entry) => record(entry)["text"]),
  ...listOf(rule["disabled_entries"]).map((entry) => ({ cidr: record(entry)["text"], enabled: false })),
];

/** Whether a file is such a document; its content may still be wrong. */
const isAccountDocument = (value: unknown): boolean => record(value)["format"] === "dbt-ip-rules/account";

/**
 * The account as `dbt-ip-rules show --format json` prints it, as a seed: so that a change of the real account is
 * rehearsed on a copy of it. What it makes is checked as any seed is; this only gives things their other names.
 *
 * Not checked yet. Of what is of another version, or has lost its rules, it makes no empty account but no seed.
 */
const seedOfAccount = (value: unknown): unknown => {
  const account = record(value);
  if (account["version"] !== 1) return { version: account["version"] };
  if (!Array.isArray(account["rules"])) return { rules: null };
  const forTokens = account["enabled_for_service_tokens"];
  return {
    enabled: account["enforcement"] === "enabled",
    ...present({ enabled_for_service_tokens: forTokens }),
    rules: listOf(account["rules"]).map((item) => {
      const rule = record(item);
      const { id, name, type, description } = rule;
      return { id, name, type, ...(description === "" ? {} : { description }), cidrs: cidrsOf(rule) };
    }),
  };
};

const textOf = (file: string): string => {
  try {
    return readNamedText("", file, { most: largest.document });
  } catch (cause) {
    throw failure("emulator-seed", { kind: "unreadable", file, reason: reasonOf(cause) }, { cause });
  }
};

/** What a policy's reader says, of a seed. What is missing at the end is shown at the last thing that is there. */
const ofSeed = (
  kind: "not-yaml" | "unusable",
  source: SourceText,
  problems: readonly Diagnostic[],
): readonly Diagnostic[] =>
  problems.map((problem) => {
    const args = { kind, reason: messageOf(problem), ...present({ fix: hintOf(problem) }) };
    const end = source.text.trimEnd().length;
    const isPastEnd = problem.source?.lineText === "";
    return diagnostic("emulator-seed", args, isPastEnd ? source.range(end - 1, end) : problem.source);
  });

/** JSON is YAML too; read as JSON, a large account takes a tenth of the time. */
const contentOf = (source: SourceText): unknown => {
  try {
    return JSON.parse(source.text);
  } catch {
    const document = parseDocument(source.text);
    if (document.errors.length === 0) return document.toJS({ maxAliasCount: 100 });
    throw new Failure(ofSeed("not-yaml", source, yamlProblems(source, document)));
  }
};

/** With the line that it is about, as for a policy. */
const unusable = (source: SourceText, reason: string, [start, end]: readonly [number, number]): Failure => {
  // What is missing at the end is shown at the last thing that is there; what has several lines, by its first character.
  const from = Math.max(0, Math.min(start, source.text.trimEnd().length - 1));
  const last = source.text.slice(from, end).includes("\n") ? from + 1 : Math.max(end, from + 1);
  return new Failure([diagnostic("emulator-seed", { kind: "unusable", reason }, source.range(from, last))]);
};

/** Where the innermost part of a path is written that the text has. */
const placeOf = ({ text }: SourceText, path: SeedPath): readonly [number, number] => {
  const document = parseDocument(text);
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return [node.range[0], node.range[1]];
  }
  return [0, 0];
};

/** Without what a choice of forms says of the form that was not meant: of a mapping, that it is no text. */
const ofMeantForm = (errors: readonly ErrorObject[]): readonly ErrorObject[] => {
  const isChoice = ({ keyword }: ErrorObject) => keyword === "oneOf" || keyword === "anyOf";
  const choices = new Set(errors.filter(isChoice).map(({ instancePath }) => instancePath));
  const isOfForm = ({ keyword, instancePath }: ErrorObject) =>
    keyword === "type" && choices.has(instancePath);
  const others = errors.filter((error) => !isChoice(error) && !isOfForm(error));
  const isExplained = ({ instancePath }: ErrorObject) =>
    others.some((other) => `${other.instancePath}/`.startsWith(`${instancePath}/`));
  const shown = new Set<string>();
  return errors.filter((error) => {
    if (!isOfForm(error)) return !isChoice(error);
    if (isExplained(error) || shown.has(error.instancePath)) return false;
    shown.add(error.instancePath);
    return true;
  });
};

const mostErrors = 300;

/** All that the schema finds, at most a few hundred. Empty where the text is read as JSON only. */
const schemaProblems = (source: SourceText): readonly Diagnostic[] => {
  const { yaml } = parseYaml(source, "seed");
  if (yaml === undefined || validateEmulatorSeed(yaml.value)) return [];
  const problems = new Problems();
  reportErrors(problems, yaml, ofMeantForm((validateEmulatorSeed.errors ?? []).slice(0, mostErrors)));
  return ofSeed("unusable", source, problems.list());
};

/** When a seed is tried out: its times are relative to it, and none of them decides whether it can be used. */
const anyTime = 1_750_000_000 * microsPerSecond;

/** Throws `Failure` where the file cannot be read or is no seed, with the place in it. `name`: what to call it. */
export const readSeedFile = (file: string, name: string = file): Seed => {
  const source = new SourceText(name, textOf(file));
  const value = contentOf(source);
  const fromAccount = isAccountDocument(value);
  const seed = validSeed(fromAccount ? seedOfAccount(value) : value);
  if (typeof seed === "string") {
    const problems = fromAccount ? [] : schemaProblems(source);
    if (problems.length > 0) throw new Failure(problems);
    throw unusable(source, seed, [0, 0]);
  }
  try {
    storeOfSeed(1, seed, anyTime);
  } catch (error) {
    if (!(error instanceof SeedProblem)) throw error;
    throw unusable(source, error.reason, placeOf(source, fromAccount ? [] : error.path));
  }
  return seed;
};
