// Whether a worker is trusted, from what became of its requests.
//
// Only what the worker is at fault for counts. A refusal under load, a bad request and a client
// that went away say nothing about it.
//
//   K1. Half open, at most one request at a time is the probe.
//   K2. A probe that is never answered gives its place up when its lease ends: half open is never
//       for ever.
//   K3. Once half open, only the probe's own fate counts; what was sent before it opened does not.
//   K4. Open is never longer than openMaxMs and half of it.

import assert from "node:assert/strict";
import type { Random } from "#shared/base/prng.ts";
import type { BreakerOptions } from "./options.ts";

export type BreakerState =
  | { readonly kind: "closed" }
  | { readonly kind: "open"; readonly untilMs: number }
  | { readonly kind: "half_open"; readonly probe: Probe | null; readonly successes: number };

interface Probe {
  readonly requestId: string;
  readonly untilMs: number;
}

export interface Breaker {
  state: BreakerState;
  failuresInARow: number;
  /** Openings without a long quiet time between them. */
  openings: number;
  /** When it last closed. */
  closedAtMs: number;
  /** Ends by slice of the window, and the slice each place is about. */
  readonly slices: { readonly slice: number; ok: number; failed: number }[];
  /** The last first tokens, true for slow, the latest last. */
  slow: boolean[];
}

const SLICES = 30;
const CLOSED: BreakerState = { kind: "closed" };

export function newBreaker(nowMs: number): Breaker {
  return {
    ...{ state: CLOSED, failuresInARow: 0, openings: 0, closedAtMs: nowMs, slices: [], slow: [] },
  };
}

/** Takes the worker out of service unless the fleet is in panic. An open one becomes half open. */
export function isTripped(breaker: Breaker, nowMs: number): boolean {
  const { state } = breaker;
  if (state.kind === "open" && nowMs >= state.untilMs) {
    breaker.state = { kind: "half_open", probe: null, successes: 0 };
  }
  return state.kind !== "closed";
}

/** Half open, and the place of the probe is free. */
export function wantsProbe(breaker: Breaker, nowMs: number): boolean {
  if (!isTripped(breaker, nowMs)) return false;
  const { state } = breaker;
  return state.kind === "half_open" && (state.probe === null || nowMs >= state.probe.untilMs);
}

/** True when `requestId` is the probe from now on. */
export function leaseProbe(
  breaker: Breaker,
  options: BreakerOptions,
  requestId: string,
  nowMs: number,
): boolean {
  if (!wantsProbe(breaker, nowMs)) return false;
  assert(breaker.state.kind === "half_open");
  const probe = { requestId, untilMs: nowMs + options.probeLeaseMs };
  breaker.state = { ...breaker.state, probe };
  return true;
}

/** The probe ended in a way that says nothing about the worker: another may be sent. */
export function releaseProbe(breaker: Breaker, requestId: string): void {
  const { state } = breaker;
  if (state.kind !== "half_open" || state.probe?.requestId !== requestId) return;
  breaker.state = { ...state, probe: null };
}

/** True when this has closed it. */
export function onSuccess(
  breaker: Breaker,
  options: BreakerOptions,
  requestId: string,
  nowMs: number,
): boolean {
  const { state } = breaker;
  if (state.kind === "closed") {
    breaker.failuresInARow = 0;
    sliceAt(breaker, options, nowMs).ok += 1;
    return false;
  }
  if (state.kind === "open" || state.probe?.requestId !== requestId) return false;
  const successes = state.successes + 1;
  if (successes < options.probes) {
    breaker.state = { kind: "half_open", probe: null, successes };
    return false;
  }
  breaker.state = CLOSED;
  breaker.closedAtMs = nowMs;
  return true;
}

/** True when this has opened it. */
export function onFailure(
  breaker: Breaker,
  options: BreakerOptions,
  random: Random,
  requestId: string,
  nowMs: number,
): boolean {
  const { state } = breaker;
  if (state.kind === "half_open") {
    if (state.probe?.requestId !== requestId) return false;
    trip(breaker, options, random, nowMs);
    return true;
  }
  if (state.kind === "open") return false;
  breaker.failuresInARow += 1;
  sliceAt(breaker, options, nowMs).failed += 1;
  if (breaker.failuresInARow < options.failuresInARow && !isRateHigh(breaker, options, nowMs)) {
    return false;
  }
  trip(breaker, options, random, nowMs);
  return true;
}

/** A first token that was slow or not, by the fleet's measure. True when this has opened it. */
export function onPace(
  breaker: Breaker,
  options: BreakerOptions,
  random: Random,
  isSlow: boolean,
  nowMs: number,
): boolean {
  if (breaker.state.kind !== "closed") return false;
  breaker.slow.push(isSlow);
  if (breaker.slow.length > options.slowWindow) breaker.slow.shift();
  if (!isSlow || breaker.slow.filter(Boolean).length < options.slowMax) return false;
  trip(breaker, options, random, nowMs);
  return true;
}

/** Opens it, whatever was counted: on failure, or on a verdict that needs no counting. */
export function trip(
  breaker: Breaker,
  options: BreakerOptions,
  random: Random,
  nowMs: number,
): void {
  const wasClosed = breaker.state.kind === "closed";
  if (wasClosed && nowMs - breaker.closedAtMs >= options.forgetMs) breaker.openings = 0;
  const openMs = Math.min(options.openMaxMs, options.openFirstMs * 2 ** breaker.openings);
  const untilMs = nowMs + openMs * (1 + random.next() / 2);
  breaker.state = { kind: "open", untilMs };
  breaker.openings = Math.min(breaker.openings + 1, 30);
  breaker.failuresInARow = 0;
  breaker.slices.length = 0;
  breaker.slow = [];
}

function isRateHigh(breaker: Breaker, options: BreakerOptions, nowMs: number): boolean {
  const oldest = sliceOf(options, nowMs) - SLICES;
  let ok = 0;
  let failed = 0;
  for (const slice of breaker.slices) {
    if (slice.slice <= oldest) continue;
    ok += slice.ok;
    failed += slice.failed;
  }
  const samples = ok + failed;
  return samples >= options.samplesMin && failed >= options.failureRate * samples;
}

function sliceOf(options: BreakerOptions, nowMs: number): number {
  return Math.floor((nowMs * SLICES) / options.windowMs);
}

function sliceAt(
  breaker: Breaker,
  options: BreakerOptions,
  nowMs: number,
): { ok: number; failed: number } {
  const slice = sliceOf(options, nowMs);
  const last = breaker.slices.at(-1);
  if (last !== undefined && last.slice >= slice) return last;
  const next = { slice, ok: 0, failed: 0 };
  breaker.slices.push(next);
  if (breaker.slices.length > SLICES) breaker.slices.shift();
  return next;
}
