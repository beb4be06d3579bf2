// The pure clocks of the core: when to poll, how often to call, who is due.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  callsPerMinute,
  newCallBudget,
  nextCallMs,
  onCallAnswered,
  onCallUnanswered,
  takeCall,
} from "./call-budget.ts";
import { DueQueue } from "./due-queue.ts";
import { expectChange, newPollSchedule, onPollEnded, onPollStarted } from "./poll-schedule.ts";

test("the gap between polls grows to its bound while nothing changes, and a change resets it", () => {
  const schedule = newPollSchedule(2_000, 300_000, 0);
  const starts: number[] = [];
  for (let poll = 0; poll < 20; poll++) {
    const atMs = schedule.nextAtMs;
    starts.push(atMs);
    onPollStarted(schedule, atMs);
    onPollEnded(schedule, false);
  }
  expect(starts.slice(0, 5)).toEqual([0, 3_000, 7_500, 14_250, 24_375]);
  expect(schedule.gapMs).toBe(300_000);
  expect(starts.filter((atMs) => atMs <= 300_000).length).toBeLessThan(12);
  expectChange(schedule, schedule.startedAtMs + 500);
  expect(schedule.nextAtMs).toBe(schedule.startedAtMs + 2_000);
});

test("a change expected while a poll is out brings another one soon", () => {
  const schedule = newPollSchedule(2_000, 300_000, 0);
  onPollStarted(schedule, 0);
  onPollEnded(schedule, false);
  onPollStarted(schedule, 3_000);
  expectChange(schedule, 3_100);
  onPollEnded(schedule, false);
  expect(schedule.nextAtMs).toBe(5_000);
});

test("polls start at least minMs apart, whatever is expected when", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5_000), fc.boolean(), fc.boolean())), (steps) => {
      const schedule = newPollSchedule(2_000, 300_000, 0);
      let nowMs = 0;
      let lastMs = Number.NEGATIVE_INFINITY;
      for (const [waitMs, expected, changed] of steps) {
        nowMs += waitMs;
        if (expected) expectChange(schedule, nowMs);
        if (nowMs < schedule.nextAtMs) continue;
        expect(nowMs - lastMs).toBeGreaterThanOrEqual(2_000);
        lastMs = nowMs;
        onPollStarted(schedule, nowMs);
        onPollEnded(schedule, changed);
      }
    }),
  );
});

test("in any window at most depth + rate × window calls are made", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3_000), { maxLength: 300 }), (waits) => {
      const budget = newCallBudget(5, 20, 0);
      const taken: number[] = [];
      let nowMs = 0;
      for (const waitMs of waits) {
        nowMs += waitMs % 7 === 0 ? waitMs : 0;
        if (takeCall(budget, false, nowMs)) taken.push(nowMs);
        else expect(nextCallMs(budget, false, nowMs)).toBeGreaterThan(nowMs);
      }
      for (const [index, fromMs] of taken.entries()) {
        const last = taken.at(-1) ?? 0;
        const windowS = (last - fromMs) / 1000;
        expect(taken.length - index).toBeLessThanOrEqual(20 + 5 * windowS + 1);
      }
    }),
  );
});

test("five unanswered calls open the breaker; one probe a wait passes; an answer closes it", () => {
  const budget = newCallBudget(5, 20, 0);
  for (let miss = 0; miss < 5; miss++) {
    expect(takeCall(budget, false, miss)).toBe(true);
    onCallUnanswered(budget, miss);
  }
  expect(takeCall(budget, false, 100)).toBe(false);
  expect(takeCall(budget, true, 100)).toBe(false);
  const probeMs = nextCallMs(budget, true, 100);
  expect(takeCall(budget, true, probeMs)).toBe(true);
  expect(takeCall(budget, true, probeMs)).toBe(false);
  onCallUnanswered(budget, probeMs);
  expect(nextCallMs(budget, true, probeMs)).toBe(probeMs + 10_000);
  // An outage of ten minutes costs at most a call a minute in the end.
  let nowMs = probeMs;
  let calls = 0;
  while (nowMs < 600_000) {
    nowMs = nextCallMs(budget, true, nowMs);
    if (takeCall(budget, true, nowMs)) calls += 1;
    onCallUnanswered(budget, nowMs);
  }
  expect(calls).toBeLessThanOrEqual(13);
  expect(callsPerMinute(budget, nowMs)).toBeLessThanOrEqual(2);
  onCallAnswered(budget);
  expect(takeCall(budget, false, nowMs)).toBe(true);
});

test("calls that cost nothing are counted and not limited", () => {
  const budget = newCallBudget(0, 0, 0);
  for (let call = 0; call < 100; call++) expect(takeCall(budget, false, 0)).toBe(true);
  expect(callsPerMinute(budget, 30_000)).toBe(100);
  expect(callsPerMinute(budget, 61_000)).toBe(0);
});

test("the due queue gives keys back in order of time, each at its latest setting", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(20), fc.option(fc.nat(1_000))), { maxLength: 200 }),
      (settings) => {
        const queue = new DueQueue<number>();
        const expected = new Map<number, number>();
        for (const [key, dueMs] of settings) {
          queue.set(key, dueMs);
          if (dueMs === null) expected.delete(key);
          else expected.set(key, dueMs);
        }
        const order: number[] = [];
        for (let next = queue.nextMs(); next !== null; next = queue.nextMs()) {
          expect(queue.take(next - 1)).toBeNull();
          const key = queue.take(next);
          expect(expected.get(key ?? -1)).toBe(next);
          expected.delete(key ?? -1);
          order.push(next);
        }
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect(expected.size).toBe(0);
      },
    ),
  );
});
