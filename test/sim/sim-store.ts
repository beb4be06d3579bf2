// The agent's disk: a store whose batches take time to reach it. What a crash finds under way is on
// disk or is not, by chance.

import { Failure } from "#shared/base/errors.ts";
import { MemoryStore } from "#shared/state/memory-store.ts";
import type { RangeOptions, Store, StoreOp } from "#shared/state/store.ts";
import type { Stage } from "./stage.ts";

interface Batch {
  readonly ops: readonly StoreOp[];
  readonly resolve: () => void;
  readonly reject: (failure: Failure) => void;
}

const FLUSH_MS_MAX = 8;
/** How long the mutant ack-before-flush leaves rows in memory. */
const UNFLUSHED_MS = 400;

export class SimStore implements Store {
  readonly #stage: Stage;
  #disk = new MemoryStore();
  #underWay: Batch[] = [];
  #fullUntilMs = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  get<T>(table: string, key: string): T | undefined {
    return this.#disk.get<T>(table, key);
  }

  range<T>(table: string, options?: RangeOptions): { key: string; value: T }[] {
    return this.#disk.range<T>(table, options);
  }

  commit(ops: readonly StoreOp[]): Promise<void> {
    const early = this.#stage.mutant === "ack-before-flush";
    return new Promise((resolve, reject) => {
      const batch = { ops, resolve, reject };
      this.#underWay.push(batch);
      if (early) resolve();
      this.#stage.clock.at(
        this.#stage.between(0, FLUSH_MS_MAX) + (early ? UNFLUSHED_MS : 0),
        "disk",
        () => this.#land(batch),
      );
    });
  }

  commitLazy(ops: readonly StoreOp[]): void {
    this.#disk.commitLazy(ops);
  }

  async flushed(): Promise<void> {}

  async wipe(): Promise<void> {
    this.#disk = new MemoryStore();
  }

  async close(): Promise<void> {}

  refuseFor(ms: number): void {
    this.#fullUntilMs = this.#stage.clock.monotonicMs() + ms;
  }

  /**
   * The process is gone: each batch under way is on disk or it is not, and none after one that is
   * not.
   */
  crash(): void {
    const batches = this.#underWay;
    this.#underWay = [];
    for (const [at, { ops }] of batches.entries()) {
      if (this.#stage.chance(0.5)) {
        void this.#disk.commit(ops);
        continue;
      }
      if (batches.slice(at).some((batch) => batch.ops.length > 0))
        this.#stage.hit("agent-killed-unflushed");
      return;
    }
  }

  #land(batch: Batch): void {
    if (this.#underWay[0] !== batch) {
      // Batches reach the disk in order; one that a crash has settled is not here any more.
      if (this.#underWay.includes(batch)) this.#stage.clock.at(1, "disk", () => this.#land(batch));
      return;
    }
    this.#underWay.shift();
    this.#stage.clock.stirred = true;
    if (this.#stage.clock.monotonicMs() < this.#fullUntilMs) {
      this.#stage.hit("journal-refused");
      batch.reject(new Failure("FULL", "the disk is full"));
      return;
    }
    void this.#disk.commit(batch.ops);
    batch.resolve();
  }
}
