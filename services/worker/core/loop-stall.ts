// How long an event loop has stood still, by what the kernel says of its thread. Pure.
//
// On a machine with more to do than processors a loop may not turn for seconds and be well: it has
// not had its turn. What it waited for a processor is the machine's, and nobody's illness.

/** Of the thread that the loop runs on, since it began. */
export interface ThreadTimes {
  /** With a processor. */
  readonly ranMs: number;
  /** Wanting one. The kernel adds a wait when it is over. */
  readonly waitedMs: number;
}

/**
 * Of the `ageMs` since it last turned, when its thread's times were `then`. Null: the kernel does
 * not say. A thread that wants a processor has stood still for as long as it ran, whatever it
 * waits; one that sleeps, in a call that blocks it, for all the time but what it waited before.
 */
export function stallMs(
  ageMs: number,
  then: ThreadTimes | null,
  now: (ThreadTimes & { readonly isRunnable: boolean }) | null,
): number {
  if (then === null || now === null) return Math.max(0, ageMs);
  const waitedMs = now.waitedMs - then.waitedMs;
  const stalledMs = now.isRunnable ? now.ranMs - then.ranMs : ageMs - waitedMs;
  return Math.min(Math.max(0, ageMs), Math.max(0, stalledMs));
}
