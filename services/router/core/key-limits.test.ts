// Buckets are exact: to the millisecond, and over every span.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyLimits } from "#shared/base/api-key.ts";
import { newKeyUse, remainingRequests, remainingTokens } from "./key-limits.ts";
import { setLimits, settle, take } from "./key-limits.ts";

const NONE: KeyLimits = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null };
const rate = fc.integer({ min: 1, max: 5_000 });
const steps = fc.array(fc.nat(20_000), { minLength: 1, maxLength: 60 });

test("in no span do more begin than the rate gives, and none is refused that it would give", () => {
  fc.assert(
    fc.property(rate, steps, (perMinute, waits) => {
      const use = newKeyUse({ ...NONE, requestsPerMinute: perMinute }, 0);
      const begun: number[] = [];
      let nowMs = 0;
      for (const waitMs of waits) {
        nowMs += waitMs;
        for (let i = 0; i < 40; i++) {
          const taken = take(use, 0, nowMs);
          if (taken.kind === "taken") {
            begun.push(nowMs);
            settle(use, taken.tokens, 0, nowMs);
            continue;
          }
          const at = nowMs + taken.retryAfterMs;
          expect(take(structuredClone(use), 0, at - 1).kind).toBe("limited");
          expect(take(structuredClone(use), 0, at).kind).toBe("taken");
          break;
        }
      }
      for (let from = 0; from < begun.length; from += 7) {
        for (let to = from; to < begun.length; to += 5) {
          const ms = (begun[to] ?? 0) - (begun[from] ?? 0);
          expect((to - from + 1) * 60_000).toBeLessThanOrEqual(perMinute * (60_000 + ms));
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("tokens: refusals are exact, estimates are settled, and at the end nothing is left", () => {
  const event = fc.record({
    ...{ waitMs: fc.nat(5_000), tokens: fc.nat(3_000), used: fc.nat(3_000), ends: fc.boolean() },
  });
  fc.assert(
    fc.property(rate, fc.array(event, { maxLength: 60 }), (perMinute, events) => {
      const limits = { requestsPerMinute: 100, tokensPerMinute: perMinute, concurrent: 5 };
      const use = newKeyUse(limits, 0);
      const running: { charged: number; used: number }[] = [];
      let nowMs = 0;
      let begun = 0;
      let balance = 0;
      for (const { waitMs, tokens, used, ends } of events) {
        nowMs += waitMs;
        const ending = ends ? running.shift() : undefined;
        if (ending !== undefined) {
          settle(use, ending.charged, ending.used, nowMs);
          balance += ending.used - ending.charged;
        }
        const before = structuredClone(use);
        const taken = take(use, tokens, nowMs);
        if (taken.kind === "taken") {
          running.push({ charged: taken.tokens, used });
          begun += 1;
          balance += taken.tokens;
        } else if (taken.by !== "concurrent") {
          const at = nowMs + taken.retryAfterMs;
          expect(take(before, tokens, at - 1).kind).toBe("limited");
          expect(take(structuredClone(use), tokens, at).kind).toBe("taken");
        }
        expect(use.running).toBe(running.length);
        expect(running.length).toBeLessThanOrEqual(5);
        expect(begun * 60_000).toBeLessThanOrEqual(100 * (60_000 + nowMs));
        // What is out is at most a full bucket, what came in since, and what ended as a debt.
        const debt = Math.max(0, -(use.tokens?.level ?? 0));
        expect(balance * 60_000).toBeLessThanOrEqual(perMinute * (60_000 + nowMs) + debt);
      }
      for (const { charged, used } of running) settle(use, charged, used, nowMs);
      expect(use.running).toBe(0);
      const debtMs = remainingTokens(use, nowMs)?.resetMs ?? 0;
      const full = nowMs + Math.max(60_000, debtMs);
      expect(remainingTokens(use, full)).toMatchObject({ remaining: perMinute, resetMs: 0 });
      expect(remainingRequests(use, full)).toMatchObject({ remaining: 100, resetMs: 0 });
    }),
    { numRuns: 100 },
  );
});

test("a request larger than a minute's tokens waits for a full bucket and leaves a debt", () => {
  const use = newKeyUse({ ...NONE, tokensPerMinute: 1_000 }, 0);
  const taken = take(use, 5_000, 0);
  expect(taken).toEqual({ kind: "taken", tokens: 1_000 });
  settle(use, 1_000, 4_000, 0);
  expect(remainingTokens(use, 0)).toEqual({ limit: 1_000, remaining: 0, resetMs: 240_000 });
  expect(take(use, 1, 0)).toMatchObject({ by: "tokens", retryAfterMs: 180_060 });
});

test("other limits do not forget what was used", () => {
  const use = newKeyUse({ ...NONE, requestsPerMinute: 10 }, 0);
  for (let i = 0; i < 10; i++) take(use, 0, 0);
  setLimits(use, { ...NONE, requestsPerMinute: 100 }, 0);
  expect(take(use, 0, 0)).toMatchObject({ by: "requests", retryAfterMs: 600 });
  setLimits(use, { ...NONE, concurrent: 1 }, 0);
  expect(take(use, 0, 0)).toMatchObject({ by: "concurrent" });
});
