/** The program in this process against an emulator of its own: commands as users type them, and other people's writes. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Io } from "../../src/cli/io.js";
import { run } from "../../src/cli/run.js";
import { type RunningEmulator, startEmulator } from "../../src/emulator/listener.js";
import type { EmulatorOptions } from "../../src/emulator/settings.js";

export const accountId = 66847;
const token = "token-of-the-pipeline";
const personal = "token-of-a-person";
export const colleague = { id: 2002, name: "colleague", ip: "203.0.113.77" };

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const policyText = (rules: string, more = ""): string =>
  `version: 1\naccount:\n  id: ${accountId}\nenforcement: disabled\nunmanaged_rules: keep\n${more}rules:\n${rules}`;

export const ruleText = (name: string, cidrs: readonly string[], description = "Written by a test"): string =>
  `  - name: ${name}\n    type: allow\n    description: ${description}\n    cidrs:\n${cidrs.map((cidr) => `      - "${cidr}"\n`).join("")}`;

export class World {
  readonly folder: string;
  readonly emulator: RunningEmulator;
  clockAheadMs = 0;
  token = token;

  private constructor(folder: string, emulator: RunningEmulator) {
    this.folder = folder;
    this.emulator = emulator;
  }

  static async open(options: Partial<EmulatorOptions> = {}): Promise<World> {
    const emulator = await startEmulator({
      accountId,
      tokens: [
        { token, kind: "service", role: "admin", name: "pipeline" },
        { token: personal, kind: "personal", role: "admin", name: "a person" },
      ],
      ...options,
    });
    return new World(await mkdtemp(join(tmpdir(), "dbt-ip-rules-test-")), emulator);
  }

  async close(): Promise<void> {
    await this.emulator.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  asPerson(): this {
    this.token = personal;
    return this;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(this.path(name), text);
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), "utf8");
  }

  /** `onOutput` is told each piece of standard output. */
  async run(
    args: readonly string[],
    signal: AbortSignal = new AbortController().signal,
    onOutput: (text: string) => void = () => undefined,
  ): Promise<Ran> {
    const out = { stdout: "", stderr: "" };
    const stream = (name: "stdout" | "stderr") => ({
      write: (text: string) => {
        out[name] += text;
        if (name === "stdout") onOutput(text);
        return true;
      },
    });
    const io: Io = {
      env: {
        DBT_CLOUD_TOKEN: this.token,
        DBT_CLOUD_HOST_URL: this.emulator.url,
        DBT_CLOUD_ACCOUNT_ID: String(accountId),
        XDG_STATE_HOME: this.folder,
        XDG_RUNTIME_DIR: this.folder,
        XDG_CACHE_HOME: this.folder,
        HOME: this.folder,
      },
      cwd: this.folder,
      stdout: stream("stdout"),
      stderr: stream("stderr"),
      stdin: process.stdin,
      now: () => new Date(Date.now() + this.clockAheadMs),
      signal,
      isInterrupted: () => signal.aborted,
    };
    const code = await run(args, io);
    return { code, ...out };
  }

  /** Applies policy.yaml, and answers with the receipt's name. */
  async apply(name = "receipt.jsonl"): Promise<string> {
    const ran = await this.run(["apply", "--auto-approve", "--receipt", name]);
    if (ran.code !== 0) throw new Error(`apply: ${ran.stderr}${ran.stdout}`);
    return name;
  }

  /** A write past the tool, by another person's token. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.emulator.url}/api/v3/accounts/${accountId}/${path}`, {
      method,
      headers: {
        authorization: `Token ${personal}`,
        "content-type": "application/json",
        "x-forwarded-for": colleague.ip,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  async control(name: string, body: unknown): Promise<void> {
    const answer = await fetch(`${this.emulator.url}/_emulator/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  }

  async ruleId(name: string): Promise<number> {
    const listed = (await this.call("GET", "ip-restrictions/")) as { data: { id: number; name: string }[] };
    const found = listed.data.find((rule) => rule.name === name);
    if (found === undefined) throw new Error(`no rule ${name}`);
    return found.id;
  }

  async addCidr(name: string, cidr: string): Promise<void> {
    const id = await this.ruleId(name);
    await this.call("PUT", `ip-restrictions/${id}`, {
      name,
      type: 1,
      account_id: accountId,
      cidrs: [{ cidr }],
    });
  }
}
