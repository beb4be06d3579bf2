// Who may be picked: everyone of a model, sorted out for one wish.
//
// Every worker is looked at once. What was seen of it (its load, and whether its figures are stale)
// is kept in its `looked…` fields for the rest of the pick.

import { isTripped, wantsProbe } from "./breaker.ts";
import { firstTokenMs } from "./cost.ts";
import { ejectedMaxOf, staleMsOf } from "./fleet-state.ts";
import type { Fleet, Pool } from "./fleet-state.ts";
import type { FleetOptions } from "./options.ts";
import { itlMsOf } from "./token-pace.ts";
import { isStale, loadOf } from "./worker.ts";
import type { Worker } from "./worker.ts";
import type { Wish } from "./wish.ts";

export interface Sorted {
  /** More would be held out than the cap allows. */
  isPanic: boolean;
  /** Half open, and this request may be its probe. */
  probe: Worker | null;
  /** Somebody could, but for room. */
  isFull: boolean;
  /** When the first that is held out is tried again; Infinity when none is. */
  openUntilMs: number;
}

/**
 * Fills the fleet's scratch lists: `everyone` that is of the best rank, and of those not held out
 * the ones that are of the best rank, `serving`.
 */
export function sortOut(fleet: Fleet, pool: Pool, wish: Wish, nowMs: number): Sorted {
  const { options, scratch } = fleet;
  const sorted: Sorted = { isPanic: false, probe: null, isFull: false, openUntilMs: Infinity };
  const staleMs = staleMsOf(options);
  let inService = 0;
  let tripped = 0;
  let servingRank = Infinity;
  let everyoneRank = Infinity;
  for (const worker of pool.workers) {
    if (!worker.isInService) continue;
    inService += 1;
    const isHeldOut = isTripped(worker.breaker, nowMs);
    if (isHeldOut) tripped += 1;
    if (!suits(worker, wish)) continue;
    worker.lookedStale = isStale(worker, staleMs, nowMs);
    worker.lookedLoad = loadOf(worker, worker.lookedStale);
    if (!hasRoom(options, worker) || !hasTime(options, pool, worker, wish, nowMs)) {
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
  return wish.exclude.size === 0 || !wish.exclude.has(worker.key);
}

function hasRoom(options: FleetOptions, worker: Worker): boolean {
  return worker.lookedLoad < worker.spec.sequencesMax * options.fullRatio;
}

/** To end the stream before its allocation ends. */
function hasTime(
  options: FleetOptions,
  pool: Pool,
  worker: Worker,
  wish: Wish,
  nowMs: number,
): boolean {
  if (worker.endsAtMs === Infinity) return true;
  const neededMs =
    firstTokenMs(options, pool, worker, wish.promptTokens, worker.lookedStale, nowMs) +
    wish.outputTokensExpected * itlMsOf(options, pool, worker, nowMs);
  return nowMs + neededMs + options.walltimeMarginMs <= worker.endsAtMs;
}

/** Its own class before another, and one that is heard before one that is suspected. */
function rankOf(worker: Worker, wish: Wish): number {
  const crossing = wish.classId !== null && wish.classId !== worker.spec.classId ? 2 : 0;
  return crossing + (worker.isSuspect ? 1 : 0);
}

/** A worker is not tried with the urgent, nor with those that have failed somewhere already. */
function mayProbe(worker: Worker, wish: Wish, nowMs: number): boolean {
  if (wish.priority === "critical" || wish.exclude.size > 0) return false;
  if (wish.classId !== null && wish.classId !== worker.spec.classId) return false;
  return !worker.isSuspect && wantsProbe(worker.breaker, nowMs);
}
