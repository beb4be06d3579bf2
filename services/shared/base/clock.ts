// Time as the rest of the code sees it: a port, so that a test or a simulation can own it.

/** Wall and monotonic time. Both in milliseconds; `monotonicMs` never goes back. */
export interface Clock {
  nowMs(): number;
  monotonicMs(): number;
}

/**
 * Runs `callback` once after `delayMs`. The returned function cancels it; calling it late is
 * harmless.
 */
export interface Timers {
  after(delayMs: number, callback: () => void): () => void;
}
