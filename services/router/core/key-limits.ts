// What a key may use: requests and tokens by the minute, and so many at once.
//
// A bucket's level is counted in units of 1/60,000, so that a whole millisecond at a whole rate by
// the minute fills it by a whole number: nothing is ever rounded.
//
//   L1. In any span of ms there begin at most perMinute × (1 + ms / 60,000) requests.
//   L2. A refusal takes nothing, and its time is exact: so many ms later, and none earlier, the
//       same request begins if nothing else has.
//   L3. What was taken by estimate is settled with what was used; a debt delays who comes next.
//   L4. When everything has ended nothing is running, and a minute later (and what a debt takes)
//       every bucket is full.
//   L5. What other routers say was used there is taken here too, down to a debt: whoever admits a
//       request, it and everything that is known by then stays within the rate.

import assert from "node:assert/strict";
import type { KeyLimits } from "#shared/base/api-key.ts";

interface Bucket {
  readonly perMinute: number;
  level: number;
  atMs: number;
}

export interface KeyUse {
  limits: KeyLimits;
  requests: Bucket | null;
  tokens: Bucket | null;
  running: number;
  /** At other routers, as they said last. */
  runningElsewhere: number;
  /** Here, since the router started. */
  usedRequests: number;
  usedTokens: number;
}

export type Limited = "requests" | "tokens" | "concurrent";

export type Taken =
  | { readonly kind: "taken"; readonly tokens: number }
  | { readonly kind: "limited"; readonly by: Limited; readonly retryAfterMs: number };

/** What a bucket still holds; for a client to see. */
export interface Remaining {
  readonly limit: number;
  readonly remaining: number;
  /** Until it is full. */
  readonly resetMs: number;
}

const UNIT = 60_000;
/** A place at once may become free at any time. */
const CONCURRENT_RETRY_MS = 1_000;

export function newKeyUse(limits: KeyLimits, nowMs: number): KeyUse {
  const use: KeyUse = {
    ...{ limits, requests: null, tokens: null, running: 0, runningElsewhere: 0 },
    ...{ usedRequests: 0, usedTokens: 0 },
  };
  setLimits(use, limits, nowMs);
  return use;
}

/** Other limits from now on: what was used stays used. */
export function setLimits(use: KeyUse, limits: KeyLimits, nowMs: number): void {
  use.limits = limits;
  use.requests = bucketAfter(use.requests, limits.requestsPerMinute, nowMs);
  use.tokens = bucketAfter(use.tokens, limits.tokensPerMinute, nowMs);
}

/** One request of so many tokens begins, or nothing is taken. */
export function take(use: KeyUse, tokens: number, nowMs: number): Taken {
  assert(Number.isInteger(tokens) && tokens >= 0, String(tokens));
  const limited = limitedBy(use, tokens, nowMs);
  if (limited !== null) return limited;
  // More than a minute's worth can never be there at once: the rest becomes a debt at the end.
  const charged = Math.min(tokens, use.limits.tokensPerMinute ?? tokens);
  use.running += 1;
  use.usedRequests += 1;
  use.usedTokens += charged;
  if (use.requests !== null) use.requests.level -= UNIT;
  if (use.tokens !== null) use.tokens.level -= charged * UNIT;
  return { kind: "taken", tokens: charged };
}

/** Whether a request would be refused now; null: no. */
export function limitedBy(
  use: KeyUse,
  tokens: number,
  nowMs: number,
): (Taken & { readonly kind: "limited" }) | null {
  const { concurrent } = use.limits;
  if (concurrent !== null && use.running + use.runningElsewhere >= concurrent) {
    return { kind: "limited", by: "concurrent", retryAfterMs: CONCURRENT_RETRY_MS };
  }
  const requestsMs = missingMs(use.requests, 1, nowMs);
  const tokensMs = missingMs(use.tokens, tokens, nowMs);
  if (requestsMs <= 0 && tokensMs <= 0) return null;
  const by = requestsMs >= tokensMs ? "requests" : "tokens";
  return { kind: "limited", by, retryAfterMs: Math.max(requestsMs, tokensMs) };
}

/** A request that was taken has ended: `charged` is what take() said, `used` what it came to. */
export function settle(use: KeyUse, charged: number, used: number, nowMs: number): void {
  assert(use.running > 0);
  use.running -= 1;
  use.usedTokens += used - charged;
  const { tokens } = use;
  if (tokens === null) return;
  fill(tokens, nowMs);
  tokens.level = Math.min(tokens.perMinute * UNIT, tokens.level + (charged - used) * UNIT);
}

/** Another router has let so much begin; tokens below 0 when less was used than it had taken. */
export function spendElsewhere(
  use: KeyUse,
  spent: { readonly requests: number; readonly tokens: number },
  nowMs: number,
): void {
  for (const [bucket, count] of [
    [use.requests, spent.requests],
    [use.tokens, spent.tokens],
  ] as const) {
    if (bucket === null) continue;
    fill(bucket, nowMs);
    bucket.level = Math.min(bucket.perMinute * UNIT, bucket.level - count * UNIT);
  }
}

export function remainingRequests(use: KeyUse, nowMs: number): Remaining | null {
  return remainingOf(use.requests, nowMs);
}

export function remainingTokens(use: KeyUse, nowMs: number): Remaining | null {
  return remainingOf(use.tokens, nowMs);
}

function remainingOf(bucket: Bucket | null, nowMs: number): Remaining | null {
  if (bucket === null) return null;
  fill(bucket, nowMs);
  const { perMinute, level } = bucket;
  return {
    limit: perMinute,
    remaining: Math.max(0, Math.floor(level / UNIT)),
    resetMs: Math.ceil((perMinute * UNIT - level) / perMinute),
  };
}

/** Until `count` are there; a bucket never holds more than a minute's worth. */
function missingMs(bucket: Bucket | null, count: number, nowMs: number): number {
  if (bucket === null) return 0;
  fill(bucket, nowMs);
  const needed = Math.min(count, bucket.perMinute) * UNIT - bucket.level;
  return Math.max(0, Math.ceil(needed / bucket.perMinute));
}

function fill(bucket: Bucket, nowMs: number): void {
  const ms = Math.floor(nowMs);
  if (ms <= bucket.atMs) return;
  const full = bucket.perMinute * UNIT;
  bucket.level = Math.min(full, bucket.level + (ms - bucket.atMs) * bucket.perMinute);
  bucket.atMs = ms;
}

function bucketAfter(
  before: Bucket | null,
  perMinute: number | null,
  nowMs: number,
): Bucket | null {
  if (perMinute === null) return null;
  assert(Number.isInteger(perMinute) && perMinute > 0, String(perMinute));
  const full = perMinute * UNIT;
  if (before === null) return { perMinute, level: full, atMs: Math.floor(nowMs) };
  fill(before, nowMs);
  return { perMinute, level: Math.min(full, before.level), atMs: before.atMs };
}
