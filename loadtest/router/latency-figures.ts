// When the pieces of streams came, and what that is called. A message is what arrived at once; it
// may hold several tokens.
//
//   TTFT  from sending (open loop: from when it was due) to the first message with a token
//   E2EL  from there to the end of the stream
//   TPOT  (E2EL - TTFT) / (tokens - 1), one of each stream
//   ITL   every gap between messages, as vLLM counts it

import { percentile, rounded } from "../figures.ts";

export interface StreamTiming {
  readonly startedMs: number;
  /** Of messages that brought tokens. */
  readonly messageMs: readonly number[];
  readonly endedMs: number;
  readonly tokens: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export interface LatencyFigures {
  readonly ttftMs: Percentiles;
  readonly tpotMs: Percentiles;
  readonly itlMs: Percentiles;
  readonly e2elMs: Percentiles;
}

export function latencyFigures(streams: readonly StreamTiming[]): LatencyFigures {
  const ttft = streams.map(({ startedMs, messageMs }) => (messageMs[0] ?? NaN) - startedMs);
  const e2el = streams.map(({ startedMs, endedMs }) => endedMs - startedMs);
  const tpot = streams
    .map(({ tokens }, at) => ((e2el[at] ?? NaN) - (ttft[at] ?? NaN)) / (tokens - 1))
    .filter((ms) => Number.isFinite(ms));
  const itl = streams.flatMap(({ messageMs }) =>
    messageMs.slice(1).map((ms, at) => ms - (messageMs[at] ?? NaN)),
  );
  return {
    ttftMs: percentilesOf(ttft),
    tpotMs: percentilesOf(tpot),
    itlMs: percentilesOf(itl),
    e2elMs: percentilesOf(e2el),
  };
}

export function percentilesOf(samples: readonly number[]): Percentiles {
  return { p50: rounded(percentile(samples, 50), 3), p99: rounded(percentile(samples, 99), 3) };
}
