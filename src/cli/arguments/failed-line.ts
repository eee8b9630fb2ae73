/**
 * How a command line that ended before its command began is answered: its failure goes to each format and file that the line
 * asks for, as far as that can be seen. Promises: who asked for JSON gets JSON; a file is written only where the name is
 * not strange and is no other word of the line, so nothing that the line reads is replaced.
 */
import { Command } from "commander";
import { isStandardInput } from "../../files/read-file.js";
import { Failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import type { Format } from "../../report/reporters.js";
import type { Io } from "../io.js";
import type { Target } from "../outcome.js";
import { strangeName } from "./file-names.js";
import { filesOf, requireSeparateFiles, writeParts } from "./named-files.js";
import { attachedTo, habitOf, isPlain, partsOf } from "./spelling.js";

interface RequestedOutput {
  readonly color: boolean;
  readonly debug: boolean;
  readonly targets: readonly Target[];
}

/** `words`: those behind the command; `command`: undefined where the line names none. */
export const requestedOutput = async (
  io: Pick<Io, "cwd">,
  words: readonly string[],
  command: Command | undefined,
): Promise<RequestedOutput> => {
  const given = givenIn(words, command ?? new Command());
  const targets = command === undefined ? [] : targetsIn(command, given);
  const areSeparate = command === undefined || (await haveOwnFiles(io, command, given, targets));
  const allowed = areSeparate ? targets : targets.filter(({ file }) => file === undefined);
  const isJson = given.values.get("--format")?.at(-1) === "json";
  return {
    color: !given.flags.has("--no-color"),
    debug: given.flags.has("--debug"),
    targets: isJson && !allowed.some(({ format }) => format === "json") ? [{ format: "json" }] : allowed,
  };
};

/** Of nearly every command; asked of the others, they are answered too. */
const commonOptions = (): Command =>
  new Command().option("-f, --format <format>").option("--no-color").option("--debug");

interface Given {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** All other words, and the values of options that are not known. */
  readonly others: readonly string[];
}

/** What a line says though it is refused; it may hold any spelling. */
const givenIn = (words: readonly string[], command: Command): Given => {
  const flags = new Set<string>();
  const values = new Map<string, readonly string[]>();
  const others: string[] = [];
  const left = [...words];
  const options = [...command.options, ...commonOptions().options];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "--") return { flags, values, others: [...others, ...left] };
    if (!word.startsWith("-") || word === "-") {
      others.push(word);
      continue;
    }
    const { flag, value } = partsOf(word);
    const short = attachedTo(command, word);
    const isAttached = short !== undefined && isPlain(command, short, word);
    const known = options.find((one) => one.long === flag || one.short === flag);
    const option = known ?? (isAttached ? short : undefined);
    const name = option?.long ?? flag;
    const habit = option === undefined ? habitOf(flag, command.name()) : undefined;
    if (habit !== undefined && "as" in habit) left.unshift(...habit.as);
    else if (option === undefined) others.push(value ?? word);
    else if (!option.required && !option.optional) flags.add(name);
    else {
      const own = isAttached && known === undefined ? word.slice(2) : value;
      const found = own === undefined ? following(left, option.variadic) : [own];
      values.set(name, [...(values.get(name) ?? []), ...found]);
    }
  }
  return { flags, values, others };
};

/** The words in front of the next option, taken from `left`. */
const following = (left: string[], isVariadic: boolean): readonly string[] => {
  const end = left.findIndex((word) => word.startsWith("-") && word !== "-");
  const most = isVariadic ? left.length : 1;
  return left.splice(0, Math.min(most, end < 0 ? left.length : end));
};

/** As of a run (`outputTargets`): only a command that has `--write` has reports to write. */
const targetsIn = (command: Command, { values }: Given): readonly Target[] => {
  const option = command.options.find(({ long }) => long === "--format");
  if (!command.options.some(({ long }) => long === "--write")) return [];
  const isFormat = (text: string): text is Format =>
    text !== "matrix" && option?.argChoices?.includes(text) === true;
  const written = (values.get("--write") ?? []).flatMap((text) => {
    const { format = "", file = "" } = writeParts(text) ?? {};
    return isFormat(format) && strangeName(file) === undefined ? [{ format, file }] : [];
  });
  const format = values.get("--format")?.at(-1) ?? String(option?.defaultValue);
  const output = values.get("--output")?.at(-1);
  const file = output === undefined || strangeName(output) !== undefined ? undefined : output;
  return isFormat(format) ? [...written, { format, ...present({ file }) }] : written;
};

const haveOwnFiles = async (
  io: Pick<Io, "cwd">,
  command: Command,
  { values, others }: Given,
  targets: readonly Target[],
): Promise<boolean> => {
  const options: Record<string, unknown> = { ...command.opts() };
  for (const option of command.options) {
    const given = values.get(option.long ?? "");
    if (given !== undefined) options[option.attributeName()] = given;
  }
  const named = filesOf(command, { ...options, write: [], output: undefined });
  const written = targets.flatMap(({ file }) => (file === undefined ? [] : [{ as: "--write", file }]));
  const words = others.map((file) => ({ as: "the word", file }));
  try {
    await requireSeparateFiles(io, {
      inputs: [...named.inputs, ...words],
      outputs: [...named.outputs, ...written],
      // Standard input is not waited for.
      policies: [...named.policies, ...others].filter((file) => !isStandardInput(file)),
    });
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
};
