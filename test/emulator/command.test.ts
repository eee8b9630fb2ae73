import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { dbtIpRules } from "../cli/world.js";
import { share } from "../drills.js";
import { base, ruleBody, tokens } from "./emulated.js";

let folder = "";
let program = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "emulator-command-"));
  program = join(folder, "emulator.mjs");
  const bundle = await rolldown({
    input: "test/emulator/emulator-process.ts",
    platform: "node",
    transform: { define: { __VERSION__: '"0.0.0"' } },
  });
  await bundle.write({ file: program, format: "esm", codeSplitting: false });
  await bundle.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

const common = ["--port", "0", "--account", "66847", "--token", tokens.admin];

const launch = (args: readonly string[]) => {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder });
  children.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  return { child, output };
};

/** The URL of its first line. */
const listening = async ({ child, output }: ReturnType<typeof launch>): Promise<string> => {
  while (!output.stdout.includes("\n"))
    await Promise.race([
      once(child.stdout!, "data"),
      once(child, "exit").then(() => Promise.reject(new Error(`it ended: ${output.stderr}`))),
    ]);
  const match = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n/.exec(output.stdout);
  if (match?.[1] === undefined) throw new Error(`unexpected first line: ${output.stdout}`);
  return match[1];
};

/** In this process: it ends before it listens. */
const refusedFor = async (args: readonly string[]) => {
  const { code, stdout, stderr } = await dbtIpRules({ cwd: folder, bare: true }, "emulator", ...args);
  const codes = [...stderr.matchAll(/\berror\[([a-z-]+)\]/g)].map(([, one]) => one);
  return { exitCode: code, codes, stdout, stderr };
};

const headers = (token: string = tokens.admin) => ({
  authorization: `Token ${token}`,
  "content-type": "application/json",
});

const create = async (url: string, cidr: string): Promise<number> => {
  const body = JSON.stringify(ruleBody([cidr], { name: cidr }));
  const answer = await fetch(`${url}${base}/ip-restrictions/`, { method: "POST", headers: headers(), body });
  return answer.status;
};

const names = async (url: string): Promise<readonly string[]> => {
  const answer = await fetch(`${url}${base}/ip-restrictions/`, { headers: headers() });
  return ((await answer.json()) as { data: { name: string }[] }).data.map(({ name }) => name); // Asserted by the caller.
};

it("says where it listens, ends on SIGTERM with its state saved, and goes on from there", async () => {
  const state = join(folder, "kept.json");
  const first = launch([...common, "--state", "kept.json"]);
  const url = await listening(first);
  expect(await create(url, "192.0.2.1")).toBe(200);
  first.child.kill("SIGTERM");
  expect(await once(first.child, "exit")).toEqual([0, null]);
  expect(first.output).toEqual({ stdout: `listening on ${url}\n`, stderr: "" });
  expect(readFileSync(state, "utf8")).not.toContain(tokens.admin);
  const second = launch([...common, "--state", "kept.json"]);
  expect(await names(await listening(second))).toEqual(["192.0.2.1"]);
});

it("ends on SIGINT while a caller hangs", async () => {
  const run = launch([...common, "--fault", '{"kind":"hang"}']);
  const url = await listening(run);
  const pending = create(url, "192.0.2.1").catch(() => "broken");
  while (((await (await fetch(`${url}/_emulator/requests`)).json()) as unknown[]).length === 0);
  run.child.kill("SIGINT");
  expect(await once(run.child, "exit")).toEqual([0, null]);
  expect(await pending).toBe("broken");
});

const rounds = share(3, 40);

it("loses no answered write when it is killed at any instant", async () => {
  const file = `crash-${process.pid}.json`;
  const answered: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const run = launch([...common, "--state", file]);
    const url = await listening(run);
    const ended = once(run.child, "exit");
    for (let number = 0; number < 200; number += 1) {
      // Once some writes were answered, in the middle of one of the next.
      if (number === 2 + round) setTimeout(() => run.child.kill("SIGKILL"), round * 3);
      const cidr = `2001:db8:${round}::${number.toString(16)}`;
      const status = await create(url, cidr).catch(() => 0);
      if (status !== 200) break;
      answered.push(cidr);
    }
    await ended;
    const again = launch([...common, "--state", file]);
    const kept: string[] = [];
    const target = await listening(again);
    for (let offset = 0; ; offset += 100) {
      const answer = await fetch(`${target}${base}/ip-restrictions/?offset=${offset}`, {
        headers: headers(),
      });
      const { data } = (await answer.json()) as { data: { name: string }[] }; // Asserted below.
      for (const { name } of data) kept.push(name);
      if (data.length < 100) break;
    }
    expect(answered.filter((cidr) => !kept.includes(cidr))).toEqual([]);
    expect(new Set(kept).size).toBe(kept.length);
    again.child.kill("SIGTERM");
    await once(again.child, "exit");
  }
  // At least the writes that were answered before each kill was due: 2, 3, 4 and so on.
  expect(answered.length).toBeGreaterThanOrEqual((rounds * (rounds + 3)) / 2);
  expect(readdirSync(folder)).toContain(file);
});

it("takes its flags", async () => {
  writeFileSync(
    join(folder, "seed.json"),
    '{"rules":[{"name":"Seeded","type":"allow","cidrs":["192.0.2.0/24"]}],"enabled":true}',
  );
  const run = launch([
    ...common,
    ...["--seed", "seed.json", "--client-ip", "192.0.2.1", "--audit-shape", "2022", "--audit-lag", "0.001"],
    ...[
      "--personal-token",
      tokens.personal,
      "--read-only-token",
      tokens.viewer,
      "--rate-limit",
      "6",
      "--cooldown",
      "9",
    ],
    ...[
      "--fault",
      '{"kind":"status","status":503,"path":"*/audit-logs/"}',
      "--latency",
      "0.001",
      "--list-deleted",
    ],
  ]);
  const url = await listening(run);
  expect(await names(url)).toEqual(["Seeded"]);
  const status = async (method: string, path: string, token?: string) =>
    (await fetch(`${url}${base}${path}`, { method, headers: headers(token) })).status;
  expect(await status("GET", "/audit-logs/")).toBe(503);
  expect(await status("DELETE", "/ip-restrictions/739", tokens.viewer)).toBe(403);
  expect(await status("POST", "/audit-logs/export/", tokens.personal)).toBe(200);
  expect(await status("GET", "/ip-restrictions/739")).toBe(200);
  expect(await status("DELETE", "/ip-restrictions/739", tokens.personal)).toBe(204);
  expect(await names(url)).toEqual(["Seeded"]);
  const limited = await fetch(`${url}${base}/ip-restrictions/`, { headers: headers() });
  expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "9"]);
});

it.each([
  ["no account", ["--token", tokens.admin], "account-missing"],
  ["no token", ["--account", "1"], "token-missing"],
  ["two tokens that are one", [...common, "--personal-token", tokens.admin], "bad-option"],
  ["a token with blanks", ["--account", "1", "--token", "a secret"], "bad-option"],
  ["an account of zero", ["--token", "t", "--account", "0"], "bad-option"],
  ["a wrong port", [...common, "--port", "65536"], "bad-option"],
  ["a wrong fault", [...common, "--fault", '{"kind":"x"}'], "bad-option"],
  ["a fault that is no JSON", [...common, "--fault", "x"], "bad-option"],
  ["a wrong shape", [...common, "--audit-shape", "x"], "bad-option"],
  ["a wrong lag", [...common, "--audit-lag", "x"], "bad-option"],
  ["a wrong address", [...common, "--client-ip", "x"], "bad-option"],
  ["a missing seed", [...common, "--seed", "missing.yaml"], "emulator-seed"],
  ["a state without a folder", [...common, "--state", "missing/state.json"], "emulator-state"],
])("refuses %s, and prints no token", async (_, args, code) => {
  const refused = await refusedFor(args);
  expect(refused).toMatchObject({ exitCode: 1, codes: [code], stdout: "" });
  expect(refused.stderr).not.toContain(tokens.admin);
  expect(refused.stderr).not.toContain("a secret");
});

it("refuses a port that is taken", async () => {
  const url = await listening(launch(common));
  const refused = await refusedFor([...common, "--port", new URL(url).port]);
  expect(refused).toMatchObject({ exitCode: 1, codes: ["emulator-port"], stdout: "" });
});
