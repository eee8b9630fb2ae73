/** `replay` as its user meets it, on accounts whose traffic is planted. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { dbtIpRules, longestLine, newAccount, newFolder, type Ran } from "./world.js";

const policy = `version: 1
account: { id: 66847 }
enforcement: enabled
unmanaged_rules: delete
rules:
  - name: Office
    type: allow
    cidrs: [203.0.113.0/24, 192.0.2.0/24]
lint: { documentation-range: off }
`;

const traffic = (id: number, name: string, addresses: readonly string[], more: object = {}) => ({
  type: "login.sso.succeeded",
  count: 12,
  every_seconds: 3600,
  actor: { type: "ACTOR_USER", id, name, addresses },
  ...more,
});

const seed: Seed = {
  enabled: true,
  rules: [
    { name: "Office", type: "allow", cidrs: ["203.0.113.0/24"] },
    { name: "Home", type: "allow", cidrs: ["198.51.100.0/24"] },
  ],
  events: [
    traffic(9101, "Senior Analyst", ["198.51.100.7", "198.51.100.8"]),
    traffic(9102, "\u001b[31mEngineer|`", ["198.51.100.9", "203.0.113.9"]),
    traffic(9103, "Contractor", ["203.0.113.9"]),
    traffic(9104, "Visitor", ["192.0.2.9"]),
    traffic(9105, "Stranger", ["8.8.8.8"]),
    traffic(77, "nightly", ["198.51.100.77"], {
      type: "job_definition.changed",
      actor: { type: "ACTOR_SERVICE_TOKEN", id: 77, name: "nightly", addresses: ["198.51.100.77"] },
    }),
  ],
  service_tokens: [
    { id: 77, name: "nightly", last_used: 60 },
    { id: 78, name: "unseen", last_used: 60 },
    { id: 79, name: "long ago", last_used: 200 * 86_400 },
  ],
  users: [
    { id: 9101, email: "analyst@example.com", last_login: 60 },
    { id: 9199, email: "architect@example.com", first_name: "Architect", apitoken_last_used: 60 },
  ],
};

const people = [
  "Analyst",
  "Senior",
  "Engineer",
  "Contractor",
  "Visitor",
  "Stranger",
  "Architect",
  "architect@",
  "9101",
  "9102",
  "9103",
  "9104",
  "9105",
  "9199",
];
const addresses = ["198.51.100.7", "198.51.100.8", "198.51.100.9", "203.0.113.9", "192.0.2.9", "8.8.8.8"];

const rehearse = async (given: Seed = seed) => {
  const emulator = await newAccount(66847, given, { auditShape: "mixed" });
  const cwd = await newFolder();
  writeFileSync(join(cwd, "policy.yaml"), policy);
  const env = { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "66847" };
  return { emulator, cwd, run: (...argv: string[]) => dbtIpRules({ cwd, env }, ...argv) };
};

const documentOf = ({ stdout }: Ran) => JSON.parse(stdout);
const outcomes = (document: { actors: { name: string; outcome: string }[] }) =>
  Object.fromEntries(document.actors.map(({ name, outcome }) => [name, outcome]));

const withNames = {
  "Senior Analyst": "cut_off",
  "\u001b[31mEngineer|`": "partly",
  Contractor: "keeps",
  Visitor: "gains",
  Stranger: "blocked",
  nightly: "cut_off",
};

describe("on a planted account", async () => {
  const { run, cwd, emulator } = await rehearse();

  it("finds everybody's outcome, the blind and the unused, by the issue's keys", async () => {
    const ran = await run("replay", "--show-people", "--format", "json");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    const document = documentOf(ran);
    expect(outcomes(document)).toEqual(withNames);
    expect(document).toMatchObject({
      format: "dbt-ip-rules/replay",
      version: 1,
      verdict: "cut-off",
      events: { read: 72, without_address: 0 },
      blind: [
        { kind: "service_token", id: "78", name: "unseen" },
        { kind: "user", id: "9199", name: "Architect" },
      ],
      unused_entries: [],
    });
    const analyst = document.actors.find(({ id }: { id: string }) => id === "9101");
    expect(analyst).toMatchObject({ name: "Senior Analyst", type: "user" });
    expect(analyst.addresses[0]).toMatchObject({
      address: "198.51.100.7",
      events: 6,
      before: "allowed",
      after: "blocked",
    });
  });

  it("shows no name, id or address of a person unless it is asked for, in any format", async () => {
    for (const format of ["text", "json", "markdown"]) {
      const { stdout } = await run("replay", "--format", format);
      for (const word of [...people, ...addresses]) expect(stdout).not.toContain(word);
      expect(stdout).toContain("person 1");
    }
    const { stdout } = await run("replay", "--format", "markdown", "--show-people");
    for (const word of [...people, ...addresses]) expect(stdout).not.toContain(word);
    const shown = await run("replay", "--show-people");
    for (const word of ["Senior Analyst", "198.51.100.7/32", "198.51.100.8/32"])
      expect(shown.stdout).toContain(word);
    expect(shown.stdout).not.toContain("\u001b");
  });

  it("says it by the addresses on record, never as safety, and in 80 columns", async () => {
    const { stdout } = await dbtIpRules(
      { cwd, screen: true, env: { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "66847" } },
      "replay",
    );
    expect(stdout).toContain("By the addresses on record, 1 person and 1 service token would be cut off");
    expect(stdout).toContain("Cannot tell: the log has no event for reads");
    expect(stdout).not.toMatch(/\bsafe\b/i);
    expect(longestLine(stdout)).toBeLessThanOrEqual(80);
  });

  it("exits with 2 where somebody is cut off and it was asked for", async () => {
    expect((await run("replay", "--detailed-exitcode")).code).toBe(2);
    expect((await run("replay", "--live", "--detailed-exitcode")).code).toBe(0);
    expect((await run("replay", "-p", "policy.yaml")).code).toBe(0);
    expect((await run("replay", "policy.yaml")).code).toBe(0);
  });

  it("takes a saved plan", async () => {
    await run("plan", "--out", "plan.json");
    const document = documentOf(
      await run("replay", "--plan", "plan.json", "--show-people", "--format", "json"),
    );
    expect(outcomes(document)).toEqual(withNames);
    expect((await run("replay", "--plan", "plan.json", "--live")).code).toBe(1);
  });
});

describe("what cannot be read", async () => {
  const { run, cwd, emulator } = await rehearse();
  const file = (name: string, text: string) => writeFileSync(join(cwd, name), text);
  const control = (method: string, fault?: object) =>
    fetch(`${emulator.url}/_emulator/faults`, {
      method,
      headers: { "content-type": "application/json" },
      ...(fault === undefined ? {} : { body: JSON.stringify(fault) }),
    });

  it("notes a list that the token may not read, and goes on", async () => {
    await control("POST", { kind: "status", status: 403, path: "*/users/*", times: 0 });
    const document = documentOf(await run("replay", "--format", "json"));
    await control("DELETE");
    expect(document.blind.map(({ id }: { id: string }) => id)).toEqual(["78"]);
    expect(document.diagnostics).toMatchObject([{ code: "traffic-list-unread", severity: "note" }]);
  });

  it("takes an empty window for an error, with what there is", async () => {
    const ran = await run("replay", "--since", "2020-01-01", "--until", "2020-01-02");
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("traffic-window-empty");
    file(
      "old.ndjson",
      '{"created_at":"2020-05-01T00:00:00Z","actor":{"id":1,"ip":"203.0.113.1","type":"user"}}\n',
    );
    const old = await run("replay", "--from", "old.ndjson");
    expect(old.code).toBe(1);
    expect(old.stderr).toContain("--since 2020-05-01");
    expect((await run("replay", "--from", "old.ndjson", "--since", "2020-01-01")).code).toBe(0);
  });

  it("reports what was read of a file that is damaged, says which part is missing, and exits with 1", async () => {
    file(
      "cut.ndjson",
      '{"created_at":"2026-05-01T00:00:00Z","actor":{"id":1,"ip":"8.8.8.8","type":"user"}}\n{"crea',
    );
    const ran = await run("replay", "--from", "cut.ndjson", "--since", "2026-01-01", "--format", "json");
    expect(ran.code).toBe(1);
    expect(documentOf(ran)).toMatchObject({ verdict: "incomplete", complete: false, events: { read: 1 } });
    expect(ran.stderr).toContain("line 2");
  });

  it("reports what was read of a log that breaks off, and exits with 1", async () => {
    await control("POST", { kind: "status", status: 501, path: "*/audit-logs/*", nth: 2, times: 0 });
    const ran = await run("replay", "--since", "400d", "--format", "json");
    await control("DELETE");
    expect(ran.code).toBe(1);
    expect(documentOf(ran)).toMatchObject({ verdict: "incomplete", events: { read: 72 } });
    expect(ran.stderr).toContain("read only in part");
  });

  it("names the columns that a file has", async () => {
    file("proxy.csv", "ts,client,login\n1793534400,203.0.113.1,analyst\n");
    const ran = await run("replay", "--from", "proxy.csv", "--columns", "time=ts,ip=client,who=user");
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain('has no column "user". It has: "ts", "client" and "login"');
    expect((await run("replay", "--from", "missing.csv")).code).toBe(1);
    expect((await run("replay", "--columns", "who=x")).code).toBe(1);
    const without = await run("replay", "--columns", "time=ts,ip=client");
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining("no file is given")]);
  });

  it("replays files without a token, and says what that leaves out", async () => {
    file(
      "some.csv",
      `ts,client,user\n${new Date().toISOString()},8.8.8.8,analyst\n9999-01-01T00:00:00Z,9.9.9.9,analyst\n`,
    );
    const ran = await dbtIpRules(
      { cwd, env: { DBT_CLOUD_TOKEN: "" } },
      "replay",
      "--columns",
      "time=ts,ip=client,who=user",
      "--detailed-exitcode",
      "--format",
      "json",
      "--from",
      "some.csv",
      "policy.yaml",
    );
    expect(ran.code).toBe(2);
    const document = documentOf(ran);
    expect(document).toMatchObject({
      account: null,
      service_tokens_subject: null,
      events: { read: 1, outside_window: 1 },
      counts: { cut_off: 1 },
    });
    expect(document.diagnostics).toMatchObject([{ code: "traffic-no-account" }]);
  });

  it("refuses a plan next to a policy, and --from without a log", async () => {
    for (const argv of [
      ["other.yaml", "--plan", "plan.json"],
      ["--from", "policy.yaml"],
      ["--plan", "p.json", "--live"],
    ])
      expect(await run("replay", ...argv)).toMatchObject({ code: 1, stdout: "" });
  });

  it("never writes over a log that it reads", async () => {
    const ran = await run("replay", "--from", "cut.ndjson", "--output", "cut.ndjson");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("output-clash");
  });
});

describe("files of this program and of the service", async () => {
  const { run } = await rehearse();

  it("say what the log itself says", async () => {
    await run("audit", "list", "--format", "csv", "--output", "list.csv");
    await run("audit", "list", "--format", "json", "--output", "list.json");
    await run("audit", "list", "--format", "ndjson", "--output", "list.ndjson");
    const today = new Date().toISOString().slice(0, 10);
    const since = new Date(Date.now() - 80 * 86_400_000).toISOString().slice(0, 10);
    await run("audit", "export", "--since", since, "--until", today, "--output", "export.csv");
    const { actors } = documentOf(await run("replay", "--show-people", "--format", "json"));
    const facts = (all: { id: string; outcome: string; events: number }[]) =>
      all.map(({ id, outcome, events }) => `${id} ${outcome} ${events}`).sort();
    for (const file of ["list.csv", "list.json", "list.ndjson", "export.csv"]) {
      const document = documentOf(await run("replay", "--from", file, "--show-people", "--format", "json"));
      expect(facts(document.actors), file).toEqual(facts(actors));
    }
    const all = ["list.csv", "list.json", "list.ndjson"];
    const twice = documentOf(await run("replay", "--from", ...all, "--show-people", "--format", "json"));
    expect(twice.events).toMatchObject({ read: 72, duplicates: 144 });
  });
});

describe("as a guard", async () => {
  const { run, cwd, emulator } = await rehearse();
  const guarded = (limit: number) =>
    writeFileSync(
      join(cwd, "guarded.yaml"),
      policy.replace("lint:", `guards: { must_allow: [203.0.113.10], max_cut_off: ${limit} }\nlint:`),
    );
  const fault = (method: string, body?: object) =>
    fetch(`${emulator.url}/_emulator/faults`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  it("refuses a plan that cuts off more, names them by numbers, and has a flag of its own", async () => {
    guarded(1);
    const refused = await run(
      "plan",
      "guarded.yaml",
      "--out",
      "plan.json",
      "--write",
      "markdown=plan.md",
      "--write",
      "json=p.json",
    );
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain(
      "this plan would cut off token 1 and person 1: 2, and `max_cut_off` is 1",
    );
    const files = ["plan.json", "plan.md", "p.json"].map((name) => readFileSync(join(cwd, name), "utf8"));
    for (const text of [refused.stdout, ...files]) {
      for (const word of [
        ...people.filter((one) => !/^\d+$/.test(one)),
        "nightly",
        "198.51.100.7",
        "198.51.100.77",
      ])
        expect(text).not.toContain(word);
      expect(text).toContain("person 1");
    }
    expect((await run("apply", "plan.json", "--auto-approve")).code).toBe(3);
    expect((await run("apply", "-p", "guarded.yaml", "--auto-approve")).code).toBe(3);
    expect((await run("plan", "guarded.yaml", "--allow-cut-off")).code).toBe(0);
    guarded(2);
    expect((await run("plan", "guarded.yaml")).code).toBe(0);
  });

  it("is asked for by plan --replay as well, and names people in text where that is asked", async () => {
    const refused = await run("plan", "--replay", "90d", "--client-ip", "203.0.113.10");
    expect(refused.code).toBe(3);
    expect(refused.stdout).not.toContain("Analyst");
    const shown = await run(
      "plan",
      "--replay",
      "90d",
      "--client-ip",
      "203.0.113.10",
      "--show-people",
      "--write",
      "json=named.json",
    );
    expect(shown.stdout).toContain("Senior Analyst");
    expect(readFileSync(join(cwd, "named.json"), "utf8")).not.toContain("Analyst");
    expect((await run("plan", "--client-ip", "203.0.113.10")).code).toBe(0);
  });

  it("counts those of whose addresses none can be read, and names them where that is asked", async () => {
    const actor = { type: "ACTOR_USER", id: 9301, name: "Night Shift", ip: "" };
    const { run } = await rehearse({
      ...seed,
      events: [...(seed.events ?? []), { ...traffic(0, "", []), actor }],
    });
    const asked = ["plan", "--replay", "90d", "--client-ip", "203.0.113.10"];
    const hidden = await run(...asked);
    expect(hidden.code).toBe(3);
    expect(hidden.stdout).toContain("person 6: cannot tell, no address on record can be read: 12 events");
    expect(hidden.stdout).not.toContain("Night Shift");
    const shown = await run(...asked, "--show-people");
    expect(shown.stdout).toContain('person 6 "Night Shift" (9301)\n      no address on record can be read\n');
  });

  it("refuses where the log cannot be read, wholly or in part", async () => {
    guarded(9);
    for (const nth of [1, 2]) {
      await fault("POST", { kind: "status", status: 403, path: "*/audit-logs/*", nth, times: 0 });
      const window =
        nth === 2
          ? policy.replace("lint:", "guards: { max_cut_off: 9, cut_off_window: 400d }\nlint:")
          : undefined;
      if (window !== undefined) writeFileSync(join(cwd, "guarded.yaml"), window);
      const refused = await run("plan", "guarded.yaml", "--client-ip", "203.0.113.10");
      await fault("DELETE");
      expect(refused.code).toBe(3);
      expect(refused.stdout).toContain("cut-off-unknown");
      expect(refused.stdout).toContain("nobody can tell whom this plan would cut off");
    }
  });

  it("does not read the log where nothing changes", async () => {
    await run("plan", "guarded.yaml");
    guarded(0);
    await run("apply", "-p", "guarded.yaml", "--auto-approve", "--allow-cut-off");
    const requests = async () =>
      (await (await fetch(`${emulator.url}/_emulator/requests`)).text()).match(/"method"/g)?.length;
    await fetch(`${emulator.url}/_emulator/requests`, { method: "DELETE" });
    expect((await run("plan", "guarded.yaml")).code).toBe(0);
    expect(await requests()).toBe(1);
  });

  it("shows in drift whom a plan of the policy would cut off", async () => {
    const other = await rehearse();
    writeFileSync(
      join(other.cwd, "policy.yaml"),
      policy.replace("lint:", "guards: { max_cut_off: 0 }\nlint:"),
    );
    const document = documentOf(await other.run("drift", "--format", "json"));
    expect(document.replay).toMatchObject({ counts: { cut_off: 2, partly: 1 } });
    for (const format of ["text", "markdown"]) {
      const { stdout } = await other.run("drift", "--format", format);
      expect(stdout).toContain("By the addresses on record, 1 person and 1 service token would be cut off");
      expect(stdout).not.toContain("Analyst");
    }
  });
});

describe("a draft from traffic", async () => {
  const days = (...list: number[]) =>
    list.map((ago) => ({ type: "login.sso.succeeded", seconds_ago: ago * 86_400 }));
  const by = (id: number, ip: string, ...list: number[]) =>
    days(...list).map((event) => ({ ...event, actor: { type: "ACTOR_USER", id, name: `Name ${id}`, ip } }));
  const { run, cwd } = await rehearse({
    events: [
      ...by(9201, "198.51.100.4", 40, 50, 3),
      ...by(9202, "198.51.100.6", 40, 50),
      ...by(9202, "203.0.113.77", 2),
      ...by(9203, "203.0.113.99", 30, 4),
      ...by(9204, "203.0.113.5", 30),
    ],
  });

  it("holds out weeks, and says extra addresses and lost actors together", async () => {
    const argv = ["import", "--from-traffic", "90d", "--hold-out", "14d", "--max-extra", "2"];
    const ran = await run(...argv, "--output", "draft.yaml");
    expect(ran).toMatchObject({ code: 0, stdout: "" });
    const text = readFileSync(join(cwd, "draft.yaml"), "utf8");
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.vscode\/dbt-ip-rules\.schema\.json\n---\n/);
    expect(ran.stderr).toContain("dbt-ip-rules init writes it");
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    for (const said of [ran.stderr, text.replaceAll("\n# ", " ")]) {
      expect(said).toContain("1 prefix admits 2 addresses on record and 2 that nobody used.");
      expect(said).toContain("the draft would cut off 2 of 3 actors, and 0 in part.");
    }
    expect(text).toContain("- cidr: 198.51.100.4/30");
    expect(text).toContain("#   203.0.113.5: on one day only");
    expect(text).toContain("#   203.0.113.99: on one day only");
    expect(text).not.toContain("Name");
    expect((await run("fmt", "--check", "draft.yaml")).code).toBe(0);
    expect((await run("validate", "draft.yaml")).code).toBe(0);
    expect((await run(...argv, "--output", "draft.yaml")).code).toBe(1);
  });

  it("is the exact set without --max-extra, and nothing without a second day", async () => {
    const ran = await run("import", "--from-traffic", "90d");
    expect(ran.stdout).toContain("- cidr: 198.51.100.4\n");
    expect(ran.stderr).toContain("3 prefixes admit 3 addresses on record and 0 that nobody used.");
    expect((await run("import", "--from-traffic", "1d")).code).toBe(1);
    expect((await run("import", "--max-extra", "5")).code).toBe(1);
    const nothing = await run("import", "--from-traffic", "10d", "--hold-out", "20d");
    expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining("--hold-out less than")]);
  });

  it("says what to type where the log has nothing for a part of it", async () => {
    const short = await rehearse({ events: by(9301, "198.51.100.4", 9, 5, 2) });
    const asked = (...argv: string[]) => short.run("import", "--from-traffic", "90d", ...argv);
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    const early = await asked("--hold-out", "14d");
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining("traffic-window-empty")]);
    expect(early.stderr).toMatch(/hint: Hold out less: the log begins on \d/);
    expect(early.stderr).toContain(day(9));
    expect(early.stderr).not.toContain("--since");
    const late = await asked("--hold-out", "1d");
    expect(late.stderr).toMatch(/hint: Hold out more: the newest event is from \d/);
    expect(late.stderr).not.toContain("--since");
    // A file holds what the log was not asked for.
    const line = (at: string) => `${at},198.51.100.4,somebody\n`;
    const old = line("2026-01-05T10:00:00Z") + line("2026-01-06T10:00:00Z");
    writeFileSync(join(short.cwd, "old.csv"), `ts,ip,who\n${old}`);
    const whole = await asked("--from", "old.csv", "--columns", "time=ts,ip=ip,who=who");
    expect(whole.stderr).toContain("Give a longer range: --from-traffic 2026-01-05");
  });
});
