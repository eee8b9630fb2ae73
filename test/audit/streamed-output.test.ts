import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { streamSink } from "../../src/cli/io.js";

/** A full pipe: takes a write, and wants to be waited for. */
class FullPipe extends EventEmitter {
  writable = true;
  write(): boolean {
    return false;
  }
}

describe("long output to a pipe", () => {
  it("goes on when there is room again", async () => {
    const pipe = new FullPipe();
    const sink = streamSink(pipe);
    const written = sink.write("one");
    pipe.emit("drain");
    await written;
    expect(sink.closed).toBe(false);
  });

  it("does not wait for a reader that has gone, neither while waiting nor afterwards", async () => {
    const pipe = new FullPipe();
    const sink = streamSink(pipe);
    const written = sink.write("one");
    pipe.writable = false;
    pipe.emit("close");
    await written;
    expect(sink.closed).toBe(true);
    await sink.write("two");
  });
});
