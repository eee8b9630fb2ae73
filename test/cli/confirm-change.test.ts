/** `apply --confirm`: a change that nobody confirms in time is undone, and nobody else's change is. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { type ChangeToConfirm, callerAddress, changeToConfirm, policy, seed } from "./change-to-confirm.js";
import { dbtIpRules, type Place, type Ran, token } from "./world.js";

/** Time is up as soon as it is waited for. */
const pause = async (): Promise<void> => {};
const caller = ["--client-ip", callerAddress];

interface World extends ChangeToConfirm {
  readonly run: (...argv: string[]) => Promise<Ran>;
  /** The marks of changes that nobody has confirmed. */
  readonly marks: () => Promise<readonly string[]>;
}

const world = async (more: Partial<Place> = {}, start = seed, text = policy): Promise<World> => {
  const change = await changeToConfirm(start, text);
  const { cwd, env } = change;
  const place: Place = { cwd, env: { ...env, DBT_CLOUD_ACCOUNT_ID: "7" }, ...more };
  const marks = async () =>
    (await readdir(join(cwd, ".dbt-ip-rules/receipts")).catch(() => [])).filter((name) =>
      name.includes("unconfirmed"),
    );
  return { ...change, run: (...argv) => dbtIpRules(place, ...argv), marks };
};

describe("apply --confirm", () => {
  it("is an error without a terminal and without a command, before anything is written", async () => {
    const { run, writes } = await world();
    const ran = await run("apply", "--auto-approve", "--confirm", "10m", ...caller);
    expect([ran.code, writes()]).toEqual([1, 0]);
    expect(ran.stderr).toContain("--confirm-command");
    const unitless = await run("apply", "--auto-approve", "--confirm", "10", "--confirm-command", "true");
    expect([unitless.code, unitless.stderr]).toEqual([1, expect.stringContaining("with its unit")]);
    expect((await run("apply", "--auto-approve", "--confirm-command", "true")).code).toBe(1);
    expect((await run("apply", "--only-expired", "--confirm", "1m", "--confirm-command", "true")).code).toBe(
      1,
    );
    expect(writes()).toBe(0);
  });

  it("keeps the change once the command exits 0, and gives it no token", async () => {
    const { run, state, marks, cwd } = await world();
    await writeFile(join(cwd, "seen"), "");
    const command =
      "test -s tries || { echo x > tries; exit 1; }; env | grep -c DBT_CLOUD_TOKEN >> seen; echo asked";
    const ran = await run(
      "apply",
      "--auto-approve",
      "--confirm",
      "1m",
      "--confirm-command",
      command,
      ...caller,
    );
    expect([ran.code, await marks()]).toEqual([0, []]);
    expect(state()).toEqual({
      enabled: true,
      rules: [
        ["New", "10.1.0.0/24"],
        ["Office", "198.51.100.0/24"],
      ],
    });
    expect(ran.stderr).toContain("asked");
    expect(ran.stderr).toContain("Confirmed");
    expect((await run("plan", "--detailed-exitcode")).code).toBe(0);
  });

  it("leaves no mark of a confirmed change, also where only enforcement is turned off", async () => {
    const { run, state, marks } = await world();
    const command = ["--confirm", "1m", "--confirm-command", "exit 0"];
    const ran = await run("apply", "--disable-enforcement", "--auto-approve", ...command, ...caller);
    expect([ran.code, await marks(), state()]).toMatchObject([0, [], { enabled: false }]);
    expect((await run("plan")).stdout).not.toContain("unconfirmed-change");
  });

  it("undoes the change when time is up, ends the command, and exits 3: all is as it was", async () => {
    const { run, state, marks } = await world();
    const before = state();
    for (const command of ["exit 1", "sleep 600"]) {
      const ran = await run(
        "apply",
        "--auto-approve",
        "--confirm",
        "1s",
        "--confirm-command",
        command,
        ...caller,
      );
      expect([ran.code, state(), await marks()]).toEqual([3, before, []]);
      expect(ran.stdout).toContain("was undone");
      expect(ran.stdout).toContain("Undone: the change was not confirmed, and the account is as before.");
      expect(ran.stdout).not.toMatch(/nothing was changed|fix what is said/);
      expect(ran.stdout).toContain("Revert the commit too");
    }
    expect((await run("audit", "verify")).code).toBe(0);
  });

  it("says in every format that it was undone", async () => {
    const { run, cwd } = await world({ pause });
    const wait = ["--confirm", "1s", "--confirm-command", "exit 1", ...caller];
    const files = ["--write", "markdown=a.md", "--write", "json=a.json"];
    expect((await run("apply", "--auto-approve", ...wait, ...files)).code).toBe(3);
    const document = JSON.parse(await readFile(join(cwd, "a.json"), "utf8"));
    expect(document).toMatchObject({ verdict: "undone", exit_code: 3 });
    expect(await readFile(join(cwd, "a.md"), "utf8")).toContain("### dbt IP restrictions: undone");
  });

  it("repeats the flags that were given in the next command", async () => {
    const { run } = await world({}, seed, policy.replace("[198.51.100.0/24]", "[10.9.0.0/16]"));
    await run("plan", "--out", "a plan.json");
    const flags = ["--auto-approve", "--confirm", "10m", "--confirm-command", "exit 1", "--audit"];
    const ran = await run("apply", "a plan.json", ...caller, "--allow-failed-tests", ...flags);
    expect(ran.code).toBe(3);
    expect(ran.stdout).toContain(
      "dbt-ip-rules apply 'a plan.json' --client-ip 198.51.100.9 --allow-failed-tests --auto-approve --confirm 10m --confirm-command 'exit 1' --audit\n",
    );
    const unknown = await run("apply", "a plan.json", ...flags);
    expect(unknown.stdout).toContain("--client-ip ADDRESS");
    expect(unknown.stdout).toContain("--confirm 10m");
  });

  it.each([
    ["yes", { typed: ["yes"] }, 0],
    ["what is no answer, then yes", { typed: ["maybe", "YES"] }, 0],
    ["no", { typed: ["no"] }, 3],
    ["the end of the input", { typed: [], ends: true }, 3],
  ])("takes %s at a terminal for what it is", async (_, more, code) => {
    const { run, state } = await world(more);
    const before = state();
    const ran = await run("apply", "--auto-approve", "--confirm", "10m", ...caller);
    expect(ran.stderr).toContain(
      "Can everybody still work? Type yes within 10 min 00 s, or the change is undone",
    );
    expect(ran.code).toBe(code);
    if (code === 0) expect(state()).not.toEqual(before);
    else expect(state()).toEqual(before);
  });

  it("takes an interruption for a no", async () => {
    const interruption = new AbortController();
    const { run, state } = await world({
      signal: interruption.signal,
      onSaid: (text) => {
        if (text.includes("Waiting up to")) setTimeout(() => interruption.abort(), 50);
      },
    });
    const before = state();
    const ran = await run(
      "apply",
      "--auto-approve",
      "--confirm",
      "10m",
      "--confirm-command",
      "sleep 600",
      ...caller,
    );
    expect([ran.code, state()]).toEqual([3, before]);
  });

  it("proves before the first write that whoever waits stays allowed: in the new state, the old one and on the way", async () => {
    const { run, writes } = await world();
    const unknown = await run("apply", "--auto-approve", "--confirm", "1s", "--confirm-command", "true");
    expect([unknown.code, unknown.stdout + unknown.stderr]).toEqual([
      3,
      expect.stringContaining("--client-ip"),
    ]);
    for (const [address, where] of [
      ["192.0.2.7", "step"],
      ["10.1.0.7", "before the change"],
      ["172.16.0.1", "before the change"],
    ] as const) {
      const ran = await run(
        "apply",
        "--auto-approve",
        "--allow-lockout",
        "--confirm",
        "1s",
        "--confirm-command",
        "true",
        "--client-ip",
        address,
      );
      expect([ran.code, writes()]).toEqual([3, 0]);
      expect(ran.stdout + ran.stderr).toContain(where);
    }
  });

  it("turns enforcement off again where the change turned it on", async () => {
    const { run, state } = await world({ pause }, { ...seed, enabled: false });
    const before = state();
    const ran = await run(
      "apply",
      "--auto-approve",
      "--confirm",
      "1s",
      "--confirm-command",
      "exit 1",
      ...caller,
    );
    expect([ran.code, state()]).toEqual([3, before]);
  });

  it("turns enforcement on again where the change turned it off, also where two rules have one name", async () => {
    const twice: Seed = {
      ...seed,
      rules: [...(seed.rules ?? []), { name: "Office", type: "allow", cidrs: ["10.2.0.0/24"] }],
    };
    const { run, state, marks } = await world({ pause }, twice);
    const before = state();
    const command = ["--confirm", "1s", "--confirm-command", "exit 1"];
    const ran = await run("apply", "--disable-enforcement", "--auto-approve", ...command, ...caller);
    expect([ran.code, state(), await marks()]).toEqual([3, before, []]);
  });

  it("keeps what others changed during the wait, says it, and exits 4", async () => {
    let changed: Promise<unknown> = Promise.resolve();
    const { emulator, run, state } = await world({
      pause: async () => void (await changed),
      onSaid: (text) => {
        if (!text.includes("Waiting up to")) return;
        const rule = emulator.state().rules.find(({ name }) => name === "New");
        changed = fetch(`${emulator.url}/api/v3/accounts/7/ip-restrictions/${rule?.id}`, {
          method: "PUT",
          headers: { authorization: `Token ${token}`, "content-type": "application/json" },
          body: JSON.stringify({
            id: rule?.id,
            name: "New",
            type: 1,
            account_id: 7,
            rule_set_enabled: true,
            cidrs: [{ cidr: "10.9.0.0/24" }],
          }),
        });
      },
    });
    const ran = await run(
      "apply",
      "--auto-approve",
      "--confirm",
      "2s",
      "--confirm-command",
      "exit 1",
      ...caller,
    );
    expect(ran.code).toBe(4);
    expect(ran.stdout).toContain("10.9.0.0/24");
    expect(ran.stdout).toContain("Undone in part: the change was not confirmed");
    expect(ran.stdout).not.toMatch(/not begun|Not changed|nobody can tell|Next:/);
    expect(state()).toEqual({
      enabled: true,
      rules: [
        ["New", "10.9.0.0/24"],
        ["Office", "192.0.2.0/24", "198.51.100.0/24"],
        ["Old", "203.0.113.64/26"],
      ],
    });
  });

  it("says what is undone and what is not where the way back fails, and names rollback as the next command", async () => {
    const { emulator, run, cwd } = await world({
      pause,
      onSaid: (text) => {
        if (text.includes("undoing the change"))
          emulator.faults.add({ kind: "status", status: 401, method: "DELETE", times: 0 });
      },
    });
    const wait = ["--confirm", "1s", "--confirm-command", "exit 1", ...caller];
    const files = ["--write", "markdown=a.md", "--write", "json=a.json"];
    const ran = await run("apply", "--auto-approve", ...wait, ...files);
    expect(ran.code).toBe(4);
    const [receipt] = await readdir(join(cwd, ".dbt-ip-rules/receipts"));
    expect(ran.stdout).toContain("of the way back 2 of 3 steps done");
    expect(ran.stdout).toMatch(/^Undone$/m);
    expect(ran.stdout).toContain("Still to undo");
    expect(ran.stdout).toMatch(/Next: fix what is said above, then dbt-ip-rules rollback \S+\.jsonl/);
    expect(ran.stdout).not.toMatch(/Changed|5 of 5/);
    const document = JSON.parse(await readFile(join(cwd, "a.json"), "utf8"));
    expect(document).toMatchObject({ outcome: "midway", way_back: "failed", next: "rollback" });
    expect(await readFile(join(cwd, "a.md"), "utf8")).toContain(`rollback .dbt-ip-rules/receipts/${receipt}`);
  });

  it("names the rollback where it stops before its last step, and waits for nothing", async () => {
    const { emulator, run, marks } = await world();
    emulator.faults.add({ kind: "status", status: 400, method: "DELETE" });
    const ran = await run(
      "apply",
      "--auto-approve",
      "--confirm",
      "1s",
      "--confirm-command",
      "exit 1",
      ...caller,
    );
    expect([ran.code, (await marks()).length]).toEqual([4, 1]);
    expect(ran.stderr).not.toContain("Waiting up to");
    expect(ran.stdout).toMatch(
      /Next: .*; or, to undo what this run changed: dbt-ip-rules rollback \S+\.jsonl\n/,
    );
  });

  it("takes what its own first try has left for nobody else's change", async () => {
    const moved = policy.replace("198.51.100.0/24]", "198.51.100.0/24, 10.2.0.0/24]");
    const { emulator, run, state } = await world(
      {
        pause,
        onSaid: (text) => {
          if (text.includes("undoing the change"))
            emulator.faults.add({ kind: "partial", method: "PUT", cidr: "192.0.2.0/24" });
        },
      },
      seed,
      moved,
    );
    const before = state();
    const ran = await run(
      "apply",
      "--auto-approve",
      "--confirm",
      "1s",
      "--confirm-command",
      "exit 1",
      ...caller,
    );
    expect([ran.code, state()], ran.stdout + ran.stderr).toEqual([3, before]);
    // It took two tries.
    expect(ran.stderr.split("Receipt of the way back").length).toBe(3);
  });

  it("comes back through a storm of 429s and of broken answers", async () => {
    const { emulator, run, state } = await world({
      pause,
      onSaid: (text) => {
        if (!text.includes("undoing the change")) return;
        emulator.faults.add({ kind: "status", status: 429, retryAfter: 1, times: 3 });
        emulator.faults.add({ kind: "reset", nth: 3, times: 2, when: "after" });
      },
    });
    const before = state();
    const ran = await run(
      "apply",
      "--auto-approve",
      "--confirm",
      "1s",
      "--confirm-command",
      "exit 1",
      ...caller,
    );
    expect([ran.code, state()]).toEqual([3, before]);
  });

  it("is not hurried by a clock that is set forward during the wait", async () => {
    let offset = 0;
    const { run } = await world({
      now: () => new Date(Date.now() + offset),
      onSaid: (text) => {
        if (text.includes("Waiting up to")) offset = 86_400_000;
      },
    });
    const ran = await run(
      "apply",
      "--auto-approve",
      "--confirm",
      "30s",
      "--confirm-command",
      "sleep 1",
      ...caller,
    );
    expect(ran.code).toBe(0);
  });

  it("keeps the mark of a run that was killed until somebody decides: the same command again is no yes", async () => {
    const { run, marks, cwd, emulator } = await world();
    await run("apply", "--auto-approve", ...caller);
    const [receipt] = await readdir(join(cwd, ".dbt-ip-rules/receipts"));
    const killed = {
      format: "dbt-ip-rules/unconfirmed",
      version: 1,
      account: { id: 7, host: new URL(emulator.url).host },
      receipt: `.dbt-ip-rules/receipts/${receipt}`,
      begun: "2026-11-29T00:00:00.000Z",
    };
    await writeFile(join(cwd, ".dbt-ip-rules/receipts/7-x.unconfirmed.json"), JSON.stringify(killed));
    const planned = await run("plan", "--write", "markdown=a.md");
    expect(planned.stdout.indexOf("was not confirmed")).toBeLessThan(planned.stdout.indexOf("No changes"));
    expect(await readFile(join(cwd, "a.md"), "utf8")).toMatch(
      /^### .*no changes, but 1 change made with --confirm/m,
    );
    expect((await run("drift", "--format", "sarif")).stdout).toContain('"unconfirmed-change"');
    const confirm = ["--confirm", "1s", "--confirm-command", "exit 1"];
    const again = await run("apply", "--auto-approve", ...confirm, ...caller);
    expect([again.code, (await marks()).length]).toEqual([0, 1]);
    expect(again.stdout + again.stderr).toContain("was not confirmed");
    await run("apply", "--auto-approve", ...caller);
    expect(await marks()).toEqual([]);
  });

  it("waits for nothing where nothing is to be changed", async () => {
    const { run } = await world();
    await run("apply", "--auto-approve", ...caller);
    const ran = await run(
      "apply",
      "--auto-approve",
      "--confirm",
      "10m",
      "--confirm-command",
      "exit 1",
      ...caller,
    );
    expect(ran.code).toBe(0);
  });
});
