// The workers a router sends to, and the only functions that change what it knows of them.
//
// Nothing here reads a clock, a socket or a random number: time comes in as `nowMs`, draws come
// from the fleet's seeded generator, verdicts and choices go out as values. pick() is in pick.ts,
// onTick() and onConfirmed() in verdicts.ts, what a request would wait for in cost.ts.
//
// Invariants, checked by checkInvariants() (invariants.ts) after every event in tests:
//
//   F1. A ticket stands in the fleet and in its worker from dispatch to end, in both or in neither;
//       what a worker has in flight is the sum of its tickets.
//   F2. A ticket is unseen exactly while its dispatch number is above the worker's `seen`: a report
//       is corrected by what it does not include, never reset.
//   F3. A worker that is gone has no ticket and stands in no pool.
//   F4. Breakers hold out at most their capped share of the workers in service, or nobody.
//   F5. Caches (blocks, sessions) do not outgrow their sizes.

import assert from "node:assert/strict";
import { leaseProbe, onFailure, onPace, onSuccess, releaseProbe } from "./breaker.ts";
import { firstTokenMs, msPerTokenOf, workTokens } from "./cost.ts";
import { cachedTokensAt, onSessionSent, poolOf, staleMsOf } from "./fleet-state.ts";
import type { Fleet, Pool } from "./fleet-state.ts";
import { remember } from "./pace-memory.ts";
import { onSample } from "./peak-ewma.ts";
import { sumPeers } from "./peers.ts";
import { PREFIX_BLOCK_TOKENS } from "./prefix-hash.ts";
import { onPrefixMissed, onPrefixSent } from "./prefix-history.ts";
import { isReady, isStale, meanWith, newWorker } from "./worker.ts";
import { onGap, onSteps } from "./token-pace.ts";
import type { Progress, Ticket, Worker, WorkerSpec } from "./worker.ts";

export { newFleet } from "./fleet-state.ts";
export type { Fleet } from "./fleet-state.ts";
export { FLEET_DEFAULTS, POLICIES } from "./options.ts";
export type { FleetOptions, Policy } from "./options.ts";
export { onPeerLoad } from "./peers.ts";
export type { PeerLoad } from "./peers.ts";
export { pick } from "./pick.ts";
export { onConfirmed, onTick } from "./verdicts.ts";
export type { Verdict } from "./verdicts.ts";
export type { Choice, RefusalReason, Wish } from "./wish.ts";
export type { Progress, WorkerSpec } from "./worker.ts";

export interface Dispatch {
  readonly promptTokens: number;
  readonly outputTokensExpected: number;
  readonly prefix: readonly bigint[];
  readonly session: string | null;
  readonly needs: { readonly masks: boolean };
}

/**
 * `worker_fault`: the worker, its process or its connection broke, before or after the first token.
 * `backpressure`: it said that it is full. The others are the client's.
 */
export type Outcome = "ok" | "client_gone" | "request_fault" | "backpressure" | "worker_fault";

export function onWorkerUp(fleet: Fleet, spec: WorkerSpec, nowMs: number): void {
  assert(spec.sequencesMax > 0 && spec.blocks > 0 && spec.blockTokens > 0, spec.key);
  if (fleet.workers.has(spec.key)) return; // Heard twice: by its link and by announcement.
  const worker = newWorker(spec, nowMs);
  fleet.workers.set(spec.key, worker);
  const pool = poolOf(fleet, spec.model);
  pool.workers.push(worker);
  pool.ring = null;
}

/**
 * Its process or its connection has ended. Returns the requests that were there: their tickets have
 * ended with it, so onEnded() for them does nothing.
 */
export function onWorkerGone(fleet: Fleet, key: string, _nowMs: number): string[] {
  const worker = fleet.workers.get(key);
  if (worker === undefined) return []; // Heard twice.
  const orphans = Array.from(worker.inFlight, (ticket) => ticket.requestId);
  for (const ticket of worker.inFlight) settle(fleet, ticket);
  worker.isGone = true;
  fleet.workers.delete(key);
  const pool = poolOf(fleet, worker.spec.model);
  pool.workers.splice(pool.workers.indexOf(worker), 1);
  pool.ring = null;
  if (pool.workers.length === 0) fleet.pools.delete(pool.model);
  return orphans;
}

export function onProgress(fleet: Fleet, key: string, progress: Progress, nowMs: number): void {
  const worker = fleet.workers.get(key);
  if (worker === undefined) return; // Its last words, after it is gone.
  const last = worker.progress;
  // Sequences begin at 1 again on a new connection.
  if (last !== null && progress.sequence <= last.sequence && progress.sequence !== 1) return;
  worker.heardAtMs = nowMs;
  if (last === null || progress.beat >= last.beat) takeFigures(fleet, worker, progress, nowMs);
}

/**
 * Figures that came another way than over the worker's own link, to the router called `router`:
 * taken when they are newer than what the link brought. They are no sign that the worker can be
 * reached from here, so silence is counted as before.
 */
export function onProgressElsewhere(
  fleet: Fleet,
  router: string,
  key: string,
  progress: Progress,
  nowMs: number,
): void {
  const worker = fleet.workers.get(key);
  if (worker === undefined) return; // It has not dialled this router.
  const last = worker.progress;
  if (last !== null && progress.beat <= last.beat) return;
  const seen = progress.seenOf.get(router) ?? worker.seen;
  takeFigures(fleet, worker, { ...progress, seen, sequence: last?.sequence ?? 0 }, nowMs);
}

function takeFigures(fleet: Fleet, worker: Worker, progress: Progress, nowMs: number): void {
  const last = worker.progress;
  const isMoving = last === null || progress.engineStep !== last.engineStep;
  // What was not reported was not seen to stand still.
  const wasSilent = nowMs - worker.figuresAtMs > staleMsOf(fleet.options);
  const isIdle = progress.running === 0 || last?.running === 0;
  if (isMoving || isIdle || wasSilent) worker.stepMovedAtMs = nowMs;
  if (isMoving && progress.lastStepMs > 0) {
    worker.stepMs = meanWith(worker.stepMs, progress.lastStepMs);
  }
  if (last !== null && progress.engineStep > last.engineStep) {
    const computed = Math.max(0, progress.promptTokens - last.promptTokens);
    onSteps(worker.pace, progress.engineStep - last.engineStep, computed);
  }
  worker.progress = progress;
  worker.isInService = isReady(worker);
  worker.reported = progress.running + progress.waiting;
  worker.endsAtMs = progress.walltimeLeftMs === null ? Infinity : nowMs + progress.walltimeLeftMs;
  worker.figuresAtMs = nowMs;
  // Never above what was sent: the number is the peer's.
  worker.seen = Math.max(worker.seen, Math.min(progress.seen, worker.dispatched));
  for (const ticket of worker.unseen) {
    if (ticket.dispatch > worker.seen) break;
    see(worker, ticket);
  }
  if (worker.peers.size > 0) sumPeers(worker);
}

/**
 * The request is sent now. `requestId` names this attempt: a second one needs another id, or the
 * end of the first. Returns the dispatch number to send with it.
 */
export function onDispatched(
  fleet: Fleet,
  key: string,
  requestId: string,
  dispatch: Dispatch,
  nowMs: number,
): number {
  const worker = fleet.workers.get(key);
  assert(worker !== undefined, `${key} is gone: pick again`);
  assert(!fleet.tickets.has(requestId), `${requestId} is in flight already`);
  const ticket = newTicket(fleet, worker, requestId, dispatch, nowMs);
  worker.dispatched = ticket.dispatch;
  fleet.tickets.set(requestId, ticket);
  worker.inFlight.add(ticket);
  worker.inFlightBlocks += ticket.blocks;
  worker.awaiting.add(ticket);
  worker.awaitingTokens += ticket.uncachedTokens;
  worker.unseen.add(ticket);
  worker.unseenTokens += ticket.uncachedTokens;
  worker.unseenBlocks += ticket.blocks;
  leaseProbe(worker.breaker, fleet.options.breaker, requestId, nowMs);
  if (fleet.options.prefixAffinity) onPrefixSent(fleet.prefixes, dispatch.prefix, worker);
  if (dispatch.session !== null) onSessionSent(fleet, dispatch.session, worker, nowMs);
  return ticket.dispatch;
}

/** The request's first tokens have come. `cachedTokens`: of the prompt, as the worker says. */
export function onFirstTokens(
  fleet: Fleet,
  requestId: string,
  first: { readonly count: number; readonly cachedTokens: number | null },
  nowMs: number,
): void {
  const ticket = fleet.tickets.get(requestId);
  if (ticket === undefined) return; // Ended meanwhile.
  if (ticket.lastTokensAtMs !== null) return onTokens(fleet, requestId, first.count, nowMs);
  const { worker } = ticket;
  const waitedMs = nowMs - ticket.dispatchedAtMs;
  answer(worker, ticket);
  ticket.lastTokensAtMs = nowMs;
  // Less cached than was thought is more work, and no slowness.
  const thought = ticket.promptTokens - ticket.uncachedTokens;
  const missed = first.cachedTokens === null ? 0 : Math.max(0, thought - first.cachedTokens);
  const msPerToken = waitedMs / (ticket.workTokens + missed);
  const pool = poolOf(fleet, worker.spec.model);
  // One cold answer of a new worker is one sample beside what its pool is like.
  const isFirst = worker.first.ms === 0 && pool.usualMsPerToken === 0;
  const known = isFirst ? 0 : msPerTokenOf(fleet.options, pool, worker, nowMs);
  remember(worker.first, meanWith(known, msPerToken), nowMs);
  onSample(worker.peak, msPerToken, fleet.options.peakTauMs, nowMs);
  onFirstPaced(fleet, ticket, waitedMs, msPerToken, nowMs);
}

/** More of a request's tokens have come. */
export function onTokens(fleet: Fleet, requestId: string, count: number, nowMs: number): void {
  const ticket = fleet.tickets.get(requestId);
  if (ticket === undefined || count <= 0) return;
  if (ticket.lastTokensAtMs === null) {
    return onFirstTokens(fleet, requestId, { count, cachedTokens: null }, nowMs);
  }
  const { worker } = ticket;
  const gapMs = nowMs - ticket.lastTokensAtMs;
  if (!ticket.isMasked) {
    onGap(fleet.options, poolOf(fleet, worker.spec.model), worker, gapMs, count, nowMs);
  }
  ticket.lastTokensAtMs = nowMs;
}

/** The request has left its worker, in whatever way. Ending twice is ending once. */
export function onEnded(fleet: Fleet, requestId: string, outcome: Outcome, nowMs: number): void {
  const ticket = fleet.tickets.get(requestId);
  if (ticket === undefined) return;
  settle(fleet, ticket);
  const { worker } = ticket;
  const { breaker } = worker;
  const { options, random } = fleet;
  switch (outcome) {
    case "ok":
      if (onSuccess(breaker, options.breaker, requestId, nowMs)) worker.slowStartAtMs = nowMs;
      return;
    case "worker_fault":
      onFailure(breaker, options.breaker, random, requestId, nowMs);
      return;
    case "client_gone":
    case "request_fault":
    case "backpressure":
      releaseProbe(breaker, requestId);
  }
}

function newTicket(
  fleet: Fleet,
  worker: Worker,
  requestId: string,
  dispatch: Dispatch,
  nowMs: number,
): Ticket {
  const { options } = fleet;
  const { blockTokens, model } = worker.spec;
  const { promptTokens, outputTokensExpected, prefix } = dispatch;
  const pool = poolOf(fleet, model);
  const stale = isStale(worker, staleMsOf(options), nowMs);
  const cached = cachedTokensAt(fleet, worker, prefix);
  const uncachedTokens = Math.max(0, promptTokens - cached);
  return {
    ...{ requestId, worker, dispatch: worker.dispatched + 1, prefix, promptTokens, uncachedTokens },
    workTokens: workTokens(options, pool, worker, uncachedTokens, stale, nowMs),
    blocks: Math.ceil((uncachedTokens + outputTokensExpected + 1) / blockTokens),
    isMasked: dispatch.needs.masks,
    ...{ outputTokensExpected, dispatchedAtMs: nowMs, lastTokensAtMs: null },
    expectedMs: firstTokenMs(options, pool, worker, uncachedTokens, stale, nowMs),
  };
}

/** A probe has proved itself with its first token; by its pace every first token is judged. */
function onFirstPaced(
  fleet: Fleet,
  ticket: Ticket,
  waitedMs: number,
  msPerToken: number,
  nowMs: number,
): void {
  const { worker, requestId } = ticket;
  const { options, random } = fleet;
  const isSlow = isSlowFirst(fleet, poolOf(fleet, worker.spec.model), waitedMs, msPerToken);
  onPace(worker.breaker, options.breaker, random, isSlow, nowMs);
  if (worker.breaker.state.kind !== "half_open") return;
  if (isSlow) onFailure(worker.breaker, options.breaker, random, requestId, nowMs);
  else if (onSuccess(worker.breaker, options.breaker, requestId, nowMs)) {
    worker.slowStartAtMs = nowMs;
  }
}

/** For each token of work, so that a long prompt or a queue it was sent into is no slowness. */
function isSlowFirst(fleet: Fleet, pool: Pool, waitedMs: number, msPerToken: number): boolean {
  const { slowFactor, slowFloorMs } = fleet.options.breaker;
  if (pool.medianMsPerToken === 0 || pool.workers.length < 2) return false;
  return waitedMs > slowFloorMs && msPerToken > slowFactor * pool.medianMsPerToken;
}

/** Takes a ticket out of everything it stands in. */
function settle(fleet: Fleet, ticket: Ticket): void {
  const { worker } = ticket;
  fleet.tickets.delete(ticket.requestId);
  worker.inFlight.delete(ticket);
  worker.inFlightBlocks -= ticket.blocks;
  // It had no tokens: its prompt was not computed, as far as anybody knows.
  if (answer(worker, ticket)) {
    const cached = (ticket.promptTokens - ticket.uncachedTokens) / PREFIX_BLOCK_TOKENS;
    onPrefixMissed(fleet.prefixes, ticket.prefix.slice(Math.floor(cached)), worker);
  }
  see(worker, ticket);
}

/** False when it was answered already. */
function answer(worker: Worker, ticket: Ticket): boolean {
  if (!worker.awaiting.delete(ticket)) return false;
  worker.awaitingTokens -= ticket.uncachedTokens;
  return true;
}

function see(worker: Worker, ticket: Ticket): void {
  if (!worker.unseen.delete(ticket)) return;
  worker.unseenTokens -= ticket.uncachedTokens;
  worker.unseenBlocks -= ticket.blocks;
}
