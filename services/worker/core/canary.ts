// When an idle engine is given a short request of the worker's own, so that a broken device is
// known before a client meets it, and what its answer says. An engine that hangs at it needs no
// word from here: it runs a request and its step stands still, which is what routers look for
// anyway.
//
//   C1. An engine that moves, or has requests in hand, is not asked.
//   C2. One canary is out at a time.
//   C3. Greedy and alone, an engine answers the same each time; another answer is a broken engine.

export interface Canary {
  readonly idleMs: number;
  /** Whether the engine promises the same bits each time (C3). */
  readonly exact: boolean;
  /** The first answer; null until there is one. */
  expected: readonly number[] | null;
  step: number;
  movedAtMs: number;
  out: boolean;
}

/** What an engine counts, as far as it shows that requests pass through it. */
export interface Motion {
  readonly step: number;
  readonly running: number;
  readonly waiting: number;
}

export function createCanary(options: Pick<Canary, "idleMs" | "exact">, nowMs: number): Canary {
  return { ...options, expected: null, step: 0, movedAtMs: nowMs, out: false };
}

/** Spread over the vocabulary, so that each shard of it has one; of less than a cache block. */
export function canaryPrompt(vocab: number): number[] {
  return [0, 1, 2, 3].map((quarter) => Math.floor((quarter * vocab) / 4));
}

/** Whether to send a canary now; then onAnswer() or onNoAnswer() is to follow. */
export function onTick(canary: Canary, { step, running, waiting }: Motion, nowMs: number): boolean {
  if (canary.out) return false;
  if (step !== canary.step || running + waiting > 0) {
    canary.step = step;
    canary.movedAtMs = nowMs;
    return false;
  }
  if (nowMs - canary.movedAtMs < canary.idleMs) return false;
  canary.out = true;
  return true;
}

/** What is wrong with the engine by its answer; null: nothing. */
export function onAnswer(canary: Canary, ids: readonly number[], nowMs: number): string | null {
  onNoAnswer(canary, nowMs);
  canary.expected ??= ids;
  const { exact, expected } = canary;
  if (!exact || (ids.length === expected.length && ids.every((id, at) => id === expected[at]))) {
    return null;
  }
  const [got, before] = [ids, expected].map((it) => `[${it.join(", ")}]`);
  return `its canary's tokens were ${before} before and are ${got} now`;
}

/** The engine refused it or ended: others tell of that. */
export function onNoAnswer(canary: Canary, nowMs: number): void {
  canary.out = false;
  canary.movedAtMs = nowMs;
}
