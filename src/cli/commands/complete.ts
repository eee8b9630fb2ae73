/**
 * What can come next on a command line: the commands and options of the program itself, rule names of the policy, event types.
 * `__complete`, hidden: what the shells' scripts call at each TAB. Offline and silent: a policy that cannot be read
 * only means that no names are offered. First line: `files` or `words`; then a line a candidate, with a tab
 * between word and description.
 */
import type { Command, Option } from "commander";
import { exitCodes } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { type Program, runs } from "../command.js";
import type { Io } from "../io.js";

export const configure = (command: Command, io: Io, program: Program): void => {
  command.argument("[words...]");
  runs(command, io, program, async (own, _, words) => {
    const { candidates, files } = await complete(words, sourcesOf(io, program));
    const lines = candidates.map(({ word, description }) =>
      description === "" ? word : `${word}\t${description}`,
    );
    own.stdout.write(`${[files ? "files" : "words", ...lines].join("\n")}\n`);
    return { kind: "done", exitCode: exitCodes.done };
  });
};

const sourcesOf = (io: Io, program: Program): Sources => ({
  program: (name) => program.withOptionsOf(io, name),
  ruleNames: (file = "policy.yaml") => ruleNames(io, file),
  listNames: (file = "policy.yaml") => listNames(io, file),
  eventTypes,
});

/** Names that a terminal can show as they are; the others could not be told apart in a list, or worse. */
const shownNames = async (read: () => Promise<readonly string[]>): Promise<readonly string[]> => {
  try {
    const { visible } = await import("../../model/escape.js");
    return [...new Set(await read())].filter((name) => name.trim() !== "" && visible(name) === name);
  } catch {
    return [];
  }
};

const ruleNames = (io: Io, file: string): Promise<readonly string[]> =>
  shownNames(async () => {
    const { parsePolicy } = await import("../../policy/parse-policy.js");
    const { readPolicyBytes } = await import("../../files/load-policy.js");
    const { parsed } = parsePolicy(readPolicyBytes(io, file), file);
    return parsed?.raw.rules.map(({ name }) => name.value) ?? [];
  });

const listNames = (io: Io, file: string): Promise<readonly string[]> =>
  shownNames(async () => {
    const { readPolicyFiles } = await import("../../files/load-policy.js");
    const { publishedLists } = await import("../../policy/locked-lists.js");
    const { parsed, files } = readPolicyFiles(io, file);
    return parsed === undefined
      ? []
      : publishedLists(parsed, files, io.now()).sources.map(({ name }) => name.value);
  });

const eventTypes = async (): Promise<readonly Candidate[]> => {
  const { catalogue } = await import("../../audit/catalogue.js");
  return catalogue.map(({ type, description }) => ({ word: type, description }));
};

export interface Candidate {
  readonly word: string;
  readonly description: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether file names can come there too. */
  readonly files: boolean;
}

/** Where the words come from that the program's own structure does not hold. */
interface Sources {
  /** The program with its commands; those of `name` with their options. */
  program(name: string | undefined): Promise<Command>;
  ruleNames(policyFile: string | undefined): Promise<readonly string[]>;
  /** Of the networks with a source, those of include files too. */
  listNames(policyFile: string | undefined): Promise<readonly string[]>;
  eventTypes(): Promise<readonly Candidate[]>;
}

const nothing: Completion = { candidates: [], files: false };

/** `words`: behind the program's name, the last one being typed, perhaps empty. */
export const complete = async (words: readonly string[], sources: Sources): Promise<Completion> => {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  const found = await completeAll(before, current, sources);
  return {
    candidates: found.candidates.filter(({ word }) => word.startsWith(current)),
    files: found.files,
  };
};

interface CursorPlace {
  readonly command: Command;
  /** The option whose value is being typed. */
  readonly awaits?: Option;
  /** Arguments before, not counting commands. */
  readonly given: number;
  readonly onlyArguments: boolean;
}

const completeAll = async (
  before: readonly string[],
  current: string,
  sources: Sources,
): Promise<Completion> => {
  const first = before.find((word) => !word.startsWith("-"));
  const name = first === "help" ? before[before.indexOf("help") + 1] : first;
  const program = await sources.program(name);
  const place = placeOf(program, before);
  const values = (kind: string, choices: readonly string[] | undefined) =>
    valuesOf(kind, choices, sources, policyOf(program, before));
  if (place.awaits !== undefined) return values(valueName(place.awaits), place.awaits.argChoices);
  const assigned = /^(--[a-z-]+)=/.exec(current);
  if (!place.onlyArguments && assigned !== null) {
    const option = optionOf(place.command, assigned[1] ?? "");
    if (option === undefined || !takesValue(option)) return nothing;
    const { candidates } = await values(valueName(option), option.argChoices);
    return {
      candidates: candidates.map((one) => ({ ...one, word: `${assigned[0]}${one.word}` })),
      files: false,
    };
  }
  if (!place.onlyArguments && current.startsWith("-"))
    return { candidates: optionCandidates(place.command), files: false };
  if (place.command.commands.length > 0)
    return place.given > 0 ? nothing : { candidates: subcommands(place.command), files: false };
  const argument = place.command.registeredArguments[place.given] ?? lastVariadic(place.command);
  return argument === undefined ? nothing : values(argument.name(), argument.argChoices);
};

const takesValue = (option: Option): boolean => option.required || option.optional;

const optionOf = (command: Command, flag: string): Option | undefined =>
  command.options.find(({ short, long }) => flag === short || flag === long);

/** `file` of `--out <file>`, `file` of `--receipt <files...>`. */
const valueName = ({ flags }: Option): string =>
  (/[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? "").replace(/\.\.\.$/, "");

const lastVariadic = (command: Command) => {
  const last = command.registeredArguments.at(-1);
  return last?.variadic === true ? last : undefined;
};

/** Walks the words that are there already: into subcommands, over options and their values. */
const placeOf = (program: Command, before: readonly string[]): CursorPlace => {
  let command = program;
  let awaits: Option | undefined;
  let given = 0;
  let onlyArguments = false;
  for (const word of before) {
    if (awaits !== undefined && !(awaits.variadic && word.startsWith("-"))) {
      if (!awaits.variadic) awaits = undefined;
      continue;
    }
    awaits = undefined;
    if (onlyArguments) given += 1;
    else if (word === "--") onlyArguments = true;
    else if (word.startsWith("-")) {
      const option = optionOf(command, word);
      if (option !== undefined && takesValue(option)) awaits = option;
    } else {
      const next = command.commands.find((one) => one.name() === word);
      if (next !== undefined && given === 0) command = next;
      else if (!(command === program && word === "help")) given += 1;
    }
  }
  return { command, ...present({ awaits }), given, onlyArguments };
};

/** The policy that the line names already, for the names of its rules. */
const policyOf = (program: Command, before: readonly string[]): string | undefined => {
  const command = placeOf(program, before).command;
  const at = before.findLastIndex((word) => optionOf(command, word)?.long === "--policy");
  const assigned = before.findLast((word) => word.startsWith("--policy="));
  return at >= 0 ? before[at + 1] : assigned?.slice("--policy=".length);
};

const optionCandidates = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long === undefined ? [] : [{ word: long, description }]));

const subcommands = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ word: one.name(), description: one.description() }));

const fileValues = new Set([
  "file",
  "files",
  "policy",
  "policies",
  "planfile",
  "planfiles",
  "receipt",
  "cert",
  "key",
]);

const valuesOf = async (
  kind: string,
  choices: readonly string[] | undefined,
  sources: Sources,
  policyFile: string | undefined,
): Promise<Completion> => {
  if (choices !== undefined)
    return { candidates: choices.map((word) => ({ word, description: "" })), files: false };
  if (kind === "rule" || kind === "rules") {
    const names = await sources.ruleNames(policyFile);
    return { candidates: names.map((word) => ({ word, description: "rule" })), files: false };
  }
  if (kind === "name" || kind === "names") {
    const names = await sources.listNames(policyFile);
    return { candidates: names.map((word) => ({ word, description: "list" })), files: false };
  }
  if (kind === "types") return { candidates: await sources.eventTypes(), files: false };
  return fileValues.has(kind) ? { candidates: [], files: true } : nothing;
};
