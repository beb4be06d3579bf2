// What is known of a worker's pace, and for how long.
//
//   M1. A pace is remembered beside what was usual in the pool then: who was slow while everybody
//       was, because all had just started or others kept the machine busy, is as fast as the others
//       when they are fast again.
//   M2. What nobody has measured for a while drifts to the usual: a worker that was slow and is
//       sent nothing would otherwise be slow for ever.

export interface RememberedPace {
  /** Milliseconds for each token; 0 while nobody has measured it. */
  ms: number;
  measuredAtMs: number;
  /** The pool's when it was measured; 0 until the tick after. */
  usualMs: number;
}

export function newPace(nowMs: number): RememberedPace {
  return { ms: 0, measuredAtMs: nowMs, usualMs: 0 };
}

export function remember(pace: RememberedPace, ms: number, nowMs: number): void {
  pace.ms = ms;
  pace.measuredAtMs = nowMs;
  pace.usualMs = 0;
}

/** By M1 and M2, ms for each token, where it was measured; `usualMs` is the pool's now. */
export function paceNow(
  pace: RememberedPace,
  usualMs: number,
  keptMs: number,
  nowMs: number,
): number {
  const faster = pace.usualMs > 0 ? Math.min(1, usualMs / pace.usualMs) : 1;
  const ms = pace.ms * faster;
  const idleMs = nowMs - pace.measuredAtMs - keptMs;
  return idleMs <= 0 ? ms : usualMs + (ms - usualMs) * Math.exp(-idleMs / keptMs);
}
