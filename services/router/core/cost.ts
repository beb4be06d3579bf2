// What a request would have to wait for at a worker, in milliseconds.
//
//   ahead      prompt tokens queued there, less what it has computed since it said so, and those of
//              this router, and of others that say so, that are in no report yet: by sequence
//              number, so that nothing is counted twice and nothing is forgotten when a report
//              comes in
//   missing    the request's own tokens that are not in its cache
//   peak       how slow it lately was, for each token; decays while nothing is heard
//   late       by how much its oldest request without a token is overdue
//   places     the wait for a place, when all are taken
//   pressure   k/(1-k) of blocks and places: what streams cost each other
//   drag       how much later its own tokens would come than where the pool is usual, by the pace
//              of the streams that run there
//
// Divided by the share of slow start. Figures that are stale are replaced by what this router, and
// others that say so, have in flight there; two workers are compared by the same kind of figures,
// never one by each.

import type { Fleet, Pool } from "./fleet-state.ts";
import type { FleetOptions } from "./options.ts";
import { paceNow } from "./pace-memory.ts";
import { peakOf } from "./peak-ewma.ts";
import { dragMsPerToken, itlMsOf } from "./token-pace.ts";
import { loadOf } from "./worker.ts";
import type { Worker } from "./worker.ts";

/** Keeps k/(1-k) finite. */
const PRESSURE_MAX = 0.98;

export interface Work {
  readonly uncachedTokens: number;
  readonly outputTokens: number;
}

/** `stale`: by what this router has there itself. */
export function costMs(
  fleet: Fleet,
  pool: Pool,
  worker: Worker,
  work: Work,
  stale: boolean,
  nowMs: number,
): number {
  const { options } = fleet;
  const peak = peakOf(worker.peak, options.peakTauMs, nowMs);
  const tokens = work.uncachedTokens + options.overheadTokens;
  const waitMs =
    firstTokenMs(options, pool, worker, work.uncachedTokens, stale, nowMs) +
    peak * tokens +
    lateMs(worker, nowMs) +
    placesMs(options, pool, worker, work, stale, nowMs) +
    pressureMs(options, worker, stale) +
    dragMsPerToken(options, pool, worker, nowMs) * work.outputTokens;
  return waitMs / slowStartShare(options, worker, nowMs);
}

/** Computing what is ahead and what is missing. */
export function firstTokenMs(
  options: FleetOptions,
  pool: Pool,
  worker: Worker,
  uncachedTokens: number,
  stale: boolean,
  nowMs: number,
): number {
  return (
    workTokens(options, pool, worker, uncachedTokens, stale, nowMs) *
    msPerTokenOf(options, pool, worker, nowMs)
  );
}

export function workTokens(
  options: FleetOptions,
  pool: Pool,
  worker: Worker,
  uncachedTokens: number,
  stale: boolean,
  nowMs: number,
): number {
  return aheadTokens(options, pool, worker, stale, nowMs) + uncachedTokens + options.overheadTokens;
}

function aheadTokens(
  options: FleetOptions,
  pool: Pool,
  worker: Worker,
  stale: boolean,
  nowMs: number,
): number {
  const { progress } = worker;
  if (stale || progress === null) return worker.awaitingTokens + worker.peersAwaitingTokens;
  const computed = (nowMs - worker.figuresAtMs) / msPerTokenOf(options, pool, worker, nowMs);
  const unseen = worker.unseenTokens + worker.peersUnseenTokens;
  return Math.max(0, progress.promptTokensLeft - computed) + unseen;
}

/** To the first token for each token of work, as is known of the worker now. */
export function msPerTokenOf(
  options: FleetOptions,
  pool: Pool,
  worker: Worker,
  nowMs: number,
): number {
  const usual =
    pool.usualMsPerToken > 0 ? pool.usualMsPerToken : 1000 / options.prefillTokensPerSecond;
  if (worker.first.ms === 0) return usual;
  return paceNow(worker.first, usual, options.paceKeptMs, nowMs);
}

function lateMs(worker: Worker, nowMs: number): number {
  for (const oldest of worker.awaiting) {
    return Math.max(0, nowMs - oldest.dispatchedAtMs - oldest.expectedMs);
  }
  return 0;
}

/** Places come free one after the other, as streams end. */
function placesMs(
  options: FleetOptions,
  pool: Pool,
  worker: Worker,
  work: Work,
  stale: boolean,
  nowMs: number,
): number {
  const { sequencesMax } = worker.spec;
  const over = loadOf(worker, stale) + 1 - sequencesMax;
  if (over <= 0) return 0;
  return (over * itlMsOf(options, pool, worker, nowMs) * work.outputTokens) / sequencesMax;
}

function pressureMs(options: FleetOptions, worker: Worker, stale: boolean): number {
  const { progress, spec } = worker;
  const blocks = Math.max(1, spec.blocks);
  const taken =
    stale || progress === null
      ? worker.inFlightBlocks + worker.peersInFlightBlocks
      : progress.blocks - progress.blocksFree + worker.unseenBlocks + worker.peersUnseenBlocks;
  const places = loadOf(worker, stale) / spec.sequencesMax;
  const share = Math.min(PRESSURE_MAX, Math.max(taken / blocks, places));
  return (options.pressureMs * share) / (1 - share);
}

export function slowStartShare(options: FleetOptions, worker: Worker, nowMs: number): number {
  const sinceMs = nowMs - worker.slowStartAtMs;
  if (sinceMs >= options.slowStartMs) return 1;
  const from = options.slowStartShare;
  return from + (1 - from) * Math.max(0, sinceMs / options.slowStartMs);
}
