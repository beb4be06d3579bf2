// When to ask the queue next. One poll covers every job of ours, so its rate depends on whether
// things change, never on how many jobs there are.
//
//   S1. Two polls start at least `minMs` apart.
//   S2. With nothing changing the gap grows by half each time, up to `maxMs`.
//   S3. Whoever expects a change gets a poll as soon as S1 allows; all such wishes share it.

export interface PollSchedule {
  readonly minMs: number;
  readonly maxMs: number;
  gapMs: number;
  startedAtMs: number;
  nextAtMs: number;
  inFlight: boolean;
  /** Somebody asked for a poll after the one in flight had started. */
  expected: boolean;
}

const GROWTH = 1.5;

export function newPollSchedule(minMs: number, maxMs: number, nowMs: number): PollSchedule {
  return {
    minMs,
    maxMs,
    gapMs: minMs,
    startedAtMs: nowMs - minMs,
    nextAtMs: nowMs,
    inFlight: false,
    expected: true,
  };
}

/** Something is about to change: ask as soon as S1 allows, and often again. */
export function expectChange(schedule: PollSchedule, nowMs: number): void {
  schedule.expected = true;
  schedule.gapMs = schedule.minMs;
  const soonestMs = Math.max(nowMs, schedule.startedAtMs + schedule.minMs);
  schedule.nextAtMs = Math.min(schedule.nextAtMs, soonestMs);
}

export function onPollStarted(schedule: PollSchedule, nowMs: number): void {
  schedule.inFlight = true;
  schedule.expected = false;
  schedule.startedAtMs = nowMs;
  schedule.nextAtMs = nowMs + schedule.gapMs;
}

export function onPollEnded(schedule: PollSchedule, changed: boolean): void {
  const lively = changed || schedule.expected;
  schedule.inFlight = false;
  schedule.gapMs = lively
    ? schedule.minMs
    : Math.min(schedule.maxMs, Math.ceil(schedule.gapMs * GROWTH));
  schedule.nextAtMs = schedule.startedAtMs + schedule.gapMs;
}
