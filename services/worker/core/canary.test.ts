import { expect, test } from "vitest";
import { canaryPrompt, createCanary, onAnswer, onNoAnswer, onTick } from "./canary.ts";

const idle = (step: number) => ({ step, running: 0, waiting: 0 });

test("an engine is asked when it has stood idle for long enough, and by one canary at a time", () => {
  const canary = createCanary({ idleMs: 3_000, exact: true }, 0);
  expect(onTick(canary, idle(0), 2_999)).toBe(false);
  expect(onTick(canary, idle(0), 3_000)).toBe(true);
  expect(onTick(canary, idle(0), 60_000)).toBe(false);
  expect(onAnswer(canary, [5, 6], 60_100)).toBeNull();
  expect(onTick(canary, idle(2), 63_200)).toBe(false); // It has seen the canary's own steps.
  expect(onTick(canary, idle(2), 66_199)).toBe(false);
  expect(onTick(canary, idle(2), 66_200)).toBe(true);
});

test("an engine with requests in hand is left alone, and so is one that moved meanwhile", () => {
  const canary = createCanary({ idleMs: 3_000, exact: true }, 0);
  expect(onTick(canary, { step: 0, running: 1, waiting: 0 }, 5_000)).toBe(false);
  expect(onTick(canary, { step: 0, running: 0, waiting: 1 }, 9_000)).toBe(false);
  expect(onTick(canary, idle(4), 10_000)).toBe(false);
  expect(onTick(canary, idle(4), 12_999)).toBe(false);
  expect(onTick(canary, idle(4), 13_000)).toBe(true);
});

test("another answer than the first is a broken engine, where the engine promises its bits", () => {
  for (const [exact, wrong] of [
    [true, "its canary's tokens were [5, 6] before and are [5, 7] now"],
    [false, null],
  ] as const) {
    const canary = createCanary({ idleMs: 0, exact }, 0);
    expect(onAnswer(canary, [5, 6], 1)).toBeNull();
    onNoAnswer(canary, 2);
    expect(onAnswer(canary, [5, 6], 3)).toBeNull();
    expect(onAnswer(canary, [5, 7], 4)).toBe(wrong);
  }
  const canary = createCanary({ idleMs: 0, exact: true }, 0);
  onAnswer(canary, [5, 6], 1);
  expect(onAnswer(canary, [5], 2)).not.toBeNull();
  expect(onAnswer(canary, [5, 6, 7], 3)).not.toBeNull();
});

test("the prompt has a token of each quarter of the vocabulary", () => {
  expect(canaryPrompt(32_000)).toEqual([0, 8_000, 16_000, 24_000]);
  expect(canaryPrompt(2)).toEqual([0, 0, 1, 1]);
});
