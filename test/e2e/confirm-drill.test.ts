/**
 * A change on probation whose process is killed: at each call of the change, in the wait, and at each call of the way
 * back. Whatever it left, the next command says that a change was not confirmed, and the command that it names gives
 * back what was before: no address is left in or out.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type RunningEmulator, startEmulator } from "../../src/emulator/listener.js";
import { dbtIpRules } from "../cli/world.js";
import { type Running, start } from "./cli.js";

const token = "token-of-the-tests-1234";
const policy = `version: 1
account: { id: 7 }
enforcement: enabled
removed_rules: [Old]
rules:
  - { name: Office, type: allow, cidrs: [198.51.100.0/24] }
  - { name: New, type: allow, cidrs: [10.1.0.0/24] }
`;
const endings: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(endings.map((end) => end())));

const world = async () => {
  const emulator = await startEmulator({
    accountId: 7,
    tokens: [{ token, kind: "service", role: "admin", name: "ci" }],
    clientIp: "198.51.100.9",
    seed: {
      enabled: true,
      rules: [
        { name: "Office", type: "allow", cidrs: ["198.51.100.0/24", "192.0.2.0/24"] },
        { name: "Old", type: "deny", cidrs: ["203.0.113.64/26"] },
      ],
    },
  });
  const cwd = await mkdtemp(join(tmpdir(), "dbt-ip-rules-confirm-"));
  endings.push(
    () => emulator.close(),
    () => rm(cwd, { recursive: true, force: true }),
  );
  await writeFile(join(cwd, "policy.yaml"), policy);
  const env = { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_TOKEN: token, XDG_STATE_HOME: cwd };
  const args = (within: string, command: string) => [
    ...["apply", "--auto-approve", "--client-ip", "198.51.100.9"],
    ...["--confirm", within, "--confirm-command", command],
  ];
  const apply = (within: string, command: string): Running => start(args(within, command), { cwd, env });
  const ran = (...argv: string[]) => dbtIpRules({ cwd, env, bare: true, ends: true }, ...argv);
  return { emulator, cwd, apply, ran };
};

const stateOf = (emulator: RunningEmulator) => ({
  enabled: emulator.state().ruleSet.enabled,
  rules: emulator
    .state()
    .rules.filter((rule) => rule.state === 1)
    .map(({ name, cidrs }) => [
      name,
      ...cidrs
        .filter((one) => one.state === 1)
        .map(({ cidr }) => cidr)
        .sort(),
    ])
    .sort(),
});

const writesOf = (emulator: RunningEmulator): number =>
  emulator.requests.list().filter(({ method }) => method !== "GET").length;

/** Until it holds; polled, since the process under test is another one. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((done) => setTimeout(done, 5));
};

/** The command that the warning names. */
const namedUndo = (text: string): string[] =>
  (/To undo it: dbt-ip-rules (rollback \S+?)\. To keep/.exec(text)?.[1] ?? "").split(" ");

// Three calls of the change, the wait, three calls of the way back.
const points = [1, 2, 3, "wait", 4, 5, 6] as const;

describe("an apply on probation that is killed", () => {
  it.each(points)(
    "at %s: the next command says so, and what it names gives back what was before",
    async (point) => {
      const { emulator, apply, ran } = await world();
      const before = stateOf(emulator);
      // Each write takes a moment, so that the kill comes while it is on its way.
      emulator.faults.add({ kind: "latency", ms: 60, method: "POST", times: 0 });
      emulator.faults.add({ kind: "latency", ms: 60, method: "PUT", times: 0 });
      emulator.faults.add({ kind: "latency", ms: 60, method: "DELETE", times: 0 });
      const { child, ended } = apply(point === "wait" ? "60s" : "1s", "exit 1");
      if (point === "wait") {
        await new Promise<void>((done) => {
          child.stderr?.on("data", (text: string) => {
            if (text.includes("Waiting up to")) done();
          });
        });
      } else await until(() => writesOf(emulator) >= point);
      child.kill("SIGKILL");
      expect((await ended).signal).toBe("SIGKILL");
      emulator.faults.clear();
      const plan = await ran("plan", "--client-ip", "198.51.100.9");
      expect(plan.stdout).toContain("was not confirmed");
      expect((await ran("drift")).stdout).toContain("was not confirmed");
      const flat = plan.stdout.replaceAll(/\s+/g, " ");
      const undone = await ran(...namedUndo(flat), "--auto-approve", "--client-ip", "198.51.100.9");
      expect([undone.code, stateOf(emulator)]).toEqual([0, before]);
      expect((await ran("plan")).stdout).not.toContain("was not confirmed");
    },
  );

  it("survives the loss of its terminal, and undoes the change in time", async () => {
    const { emulator, apply } = await world();
    const before = stateOf(emulator);
    const { child, ended } = apply("2s", "exit 1");
    await until(() => writesOf(emulator) >= 3);
    child.kill("SIGHUP");
    const { code, signal } = await ended;
    expect([code, signal, stateOf(emulator)]).toEqual([3, null, before]);
  });

  it("says where the way back is closed by somebody else, and what to type once it is open", async () => {
    const { emulator, apply, ran } = await world();
    const { child, ended } = apply("2s", "exit 1");
    await new Promise<void>((done) => {
      child.stderr?.on("data", (text: string) => {
        if (text.includes("Waiting up to")) done();
      });
    });
    emulator.change({ clientIp: "172.16.0.1" });
    const { code, stdout } = await ended;
    expect(code).toBe(4);
    expect(stdout).toContain("rollback");
    emulator.change({ clientIp: "198.51.100.9" });
    expect((await ran("plan")).stdout).toContain("was not confirmed");
  }, 120_000);
});
