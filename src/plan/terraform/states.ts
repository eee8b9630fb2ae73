/** The calls of Terraform as states of the account: whole ones for showing, and partial ones for the bounds. */
import { present } from "../../model/present.js";
import type { AccountState, Rule } from "../../model/rule.js";
import { isEnforced } from "../access-change.js";
import type { Renames } from "../diff-states.js";
import type { Plan } from "../plan.js";
import { byName, entryFields } from "../state.js";
import type { RuleCall, TerraformCalls } from "./calls.js";
import type { FreeOrders } from "./orders.js";
import type { PartialRule } from "./partial-state.js";
import type { RuleVersion } from "./rule-version.js";

const partialOf = ({ name, type, prefixes, uncertain, anyRange }: RuleVersion): PartialRule => ({
  name,
  type,
  entries: [
    ...prefixes.map((prefix) => ({ prefix, certain: true })),
    ...uncertain.map((prefix) => ({ prefix, certain: false })),
  ],
  anyRange,
});

const optional = (version: RuleVersion | undefined): PartialRule | undefined =>
  version === undefined ? undefined : partialOf(version);

export const ordersOf = ({ calls, others }: TerraformCalls, before: AccountState): FreeOrders => ({
  others: others.map(({ version }) => partialOf(version)),
  enforcement: isEnforced(before) ? "on" : "off",
  calls: calls.map(({ before: was, after, sets, waitsFor }) => ({
    before: optional(was),
    after: optional(after),
    ...present({ sets }),
    waitsFor,
  })),
});

/** The names that two rules share on one side: the service lets them, and a state does not. */
const shared = (sides: readonly (readonly (RuleVersion | undefined)[])[]): ReadonlySet<string> =>
  new Set(
    sides.flatMap((versions) => {
      const names = versions.flatMap((version) => version?.name ?? []);
      const seen = new Set<string>();
      return names.filter((name) => seen.has(name) || !seen.add(name));
    }),
  );

/** What is known of a rule as a rule: of a type that is not known, it is shown as the one it was, or allow. */
const ruleOf = (version: RuleVersion, name: string, was: RuleVersion | undefined): Rule => ({
  name,
  type:
    version.type !== "unknown"
      ? version.type
      : was === undefined || was.type === "unknown"
        ? "allow"
        : was.type,
  description: version.description,
  ...entryFields(version.prefixes, version.disabled),
});

interface States {
  readonly before: readonly Rule[];
  readonly after: readonly Rule[];
  readonly renames: Renames;
  readonly unmanaged: Plan["unmanaged"];
}

/** The states before and after all calls, as far as they are known; rules that share a name get the id behind theirs. */
export const statesOf = ({ calls, others }: TerraformCalls): States => {
  const idOf = (call: RuleCall): string => `id ${call.change.before?.id ?? ""}`;
  const slots = [
    ...others.map(({ rule, version, isTerraforms }) => ({
      was: version,
      is: version,
      mark: `id ${rule.id}`,
      isOutside: !isTerraforms,
    })),
    ...calls.map((call) => ({
      was: call.before,
      is: call.after,
      mark: call.before === undefined ? call.change.address : idOf(call),
      isOutside: false,
    })),
  ];
  const repeated = shared([slots.map(({ was }) => was), slots.map(({ is }) => is)]);
  const side = (of: "was" | "is"): ReadonlyMap<(typeof slots)[number], string> =>
    new Map(
      slots.flatMap((slot) => {
        const name = slot[of]?.name;
        if (name === undefined) return [];
        return [[slot, repeated.has(name) ? `${name} (${slot.mark})` : name] as const];
      }),
    );
  const [old, now] = [side("was"), side("is")];
  const rules = (names: typeof old, of: "was" | "is"): readonly Rule[] =>
    [...names].map(([slot, name]) => ruleOf(slot[of]!, name, slot.was)).sort(byName);
  return {
    before: rules(old, "was"),
    after: rules(now, "is"),
    renames: new Map(
      [...now].flatMap(([slot, name]) => {
        const was = old.get(slot);
        return was === undefined || was === name ? [] : [[name, was] as const];
      }),
    ),
    unmanaged: slots
      .flatMap((slot) =>
        slot.isOutside
          ? [{ rule: ruleOf(slot.is!, now.get(slot)!, slot.was), disposition: "kept" as const }]
          : [],
      )
      .sort((a, b) => byName(a.rule, b.rule)),
  };
};
