/** Which files a command line reads, and which it writes. */
import type { Command } from "commander";
import type { Io } from "./io.js";

/** By its name in the program, what an option's file is to its command. `in-place`: read, then written, on purpose. */
const roles: Readonly<Record<string, "input" | "output" | "in-place">> = {
  "--policy": "input",
  "--base": "input",
  "--plan": "input",
  "--seed": "input",
  "--receipt": "input",
  "apply --receipt": "output",
  "--output": "output",
  "--out": "output",
  "--write": "output",
  "--cursor": "in-place",
  "--state": "in-place",
  "--merge": "in-place",
};

export const roleOf = (command: string, flag: string) => roles[`${command} ${flag}`] ?? roles[flag];

export interface Named {
  /** Such as `--policy`; of an operand, what it is. */
  readonly as: string;
  readonly file: string;
}

export interface NamedFiles {
  readonly inputs: readonly Named[];
  readonly outputs: readonly Named[];
  /** Those of the inputs that may name further ones. */
  readonly policies: readonly string[];
}

/** `options`: as parsed, by the names that the parser gives them. */
export const filesOf = (
  command: Command,
  options: Readonly<Record<string, unknown>> = command.opts(),
): NamedFiles => {
  const inputs: Named[] = [];
  const outputs: Named[] = [];
  const policies: string[] = [];
  for (const option of command.options) {
    const flag = option.long ?? "";
    const role = roleOf(command.name(), flag);
    if (role === undefined) continue;
    const files = namesIn(options[option.attributeName()]);
    const into = role === "input" ? inputs : outputs;
    // `init` makes the policy, and `fmt` is there to change it.
    if (flag === "--policy" && ["init", "fmt"].includes(command.name())) continue;
    into.push(...files.map((file) => ({ as: flag, file })));
    if (flag === "--policy" || flag === "--base") policies.push(...files);
  }
  const kind = command.registeredArguments[0]?.name();
  if (kind === "policies") policies.push(...command.args);
  if (kind === "policies" || kind === "planfile")
    inputs.push(
      ...command.args.map((file) => ({ as: kind === "policies" ? "the policy" : "the plan", file })),
    );
  return { inputs, outputs, policies };
};

/** An option's value: a name, several, or `--write`'s pairs. */
const namesIn = (value: unknown): readonly string[] => {
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    if (typeof one === "string") return [one];
    return typeof one === "object" && one !== null && "file" in one && typeof one.file === "string"
      ? [one.file]
      : [];
  });
};

/** Throws `Failure` where a file that the line would write is one that it reads, or writes already. */
export const checkFiles = async (
  io: Pick<Io, "cwd">,
  command: Command,
  options?: Readonly<Record<string, unknown>>,
): Promise<void> => {
  const files = filesOf(command, options);
  if (files.outputs.length === 0) return;
  // Loaded here, since most runs write no file.
  const { requireSeparateFiles } = await import("./separate-files.js");
  await requireSeparateFiles(io, files);
};
