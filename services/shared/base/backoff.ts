// Exponential back-off with full jitter (M. Brooker, "Exponential Backoff And Jitter", 2015).

import type { Random } from "./prng.ts";

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Uniform in [0, min(maxMs, firstMs × 2^(tries-1))]; `tries` counts from 1. */
export function backoffMs(backoff: Backoff, tries: number, random: Random): number {
  const ceiling = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(tries - 1, 40));
  return Math.round(random.next() * ceiling);
}
