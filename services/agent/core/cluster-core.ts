// One cluster's attempts and the only functions that change them.
//
// Nothing here reads a clock, a file, a socket or a random number: time comes in as `nowMs`, what
// should happen goes out as wishes (wishes.ts), what has happened comes back as events. One call of
// onEvents() is a turn: every event is taken in, then every attempt it touched is attended, then
// the wishes that share a budget or a disk flush are made.
//
// Invariants, checked by checkInvariants() (invariants.ts) after every turn in tests:
//
//   A1. A submission is wished for only after its intent is on disk.
//   A2. A submission that may be the second is wished for only when the queue has answered
//       healthily twice without it, the last time after the time in which the first could still
//       have appeared, counted from when the doubt began.
//   A3. An attempt ends only on positive evidence, and the end names it.
//   A4. At most one end is reported per attempt.
//   A5. Once there is a claim the attempt is bound to the claim's winner and to nothing else.
//   A6. Nothing with a lower epoch than the highest seen is obeyed.
//   A7. A command is acknowledged, and a report sent, only when it is on disk.
//   A8. One poll, one adoption, one history question, one cancel call are out at a time.
//   A9. Every attempt that is not reported waits for a named thing: a wish that is out, a set it
//       stands in, or a time at which it is looked at again.
//   A10. A turn leaves nothing undone that it could do: the next wake lies ahead of it.

import { unreachable } from "#shared/base/errors.ts";
import { isLive, isOver } from "./attempt.ts";
import type { Attempt } from "./attempt.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import { nextCallMs } from "./call-budget.ts";
import { callWaits, onCancelAsked, wantsPoll, wishCalls } from "./calls.ts";
import { forgetAttempt, onCommand, onReportsAcked, onWelcomed, wishCancel } from "./commands.ts";
import { enter } from "./core-state.ts";
import type { ClusterCore } from "./core-state.ts";
import { onSealFailed, onSealed, sealAgain } from "./ending.ts";
import { onJournalFailed, onJournalled, wishJournal, writeLater } from "./journal-pipe.ts";
import {
  attendAbsence,
  attendEnded,
  onAdopted,
  onHistory,
  onPolled,
  onReach,
  onStatuses,
} from "./observation.ts";
import {
  attendDoubt,
  endUnsubmitted,
  onClaimFailed,
  onClaimTaken,
  onPrepareFailed,
  onPrepared,
  onSubmitted,
  prepareAgain,
} from "./submission.ts";
import type { AgentEvent, Outbox } from "./wishes.ts";

/**
 * Files looked into in one sweep: with 2,000 jobs on a shared file system 50 a second, not 2,000.
 */
const SWEEP_MAX = 50;
const PUSHES_IN_FLIGHT_MAX = 2;
const PUSH_RETRY_FIRST_MS = 500;
const PUSH_RETRY_MAX_MS = 60_000;

/** A turn. */
export function onEvents(
  core: ClusterCore,
  outbox: Outbox,
  events: readonly AgentEvent[],
  nowMs: number,
): void {
  for (const event of events) onEvent(core, outbox, event, nowMs);
  attendDue(core, outbox, nowMs);
  wishCalls(core, outbox, nowMs);
  wishReads(core, outbox, nowMs);
  wishPushes(core, outbox, nowMs);
  writeLater(core, nowMs);
  wishJournal(core, outbox, nowMs);
}

/** When a `tick` is wanted at the latest; `null` when only an event can change anything. */
export function nextWakeMs(core: ClusterCore, nowMs: number): number | null {
  const times: (number | null)[] = [core.due.nextMs(), core.reports.laterAtMs];
  const { journal, schedule, budget } = core;
  if (journal.inFlight === null && journal.pending.length > 0) {
    const wantedMs = journal.urgent ? nowMs : journal.flushAtMs;
    if (wantedMs !== null)
      times.push(Math.max(wantedMs, journal.problem === null ? 0 : journal.retryAtMs));
  }
  if (wantsPoll(core) && !schedule.inFlight) {
    times.push(Math.max(schedule.nextAtMs, nextCallMs(budget, true, nowMs)));
  }
  // While the breaker is open the poll is the probe that closes it; where nothing polls, any call
  // is.
  const probe = !wantsPoll(core);
  if (callWaits(core) && (probe || budget.openUntilMs === null)) {
    times.push(nextCallMs(budget, probe, nowMs));
  }
  if (core.unwatched.size > 0) times.push(core.sweepAtMs);
  if (core.linked && pushesInFlight(core) < PUSHES_IN_FLIGHT_MAX) {
    for (const push of core.pushes.values()) if (!push.inFlight) times.push(push.nextAtMs);
  }
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function onEvent(core: ClusterCore, outbox: Outbox, event: AgentEvent, nowMs: number): void {
  switch (event.kind) {
    case "welcomed":
      return onWelcomed(core, outbox, event.epoch, event.reportSeen, nowMs);
    case "unlinked":
      core.linked = false;
      return;
    case "command":
      return onCommand(core, outbox, event.seq, event.epoch, event.command, nowMs);
    case "reports-acked":
      return onReportsAcked(core, event.seq, nowMs);
    case "journalled":
      return onJournalled(core, outbox, event.batch, nowMs);
    case "journal-failed":
      return onJournalFailed(core, event.batch, event.reason, nowMs);
    case "prepared":
      return onPrepared(core, event.token, event.existed, nowMs);
    case "prepare-failed":
      return onPrepareFailed(core, outbox, event.token, event.reason, event.retry, nowMs);
    case "adopted":
      return onAdopted(core, outbox, event.tokens, event.answer, event.statuses, nowMs);
    case "submitted":
      core.submitsInFlight -= 1;
      return onSubmitted(core, outbox, event.token, event.result, event.watched, nowMs);
    case "claim-taken":
      return onClaimTaken(core, outbox, event.token, event.claim, nowMs);
    case "claim-failed":
      return onClaimFailed(core, event.token, nowMs);
    case "polled":
      return onPolled(core, event.startedAtMs, event.answer, nowMs);
    case "history":
      return onHistory(core, event.answer, nowMs);
    case "statuses":
      return onStatuses(core, outbox, event.statuses, nowMs);
    case "process-exited":
      return onExitAnnounced(core, event.token, nowMs);
    case "files-changed":
      return wantRead(core, event.token);
    case "cancel-asked":
      return onCancelAsked(core, event.tokens, event.answered, event.reason, nowMs);
    case "sealed":
      return onSealed(core, event.token, event.sealed, nowMs);
    case "seal-failed":
      return onSealFailed(core, event.token, nowMs);
    case "pushed":
      core.pushes.delete(event.digest);
      core.journal.pending.push({ table: "pushed", digest: event.digest });
      core.journal.flushAtMs ??= nowMs;
      return;
    case "push-failed":
      return onPushFailed(core, event.digest, nowMs);
    case "facts":
      core.facts = { messageTimeoutMs: event.messageTimeoutMs, accounting: event.accounting };
      return onReach(core, null, nowMs);
    case "tick":
      return;
    default:
      unreachable(event);
  }
}

// --- attending: what an attempt's state asks for now, and when to look again ---

function attendDue(core: ClusterCore, outbox: Outbox, nowMs: number): void {
  for (let token = core.due.take(nowMs); token !== null; token = core.due.take(nowMs)) {
    core.touched.add(token);
  }
  // Attending may touch again, the same attempt at most as often as its state changes.
  for (const token of core.touched) {
    core.touched.delete(token);
    const attempt = core.attempts.get(token);
    if (attempt === undefined) continue;
    core.due.set(token, attend(core, outbox, attempt, nowMs));
    const unwatched = isLive(attempt) && !attempt.watched;
    if (!unwatched) core.unwatched.delete(token);
    else if (!core.unwatched.has(token)) core.unwatched.add(token);
  }
}

/** Answers when to look again; `null` when an event will say so. */
function attend(core: ClusterCore, outbox: Outbox, attempt: Attempt, nowMs: number): number | null {
  const { state } = attempt;
  switch (state.kind) {
    case "intended":
    case "submitting":
    case "reporting":
      return null;
    case "adopting":
    case "ambiguous":
      return attendDoubt(core, outbox, attempt, nowMs);
    case "preparing":
      if (state.retryAtMs === null) return null;
      if (attempt.cancel !== null) return endCancelled(core, outbox, attempt, nowMs);
      if (nowMs < state.retryAtMs) return state.retryAtMs;
      prepareAgain(core, outbox, attempt);
      return null;
    case "ready":
      if (attempt.cancel !== null) return endCancelled(core, outbox, attempt, nowMs);
      if (attempt.intentDurable) core.toSubmit.add(attempt.token);
      return null;
    case "held-back":
      if (attempt.cancel !== null) return endCancelled(core, outbox, attempt, nowMs);
      if (nowMs < state.untilMs) return state.untilMs;
      enter(core, attempt, { kind: "ready", permit: state.permit });
      return null;
    case "fencing":
    case "sealing":
      if (state.retryAtMs === null) return null;
      if (nowMs < state.retryAtMs) return state.retryAtMs;
      if (state.kind === "sealing") sealAgain(core, outbox, attempt);
      else {
        enter(core, attempt, { ...state, retryAtMs: null });
        outbox.wish({ kind: "take-claim", token: attempt.token });
      }
      return null;
    case "bound":
    case "running":
      return soonest([
        attendTimeout(core, attempt, nowMs),
        attendCancel(core, attempt, nowMs),
        attendAbsence(core, outbox, attempt, nowMs),
      ]);
    case "ended":
      return attendEnded(core, outbox, attempt, nowMs);
    case "reported":
      if (attempt.forgetAsked) forgetAttempt(core, attempt, nowMs);
      return null;
    default:
      return unreachable(state);
  }
}

function endCancelled(core: ClusterCore, outbox: Outbox, attempt: Attempt, nowMs: number): null {
  const { cause, reason } = attempt.cancel ?? { cause: "cancelled", reason: "cancelled" };
  core.toSubmit.delete(attempt.token);
  endUnsubmitted(core, outbox, attempt, cause, reason, nowMs);
  return null;
}

function attendTimeout(core: ClusterCore, attempt: Attempt, nowMs: number): number | null {
  const { timeoutMs } = attempt.spec;
  if (timeoutMs === null || attempt.state.kind !== "running" || attempt.cancel !== null)
    return null;
  const endMs = attempt.state.startedAtMs + timeoutMs;
  if (nowMs < endMs) return endMs;
  wishCancel(core, attempt, "timeout", `ran longer than its timeout of ${timeoutMs} ms`, nowMs);
  return null;
}

function attendCancel(core: ClusterCore, attempt: Attempt, nowMs: number): number | null {
  const { cancel } = attempt;
  if (cancel === null || !cancel.durable || core.toCancel.has(attempt.token)) return null;
  if (nowMs < cancel.nextAskMs) return cancel.nextAskMs;
  core.toCancel.add(attempt.token);
  return null;
}

function soonest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}

// --- files ---

function onExitAnnounced(core: ClusterCore, token: AttemptToken, nowMs: number): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined) return;
  attempt.exitHeardAtMs = nowMs;
  wantRead(core, token);
}

function wantRead(core: ClusterCore, token: AttemptToken): void {
  const attempt = core.attempts.get(token);
  if (attempt !== undefined && !isOver(attempt)) core.toRead.add(token);
}

function wishReads(core: ClusterCore, outbox: Outbox, nowMs: number): void {
  if (core.unwatched.size > 0 && nowMs >= core.sweepAtMs) {
    core.sweepAtMs = nowMs + core.config.statusEveryMs;
    let left = SWEEP_MAX;
    for (const token of core.unwatched) {
      if (left === 0) break;
      left -= 1;
      core.unwatched.delete(token); // To the end of the line; the loop's bound is `left`.
      core.unwatched.add(token);
      // Whoever is being read is not put in line again: ends wait for a look that was asked for.
      if (core.attempts.get(token)?.reading !== true) core.toRead.add(token);
    }
  }
  if (core.toRead.size === 0) return;
  const tokens: AttemptToken[] = [];
  for (const token of core.toRead) {
    const attempt = core.attempts.get(token);
    if (attempt === undefined) core.toRead.delete(token);
    else if (!attempt.reading) {
      attempt.reading = true;
      core.toRead.delete(token);
      tokens.push(token);
    }
  }
  if (tokens.length > 0) outbox.wish({ kind: "read-status", tokens });
}

// --- artifacts on their way to the scheduler ---

function wishPushes(core: ClusterCore, outbox: Outbox, nowMs: number): void {
  if (!core.linked || core.pushes.size === 0) return;
  let inFlight = pushesInFlight(core);
  for (const [digest, push] of core.pushes) {
    if (inFlight >= PUSHES_IN_FLIGHT_MAX) return;
    if (push.inFlight || nowMs < push.nextAtMs) continue;
    push.inFlight = true;
    inFlight += 1;
    outbox.wish({ kind: "push", digest });
  }
}

function pushesInFlight(core: ClusterCore): number {
  let count = 0;
  for (const push of core.pushes.values()) if (push.inFlight) count += 1;
  return count;
}

function onPushFailed(core: ClusterCore, digest: string, nowMs: number): void {
  const push = core.pushes.get(digest);
  if (push === undefined) return;
  push.inFlight = false;
  push.nextAtMs =
    nowMs + Math.min(PUSH_RETRY_MAX_MS, PUSH_RETRY_FIRST_MS * 2 ** Math.min(push.tries, 20));
  push.tries += 1;
}
