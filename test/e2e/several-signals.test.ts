/** Ctrl-C and SIGTERM in each phase of the built program's runs of several policies. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type EmulatorReply, reply } from "../../src/emulator/http.js";
import { type Running, start } from "./cli.js";
import { accountId, token } from "./drill/access.js";
import { policyOf } from "./drill/scenarios.js";
import { newPlace, type Place, told } from "./place.js";

const noAnswer = (): EmulatorReply => ({ ...reply(200, {}, ""), delivery: { kind: "hang" } });

const begin = ({ bench, folder }: Place, command: string, ...args: readonly string[]): Running =>
  start([command, "--policy", "first.yaml", "--policy", "second.yaml", ...args], {
    cwd: folder,
    env: {
      DBT_CLOUD_HOST_URL: bench.url,
      DBT_CLOUD_TOKEN: token,
      XDG_STATE_HOME: join(folder, "state"),
    },
  });

const forAccount = (id: number, text: string): string => text.replace("{", `{"account":{"id":${id}},`);

/** Takes a second or more to read; its networks are not used. */
const longNetworks = (): string => {
  const list = Array.from({ length: 65_536 }, (_, at) => `"10.${at >> 8}.${at & 255}.0/24"`);
  return `"networks":{"long":[${list}],"longer":[${list}]},`;
};

/** What the first policy was made to hold is on the account. */
const newRuns = async (change: (policy: string) => string = (policy) => policy): Promise<Place> => {
  const place = await newPlace();
  const policy = policyOf(place.bench.scenario);
  await writeFile(join(place.folder, "first.yaml"), change(forAccount(accountId, policy)));
  await writeFile(join(place.folder, "second.yaml"), forAccount(2, policy));
  return place;
};

const endsIn = (stdout: string): unknown[] =>
  (JSON.parse(stdout) as { policies: { policy: string; exit_code: number }[] }).policies.map(
    ({ policy, exit_code: code }) => [policy, code],
  );

describe.concurrent("runs of several policies that are asked to stop", () => {
  it.each([
    ["SIGINT", "apply"],
    ["SIGTERM", "apply"],
    ["SIGINT", "replay"],
  ] as const)("%s ends %s at once while the first policy is read", async (signal, command) => {
    const place = await newRuns((policy) => policy.replace("{", `{${longNetworks()}`));
    let requests = 0;
    place.bench.intercept = () => {
      requests += 1;
      return noAnswer();
    };
    const running = begin(place, command, ...(command === "apply" ? ["--auto-approve"] : []));
    await told(running, "first.yaml");
    running.child.kill(signal);
    const ended = await running.ended;
    // On a machine that had read it already it was waiting for an answer.
    if (requests === 0) expect([ended.code, ended.signal]).toEqual([null, signal]);
    else expect(ended.code).toBe(1);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("%s after the first leaves the others alone", async (signal) => {
    const place = await newRuns();
    const running = begin(place, "apply", "--auto-approve", "--format", "json");
    let told = false;
    place.bench.intercept = (request) => {
      if (!request.target.includes("/accounts/2/")) return undefined;
      if (!told) running.child.kill(signal);
      told = true;
      return noAnswer();
    };
    const { code, stdout, stderr } = await running.ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining("error[interrupted]")]);
    expect(endsIn(stdout)).toEqual([
      ["first.yaml", 0],
      ["second.yaml", 1],
    ]);
    expect(place.isDone()).toBe(true);
  });

  it("midway in the first: the second does not begin, and both are in the report", async () => {
    const place = await newRuns();
    const running = begin(place, "apply", "--auto-approve", "--format", "json");
    const others: string[] = [];
    let writes = 0;
    place.bench.intercept = (request, handle) => {
      if (request.target.includes("/accounts/2/")) others.push(request.target);
      if (request.method === "GET") return undefined;
      writes += 1;
      if (writes !== 2) return undefined;
      running.child.kill("SIGINT");
      handle();
      return noAnswer();
    };
    const { code, stdout, stderr } = await running.ended;
    expect([code, others, stderr]).toEqual([
      4,
      [],
      expect.stringContaining("Interrupted before second.yaml"),
    ]);
    expect(endsIn(stdout)).toEqual([
      ["first.yaml", 4],
      ["second.yaml", 1],
    ]);
  });
});
