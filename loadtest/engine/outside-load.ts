// What others take of the machine while something is measured: all processors' busy time less that
// of the measured process and our own.

import { readFileSync } from "node:fs";

export interface ProcessorTimes {
  /** Seconds since boot, summed over processors; stolen time is busy, waiting for a disk is not. */
  readonly busy: number;
  readonly total: number;
}

const TICKS_PER_SECOND = 100; // USER_HZ

/** From the text of /proc/stat. */
export function processorTimesOf(stat: string): ProcessorTimes {
  const first = stat.slice(0, stat.indexOf("\n"));
  // user nice system idle iowait irq softirq steal; guest times are in user already.
  const ticks = first.split(/\s+/).slice(1, 9).map(Number);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: (total - idle) / TICKS_PER_SECOND, total: total / TICKS_PER_SECOND };
}

export function processorTimes(): ProcessorTimes {
  return processorTimesOf(readFileSync("/proc/stat", "utf8"));
}

/**
 * The share of all processors that others used between two readings, `ownSeconds` being the
 * measured processes' own. Ticks are coarse: below zero counts as none.
 */
export function outsideShare(
  before: ProcessorTimes,
  after: ProcessorTimes,
  ownSeconds: number,
): number {
  const total = after.total - before.total;
  if (total <= 0) return 0;
  return Math.min(1, Math.max(0, (after.busy - before.busy - ownSeconds) / total));
}
