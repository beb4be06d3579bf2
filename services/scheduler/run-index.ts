// Summaries of all runs, newest first: what lists and pages are made from.

import type { RunState } from "./core/state.ts";
import type { RunSummary } from "./engine.ts";

interface Shelf {
  readonly byId: Map<string, RunSummary>;
  /** Oldest first; nearly always appended to. */
  order: { readonly id: string; readonly submittedAtMs: number }[];
}

export class RunIndex {
  readonly #shelves = new Map<string, Shelf>();

  namespaces(): IterableIterator<string> {
    return this.#shelves.keys();
  }

  put(run: RunState): void {
    if (run.phase === "receiving") return;
    const { id, namespace, workflow, submittedAtMs } = run.meta;
    const shelf = this.#shelfOf(namespace);
    const known = shelf.byId.get(id);
    const clusters = known?.clusters ?? clustersOf(run);
    const { phase, endedAtMs } = run;
    shelf.byId.set(id, { id, workflow, phase, submittedAtMs, endedAtMs, clusters });
    if (known !== undefined) return;
    let at = shelf.order.length;
    while (at > 0 && after(shelf.order[at - 1], submittedAtMs, id)) at -= 1;
    shelf.order.splice(at, 0, { id, submittedAtMs });
  }

  newestFirst(namespace: string): RunSummary[] {
    const shelf = this.#shelves.get(namespace);
    if (shelf === undefined) return [];
    const runs: RunSummary[] = [];
    for (let i = shelf.order.length - 1; i >= 0; i--) {
      const run = shelf.byId.get(shelf.order[i]?.id ?? "");
      if (run !== undefined) runs.push(run);
    }
    return runs;
  }

  #shelfOf(namespace: string): Shelf {
    let shelf = this.#shelves.get(namespace);
    if (shelf === undefined) {
      shelf = { byId: new Map(), order: [] };
      this.#shelves.set(namespace, shelf);
    }
    return shelf;
  }
}

function after(
  other: { readonly id: string; readonly submittedAtMs: number } | undefined,
  submittedAtMs: number,
  id: string,
): boolean {
  if (other === undefined) return false;
  return (
    other.submittedAtMs > submittedAtMs || (other.submittedAtMs === submittedAtMs && other.id > id)
  );
}

function clustersOf(run: RunState): string[] {
  return [...new Set(run.tasks.map((task) => task.cluster ?? ""))].toSorted();
}
