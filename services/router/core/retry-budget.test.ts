// A failing fleet is not sent everything twice.

import { expect, test } from "vitest";
import { newRetryBudget, onRequest, RETRY_BUDGET_DEFAULTS, takeRetry } from "./retry-budget.ts";
import type { RetryBudget } from "./retry-budget.ts";

function taken(budget: RetryBudget, tries: number, nowMs: number): number {
  let count = 0;
  for (let i = 0; i < tries; i++) if (takeRetry(budget, nowMs)) count += 1;
  return count;
}

test("a fifth of the traffic and three a second may be retries", () => {
  const budget = newRetryBudget(RETRY_BUDGET_DEFAULTS);
  for (let i = 0; i < 1_000; i++) onRequest(budget, i * 9);
  expect(taken(budget, 5_000, 9_000)).toBe(230);
  expect(taken(budget, 10, 9_999)).toBe(0);
});

test("old traffic gives nothing, and old retries take nothing", () => {
  const budget = newRetryBudget(RETRY_BUDGET_DEFAULTS);
  for (let i = 0; i < 1_000; i++) onRequest(budget, 0);
  expect(taken(budget, 5_000, 0)).toBe(230);
  expect(taken(budget, 5_000, 10_000)).toBe(30);
  expect(taken(budget, 5_000, 100_000)).toBe(30);
});
