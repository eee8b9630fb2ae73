/** `rollback`: what an apply did is undone from its receipt alone, and nobody else's change is overwritten. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { dbtIpRules, newAccount, newFolder, token } from "./world.js";

const seed: Seed = {
  enabled: true,
  rules: [
    { name: "Office", type: "allow", description: "main", cidrs: ["198.51.100.0/24", "192.0.2.0/24"] },
    { name: "Old", type: "deny", cidrs: ["203.0.113.64/26"] },
    { name: "Kept", type: "allow", cidrs: ["203.0.113.0/24"] },
  ],
};
const next = `version: 1
account: { id: 7 }
enforcement: enabled
removed_rules: [Old]
rules:
  - name: Head office
    previous_names: [Office]
    type: allow
    cidrs: [198.51.100.0/24, 10.1.0.0/24]
  - name: New
    type: allow
    cidrs: [172.16.0.0/24]
guards: { must_allow: [198.51.100.9] }
`;

const world = async (start: Seed = seed, policy = next) => {
  const emulator = await newAccount(7, start, { clientIp: "198.51.100.9" });
  const cwd = await newFolder();
  await writeFile(join(cwd, "policy.yaml"), policy);
  const place = { cwd, env: { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "7" } };
  const run = (...argv: string[]) => dbtIpRules(place, ...argv);
  const state = () => ({
    enabled: emulator.state().ruleSet.enabled,
    rules: emulator
      .state()
      .rules.filter(({ state: active }) => active === 1)
      .map(({ name, type, description, cidrs }) => ({
        name,
        type,
        description,
        cidrs: cidrs
          .filter((one) => one.state === 1)
          .map(({ cidr }) => cidr)
          .sort(),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  });
  const call = (method: string, path: string, body?: unknown) =>
    fetch(`${emulator.url}/api/v3/accounts/7/${path}`, {
      method,
      headers: { authorization: `Token ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const idOf = (name: string) =>
    emulator.state().rules.find((rule) => rule.name === name && rule.state === 1)?.id;
  const receipts = async () =>
    (await readdir(join(cwd, ".dbt-ip-rules/receipts")))
      .sort()
      .map((name) => `.dbt-ip-rules/receipts/${name}`);
  const writes = () => emulator.requests.list().filter(({ method }) => method !== "GET").length;
  return { emulator, cwd, place, run, state, call, idOf, receipts, writes };
};

describe("rollback", () => {
  it("refuses a receipt that breaks off where the account was changed and it does not show that", async () => {
    const { run, state, cwd, receipts, writes } = await world();
    expect((await run("apply", "--auto-approve")).code).toBe(0);
    const text = await readFile(join(cwd, (await receipts())[0]!), "utf8");
    await writeFile(join(cwd, "cut.jsonl"), `${text.split("\n")[0]}\n`);
    const [after, calls] = [state(), writes()];
    const ran = await run("rollback", "cut.jsonl", "--auto-approve");
    expect([ran.code, state(), writes()]).toEqual([3, after, calls]);
    expect(ran.stdout + ran.stderr).toContain("the receipt is incomplete");
  });

  it("says nothing of the policy where nothing is left to undo", async () => {
    const { run, cwd } = await world();
    expect((await run("apply", "--auto-approve")).code).toBe(0);
    expect((await run("rollback", "--auto-approve")).code).toBe(0);
    const again = await run("rollback", "--auto-approve", "--write", "markdown=a.md");
    expect(again.stdout).toContain("No changes: nothing is left to undo.");
    expect(again.stdout + (await readFile(join(cwd, "a.md"), "utf8"))).not.toMatch(/matches|as planned/);
    const expired = await run("apply", "--only-expired");
    expect(expired.stdout).toContain("other changes are pending");
    expect(expired.stdout).not.toMatch(/matches|as planned/);
  });

  it("is what drift names as the cause, and so is enforcement that was turned off", async () => {
    const { emulator, place } = await world();
    // A minute between two runs: the log's times are compared.
    const run = (...argv: string[]) => {
      const { offsetMs } = emulator.clock;
      emulator.clock.offsetMs = offsetMs + 60_000;
      return dbtIpRules({ ...place, now: () => new Date(Date.now() + offsetMs + 60_000) }, ...argv);
    };
    expect((await run("apply", "--auto-approve")).code).toBe(0);
    expect((await run("rollback", "--auto-approve")).code).toBe(0);
    const undone = await run("drift");
    expect(undone.code).toBe(2);
    expect(undone.stdout).toContain("undone by the last run, a rollback");
    expect(undone.stdout).toContain("The last run on this account was `rollback`, at 20");
    expect(undone.stdout).not.toMatch(/changed in the policy/i);
    expect((await run("apply", "--auto-approve")).code).toBe(0);
    expect((await run("apply", "--disable-enforcement", "--auto-approve")).code).toBe(0);
    const off = await run("drift");
    expect(off.stdout).toContain("turned off by the last run, apply --disable-enforcement");
    expect(off.stdout).not.toMatch(/changed in the policy/i);
  });

  it("says first that it turns enforcement on again", async () => {
    const { run, state } = await world();
    expect((await run("apply", "--disable-enforcement", "--auto-approve")).code).toBe(0);
    expect(state().enabled).toBe(false);
    const ran = await run("rollback", "--auto-approve");
    expect([ran.code, state().enabled]).toEqual([0, true]);
    expect(ran.stderr).toContain("This turns enforcement on");
    expect((await run("apply", "--auto-approve")).code).toBe(0);
    expect((await run("rollback", "--auto-approve")).stderr).not.toContain("This turns enforcement on");
  });

  it("leaves out what took out expired entries alone, unless it is named, and then warns", async () => {
    const { run, state, place, receipts, emulator } = await world(
      { enabled: true, rules: [{ name: "Office", type: "allow", cidrs: ["198.51.100.0/24"] }] },
      "version: 1\naccount: { id: 7 }\nrules:\n  - { name: Office, type: allow, cidrs: [198.51.100.0/24] }\n",
    );
    const grant = ["--for", "1h", "--reason", "x", "--rule", "Office", "--apply"];
    expect((await run("grant", "203.0.113.7", ...grant)).code).toBe(0);
    emulator.clock.offsetMs = 3_601_000;
    const later = { ...place, now: () => new Date(Date.now() + 3_601_000) };
    expect((await dbtIpRules(later, "apply", "--only-expired")).code).toBe(0);
    const ended = state();
    const newest = await dbtIpRules(later, "rollback", "--auto-approve");
    expect(state()).toEqual(ended);
    const file = (await receipts())[1]!;
    expect(newest.stderr).toContain(`name it: dbt-ip-rules rollback ${file}`);
    const named = await dbtIpRules(later, "rollback", file, "--auto-approve");
    expect(named.code).toBe(0);
    expect(state()).not.toEqual(ended);
    expect(named.stdout).toContain("removed expired entries");
  });

  it("names the expired entries that undoing an ordinary apply lets in again", async () => {
    const ended = new Date(Date.now() - 3_600_000).toISOString().slice(0, 16);
    const { run, state, cwd } = await world(
      {
        enabled: true,
        rules: [
          { name: "Office", type: "allow", cidrs: ["198.51.100.0/24", "203.0.113.7/32"] },
          { name: "Guests", type: "deny", cidrs: ["198.51.100.7/32"] },
        ],
      },
      `version: 1
account: { id: 7 }
rules:
  - name: Office
    type: allow
    cidrs: [198.51.100.0/24, {cidr: 203.0.113.7, expires: "${ended}Z"}, 192.0.2.0/24]
  - name: Guests
    type: deny
    cidrs: [198.51.100.8/32, {cidr: 198.51.100.7, expires: "${ended}Z"}]
guards: { must_allow: [198.51.100.9] }
`,
    );
    const before = state();
    expect((await run("apply", "--auto-approve")).code).toBe(0);
    const ran = await run("rollback", "--auto-approve");
    expect([ran.code, state()]).toEqual([0, before]);
    expect(ran.stdout).toContain("rollback-lets-expired-in");
    expect(ran.stdout).toContain(`203.0.113.7/32 in rule "Office", ended at ${ended}Z`);
    expect(ran.stdout).not.toContain('198.51.100.7/32 in rule "Guests", ended');
    // Without the policy nobody knows of any end.
    expect((await run("apply", "--auto-approve")).code).toBe(0);
    await writeFile(join(cwd, "policy.yaml"), "version: 1\naccount: { id: 8 }\nrules: []\n");
    const other = await run("rollback", "--auto-approve", "--account", "7");
    expect(other.stdout).not.toContain("rollback-lets-expired-in");
  });

  it("undoes the newest apply without its policy, with a receipt of its own that the audit log proves", async () => {
    const { run, state, cwd, receipts } = await world();
    const before = state();
    expect((await run("apply", "--auto-approve")).code).toBe(0);
    expect(state()).not.toEqual(before);
    await writeFile(join(cwd, "policy.yaml"), "this: is no policy\n");
    const ran = await run("rollback", "--auto-approve", "--audit");
    expect([ran.code, state()]).toEqual([0, before]);
    expect(ran.stderr).toContain("Revert the commit too, or the next pipeline applies it again.");
    const header = JSON.parse((await readFile(join(cwd, (await receipts())[1]!), "utf8")).split("\n")[0]!);
    expect(header).toMatchObject({ version: 2, purpose: "rollback" });
    // The default skips receipts of rollbacks.
    const again = await run("rollback", "--auto-approve");
    expect([again.code, state()]).toEqual([0, before]);
    expect(again.stdout).toContain("Nothing to do");
  });

  it("undoes a rollback that is named", async () => {
    const { run, state, receipts } = await world();
    await run("apply", "--auto-approve");
    const after = state();
    await run("rollback", "--auto-approve");
    const ran = await run("rollback", (await receipts())[1]!, "--auto-approve");
    expect([ran.code, state()]).toEqual([0, after]);
  });

  it("asks like any apply", async () => {
    const { run, place, state } = await world();
    await run("apply", "--auto-approve");
    const after = state();
    expect((await run("rollback")).stderr).toContain("approval-needed");
    const no = await dbtIpRules({ ...place, typed: ["no"] }, "rollback");
    expect([no.code, state()]).toEqual([1, after]);
    expect((await dbtIpRules({ ...place, typed: ["yes"] }, "rollback")).code).toBe(0);
  });

  it("refuses where others have changed what it touched, lists that, and undoes the rest where it is asked to", async () => {
    const { run, state, call, idOf, writes } = await world();
    await run("apply", "--auto-approve");
    await call("PUT", `ip-restrictions/${idOf("Head office")}`, {
      id: idOf("Head office"),
      name: "Head office",
      type: 1,
      rule_set_enabled: true,
      description: "main",
      account_id: 7,
      cidrs: [{ cidr: "100.64.0.0/24" }],
    });
    const [changed, count] = [state(), writes()];
    const ran = await run("rollback", "--auto-approve");
    expect([ran.code, state(), writes()]).toEqual([3, changed, count]);
    expect(ran.stdout + ran.stderr).toContain("100.64.0.0/24");
    expect(ran.stdout + ran.stderr).toContain("--keep-later-changes");
    const kept = await run("rollback", "--auto-approve", "--keep-later-changes");
    expect(kept.code).toBe(0);
    expect(kept.stdout).toContain("Changed by somebody else");
    expect(kept.stdout).toMatch(/What others changed since the apply was not undone/);
    expect(state().rules).toEqual([
      { name: "Kept", type: 1, description: null, cidrs: ["203.0.113.0/24"] },
      {
        name: "Office",
        type: 1,
        description: "main",
        cidrs: ["100.64.0.0/24", "192.0.2.0/24", "198.51.100.0/24"],
      },
      { name: "Old", type: 2, description: null, cidrs: ["203.0.113.64/26"] },
    ]);
  });

  it("leaves rules alone that it did not touch", async () => {
    const { run, state, call, idOf } = await world();
    const before = state();
    await run("apply", "--auto-approve");
    await call("DELETE", `ip-restrictions/${idOf("Kept")}`);
    expect((await run("rollback", "--auto-approve")).code).toBe(0);
    expect(state().rules).toEqual(before.rules.filter(({ name }) => name !== "Kept"));
  });

  it("turns enforcement off only with its own flag", async () => {
    const { run, state } = await world({ ...seed, enabled: false });
    const before = state();
    await run("apply", "--auto-approve");
    expect(state().enabled).toBe(true);
    const refused = await run("rollback", "--auto-approve");
    expect([refused.code, state().enabled]).toEqual([3, true]);
    expect(refused.stdout + refused.stderr).toContain("--disable-enforcement");
    expect((await run("rollback", "--auto-approve", "--disable-enforcement")).code).toBe(0);
    expect(state()).toEqual(before);
  });

  it("undoes all attempts at one plan", async () => {
    const { run, state, emulator, receipts } = await world();
    const before = state();
    emulator.faults.add({ kind: "status", status: 403, method: "DELETE", times: 1 } as never);
    const first = await run("apply", "--auto-approve");
    expect(first.code).toBe(4);
    expect((await run("apply", "--auto-approve")).code).toBe(0);
    expect((await receipts()).length).toBe(2);
    for (const named of [[], [(await receipts())[0]!]]) {
      const ran = await run("rollback", ...named, "--auto-approve");
      expect([named, ran.code, state()]).toEqual([named, 0, before]);
      await run("apply", "--auto-approve", "--receipt", `elsewhere-${named.length}.jsonl`);
    }
  });

  it("undoes no earlier apply in place of one whose receipt cannot be read", async () => {
    const { run, state, cwd, receipts, writes } = await world();
    await run("apply", "--auto-approve");
    const [first] = await receipts();
    await run("rollback", "--auto-approve");
    await run("apply", "--auto-approve");
    const newest = (await receipts()).at(-1)!;
    await writeFile(join(cwd, newest), "damaged\n");
    const [before, calls] = [state(), writes()];
    const ran = await run("rollback", "--auto-approve");
    expect([ran.code, state(), writes()]).toEqual([1, before, calls]);
    expect(ran.stderr).toContain(newest);
    await writeFile(join(cwd, newest), "");
    expect((await run("rollback", "--auto-approve")).stderr).toContain(first);
  });

  it("takes a torn receipt as far as it goes, and says how far", async () => {
    const two = `version: 1\naccount: { id: 7 }\nrules:\n  - { name: A, type: allow, cidrs: [10.1.0.0/24] }\n  - { name: B, type: allow, cidrs: [10.2.0.0/24] }\n`;
    const { run, state, cwd, receipts, call, idOf } = await world(seed, two);
    const before = state();
    await run("apply", "--auto-approve");
    const file = (await receipts())[0]!;
    const lines = (await readFile(join(cwd, file), "utf8")).split("\n");
    // The program died in the middle of the line behind the first call; the others were never sent.
    await run("rollback", "--auto-approve");
    expect(state()).toEqual(before);
    const { effect, rule } = JSON.parse(lines[0]!).steps[0];
    await call("POST", "ip-restrictions/", {
      name: rule,
      type: effect.type === "allow" ? 1 : 2,
      account_id: 7,
      rule_set_enabled: true,
      cidrs: effect.cidrs_added.map((cidr: string) => ({ cidr })),
    });
    expect(idOf(rule)).toBeDefined();
    await writeFile(join(cwd, "torn.jsonl"), `${lines.slice(0, 2).join("\n")}\n${lines[2]!.slice(0, 20)}`);
    const ran = await run("rollback", "torn.jsonl", "--auto-approve");
    expect([ran.code, state()]).toEqual([0, before]);
    expect(ran.stderr).toContain("as far as the receipt says");
    expect(ran.stderr).toContain("torn");
  });

  it("keeps must_allow of the policy that was applied", async () => {
    const { run, state } = await world(
      { enabled: true, rules: [{ name: "Office", type: "allow", cidrs: ["198.51.100.0/24"] }] },
      next.replace("must_allow: [198.51.100.9]", "must_allow: [198.51.100.9, 172.16.0.1]"),
    );
    await run("apply", "--auto-approve");
    const after = state();
    const ran = await run("rollback", "--auto-approve");
    expect([ran.code, state()]).toEqual([3, after]);
    expect((await run("rollback", "--auto-approve", "--allow-lockout")).code).toBe(0);
  });

  it.each([
    ["no receipt at all", undefined, "nothing-to-undo"],
    [
      "a receipt of version 1",
      '{"format":"dbt-ip-rules/receipt","version":1,"tool":"t","account":{"id":7,"host":"HOST"},"started_at":"2026-01-01T00:00:00Z","basis":{"state":"a","policy":"b"},"steps":[]}\n',
      "receipt-cannot-undo",
    ],
    ["what is no receipt", "{}\n", "receipt-damaged"],
  ])("says what is wrong with %s", async (_, text, code) => {
    const { run, cwd, writes } = await world();
    if (text !== undefined) await writeFile(join(cwd, "r.jsonl"), text.replace("HOST", "127.0.0.1"));
    const ran = await run("rollback", ...(text === undefined ? [] : ["r.jsonl"]), "--auto-approve");
    expect([ran.code, writes()]).toEqual([1, 0]);
    expect(ran.stderr).toContain(code);
  });
});
