// The main thread as Linux sees it, from any thread of the process.

import { readFileSync } from "node:fs";
import type { ThreadTimes } from "./core/loop-stall.ts";

const NS_PER_MS = 1e6;

/** Null where the kernel does not say. */
export function mainThreadTimes(): ThreadTimes | null {
  try {
    return parseThreadTimes(readFileSync("/proc/self/schedstat", "utf8"));
  } catch {
    return null; // Not Linux, or without the figures.
  }
}

/** It runs, or would if it had a processor. */
export function mainThreadNow(): (ThreadTimes & { readonly isRunnable: boolean }) | null {
  const times = mainThreadTimes();
  if (times === null) return null;
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The name before it may contain anything, also parentheses.
  return { ...times, isRunnable: stat.startsWith(" R", stat.lastIndexOf(")") + 1) };
}

/** proc(5), schedstat: nanoseconds on a processor, nanoseconds waiting for one, turns. */
export function parseThreadTimes(text: string): ThreadTimes | null {
  const [ran = 0, waited = 0] = text.split(" ").map(Number);
  // A kernel built without the figures writes noughts.
  if (!(ran > 0) || !Number.isFinite(waited)) return null;
  return { ranMs: ran / NS_PER_MS, waitedMs: waited / NS_PER_MS };
}
