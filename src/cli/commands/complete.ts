/**
 * `__complete`, hidden: what the shells' scripts call at each TAB. Offline and silent: a policy that cannot be read
 * only means that no names are offered. First line: `files` or `words`; then a line a candidate, with a tab
 * between word and description.
 */
import type { Command } from "commander";
import { exitCodes } from "../../model/failure.js";
import { type Program, runs } from "../command.js";
import { type Candidate, complete, type Sources } from "../completion.js";
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
  eventTypes,
});

/** Names that a terminal can show as they are; the others could not be told apart in a list, or worse. */
const ruleNames = async (io: Io, file: string): Promise<readonly string[]> => {
  try {
    const { parsePolicy } = await import("../../policy/parse-policy.js");
    const { readPolicyBytes } = await import("../../files/load-policy.js");
    const { visible } = await import("../../model/escape.js");
    const { parsed } = parsePolicy(readPolicyBytes(io, file), file);
    const names = parsed?.raw.rules.map(({ name }) => name.value) ?? [];
    return [...new Set(names)].filter((name) => name.trim() !== "" && visible(name) === name);
  } catch {
    return [];
  }
};

const eventTypes = async (): Promise<readonly Candidate[]> => {
  const { catalogue } = await import("../../audit/catalogue.js");
  return catalogue.map(({ type, description }) => ({ word: type, description }));
};
