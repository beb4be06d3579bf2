// The one order of a graph of tasks: Kahn's algorithm by layers. A task's depth is the longest path
// to it, and within a depth the place in the manifest decides, so the order is a function of the
// graph and of nothing else.

export type Order =
  /** Task indexes in order. */
  | { readonly kind: "order"; readonly order: readonly number[] }
  /** Indexes along a cycle; each needs the next, and the last needs the first. */
  | { readonly kind: "cycle"; readonly cycle: readonly number[] };

/** `needs[i]` lists the indexes that task i needs, each once. O(tasks + needs). */
export function orderOf(needs: readonly (readonly number[])[]): Order {
  const missing = needs.map((list) => list.length);
  const neededBy: number[][] = needs.map(() => []);
  for (const [task, list] of needs.entries()) {
    for (const need of list) (neededBy[need] as number[]).push(task);
  }
  const order: number[] = [];
  let layer = [...missing.keys()].filter((task) => missing[task] === 0);
  while (layer.length > 0) {
    const next: number[] = [];
    for (const task of layer) {
      order.push(task);
      for (const later of neededBy[task] as number[]) {
        if ((missing[later] = (missing[later] as number) - 1) === 0) next.push(later);
      }
    }
    layer = next.sort((a, b) => a - b);
  }
  if (order.length === needs.length) return { kind: "order", order };
  return { kind: "cycle", cycle: cycleAmong(needs, missing) };
}

/**
 * Every task left over needs another one left over: following the first such need must come round.
 */
function cycleAmong(needs: readonly (readonly number[])[], missing: readonly number[]): number[] {
  let task = missing.findIndex((count) => count > 0);
  const placeOf = new Map<number, number>();
  const walk: number[] = [];
  while (!placeOf.has(task)) {
    placeOf.set(task, walk.length);
    walk.push(task);
    task = (needs[task] as number[]).find((need) => (missing[need] as number) > 0) as number;
  }
  const cycle = walk.slice(placeOf.get(task));
  // Begin at the first of them in the manifest, so that the message does not depend on the walk.
  const first = cycle.indexOf(Math.min(...cycle));
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
