/** Ctrl-C and SIGTERM in each phase of the built program's runs of several policies. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type EmulatorReply, reply } from "../../src/emulator/http.js";
import { type Running, start } from "./cli.js";
import { accountId, token } from "./drill/access.js";
import { policyOf } from "./drill/scenarios.js";
import { newPlace, type Place } from "./place.js";

const noAnswer = (): EmulatorReply => ({ ...reply(200, {}, ""), delivery: { kind: "hang" } });

const environment = ({ bench, folder }: Place) => ({
  DBT_CLOUD_HOST_URL: bench.url,
  DBT_CLOUD_TOKEN: token,
  XDG_STATE_HOME: join(folder, "state"),
});

const begin = (place: Place, command: string, ...args: readonly string[]): Running =>
  start([command, "--policy", "first.yaml", "--policy", "second.yaml", ...args], {
    cwd: place.folder,
    env: environment(place),
  });

const forAccount = (id: number, text: string): string => text.replace("{", `{"account":{"id":${id}},`);

/** What the first policy was made to hold is on the account. */
const newRuns = async (): Promise<Place> => {
  const place = await newPlace();
  const policy = policyOf(place.bench.scenario);
  await writeFile(join(place.folder, "first.yaml"), forAccount(accountId, policy));
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
  ] as const)("%s ends %s at once while a policy is read, be it a later one", async (signal, command) => {
    const place = await newRuns();
    const { folder, bench } = place;
    let requests = 0;
    bench.intercept = () => {
      requests += 1;
      return undefined;
    };
    const running = start(
      [command, "-p", "first.yaml", "-p", "-", ...(command === "apply" ? ["--auto-approve"] : [])],
      { cwd: folder, env: environment(place), inputStays: true },
    );
    // More than a pipe holds: once it is gone, the program reads what has no end.
    await new Promise((settle) => running.child.stdin?.write(`#${"x".repeat(1_000_000)}\n`, settle));
    running.child.kill(signal);
    const { code, signal: by } = await running.ended;
    expect([code, by, requests]).toEqual([null, signal, 0]);
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
