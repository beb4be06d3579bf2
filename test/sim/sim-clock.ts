// The one clock of a simulated world: a queue of events by virtual time. What falls on the same
// millisecond happens in an order drawn from the seed, so no part can rely on luck.
//
//   K1. Time moves only when an event is taken, and never back.
//   K2. Nothing of a process that was killed runs again: its events are dropped when they come up.

import type { Clock, Timers } from "#shared/base/clock.ts";
import type { Random } from "#shared/base/prng.ts";

interface SimEvent {
  readonly atMs: number;
  readonly tie: number;
  readonly order: number;
  readonly label: string;
  run: (() => void) | null;
}

const WALL_START_MS = Date.UTC(2026, 0, 1);

export class SimClock implements Clock {
  /**
   * Set by whoever settles a promise: the world then lets promises settle before the next event.
   */
  stirred = false;
  readonly #random: Random;
  #heap: SimEvent[] = [];
  #elapsedMs = 0;
  #order = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  nowMs(): number {
    return WALL_START_MS + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  /** Runs `run` after `delayMs`; the result cancels it. */
  at(delayMs: number, label: string, run: () => void): () => void {
    const atMs = this.#elapsedMs + Math.max(0, Math.ceil(delayMs));
    const event: SimEvent = { atMs, tie: this.#random.next(), order: this.#order++, label, run };
    this.#push(event);
    return () => {
      event.run = null;
    };
  }

  /** Moves on to the next event and runs it; its label, or null when nothing is left. */
  step(): string | null {
    for (let event = this.#pop(); event !== null; event = this.#pop()) {
      const { run } = event;
      if (run === null) continue;
      this.#elapsedMs = event.atMs;
      run();
      return event.label;
    }
    return null;
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as SimEvent;
      if (!isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): SimEvent | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return null;
    const last = heap.pop() as SimEvent;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as SimEvent, heap[child] as SimEvent))
        child += 1;
      if (!isBefore(heap[child] as SimEvent, last)) break;
      heap[at] = heap[child] as SimEvent;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.tie !== b.tie) return a.tie < b.tie;
  return a.order < b.order;
}

/** One process's share of the clock: all of it ends when the process is killed. */
export class Scope implements Clock, Timers {
  readonly name: string;
  readonly #clock: SimClock;
  readonly #random: Random;
  #alive = true;

  constructor(name: string, clock: SimClock, random: Random) {
    this.name = name;
    this.#clock = clock;
    this.#random = random;
  }

  get alive(): boolean {
    return this.#alive;
  }

  kill(): void {
    this.#alive = false;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.at(delayMs, this.name, () => {
      if (!this.#alive) return;
      this.#clock.stirred = true;
      callback();
    });
  }

  /** Soon: in this millisecond or the next. */
  defer(task: () => void): void {
    this.after(this.#random.next() < 0.8 ? 0 : 1, task);
  }

  /** `promise` while the process lives; after that nobody hears of it. */
  guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (this.#alive) resolve(value);
        },
        (error: unknown) => {
          if (this.#alive) reject(error);
        },
      );
    });
  }
}
