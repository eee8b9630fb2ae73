/**
 * The files that a command line names. Promises: an output never replaces an input, nor another output, by whatever name,
 * which is refused before the command begins, so before any call.
 */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { readPolicyBytes, referencesOf } from "../../files/load-policy.js";
import { isStandardInput } from "../../files/read-file.js";
import { writeTargetOf } from "../../files/write-file.js";
import { visible } from "../../model/escape.js";
import { Failure, failure } from "../../model/failure.js";
import { parsePolicy } from "../../policy/parse-policy.js";
import type { Io } from "../io.js";
import { receiptFolder } from "../receipts.js";

/** By its name in the program, what an option's file is to its command. `in-place`: read, then written, on purpose. */
const roles: Readonly<Record<string, "input" | "output" | "in-place">> = {
  "--policy": "input",
  "--base": "input",
  "--plan": "input",
  "--from": "input",
  "--terraform": "input",
  "--account-file": "input",
  "--checks": "input",
  "--seed": "input",
  "--tls": "input",
  "--key": "input",
  "--receipt": "input",
  "apply --receipt": "output",
  "grant --receipt": "output",
  "rollback --receipt": "output",
  "grant --policy": "in-place",
  "init --policy": "output",
  "--output": "output",
  "--out": "output",
  "--write": "output",
  "--record": "output",
  "--cursor": "in-place",
  "--state": "in-place",
  "--merge": "in-place",
};

export const roleOf = (command: string, flag: string) => roles[`${command} ${flag}`] ?? roles[flag];

interface Named {
  /** Such as `--policy`; of an operand, what it is. */
  readonly as: string;
  readonly file: string;
}

interface NamedFiles {
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
    if (["--policy", "--base", "--checks"].includes(flag)) policies.push(...files);
  }
  const kind = command.registeredArguments[0]?.name();
  if (kind === "policies") policies.push(...command.args);
  if (kind === "policies" || kind?.startsWith("planfile") === true)
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
  await requireSeparateFiles(io, files);
};

/** Throws `Failure` where a file that would be written is one that is read, or is written twice. */
export const requireSeparateFiles = async (
  io: Pick<Io, "cwd">,
  { inputs, outputs, policies }: NamedFiles,
): Promise<void> => {
  const taken = new Map<string, string>();
  for (const { as, file } of outputs) {
    const key = await identityOf(resolve(io.cwd, file));
    if (key === undefined) continue;
    const other = taken.get(key);
    if (other !== undefined)
      throw failure("output-clash", { kind: "same-file", output: `${as} ${visible(file)}`, other });
    taken.set(key, `${as} ${visible(file)}`);
  }
  for (const { as, file } of [...inputs, ...(await furtherInputs(io, inputs, policies, taken))]) {
    const key = await identityOf(resolve(io.cwd, file));
    const output = key === undefined ? undefined : taken.get(key);
    // Of a receipt that is there already, `apply` itself says more.
    if (output?.startsWith("--receipt ") === true && as === "the receipt") continue;
    if (output !== undefined)
      throw failure("output-clash", { kind: "replaces-input", output, input: `${as} ${visible(file)}` });
  }
};

/**
 * One text for one file, whatever it is called: of one that is there, what the system calls it, so that links of both
 * kinds and spellings in other letters are the same; else where a write would make it. Undefined for what is no file
 * and so cannot be replaced: a folder, a device, a pipe.
 */
const identityOf = async (path: string): Promise<string | undefined> => {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (found !== undefined) return found.isFile() ? `${found.dev} ${found.ino}` : undefined;
  const end = await writeTargetOf(path)
    .then((target) => target.path)
    .catch(() => path);
  const folder = await realpath(dirname(end)).catch(() => dirname(end));
  return join(folder, basename(end));
};

/** What policies name, and receipts: looked for only where an output exists, since nothing else can be replaced. */
const furtherInputs = async (
  io: Pick<Io, "cwd">,
  inputs: readonly Named[],
  policies: readonly string[],
  taken: ReadonlyMap<string, string>,
): Promise<readonly Named[]> => {
  if (![...taken.keys()].some((key) => /^\d+ \d+$/.test(key))) return [];
  const folders = [receiptFolder, ...inputs.flatMap(({ as, file }) => (as === "--receipt" ? [file] : []))];
  return [
    ...policies.flatMap((policy) => namedBy(io, policy)),
    ...(await Promise.all(folders.map((folder) => receiptsIn(io, folder)))).flat(),
  ];
};

/** None where it is no folder. */
const receiptsIn = async (io: Pick<Io, "cwd">, folder: string): Promise<readonly Named[]> => {
  const names = await readdir(resolve(io.cwd, folder)).catch((): string[] => []);
  return names
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => ({ as: "the receipt", file: join(folder, name) }));
};

const namedBy = (io: Pick<Io, "cwd">, policy: string): Named[] => {
  const folder = isStandardInput(policy) ? "" : dirname(policy);
  try {
    const { parsed } = parsePolicy(readPolicyBytes(io, policy), policy);
    if (parsed === undefined) return [];
    const references = [...referencesOf(resolve(io.cwd, folder), parsed), parsed.lockReference];
    return references.map((reference) => ({ as: "the file", file: join(folder, reference) }));
  } catch (error) {
    // What is wrong with the policy, its own reading will say.
    if (error instanceof Failure) return [];
    throw error;
  }
};

/** `FORMAT=FILE` of `--write`; undefined where it lacks one of the two. */
export const writeParts = (text: string): { readonly format: string; readonly file: string } | undefined => {
  const at = text.indexOf("=");
  return at < 1 || at === text.length - 1
    ? undefined
    : { format: text.slice(0, at), file: text.slice(at + 1) };
};

/** For a reader on another machine: relative to where the program ran; of a file elsewhere, its name alone. */
export const nameElsewhere = ({ cwd }: Pick<Io, "cwd">, file: string): string => {
  const name = relative(cwd, resolve(cwd, file));
  return name.startsWith("..") || isAbsolute(name) ? basename(file) : name.replaceAll("\\", "/");
};
