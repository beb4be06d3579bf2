// The store without a disk: for tests and simulations. It keeps its rows encoded, so a value that
// would not survive LMDB does not survive here either. `crash()` forgets what was not flushed.

import { finishRange, fullKeyOf, boundsOf, decodeValue, mergeRows, rowsOf } from "./store-batch.ts";
import type { Rows } from "./store-batch.ts";
import type { RangeOptions, Store, StoreOp } from "./store.ts";

export class MemoryStore implements Store {
  /** What a restart would find. */
  #durable: Rows = new Map();
  #rows: Rows = new Map();
  #failNext: Error | null = null;
  commits = 0;

  get<T>(table: string, key: string): T | undefined {
    const full = fullKeyOf(table, key);
    const bytes = this.#rows.get(full);
    return bytes === undefined || bytes === null ? undefined : (decodeValue(bytes, full) as T);
  }

  range<T>(table: string, options: RangeOptions = {}): { key: string; value: T }[] {
    const [low, high] = boundsOf(table, options.from, options.to);
    const rows = mergeRows([], this.#rows, low, high, options.reverse === true);
    return finishRange<T>(rows, options.limit ?? Number.POSITIVE_INFINITY);
  }

  async commit(ops: readonly StoreOp[]): Promise<void> {
    const reason = this.#failNext;
    this.#failNext = null;
    if (reason !== null) throw reason;
    this.#apply(ops);
    this.#durable = new Map(this.#rows);
    this.commits += 1;
  }

  commitLazy(ops: readonly StoreOp[]): void {
    this.#apply(ops);
  }

  flushed(): Promise<void> {
    return this.commit([]);
  }

  async wipe(): Promise<void> {
    this.#rows = new Map();
    this.#durable = new Map();
  }

  async close(): Promise<void> {
    this.#durable = new Map(this.#rows);
  }

  /** The next commit() rejects with `reason` and writes nothing. */
  failNext(reason: Error): void {
    this.#failNext = reason;
  }

  /** A process died: what was only handed in lazily is gone. */
  crash(): void {
    this.#rows = new Map(this.#durable);
  }

  #apply(ops: readonly StoreOp[]): void {
    for (const [key, bytes] of rowsOf(ops)) {
      if (bytes === null) this.#rows.delete(key);
      else this.#rows.set(key, bytes);
    }
  }
}
