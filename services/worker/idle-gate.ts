// For work of the worker's own that nobody may wait for: it passes while nobody is served, and not
// before that has been so for a moment.

import type { Clock, Timers } from "#shared/base/clock.ts";

export interface IdleGateOptions {
  /** Whether nobody is served, and new requests are taken. */
  readonly isIdle: () => boolean;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** A conversation's next request comes after its answer was read; a burst's comes sooner. */
const CALM_MS = 500;
const POLL_MS = 100;

export class IdleGate {
  readonly #options: IdleGateOptions;
  #busyAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;
  #wake: () => void = () => {};

  constructor(options: IdleGateOptions) {
    this.#options = options;
  }

  /** Somebody came. */
  onBusy(): void {
    this.#busyAtMs = this.#options.clock.monotonicMs();
  }

  /** At once where it is calm. False: closed. */
  async passed(): Promise<boolean> {
    const { isIdle, clock, timers } = this.#options;
    while (!this.#closed) {
      if (!isIdle()) this.onBusy();
      else if (clock.monotonicMs() - this.#busyAtMs >= CALM_MS) return true;
      await new Promise<void>((resolve) => {
        const cancel = timers.after(POLL_MS, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    return false;
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }
}
