// How fast the tokens of a worker's running streams come, beside what is usual in its pool for as
// many streams and as many prompts: who has become slow shows it there before anybody new waits for
// a first token.
//
// Gaps are those of this router's own streams, summed over windows: the time they waited, over the
// tokens that came in it. A mean of single gaps would hide a worker that stops and goes on.
//
//   T1. More streams than usual take at most so many times as long for a step, and prompts take
//       their time of the step they share: neither is slowness.
//
// pace-memory.ts says for how long that is known.

import type { Pool } from "./fleet-state.ts";
import type { FleetOptions } from "./options.ts";
import { newPace, paceNow, remember } from "./pace-memory.ts";
import type { RememberedPace } from "./pace-memory.ts";
import type { Worker } from "./worker.ts";

export interface TokenPace {
  /** Since when the window that is open gathers; null: none is. */
  fromMs: number | null;
  waitedMs: number;
  tokens: number;
  /** Between tokens of a stream, the mean of windows. */
  readonly itl: RememberedPace;
  /** Streams there in those windows. */
  streams: number;
  /** Prompt tokens that the worker computes in a step, by its reports. */
  promptsPerStep: number;
}

/** Of a new window in the means: five of a slow worker's say so, one bad one does not. */
const WINDOW_WEIGHT = 0.3;

export function newTokenPace(nowMs: number): TokenPace {
  return {
    ...{ fromMs: null, waitedMs: 0, tokens: 0 },
    ...{ itl: newPace(nowMs), streams: 0, promptsPerStep: 0 },
  };
}

/** A stream of `worker` has waited `gapMs` for its next `count` tokens; a window is a period. */
export function onGap(
  options: FleetOptions,
  pool: Pool,
  worker: Worker,
  gapMs: number,
  count: number,
  nowMs: number,
): void {
  const { pace } = worker;
  pace.fromMs ??= nowMs - gapMs;
  pace.waitedMs += gapMs;
  pace.tokens += count;
  if (nowMs - pace.fromMs < options.periodMs) return;
  const running = Math.max(1, worker.inFlight.size, worker.progress?.running ?? 0);
  const isFirst = pace.itl.ms === 0 && pool.usualItlMs === 0;
  const known = isFirst ? 0 : itlMsOf(options, pool, worker, nowMs);
  remember(pace.itl, mean(known, pace.waitedMs / pace.tokens), nowMs);
  pace.streams = mean(pace.streams, running);
  pace.fromMs = null;
  pace.waitedMs = 0;
  pace.tokens = 0;
}

/** Between two reports the engine went `steps` on and computed so many prompt tokens. */
export function onSteps(pace: TokenPace, steps: number, promptTokens: number): void {
  const sample = promptTokens / steps;
  pace.promptsPerStep += (sample - pace.promptsPerStep) * WINDOW_WEIGHT;
}

/** Between tokens of a stream at this worker, in milliseconds. */
export function itlMsOf(options: FleetOptions, pool: Pool, worker: Worker, nowMs: number): number {
  const { itl } = worker.pace;
  if (itl.ms === 0) return pool.usualItlMs > 0 ? pool.usualItlMs : options.itlMs;
  return paceNow(itl, usualItlMs(pool, worker.pace), options.paceKeptMs, nowMs);
}

/** By how much its tokens come later than they may, for each; 0 for all but slow workers. */
export function dragMsPerToken(
  options: FleetOptions,
  pool: Pool,
  worker: Worker,
  nowMs: number,
): number {
  if (worker.pace.itl.ms === 0 || pool.usualItlMs === 0) return 0;
  const allowedMs = options.dragFactor * usualItlMs(pool, worker.pace);
  return Math.max(0, itlMsOf(options, pool, worker, nowMs) - allowedMs);
}

/** T1. A first token's pace is more than a prompt token takes: it has waited for steps, too. */
export function usualItlMs(pool: Pool, { streams, promptsPerStep }: TokenPace): number {
  const more = pool.usualStreams > 0 ? Math.max(1, streams / pool.usualStreams) : 1;
  const prompts = Math.max(0, promptsPerStep - pool.usualPromptsPerStep);
  return pool.usualItlMs * more + prompts * pool.medianMsPerToken;
}

function mean(known: number, sample: number): number {
  return known === 0 ? sample : known + (sample - known) * WINDOW_WEIGHT;
}
