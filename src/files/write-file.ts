/**
 * The one way in which a file is written: under a temporary name beside its own, flushed, then renamed, so that it
 * appears whole or not at all. A file that is there keeps its mode, a symbolic link stays one, and a device or a pipe
 * is written as it is, never replaced.
 */

import { randomBytes } from "node:crypto";
import { type FileHandle, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { cannotWrite } from "./io-errors.js";
import { makeFolder } from "./make-folder.js";

/** The mode of a new file that tells of people and addresses: plans, receipts, exports of the audit log. */
export const ownerOnly = 0o600;

/**
 * Where a write to a name ends up. A file is replaced as a whole, by a rename; but a device, a pipe or `/dev/stdout` must
 * never be replaced by a file, and a symbolic link stays one, even where it points to nothing yet: what it points to
 * is replaced, or made.
 */
interface WriteTarget {
  readonly path: string;
  /** Whether it is written straight, since it is no file that could be replaced. */
  readonly straight: boolean;
  /** Permissions of the file that is there. */
  readonly mode?: number;
}

export const writeTargetOf = async (path: string): Promise<WriteTarget> => {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { path: await endOfLinks(path), straight: false };
  if (!found.isFile() && !found.isDirectory()) return { path, straight: true };
  return { path: await realpath(path), straight: false, mode: found.mode & 0o777 };
};

/** As many as Linux follows. */
const mostLinks = 40;

/** The name that a chain of links ends at, where nothing has that name. */
const endOfLinks = async (path: string): Promise<string> => {
  let end = path;
  for (let links = 0; links <= mostLinks; links += 1) {
    const to = await readlink(end).catch(() => undefined);
    if (to === undefined) return end;
    // `..` counts from where the link really lies.
    const folder = await realpath(dirname(end)).catch(() => dirname(end));
    end = resolve(folder, to);
  }
  throw Object.assign(new Error("too many links"), { code: "ELOOP" });
};

/** Makes the folders that the path still needs. */
export const makeFolderFor = async (path: string): Promise<void> => {
  try {
    await makeFolder(dirname(path));
  } catch (error) {
    // Where a part of the path is a file, the system says EEXIST of that part, not of the path.
    if (error instanceof Error && "code" in error && error.code === "EEXIST")
      throw Object.assign(new Error("not a folder", { cause: error }), { code: "ENOTDIR" });
    throw error;
  }
};

/** Where relative names begin. */
interface Folder {
  readonly cwd: string;
}

/** For everything else: what the umask leaves of it. */
const asTheUmaskSays = 0o666;

export interface Sink {
  write(piece: string | Uint8Array): Promise<void>;
  /** Its reader has gone (`| head`): there is no use in going on. */
  readonly closed: boolean;
  /** The output is complete. */
  close(): Promise<void>;
  /** It is not, and nothing of it should stay. */
  discard(): Promise<void>;
}

/** Made at once, so that what cannot be written fails early. */
export class WholeFile implements Sink {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #name: string;
  #bytes = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  private constructor(name: string, path: string, temporary: string, handle: FileHandle) {
    this.#name = name;
    this.#path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /**
   * Throws `Failure` where the file cannot be made. `name` is the user's name for it, `mode` that of a new file,
   * less the umask.
   */
  static async create(io: Folder, name: string, mode = asTheUmaskSays): Promise<WholeFile> {
    try {
      const target = await writeTargetOf(resolve(io.cwd, name));
      const { path } = target;
      if (target.straight) return new WholeFile(name, path, path, await open(path, "w"));
      const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
      await makeFolderFor(path);
      const handle = await open(temporary, "wx", target.mode ?? mode);
      const file = new WholeFile(name, path, temporary, handle);
      await file.#keepMode(target.mode);
      return file;
    } catch (error) {
      throw cannotWrite(name, error);
    }
  }

  /** The umask may have taken some of it when the file was made. */
  async #keepMode(mode: number | undefined): Promise<void> {
    if (mode === undefined) return;
    try {
      await this.#handle.chmod(mode);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  /** A device or a pipe. */
  get #isStraight(): boolean {
    return this.#temporary === this.#path;
  }

  get closed(): boolean {
    return false;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(piece: string | Uint8Array): Promise<void> {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    this.#bytes += bytes.byteLength;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.byteLength;
    if (this.#pendingBytes >= flushBytes) await this.#flush();
  }

  async #flush(): Promise<void> {
    const block = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    await this.#whole(() => this.#handle.writeFile(block));
  }

  /** A part of the writing. What fails leaves nothing behind, whatever the caller then does: the disk may be full. */
  async #whole(part: () => Promise<void>): Promise<void> {
    try {
      await part();
    } catch (error) {
      await this.discard();
      throw cannotWrite(this.#name, error);
    }
  }

  /** Everything on the disk, still under the temporary name. */
  async settle(): Promise<void> {
    await this.#flush();
    await this.#whole(async () => {
      if (!this.#isStraight) await this.#handle.sync();
      await this.#handle.close();
    });
  }

  /** After `settle`. */
  async keep(): Promise<void> {
    if (this.#isStraight) return;
    await this.#whole(() => rename(this.#temporary, this.#path));
  }

  async close(): Promise<void> {
    await this.settle();
    await this.keep();
  }

  /** Never throws: what counts is why the file is not kept. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    if (!this.#isStraight) await rm(this.#temporary, { force: true }).catch(() => undefined);
  }
}

const flushBytes = 65_536;

/** A text that is there already. Throws `Failure`, and leaves nothing behind. */
export const writeWhole = async (io: Folder, name: string, text: string, mode?: number): Promise<void> => {
  const file = await WholeFile.create(io, name, mode);
  await file.write(text);
  await file.close();
};

/** Throws `Failure` where the file could not be made now; leaves nothing behind but the folders on the way. */
export const tryFile = async (io: Folder, name: string): Promise<void> => {
  const path = resolve(io.cwd, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) throw cannotWrite(name, Object.assign(new Error(), { code: "EISDIR" }));
  // A pipe may have no reader yet: opening it would wait for one.
  if (found !== undefined && !found.isFile()) return;
  const file = await WholeFile.create(io, name);
  await file.discard();
};
