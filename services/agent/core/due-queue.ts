// Who is to be looked at when: a binary heap of (time, key) where a key has at most one time.
// Setting a key again outdates its older entry, which is dropped when it comes up. Bounded by the
// number of keys: outdated entries are swept when they outnumber the live ones.

interface Entry<K> {
  readonly dueMs: number;
  readonly key: K;
}

const SWEEP_MIN = 64; // Below this, sweeping costs more than it saves.

export class DueQueue<K> {
  #heap: Entry<K>[] = [];
  readonly #dueOf = new Map<K, number>();

  /** `null` takes the key out. */
  set(key: K, dueMs: number | null): void {
    if (dueMs === null) {
      this.#dueOf.delete(key);
      return;
    }
    if (this.#dueOf.get(key) === dueMs) return;
    this.#dueOf.set(key, dueMs);
    this.#heap.push({ dueMs, key });
    this.#up(this.#heap.length - 1);
    if (this.#heap.length > SWEEP_MIN && this.#heap.length > 2 * this.#dueOf.size) this.#sweep();
  }

  /** When the first key is due; `null` when none is. */
  nextMs(): number | null {
    this.#dropOutdated();
    return this.#heap[0]?.dueMs ?? null;
  }

  /** Takes one key due at `nowMs` or before. */
  take(nowMs: number): K | null {
    this.#dropOutdated();
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return null;
    this.#dueOf.delete(first.key);
    this.#pop();
    return first.key;
  }

  #dropOutdated(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#dueOf.get(first.key) === first.dueMs) return;
      this.#pop();
    }
  }

  #sweep(): void {
    this.#heap = [...this.#dueOf].map(([key, dueMs]) => ({ dueMs, key }));
    this.#heap.sort((a, b) => a.dueMs - b.dueMs); // A sorted array is a heap.
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child =
        right < this.#heap.length && this.#at(right).dueMs < this.#at(left).dueMs ? right : left;
      if (this.#at(at).dueMs <= this.#at(child).dueMs) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#at(parent).dueMs <= this.#at(at).dueMs) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #at(index: number): Entry<K> {
    return this.#heap[index] as Entry<K>;
  }

  #swap(a: number, b: number): void {
    const entry = this.#at(a);
    this.#heap[a] = this.#at(b);
    this.#heap[b] = entry;
  }
}
