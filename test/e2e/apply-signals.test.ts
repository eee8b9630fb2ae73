/** Ctrl-C, SIGTERM and a second Ctrl-C, in each phase of the built program's apply. */
import { describe, expect, it } from "vitest";
import { type EmulatorReply, reply } from "../../src/emulator/http.js";
import type { Running } from "./cli.js";
import { isWrite, newPlace, type Place, told } from "./place.js";

const noAnswer = (): EmulatorReply => ({ ...reply(200, {}, ""), delivery: { kind: "hang" } });

/** The run that goes on: it must end well whatever the interrupted one left. */
const goesOn = async (place: Place): Promise<void> => {
  place.bench.intercept = undefined;
  place.bench.emulator.faults.clear();
  expect((await place.applied()).code).toBe(0);
  expect(place.isDone()).toBe(true);
};

const stopWhen = (running: Running, words: string): Promise<unknown> =>
  told(running, words).then(() => running.child.kill("SIGINT"));

describe.concurrent("an apply that is asked to stop", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("ends with 1 while nothing is written yet: %s", async (signal) => {
    const place = await newPlace();
    const running = place.apply();
    let requests = 0;
    place.bench.intercept = () => {
      requests += 1;
      if (requests < 2) return undefined;
      if (requests === 2) running.child.kill(signal);
      return noAnswer();
    };
    const { code, stdout } = await running.ended;
    expect([code, await place.receipt()]).toEqual([
      1,
      { end: "failed", outcomes: ["skipped", "skipped", "skipped", "skipped", "skipped"] },
    ]);
    expect(stdout).toContain("Failed: nothing was changed.");
    expect(stdout).toContain("Next: dbt-ip-rules apply");
    await goesOn(place);
  });

  it("ends with 1 while the plan is still made", async () => {
    const place = await newPlace();
    const running = place.apply();
    let requests = 0;
    place.bench.intercept = () => {
      requests += 1;
      if (requests === 1) running.child.kill("SIGINT");
      return noAnswer();
    };
    const { code, stderr } = await running.ended;
    expect([code, stderr.includes("error[interrupted]")]).toEqual([1, true]);
    await goesOn(place);
  });

  it("takes a signal that is passed on twice for one", async () => {
    const place = await newPlace();
    const running = place.apply();
    let requests = 0;
    place.bench.intercept = () => {
      requests += 1;
      if (requests === 1) {
        running.child.kill("SIGINT");
        running.child.kill("SIGTERM");
      }
      return noAnswer();
    };
    const { code, stderr } = await running.ended;
    expect([code, stderr.includes("error[interrupted]")]).toEqual([1, true]);
    await goesOn(place);
  });

  it.each([true, false])("waits for the call in flight, then lets go of it (landed: %s)", async (lands) => {
    const place = await newPlace();
    const running = place.apply();
    let writes = 0;
    place.bench.intercept = (request, handle) => {
      if (!isWrite(request)) return undefined;
      writes += 1;
      if (writes < 2) return undefined;
      if (lands) handle();
      running.child.kill("SIGINT");
      return noAnswer();
    };
    const { code, stdout } = await running.ended;
    expect([code, await place.receipt()]).toEqual([
      4,
      { end: "midway", outcomes: ["applied", "unknown", "skipped", "skipped", "skipped"] },
    ]);
    expect(stdout).toContain("Unknown: the call was sent, and its outcome could not be found out");
    expect(stdout).toContain("Next: dbt-ip-rules apply");
    await goesOn(place);
  });

  it("lets the call in flight finish where it does", async () => {
    const place = await newPlace();
    const running = place.apply();
    let asked = false;
    place.bench.intercept = (request, handle) => {
      if (!isWrite(request) || asked) return undefined;
      asked = true;
      running.child.kill("SIGINT");
      return { ...handle(), delayMs: 300 };
    };
    const { code, stdout } = await running.ended;
    expect(code).toBe(4);
    // Where the machine is so slow that the answer overtakes the signal, one step more.
    expect(stdout).toMatch(/Stopped midway: [12] of 5 steps done\./);
    expect((await place.receipt()).outcomes[0]).toBe("applied");
    await goesOn(place);
  });

  // A 429 alone is no proof that nothing was changed, and the account is not read again.
  it.each([1, 2])("does not sit out a cooldown: at write %i it ends with 4", async (nth) => {
    const place = await newPlace();
    place.bench.emulator.faults.add({ method: "PUT", kind: "status", status: 429, retryAfter: 300, nth });
    const running = place.apply();
    await stopWhen(running, "Too many requests");
    const { code } = await running.ended;
    const receipt = await place.receipt();
    expect([code, receipt.end, receipt.outcomes[nth - 1]]).toEqual([4, "midway", "failed"]);
    await goesOn(place);
  });

  it("does not wait for a step of unknown outcome to show itself", async () => {
    const place = await newPlace();
    place.bench.emulator.faults.add({ method: "PUT", kind: "status", status: 500 });
    const running = place.apply();
    await stopWhen(running, "reading the account again");
    const { code } = await running.ended;
    expect([code, (await place.receipt()).outcomes[0]]).toEqual([4, "unknown"]);
    await goesOn(place);
  });

  it("ends at once when it is asked a second time; the receipt shows the call in flight", async () => {
    const place = await newPlace();
    const running = place.apply();
    let again: NodeJS.Timeout | undefined;
    place.bench.intercept = (request) => {
      if (!isWrite(request)) return undefined;
      // Until it ends: two signals that a slow process has not yet taken are one.
      again ??= setInterval(() => running.child.kill("SIGINT"), 100);
      return noAnswer();
    };
    const { code } = await running.ended;
    clearInterval(again);
    expect([code, await place.receipt()]).toEqual([130, { end: undefined, outcomes: ["started"] }]);
    await goesOn(place);
  });
});
