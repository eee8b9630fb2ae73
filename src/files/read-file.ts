/**
 * The one way in which a file that somebody named is read. A name may come from a stranger's pull request, so:
 * - only a regular file is read, or standard input where it is named as such: a pipe would be waited for, a device may
 *   never end;
 * - its size is checked before it is read, and again while it is read, since `/proc` says 0 of everything;
 * - its real path stays inside a folder, so that no symbolic link shows a file of the machine, and outside `.git`,
 *   where a checkout keeps its credentials.
 * Without promises: the files are local, and `node:fs/promises` alone costs a start two milliseconds.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { StringDecoder } from "node:string_decoder";

interface ReadBounds {
  /** Bytes. */
  readonly most: number;
  /** The file's real path must be inside; default: the folder that the name says. */
  readonly folder?: string;
}

/** A file that is there and could be read, and is not: `message` says why, as the end of a sentence. */
export class FileRefused extends Error {
  override readonly name = "FileRefused";
}

const megabyte = 1_048_576;

/** Bytes of each kind of file: far more than any that is meant. */
export const largest = {
  /** A policy or an include file; `policy/yaml.ts` has the bound in characters. */
  policy: 8 * megabyte,
  /** All lists of one policy together: over a million prefixes. */
  lists: 64 * megabyte,
  /** Saved plans, receipts, the emulator's state: what this program wrote. */
  document: 256 * megabyte,
  /** Notes of this program to itself, such as a cursor. */
  note: megabyte,
} as const;

/** The name `-`, or the device. */
export const isStandardInput = (name: string): boolean => name === "-" || name === "/dev/stdin";

/** Throws `FileRefused`, or the system's error. `name` is relative to `cwd`. */
export const readNamedFile = (cwd: string, name: string, bounds: ReadBounds): Buffer =>
  isStandardInput(name) ? readStandardInput(bounds.most) : readRegularFile(resolve(cwd, name), bounds);

/** The same as text; what is no UTF-8 in it becomes U+FFFD. */
export const readNamedText = (cwd: string, name: string, bounds: ReadBounds): string =>
  readNamedFile(cwd, name, bounds).toString("utf8");

/** The same where no name means standard input. */
export const readRegularFile = (path: string, { most, folder = dirname(path) }: ReadBounds): Buffer => {
  const real = realpathSync(path);
  requireInside(realpathSync(folder), real);
  // Before it is opened: to open a pipe is to wait for its writer, and to open a device may do something.
  requireRegular(statSync(real), most);
  const handle = openSync(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = fstatSync(handle);
    requireRegular(found, most);
    return readUpTo(handle, most, found.size);
  } finally {
    closeSync(handle);
  }
};

/** Bytes of a piece of a file that is read in pieces; their text is small enough for V8 to forget it at once. */
const longPiece = 65_536;

/**
 * `readNamedText` in pieces, for files of any size that are never whole in memory. Throws as `readNamedFile` does, also
 * from within.
 */
export function* readNamedPieces(cwd: string, name: string): Generator<string, void> {
  const standard = isStandardInput(name);
  const real = standard ? "" : realpathSync(resolve(cwd, name));
  if (!standard) {
    requireInside(realpathSync(dirname(resolve(cwd, name))), real);
    requireRegular(statSync(real), Number.POSITIVE_INFINITY);
  }
  const handle = standard ? 0 : openSync(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!standard) requireRegular(fstatSync(handle), Number.POSITIVE_INFINITY);
    const buffer = Buffer.allocUnsafe(longPiece);
    const decoder = new StringDecoder("utf8");
    for (let read = readSome(handle, buffer); read > 0; read = readSome(handle, buffer))
      yield decoder.write(buffer.subarray(0, read));
    yield decoder.end();
  } finally {
    if (!standard) closeSync(handle);
  }
}

const requireInside = (folder: string, real: string): void => {
  const way = relative(folder, real);
  if (isAbsolute(way) || way === ".." || way.startsWith(`..${sep}`))
    throw new FileRefused("a symbolic link leads out of the folder that it may be in");
  if (real.split(sep).some((part) => part.toLowerCase() === ".git"))
    throw new FileRefused("it lies in a folder .git, whose files may hold credentials");
};

const requireRegular = (found: Stats, most: number): void => {
  if (found.isDirectory()) throw Object.assign(new Error("a folder"), { code: "EISDIR" });
  if (!found.isFile()) throw new FileRefused("it is a pipe, a socket or a device, not a file");
  if (found.size > most) throw tooLarge(most);
};

const tooLarge = (most: number): FileRefused =>
  new FileRefused(
    `it is too large: at most ${most < megabyte ? `${most} bytes` : `${Math.floor(most / megabyte)} MiB`} are read`,
  );

const pieceBytes = 65_536;

/** To the end. `expected` bytes are likely, not certain: the file may grow, or be one of `/proc`. */
const readUpTo = (handle: number, most: number, expected: number): Buffer => {
  const pieces: Buffer[] = [];
  let size = 0;
  for (let next = Math.max(expected + 1, pieceBytes); ; next = pieceBytes) {
    const piece = Buffer.allocUnsafe(Math.min(next, most + 1));
    const read = readSome(handle, piece);
    if (read === 0) return pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces);
    pieces.push(piece.subarray(0, read));
    size += read;
    if (size > most) throw tooLarge(most);
  }
};

/** Milliseconds between two looks at an input that is not ready. */
const pauseMs = 20;

const readSome = (handle: number, piece: Buffer): number => {
  for (;;) {
    try {
      return readSync(handle, piece, 0, piece.length, null);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      // Windows says EOF of a pipe whose writer has ended.
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
};

/** It can be read once, and may be asked for twice: by the account that a policy names, then by the policy. */
let input: Buffer | undefined;

const readStandardInput = (most: number): Buffer => {
  input ??= readUpTo(0, most, 0);
  if (input.length > most) throw tooLarge(most);
  return input;
};

/**
 * The folder that a policy must be inside by its real path: the checkout around `cwd` where the name is in `cwd`, else
 * the folder that the name says, since only the user can name a file elsewhere.
 */
export const checkoutFolder = (cwd: string, name: string): string => {
  const path = resolve(cwd, name);
  const way = relative(cwd, path);
  const begin = isAbsolute(way) || way.split(sep)[0] === ".." ? dirname(path) : cwd;
  for (let folder = begin; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return folder;
    if (dirname(folder) === folder) return begin;
  }
};
