/**
 * A server that lies about writes and readings, against every kind of step: no bug shows, each exit code and receipt
 * is true, nobody is locked out or let in on the way, and running apply again finishes the work. A normal run plays each
 * status, shape, size and delay once; DRILL=full plays each with each.
 */
import { expect, it } from "vitest";
import { full } from "../drills.js";
import type { DrillCase } from "./drill/cases.js";
import { type DrillOutcome, drill } from "./drill/drill.js";
import {
  deliveries,
  type Lie,
  lieAboutReadings,
  lieAboutWrite,
  type Shape,
  shapes,
  sizes,
  statuses,
} from "./drill/lies.js";
import { scenarios } from "./drill/scenarios.js";

/** Each of one with each of the other; in a normal run each of the longer once, the shorter in turn. */
const paired = <A, B>(these: readonly A[], those: readonly B[]): readonly (readonly [A, B])[] => {
  if (full) return these.flatMap((a) => those.map((b) => [a, b] as const));
  const count = Math.max(these.length, those.length);
  // Lists have at least one entry each.
  return Array.from({ length: count }, (_, at) => [these[at % these.length]!, those[at % those.length]!]);
};

const waits = [undefined, "0", "7", "soon", "-1", "99999999"] as const;
const places = [undefined, "/elsewhere", "https://other.example.com/", "http://[", "."] as const;

const headersOf = (status: number | "true", at: number): Record<string, string> => {
  const wait = waits[at % waits.length];
  const place = places[at % places.length];
  if (status === 429 || status === 503) return wait === undefined ? {} : { "retry-after": wait };
  return typeof status === "number" && status >= 300 && status < 400 && place !== undefined
    ? { location: place }
    : {};
};

const likely = ["true", 400, 409, 200, 500, 403, 404] as const;
const ways = Object.keys(deliveries) as (keyof typeof deliveries)[];

const liesOf = (
  pairs: readonly (readonly [number | "true", Shape])[],
  delivery: (at: number) => Lie["delivery"] = () => "at once",
): readonly Lie[] =>
  pairs.flatMap(([status, shape], at) =>
    (full ? [true, false] : [at % 2 === 0]).map((landed) => ({
      status,
      shape,
      delivery: delivery(at),
      landed,
      headers: headersOf(status, at),
    })),
  );

const truth = shapes.slice(0, 1);
const withStatuses = liesOf(paired(statuses, full ? shapes : shapes.slice(0, 13)));
const withShapes = liesOf(paired(likely, shapes));
const withSizes = liesOf(paired(likely, full ? sizes : sizes.filter((_, at) => at % 3 === 2)));
const withDelays = ways.flatMap((way) =>
  liesOf(paired<Lie["status"], Shape>(full ? statuses : ["true"], truth), () => way),
);
const lies = [...withStatuses, ...withShapes, ...withSizes, ...withDelays];

/** Each case against one step, in turn. */
const play = (cases: readonly DrillCase[]): Promise<readonly DrillOutcome[]> => drill(scenarios, cases, 1);

const lost = (outcomes: readonly DrillOutcome[]) =>
  outcomes
    .filter(({ problems }) => problems.length > 0)
    .map(
      ({ scenario, name, step, problems }) => `${scenario}, step ${step}, ${name}: ${problems.join("; ")}`,
    );

it("about writes", async () => {
  const outcomes = await play(lies.map(lieAboutWrite));
  const failed = lost(outcomes);
  expect(failed.slice(0, 20), `${failed.length} of ${outcomes.length} lies`).toEqual([]);
  const kinds = new Set(outcomes.map(({ step }) => step.split(" ")[1]));
  expect([...kinds].sort()).toEqual(["create", "delete", "enforcement", "update"]);
});

it("about readings after a write, once or for good", async () => {
  const about = lies.filter(({ landed }, at) => landed && (full || at % 4 === 0));
  const cases = about.flatMap((lie, at) =>
    full
      ? [lieAboutReadings(lie, 1), lieAboutReadings(lie, 1_000)]
      : [lieAboutReadings(lie, at % 2 === 0 ? 1 : 1_000)],
  );
  const outcomes = await play(cases);
  const failed = lost(outcomes);
  expect(failed.slice(0, 20), `${failed.length} of ${outcomes.length} lies`).toEqual([]);
});
