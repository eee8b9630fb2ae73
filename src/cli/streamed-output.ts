/**
 * Long output, piece by piece: to standard output at the pace of its reader, or to a file that appears whole or not
 * at all.
 */
import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { Io, OutputStream } from "./io.js";
import { cannotWrite } from "./output.js";
import { makeFolderFor, writeTargetOf } from "./write-target.js";

export interface Sink {
  write(piece: string | Uint8Array): Promise<void>;
  /** Its reader has gone (`| head`): there is no use in going on. */
  readonly closed: boolean;
  /** The output is complete. */
  close(): Promise<void>;
  /** It is not, and nothing of it should stay. */
  discard(): Promise<void>;
}

const drained = (stream: OutputStream): Promise<void> =>
  new Promise((done) => {
    if (stream.once === undefined || stream.writable === false) return done();
    stream.once("drain", done);
    stream.once("close", done);
  });

export const streamSink = (stream: OutputStream): Sink => ({
  async write(piece) {
    const text = typeof piece === "string" ? piece : Buffer.from(piece).toString("utf8");
    if (!stream.write(text)) await drained(stream);
  },
  get closed() {
    return stream.writable === false;
  },
  close: async () => {},
  discard: async () => {},
});

/** A file under a temporary name beside its own, made at once, so that what cannot be written fails early. */
export class TemporaryFile implements Sink {
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

  /** Throws `Failure` where the file cannot be made. `name` is the user's name for it. */
  static async create(io: Pick<Io, "cwd">, name: string): Promise<TemporaryFile> {
    try {
      const { path, straight } = await writeTargetOf(resolve(io.cwd, name));
      if (straight) return new TemporaryFile(name, path, path, await open(path, "w"));
      const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
      await makeFolderFor(path);
      return new TemporaryFile(name, path, temporary, await open(temporary, "wx"));
    } catch (error) {
      throw cannotWrite(name, error);
    }
  }

  /** A device or a pipe: written as it is, and never replaced by a file. */
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
    try {
      await this.#handle.writeFile(block);
    } catch (error) {
      throw cannotWrite(this.#name, error);
    }
  }

  /** Everything on the disk, still under the temporary name. */
  async settle(): Promise<void> {
    await this.#flush();
    if (!this.#isStraight) await this.#handle.sync();
    await this.#handle.close();
  }

  /** After `settle`. */
  async keep(): Promise<void> {
    if (this.#isStraight) return;
    try {
      await rename(this.#temporary, this.#path);
    } catch (error) {
      await rm(this.#temporary, { force: true }).catch(() => undefined);
      throw cannotWrite(this.#name, error);
    }
  }

  async close(): Promise<void> {
    await this.settle();
    await this.keep();
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    if (!this.#isStraight) await rm(this.#temporary, { force: true });
  }
}

const flushBytes = 65_536;

export const sinkFor = async (io: Io, file: string | undefined): Promise<Sink> =>
  file === undefined ? streamSink(io.stdout) : TemporaryFile.create(io, file);
