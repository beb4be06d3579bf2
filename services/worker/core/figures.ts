// How a worker is getting on, in numbers: what the engine counts, joined with what the worker has
// in hand. Pure; the shell samples them every BEAT_MS.

import { promptTokensLeft, type SessionCore } from "./sessions.ts";

/** In the order in which they stand in memory shared with the thread that sends them. */
export const FIGURE_NAMES = [
  "engineStep",
  "tokensOut",
  "lastStepMs",
  "running",
  "waiting",
  "promptTokensLeft",
  "blocksFree",
  "blocks",
  "state",
  "promptTokens",
  "cachedTokens",
] as const;

export type Figures = { readonly [N in (typeof FIGURE_NAMES)[number]]: number };

/** The numbers of WorkerState in worker.proto. */
export const STATE_NUMBERS = { ready: 1, draining: 2, drained: 2, failed: 3, sick: 4 } as const;

/** The engine's own counts that figures are made of. */
export interface EngineCounts {
  readonly step: number;
  readonly tokensOut: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly running: number;
  readonly waiting: number;
  readonly blocks: number;
  readonly blocksFree: number;
  readonly lastStepSeconds: number;
}

/**
 * An engine may not have looked at its newest requests yet; those that were let in count as waiting
 * until it has, so that figures never leave out a request that a router was told is in them.
 * `isSick`: a GPU is broken; of a worker that drains or has failed that is no news.
 */
export function figuresOf(core: SessionCore, counts: EngineCounts, isSick: boolean): Figures {
  const { kind } = core.phase;
  return {
    engineStep: counts.step,
    tokensOut: counts.tokensOut,
    lastStepMs: counts.lastStepSeconds * 1000,
    running: counts.running,
    waiting: Math.max(counts.waiting, core.live.size - counts.running),
    promptTokensLeft: promptTokensLeft(core),
    blocksFree: counts.blocksFree,
    blocks: counts.blocks,
    state: STATE_NUMBERS[kind === "ready" && isSick ? "sick" : kind],
    promptTokens: counts.promptTokens,
    cachedTokens: counts.cachedTokens,
  };
}
