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
import { isTripped, wantsProbe } from "./breaker.ts";
import { costMs, firstTokenMs, itlMsOf } from "./cost.ts";
import type { Work } from "./cost.ts";
import { cachedTokensAt, ejectedMaxOf, ringOf, sessionWorker, staleMsOf } from "./fleet-state.ts";
import type { Fleet, Pool } from "./fleet-state.ts";
import { ownerOf } from "./hash-ring.ts";
import { deepestHolders } from "./prefix-history.ts";
import type { RequestClass } from "./request-class.ts";
import { isReady, isStale, loadOf } from "./worker.ts";
import type { Worker } from "./worker.ts";

export interface Wish {
  readonly model: string;
  readonly promptTokens: number;
  readonly outputTokensExpected: number;
  /** Chain hashes of the prompt's whole blocks, first to last (prefix-hash.ts); empty: none. */
  readonly prefix: readonly bigint[];
  readonly session: string | null;
  /** To go on with a stream: only this numerics class, or a worker that may be crossed to. */
  readonly classId: string | null;
  readonly needs: { readonly resume: boolean; readonly masks: boolean };
  readonly exclude: ReadonlySet<string>;
  readonly priority: RequestClass;
}

/** `none`: no worker can take it; `saturated`: those that can are full; `quota`: the caller's own. */
export type RefusalReason = "none" | "saturated" | "quota";

export type Choice =
  | { readonly kind: "worker"; readonly key: string }
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly retryAfterMs: number };

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

interface Sorted {
  /** More would be held out than the cap allows. */
  isPanic: boolean;
  /** Half open, and this request may be its probe. */
  probe: Worker | null;
  /** Somebody could, but for room. */
  isFull: boolean;
  /** When the first that is held out is tried again; Infinity when none is. */
  openUntilMs: number;
}

/** Fills the scratch lists with the best rank of worker each. */
function sortOut(fleet: Fleet, pool: Pool, wish: Wish, nowMs: number): Sorted {
  const { options, scratch } = fleet;
  const sorted: Sorted = { isPanic: false, probe: null, isFull: false, openUntilMs: Infinity };
  let inService = 0;
  let tripped = 0;
  let servingRank = Infinity;
  let everyoneRank = Infinity;
  for (const worker of pool.workers) {
    if (!isReady(worker)) continue;
    inService += 1;
    const isHeldOut = isTripped(worker.breaker, nowMs);
    if (isHeldOut) tripped += 1;
    if (!suits(worker, wish)) continue;
    if (!hasRoom(fleet, pool, worker, wish, nowMs)) {
      sorted.isFull = true;
      continue;
    }
    const rank = rankOf(worker, wish);
    if (rank < everyoneRank) {
      scratch.everyone.length = 0;
      everyoneRank = rank;
    }
    if (rank === everyoneRank) scratch.everyone.push(worker);
    if (isHeldOut) {
      if (mayProbe(worker, wish, nowMs)) sorted.probe ??= worker;
      const { state } = worker.breaker;
      const untilMs = state.kind === "open" ? state.untilMs : nowMs + options.retryAfterMinMs;
      sorted.openUntilMs = Math.min(sorted.openUntilMs, untilMs);
      continue;
    }
    if (rank < servingRank) {
      scratch.serving.length = 0;
      servingRank = rank;
    }
    if (rank === servingRank) scratch.serving.push(worker);
  }
  sorted.isPanic = tripped > ejectedMaxOf(options, inService);
  return sorted;
}

function suits(worker: Worker, wish: Wish): boolean {
  const { spec } = worker;
  if (wish.needs.resume && !spec.resume) return false;
  if (wish.needs.masks && !spec.masks) return false;
  if (wish.classId !== null && wish.classId !== spec.classId && !spec.isCrossable) return false;
  if (wish.promptTokens >= spec.blocks * spec.blockTokens) return false;
  return !wish.exclude.has(worker.key);
}

/** Places, and time until its allocation ends. */
function hasRoom(fleet: Fleet, pool: Pool, worker: Worker, wish: Wish, nowMs: number): boolean {
  const { options } = fleet;
  const { progress, spec } = worker;
  const stale = isStale(worker, staleMsOf(options), nowMs);
  if (loadOf(worker, stale) >= spec.sequencesMax * options.fullRatio) return false;
  if (progress === null || progress.walltimeLeftMs === null) return true;
  const leftMs = progress.walltimeLeftMs - (nowMs - worker.heardAtMs) - options.walltimeMarginMs;
  const work = { uncachedTokens: wish.promptTokens, outputTokens: wish.outputTokensExpected };
  const neededMs =
    firstTokenMs(options, pool, worker, work, stale, nowMs) +
    wish.outputTokensExpected * itlMsOf(options, pool, worker);
  return neededMs <= leftMs;
}

/** Its own class before another, and one that is heard before one that is suspected. */
function rankOf(worker: Worker, wish: Wish): number {
  const crossing = wish.classId !== null && wish.classId !== worker.spec.classId ? 2 : 0;
  return crossing + (worker.health.kind === "suspect" ? 1 : 0);
}

/** The urgent, and those that have failed somewhere already, are not what a worker is tried with. */
function mayProbe(worker: Worker, wish: Wish, nowMs: number): boolean {
  if (wish.priority === "critical" || wish.exclude.size > 0) return false;
  if (wish.classId !== null && wish.classId !== worker.spec.classId) return false;
  return worker.health.kind !== "suspect" && wantsProbe(worker.breaker, nowMs);
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
      return byLoad(fleet, candidates, nowMs);
    case "round_robin":
      return inTurn(pool, candidates);
    case "random":
      return drawn(fleet, candidates);
    case "consistent_hash":
      return byHash(fleet, pool, candidates, wish, nowMs);
  }
}

/** The better of two at random, unless affinity has a target that is good enough. */
function byCost(
  fleet: Fleet,
  pool: Pool,
  candidates: readonly Worker[],
  wish: Wish,
  nowMs: number,
): Worker {
  const { hysteresis } = fleet.options;
  const challenger = betterOfTwo(fleet, pool, candidates, wish, nowMs);
  const target = affinityTarget(fleet, pool, candidates, wish, nowMs);
  if (target === null || target === challenger) return challenger;
  const staleMs = staleMsOf(fleet.options);
  const stale = isStale(target, staleMs, nowMs) || isStale(challenger, staleMs, nowMs);
  const targetMs = costMs(fleet, pool, target, workAt(fleet, target, wish), stale, nowMs);
  const work = workAt(fleet, challenger, wish);
  const challengerMs = costMs(fleet, pool, challenger, work, stale, nowMs);
  return challengerMs < hysteresis * targetMs ? challenger : target;
}

/** Two draws and not the best of all: what all routers think best they would all pick at once. */
function betterOfTwo(
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
  const second = candidates[(a + 1 + randomInt(fleet.random, count - 1)) % count];
  assert(second !== undefined);
  const staleMs = staleMsOf(fleet.options);
  const stale = isStale(first, staleMs, nowMs) || isStale(second, staleMs, nowMs);
  const firstMs = costMs(fleet, pool, first, workAt(fleet, first, wish), stale, nowMs);
  const secondMs = costMs(fleet, pool, second, workAt(fleet, second, wish), stale, nowMs);
  const band = fleet.options.tieBand * Math.max(firstMs, secondMs);
  if (Math.abs(firstMs - secondMs) <= band) return fleet.random.next() < 0.5 ? first : second;
  return firstMs < secondMs ? first : second;
}

/** The session's worker, else the cheapest that was sent most of this prompt; null: none has room. */
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
  const loadMax = boundedLoad(fleet, candidates, nowMs);
  const staleMs = staleMsOf(fleet.options);
  const accepts = (worker: Worker): boolean =>
    loadOf(worker, isStale(worker, staleMs, nowMs)) + 1 <= loadMax && candidates.includes(worker);
  if (sticky !== null && accepts(sticky)) return sticky;
  if (!isWanted) return null;
  let best: Worker | null = null;
  let bestMs = Infinity;
  for (const holder of deepestHolders(fleet.prefixes, prefix, (worker) => !worker.isGone)) {
    if (!accepts(holder)) continue;
    const stale = isStale(holder, staleMs, nowMs);
    const ms = costMs(fleet, pool, holder, workAt(fleet, holder, wish), stale, nowMs);
    if (ms >= bestMs) continue;
    best = holder;
    bestMs = ms;
  }
  return best;
}

/** Requests that one worker may have for affinity's sake. */
function boundedLoad(fleet: Fleet, candidates: readonly Worker[], nowMs: number): number {
  const { options } = fleet;
  const staleMs = staleMsOf(options);
  let sum = 1; // This one.
  for (const worker of candidates) sum += loadOf(worker, isStale(worker, staleMs, nowMs));
  return options.boundedLoadSlack + (options.boundedLoad * sum) / candidates.length;
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
function byLoad(fleet: Fleet, candidates: readonly Worker[], nowMs: number): Worker {
  const staleMs = staleMsOf(fleet.options);
  let best: Worker | null = null;
  let bestLoad = Infinity;
  let equals = 0;
  for (const worker of candidates) {
    const load = loadOf(worker, isStale(worker, staleMs, nowMs)) / worker.spec.sequencesMax;
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

function byHash(
  fleet: Fleet,
  pool: Pool,
  candidates: readonly Worker[],
  wish: Wish,
  nowMs: number,
): Worker {
  const key = wish.session ?? wish.prefix[0]?.toString(36) ?? null;
  if (key === null) return drawn(fleet, candidates);
  const { boundedLoad: bound } = fleet.options;
  const staleMs = staleMsOf(fleet.options);
  const isAllowed = new Set(candidates);
  let sum = 1;
  for (const worker of candidates) sum += loadOf(worker, isStale(worker, staleMs, nowMs));
  const loadMax = Math.ceil((bound * sum) / candidates.length);
  const owner = ownerOf(
    ringOf(fleet, pool),
    key,
    (worker) =>
      isAllowed.has(worker) && loadOf(worker, isStale(worker, staleMs, nowMs)) + 1 <= loadMax,
  );
  return owner ?? byLoad(fleet, candidates, nowMs);
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
    if (!isReady(worker)) continue;
    const itlMs = itlMsOf(fleet.options, pool, worker);
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
