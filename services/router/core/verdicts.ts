// Health is progress: what a worker's reports, and their absence, say about it.
//
//   V1. Silence alone condemns nobody: it is asked over the serving connection first.
//   V2. What this process slept through is nobody else's silence.
//   V3. A hang is judged from reports that came in, never from their absence.

import { trip } from "./breaker.ts";
import type { Fleet, Pool } from "./fleet-state.ts";
import type { RememberedPace } from "./pace-memory.ts";
import { forgetSilentPeers } from "./peers.ts";
import { usualItlMs } from "./token-pace.ts";
import { setHealth } from "./worker.ts";
import type { Worker } from "./worker.ts";

export type Verdict =
  /** It reports, and its engine or its event loop stands still: resume its streams elsewhere. */
  | {
      readonly kind: "hung";
      readonly key: string;
      readonly what: "engine" | "loop";
      readonly frozenMs: number;
    }
  /** It has not reported: ask it over the serving connection, and tell onConfirmed(). */
  | { readonly kind: "suspect"; readonly key: string; readonly silentMs: number }
  /** It is heard again, or moves again. */
  | { readonly kind: "recovered"; readonly key: string };

/** To be called every period or so. Each verdict is given once for each time it becomes true. */
export function onTick(fleet: Fleet, nowMs: number): Verdict[] {
  const { options } = fleet;
  if (nowMs - fleet.tickedAtMs > options.periodMs + options.pauseMs) fleet.awakeSinceMs = nowMs;
  fleet.tickedAtMs = nowMs;
  const verdicts: Verdict[] = [];
  for (const worker of fleet.workers.values()) {
    const verdict = judge(fleet, worker, nowMs);
    if (verdict !== null) verdicts.push(verdict);
  }
  for (const pool of fleet.pools.values()) renewUsual(pool, options.paceKeptMs, nowMs);
  forgetSilentPeers(fleet, nowMs);
  return verdicts;
}

/** What the serving connection answered when a suspect was asked. */
export function onConfirmed(fleet: Fleet, key: string, alive: boolean, nowMs: number): void {
  const worker = fleet.workers.get(key);
  if (worker === undefined) return; // Gone meanwhile.
  const { kind } = worker.health;
  if (kind === "ok" || kind === "hung") return; // Heard meanwhile.
  const untilMs = nowMs + fleet.options.confirmedForMs;
  setHealth(worker, alive ? { kind: "confirmed", untilMs } : { kind: "dead", askedAtMs: nowMs });
}

function judge(fleet: Fleet, worker: Worker, nowMs: number): Verdict | null {
  const { options, awakeSinceMs } = fleet;
  const { health, key } = worker;
  const silentMs = nowMs - Math.max(worker.heardAtMs, awakeSinceMs);
  const isSilent = silentMs > options.periodMs * options.suspectPeriods;
  switch (health.kind) {
    case "ok":
      if (!isSilent) return judgeMotion(fleet, worker, nowMs);
      setHealth(worker, { kind: "suspect", askedAtMs: nowMs });
      return { kind: "suspect", key, silentMs };
    case "suspect":
    case "confirmed":
    case "dead": {
      if (!isSilent && worker.heardAtMs > awakeSinceMs) {
        setHealth(worker, { kind: "ok" });
        return { kind: "recovered", key };
      }
      // Asked again: an answer that got lost, or one that has become old.
      const askAtMs =
        health.kind === "confirmed" ? health.untilMs : health.askedAtMs + options.confirmedForMs;
      if (nowMs < askAtMs) return null;
      if (health.kind === "dead") setHealth(worker, { kind: "dead", askedAtMs: nowMs });
      else setHealth(worker, { kind: "suspect", askedAtMs: nowMs });
      return { kind: "suspect", key, silentMs };
    }
    case "hung":
      if (!hasMoved(fleet, worker)) return null;
      setHealth(worker, { kind: "ok" });
      return { kind: "recovered", key };
  }
}

function judgeMotion(fleet: Fleet, worker: Worker, nowMs: number): Verdict | null {
  const { awakeSinceMs, options } = fleet;
  const { key, progress } = worker;
  if (progress === null) return null;
  const limitMs = hangLimitMs(fleet, worker);
  const frozenMs = worker.heardAtMs - Math.max(worker.stepMovedAtMs, awakeSinceMs);
  const isFrozen = progress.running > 0 && frozenMs > limitMs;
  if (!isFrozen && progress.loopLagMs <= limitMs) return null;
  const what = isFrozen ? "engine" : "loop";
  setHealth(worker, { kind: "hung", what, engineStep: progress.engineStep });
  trip(worker.breaker, options.breaker, fleet.random, nowMs);
  return { kind: "hung", key, what, frozenMs: isFrozen ? frozenMs : progress.loopLagMs };
}

/** An engine by a step, or by having nothing to do; a loop by turning. */
function hasMoved(fleet: Fleet, worker: Worker): boolean {
  const { health, progress } = worker;
  if (health.kind !== "hung" || progress === null) return false;
  if (health.what === "loop") return progress.loopLagMs <= hangLimitMs(fleet, worker);
  return progress.engineStep !== health.engineStep || progress.running === 0;
}

function hangLimitMs(fleet: Fleet, worker: Worker): number {
  return Math.max(fleet.options.hangMs, fleet.options.hangSteps * worker.stepMs);
}

function renewUsual(pool: Pool, keptMs: number, nowMs: number): void {
  const { workers } = pool;
  const isLately = (pace: RememberedPace): boolean =>
    pace.ms > 0 && nowMs - pace.measuredAtMs <= keptMs;
  const known = workers.filter(({ first }) => first.ms > 0);
  pool.medianMsPerToken = quantileOf(known, 0.5, ({ first }) => first.ms);
  const lately = workers.filter(({ first }) => isLately(first));
  if (lately.length > 0) pool.usualMsPerToken = quantileOf(lately, 0.25, ({ first }) => first.ms);
  const paced = workers.filter(({ pace }) => isLately(pace.itl));
  if (paced.length > 0) {
    pool.usualItlMs = quantileOf(paced, 0.25, ({ pace }) => pace.itl.ms);
    pool.usualStreams = quantileOf(paced, 0.25, ({ pace }) => pace.streams);
    pool.usualPromptsPerStep = quantileOf(paced, 0.25, ({ pace }) => pace.promptsPerStep);
  }
  for (const { first, pace } of workers) {
    if (first.ms > 0 && first.usualMs === 0) first.usualMs = pool.usualMsPerToken;
    if (pace.itl.ms > 0 && pace.itl.usualMs === 0) pace.itl.usualMs = usualItlMs(pool, pace);
  }
}

/** The lower of the two that it is between: of two workers the slow one is not the measure. */
function quantileOf(
  workers: readonly Worker[],
  quantile: number,
  valueOf: (worker: Worker) => number,
): number {
  const values = workers.map(valueOf);
  values.sort((a, b) => a - b);
  return values[Math.floor((values.length - 1) * quantile)] ?? 0;
}
