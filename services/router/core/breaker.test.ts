// When a worker is no longer trusted, and how it is trusted again.

import { expect, test } from "vitest";
import { seededRandom } from "#shared/base/prng.ts";
import { isTripped, leaseProbe, newBreaker, onFailure, onPace, onSuccess } from "./breaker.ts";
import { releaseProbe, trip, wantsProbe } from "./breaker.ts";
import type { Breaker } from "./breaker.ts";
import { BREAKER_DEFAULTS as options } from "./options.ts";

const random = seededRandom(7);
const fail = (breaker: Breaker, nowMs: number, id = "r"): boolean =>
  onFailure(breaker, options, random, id, nowMs);
const succeed = (breaker: Breaker, nowMs: number, id = "r"): boolean =>
  onSuccess(breaker, options, id, nowMs);

/** When it is half open at the latest. */
const LATER = 1_000_000;

test("five failures in a row open it, four and a success do not", () => {
  const breaker = newBreaker(0);
  for (let round = 0; round < 2; round++) {
    // The rate: 4 of 5, then 8 of 10, would open it.
    for (let i = 0; i < 4; i++) expect(fail(breaker, round * 40_000)).toBe(false);
    succeed(breaker, round * 40_000);
  }
  for (let i = 0; i < 4; i++) expect(fail(breaker, 80_000)).toBe(false);
  expect(fail(breaker, 80_000)).toBe(true);
  expect(isTripped(breaker, 80_000)).toBe(true);
});

test("half of at least ten within the window open it, wherever a slice begins", () => {
  for (const startMs of [0, 14_900, 29_999]) {
    const breaker = newBreaker(0);
    for (let i = 0; i < 5; i++) {
      succeed(breaker, startMs + i * 1_000);
      if (i < 4) expect(fail(breaker, startMs + i * 1_000)).toBe(false);
    }
    expect(fail(breaker, startMs + 5_000)).toBe(true);
  }
});

test("what is older than the window does not count", () => {
  const breaker = newBreaker(0);
  for (let i = 0; i < 4; i++) {
    fail(breaker, i);
    succeed(breaker, i);
  }
  for (let i = 0; i < 2; i++) {
    expect(fail(breaker, 40_000 + i)).toBe(false);
    succeed(breaker, 40_000 + i);
  }
});

test("half open takes one probe at a time, and closes after three that succeed", () => {
  const breaker = newBreaker(0);
  trip(breaker, options, random, 0);
  expect(wantsProbe(breaker, 4_999)).toBe(false);
  for (const id of ["a", "b", "c"]) {
    expect(leaseProbe(breaker, options, id, LATER)).toBe(true);
    expect(leaseProbe(breaker, options, "other", LATER)).toBe(false);
    expect(succeed(breaker, LATER, "other")).toBe(false);
    expect(succeed(breaker, LATER, id)).toBe(id === "c");
  }
  expect(isTripped(breaker, LATER)).toBe(false);
});

test("a probe that is never answered does not keep its place", () => {
  const breaker = newBreaker(0);
  trip(breaker, options, random, 0);
  expect(leaseProbe(breaker, options, "lost", LATER)).toBe(true);
  expect(wantsProbe(breaker, LATER + 9_999)).toBe(false);
  expect(leaseProbe(breaker, options, "next", LATER + 10_000)).toBe(true);
  expect(succeed(breaker, LATER + 10_001, "lost")).toBe(false);
  expect(fail(breaker, LATER + 10_001, "lost")).toBe(false);
  releaseProbe(breaker, "next");
  expect(wantsProbe(breaker, LATER + 10_002)).toBe(true);
});

test("open for 5 s, doubled up to 60 s, with up to half more; forgotten after a quiet minute", () => {
  const breaker = newBreaker(0);
  let nowMs = 0;
  for (const openMs of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    if (nowMs === 0) trip(breaker, options, random, nowMs);
    else expect(fail(breaker, nowMs, "probe")).toBe(true);
    const { state } = breaker;
    const untilMs = state.kind === "open" ? state.untilMs : Number.NaN;
    expect(untilMs - nowMs).toBeGreaterThanOrEqual(openMs);
    expect(untilMs - nowMs).toBeLessThanOrEqual(openMs * 1.5);
    nowMs = untilMs;
    expect(leaseProbe(breaker, options, "probe", nowMs)).toBe(true);
  }
  succeed(breaker, nowMs, "probe");
  for (const id of ["x", "y"]) {
    leaseProbe(breaker, options, id, nowMs);
    succeed(breaker, nowMs, id);
  }
  trip(breaker, options, random, nowMs + 60_000);
  expect(wantsProbe(breaker, nowMs + 60_000 + 7_500)).toBe(true);
});

test("eight slow first tokens of ten open it", () => {
  const breaker = newBreaker(0);
  const slow = [true, true, true, false, true, true, true, false, true];
  for (const isSlow of slow) expect(onPace(breaker, options, random, isSlow, 0)).toBe(false);
  expect(onPace(breaker, options, random, true, 0)).toBe(true);
});
