// What a simulated engine is made of. Time and timers come in as ports, so a test owns them.

import type { Clock, Timers } from "#shared/base/clock.ts";
import type { SamplingDefaults } from "../engine.ts";

/** What one step computes. */
export interface StepWork {
  /** Requests that each get a token. */
  readonly sequences: number;
  /** Tokens of prompts, or of outputs computed again. */
  readonly prefillTokens: number;
}

/** How long a step takes, in milliseconds, before jitter. */
export type LatencyModel = (work: StepWork) => number;

export interface SimulatedOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly latency: LatencyModel;
  /** A step takes up to this fraction longer or shorter, by `seed`. */
  readonly jitter: number;
  /** Of jitter; tokens depend on `modelSeed`, the request's seed and the tokens before alone. */
  readonly seed: number;
  /** Engines with the same one go on with each other's output as they would have themselves. */
  readonly modelSeed: number;
  readonly vocab: number;
  readonly eosIds: readonly number[];
  /** About so many tokens come before an end-of-sequence id; null: none ever comes. */
  readonly meanTokens: number | null;
  readonly defaults: SamplingDefaults;
  readonly contextMax: number;
  /** Of 32 tokens. */
  readonly blocks: number;
  readonly prefixCache: boolean;
  readonly stepTokens: number;
  readonly sequencesMax: number;
  readonly waitingMax: number;
}

const NO_DEFAULTS: SamplingDefaults = {
  temperature: null,
  topK: null,
  topP: null,
  minP: null,
  repetitionPenalty: null,
};

/** An engine about as fast as one large GPU with a model of eight billion parameters. */
export const SIMULATED_DEFAULTS: Omit<SimulatedOptions, "clock" | "timers"> = {
  latency: linearLatency({ stepMs: 8, sequenceMs: 0.1, prefillTokensPerSecond: 20_000 }),
  jitter: 0.05,
  seed: 1,
  modelSeed: 1,
  vocab: 32_000,
  eosIds: [2],
  meanTokens: 200,
  defaults: NO_DEFAULTS,
  contextMax: 8192,
  blocks: 4096,
  prefixCache: true,
  stepTokens: 2048,
  sequencesMax: 64,
  waitingMax: 1024,
};

/** Every step `stepMs`, every sequence in it a little more, prompts by their length. */
export function linearLatency(rates: {
  readonly stepMs: number;
  readonly sequenceMs: number;
  readonly prefillTokensPerSecond: number;
}): LatencyModel {
  return ({ sequences, prefillTokens }) =>
    rates.stepMs +
    rates.sequenceMs * sequences +
    (1000 * prefillTokens) / rates.prefillTokensPerSecond;
}
