// So many streams in flight for so long: one ends, the next begins. Those that began before the
// warm-up was over are not counted.

import { setTimeout as sleep } from "node:timers/promises";
import { latencyFigures, type LatencyFigures, type StreamTiming } from "./latency-figures.ts";

export interface Load {
  readonly inFlight: number;
  /** Of output, each stream. */
  readonly tokens: number;
  readonly warmMs: number;
  readonly countedMs: number;
}

/** What one contestant did in one turn. */
export interface Turn {
  readonly streams: number;
  readonly tokens: number;
  /** That tokens came in: several tokens in one are merged on the way. */
  readonly messages: number;
  readonly seconds: number;
  readonly errors: readonly string[];
  readonly latency: LatencyFigures;
}

const ERRORS_KEPT = 3;

export type OneStream = (tokens: number) => Promise<StreamTiming>;

/** `onCounted` is told when the warm-up is over and when the last counted moment is. */
export async function closedLoop(
  load: Load,
  one: OneStream,
  onCounted: (part: "begins" | "ends") => void = () => {},
): Promise<Turn> {
  const beginMs = performance.now() + load.warmMs;
  const endMs = beginMs + load.countedMs;
  const stopWatch = watchCounted(load, onCounted);
  const timings: StreamTiming[] = [];
  const errors: string[] = [];
  const lane = async (at: number): Promise<void> => {
    // One after another: streams of one length that begin together would end together for ever.
    await sleep((load.warmMs / 2) * (at / load.inFlight));
    while (performance.now() < endMs && errors.length < ERRORS_KEPT) {
      try {
        const timing = await one(load.tokens);
        // Ends in the counted time: as many begin before it as run on behind it.
        if (timing.endedMs >= beginMs && timing.endedMs < endMs) timings.push(timing);
      } catch (reason) {
        errors.push(reason instanceof Error ? reason.message : String(reason));
      }
    }
  };
  await Promise.all(Array.from({ length: load.inFlight }, (_, at) => lane(at)));
  stopWatch();
  return {
    streams: timings.length,
    tokens: timings.reduce((sum, { tokens }) => sum + tokens, 0),
    messages: timings.reduce((sum, { messageMs }) => sum + messageMs.length, 0),
    seconds: load.countedMs / 1000,
    errors,
    latency: latencyFigures(timings),
  };
}

/** Tells when the counted time begins and ends; the end is told by the returned function at last. */
export function watchCounted(
  { warmMs, countedMs }: Load,
  onCounted: (part: "begins" | "ends") => void,
): () => void {
  let ended = false;
  const end = (): void => {
    if (!ended) onCounted("ends");
    ended = true;
  };
  const begins = setTimeout(() => onCounted("begins"), warmMs);
  const ends = setTimeout(end, warmMs + countedMs);
  return () => {
    clearTimeout(begins);
    clearTimeout(ends);
    end();
  };
}
