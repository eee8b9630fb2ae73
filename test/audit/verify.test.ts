import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultTolerance, timedSteps } from "../../src/audit/audited-steps.js";
import type { AuditEvent } from "../../src/audit/event.js";
import { pairInTime } from "../../src/audit/match.js";
import { verifyReceipts } from "../../src/audit/verify.js";
import { firstHint, firstMessage } from "../said.js";
import {
  at,
  event,
  pipeline,
  receiptOf,
  ruleContexts,
  type StepSpec,
  stranger,
  verifyOne,
} from "./sample-events.js";

const added = "ip_restrictions.rule.added";
const changed = "ip_restrictions.rule.changed";
const removed = "ip_restrictions.rule.removed";
const toggled = "ip_restrictions.toggled";
const full = ruleContexts[0];

const steps: readonly StepSpec[] = [
  { action: "create", rule: "Office", ruleId: 10, second: 0 },
  { action: "update", rule: "VPN", ruleId: 11, second: 2 },
  { action: "delete", rule: "Old", ruleId: 12, second: 4 },
  { action: "enable", second: 6 },
];
const eventsFor = (context: (typeof ruleContexts)[number] = full): AuditEvent[] => [
  event(added, 0, context(10, "Office")),
  event(changed, 2, context(11, "VPN")),
  event(removed, 4, context(12, "Old")),
  event(toggled, 6, { ip_restrictions: { id: 3, enabled: true, enabled_for_service_tokens: false } }),
];

const kinds = (receipt = receiptOf(steps), events: readonly AuditEvent[] = []) =>
  verifyOne(receipt, events).receipts[0]?.steps.map((step) =>
    step.kind === "recorded" ? `${step.strength} ${step.evidence}` : step.kind,
  );

describe("the verdict on a receipt", () => {
  it.each(ruleContexts.map((context, shape) => ({ shape, context })))(
    "is confirmed by context shape $shape",
    ({ context }) => {
      const result = verifyOne(receiptOf(steps), eventsFor(context));
      expect(result.verdict).toBe("confirmed");
      expect(result.counts).toEqual({ due: 4, strong: 4, weak: 0, missing: 0, foreign: 0 });
      expect(result.diagnostics).toEqual([]);
    },
  );

  it("is confirmed, weakly, where contexts are empty and one actor made all", () => {
    const events = eventsFor().map((one) => ({ ...one, context: null }));
    expect(kinds(undefined, events)).toEqual(Array.from({ length: 4 }, () => "weak type-time-actor"));
  });

  it.each([0, 1, 2, 3])("is missing where event %i is not there", (index) => {
    const events = eventsFor().filter((_, at) => at !== index);
    const result = verifyOne(receiptOf(steps), events);
    expect(result.verdict).toBe("missing");
    expect(result.receipts[0]?.steps.map(({ kind }) => kind === "missing")).toEqual(
      [0, 1, 2, 3].map((at) => at === index),
    );
  });

  describe("on enforcement that a call of the run turned, though no step was to", () => {
    const writes = steps.slice(0, 3);
    const own = () => eventsFor().slice(0, 3);
    const off = (second: number, more: Partial<AuditEvent> = {}) =>
      event(toggled, second, { ip_restrictions: { id: 3, enabled: false } }, more);

    it("is enforcement-flipped, said first, with what sets it right", () => {
      const flip = off(2.1);
      const result = verifyOne(receiptOf(writes), [...own(), flip]);
      expect([result.verdict, result.flips]).toEqual(["enforcement-flipped", [flip]]);
      expect(result.diagnostics[0]).toMatchObject({ code: "enforcement-flipped", severity: "error" });
      expect(firstMessage(result.diagnostics)).toContain("turned off");
      expect(firstHint(result.diagnostics)).toContain("`enforcement: enabled`");
    });

    it("is so where the run was to turn it as well, whichever way", () => {
      const disableFirst: readonly StepSpec[] = [{ action: "disable", second: 0 }, ...steps.slice(1, 3)];
      const due = [off(0), ...own().slice(1)];
      expect(verifyOne(receiptOf(disableFirst), due).verdict).toBe("confirmed");
      expect(verifyOne(receiptOf(disableFirst), [...due, off(2.1)]).verdict).toBe("enforcement-flipped");
      expect(verifyOne(receiptOf(steps), eventsFor()).flips).toEqual([]);
      expect(verifyOne(receiptOf(steps), [...eventsFor(), off(2.1)]).flips).toHaveLength(1);
    });

    it("is so where the log tells no position, and where all events come late", () => {
      const untold = event(toggled, 2.1, {});
      expect(verifyOne(receiptOf(writes), [...own(), untold]).verdict).toBe("enforcement-flipped");
      const late = own().map((one) => ({
        ...one,
        at: at((Date.parse(one.at) - Date.parse(at(0))) / 1000 + 60),
      }));
      expect(verifyOne(receiptOf(writes), [...late, off(64.1)]).verdict).toBe("enforcement-flipped");
    });

    it("is not so for another actor, for the UI, before the run, or after it", () => {
      for (const theirs of [off(2.1, { actor: stranger }), off(2.1, { source: "ui" }), off(-30), off(30)])
        expect(verifyOne(receiptOf(writes), [...own(), theirs]).verdict).toBe("confirmed");
    });

    it("is not so for a step of which nobody knew whether it was done, once", () => {
      const failed: readonly StepSpec[] = [...writes, { action: "enable", second: 6, outcome: "failed" }];
      const untold = () => event(toggled, 6, {});
      expect(verifyOne(receiptOf(failed), [...own(), untold()]).verdict).toBe("confirmed");
      expect(verifyOne(receiptOf(failed), [...own(), untold(), untold()]).verdict).toBe(
        "enforcement-flipped",
      );
    });
  });

  it("is could-not-check where the log could not be read, whatever else is known", () => {
    const result = verifyOne(receiptOf(steps), eventsFor(), { unreadable: true });
    expect(result.verdict).toBe("could-not-check");
    expect(result.counts.strong).toBe(0);
    expect(result.foreign).toEqual([]);
  });

  it("is could-not-check, not missing, for steps older than the log reaches", () => {
    expect(verifyOne(receiptOf(steps), [], { keptSince: Date.parse(at(3600)) }).verdict).toBe(
      "could-not-check",
    );
  });

  it("is confirmed for a receipt in which nothing was due", () => {
    const nothing = receiptOf([{ action: "create", rule: "A", second: 0, outcome: "none" }]);
    expect(verifyOne(nothing, []).verdict).toBe("confirmed");
    expect(kinds(nothing)).toEqual(["not-due"]);
  });

  it.each([
    ["unknown", "missing"],
    ["started", "missing"],
    ["failed", "not-due"],
    ["skipped", "not-due"],
  ] as const)("asks of an outcome %s without an event: %s", (outcome, kind) => {
    expect(kinds(receiptOf([{ action: "update", rule: "VPN", ruleId: 11, second: 0, outcome }]))).toEqual([
      kind,
    ]);
  });

  it("takes the event of a partly refused call as its own, but no nameless one", () => {
    const receipt = receiptOf([{ action: "update", rule: "VPN", ruleId: 11, second: 0, outcome: "failed" }]);
    expect(kinds(receipt, [event(changed, 0, full(11, "VPN"))])).toEqual(["strong rule-id"]);
    const result = verifyOne(receipt, [event(changed, 0, {})]);
    expect(result.receipts[0]?.steps[0]?.kind).toBe("not-due");
    expect(result.foreign).toHaveLength(1);
  });
});

describe("what counts as naming a rule", () => {
  const one = receiptOf([{ action: "update", rule: "VPN", ruleId: 1, renamedFrom: "Old VPN", second: 0 }]);
  it.each([
    [{ rule: { id: 1 } }, "strong rule-id"],
    [{ rule_id: "1" }, "strong rule-id"],
    [{ cidrs: [{ id: 5, ip_restriction_rule_id: 1 }] }, "strong rule-id"],
    [{ name: "VPN" }, "strong rule-name"],
    [{ before: { name: "Old VPN" } }, "strong rule-name"],
    [{ message: 'Rule "VPN" was changed' }, "strong rule-name"],
    ["VPN", "strong rule-name"],
    // A type, a state, a CIDR's id and an account's id are no rule's id.
    [{ type: 1, state: 1 }, "weak type-time-actor"],
    [{ cidrs: [{ id: 1, state: 1 }] }, "weak type-time-actor"],
    [{ account_id: 1, user: { id: 1, name: "VPN user" }, created_by_id: 1 }, "weak type-time-actor"],
    [{ ip_restriction_rule_set_id: 1 }, "weak type-time-actor"],
    // Another rule: no proof at all, not even a weak one.
    [{ rule: { id: 2, name: "VPN2" } }, "missing"],
    [{ rule_name: "VPN gateway" }, "missing"],
    [{ id: 2, name: "My VPN" }, "missing"],
  ])("%j → %s", (context, expected) => {
    expect(kinds(one, [event(changed, 0, context)])).toEqual([expected]);
  });

  it("stays bounded on a context that is deep or wide", () => {
    let deep: unknown = { rule_id: 1 };
    for (let depth = 0; depth < 100_000; depth++) deep = { x: deep };
    const wide = Array.from({ length: 200_000 }, (_, index) => ({ id: index + 5 }));
    expect(kinds(one, [event(changed, 0, deep), event(changed, 0, { wide })])).toEqual([
      "weak type-time-actor",
    ]);
  });

  it("reads the switch's position, and never proves the one by the other", () => {
    const enable = receiptOf([{ action: "enable", second: 0 }]);
    expect(kinds(enable, [event(toggled, 0, { rule_set: { enabled: true } })])).toEqual([
      "strong switch-position",
    ]);
    expect(kinds(enable, [event(toggled, 0, { enabled: false })])).toEqual(["missing"]);
    expect(kinds(enable, [event(toggled, 0, {})])).toEqual(["weak type-time-actor"]);
    expect(kinds(enable, [event(toggled, 0, { ip_restrictions: { id: 3 } })])).toEqual([
      "weak type-time-actor",
    ]);
  });
});

describe("time", () => {
  const one = (more: Partial<StepSpec> = {}) =>
    receiptOf([{ action: "create", rule: "Office", ruleId: 10, second: 0, ...more }]);

  it.each([
    // A step may begin with the receipt, a second before its answer.
    [-7, "missing"],
    [-5, "strong rule-id"],
    [119, "strong rule-id"],
    [121, "missing"],
  ])("an event %i seconds off is %s", (seconds, expected) => {
    expect(kinds(one(), [event(added, seconds, full(10, "Office"))])).toEqual([expected]);
  });

  it("is the server's: a machine hours ahead or behind changes nothing", () => {
    for (const skew of [-7200, 7200]) {
      const result = verifyOne(receiptOf(steps.map((step) => ({ ...step, skew }))), eventsFor());
      expect(result.verdict).toBe("confirmed");
    }
  });

  it("of a step without an answer is set right by the other answers of the receipt", () => {
    const skewed = steps.map((step, index) => ({
      ...step,
      skew: 7200,
      noAnswer: index === 1,
      ...(index === 1 ? { outcome: "unknown" as const } : {}),
    }));
    expect(verifyOne(receiptOf(skewed), eventsFor()).verdict).toBe("confirmed");
  });

  it("of a receipt without any answer is set right by the clock that the caller knows", () => {
    const lone = one({ skew: 7200, noAnswer: true, outcome: "unknown" });
    const events = [event(added, 0, full(10, "Office"))];
    expect(verifyOne(lone, events).verdict).toBe("missing");
    expect(verifyOne(lone, events, { aheadMs: -7_200_000 }).verdict).toBe("confirmed");
  });
});

describe("what only looks like the step's event", () => {
  const receipt = receiptOf([{ action: "update", rule: "VPN", ruleId: 11, second: 100 }]);
  const by = (second: number, more: Partial<AuditEvent> = {}) =>
    event(changed, second, full(11, "VPN"), more);

  it("is that of an apply before: the step is missing", () => {
    expect(verifyOne(receipt, [by(80)]).verdict).toBe("missing");
    expect(verifyOne(receipt, [by(80)], { tolerance: { beforeMs: 30_000, afterMs: 30_000 } }).verdict).toBe(
      "confirmed",
    );
  });

  it.each([full(11, "VPN"), null])(
    "is one made in the UI: the step is missing, the event foreign",
    (context) => {
      const theirs = event(changed, 101, context, { source: "ui" });
      const result = verifyOne(receipt, [theirs]);
      expect(result.verdict).toBe("missing");
      expect(result.foreign.map(({ event: { id } }) => id)).toEqual([theirs.id]);
    },
  );
});

describe("a Date header that is minutes off", () => {
  const skewed = (skew: number) => receiptOf(steps.map((step) => ({ ...step, skew })));
  const shifted = (seconds: number) =>
    eventsFor().map((one) => ({ ...one, at: new Date(Date.parse(one.at) + seconds * 1000).toISOString() }));

  it.each([-300, 300])("changes nothing where this machine's clock is right (%i s)", (skew) => {
    const result = verifyOne(skewed(skew), shifted(skew));
    expect(result.verdict).toBe("confirmed");
    expect(result.counts).toMatchObject({ strong: 4, foreign: 0 });
  });

  it("does not let one event prove steps of two receipts, one by each clock", () => {
    const [first] = shifted(300).slice(0, 1);
    const one = (skew: number) =>
      receiptOf([{ action: "create", rule: "Office", ruleId: 10, second: 0, skew }]);
    const late = receiptOf([{ action: "create", rule: "Office", ruleId: 10, second: 300 }]);
    const result = verifyReceipts(
      [
        { file: "a", receipt: one(300) },
        { file: "b", receipt: late },
      ],
      first === undefined ? [] : [first],
    );
    expect(result.counts).toMatchObject({ strong: 1, missing: 1 });
  });
});

describe("pairing", () => {
  it("never proves two steps by one event", () => {
    const twice = receiptOf([
      { action: "update", rule: "VPN", ruleId: 11, second: 0 },
      { action: "update", rule: "VPN", ruleId: 11, second: 1 },
    ]);
    const events = [event(changed, 0, full(11, "VPN"))];
    expect(verifyOne(twice, [...events, ...events]).counts).toMatchObject({ strong: 1, missing: 1 });
  });

  it("gives up the nearest pair where that proves one step more", () => {
    const receipt = receiptOf([
      { action: "update", rule: "VPN", ruleId: 11, second: 0 },
      { action: "update", rule: "VPN", ruleId: 11, second: 200 },
    ]);
    // The event at 100 s is nearer to neither, the one at 90 s fits the first only... both must be used.
    const events = [event(changed, 90, full(11, "VPN")), event(changed, 100, full(11, "VPN"))];
    expect(verifyOne(receipt, events).counts).toMatchObject({ strong: 2, missing: 0 });
  });

  it("keeps the order in time within one second", () => {
    const receipt = receiptOf([
      { action: "update", rule: "VPN", ruleId: 11, second: 1 },
      { action: "update", rule: "VPN", ruleId: 11, second: 1 },
      { action: "update", rule: "VPN", ruleId: 11, second: 2 },
    ]);
    const events = [0.2, 0.6, 1.4].map((seconds) => event(changed, seconds, full(11, "VPN")));
    const result = verifyOne(receipt, [...events].reverse());
    expect(result.receipts[0]?.steps.map((step) => (step.kind === "recorded" ? step.event.id : ""))).toEqual(
      events.map(({ id }) => id),
    );
  });

  it("goes by the actor whose events fit the most steps, where another's is nearer to one of them", () => {
    const theirs = [1.9, 2.1].map((second) => event(changed, second, full(11, "VPN"), { actor: stranger }));
    const ours = event(changed, 2.9, full(11, "VPN"));
    const others = eventsFor().filter(({ type }) => type !== changed);
    const result = verifyOne(receiptOf(steps), [...theirs, ours, ...others]);
    expect(result.counts).toMatchObject({ strong: 4, foreign: 2 });
    expect(result.foreign.map(({ event: { id } }) => id)).toEqual(theirs.map(({ id }) => id));
  });

  it("takes an event since the call before one that came earlier", () => {
    const earlier = event(changed, -3, full(11, "VPN"));
    const since = event(changed, 0.5, full(11, "VPN"));
    const receipt = receiptOf([{ action: "update", rule: "VPN", ruleId: 11, second: 0 }]);
    expect(verifyOne(receipt, [earlier, since]).foreign.map(({ event: { id } }) => id)).toEqual([earlier.id]);
  });

  it("prefers the actor who made the other steps, and lists the other's event as foreign", () => {
    const theirs = event(changed, 2, full(11, "VPN"), { actor: stranger, source: "ui" });
    const result = verifyOne(receiptOf(steps), [
      ...eventsFor().map((one) => ({
        ...one,
        at: at(Date.parse(one.at) / 1000 - Date.parse(at(0)) / 1000 + 20),
      })),
      theirs,
    ]);
    expect(result.verdict).toBe("confirmed");
    expect(result.foreign.map(({ event: { id }, sameActor }) => [id, sameActor])).toEqual([
      [theirs.id, false],
    ]);
  });

  it("takes no weak proof from another actor than the one of the strong ones", () => {
    const events = [eventsFor()[0]!, event(changed, 2, {}, { actor: stranger })];
    const receipt = receiptOf(steps.slice(0, 2));
    expect(kinds(receipt, events)).toEqual(["strong rule-id", "missing"]);
  });

  it("says so where the steps are recorded under several actors", () => {
    const events = eventsFor().map((one, index) => (index === 1 ? { ...one, actor: stranger } : one));
    expect(verifyOne(receiptOf(steps), events).diagnostics.map(({ code }) => code)).toEqual([
      "audit-several-actors",
    ]);
  });

  it("holds over several receipts: one event, one step", () => {
    const a = receiptOf([{ action: "update", rule: "VPN", ruleId: 11, second: 0 }]);
    const b = receiptOf([{ action: "update", rule: "VPN", ruleId: 11, second: 5 }]);
    const files = [
      { file: "a", receipt: a },
      { file: "b", receipt: b },
    ];
    const events = [event(changed, 0, full(11, "VPN")), event(changed, 5, full(11, "VPN"))];
    const both = verifyReceipts(files, events);
    expect(both.receipts.map(({ verdict }) => verdict)).toEqual(["confirmed", "confirmed"]);
    expect(both.foreign).toEqual([]);
    expect(verifyReceipts(files, events.slice(0, 1)).receipts.map(({ verdict }) => verdict)).toEqual([
      "confirmed",
      "missing",
    ]);
  });

  it("leaves other people's other events alone", () => {
    const events = [
      ...eventsFor(),
      event("job_definition.changed", 1),
      event(added, 1, full(99, "Theirs"), { actor: stranger }),
    ];
    const result = verifyOne(receiptOf(steps), events);
    expect(result.foreign.map(({ event: { actor } }) => actor.name)).toEqual(["stranger"]);
  });
});

describe("properties", () => {
  const names = ["Office", "VPN", "Partner", "Lab"];
  const spec = fc.record({
    action: fc.constantFrom("create", "update", "delete", "enable", "disable" as const),
    rule: fc.nat(3),
    shape: fc.nat(2),
    named: fc.boolean(),
    logged: fc.boolean(),
    late: fc.integer({ min: -60, max: 60 }),
  });
  const typeOf = {
    create: added,
    update: changed,
    delete: removed,
    enable: toggled,
    disable: toggled,
  } as const;

  const scene = (
    specs: readonly {
      action: keyof typeof typeOf;
      rule: number;
      shape: number;
      named: boolean;
      logged: boolean;
      late: number;
    }[],
  ) => {
    const receipt = receiptOf(
      specs.map(
        ({ action, rule }, index): StepSpec =>
          action === "enable" || action === "disable"
            ? { action, second: index }
            : { action, rule: names[rule] ?? "", ruleId: 100 + rule, second: index },
      ),
    );
    const events = specs.flatMap(({ action, rule, shape, named, logged, late }, index) => {
      if (!logged) return [];
      const position = { enabled: action === "enable" };
      const context =
        action === "enable" || action === "disable"
          ? position
          : ruleContexts[shape]?.(100 + rule, names[rule] ?? "");
      return [event(typeOf[action], index + late / 100, named ? context : {})];
    });
    return { receipt, events };
  };

  it("a log that holds every event confirms, shuffled and repeated as it may come", () => {
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 8 }), fc.nat(), (specs, seed) => {
        const { receipt, events } = scene(specs.map((one) => ({ ...one, logged: true })));
        const mixed = [...events, ...events.slice(0, seed % 3)]
          .sort((a, b) => (a.id + seed < b.id + seed ? -1 : 1))
          .reverse();
        const result = verifyOne(receipt, mixed);
        expect(result.verdict).toBe("confirmed");
        expect(result.foreign).toEqual([]);
        expect(result).toEqual(verifyOne(receipt, events));
      }),
    );
  });

  it("gives a silent event to the earlier of two steps of a rule, and the one that names it to the later", () => {
    const { receipt, events } = scene(
      [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
        action: index === 0 || index === 7 ? ("delete" as const) : ("enable" as const),
        rule: 0,
        shape: 0,
        named: index !== 0,
        logged: true,
        late: 0,
      })),
    );
    const result = verifyOne(receipt, events);
    expect(result.verdict).toBe("confirmed");
    expect(result.counts.missing).toBe(0);
  });

  it("counts as many missing as the log lacks, and uses no event twice", () => {
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 8 }), (specs) => {
        const { receipt, events } = scene(specs.map((one) => ({ ...one, named: true })));
        const result = verifyOne(receipt, events);
        const used =
          result.receipts[0]?.steps.flatMap((step) => (step.kind === "recorded" ? [step.event.id] : [])) ??
          [];
        expect(new Set(used).size).toBe(used.length);
        expect(result.counts.missing).toBe(specs.filter(({ logged }) => !logged).length);
        expect(result.counts.strong).toBe(events.length);
      }),
    );
  });

  it("a stranger's events neither prove nor disprove anything that has its own event", () => {
    fc.assert(
      fc.property(
        fc.array(spec, { minLength: 1, maxLength: 6 }),
        fc.array(spec, { maxLength: 4 }),
        (own, other) => {
          const { receipt, events } = scene(own.map((one) => ({ ...one, logged: true, named: true })));
          const theirs = scene(other.map((one) => ({ ...one, logged: true }))).events.map((one) => ({
            ...one,
            actor: stranger,
            source: "ui",
          }));
          const result = verifyOne(receipt, [...theirs, ...events]);
          expect(result.verdict).toBe("confirmed");
          expect(result.foreign.map(({ event: { id } }) => id).sort()).toEqual(
            theirs.map(({ id }) => id).sort(),
          );
          expect(result.foreign.every(({ sameActor }) => !sameActor)).toBe(true);
        },
      ),
    );
  });
});

describe("pairing in order of time", () => {
  /** The most pairs of all ways to pair. */
  const mostPairs = (
    steps: readonly { readonly earliest: number; readonly latest: number }[],
    times: readonly number[],
  ): number => {
    const go = (step: number, used: ReadonlySet<number>): number => {
      const window = steps[step];
      if (window === undefined) return 0;
      let best = go(step + 1, used);
      times.forEach((at, index) => {
        if (at >= window.earliest && at <= window.latest && !used.has(index))
          best = Math.max(best, 1 + go(step + 1, new Set([...used, index])));
      });
      return best;
    };
    return go(0, new Set());
  };

  it("pairs as many steps with events as the best of all ways does", () => {
    const open = fc.record({ from: fc.nat(12), length: fc.nat(8) });
    fc.assert(
      fc.property(
        fc.array(open, { maxLength: 6 }),
        fc.array(fc.nat(20), { maxLength: 6 }),
        (windows, times) => {
          const steps = windows.map(({ from, length }, place) => ({
            place,
            earliest: from,
            latest: from + length,
          }));
          const points = [...times]
            .sort((a, b) => a - b)
            .map((at, place) => ({ event: event(changed, at), place, at }));
          const pairs = pairInTime(steps, points);
          expect(new Set(pairs.values()).size).toBe(pairs.size);
          for (const [step, { at }] of pairs) {
            expect(at).toBeGreaterThanOrEqual(steps[step]?.earliest ?? Number.NaN);
            expect(at).toBeLessThanOrEqual(steps[step]?.latest ?? Number.NaN);
          }
          expect(pairs.size).toBe(mostPairs(steps, times));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("pairs one rule's steps as often as can be, whatever mix of ids, names and actors its events have", () => {
    const theirs = fc.record({
      second: fc.nat(200),
      context: fc.constantFrom({ rule_id: 739 }, { name: "Office" }),
      actor: fc.constantFrom(pipeline, stranger),
    });
    fc.assert(
      fc.property(
        fc.array(fc.nat(150), { maxLength: 5 }),
        fc.array(theirs, { maxLength: 5 }),
        (seconds, specs) => {
          const receipt = receiptOf(
            seconds.map((second) => ({ action: "update", rule: "Office", ruleId: 739, second })),
          );
          const events = specs.map(({ second, context, actor }) =>
            event(changed, second, context, { actor }),
          );
          const windows = timedSteps(receipt, 0).map(({ from, to }) => ({
            earliest: from - defaultTolerance.beforeMs,
            latest: to + defaultTolerance.afterMs,
          }));
          expect(verifyOne(receipt, events).counts.strong).toBe(
            mostPairs(
              windows,
              events.map(({ at }) => Date.parse(at)),
            ),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it("pairs hundreds of nameless steps with as many events, in order", () => {
    const count = 3000;
    const receipt = receiptOf(
      Array.from({ length: count }, (_, index) => ({
        action: "update",
        rule: `R${index}`,
        second: index / 4,
      })),
    );
    const events = Array.from({ length: count }, (_, index) =>
      event(changed, index / 4, {}, { actor: pipeline }),
    );
    expect(verifyOne(receipt, events).counts).toMatchObject({ weak: count, missing: 0 });
  });

  it("pairs thousands of steps of one rule with as many events, each with its own", () => {
    const count = 2000;
    const steps = Array.from({ length: count }, (_, index) => ({
      action: "update" as const,
      rule: "Office",
      ruleId: 739,
      second: index / 20,
    }));
    const events = steps.map(({ second }) => event(changed, second + 0.01, { rule_id: 739 }));
    const [verified] = verifyReceipts(
      [{ file: "r", receipt: receiptOf(steps) }],
      [...events].reverse(),
    ).receipts;
    expect(verified?.steps.map((step) => step.kind === "recorded" && step.event.id)).toEqual(
      events.map(({ id }) => id),
    );
  });
});
