/** Over random pairs: the access change of Terraform's plan, and the worst of its orders, held against other ways to it. */
import { expect, it } from "vitest";
import { containsAddress } from "../../../src/address/prefix.js";
import type { GuardName } from "../../../src/model/guards.js";
import type { AccountState, Enforcement, Rule } from "../../../src/model/rule.js";
import { planAccessChange } from "../../../src/plan/access-change.js";
import { planStates } from "../../../src/plan/make-plan.js";
import type { Plan } from "../../../src/plan/plan.js";
import { share } from "../../drills.js";
import type { ResourceSpec } from "../../terraform/plan-json.js";
import { observed, Random, randomPair } from "../small-space.js";
import { policy } from "../values.js";
import { planOfSpecs, written } from "./random-plans.js";

it("the access change is the one between the two states, with the same deciders", () => {
  for (let seed = 1; seed <= share(600, 20_000); seed += 1) {
    const random = new Random(seed);
    const pair = randomPair(random);
    const { specs, snapshot, after } = written(pair, random);
    const { access } = planOfSpecs(specs, snapshot);
    const wanted = planAccessChange(pair.before, after);
    expect(access.sure, `seed ${seed}`).toBeUndefined();
    expect(access.change.newlyAllowed.equals(wanted.change.newlyAllowed), `seed ${seed}`).toBe(true);
    expect(access.change.newlyBlocked.equals(wanted.change.newlyBlocked), `seed ${seed}`).toBe(true);
    expect(access.change.parts, `seed ${seed}`).toEqual(wanted.change.parts);
    expect([access.enforcedBefore, access.enforcedAfter], `seed ${seed}`).toEqual([
      wanted.enforcedBefore,
      wanted.enforcedAfter,
    ]);
  }
});

/** Every entry looked at for the address; of an allow and a deny entry of one prefix, the deny entry decides. */
const allowed = (rules: readonly Rule[], enforcement: Enforcement, at: bigint): boolean => {
  if (enforcement === "disabled") return true;
  let best = -1;
  let verdict = !rules.some(({ type, prefixes }) => type === "allow" && prefixes.length > 0);
  for (const { type, prefixes } of rules)
    for (const one of prefixes)
      if (containsAddress(one, at) && (one.length > best || (one.length === best && type === "deny"))) {
        best = one.length;
        verdict = type === "allow";
      }
  return verdict;
};

interface Write {
  readonly spec: ResourceSpec;
  readonly kind: "write" | "delete";
}

/** What Terraform promises: who depends is written later, also over others that stay, and deleted earlier. */
const precedence = (specs: readonly ResourceSpec[]) => {
  const configured = new Map(
    specs.flatMap((spec) => (spec.after === undefined ? [] : [[spec.name, spec] as const])),
  );
  const depends = (one: ResourceSpec, on: string): boolean =>
    (one.dependsOn ?? []).some((name) => {
      const next = configured.get(name);
      return name === on || (next !== undefined && depends(next, on));
    });
  return (first: Write, then: Write): boolean => {
    if (first.kind !== then.kind) return false;
    return first.kind === "write"
      ? depends(then.spec, first.spec.name)
      : first.spec.dependsOn?.includes(then.spec.name) === true;
  };
};

function* orders(
  rest: readonly Write[],
  mustPrecede: (first: Write, then: Write) => boolean,
  done: readonly Write[] = [],
): Iterable<readonly Write[]> {
  if (rest.length === 0) yield done;
  for (const next of rest) {
    const others = rest.filter((one) => one !== next);
    if (!others.some((other) => mustPrecede(other, next)))
      yield* orders(others, mustPrecede, [...done, next]);
  }
}

/** All that some order passes between its first call and its last, by trying each. */
const bruteForce = (specs: readonly ResourceSpec[], before: AccountState, calls: readonly Write[]) => {
  const stateAt = (done: readonly Write[]): readonly [readonly Rule[], Enforcement] => {
    const written = new Set(done.map(({ spec }) => spec));
    const rules = specs.flatMap((spec) => (written.has(spec) ? (spec.after ?? []) : (spec.before ?? [])));
    const last = done.filter(({ kind }) => kind === "write").at(-1);
    return [rules, last === undefined ? before.enforcement : last.spec.enforced ? "enabled" : "disabled"];
  };
  const verdicts = (done: readonly Write[]): readonly boolean[] =>
    observed.map((address) => allowed(...stateAt(done), address));
  const start = verdicts([]);
  const blocked = new Set<bigint>();
  const late = new Set<bigint>();
  const opened = new Set<bigint>();
  const looked = new Map<string, readonly boolean[]>();
  const key = (done: readonly Write[]): string => {
    const last = done.filter(({ kind }) => kind === "write").at(-1);
    return `${done
      .map(({ spec }) => spec.name)
      .sort()
      .join()} ${last?.spec.enforced}`;
  };
  const all = [...orders(calls, precedence(specs))];
  const ends = all.map((order) => verdicts(order));
  for (const order of all)
    for (let count = 1; count < order.length; count += 1) {
      const done = order.slice(0, count);
      const now = looked.get(key(done)) ?? verdicts(done);
      looked.set(key(done), now);
      observed.forEach((address, index) => {
        const inEveryEnd = (verdict: boolean): boolean => ends.every((one) => one[index] === verdict);
        if (start[index] && inEveryEnd(true) && !now[index]) {
          blocked.add(address);
          if (count === order.length - 1) late.add(address);
        }
        if (!start[index] && inEveryEnd(false) && now[index]) opened.add(address);
      });
    }
  return { blocked, late, opened };
};

it("the worst order is the worst of all orders, tried one by one", () => {
  let [disturbed, constrained, mixed] = [0, 0, 0];
  for (let seed = 1; seed <= share(150, 5_000); seed += 1) {
    const random = new Random(seed);
    const pair = randomPair(random);
    const { specs: all, snapshot } = written(pair, random, true);
    // Some resources send another value for the whole account.
    const specs = all.map((spec) => (random.chance(8) ? { ...spec, enforced: !spec.enforced } : spec));
    const plan = planOfSpecs(specs, snapshot);
    const calls = (plan.terraform?.calls ?? []).map(({ address, verb }): Write => {
      const spec = specs.find(({ name }) => address.endsWith(`.${name}`))!;
      return { spec, kind: verb === "delete" ? "delete" : "write" };
    });
    if (calls.length > 6) continue;
    const wanted = bruteForce(specs, pair.before, calls);
    const { orders: worst } = plan.terraform!;
    expect(worst.exact, `seed ${seed}`).toBe(true);
    for (const address of observed) {
      expect(worst.blocked.contains(address), `seed ${seed} blocked ${address}`).toBe(
        wanted.blocked.has(address),
      );
      expect(worst.blockedUntilLast.contains(address), `seed ${seed} late`).toBe(wanted.late.has(address));
      expect(worst.allowed.contains(address), `seed ${seed} allowed`).toBe(wanted.opened.has(address));
    }
    if (wanted.blocked.size > 0) disturbed += 1;
    if (plan.terraform!.calls.some(({ waitsFor }) => waitsFor.length > 0)) constrained += 1;
    if (plan.terraform!.enforcementAfter === "either") mixed += 1;
  }
  // What is compared does occur.
  expect(disturbed).toBeGreaterThan(5);
  expect(constrained).toBeGreaterThan(20);
  expect(mixed).toBeGreaterThan(3);
});

const states = ({ verdicts }: Pick<Plan, "verdicts">, guard: GuardName): readonly (string | undefined)[] =>
  verdicts.flatMap((one) => (one.guard === guard ? [one.state, one.override] : []));

it("refuses an unguarded first enforcement, and an account left open, as the plan of a policy does", () => {
  const met = { turnedOn: 0, open: 0, refused: 0 };
  for (let seed = 1; seed <= share(600, 20_000); seed += 1) {
    const random = new Random(seed);
    const pair = randomPair(random);
    const { specs, snapshot, after } = written(pair, random);
    const terraform = planOfSpecs(specs, snapshot);
    const own = planStates({
      ...{ policy: policy([]), snapshot, before: pair.before, after, renames: pair.renames },
      ...{ unmanaged: [], basis: "" },
    });
    const first = states(own, "first-enforcement");
    expect(states(terraform, "first-enforcement"), `seed ${seed}`).toEqual(first);
    const open = states(own, "allow-in-force");
    const mayLose = terraform.diagnostics.some(({ code }) => code === "terraform-range-refused");
    if (!mayLose || open.length > 0)
      expect(states(terraform, "allow-in-force"), `seed ${seed}`).toEqual(open);
    met.turnedOn += first.length > 0 ? 1 : 0;
    met.open += open.length > 0 ? 1 : 0;
    met.refused += mayLose && states(terraform, "allow-in-force").length > open.length ? 1 : 0;
  }
  for (const count of Object.values(met)) expect(count).toBeGreaterThan(0);
});
