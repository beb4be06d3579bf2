// A loop that stands still is told from one that waits for a processor.

import { expect, test } from "vitest";
import { parseThreadTimes } from "../main-thread.ts";
import { stallMs } from "./loop-stall.ts";

const THEN = { ranMs: 500, waitedMs: 100 };

test.each([
  ["computes without an end", 1_500, { ranMs: 1_950, waitedMs: 150, isRunnable: true }, 1_450],
  ["waits for its turn to begin", 1_700, { ranMs: 500, waitedMs: 100, isRunnable: true }, 0],
  ["had a few short turns", 1_700, { ranMs: 528, waitedMs: 1_500, isRunnable: true }, 28],
  ["sleeps in a call", 1_500, { ranMs: 510, waitedMs: 110, isRunnable: false }, 1_490],
  ["slept after its turn", 1_500, { ranMs: 510, waitedMs: 1_560, isRunnable: false }, 40],
  ["has nothing to do", 40, { ranMs: 501, waitedMs: 100, isRunnable: false }, 40],
  ["is told of late", 10, { ranMs: 540, waitedMs: 100, isRunnable: true }, 10],
])("a loop that %s", (_, ageMs, now, expected) => {
  expect(stallMs(ageMs, THEN, now)).toBe(expected);
});

test("where the kernel does not say, its age is all there is", () => {
  expect(stallMs(1_500, null, null)).toBe(1_500);
  expect(stallMs(1_500, THEN, null)).toBe(1_500);
  expect(stallMs(-1, null, null)).toBe(0);
  expect(parseThreadTimes("0 0 0\n")).toBeNull();
  expect(parseThreadTimes("nothing")).toBeNull();
  expect(parseThreadTimes("1500000 250000 7\n")).toEqual({ ranMs: 1.5, waitedMs: 0.25 });
});
