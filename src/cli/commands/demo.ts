/** `demo`: the main job from end to end, on real HTTP, against an emulator in this process. Writes only to a temporary folder. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { type RunningEmulator, startEmulator } from "../../emulator/listener.js";
import { largest, readNamedText } from "../../files/read-file.js";
import { exitCodes, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { type DebugOptions, debugOptions } from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import { type Io, lookOf } from "../io.js";
import { packageFile } from "../package.js";

export const accountId = 66847;
const token = "demo-token";
const colleagueToken = "demo-colleague-token";
/** The address that the emulator takes its callers to have: one of the office's. */
const callerAddress = "203.0.113.10";
const colleagueAddress = "198.51.100.7";

/** The rule that somebody opens behind the tool's back. */
const openedRule = "Corporate VPN";

/** What the demo's account holds before: an older VPN rule, and a rule that nobody put into the policy. */
export const accountBefore = {
  enabled: true,
  rules: [
    {
      name: "Corporate VPN",
      type: "allow",
      description: "Staff",
      cidrs: ["203.0.113.0/25", "2001:db8:10::/48", "198.51.100.32/27", "198.51.100.128/26"],
    },
    { name: "Partner access", type: "allow", description: "Added by hand", cidrs: ["192.0.2.192/28"] },
  ],
} as const;

const whyTwoCalls = `Why one rule is updated by two calls: the API can carry out a part of a call,
the removals without the additions. So what is added goes first, alone, and
nobody who keeps access loses it in between.`;

const inClone = `npm install --global .                # in this clone, once: makes the command
cd YOUR_REPOSITORY                    # not here: this policy.yaml is the sample
`;
/** As the README has them. */
const nextSteps = `export DBT_CLOUD_TOKEN=…              # of an Account Admin or Security Admin
dbt-ip-rules import --host ab123.us1.dbt.com --account 66847 --output policy.yaml
dbt-ip-rules plan                     # "No changes": the file is the account
$EDITOR policy.yaml && dbt-ip-rules validate
dbt-ip-rules plan --out plan.json     # review this
dbt-ip-rules apply plan.json --audit  # asks, applies, confirms in the audit log`;

/** Which paragraphs of a command's output the short tour shows, by how they begin. */
const shortTour = {
  plan: /^(?:Account |Access |Steps )/,
  apply: /^(?:Applied: |Confirmed: )/,
  again: /^No changes/,
  drift: /^(?:Access |Changed on the account)/,
} as const;

/** Of each paragraph what follows the first line that begins so; `…` stands for what is left out between. */
const paragraphs = (text: string, shown: RegExp): string => {
  const kept: string[] = [];
  for (const paragraph of text.trimEnd().split("\n\n")) {
    const lines = paragraph.trim().split("\n");
    const from = lines.findIndex((line) => shown.test(line.replace(/\u001b\[\d+m/g, "")));
    if (from >= 0) kept.push(lines.slice(from).join("\n"));
    else if (kept.length > 0 && kept.at(-1) !== "…") kept.push("…");
  }
  if (kept.at(-1) === "…") kept.pop();
  return `${kept
    .join("\n\n")
    .replaceAll(/\n*…\n*/g, "\n…\n")
    .trim()}\n`;
};

interface Options extends DebugOptions {
  readonly full?: boolean;
}

/** Not installed by npm: the command may not be on the user's path. */
const isClone = (): boolean => !packageFile("policy.yaml").includes("node_modules");

export const configure = (command: Command, io: Io, program: Program): void => {
  debugOptions(command.option("--full", "show the policy, the account and all that the commands print"));
  runs(command, io, program, async (own, options: Options) => {
    const folder = await mkdtemp(join(tmpdir(), "dbt-ip-rules-demo-"));
    const emulator = await startEmulator({
      accountId,
      tokens: [
        { token, kind: "service", role: "admin", name: "ci-pipeline" },
        { token: colleagueToken, kind: "personal", role: "admin", name: "a colleague" },
      ],
      clientIp: callerAddress,
      seed: accountBefore,
    });
    try {
      await copyFile(packageFile("policy.yaml"), join(folder, "policy.yaml"));
      await new Tour(own, program, folder, emulator, options).take();
    } finally {
      await emulator.close();
      await rm(folder, { recursive: true, force: true });
    }
    return { kind: "done", exitCode: exitCodes.done };
  });
};

/** What decides how wide and in which colours a text is. */
const sizeOf = ({ isTTY, columns }: Io["stdout"]) => ({ ...present({ isTTY, columns }) });

class Tour {
  readonly #io: Io;
  readonly #program: Program;
  readonly #folder: string;
  readonly #emulator: RunningEmulator;
  readonly #flags: readonly string[];
  readonly #say: (text: string) => void;
  readonly #full: boolean;

  constructor(io: Io, program: Program, folder: string, emulator: RunningEmulator, options: Options) {
    this.#io = io;
    this.#program = program;
    this.#folder = folder;
    this.#emulator = emulator;
    this.#full = options.full === true;
    this.#flags = [...(options.color ? [] : ["--no-color"]), ...(options.debug === true ? ["--debug"] : [])];
    const { style } = lookOf(io, io.stdout, options);
    this.#say = (text) => io.stdout.write(`${style.strong(text)}\n`);
  }

  async take(): Promise<void> {
    const client = ["--client-ip", callerAddress];
    if (this.#full) {
      this.#head("The dbt API, served from this machine, and a policy for its account");
      this.#text(await this.#rulesOfPolicy());
    }
    this.#head("1. Plan: what would change, and who gains or loses access");
    await this.#type(["plan", ...client, "--out", "plan.json"], shortTour.plan);
    if (this.#full) this.#text(whyTwoCalls);
    this.#head("2. Apply exactly that plan, and confirm each change in the audit log");
    await this.#type(["apply", "plan.json", "--auto-approve", "--audit"], shortTour.apply);
    if (this.#full) {
      this.#head("3. The account as it is now");
      await this.#type(["show"], /./);
    }
    this.#head(`${this.#full ? 4 : 3}. Planned again: nothing is left to do`);
    await this.#type(["plan", ...client, "--detailed-exitcode"], shortTour.again);
    this.#head(`${this.#full ? 5 : 4}. A colleague opens a rule to the whole internet by hand: who was it?`);
    await this.#openToEveryone();
    await this.#type(["drift"], shortTour.drift, exitCodes.differences);
    this.#head(`That was the whole loop${this.#full ? "" : " (all of it: demo --full)"}. Your own account`);
    this.#text(isClone() ? `${inClone}${nextSteps}` : nextSteps);
  }

  #head(text: string): void {
    this.#say(`\n== ${text} ==`);
  }

  #text(text: string): void {
    this.#io.stdout.write(`\n${text}\n`);
  }

  /** What the policy asks for; its tests and guards are for who opens the file. */
  async #rulesOfPolicy(): Promise<string> {
    const text = readNamedText(this.#folder, "policy.yaml", { most: largest.policy });
    const from = text.indexOf("\nversion:") + 1;
    const to = text.indexOf("\ntests:");
    const lines = text.slice(from, to).trimEnd().split("\n");
    const shown = lines.filter((line) => !line.startsWith("#"));
    return [...shown, "", "# … and tests and guards, which policy.yaml has too"].join("\n");
  }

  /** One command as the user would type it, in this process; any other exit code ends the tour. */
  async #type(args: readonly string[], inShort: RegExp, expected: number = exitCodes.done): Promise<void> {
    const shown = ["dbt-ip-rules", ...args].join(" ");
    this.#say(`${this.#full ? "\n" : ""}$ ${shown}`);
    const { stdout } = this.#io;
    const said: string[] = [];
    const noted: string[] = [];
    const quiet = {
      write: (text: string): boolean => {
        noted.push(text);
        return true;
      },
    };
    const keep = (text: string): boolean => {
      said.push(text);
      return true;
    };
    const code = await this.#program.run([...args, ...this.#flags], {
      ...this.#io,
      ...(!this.#full && { stdout: { ...sizeOf(stdout), write: keep }, stderr: quiet }),
      cwd: this.#folder,
      now: () => this.#io.now(),
      env: {
        ...this.#io.env,
        DBT_CLOUD_API_TOKEN: undefined,
        DBT_CLOUD_TOKEN: token,
        DBT_CLOUD_HOST_URL: this.#emulator.url,
        DBT_CLOUD_ACCOUNT_ID: String(accountId),
      },
    });
    if (!this.#full) stdout.write(paragraphs(said.join(""), code === expected ? inShort : /./));
    if (code !== expected) this.#io.stderr.write(noted.join(""));
    if (code !== expected) throw failure("demo-failed", { command: shown, exitCode: code, expected });
  }

  /** A change past the tool, as somebody else would make it: a plain PUT to the API. */
  async #openToEveryone(): Promise<void> {
    const url = `${this.#emulator.url}/api/v3/accounts/${accountId}/ip-restrictions/`;
    const headers = {
      authorization: `Token ${colleagueToken}`,
      "content-type": "application/json",
      "x-forwarded-for": colleagueAddress,
    };
    // What fetch gives is unknown; this is the emulator's own listing.
    const listed = (await (await fetch(url, { headers })).json()) as {
      data: { id: number; name: string; description: string }[];
    };
    const rule = listed.data.find(({ name }) => name === openedRule);
    if (rule === undefined) throw new Error(`the demo's account has no rule ${openedRule}`);
    const { id, name, description } = rule;
    const cidrs = [{ cidr: "0.0.0.0/0" }];
    const body = JSON.stringify({
      id,
      name,
      description,
      type: 1,
      account_id: accountId,
      rule_set_enabled: true,
      cidrs,
    });
    await fetch(`${url}${id}`, { method: "PUT", headers, body });
  }
}
