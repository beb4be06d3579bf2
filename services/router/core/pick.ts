// Which worker a request goes to.
//
// Workers are sorted out first: the right model and class, what the request needs, ready, not
// excluded, with room for it and walltime to finish it. Then those that breakers hold out, unless
// that would be more than the cap: then none is held out, because a fleet that is ejected whole
// serves nobody (panic). Then the policy chooses among what is left.
//
//   P1. A worker that is excluded, gone, draining, failed, dead, hung, of another model, or of
//       another class that may not be crossed to, is never picked.
//   P2. A call ends after one pass over the pool: when nobody is left the answer is a refusal with
//       a time after which to ask again.

import assert from "node:assert/strict";
import { randomInt } from "#shared/base/prng.ts";
import { sortOut } from "./candidates.ts";
import { costMs } from "./cost.ts";
import type { Work } from "./cost.ts";
import { cachedTokensAt, ringOf, sessionWorker } from "./fleet-state.ts";
import type { Fleet, Pool } from "./fleet-state.ts";
import { ownerOf } from "./hash-ring.ts";
import { deepestHolders } from "./prefix-history.ts";
import { itlMsOf } from "./token-pace.ts";
import type { Choice, Wish } from "./wish.ts";
import type { Worker } from "./worker.ts";

export function pick(fleet: Fleet, wish: Wish, nowMs: number): Choice {
  const pool = fleet.pools.get(wish.model);
  if (pool === undefined || pool.workers.length === 0) return refusedNone(fleet);
  const sorted = sortOut(fleet, pool, wish, nowMs);
  const { serving, everyone } = fleet.scratch;
  const candidates = sorted.isPanic ? everyone : serving;
  const chosen =
    sorted.probe !== null && !sorted.isPanic
      ? sorted.probe
      : candidates.length === 0
        ? null
        : choose(fleet, pool, candidates, wish, nowMs);
  serving.length = 0;
  everyone.length = 0;
  if (chosen !== null) return { kind: "worker", key: chosen.key };
  if (sorted.isFull) return refusedFull(fleet, pool, nowMs);
  return refusedNone(fleet, Math.max(0, sorted.openUntilMs - nowMs));
}

function choose(
  fleet: Fleet,
  pool: Pool,
  candidates: readonly Worker[],
  wish: Wish,
  nowMs: number,
): Worker {
  switch (fleet.options.policy) {
    case "latency":
      return byCost(fleet, pool, candidates, wish, nowMs);
    case "least_loaded":
      return byLoad(fleet, candidates);
    case "round_robin":
      return inTurn(pool, candidates);
    case "random":
      return drawn(fleet, candidates);
    case "consistent_hash":
      return byHash(fleet, pool, candidates, wish);
  }
}

/** The best of a few at random, unless affinity has a target that is good enough. */
function byCost(
  fleet: Fleet,
  pool: Pool,
  candidates: readonly Worker[],
  wish: Wish,
  nowMs: number,
): Worker {
  const { hysteresis } = fleet.options;
  const challenger = bestOfDraws(fleet, pool, candidates, wish, nowMs);
  const target = affinityTarget(fleet, pool, candidates, wish, nowMs);
  if (target === null || target === challenger) return challenger;
  const stale = target.lookedStale || challenger.lookedStale;
  const targetMs = costMs(fleet, pool, target, workAt(fleet, target, wish), stale, nowMs);
  const work = workAt(fleet, challenger, wish);
  const challengerMs = costMs(fleet, pool, challenger, work, stale, nowMs);
  return challengerMs < hysteresis * targetMs ? challenger : target;
}

/**
 * Two draws and not the best of all: what all routers think best they would all pick at once. A
 * third counts where both were bad ones: of three workers with a slow and a new one, or two slow
 * ones, every third pair is those.
 */
function bestOfDraws(
  fleet: Fleet,
  pool: Pool,
  candidates: readonly Worker[],
  wish: Wish,
  nowMs: number,
): Worker {
  const count = candidates.length;
  const a = randomInt(fleet.random, count);
  const first = candidates[a];
  assert(first !== undefined);
  if (count === 1) return first;
  const toSecond = 1 + randomInt(fleet.random, count - 1);
  const second = candidates[(a + toSecond) % count];
  assert(second !== undefined);
  const stale = first.lookedStale || second.lookedStale;
  const firstMs = costMs(fleet, pool, first, workAt(fleet, first, wish), stale, nowMs);
  const secondMs = costMs(fleet, pool, second, workAt(fleet, second, wish), stale, nowMs);
  const { tieBand, thirdDrawFactor } = fleet.options;
  if (count > 2) {
    const drawnOf = 1 + randomInt(fleet.random, count - 2);
    const third = candidates[(a + (drawnOf < toSecond ? drawnOf : drawnOf + 1)) % count];
    assert(third !== undefined);
    // As if nothing were cached there: load alone sends a prompt away from its prefix.
    const work = { uncachedTokens: wish.promptTokens, outputTokens: wish.outputTokensExpected };
    const thirdMs = costMs(fleet, pool, third, work, stale || third.lookedStale, nowMs);
    if (thirdDrawFactor * thirdMs < Math.min(firstMs, secondMs)) return third;
  }
  const band = tieBand * Math.max(firstMs, secondMs);
  if (Math.abs(firstMs - secondMs) <= band) return fleet.random.next() < 0.5 ? first : second;
  return firstMs < secondMs ? first : second;
}

/** The session's worker, else the cheapest that was sent most of this prompt, with room. */
function affinityTarget(
  fleet: Fleet,
  pool: Pool,
  candidates: readonly Worker[],
  wish: Wish,
  nowMs: number,
): Worker | null {
  const { session, prefix } = wish;
  const sticky = session === null ? null : sessionWorker(fleet, session, nowMs);
  const isWanted = fleet.options.prefixAffinity && prefix.length > 0;
  if (sticky === null && !isWanted) return null;
  const { boundedLoad, boundedLoadSlack } = fleet.options;
  const loadMax = boundedLoadSlack + boundedLoad * meanLoad(fleet, candidates);
  const accepts = (worker: Worker): boolean => isBelow(fleet, worker, loadMax);
  if (sticky !== null && accepts(sticky)) return sticky;
  if (!isWanted) return null;
  let best: Worker | null = null;
  let bestMs = Infinity;
  for (const holder of deepestHolders(fleet.prefixes, prefix, (worker) => !worker.isGone)) {
    if (!accepts(holder)) continue;
    const work = workAt(fleet, holder, wish);
    const ms = costMs(fleet, pool, holder, work, holder.lookedStale, nowMs);
    if (ms >= bestMs) continue;
    best = holder;
    bestMs = ms;
  }
  return best;
}

/** Requests that each candidate would have, this one included; marks the candidates. */
function meanLoad(fleet: Fleet, candidates: readonly Worker[]): number {
  const pick = (fleet.picks += 1);
  let sum = 1;
  for (const worker of candidates) {
    sum += worker.lookedLoad;
    worker.lookedPick = pick;
  }
  return sum / candidates.length;
}

/** A candidate of those marked last, with room for one more below `loadMax`. */
function isBelow(fleet: Fleet, worker: Worker, loadMax: number): boolean {
  return worker.lookedPick === fleet.picks && worker.lookedLoad + 1 <= loadMax;
}

/** What a worker would have to compute for a wish, by this router's own history. */
function workAt(fleet: Fleet, worker: Worker, wish: Wish): Work {
  const { promptTokens, outputTokensExpected, prefix } = wish;
  const cached = cachedTokensAt(fleet, worker, prefix);
  return {
    uncachedTokens: Math.max(0, promptTokens - cached),
    outputTokens: outputTokensExpected,
  };
}

/** The first of equals is drawn: two idle workers share. */
function byLoad(fleet: Fleet, candidates: readonly Worker[]): Worker {
  let best: Worker | null = null;
  let bestLoad = Infinity;
  let equals = 0;
  for (const worker of candidates) {
    const load = worker.lookedLoad / worker.spec.sequencesMax;
    if (load > bestLoad) continue;
    equals = load === bestLoad ? equals + 1 : 1;
    bestLoad = load;
    if (equals === 1 || fleet.random.next() * equals < 1) best = worker;
  }
  assert(best !== null);
  return best;
}

function inTurn(pool: Pool, candidates: readonly Worker[]): Worker {
  const worker = candidates[pool.cursor % candidates.length];
  assert(worker !== undefined);
  pool.cursor = (pool.cursor + 1) % 0x7fffffff;
  return worker;
}

function drawn(fleet: Fleet, candidates: readonly Worker[]): Worker {
  const worker = candidates[randomInt(fleet.random, candidates.length)];
  assert(worker !== undefined);
  return worker;
}

function byHash(fleet: Fleet, pool: Pool, candidates: readonly Worker[], wish: Wish): Worker {
  const key = wish.session ?? wish.prefix[0]?.toString(36) ?? null;
  if (key === null) return drawn(fleet, candidates);
  const loadMax = Math.ceil(fleet.options.boundedLoad * meanLoad(fleet, candidates));
  const owner = ownerOf(ringOf(fleet, pool), key, (worker) => isBelow(fleet, worker, loadMax));
  return owner ?? byLoad(fleet, candidates);
}

function refusedNone(fleet: Fleet, waitMs = Infinity): Choice {
  const { retryAfterNoneMs } = fleet.options;
  const retryAfterMs = Number.isFinite(waitMs) ? waitMs : retryAfterNoneMs;
  return { kind: "refused", reason: "none", retryAfterMs: bounded(fleet, retryAfterMs) };
}

/** Until the oldest stream of some worker is likely to end. */
function refusedFull(fleet: Fleet, pool: Pool, nowMs: number): Choice {
  let soonestMs = Infinity;
  for (const worker of pool.workers) {
    if (!worker.isInService) continue;
    const itlMs = itlMsOf(fleet.options, pool, worker, nowMs);
    for (const ticket of worker.inFlight) {
      const endsAtMs = ticket.dispatchedAtMs + ticket.outputTokensExpected * itlMs;
      soonestMs = Math.min(soonestMs, endsAtMs - nowMs);
      break; // The oldest: dispatched first.
    }
  }
  const retryAfterMs = Number.isFinite(soonestMs) ? soonestMs : fleet.options.retryAfterNoneMs;
  return { kind: "refused", reason: "saturated", retryAfterMs: bounded(fleet, retryAfterMs) };
}

function bounded(fleet: Fleet, retryAfterMs: number): number {
  const { retryAfterMinMs, retryAfterMaxMs } = fleet.options;
  return Math.round(Math.min(retryAfterMaxMs, Math.max(retryAfterMinMs, retryAfterMs)));
}
