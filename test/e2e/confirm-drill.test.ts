/**
 * A change on probation whose process is killed: at each call of the change, in the wait, and at each call of the way
 * back. Whatever it left, the next command says that a change was not confirmed, and the command that it names gives
 * back what was before: no address is left in or out.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { callerAddress, changeToConfirm } from "../cli/change-to-confirm.js";
import { dbtIpRules, token } from "../cli/world.js";
import { program, type Running, start } from "./cli.js";
import { told } from "./place.js";

const world = async () => {
  const change = await changeToConfirm();
  const { cwd } = change;
  const env = { ...change.env, DBT_CLOUD_TOKEN: token, XDG_STATE_HOME: cwd };
  const args = (within: string, command: string) => [
    ...["apply", "--auto-approve", "--client-ip", callerAddress],
    ...["--confirm", within, "--confirm-command", command],
  ];
  const apply = (within: string, command: string): Running => start(args(within, command), { cwd, env });
  const ran = (...argv: string[]) => dbtIpRules({ cwd, env, bare: true, ends: true }, ...argv);
  return { ...change, env, apply, ran };
};

/** Until it holds; polled, since the process under test is another one. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((done) => setTimeout(done, 5));
};

/** `script` (util-linux) gives a command a terminal of its own. */
const hasTerminals = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

const onTerminal = (line: string, cwd: string, env: Record<string, string | undefined>): ChildProcess =>
  spawn("script", ["-qec", line, "/dev/null"], {
    cwd,
    env: { ...env, PATH: process.env["PATH"], SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "ignore"],
  });

/** Until the question is on the terminal. */
const asked = (child: ChildProcess): Promise<void> =>
  new Promise((settle) => {
    let text = "";
    child.stdout?.on("data", (more: Buffer) => {
      text += more.toString("utf8");
      if (text.includes("Type yes within")) settle();
    });
  });

/** The command that the warning names. */
const namedUndo = (text: string): string[] =>
  (/To undo it: dbt-ip-rules (rollback \S+?)\. To keep/.exec(text)?.[1] ?? "").split(" ");

/** Three of the change, three of the way back. */
const calls = ["POST", "PUT", "DELETE", "PUT", "POST", "DELETE"] as const;
const points = [1, 2, 3, "wait", 4, 5, 6] as const;

describe("an apply on probation that is killed", () => {
  it.each(points)(
    "at %s: the next command says so, and what it names gives back what was before",
    async (point) => {
      const { emulator, apply, ran, state, writes } = await world();
      const before = state();
      // It takes effect, and is never answered: the kill comes while it is on its way.
      if (point !== "wait")
        emulator.faults.add({
          kind: "hang",
          when: "after",
          method: calls[point - 1]!,
          nth: point > 3 ? 2 : 1,
        });
      const running = apply(point === "wait" ? "60s" : "1s", "exit 1");
      await (point === "wait" ? told(running, "Waiting up to") : until(() => writes() >= point));
      running.child.kill("SIGKILL");
      expect((await running.ended).signal).toBe("SIGKILL");
      expect(writes()).toBe(point === "wait" ? 3 : point);
      emulator.faults.clear();
      const plan = await ran("plan", "--client-ip", callerAddress);
      expect(plan.stdout).toContain("was not confirmed");
      expect((await ran("drift")).stdout).toContain("was not confirmed");
      const flat = plan.stdout.replaceAll(/\s+/g, " ");
      const undone = await ran(...namedUndo(flat), "--auto-approve", "--client-ip", callerAddress);
      expect([undone.code, state()]).toEqual([0, before]);
      expect((await ran("plan")).stdout).not.toContain("was not confirmed");
    },
  );

  it("survives the loss of its terminal, and undoes the change in time", async () => {
    const { apply, state, writes } = await world();
    const before = state();
    const { child, ended } = apply("2s", "exit 1");
    await until(() => writes() >= 3);
    child.kill("SIGHUP");
    const { code, signal } = await ended;
    expect([code, signal, state()]).toEqual([3, null, before]);
  });

  it.skipIf(!hasTerminals)("ends with its exit code where its terminal is gone for good", async () => {
    const { cwd, state, env } = await world();
    const before = state();
    const ended = join(cwd, "ended");
    const line = `node "${program}" apply --auto-approve --client-ip ${callerAddress} --confirm 60s`;
    // A shell that outlives the terminal writes down how the program ended.
    const child = onTerminal(`trap "" HUP; ${line}; echo $? > "${ended}"`, cwd, env);
    await asked(child);
    // With it goes the terminal.
    child.kill("SIGKILL");
    await until(() => existsSync(ended) && readFileSync(ended, "utf8") !== "");
    expect([readFileSync(ended, "utf8"), state()]).toEqual(["3\n", before]);
  });

  it("says where the way back is closed by somebody else, and what to type once it is open", async () => {
    const { emulator, apply, ran } = await world();
    const running = apply("2s", "exit 1");
    await told(running, "Waiting up to");
    emulator.change({ clientIp: "172.16.0.1" });
    const { code, stdout } = await running.ended;
    expect(code).toBe(4);
    expect(stdout).toContain("rollback");
    emulator.change({ clientIp: callerAddress });
    expect((await ran("plan")).stdout).toContain("was not confirmed");
  });
});
