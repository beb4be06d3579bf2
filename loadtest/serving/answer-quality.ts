// What many answers come to, in the words that the field's load tools use. All times in ms.
//
//   TTFT         from when the request was due to its first chunk with content
//   E2EL         from when it was due to its last chunk with content
//   TPOT         (E2EL - TTFT) / (output tokens - 1), one of each answer with two tokens or more
//   ITL          every gap between two chunks with content of one answer, as vLLM counts it
//   longest gap  the longest of these in each answer: what a reader takes for a stall
//   lateness     from due to sent: what the generator itself added; it is part of TTFT and E2EL
//   goodput      answers a second that kept every promise made (the SLOs)
//
// A request that is due is timed from then, sent or not: one that waits behind a slow answer waits
// in the figures too (no coordinated omission). Failed requests are counted by kind; they are in no
// latency, and never good.

import { percentile, rounded } from "../figures.ts";

export interface Answer {
  readonly kind: "answered";
  readonly dueMs: number;
  readonly sentMs: number;
  /** When each chunk with content came, in order; never empty. */
  readonly chunkMs: readonly number[];
  readonly promptTokens: number;
  /** Of the prompt, read from a cache; null: the endpoint does not say. */
  readonly cachedTokens: number | null;
  readonly outputTokens: number;
  /** Of output tokens: what the endpoint said, or, where it said nothing, the number of chunks. */
  readonly counted: "usage" | "chunks";
}

export interface Failed {
  readonly kind: "failed";
  readonly dueMs: number;
  /** One of few: `status 503`, `cut short`. */
  readonly error: string;
}

export type Outcome = Answer | Failed;

/** Promises about one answer; null: none of that kind. `itlMs` holds for every gap. */
export interface Slo {
  readonly ttftMs: number | null;
  readonly tpotMs: number | null;
  readonly itlMs: number | null;
  readonly e2elMs: number | null;
}

export interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Quality {
  /** Requests that were due. */
  readonly requests: number;
  readonly answered: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Null: no promise was made. */
  readonly goodputPerSecond: number | null;
  readonly outputTokensPerSecond: number;
  readonly totalTokensPerSecond: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** `chunks` when any answer's endpoint did not say how many tokens it had. */
  readonly counted: "usage" | "chunks";
  /** Null where nothing was answered (or no answer had two chunks or tokens). */
  readonly ttftMs: Spread | null;
  readonly tpotMs: Spread | null;
  readonly itlMs: Spread | null;
  readonly e2elMs: Spread | null;
  readonly longestGapMs: Spread | null;
  readonly lateMs: Spread | null;
  /** Answers with a gap over the limit that was asked for. */
  readonly stalled: number;
}

export interface QualityOptions {
  readonly slo: Slo;
  /** A gap over this makes an answer a stalled one. */
  readonly stallMs: number;
  /** That the requests came in, and the last answers after it. */
  readonly seconds: number;
}

export function qualityOf(outcomes: readonly Outcome[], options: QualityOptions): Quality {
  const { seconds, slo, stallMs } = options;
  const answers = outcomes.filter((outcome) => outcome.kind === "answered");
  const sum = (of: (answer: Answer) => number): number =>
    answers.reduce((total, answer) => total + of(answer), 0);
  const [promptTokens, outputTokens] = [sum((it) => it.promptTokens), sum((it) => it.outputTokens)];
  const perSecond = (count: number): number => rounded(count / seconds, 3);
  const longest = answers.map(gapsOf).filter((gaps) => gaps.length > 0);
  const longestGaps = longest.map((gaps) => gaps.reduce((most, gap) => Math.max(most, gap)));
  const promised = Object.values(slo).some((limit) => limit !== null);
  return {
    ...{ requests: outcomes.length, answered: answers.length, errors: errorsOf(outcomes) },
    ...{ seconds: rounded(seconds, 3), requestsPerSecond: perSecond(answers.length) },
    goodputPerSecond: promised ? perSecond(answers.filter((it) => keeps(it, slo)).length) : null,
    outputTokensPerSecond: perSecond(outputTokens),
    totalTokensPerSecond: perSecond(promptTokens + outputTokens),
    ...{ promptTokens, cachedTokens: sum((it) => it.cachedTokens ?? 0), outputTokens },
    counted: answers.every(({ counted }) => counted === "usage") ? "usage" : "chunks",
    ttftMs: spreadOf(answers.map(ttftOf)),
    tpotMs: spreadOf(answers.map(tpotOf).filter((ms) => ms !== null)),
    itlMs: spreadOf(answers.flatMap(gapsOf)),
    e2elMs: spreadOf(answers.map(e2elOf)),
    longestGapMs: spreadOf(longestGaps),
    lateMs: spreadOf(answers.map(({ dueMs, sentMs }) => sentMs - dueMs)),
    stalled: longestGaps.filter((gap) => gap > stallMs).length,
  };
}

export function ttftOf({ dueMs, chunkMs }: Answer): number {
  return (chunkMs[0] ?? Number.NaN) - dueMs;
}

export function e2elOf({ dueMs, chunkMs }: Answer): number {
  return (chunkMs.at(-1) ?? Number.NaN) - dueMs;
}

/** Null of one token: there is no time between tokens. */
export function tpotOf(answer: Answer): number | null {
  if (answer.outputTokens < 2) return null;
  return (e2elOf(answer) - ttftOf(answer)) / (answer.outputTokens - 1);
}

export function gapsOf({ chunkMs }: Answer): number[] {
  return chunkMs.slice(1).map((ms, at) => ms - (chunkMs[at] ?? Number.NaN));
}

/** Whether an answer kept every promise. */
export function keeps(answer: Answer, slo: Slo): boolean {
  const within = (ms: number | null, limit: number | null): boolean =>
    limit === null || ms === null || ms <= limit;
  return (
    within(ttftOf(answer), slo.ttftMs) &&
    within(e2elOf(answer), slo.e2elMs) &&
    within(tpotOf(answer), slo.tpotMs) &&
    gapsOf(answer).every((gap) => within(gap, slo.itlMs))
  );
}

function errorsOf(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    if (outcome.kind === "failed") counts[outcome.error] = (counts[outcome.error] ?? 0) + 1;
  }
  return counts;
}

/** Percentiles by nearest rank. */
export function spreadOf(samples: readonly number[]): Spread | null {
  if (samples.length === 0) return null;
  const sorted = samples.toSorted((a, b) => a - b);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const at = (p: number): number => rounded(percentile(sorted, p), 3);
  return { mean: rounded(mean, 3), p50: at(50), p90: at(90), p99: at(99), max: at(100) };
}
