/**
 * The best pairing of two sides, each thing in at most one pair: the assignment problem, solved exactly.
 *
 * Edges carry a worth; the sum is made as large as possible, and things may stay alone. The graph falls apart into
 * connected components, and each is solved by the Hungarian method with potentials (Kuhn 1955; the O(n²m) form of
 * Jonker and Volgenant). In practice components are tiny: the steps of one rule and its events.
 */

export interface Edge {
  readonly left: number;
  readonly right: number;
  /** Above 0. */
  readonly worth: number;
}

const componentsOf = (edges: readonly Edge[]): Edge[][] => {
  const parent = new Map<string, string>();
  const rootOf = (node: string): string => {
    let root = node;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    let at = node;
    while (at !== root) {
      const up = parent.get(at) ?? root;
      parent.set(at, root);
      at = up;
    }
    return root;
  };
  for (const { left, right } of edges) {
    const [a, b] = [`l${left}`, `r${right}`];
    if (!parent.has(a)) parent.set(a, a);
    if (!parent.has(b)) parent.set(b, b);
    parent.set(rootOf(a), rootOf(b));
  }
  const components = new Map<string, Edge[]>();
  for (const edge of edges) {
    const root = rootOf(`l${edge.left}`);
    const component = components.get(root);
    if (component === undefined) components.set(root, [edge]);
    else component.push(edge);
  }
  return [...components.values()];
};

/** Rows 1..n, columns 1..m+n; the last n columns stand for "alone" at no cost. Answers the row of each column. */
const hungarian = (cost: (row: number, column: number) => number, n: number, m: number): Int32Array => {
  const columns = m + n;
  const rowPotential = new Float64Array(n + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  const cameFrom = new Int32Array(columns + 1);
  for (let row = 1; row <= n; row++) {
    rowOf[0] = row;
    const least = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const used = new Uint8Array(columns + 1);
    let column = 0;
    do {
      used[column] = 1;
      const from = rowOf[column]!;
      let delta = Number.POSITIVE_INFINITY;
      let nearest = 0;
      for (let to = 1; to <= columns; to++) {
        if (used[to] === 1) continue;
        const reduced = (to > m ? 0 : cost(from, to)) - rowPotential[from]! - columnPotential[to]!;
        if (reduced < least[to]!) {
          least[to] = reduced;
          cameFrom[to] = column;
        }
        if (least[to]! < delta) {
          delta = least[to]!;
          nearest = to;
        }
      }
      for (let to = 0; to <= columns; to++) {
        if (used[to] === 1) {
          rowPotential[rowOf[to]!]! += delta;
          columnPotential[to]! -= delta;
        } else least[to]! -= delta;
      }
      column = nearest;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const before = cameFrom[column]!;
      rowOf[column] = rowOf[before]!;
      column = before;
    }
  }
  return rowOf;
};

const solve = (edges: readonly Edge[], pairs: Map<number, number>): void => {
  const [only] = edges;
  if (edges.length === 1 && only !== undefined) {
    pairs.set(only.left, only.right);
    return;
  }
  const lefts = [...new Set(edges.map(({ left }) => left))];
  const rights = [...new Set(edges.map(({ right }) => right))];
  const rowAt = new Map(lefts.map((left, index) => [left, index + 1]));
  const columnAt = new Map(rights.map((right, index) => [right, index + 1]));
  const [n, m] = [lefts.length, rights.length];
  // Costs are worths turned round; a pair without an edge costs more than staying alone.
  const costs = new Float64Array((n + 1) * (m + 1)).fill(1);
  for (const { left, right, worth } of edges) {
    const at = (rowAt.get(left) ?? 0) * (m + 1) + (columnAt.get(right) ?? 0);
    costs[at] = Math.min(costs[at]!, -worth);
  }
  const rowOf = hungarian((row, column) => costs[row * (m + 1) + column]!, n, m);
  for (let column = 1; column <= m; column++) {
    const row = rowOf[column]!;
    if (row > 0 && costs[row * (m + 1) + column]! < 0) pairs.set(lefts[row - 1]!, rights[column - 1]!);
  }
};

/** The pairs of the greatest total worth, by their left side. */
export const bestAssignment = (edges: readonly Edge[]): ReadonlyMap<number, number> => {
  const pairs = new Map<number, number>();
  for (const component of componentsOf(edges)) solve(component, pairs);
  return pairs;
};
