// What waits for a partition's turns. Three lanes, taken in order, each bounded: what the system
// itself needs to make progress is never stuck behind users' requests, and a cancel overtakes the
// work it is meant to stop.

import { BoundedQueue } from "#shared/base/bounded-queue.ts";

export const LANES = ["system", "cancel", "normal"] as const;
export type Lane = (typeof LANES)[number];

/** Per lane; a partition at its limit refuses with a retry hint. */
export const MAILBOX_MAX = 10_000;

export class Mailbox<T> {
  readonly #lanes: Record<Lane, BoundedQueue<T>>;

  constructor(capacity: number = MAILBOX_MAX) {
    this.#lanes = {
      system: new BoundedQueue<T>(capacity),
      cancel: new BoundedQueue<T>(capacity),
      normal: new BoundedQueue<T>(capacity),
    };
  }

  get size(): number {
    return this.#lanes.system.size + this.#lanes.cancel.size + this.#lanes.normal.size;
  }

  /** False when that lane is full; the letter was not taken in. */
  push(lane: Lane, letter: T): boolean {
    return this.#lanes[lane].push(letter);
  }

  take(): T | undefined {
    for (const lane of LANES) {
      const letter = this.#lanes[lane].take();
      if (letter !== undefined) return letter;
    }
    return undefined;
  }
}
