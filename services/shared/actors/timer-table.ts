// Timers of a partition's actors. What is set is state (it comes from events); what is next is a
// binary heap over it with lazy deletion, rebuilt from the state whenever that is replaced.
//
//   T1. `#due` has one entry per timer; the heap may hold stale ones, which `next` drops.

export interface DueTimer {
  readonly actor: string;
  readonly id: string;
  readonly atMs: number;
}

export class TimerTable {
  readonly #due = new Map<string, DueTimer>();
  #heap: DueTimer[] = [];

  get size(): number {
    return this.#due.size;
  }

  applySet(actor: string, id: string, atMs: number | null): void {
    const key = keyOf(actor, id);
    if (atMs === null) {
      this.#due.delete(key);
      return;
    }
    const timer = { actor, id, atMs };
    this.#due.set(key, timer);
    this.#push(timer);
  }

  /** The timer's time, or null when it is not set (any more). */
  dueAtMs(actor: string, id: string): number | null {
    return this.#due.get(keyOf(actor, id))?.atMs ?? null;
  }

  /** The earliest timer, without taking it. */
  next(): DueTimer | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return undefined;
      if (this.#due.get(keyOf(top.actor, top.id)) === top) return top;
      this.#pop();
    }
  }

  /** Takes the earliest timer off the heap; it stays set until the event that clears it. */
  takeNext(): DueTimer | undefined {
    const top = this.next();
    if (top !== undefined) this.#pop();
    return top;
  }

  plain(): unknown {
    return [...this.#due.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, timer]) => [key, timer.atMs]);
  }

  #push(timer: DueTimer): void {
    const heap = this.#heap;
    heap.push(timer);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#at(parent).atMs <= timer.atMs) break;
      heap[at] = this.#at(parent);
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#at(child + 1).atMs < this.#at(child).atMs) child += 1;
      if (this.#at(child).atMs >= last.atMs) break;
      heap[at] = this.#at(child);
      at = child;
    }
    heap[at] = last;
  }

  #at(index: number): DueTimer {
    return this.#heap[index] as DueTimer;
  }
}

function keyOf(actor: string, id: string): string {
  return `${actor}\n${id}`;
}
