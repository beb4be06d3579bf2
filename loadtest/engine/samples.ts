// From samples taken in turns to one figure each: medians, and which samples count.

/** One answer: the median step of that answer, and what others took of the machine meanwhile. */
export interface Sample {
  readonly stepSeconds: number;
  readonly outside: number;
}

export interface Summary {
  readonly stepSeconds: number;
  /** Mean outside load of the samples that count. */
  readonly outside: number;
  readonly samples: number;
}

/** Above this share of the machine the figure is as much about the others as about the engine. */
export const OUTSIDE_MAX = 0.1;
/** So many quiet samples are enough to leave the disturbed ones out. */
const QUIET_MIN = 3;

/**
 * The samples under little outside load where there are enough of them, else all. What a sample
 * says never decides whether it counts.
 */
export function counted<T extends { readonly outside: number }>(
  samples: readonly T[],
): readonly T[] {
  const quiet = samples.filter(({ outside }) => outside <= OUTSIDE_MAX);
  return quiet.length >= QUIET_MIN ? quiet : samples;
}

/** The median of the samples that count; `null` of none. */
export function summaryOf(samples: readonly Sample[]): Summary | null {
  const these = counted(samples);
  if (these.length === 0) return null;
  const stepSeconds = middle(these.map((sample) => sample.stepSeconds));
  return { stepSeconds, outside: meanOutside(these), samples: these.length };
}

/** Of at least one. */
export function meanOutside(samples: readonly { readonly outside: number }[]): number {
  return samples.reduce((sum, { outside }) => sum + outside, 0) / samples.length;
}

/** The median; of an even number of values the mean of the two in the middle. NaN of none. */
export function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
