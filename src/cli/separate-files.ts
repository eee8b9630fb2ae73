/**
 * An output never replaces an input, nor another output, by whatever name: refused before the command begins, so before
 * any call.
 */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isStandardInput } from "../files/read-file.js";
import { Failure, failure } from "../model/failure.js";
import { furtherReferences, parsePolicy, type ReadFile } from "../policy/parse-policy.js";
import type { Named, NamedFiles } from "./file-roles.js";
import { shownFile } from "./file-words.js";
import type { Io } from "./io.js";
import { readPolicyBytes, readReferences } from "./load-policy.js";
import { receiptFolder } from "./read-receipts.js";
import { writeTargetOf } from "./write-target.js";

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
      throw clash(`${as} ${shownFile(file)} and ${other} are the same file`, "Give each a file of its own");
    taken.set(key, `${as} ${shownFile(file)}`);
  }
  for (const { as, file } of [...inputs, ...(await furtherInputs(io, inputs, policies, taken))]) {
    const key = await identityOf(resolve(io.cwd, file));
    const output = key === undefined ? undefined : taken.get(key);
    // Of a receipt that is there already, `apply` itself says more.
    if (output?.startsWith("--receipt ") === true && as === "the receipt") continue;
    if (output !== undefined)
      throw clash(
        `${output} would replace a file that is read: ${as} ${shownFile(file)}`,
        "Name another file",
      );
  }
};

const clash = (message: string, hint: string): Failure => failure("output-clash", message, hint);

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
    const files = new Map<string, ReadFile>();
    readReferences(resolve(io.cwd, folder), parsed.references, files);
    const references = [...parsed.references, ...furtherReferences(parsed, files)];
    return references.map((reference) => ({ as: "the file", file: join(folder, reference) }));
  } catch (error) {
    // What is wrong with the policy, its own reading will say.
    if (error instanceof Failure) return [];
    throw error;
  }
};
