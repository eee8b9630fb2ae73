/** From which address the caller comes, as far as the audit log shows. */
import { describe, expect, it } from "vitest";
import { learnClientAddresses } from "../../src/audit/client-address.js";
import { at, event, pipeline, startMs, stranger } from "./sample-events.js";

describe("the caller's own address", () => {
  const now = new Date(startMs);
  const from = (seconds: number, ip: string, actor = pipeline) =>
    event("group.added", seconds, {}, { actor: { ...actor, ip } });
  const learn = (events: Parameters<typeof learnClientAddresses>[0], actor = { id: pipeline.id }) =>
    learnClientAddresses(events, actor, now).map(({ text, confidence, events: count }) => [
      text,
      confidence,
      count,
    ]);

  it("is sure where it was seen just now, and nowhere else of late", () => {
    expect(learn([from(-60, "192.0.2.10"), from(-120, "192.0.2.10")])).toEqual([["192.0.2.10", "high", 2]]);
  });
  it("is less sure beside a second address, or after hours", () => {
    expect(learn([from(-60, "192.0.2.10"), from(-90, "192.0.2.99")])).toEqual([
      ["192.0.2.10", "medium", 1],
      ["192.0.2.99", "medium", 1],
    ]);
    expect(learn([from(-7200, "192.0.2.10")])).toEqual([["192.0.2.10", "medium", 1]]);
  });
  it("is unsure after days, and by name alone", () => {
    expect(learn([from(-200_000, "192.0.2.10")])).toEqual([["192.0.2.10", "low", 1]]);
    expect(learnClientAddresses([from(-60, "192.0.2.10")], { name: "ci" }, now)[0]?.confidence).toBe("low");
  });
  it("is nobody else's, and no garbage", () => {
    expect(learn([from(-60, "203.0.113.77", stranger), from(-60, "REDACTED"), from(-60, "1.2.3")])).toEqual(
      [],
    );
    expect(learnClientAddresses([from(-60, "192.0.2.10")], {}, now)).toEqual([]);
  });
  it("is one address in all its spellings", () => {
    const [only, ...others] = learnClientAddresses(
      [from(-60, "192.0.2.10"), from(-70, "::ffff:192.0.2.10")],
      { id: pipeline.id },
      now,
    );
    expect(others).toEqual([]);
    expect(only).toMatchObject({ events: 2, lastSeenAt: at(-60) });
  });
});
