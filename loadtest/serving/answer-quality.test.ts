// The statistics, on examples worked by hand.

import { expect, test } from "vitest";
import {
  e2elOf,
  gapsOf,
  keeps,
  qualityOf,
  spreadOf,
  tpotOf,
  ttftOf,
  type Answer,
  type Slo,
} from "./answer-quality.ts";

const NO_SLO: Slo = { ttftMs: null, tpotMs: null, itlMs: null, e2elMs: null };

/** Due at 100, sent 3 ms later; chunks of content at 120, 130, 170 and 180 with five tokens. */
const answer: Answer = {
  ...{ kind: "answered", dueMs: 100, sentMs: 103, chunkMs: [120, 130, 170, 180] },
  ...{ promptTokens: 10, cachedTokens: 4, outputTokens: 5, counted: "usage" },
};

test("times are from when the request was due, not from when it was sent", () => {
  expect(ttftOf(answer)).toBe(20);
  expect(e2elOf(answer)).toBe(80);
});

test("TPOT is the time after the first token over the other tokens, not over the chunks", () => {
  expect(tpotOf(answer)).toBe((80 - 20) / 4);
  expect(tpotOf({ ...answer, chunkMs: [120], outputTokens: 1 })).toBeNull();
});

test("ITL is every gap between chunks", () => {
  expect(gapsOf(answer)).toEqual([10, 40, 10]);
  expect(gapsOf({ ...answer, chunkMs: [120] })).toEqual([]);
});

test("an answer is good when it keeps every promise, and the limit itself is kept", () => {
  expect(keeps(answer, NO_SLO)).toBe(true);
  const kept: Slo = { ttftMs: 20, tpotMs: 15, itlMs: 40, e2elMs: 80 };
  expect(keeps(answer, kept)).toBe(true);
  for (const [name, limit] of Object.entries(kept)) {
    expect(keeps(answer, { ...kept, [name]: limit - 0.1 }), name).toBe(false);
  }
  expect(keeps({ ...answer, outputTokens: 1, chunkMs: [110] }, { ...NO_SLO, tpotMs: 1 })).toBe(
    true,
  );
});

test("many answers come to figures per second of the time they took, errors counted by kind", () => {
  const late: Answer = { ...answer, dueMs: 0, sentMs: 60, cachedTokens: null, outputTokens: 3 };
  const failed = { kind: "failed", dueMs: 1, error: "status 503" } as const;
  const quality = qualityOf([answer, late, failed, failed, { ...failed, error: "cut short" }], {
    ...{ slo: { ...NO_SLO, ttftMs: 20 }, stallMs: 39, seconds: 0.5 },
  });
  expect(quality).toEqual({
    ...{ requests: 5, answered: 2, errors: { "status 503": 2, "cut short": 1 }, seconds: 0.5 },
    ...{ requestsPerSecond: 4, goodputPerSecond: 2, counted: "usage" },
    ...{ outputTokensPerSecond: 16, totalTokensPerSecond: 56 },
    ...{ promptTokens: 20, cachedTokens: 4, outputTokens: 8, stalled: 2 },
    ttftMs: { mean: 70, p50: 20, p90: 120, p99: 120, max: 120 },
    tpotMs: { mean: 22.5, p50: 15, p90: 30, p99: 30, max: 30 },
    itlMs: { mean: 20, p50: 10, p90: 40, p99: 40, max: 40 },
    e2elMs: { mean: 130, p50: 80, p90: 180, p99: 180, max: 180 },
    longestGapMs: { mean: 40, p50: 40, p90: 40, p99: 40, max: 40 },
    lateMs: { mean: 31.5, p50: 3, p90: 60, p99: 60, max: 60 },
  });
});

test("a gap as long as the limit is no stall, and without promises there is no goodput", () => {
  const quality = qualityOf([answer], { slo: NO_SLO, stallMs: 40, seconds: 1 });
  expect(quality).toMatchObject({ stalled: 0, goodputPerSecond: null });
});

test("one answer whose tokens were counted by chunks says so for all", () => {
  const guessed: Answer = { ...answer, counted: "chunks" };
  const options = { slo: NO_SLO, stallMs: 1, seconds: 1 };
  expect(qualityOf([answer, guessed], options).counted).toBe("chunks");
});

test("percentiles are by nearest rank, and none of nothing", () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
  expect(spreadOf(hundred)).toEqual({ mean: 50.5, p50: 50, p90: 90, p99: 99, max: 100 });
  expect(spreadOf([])).toBeNull();
});
