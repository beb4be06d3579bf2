// From the intent to the binding, without ever starting an attempt twice.
//
// The only way to `ready`, from where submissions are wished for, is through a Permit; permits are
// made here in three places and nowhere else.

import assert from "node:assert/strict";
import type { EndCause } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import { NATIVE_IDS_MAX, evidenceOf, isOver, newDoubt } from "./attempt.ts";
import type { Attempt, Doubt, Permit } from "./attempt.ts";
import { ambiguityMsOf, enter, journal, reportPhase } from "./core-state.ts";
import type { ClusterCore } from "./core-state.ts";
import { finish, neverRanEnd } from "./ending.ts";
import { FENCE_NATIVE_ID } from "./observations.ts";
import type { Claim, SubmitResult } from "./observations.ts";
import { expectChange } from "./poll-schedule.ts";
import type { Outbox } from "./wishes.ts";

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 60_000;
const HELD_FIRST_MS = 5_000;
const HELD_MAX_MS = 300_000;
const ASK_GAP_MAX_MS = 15_000;
const ASK_GAP_MIN_MS = 20;
/** Two answers, because one may come from a controller that has not read its state yet. */
const HEALTHY_ABSENCES_MIN = 2;

export function onIntentDurable(core: ClusterCore, outbox: Outbox, token: AttemptToken): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined) return;
  attempt.intentDurable = true;
  core.touched.add(token);
  if (attempt.state.kind === "intended") prepare(core, outbox, attempt, { kind: "first" });
}

export function prepare(core: ClusterCore, outbox: Outbox, attempt: Attempt, permit: Permit): void {
  enter(core, attempt, { kind: "preparing", permit, tries: 1, retryAtMs: null });
  outbox.wish({ kind: "prepare", token: attempt.token });
}

export function prepareAgain(core: ClusterCore, outbox: Outbox, attempt: Attempt): void {
  assert(attempt.state.kind === "preparing");
  enter(core, attempt, { ...attempt.state, retryAtMs: null });
  outbox.wish({ kind: "prepare", token: attempt.token });
}

/** `existed`: somebody had published the directory before this call. */
export function onPrepared(
  core: ClusterCore,
  token: AttemptToken,
  existed: boolean,
  nowMs: number,
): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined || attempt.state.kind !== "preparing") return;
  attempt.directoryExists = true;
  const { permit } = attempt.state;
  if (existed && permit.kind !== "waited") {
    // An earlier life published it, so it may have submitted it too.
    enter(core, attempt, { kind: "ambiguous", doubt: newDoubt(nowMs) });
    return;
  }
  enter(core, attempt, { kind: "ready", permit });
}

export function onPrepareFailed(
  core: ClusterCore,
  outbox: Outbox,
  token: AttemptToken,
  reason: string,
  retry: "never" | "later",
  nowMs: number,
): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined || attempt.state.kind !== "preparing") return;
  if (retry === "never") {
    endUnsubmitted(core, outbox, attempt, "refused", reason, nowMs);
    return;
  }
  const { tries } = attempt.state;
  const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(tries - 1, 20));
  enter(core, attempt, { ...attempt.state, tries: tries + 1, retryAtMs: nowMs + waitMs });
  reportPhase(core, attempt, "intended", reason, evidenceOf("agent", reason, nowMs), nowMs);
}

/** The budget has a call for it: the submission is wished for. */
export function submit(core: ClusterCore, outbox: Outbox, attempt: Attempt): void {
  assert(attempt.state.kind === "ready");
  assert(attempt.intentDurable, "A1");
  const { permit } = attempt.state;
  attempt.submits += 1;
  attempt.exitHeardAtMs = null;
  enter(core, attempt, { kind: "submitting", permit });
  outbox.wish({ kind: "submit", token: attempt.token });
}

export function onSubmitted(
  core: ClusterCore,
  outbox: Outbox,
  token: AttemptToken,
  result: SubmitResult,
  watched: boolean,
  nowMs: number,
): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined || attempt.state.kind !== "submitting") return;
  const { permit } = attempt.state;
  switch (result.kind) {
    case "submitted":
      attempt.watched = watched;
      bind(core, attempt, result.nativeId, nowMs);
      // Faster than its own submission: what was read before it was bound counted for nothing.
      if (attempt.exitHeardAtMs !== null) core.toRead.add(token);
      return;
    case "ambiguous":
      attempt.proof = evidenceOf("agent", result.reason, nowMs);
      enter(core, attempt, { kind: "ambiguous", doubt: newDoubt(nowMs) });
      return;
    case "later": {
      const waitMs = Math.min(HELD_MAX_MS, HELD_FIRST_MS * 2 ** Math.min(attempt.heldBack, 20));
      attempt.heldBack += 1;
      enter(core, attempt, { kind: "held-back", permit, untilMs: nowMs + waitMs });
      const evidence = evidenceOf("controller", result.reason, nowMs);
      reportPhase(core, attempt, "intended", result.reason, evidence, nowMs);
      return;
    }
    case "refused":
      endUnsubmitted(core, outbox, attempt, "refused", result.reason, nowMs);
  }
}

/** Nobody could look for the claim just now. */
export function onClaimFailed(core: ClusterCore, token: AttemptToken, nowMs: number): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined || attempt.state.kind !== "fencing") return;
  enter(core, attempt, { ...attempt.state, retryAtMs: nowMs + RETRY_FIRST_MS });
}

/** The cluster has it. A claim, once known, names the one that counts (A5). */
export function bind(core: ClusterCore, attempt: Attempt, nativeId: string, nowMs: number): void {
  noteNativeId(attempt, nativeId);
  const winner = attempt.claim?.nativeId ?? nativeId;
  attempt.nativeId = winner;
  attempt.boundAtMs = nowMs;
  attempt.absence = null;
  attempt.word = null;
  const { token } = attempt;
  const { pollsQueue } = core.config;
  // A local process is found again by its claim file: its binding need not be on disk first.
  journal(core, { table: "binding", token, nativeId: winner, atMs: nowMs }, pollsQueue, nowMs);
  expectChange(core.schedule, nowMs);
  if (pollsQueue && attempt.claim === null) {
    enter(core, attempt, { kind: "bound" });
    reportPhase(
      core,
      attempt,
      "queued",
      null,
      evidenceOf("agent", `bound to ${winner}`, nowMs),
      nowMs,
    );
    return;
  }
  const startedAtMs = startOf(attempt, attempt.claim?.atMs ?? nowMs, nowMs);
  enter(core, attempt, { kind: "running", startedAtMs, paused: false });
  const evidence =
    attempt.claim === null
      ? evidenceOf("agent", `started as ${winner}`, nowMs)
      : evidenceOf("supervisor", attempt.claim.raw, attempt.claim.atMs);
  reportPhase(core, attempt, "running", null, evidence, nowMs);
}

/** A start on our clock: a skewed one must not make a job older than its intent. */
export function startOf(attempt: Attempt, saidMs: number, nowMs: number): number {
  return Math.min(nowMs, Math.max(attempt.intendedAtMs, saidMs));
}

/** What a job's first act left behind. It decides who runs, whatever the queue told us before. */
export function onClaimSeen(
  core: ClusterCore,
  outbox: Outbox,
  attempt: Attempt,
  claim: Claim,
  nowMs: number,
): void {
  if (attempt.claim !== null || isOver(attempt)) return;
  attempt.claim = claim;
  if (claim.nativeId === FENCE_NATIVE_ID) {
    const message = attempt.cancel?.reason ?? "the agent took the claim before any job of it ran";
    const cause: EndCause = attempt.cancel?.cause ?? "refused";
    finish(core, outbox, attempt, neverRanEnd(cause, message, "never-ran", nowMs), nowMs);
    return;
  }
  noteNativeId(attempt, claim.nativeId);
  const { kind } = attempt.state;
  if (kind === "submitting") return; // Its answer binds, and finds the claim.
  const same = attempt.nativeId === claim.nativeId;
  if (same && (kind === "running" || kind === "ended")) return;
  if (attempt.word !== null && attempt.word.entry.nativeId !== claim.nativeId) attempt.word = null;
  bind(core, attempt, claim.nativeId, nowMs);
}

/** A question by name came back without the name; `healthy` when the queue did answer. */
export function onDoubtAnswered(core: ClusterCore, attempt: Attempt, healthy: boolean): void {
  const { state } = attempt;
  if (state.kind !== "adopting" && state.kind !== "ambiguous") return;
  const { doubt } = state;
  if (!doubt.asking) return;
  const answered: Doubt = { ...doubt, asking: false };
  const absent: Doubt = {
    ...answered,
    healthyAbsences: doubt.healthyAbsences + 1,
    absentAtMs: doubt.askedAtMs,
  };
  enter(core, attempt, { ...state, doubt: healthy ? absent : answered });
}

/** Asks on, or concludes that the cluster does not have it. */
export function attendDoubt(
  core: ClusterCore,
  outbox: Outbox,
  attempt: Attempt,
  nowMs: number,
): number | null {
  const { state } = attempt;
  assert(state.kind === "adopting" || state.kind === "ambiguous");
  const { doubt } = state;
  if (doubt.asking) return null;
  const permit = state.kind === "adopting" ? askedPermit(doubt) : waitedPermit(core, doubt);
  if (permit !== null) {
    if (attempt.cancel !== null) {
      endUnsubmitted(core, outbox, attempt, attempt.cancel.cause, attempt.cancel.reason, nowMs);
    } else if (attempt.intentDurable) {
      prepare(core, outbox, attempt, permit);
    }
    return null;
  }
  if (nowMs < doubt.nextAskMs) return doubt.nextAskMs;
  const gapMs =
    Math.max(ASK_GAP_MIN_MS, core.config.adoptWaitMs / 16) * 2 ** Math.min(doubt.tries, 20);
  const overMs = doubt.sinceMs + ambiguityMsOf(core);
  const laterMs = nowMs + Math.min(ASK_GAP_MAX_MS, Math.ceil(gapMs));
  const nextAskMs = nowMs < overMs ? Math.min(laterMs, overMs) : laterMs;
  const tries = doubt.tries + 1;
  const asked: Doubt = { ...doubt, tries, askedAtMs: nowMs, nextAskMs, asking: true };
  attempt.state = { ...state, doubt: asked };
  core.toAdopt.add(attempt.token);
  return null;
}

/**
 * Ends an attempt that, as far as we know, no cluster has. Where something may have been submitted
 * the agent takes the claim first, so that nothing of it can run afterwards.
 */
export function endUnsubmitted(
  core: ClusterCore,
  outbox: Outbox,
  attempt: Attempt,
  cause: EndCause,
  message: string,
  nowMs: number,
): void {
  const maybeThere =
    attempt.submits > 1 ||
    attempt.state.kind === "ambiguous" ||
    attempt.nativeIds.length > 0 ||
    (attempt.submits === 1 && attempt.state.kind !== "submitting");
  if (maybeThere && attempt.directoryExists) {
    enter(core, attempt, { kind: "fencing", cause, message, retryAtMs: null });
    outbox.wish({ kind: "take-claim", token: attempt.token });
    return;
  }
  const proof = cause === "refused" ? "refused" : "never-ran";
  finish(core, outbox, attempt, neverRanEnd(cause, message, proof, nowMs), nowMs);
}

export function onClaimTaken(
  core: ClusterCore,
  outbox: Outbox,
  token: AttemptToken,
  claim: Claim,
  nowMs: number,
): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined || attempt.state.kind !== "fencing") return;
  if (claim.nativeId !== FENCE_NATIVE_ID) {
    onClaimSeen(core, outbox, attempt, claim, nowMs);
    return;
  }
  attempt.claim = claim;
  const { cause, message, end } = attempt.state;
  finish(core, outbox, attempt, end ?? neverRanEnd(cause, message, "never-ran", nowMs), nowMs);
}

function noteNativeId(attempt: Attempt, nativeId: string): void {
  if (attempt.nativeIds.includes(nativeId)) return;
  attempt.nativeIds.push(nativeId);
  if (attempt.nativeIds.length > NATIVE_IDS_MAX) attempt.nativeIds.shift();
}

/** Nothing was published, so one healthy answer that it is not there is enough. */
function askedPermit(doubt: Doubt): Permit | null {
  if (doubt.healthyAbsences < 1) return null;
  return { kind: "asked", healthyAbsences: doubt.healthyAbsences };
}

/** DESIGN §5: twice healthily absent, the last time after it could no longer have appeared. */
function waitedPermit(core: ClusterCore, doubt: Doubt): Permit | null {
  const { sinceMs, healthyAbsences, absentAtMs } = doubt;
  if (healthyAbsences < HEALTHY_ABSENCES_MIN || absentAtMs === null) return null;
  if (absentAtMs - sinceMs < ambiguityMsOf(core)) return null;
  return { kind: "waited", sinceMs, healthyAbsences, atMs: absentAtMs };
}
