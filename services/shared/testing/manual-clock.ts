// Time that moves only when a test says so.

import type { Clock, Timers } from "#shared/base/clock.ts";

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Wall time starts at `startMs`, monotonic time at 0. Timers fire in order of due time. */
export class ManualClock implements Clock, Timers {
  readonly #startMs: number;
  #elapsedMs = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const atMs = this.#elapsedMs + Math.max(0, delayMs);
    const pending = { atMs, order: this.#order++, callback };
    this.#pending.add(pending);
    return () => void this.#pending.delete(pending);
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Time until the next timer, `null` without one. */
  nextMs(): number | null {
    const next = this.#next();
    return next === undefined ? null : next.atMs - this.#elapsedMs;
  }

  /** Moves on by `ms`, firing what falls due on the way, also what those timers add. */
  advance(ms: number): void {
    const untilMs = this.#elapsedMs + ms;
    for (let next = this.#next(); next !== undefined && next.atMs <= untilMs; next = this.#next()) {
      this.#fire(next);
    }
    this.#elapsedMs = untilMs;
  }

  /** The same, letting promises settle between timers. */
  async advanceAsync(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settle();
    for (let next = this.#next(); next !== undefined && next.atMs <= untilMs; next = this.#next()) {
      this.#fire(next);
      await settle();
    }
    this.#elapsedMs = untilMs;
    await settle();
  }

  #fire(next: Pending): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
    this.#pending.delete(next);
    next.callback();
  }

  #next(): Pending | undefined {
    let best: Pending | undefined;
    for (const it of this.#pending) {
      if (
        best === undefined ||
        it.atMs < best.atMs ||
        (it.atMs === best.atMs && it.order < best.order)
      ) {
        best = it;
      }
    }
    return best;
  }
}

/** Lets everything that is ready to run do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
