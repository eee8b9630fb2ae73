/** The program beside somebody else: another apply, a change behind its back, a server that lies. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type EmulatorReply, reply } from "../../src/emulator/http.js";
import { isWrite, newPlace, type Place, scenarioNamed, somebodyElse } from "./place.js";

const noAnswer = (): EmulatorReply => ({ ...reply(200, {}, ""), delivery: { kind: "hang" } });

const theirs = { name: "theirs", type: 1, account_id: 66847, cidrs: [{ cidr: "192.0.2.200/32" }] };

/** Runs `act` once, right before the write with this number, from 1. */
const beforeWrite = ({ bench }: Place, nth: number, act: () => EmulatorReply | undefined): void => {
  let writes = 0;
  bench.intercept = (request) => {
    if (!isWrite(request)) return undefined;
    writes += 1;
    return writes === nth ? act() : undefined;
  };
};

const bodyOf = ({ body }: EmulatorReply): string => (typeof body === "string" ? body : [...body].join(""));

describe.concurrent("two applies at once on one machine", () => {
  it("are kept apart, and a killed one blocks nobody", async () => {
    const place = await newPlace();
    const inCall = new Promise<void>((settle) =>
      beforeWrite(place, 1, () => {
        settle();
        return noAnswer();
      }),
    );
    const first = place.apply();
    await inCall;
    const second = await place.apply().ended;
    expect([second.code, second.stderr.includes("apply-locked")]).toEqual([1, true]);
    first.child.kill("SIGKILL");
    await first.ended;
    place.bench.intercept = undefined;
    const third = await place.apply().ended;
    expect(third, third.stderr).toMatchObject({ code: 0 });
    expect(place.isDone()).toBe(true);
  });
});

describe.concurrent("somebody else's change", () => {
  it("between two steps stops the run midway, and is shown", async () => {
    const place = await newPlace();
    beforeWrite(place, 2, () => {
      somebodyElse(place.bench, "POST", "ip-restrictions/", theirs);
      return undefined;
    });
    const { code, stdout } = await place.applied();
    expect(code).toBe(4);
    expect(stdout).toContain("error[account-changed]");
    expect(stdout).toMatch(/Changed by somebody else\n.*"theirs"/);
    expect((await place.receipt()).end).toBe("midway");
    expect((await place.applied()).code).toBe(0);
    expect(place.isDone()).toBe(true);
  });

  it("of the switch between two steps stops the run midway", async () => {
    const place = await newPlace(scenarioNamed("splits while on"));
    let writes = 0;
    place.bench.intercept = (request) => {
      if (isWrite(request)) writes += 1;
      else if (writes === 3) {
        somebodyElse(place.bench, "POST", "ip-restrictions-set/", { enabled: false });
        writes = Number.NaN;
      }
      return undefined;
    };
    const { code, stdout } = await place.applied();
    expect([code, stdout.includes("error[account-changed]")]).toEqual([4, true]);
    expect(stdout).toMatch(/Changed by somebody else\n.*enforcement: enabled -> disabled/);
    expect(place.bench.state().enforcement).toBe("disabled");
  });

  it("after a plan was saved voids the plan, with the difference shown; nothing is written", async () => {
    const place = await newPlace();
    // Twice: the second start runs what the first one has kept compiled.
    for (const _ of [1, 2]) expect((await place.run("plan", "--out", "plan.json").ended).code).toBe(0);
    somebodyElse(place.bench, "POST", "ip-restrictions/", theirs);
    const before = place.bench.states.length;
    const { code, stdout, stderr } = await place.ran("apply", "plan.json", "--auto-approve");
    expect(code, stderr).toBe(3);
    expect(stdout).toContain("error[plan-stale]");
    expect(stdout).toMatch(/Changed by somebody else\n.*"theirs"/);
    expect(place.bench.states.length).toBe(before);
  });

  it("that changes no meaning does not void a plan", async () => {
    const place = await newPlace();
    await place.ran("plan", "--out", "plan.json");
    const list = JSON.parse(bodyOf(somebodyElse(place.bench, "GET", "ip-restrictions/?limit=100&offset=0")));
    const partner = list.data.find(({ name }: { name: string }) => name === "old partner");
    // Another id, another place in the list, another spelling of its prefix.
    somebodyElse(place.bench, "DELETE", `ip-restrictions/${partner.id}`);
    somebodyElse(place.bench, "POST", "ip-restrictions/", {
      ...theirs,
      name: "old partner",
      cidrs: [{ cidr: "::ffff:c633:6400/120" }],
    });
    const { code } = await place.ran("apply", "plan.json", "--auto-approve");
    expect([code, place.isDone()]).toEqual([0, true]);
  });
});

describe.concurrent("a saved plan", () => {
  it("goes on where a killed run of it stopped", async () => {
    const place = await newPlace();
    await place.ran("plan", "--out", "plan.json");
    const running = place.run("apply", "plan.json", "--auto-approve");
    beforeWrite(place, 3, () => {
      running.child.kill("SIGKILL");
      return noAnswer();
    });
    expect((await running.ended).signal).toBe("SIGKILL");
    place.bench.intercept = undefined;
    const { code, stderr } = await place.run("apply", "plan.json", "--auto-approve").ended;
    expect(code).toBe(0);
    expect(stderr).toContain("Continuing: 2 of 5 steps done by an earlier run");
    expect(place.isDone()).toBe(true);
    expect((await place.ran("apply", "plan.json", "--auto-approve")).code).toBe(0);
  });

  it("is refused where a guard fails, whoever asks, unless that guard's flag is given", async () => {
    const place = await newPlace();
    const strict = JSON.parse(await readFile(join(place.folder, "policy.yaml"), "utf8"));
    await place.policy(JSON.stringify({ ...strict, guards: { ...strict.guards, max_removed_rules: 0 } }));
    expect((await place.ran("plan", "--out", "plan.json")).code).toBe(3);
    const writes = place.bench.states.length;
    for (const flag of ["--allow-lockout", "--accept-disturbance", "--allow-newly-allowed"]) {
      const refused = await place.ran("apply", "plan.json", "--auto-approve", flag);
      // Once, not with the plan and again with the end.
      expect([refused.code, refused.stdout.match(/error\[max-removed-rules\]/g)?.length]).toEqual([3, 1]);
    }
    expect(place.bench.states.length).toBe(writes);
    // Given when the plan is made, it is part of what was reviewed, and stays visible.
    const waived = await place.ran("plan", "--out", "waived.json", "--allow-removed-rules");
    expect([waived.code, waived.stdout.includes("max-removed-rules")]).toEqual([0, true]);
    expect((await place.ran("apply", "plan.json", "--auto-approve", "--allow-removed-rules")).code).toBe(0);
    expect(place.isDone()).toBe(true);
    const again = await place.ran("apply", "waived.json", "--auto-approve", "--receipt", "waived.jsonl");
    expect([again.code, again.stdout.includes("failed and waived: max-removed-rules")]).toEqual([0, true]);
    const [header = ""] = (await readFile(join(place.folder, "waived.jsonl"), "utf8")).split("\n");
    expect(JSON.parse(header).waived).toEqual(["--allow-removed-rules"]);
  });

  it.each([
    ["lets in an entry that has expired since", "2020-01-01", "2020-06-01"],
    ["was made for a day to come, when an entry has expired", "2999-01-01", "2998-12-31"],
  ])("is refused, with nothing written, where it %s", async (_, made, expires) => {
    const place = await newPlace();
    const policy = JSON.parse(await readFile(join(place.folder, "policy.yaml"), "utf8"));
    policy.rules[0].cidrs.push({ cidr: "198.51.100.99/32", expires });
    await place.policy(JSON.stringify(policy));
    expect((await place.ran("plan", "--now", made, "--out", "plan.json")).code).toBe(0);
    const states = place.bench.states.length;
    const { code, stdout } = await place.ran("apply", "plan.json", "--auto-approve");
    expect([code, stdout.includes("error[plan-stale]"), place.bench.states.length]).toEqual([
      3,
      true,
      states,
    ]);
    expect(stdout).toContain("Next: dbt-ip-rules plan");
  });

  it("says midway, and how much is done, as long as the account stands between two steps", async () => {
    const place = await newPlace();
    await place.ran("plan", "--out", "plan.json");
    const refuse = (): EmulatorReply => reply(400, {}, '{"status":{"user_message":"no"}}');
    beforeWrite(place, 3, refuse);
    const first = await place.ran("apply", "plan.json", "--auto-approve");
    beforeWrite(place, 1, refuse);
    const second = await place.ran("apply", "plan.json", "--auto-approve");
    for (const { code, stdout } of [first, second])
      expect([code, stdout.includes("Stopped midway: 2 of 5 steps done.")], stdout).toEqual([4, true]);
  });

  it("is held to the service's word at apply time, whatever was waived when it was made", async () => {
    const place = await newPlace();
    // Without the office's range the caller is shut out once the switch is on.
    await place.policy(
      JSON.stringify({
        version: 1,
        enforcement: "enabled",
        unmanaged_rules: "delete",
        guards: { must_allow: ["192.0.2.1"] },
        rules: [{ name: "elsewhere", type: "allow", cidrs: ["192.0.2.0/24"] }],
      }),
    );
    expect((await place.ran("plan", "--out", "plan.json", "--allow-lockout")).code).toBe(0);
    const refused = await place.ran("apply", "plan.json", "--auto-approve");
    expect([refused.code, refused.stdout.includes("lockout-server")]).toEqual([4, true]);
    expect(place.bench.state().enforcement).toBe("disabled");
  });
});

describe.concurrent("a server that lies", () => {
  it("about a write that it did not make is not believed", async () => {
    const place = await newPlace();
    const { bench } = place;
    let writes = 0;
    bench.intercept = (request, handle) => {
      if (!isWrite(request)) return undefined;
      writes += 1;
      if (writes !== 2) return undefined;
      const store = bench.emulator.state();
      const made = handle();
      bench.emulator.commit(store);
      return made;
    };
    const { code, stdout } = await place.applied();
    expect([code, stdout.includes("error[step-not-visible]")]).toEqual([4, true]);
    expect((await place.receipt()).outcomes.slice(0, 2)).toEqual(["applied", "unknown"]);
    bench.intercept = undefined;
    expect((await place.applied()).code).toBe(0);
    expect(place.isDone()).toBe(true);
  });

  it.each([
    ["tells of more than it shows", false, 1, "listing-incomplete"],
    ["shows one rule less", true, 4, "account-not-confirmed"],
  ])("in a list that %s stops the run", async (_what, alsoCount, expected, problem) => {
    const place = await newPlace();
    let written = false;
    place.bench.intercept = (request, handle) => {
      if (isWrite(request)) {
        written = true;
        return undefined;
      }
      if (expected === 4 && !written) return undefined;
      const made = handle();
      const list = JSON.parse(bodyOf(made));
      if (!Array.isArray(list.data)) return made;
      list.data.pop();
      if (alsoCount) {
        list.extra.pagination.total_count -= 1;
        list.extra.pagination.count -= 1;
      }
      return { ...made, body: JSON.stringify(list) };
    };
    const { code, stdout, stderr } = await place.applied();
    expect(code).toBe(expected);
    expect(stdout + stderr).toContain(problem);
    expect(written).toBe(expected === 4);
    place.bench.intercept = undefined;
    expect((await place.applied()).code).toBe(0);
  });

  it.each([
    ["another rule", { name: "something else", type: 1 }],
    ["another type", { name: "Corporate VPN", type: 2 }],
  ])("in an answer that shows %s: the account decides, nothing is claimed", async (_what, lie) => {
    const place = await newPlace();
    let lied = false;
    place.bench.intercept = (request, handle) => {
      if (lied || request.method !== "PUT") return undefined;
      lied = true;
      const made = handle();
      const answer = JSON.parse(bodyOf(made));
      return { ...made, body: JSON.stringify({ ...answer, data: { ...answer.data, ...lie } }) };
    };
    const { code } = await place.applied();
    const told = await place.receipt();
    expect([0, 4]).toContain(code);
    expect(told.outcomes[0]).toBe("applied");
    place.bench.intercept = undefined;
    expect((await place.applied()).code).toBe(0);
    expect(place.isDone()).toBe(true);
  });
});

describe.concurrent("whoever cannot be asked", () => {
  it("is not waited for: without a terminal and without --auto-approve nothing is called", async () => {
    const place = await newPlace();
    let calls = 0;
    place.bench.intercept = () => {
      calls += 1;
      return undefined;
    };
    const { code, stderr } = await place.ran("apply");
    expect([code, stderr.includes("error[approval-needed]"), calls]).toEqual([1, true, 0]);
  });
});

describe.concurrent("the caller's own address", () => {
  /** Denies the range that the calls come from, while enforcement is on. */
  const lockingOut = JSON.stringify({
    version: 1,
    enforcement: "enabled",
    unmanaged_rules: "delete",
    rules: [{ name: "office", type: "allow", cidrs: ["192.0.2.0/24"] }],
  });

  it("is learned from the audit log by the receipt of an earlier run", async () => {
    const place = await newPlace();
    expect((await place.applied()).code).toBe(0);
    const states = place.bench.states.length;
    const asked: string[] = [];
    place.bench.intercept = ({ target }) => {
      if (target.includes("audit-logs")) asked.push(target);
      return undefined;
    };
    await place.policy(lockingOut);
    const { code, stdout, stderr } = await place.applied();
    expect(stderr).toContain("203.0.113.10");
    expect([code, stdout.includes("error[lockout-client]"), asked.length]).toEqual([3, true, 1]);
    expect(place.bench.states.length).toBe(states);
  });

  it("is no reason to fail where the log cannot be read", async () => {
    const place = await newPlace(scenarioNamed("splits while on"));
    place.bench.emulator.faults.add({ path: "*/audit-logs/", kind: "status", status: 403, times: 0 });
    const { code, stderr } = await place.applied("--actor", "somebody");
    expect([code, stderr.includes("Your own address is not known")]).toEqual([0, true]);
  });

  it("is not looked up where it was named, or where nobody can be shut out", async () => {
    const place = await newPlace(scenarioNamed("switch off"));
    const off = await newPlace({ ...scenarioNamed("switch on"), after: scenarioNamed("switch on").before });
    await writeFile(
      join(off.folder, "policy.yaml"),
      JSON.stringify({ version: 1, enforcement: "disabled", unmanaged_rules: "keep", rules: [] }),
    );
    const asked: string[] = [];
    for (const { bench } of [place, off])
      bench.intercept = ({ target }) => {
        if (target.includes("audit-logs")) asked.push(target);
        return undefined;
      };
    const named = await place.applied("--actor", "x", "--client-ip", "203.0.113.10", "--allow-newly-allowed");
    expect([named.code, (await off.applied("--actor", "x")).code, asked]).toEqual([0, 0, []]);
  });
});
