/**
 * A real browser for tests: Debian's Chromium without a window, spoken to over a pipe in its own protocol (DevTools), so
 * that it needs no package. Where there is none the tests skip, and say so; where CI promises one they fail.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

const paths = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

export const chromium: string | undefined = [process.env["CHROMIUM"] ?? "", ...paths].find(
  (path) => path !== "" && existsSync(path),
);

/** Set in .github/workflows/ci.yml for runners that come with a browser: there the tests are to run. */
export const browserIsPromised = (process.env["CI_HAS_CHROMIUM"] ?? "") !== "";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

interface Waiting {
  readonly resolve: (result: Readonly<Record<string, unknown>>) => void;
  readonly reject: (error: Error) => void;
}

export interface Size {
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
}

export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #input: Writable;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(message: Message) => void>();
  #next = 1;

  private constructor(path: string) {
    this.#profile = mkdtempSync(join(tmpdir(), "browser-"));
    this.#process = spawn(
      path,
      [
        "--headless=new",
        "--remote-debugging-pipe",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-extensions",
        "--no-proxy-server",
        `--user-data-dir=${this.#profile}`,
      ],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
    );
    // What `stdio` asked for.
    this.#input = this.#process.stdio[3] as Writable;
    this.#read(this.#process.stdio[4] as Readable);
    this.#process.on("exit", (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the browser ended (${code})`));
    });
  }

  static open(path: string): Browser {
    return new Browser(path);
  }

  #read(output: Readable): void {
    let text = "";
    output.setEncoding("utf8");
    output.on("data", (piece: string) => {
      text += piece;
      const messages = text.split("\0");
      text = messages.pop() ?? "";
      for (const one of messages) this.#receive(JSON.parse(one));
    });
  }

  #receive(message: Message): void {
    for (const listener of this.#listeners) listener(message);
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (waiting === undefined || message.id === undefined) return;
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting.resolve(message.result ?? {});
    else waiting.reject(new Error(message.error.message));
  }

  send(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    sessionId?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const message = { id, method, params, ...(sessionId === undefined ? {} : { sessionId }) };
      this.#input.write(`${JSON.stringify(message)}\0`);
    });
  }

  listen(listener: (message: Message) => void): void {
    this.#listeners.add(listener);
  }

  /** Opens a file in a page of its own. */
  async page(file: string, size: Size = { width: 1280, height: 900 }): Promise<Page> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, String(sessionId), String(targetId));
    await page.open(pathToFileURL(file).href, size);
    return page;
  }

  async close(): Promise<void> {
    const ended = new Promise((done) => this.#process.once("exit", done));
    this.#process.kill("SIGKILL");
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

export class Page {
  readonly #browser: Browser;
  readonly #session: string;
  readonly #target: string;
  /** Every address that the page asked for, and every complaint of the browser. */
  readonly requests: string[] = [];
  readonly complaints: string[] = [];

  constructor(browser: Browser, session: string, target: string) {
    this.#browser = browser;
    this.#session = session;
    this.#target = target;
    browser.listen(({ sessionId, method, params }) => {
      if (sessionId !== session) return;
      if (method === "Network.requestWillBeSent")
        this.requests.push(String(Object(params?.["request"])["url"]));
      if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded")
        this.complaints.push(JSON.stringify(params));
    });
  }

  send(method: string, params: Readonly<Record<string, unknown>> = {}) {
    return this.#browser.send(method, params, this.#session);
  }

  async open(url: string, { width, height, dark = false }: Size): Promise<void> {
    await this.send("Page.enable");
    await this.send("Network.enable");
    await this.send("Runtime.enable");
    await this.send("Log.enable");
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await this.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
    });
    const loaded = new Promise<void>((done) => {
      this.#browser.listen(({ sessionId, method }) => {
        if (sessionId === this.#session && method === "Page.loadEventFired") done();
      });
    });
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** The value of an expression, or of the promise that it is. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.send("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    const thrown = answer["exceptionDetails"];
    if (thrown !== undefined) throw new Error(JSON.stringify(thrown));
    return Object(answer["result"])["value"];
  }

  async text(selector: string): Promise<string> {
    return String(await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).innerText`));
  }

  async click(selector: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  /** A key as a person presses it: `Tab`, `Enter`. */
  async press(key: string): Promise<void> {
    const codes: Readonly<Record<string, number>> = { Tab: 9, Enter: 13 };
    const code = codes[key] ?? 0;
    const event = { key, code: key, windowsVirtualKeyCode: code, ...(key === "Enter" ? { text: "\r" } : {}) };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  /** Types into what has the focus. */
  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  /** A picture of the page, or of all of it, as PNG. */
  async screenshot(whole = false): Promise<Buffer> {
    const { data } = await this.send("Page.captureScreenshot", {
      format: "png",
      captureBeyondViewport: whole,
      ...(whole ? { clip: await this.#whole() } : {}),
    });
    return Buffer.from(String(data), "base64");
  }

  async #whole(): Promise<Readonly<Record<string, number>>> {
    const { cssContentSize } = await this.send("Page.getLayoutMetrics");
    const { width, height } = Object(cssContentSize);
    return { x: 0, y: 0, width, height: Math.min(height, 6_000), scale: 1 };
  }

  async close(): Promise<void> {
    await this.#browser.send("Target.closeTarget", { targetId: this.#target });
  }
}
