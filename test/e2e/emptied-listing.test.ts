/** The program on an enforced account whose listing comes back empty: nobody is let in, and it says why. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AccessMap } from "../../src/address/access-map.js";
import { parsePrefix } from "../../src/address/prefix.js";
import { catchAllName } from "../../src/model/reserved-names.js";
import type { AccountState } from "../../src/model/rule.js";
import { hashState } from "../../src/plan/state.js";
import { account, rule } from "../apply/hand-made.js";
import type { Bench } from "./drill/bench.js";
import type { Scenario } from "./drill/scenarios.js";
import { isWrite, newPlace, scenarioNamed, told } from "./place.js";

const scenario: Scenario = {
  name: "emptied listing",
  before: account(
    "enabled",
    rule("Office", "allow", ["203.0.113.0/24"]),
    rule("VPN", "allow", ["198.51.100.0/24"]),
  ),
  after: account(
    "enabled",
    rule("Office", "allow", ["203.0.113.0/24"]),
    rule("VPN", "allow", ["198.51.100.0/24", "192.0.2.7/32"]),
  ),
  renames: new Map(),
  protectedAddresses: ["203.0.113.10"],
};

const letsIn = ({ enforcement, rules }: AccountState, text: string): boolean => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(text);
  const entries = rules.flatMap(({ type, prefixes }) => prefixes.map((prefix) => ({ prefix, type })));
  return AccessMap.of(entries, { enforced: enforcement === "enabled" }).lookup(parsed.prefix.network).allowed;
};

const everLetIn = ({ states }: Bench): string[] =>
  ["8.8.8.8", "192.0.2.7", "2001:db8::1"].filter((address) => states.some((state) => letsIn(state, address)));

const unwrapped = (text: string): string => text.replace(/\s+/g, " ");

const listing = { method: "GET", path: "*/ip-restrictions/", times: 0 } as const;

describe.concurrent("a listing that comes back empty", () => {
  it.each([
    ["all the while", {}],
    ["but for the program's own rules", { except: "dbt-ip-rules temporary: " }],
  ])("%s opens nothing, and leaves nothing behind", async (_, except) => {
    const place = await newPlace(scenario);
    place.bench.emulator.faults.add({ kind: "hide-rules", ...listing, ...except });
    const { code, stdout } = await place.applied();
    expect([code, everLetIn(place.bench)]).toEqual([3, []]);
    expect(stdout).toContain("error[account-not-confirmed]");
    expect(stdout).toContain("enforcement is on");
    expect(hashState(place.bench.state())).toBe(hashState(scenario.before));
    expect((await place.receipt()).outcomes).toEqual(["applied", "applied", "skipped", "skipped", "skipped"]);
    place.bench.emulator.faults.clear();
    expect([(await place.applied()).code, place.isDone()]).toEqual([0, true]);
  });

  it("opens nothing when its plan was saved, and the run was killed in its first call", async () => {
    const place = await newPlace(scenario);
    place.bench.emulator.faults.add({
      kind: "hide-rules",
      ...listing,
      except: "dbt-ip-rules temporary: ",
    });
    expect((await place.ran("plan", "--out", "plan.json")).code).toBe(0);
    const running = place.apply("plan.json");
    await new Promise<void>((settle) => {
      place.bench.intercept = (request, handle) => {
        if (!isWrite(request)) return undefined;
        handle();
        settle();
        return { status: 200, headers: {}, body: "", delivery: { kind: "hang" }, delayMs: 0 };
      };
    });
    running.child.kill("SIGKILL");
    await running.ended;
    place.bench.intercept = undefined;
    const saved = await place.applied("plan.json");
    const anew = await place.applied();
    expect([saved.code, anew.code, everLetIn(place.bench)]).toEqual([3, 3, []]);
    expect(anew.stdout).toContain("error[account-not-confirmed]");
    place.bench.emulator.faults.clear();
    expect([(await place.applied()).code, place.isDone()]).toEqual([0, true]);
  });
});

describe.concurrent("a run that stops while everybody may get in", () => {
  const flips = () => newPlace(scenarioNamed("the default flips while on"));
  const refusesSecond = { kind: "status", status: 400, method: "POST", nth: 2 } as const;
  const rule = catchAllName(1);
  const words = `OPEN NOW: the temporary rule "${rule}" is still on the account`;

  it("says so first, with the command that ends it", async () => {
    const place = await flips();
    place.bench.emulator.faults.add(refusesSecond);
    const { code, stdout } = await place.applied("--output", "end.txt");
    expect([code, stdout]).toEqual([4, ""]);
    const text = await readFile(join(place.folder, "end.txt"), "utf8");
    expect(text.startsWith("OPEN NOW: ")).toBe(true);
    expect(text.split("\n\n")[0]).toContain("\n  dbt-ip-rules apply");
    expect((await place.applied()).code).toBe(0);
    expect(place.isDone()).toBe(true);
  });

  it("says so in JSON and markdown", async () => {
    const json = await flips();
    json.bench.emulator.faults.add(refusesSecond);
    const document = JSON.parse((await json.applied("--format", "json")).stdout);
    expect(document.temporary_allow_all).toMatchObject({
      rule,
      certain: true,
      remove_with: "dbt-ip-rules apply --auto-approve",
    });
    const markdown = await flips();
    markdown.bench.emulator.faults.add(refusesSecond);
    const { stdout } = await markdown.applied("--format", "markdown");
    expect(stdout.indexOf(words)).toBeGreaterThan(0);
    expect(stdout.indexOf(words)).toBeLessThan(stdout.indexOf("Stopped midway"));
  });

  it("says so when it was told to stop, and when the connection is lost", async () => {
    const stopped = await flips();
    const running = stopped.apply();
    let writes = 0;
    stopped.bench.intercept = (request) => {
      if (isWrite(request)) writes += 1;
      else if (writes === 1) running.child.kill("SIGINT");
      return undefined;
    };
    expect(unwrapped((await running.ended).stdout)).toContain(words);
    const lost = await flips();
    let sent = 0;
    lost.bench.intercept = (request) => {
      if (isWrite(request)) sent += 1;
      return sent > 1
        ? { status: 403, headers: {}, body: "", delivery: { kind: "reset" }, delayMs: 0 }
        : undefined;
    };
    const cut = lost.apply();
    await told(cut, "create rule");
    cut.child.kill("SIGINT");
    expect(unwrapped((await cut.ended).stdout)).toContain(words);
  });
});
