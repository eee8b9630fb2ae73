/**
 * The best pairing of two sides, each thing in at most one pair: the assignment problem, solved exactly.
 *
 * Edges carry a worth; the sum is made as large as possible, and things may stay alone. One left thing after the
 * other enters by the shortest augmenting path, found over the edges alone with prices on the right side (Jonker and
 * Volgenant 1987). A path is short where neighbours in time fit, so in practice each step costs its own few edges.
 */
import { Heap } from "./heap.js";

export interface Edge {
  readonly left: number;
  readonly right: number;
  /** Above 0. */
  readonly worth: number;
}

/** From a row to a column; costs are worths turned round. */
interface Arc {
  readonly column: number;
  readonly cost: number;
}

interface Reached {
  readonly column: number;
  readonly distance: number;
}

const none = -1;

/** Rows enter one by one; after each, the pairs are the best of the rows so far. */
class Pairing {
  readonly #arcs: readonly (readonly Arc[])[];
  readonly #prices: Float64Array;
  readonly #distances: Float64Array;
  /** The way that a column was reached last, and then its pair. */
  readonly #rowTo: Int32Array;
  readonly #costTo: Float64Array;
  readonly #rowOf: Int32Array;
  readonly #costOf: Float64Array;
  readonly columnOf: Int32Array;

  constructor(arcs: readonly (readonly Arc[])[], columns: number) {
    this.#arcs = arcs;
    this.#prices = new Float64Array(columns);
    this.#distances = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    this.#rowTo = new Int32Array(columns);
    this.#costTo = new Float64Array(columns);
    this.#rowOf = new Int32Array(columns).fill(none);
    this.#costOf = new Float64Array(columns);
    this.columnOf = new Int32Array(arcs.length).fill(none);
  }

  enter(row: number): void {
    const reached: number[] = [];
    const passed = new Set<number>();
    const next = new Heap<Reached>((a, b) => a.distance < b.distance);
    const reach = (from: number, base: number): void => {
      for (const { column, cost } of this.#arcs[from]!) {
        const distance = base + cost - this.#prices[column]!;
        if (passed.has(column) || distance >= this.#distances[column]!) continue;
        if (this.#distances[column] === Number.POSITIVE_INFINITY) reached.push(column);
        this.#distances[column] = distance;
        this.#rowTo[column] = from;
        this.#costTo[column] = cost;
        next.push({ column, distance });
      }
    };
    reach(row, 0);
    // Each row may stay alone, so there is always a free column to reach.
    for (let nearest = next.pop(); nearest !== undefined; nearest = next.pop()) {
      const { column, distance } = nearest;
      if (passed.has(column)) continue;
      const owner = this.#rowOf[column]!;
      if (owner === none) {
        for (const one of passed) this.#prices[one]! += this.#distances[one]! - distance;
        this.#pairUp(row, column);
        break;
      }
      passed.add(column);
      reach(owner, distance - (this.#costOf[column]! - this.#prices[column]!));
    }
    for (const column of reached) this.#distances[column] = Number.POSITIVE_INFINITY;
  }

  /** Back along the way that reached the column, each row moving on to the next one. */
  #pairUp(entering: number, end: number): void {
    for (let column = end; ; ) {
      const row = this.#rowTo[column]!;
      const before = this.columnOf[row]!;
      this.#rowOf[column] = row;
      this.#costOf[column] = this.#costTo[column]!;
      this.columnOf[row] = column;
      if (row === entering) return;
      column = before;
    }
  }
}

/** The pairs of the greatest total worth, by their left side. */
export const bestAssignment = (edges: readonly Edge[]): ReadonlyMap<number, number> => {
  const lefts = [...new Set(edges.map(({ left }) => left))];
  const rights = [...new Set(edges.map(({ right }) => right))];
  const rowAt = new Map(lefts.map((left, row) => [left, row]));
  const columnAt = new Map(rights.map((right, column) => [right, column]));
  // Behind the columns of the right side, each row has one of its own: to stay alone, at no cost.
  const arcs = lefts.map((_, row): Arc[] => [{ column: rights.length + row, cost: 0 }]);
  for (const { left, right, worth } of edges)
    arcs[rowAt.get(left)!]!.push({ column: columnAt.get(right)!, cost: -worth });
  const pairing = new Pairing(arcs, rights.length + lefts.length);
  for (const row of lefts.keys()) pairing.enter(row);
  return new Map(
    lefts.flatMap((left, row) => {
      const right = rights[pairing.columnOf[row]!];
      return right === undefined ? [] : [[left, right] as const];
    }),
  );
};
