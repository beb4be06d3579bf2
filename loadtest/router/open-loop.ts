// Requests that come whether or not those before them have been answered: at a constant rate with
// random gaps (Poisson), timed from when they were due, so that a pause counts for everybody in it.

import { seededRandom } from "#shared/base/prng.ts";
import { latencyFigures, type LatencyFigures, type StreamTiming } from "./latency-figures.ts";

export interface OpenLoad {
  readonly perSecond: number;
  readonly tokens: number;
  readonly warmMs: number;
  readonly countedMs: number;
  /** With so many unanswered, one more is dropped. */
  readonly inFlightMax: number;
}

export interface OpenFigures {
  readonly offeredPerSecond: number;
  readonly due: number;
  readonly answered: number;
  readonly dropped: number;
  readonly errors: number;
  readonly inFlightMost: number;
  readonly latency: LatencyFigures;
}

/** When requests are due, in ms from the start, until `untilMs`. */
export function arrivalsMs(perSecond: number, untilMs: number, seed: number): number[] {
  const random = seededRandom(seed);
  const due: number[] = [];
  let ms = 0;
  for (;;) {
    ms += (-Math.log(1 - random.next()) * 1000) / perSecond;
    if (ms >= untilMs) return due;
    due.push(ms);
  }
}

export async function openLoop(
  load: OpenLoad,
  one: (tokens: number, dueMs: number) => Promise<StreamTiming>,
  seed: number,
): Promise<OpenFigures> {
  const dues = arrivalsMs(load.perSecond, load.warmMs + load.countedMs, seed);
  const timings: StreamTiming[] = [];
  let [inFlight, inFlightMost, dropped, errors, due] = [0, 0, 0, 0, 0];
  const pending = new Set<Promise<void>>();
  const send = async (dueMs: number, counted: boolean): Promise<void> => {
    inFlight += 1;
    inFlightMost = Math.max(inFlightMost, inFlight);
    try {
      const timing = await one(load.tokens, dueMs);
      if (counted) timings.push(timing);
    } catch {
      if (counted) errors += 1;
    } finally {
      inFlight -= 1;
    }
  };
  const startMs = performance.now();
  for (let at = 0; at < dues.length;) {
    const elapsedMs = performance.now() - startMs;
    for (; at < dues.length && (dues[at] ?? Infinity) <= elapsedMs; at++) {
      const dueMs = dues[at] ?? 0;
      const counted = dueMs >= load.warmMs;
      if (counted) due += 1;
      if (inFlight >= load.inFlightMax) dropped += counted ? 1 : 0;
      else {
        const sent = send(startMs + dueMs, counted).finally(() => pending.delete(sent));
        pending.add(sent);
      }
    }
    // Timers come a millisecond late: what was due in between is timed from its own moment.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  return {
    ...{ offeredPerSecond: load.perSecond, due, answered: timings.length, dropped, errors },
    ...{ inFlightMost, latency: latencyFigures(timings) },
  };
}
