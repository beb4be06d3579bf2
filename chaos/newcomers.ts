// Streams that are sent while one worker is slow: did they go elsewhere, as they should? Pure.

export interface Newcomers {
  readonly sent: number;
  /** To the slow worker. */
  readonly there: number;
}

/** By how long each took, in milliseconds, and where. */
export interface Took {
  readonly there: readonly number[];
  readonly elsewhere: readonly number[];
}

/** Of all: half of the turn of one among three. One must go there for the router to learn. */
const THERE_MAX = 1 / 6;
/**
 * Whoever went there has taken so many times as long, else nobody could have known: where others
 * keep the machine busy a worker that is stopped nine tenths of the time catches up in the tenth.
 */
const SLOW_MIN = 4;

/** `unslow`: many went there, and it was not slow for them. */
export function judgeNewcomers({ there, elsewhere }: Took): "avoided" | "chosen" | "unslow" {
  const sent = there.length + elsewhere.length;
  if (there.length <= THERE_MAX * sent) return "avoided";
  return medianOf(there) < SLOW_MIN * medianOf(elsewhere) ? "unslow" : "chosen";
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
