/** `grant`: an address is let in for a time, and nothing else happens. */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Seed } from "../../src/emulator/seed.js";
import { dbtIpRules, newAccount, newFolder, type Place } from "./world.js";

const office: Seed = {
  enabled: true,
  rules: [{ name: "Office", type: "allow", cidrs: ["198.51.100.0/24"] }],
};
const policy = `version: 1
account:
  id: 7
rules:
  # the head office
  - name: Office
    type: allow
    cidrs:
      - 198.51.100.0/24 # ours
`;

const world = async (text = policy, seed = office, more: Partial<Place> = {}) => {
  const emulator = await newAccount(7, seed, { clientIp: "198.51.100.9" });
  const cwd = await newFolder();
  await writeFile(join(cwd, "policy.yaml"), text);
  const place = { cwd, env: { DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "7" }, ...more };
  const writes = () => emulator.requests.list().filter(({ method }) => method !== "GET").length;
  const file = () => readFile(join(cwd, "policy.yaml"), "utf8");
  const run = (...argv: string[]) => dbtIpRules(place, ...argv);
  return { emulator, cwd, place, writes, file, run };
};

const four = ["--for", "4h", "--reason", "TICKET-123"];

describe("grant", () => {
  it("writes the entry into the policy with its end and its reason, shows the plan, and applies nothing", async () => {
    const { run, writes, file } = await world();
    const before = Date.now();
    const ran = await run("grant", "203.0.113.7", ...four);
    expect([ran.code, writes()]).toEqual([0, 0]);
    expect(ran.stdout).toContain("1 IPv4 address gains access: 203.0.113.7/32");
    const text = await file();
    expect(text).toContain("# the head office");
    expect(text).toContain("# ours");
    expect(text).toContain("comment: TICKET-123");
    const end = Date.parse(/expires: "?([^"\s]+)/.exec(text)?.[1] ?? "");
    expect(Math.abs(end - before - 4 * 3_600_000)).toBeLessThan(60_000);
    expect(ran.stderr).toContain("Nothing ends this by itself");
    expect((await run("fmt", "--check")).code).toBe(0);
  });

  it("applies that entry alone with --apply, proven by the audit log; --only-expired ends it", async () => {
    const { run, writes, emulator, place } = await world();
    const ran = await run("grant", "203.0.113.7", ...four, "--rule", "Office", "--apply", "--audit");
    expect([ran.code, writes()]).toEqual([0, 1]);
    // Without a terminal and without --auto-approve, as the help says.
    const help = (name: string) => run(name, "--help");
    expect((await help("grant")).stdout).toMatch(
      /--auto-approve\s+do not ask; without a terminal nobody is asked/,
    );
    expect((await help("apply")).stdout).toMatch(/--auto-approve\s+do not ask; needed without a terminal/);
    expect(ran.stderr).toContain("Nothing ends this by itself");
    expect((await run("plan", "--detailed-exitcode")).code).toBe(0);
    const later = { ...place, now: () => new Date(Date.now() + 4 * 3_600_000 + 1000) };
    emulator.clock.offsetMs = 4 * 3_600_000 + 1000;
    const ended = await dbtIpRules(later, "apply", "--only-expired", "--audit");
    expect([ended.code, writes()]).toEqual([0, 2]);
    expect(
      emulator
        .state()
        .rules[0]?.cidrs.filter(({ state }) => state === 1)
        .map(({ cidr }) => cidr),
    ).toEqual(["198.51.100.0/24"]);
  });

  it("makes a rule of its own where none is named", async () => {
    const { run, emulator } = await world();
    expect((await run("grant", "203.0.113.0/28", ...four, "--apply")).code).toBe(0);
    expect(emulator.state().rules.map(({ name }) => name)).toEqual(["Office", "Temporary access"]);
  });

  it("asks the log whom it would cut off where the policy limits that", async () => {
    const { run } = await world(`${policy}guards:\n  max_cut_off: 0\n`);
    // The first event with an address is that of this grant itself.
    expect((await run("grant", "203.0.113.7", ...four, "--apply", "--allow-cut-off")).code).toBe(0);
    expect((await run("grant", "203.0.113.8", ...four, "--apply")).code).toBe(0);
  });

  it("refuses --apply where anything else is pending, and writes nothing at all", async () => {
    const pending = `${policy}  - name: New\n    type: allow\n    cidrs: [192.0.2.0/24]\n`;
    const { run, writes, file } = await world(pending);
    const ran = await run("grant", "203.0.113.7", ...four, "--apply");
    expect([ran.code, writes(), await file()]).toEqual([3, 0, pending]);
    expect(ran.stderr).toContain("1 other change is pending");
    expect((await run("grant", "203.0.113.7", ...four)).code).toBe(0);
  });

  it("refuses an entry that would block others, with --apply and without, and writes nothing", async () => {
    const text = policy.replace("type: allow", "type: deny").replace("198.51.100.0", "192.0.2.0");
    const seed: Seed = {
      enabled: true,
      rules: [{ name: "Office", type: "deny", cidrs: ["192.0.2.0/24"] }],
    };
    const { run, writes, file } = await world(text, seed);
    const before = await file();
    for (const how of [["--apply"], []]) {
      const ran = await run("grant", "192.0.2.7", ...four, ...how);
      expect([ran.code, writes(), await file()]).toEqual([3, 0, before]);
      expect(ran.stderr).toContain("grant-blocks-others");
    }
  });

  it("leaves the policy as it was where an apply of the entry would be refused", async () => {
    const text = `${policy}guards:\n  max_newly_allowed: 0\n`;
    const { run, file } = await world(text);
    const ran = await run("grant", "203.0.113.7", ...four);
    expect([ran.code, await file()]).toEqual([3, text]);
    expect(ran.stdout + ran.stderr).not.toMatch(/lets in|merge it/);
    expect(ran.stdout + ran.stderr).toContain("Nothing was written to policy.yaml");
  });

  it("asks at a terminal before it applies", async () => {
    const { run, writes, file } = await world(policy, office, { typed: ["no"] });
    const ran = await run("grant", "203.0.113.7", ...four, "--apply");
    expect([ran.code, writes(), await file()]).toEqual([1, 0, policy]);
    expect(ran.stderr).toContain("not-approved");
  });

  it("goes on where the policy has the entry already and the account does not", async () => {
    const { run, writes } = await world();
    for (const rule of [["--rule", "Office"], []]) {
      expect((await run("grant", "203.0.113.7", ...four, ...rule)).code).toBe(0);
      expect(
        (await run("grant", "203.0.113.7", "--for", "5h", "--reason", "x", ...rule, "--apply")).code,
      ).toBe(0);
    }
    expect(writes()).toBe(2);
  });

  it("writes nothing where the answer is no, and can be given again", async () => {
    const { run, writes, file, place } = await world(policy, office, { typed: ["no"] });
    const ran = await run("grant", "203.0.113.7", ...four, "--apply");
    expect([ran.code, await file()]).toEqual([1, policy]);
    expect(ran.stdout + ran.stderr).not.toContain("lets in");
    const { typed: _, ...piped } = place;
    expect((await dbtIpRules(piped, "grant", "203.0.113.7", ...four, "--apply")).code).toBe(0);
    expect(writes()).toBe(1);
  });

  it("leaves the policy as it was where the apply is refused, and says nothing else", async () => {
    const text = `${policy}guards:\n  max_newly_allowed: 0\n`;
    const { run, writes, file } = await world(text);
    const ran = await run("grant", "203.0.113.7", ...four, "--apply");
    expect([ran.code, writes(), await file()]).toEqual([3, 0, text]);
    expect(ran.stdout + ran.stderr).not.toMatch(/lets in|Nothing ends this/);
    expect(ran.stdout).toContain("dbt-ip-rules grant 203.0.113.7/32 --for 4h --reason TICKET-123 --apply\n");
    expect((await run("grant", "203.0.113.7", ...four, "--apply", "--allow-newly-allowed")).code).toBe(0);
  });

  it("takes an entry that is in the policy and not applied yet for its own", async () => {
    const { run, writes, file, emulator } = await world();
    expect((await run("grant", "203.0.113.7", ...four)).code).toBe(0);
    const ran = await run("grant", "203.0.113.7", "--for", "5h", "--reason", "TICKET-123", "--apply");
    expect([ran.code, writes()]).toEqual([0, 1]);
    expect(emulator.state().rules.map(({ name }) => name)).toEqual(["Office", "Temporary access"]);
    // Another address that waits is not.
    expect((await run("grant", "203.0.113.8", ...four)).code).toBe(0);
    const before = await file();
    const other = await run("grant", "203.0.113.9", ...four, "--apply");
    expect([other.code, await file()]).toEqual([3, before]);
  });

  it("says that the address is already allowed", async () => {
    const { run } = await world();
    const ran = await run("grant", "198.51.100.7", ...four);
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/already allowed by\s+`Office`/)]);
    expect((await run("grant", "203.0.113.7", ...four)).stdout).not.toContain("already allowed");
  });

  it("changes no other line of a policy that is not in canonical form", async () => {
    const text = policy.replace("198.51.100.0/24 # ours", "192.0.2.9/32 # ours\n      - 198.51.100.0/24");
    const { run, file } = await world(text);
    expect((await run("grant", "203.0.113.7", ...four)).code).toBe(0);
    expect((await file()).startsWith(text)).toBe(true);
  });

  it.each([
    ["of the policy", `${policy}  - name: Bots\n    type: deny\n    cidrs: [203.0.113.7]\n`, "Bots"],
    ["of the account", policy, "Kept"],
  ])("says that it would not help where the same address is denied by a rule %s", async (_, text, rule) => {
    const { run, writes, file } = await world(text, {
      enabled: true,
      rules: [...office.rules!, { name: rule, type: "deny", cidrs: ["203.0.113.7"] }],
    });
    const ran = await run("grant", "203.0.113.7", ...four);
    expect([ran.code, writes(), await file()]).toEqual([1, 0, text]);
    expect(ran.stderr).toContain("would not help");
    expect(ran.stderr).toContain(rule);
  });

  it("says that it would not help where more specific entries deny all of it, and what it does not help of where some", async () => {
    const bots = (...cidrs: string[]) =>
      `${policy}  - name: Bots\n    type: deny\n    cidrs: [${cidrs.join(", ")}]\n`;
    const all = await world(bots("203.0.113.0/25", "203.0.113.128/25"));
    const none = await all.run("grant", "203.0.113.0/24", ...four);
    expect([none.code, await all.file()]).toEqual([1, bots("203.0.113.0/25", "203.0.113.128/25")]);
    expect(none.stderr).toContain("would not help");
    const some = await world(bots("203.0.113.128/25"));
    const part = await some.run("grant", "203.0.113.0/24", ...four);
    expect(part.code).toBe(0);
    expect(part.stdout).toContain("grant-helps-in-part");
    // Less specific: the entry decides.
    const wide = await world(bots("203.0.113.0/24"));
    expect((await wide.run("grant", "203.0.113.7", ...four)).stdout).not.toContain("would not help");
  });

  it.each([
    ["no reason", ["203.0.113.7", "--for", "4h"]],
    ["an empty reason", ["203.0.113.7", "--for", "4h", "--reason", "  "]],
    ["a reason of two lines", ["203.0.113.7", "--for", "4h", "--reason", "a\nb"]],
    ["a reason with an escape", ["203.0.113.7", "--for", "4h", "--reason", "a\u001b[2J"]],
    ["a reason that turns its text round", ["203.0.113.7", "--for", "4h", "--reason", "a\u202eb"]],
    ["a reason as long as a book", ["203.0.113.7", "--for", "4h", "--reason", "a".repeat(201)]],
    ["no time", ["203.0.113.7", "--reason", "x"]],
    ["no unit", ["203.0.113.7", "--for", "4", "--reason", "x"]],
    ["a time of nothing", ["203.0.113.7", "--for", "0h", "--reason", "x"]],
    ["a time below nothing", ["203.0.113.7", "--for=-4h", "--reason", "x"]],
    ["a time of years", ["203.0.113.7", "--for", "999d", "--reason", "x"]],
    ["no address", ["--for", "4h", "--reason", "x"]],
    ["a name", ["example.com", "--for", "4h", "--reason", "x"]],
    ["host bits", ["203.0.113.7/24", "--for", "4h", "--reason", "x"]],
    ["nobody's address", ["0.0.0.0", "--for", "4h", "--reason", "x"]],
    ["two addresses", ["203.0.113.7", "203.0.113.8", "--for", "4h", "--reason", "x"]],
    ["a rule that denies", ["203.0.113.7", "--for", "4h", "--reason", "x", "--rule", "Bots"]],
    ["a policy from a pipe", ["203.0.113.7", "--for", "4h", "--reason", "x", "--policy", "-"]],
  ])("refuses %s, and writes nothing", async (_, argv) => {
    const text = `${policy}  - name: Bots\n    type: deny\n    cidrs: [192.0.2.0/24]\n`;
    const { run, writes, file } = await world(text);
    expect([(await run("grant", ...argv)).code, writes(), await file()]).toEqual([1, 0, text]);
  });

  it("takes a second grant of the address as a longer one", async () => {
    const { run, file } = await world();
    await run("grant", "203.0.113.7", ...four);
    const again = await run("grant", "203.0.113.7", "--for", "1h", "--reason", "shorter");
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("already")]);
    expect((await run("grant", "203.0.113.7", "--for", "1d12h", "--reason", "longer")).code).toBe(0);
    expect((await file()).match(/203\.0\.113\.7/g)?.length).toBe(1);
  });

  /** Edits the policy right before the account gets its first call of this method; writes are answered with a 403. */
  const meanwhile = async (method: "GET" | "POST", more: readonly string[]) => {
    const { place, emulator, file, cwd } = await world();
    const edit = `${policy}# an edit\n`;
    let isMade = false;
    let writes = 0;
    const server = createServer(async (request, response) => {
      if (!isMade && request.method === method) await writeFile(join(cwd, "policy.yaml"), edit);
      isMade ||= request.method === method;
      if (request.method !== "GET") {
        writes += 1;
        response.writeHead(403, { "content-type": "application/json" }).end("{}");
        return;
      }
      const authorization = request.headers.authorization ?? "";
      const answer = await fetch(new URL(request.url ?? "/", emulator.url), { headers: { authorization } });
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const env = { ...place.env, DBT_CLOUD_HOST_URL: `http://127.0.0.1:${port}` };
    const ran = await dbtIpRules({ ...place, env }, "grant", "203.0.113.7", ...four, ...more);
    await new Promise((done) => server.close(done));
    return { ran, writes, edit, isMade, text: await file() };
  };

  it.each([[[]], [["--apply", "--auto-approve"]]])(
    "keeps an edit of the policy that is made while it is at work: %j",
    async (more) => {
      const { ran, writes, edit, text } = await meanwhile("GET", more);
      expect([ran.code, text, writes], ran.stderr).toEqual([3, edit, 0]);
      expect(ran.stderr).toContain("grant-policy-changed");
    },
  );

  it("keeps an edit that is made before it takes its entry back, and says that it did not", async () => {
    const { ran, edit, isMade, text } = await meanwhile("POST", ["--apply", "--auto-approve"]);
    expect([isMade, text], ran.stderr).toEqual([true, edit]);
    expect(ran.stderr).toContain("grant-entry-stays");
  });
});
