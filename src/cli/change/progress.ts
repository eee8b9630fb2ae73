/** How far an apply is: one plain line a step; on a terminal a live line with the time gone by, too. */

import createSpinner from "yocto-spinner";
import type { ApplyEvent } from "../../apply/result.js";
import type { Wait } from "../../dbt/client.js";
import { interruptText, liveLine, liveText, progressLine, waitText } from "../../report/text/progress.js";
import { plainWaits } from "../connect.js";
import { type Io, isLive, lookOf, note, type OutputStream } from "../io.js";

export interface Progress {
  readonly onProgress: (event: ApplyEvent) => void;
  /** The waits that the service orders, a second each. */
  readonly onWait: (wait: Wait) => void;
  /** The user asks to stop: said at once, since the call in flight may take seconds. */
  readonly onInterrupt: () => void;
  /** Ends the live line; to be called before anything else is printed. */
  stop(): void;
}

const tickMs = 200;

export const createProgress = (io: Io, options: { readonly color?: boolean }): Progress => {
  const look = lookOf(io, io.stderr, options);
  const { stderr } = io;
  const live = isLive(io) && isTerminal(stderr) ? new LiveLine(io, stderr, look) : undefined;
  let stepBegan = 0;
  const onWait: Progress["onWait"] =
    live === undefined
      ? plainWaits(io)
      : (wait) => (wait.seconds > 0 ? live.countDown(waitText(wait)) : live.clear());
  return {
    onProgress: (event) => {
      if (event.kind === "throttled") onWait({ ...event, reason: "rate-limited" });
      if (event.kind === "step-started" && event.attempt === 1) stepBegan = io.now().getTime();
      const line = progressLine(event, look, stepBegan === 0 ? undefined : io.now().getTime() - stepBegan);
      if (line !== undefined) {
        live?.clear();
        note(io, line);
      }
      const text = liveText(event);
      if (text !== undefined) live?.show(text);
    },
    onWait,
    onInterrupt: () => {
      live?.clear();
      note(io, interruptText);
      live?.show(interruptText);
    },
    stop: () => live?.clear(),
  };
};

/** A stream of the process, which can move its cursor. */
const isTerminal = (stream: OutputStream): stream is OutputStream & NodeJS.WriteStream =>
  "cursorTo" in stream && "clearLine" in stream;

/** The one line that a terminal redraws. Signals stay ours: a step under way must be finished honestly. */
class LiveLine {
  readonly #spinner: ReturnType<typeof createSpinner>;
  readonly #io: Io;
  readonly #look: Parameters<typeof liveLine>[2];
  #text = "";
  /** Undefined where the text itself counts. */
  #since: number | undefined;
  #tick: NodeJS.Timeout | undefined;

  constructor(io: Io, stream: NodeJS.WriteStream, look: Parameters<typeof liveLine>[2]) {
    this.#spinner = createSpinner({ stream, handleSignals: false });
    this.#io = io;
    // Room for the spinner's own character and blank.
    this.#look = { ...look, width: look.width - 2 };
  }

  show(text: string): void {
    this.#start(text, this.#io.now().getTime());
  }

  countDown(text: string): void {
    this.#start(text, undefined);
  }

  #start(text: string, since: number | undefined): void {
    this.#text = text;
    this.#since = since;
    this.#draw();
    if (this.#tick !== undefined) return;
    this.#spinner.start();
    this.#tick = setInterval(() => this.#draw(), tickMs);
    this.#tick.unref();
  }

  clear(): void {
    clearInterval(this.#tick);
    this.#tick = undefined;
    if (this.#spinner.isSpinning) this.#spinner.stop();
  }

  #draw(): void {
    const elapsed = this.#since === undefined ? undefined : this.#io.now().getTime() - this.#since;
    this.#spinner.text = liveLine(this.#text, elapsed, this.#look);
  }
}
