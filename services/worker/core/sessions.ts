// The requests a worker has in hand, and whether it takes more: who is let in, who gives way to
// whom, and how a worker that is asked to stop comes to an end.
//
//   ready ──drain──► draining ──the last ended──► drained
//     │                 │    └─deadline: what is left is handed back
//     └──────engine ended────► failed
//
// Pure. Owned by the shell's Sessions (../sessions.ts), which does what is answered here.
//
//   S1. An id is live once. A higher fence takes it over, an equal or lower one is refused.
//   S2. Once it drains or has failed, nobody is let in, and it never goes back to ready.
//   S3. Every session is handed back at most once, and not before the deadline.
//   S4. It is drained only when nobody is live.

import assert from "node:assert/strict";

export interface LiveSession {
  /** Of this worker's, from 1; what tells the attempts at one id apart. */
  readonly serial: number;
  readonly id: string;
  readonly fence: number;
  /** Of prompt and resumed output: what must be computed before the first token. */
  readonly promptTokens: number;
  decoding: boolean;
  handedBack: boolean;
}

export type WorkerPhase =
  | { readonly kind: "ready" }
  | { readonly kind: "draining"; readonly deadlineMs: number }
  | { readonly kind: "drained" }
  | { readonly kind: "failed"; readonly reason: string };

export interface SessionCore {
  readonly live: Map<string, LiveSession>;
  readonly bySerial: Map<number, LiveSession>;
  phase: WorkerPhase;
  lastSerial: number;
}

export type Admission =
  | { readonly kind: "admitted"; readonly serial: number; readonly replaces: number | null }
  /** An attempt with this fence or a higher one is live. */
  | { readonly kind: "fenced"; readonly liveFence: number }
  | { readonly kind: "closed"; readonly reason: string };

export function createSessionCore(): SessionCore {
  return { live: new Map(), bySerial: new Map(), phase: { kind: "ready" }, lastSerial: 0 };
}

export function onArrive(
  core: SessionCore,
  request: Pick<LiveSession, "id" | "fence" | "promptTokens">,
): Admission {
  if (core.phase.kind !== "ready") return { kind: "closed", reason: reasonOf(core.phase) };
  const before = core.live.get(request.id);
  if (before !== undefined && before.fence >= request.fence) {
    return { kind: "fenced", liveFence: before.fence };
  }
  if (before !== undefined) core.bySerial.delete(before.serial);
  const serial = (core.lastSerial += 1);
  const session = { ...request, serial, decoding: false, handedBack: false };
  core.live.set(request.id, session);
  core.bySerial.set(serial, session);
  return { kind: "admitted", serial, replaces: before?.serial ?? null };
}

export function onFirstToken(core: SessionCore, serial: number): void {
  const session = core.bySerial.get(serial);
  if (session !== undefined) session.decoding = true;
}

/** However it ended. One that gave way to another has ended already. */
export function onEnded(core: SessionCore, serial: number): void {
  const session = core.bySerial.get(serial);
  if (session === undefined) return;
  core.bySerial.delete(serial);
  assert.equal(core.live.get(session.id), session);
  core.live.delete(session.id);
  if (core.phase.kind === "draining" && core.live.size === 0) core.phase = { kind: "drained" };
}

/** Asked twice, the earlier deadline holds. */
export function onDrain(core: SessionCore, deadlineMs: number): void {
  if (core.phase.kind === "draining") {
    core.phase = { kind: "draining", deadlineMs: Math.min(deadlineMs, core.phase.deadlineMs) };
  } else if (core.phase.kind === "ready") {
    core.phase = core.live.size === 0 ? { kind: "drained" } : { kind: "draining", deadlineMs };
  }
}

export function onEngineEnded(core: SessionCore, reason: string): void {
  if (core.phase.kind !== "drained") core.phase = { kind: "failed", reason };
}

/** The serials to hand back now: all that are left once the deadline has passed. */
export function onTime(core: SessionCore, nowMs: number): number[] {
  if (core.phase.kind !== "draining" || nowMs < core.phase.deadlineMs) return [];
  const left = [...core.bySerial.values()].filter((it) => !it.handedBack);
  for (const it of left) it.handedBack = true;
  return left.map((it) => it.serial);
}

/** Of requests that have drawn nothing yet: what a router's estimate of the wait is made of. */
export function promptTokensLeft(core: SessionCore): number {
  let tokens = 0;
  for (const it of core.bySerial.values()) if (!it.decoding) tokens += it.promptTokens;
  return tokens;
}

function reasonOf(phase: Exclude<WorkerPhase, { kind: "ready" }>): string {
  if (phase.kind === "failed") return `the worker's engine has ended: ${phase.reason}`;
  return "the worker drains: it takes no new requests";
}

/** For tests, after every event. */
export function checkInvariants(core: SessionCore): void {
  assert.equal(core.live.size, core.bySerial.size);
  for (const [serial, it] of core.bySerial) {
    assert.equal(it.serial, serial);
    assert.equal(core.live.get(it.id), it, "S1");
    assert.ok(!it.handedBack || core.phase.kind !== "ready", "S3");
  }
  if (core.phase.kind === "drained") assert.equal(core.live.size, 0, "S4");
}
