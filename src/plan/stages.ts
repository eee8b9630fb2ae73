/** The calls of a plan while they are laid out: stages in order, in each at most one call a slot. */
import type { Call } from "./calls.js";
import type { RowOfSlot } from "./passes.js";
import type { VerdictChange } from "./verdict-change.js";

export class Stages {
  readonly #stages: Map<number, Call>[] = [];
  readonly #change: VerdictChange;

  constructor(change: VerdictChange) {
    this.#change = change;
  }

  open(): number {
    this.#stages.push(new Map());
    return this.#stages.length - 1;
  }

  call(stage: number, slot: number): Call {
    const calls = this.#stages[stage]!;
    const call = calls.get(slot) ?? { slot, add: [], remove: [] };
    calls.set(slot, call);
    return call;
  }

  put(stage: number, kind: "add" | "remove", items: readonly RowOfSlot[]): void {
    for (const { slot, row } of items) this.call(stage, slot)[kind].push(this.#change.forest.prefixes[row]!);
  }

  /** One new stage a pass. */
  putPasses(kind: "add" | "remove", passes: readonly Map<number, number[]>[]): void {
    for (const bySlot of passes) {
      const stage = this.open();
      for (const [slot, rows] of bySlot)
        this.put(
          stage,
          kind,
          rows.map((row) => ({ slot, row })),
        );
    }
  }

  /** Each item goes with its slot's first call from stage `from` up to `to`, or with one in stage `otherwise`. */
  attach(
    kind: "add" | "remove",
    items: readonly RowOfSlot[],
    from: number,
    to: number,
    otherwise: number,
  ): void {
    const found = new Map<number, number>();
    for (const item of items) {
      let stage = found.get(item.slot);
      if (stage === undefined) {
        stage = from;
        while (stage <= to && !this.#stages[stage]!.has(item.slot)) stage += 1;
        if (stage > to) stage = otherwise;
        found.set(item.slot, stage);
      }
      this.put(stage, kind, [item]);
    }
  }

  /** Slots that have a call. */
  get touched(): Set<number> {
    return new Set(this.#stages.flatMap((stage) => [...stage.keys()]));
  }

  get calls(): Call[] {
    return this.#stages.flatMap((stage) => [...stage.values()].sort((a, b) => a.slot - b.slot));
  }
}
