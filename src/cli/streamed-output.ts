/**
 * Long output, piece by piece: to standard output at the pace of its reader, or to a file that appears whole or not
 * at all.
 */
import type { Io, OutputStream } from "./io.js";
import { type Sink, WholeFile } from "./whole-file.js";
import { ownerOnly } from "./write-target.js";

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

/** Events tell of people: a new file is for its owner alone. */
export const sinkFor = async (io: Io, file: string | undefined): Promise<Sink> =>
  file === undefined ? streamSink(io.stdout) : WholeFile.create(io, file, ownerOnly);
