// The invariants of cluster-core.ts as assertions. Called after every turn in tests and
// simulations.

import assert from "node:assert/strict";
import type { AttemptToken } from "#shared/base/ids.ts";
import type { Attempt, EndProof } from "./attempt.ts";
import { ambiguityMsOf } from "./core-state.ts";
import type { ClusterCore } from "./core-state.ts";
import { nextWakeMs } from "./cluster-core.ts";

const PROOFS: readonly EndProof[] = [
  "exit-line",
  "queue-word",
  "accounting-word",
  "refused",
  "never-ran",
  "gone",
];

export function checkInvariants(core: ClusterCore, nowMs: number): void {
  for (const attempt of core.attempts.values()) checkAttempt(core, attempt, nowMs);
  checkReports(core);
  assert(core.commandDurable <= core.commandSeen, "A7");
  assert(core.submitsInFlight >= 0 && core.submitsInFlight <= core.config.submitsInFlightMax, "A8");
  assert.equal(core.byQueueName.size, core.attempts.size);
  assert.equal(core.touched.size, 0, "a turn attends everything it touched");
  const wakeMs = nextWakeMs(core, nowMs);
  assert(wakeMs === null || wakeMs > nowMs, `A10: the turn left undone what it could do`);
}

function checkAttempt(core: ClusterCore, attempt: Attempt, nowMs: number): void {
  const { state, token } = attempt;
  const where = `${token} ${state.kind}`;
  if (state.kind === "submitting") {
    assert(attempt.intentDurable, `A1 ${where}`);
    checkPermit(core, attempt);
  }
  if (state.kind === "sealing" || state.kind === "reporting") {
    assert(PROOFS.includes(state.end.proof), `A3 ${where}`);
    assert(state.end.evidence.raw !== "", `A3 ${where}: evidence says nothing`);
    const { proof } = state.end;
    if (proof === "gone")
      assert(core.config.heartbeatS > 0, `A3 ${where}: silence is no evidence here`);
    if (proof === "exit-line")
      assert(attempt.claim !== null, `A3 ${where}: an exit line without a claim`);
  }
  const bound = state.kind === "bound" || state.kind === "running" || state.kind === "ended";
  if (bound) assert(attempt.nativeId !== null, `A5 ${where}: bound to nothing`);
  if (bound && attempt.claim !== null)
    assert.equal(attempt.nativeId, attempt.claim.nativeId, `A5 ${where}`);
  assert(isWaited(core, attempt, nowMs), `A9 ${where}: nobody will look at it again`);
}

/** A2, read off the permit that the submission was wished for with. */
function checkPermit(core: ClusterCore, attempt: Attempt): void {
  const { state } = attempt;
  assert(state.kind === "submitting");
  const { permit } = state;
  if (permit.kind !== "waited") {
    // "later" takes nothing, so the same permit may be used again after it.
    assert.equal(attempt.submits - attempt.heldBack, 1, `A2 ${attempt.token}: a second submission`);
    return;
  }
  assert(permit.healthyAbsences >= 2, `A2 ${attempt.token}: asked ${permit.healthyAbsences} times`);
  const waitedMs = permit.atMs - permit.sinceMs;
  assert(waitedMs >= ambiguityMsOf(core), `A2 ${attempt.token}: waited ${waitedMs} ms`);
}

function checkReports(core: ClusterCore): void {
  const { reports } = core;
  assert(reports.ackedSeq <= reports.durableSeq && reports.durableSeq < reports.nextSeq, "A7");
  const ended = new Set<AttemptToken>();
  for (let seq = reports.ackedSeq + 1; seq < reports.nextSeq; seq++) {
    const entry = reports.unacked.get(seq);
    assert(entry !== undefined, `report ${seq} is missing`);
    if (entry.report.kind !== "ended") continue;
    assert(!ended.has(entry.token), `A4 ${entry.token}`);
    ended.add(entry.token);
  }
}

/** A9: a wish that is out, a set it stands in, or a time. */
function isWaited(core: ClusterCore, attempt: Attempt, nowMs: number): boolean {
  const { state, token } = attempt;
  const answerDue =
    core.schedule.inFlight ||
    core.adoptInFlight ||
    core.historyInFlight ||
    core.cancelInFlight ||
    core.submitsInFlight > 0;
  const timed = answerDue || nextWakeMs(core, nowMs) !== null;
  switch (state.kind) {
    case "intended":
    case "reporting":
      return core.journal.inFlight !== null || (core.journal.pending.length > 0 && timed);
    case "submitting":
      return core.submitsInFlight > 0;
    case "adopting":
    case "ambiguous":
      return (
        core.adoptInFlight || (core.toAdopt.has(token) && timed) || timed || !attempt.intentDurable
      );
    case "ready":
      return (core.toSubmit.has(token) && timed) || !attempt.intentDurable;
    case "preparing":
    case "fencing":
    case "sealing":
      return state.retryAtMs === null || timed;
    case "held-back":
    case "ended":
      return timed;
    case "bound":
    case "running":
      return attempt.watched || core.unwatched.has(token);
    case "reported":
      return true;
  }
}
