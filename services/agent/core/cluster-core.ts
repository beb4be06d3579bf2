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
import { nextCallMs, takeCall } from "./call-budget.ts";
import { forgetAttempt, onCommand, onReportsAcked, onWelcomed, wishCancel } from "./commands.ts";
import { enter, report } from "./core-state.ts";
import type { ClusterCore } from "./core-state.ts";
import { onEndDurable, onSealFailed, onSealed, sealAgain } from "./ending.ts";
import {
  attendAbsence,
  attendEnded,
  onAdopted,
  onHistory,
  onPolled,
  onReach,
  onStatuses,
} from "./observation.ts";
import { expectChange, onPollStarted } from "./poll-schedule.ts";
import {
  attendDoubt,
  endUnsubmitted,
  onClaimFailed,
  onClaimTaken,
  onIntentDurable,
  onPrepareFailed,
  onPrepared,
  onSubmitted,
  prepareAgain,
  submit,
} from "./submission.ts";
import type { AgentEvent, JournalRow, Outbox } from "./wishes.ts";

const JOURNAL_RETRY_MS = 1_000;
/** Files looked into in one sweep: with 2,000 jobs on a shared file system 50 a second, not 2,000. */
const SWEEP_MAX = 50;
const CANCEL_RETRY_FIRST_MS = 2_000;
const CANCEL_AGAIN_FIRST_MS = 5_000;
const CANCEL_AGAIN_MAX_MS = 60_000;
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
    if (wantedMs !== null) times.push(Math.max(wantedMs, journal.problem === null ? 0 : journal.retryAtMs));
  }
  if (wantsPoll(core) && !schedule.inFlight) {
    times.push(Math.max(schedule.nextAtMs, nextCallMs(budget, true, nowMs)));
  }
  // While the breaker is open the poll is the probe that closes it; where nothing polls, any call is.
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
      return onExitAnnounced(core, event.token);
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
  if (timeoutMs === null || attempt.state.kind !== "running" || attempt.cancel !== null) return null;
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

// --- calls to the cluster: batched, one of a kind at a time, within the budget ---

function wantsPoll(core: ClusterCore): boolean {
  if (core.config.pollsQueue) {
    // A cluster without jobs of ours is left alone, unless it has to be found reachable again.
    return core.attempts.size > 0 || core.budget.misses > 0;
  }
  return core.unwatched.size > 0;
}

/** Whether a call besides the poll could go out, were there budget for it. */
function callWaits(core: ClusterCore): boolean {
  return (
    (core.toCancel.size > 0 && !core.cancelInFlight) ||
    (core.toAdopt.size > 0 && !core.adoptInFlight) ||
    (core.toHistory.size > 0 && !core.historyInFlight) ||
    (core.toSubmit.size > 0 && core.submitsInFlight < core.config.submitsInFlightMax)
  );
}

function wishCalls(core: ClusterCore, outbox: Outbox, nowMs: number): void {
  const { schedule, budget } = core;
  const pollDue = wantsPoll(core) && !schedule.inFlight && nowMs >= schedule.nextAtMs;
  if (pollDue && takeCall(budget, true, nowMs)) {
    onPollStarted(schedule, nowMs);
    outbox.wish({ kind: "poll" });
  }
  dropSettledCancels(core);
  const probe = !wantsPoll(core);
  if (core.toCancel.size > 0 && !core.cancelInFlight && takeCall(budget, probe, nowMs)) {
    core.cancelInFlight = true;
    outbox.wish({ kind: "cancel", jobs: takeCancels(core, nowMs) });
  }
  if (core.toAdopt.size > 0 && !core.adoptInFlight && takeCall(budget, probe, nowMs)) {
    core.adoptInFlight = true;
    outbox.wish({ kind: "adopt", tokens: [...core.toAdopt] });
    core.toAdopt.clear();
  }
  if (core.toHistory.size > 0 && !core.historyInFlight && takeCall(budget, probe, nowMs)) {
    core.historyInFlight = true;
    outbox.wish({ kind: "history", tokens: [...core.toHistory] });
    core.toHistory.clear();
  }
  for (const token of core.toSubmit) {
    if (core.submitsInFlight >= core.config.submitsInFlightMax) return;
    if (!takeCall(budget, probe, nowMs)) return;
    core.toSubmit.delete(token);
    const attempt = core.attempts.get(token);
    if (attempt?.state.kind !== "ready") continue;
    core.submitsInFlight += 1;
    submit(core, outbox, attempt);
    core.touched.delete(token); // Nothing to attend: its answer is awaited.
  }
}

function dropSettledCancels(core: ClusterCore): void {
  for (const token of core.toCancel) {
    const kind = core.attempts.get(token)?.state.kind;
    if (kind !== "bound" && kind !== "running") core.toCancel.delete(token);
  }
}

/** From here on the job may end because of it, whatever becomes of the answer. */
function takeCancels(
  core: ClusterCore,
  nowMs: number,
): { token: AttemptToken; nativeId: string }[] {
  const jobs: { token: AttemptToken; nativeId: string }[] = [];
  for (const token of core.toCancel) {
    const attempt = core.attempts.get(token);
    if (attempt === undefined || attempt.cancel === null) continue;
    attempt.cancel = { ...attempt.cancel, askedAtMs: attempt.cancel.askedAtMs ?? nowMs };
    for (const nativeId of attempt.nativeIds) jobs.push({ token, nativeId });
  }
  return jobs;
}

function onCancelAsked(
  core: ClusterCore,
  tokens: readonly AttemptToken[],
  answered: boolean,
  reason: string,
  nowMs: number,
): void {
  core.cancelInFlight = false;
  onReach(core, answered ? null : reason, nowMs);
  expectChange(core.schedule, nowMs);
  for (const token of tokens) {
    core.toCancel.delete(token);
    core.touched.add(token);
    const attempt = core.attempts.get(token);
    if (attempt === undefined || attempt.cancel === null) continue;
    const { cancel } = attempt;
    const firstMs = answered ? CANCEL_AGAIN_FIRST_MS : CANCEL_RETRY_FIRST_MS;
    const waitMs = Math.min(CANCEL_AGAIN_MAX_MS, firstMs * 2 ** Math.min(cancel.tries, 20));
    attempt.cancel = { ...cancel, tries: cancel.tries + 1, nextAskMs: nowMs + waitMs };
  }
}

// --- files ---

function onExitAnnounced(core: ClusterCore, token: AttemptToken): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined) return;
  attempt.exitAnnounced = true;
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
  push.nextAtMs = nowMs + Math.min(PUSH_RETRY_MAX_MS, PUSH_RETRY_FIRST_MS * 2 ** Math.min(push.tries, 20));
  push.tries += 1;
}

// --- the journal ---

/** Facts that have waited long enough become numbered reports. */
function writeLater(core: ClusterCore, nowMs: number): void {
  const { reports } = core;
  if (reports.laterAtMs === null || nowMs < reports.laterAtMs) return;
  for (const fact of reports.later.values()) report(core, fact.token, fact.report, nowMs);
  reports.later.clear();
  reports.laterAtMs = null;
}

function wishJournal(core: ClusterCore, outbox: Outbox, nowMs: number): void {
  const { journal } = core;
  if (journal.inFlight !== null || journal.pending.length === 0) return;
  const flush = journal.flushAtMs !== null && nowMs >= journal.flushAtMs;
  if (!journal.urgent && !flush) return;
  if (journal.problem !== null && nowMs < journal.retryAtMs) return;
  journal.inFlight = { batch: journal.nextBatch, rows: journal.pending };
  journal.nextBatch += 1;
  journal.pending = [];
  journal.urgent = false;
  journal.flushAtMs = null;
  outbox.wish({ kind: "journal", ...journal.inFlight });
}

function onJournalled(core: ClusterCore, outbox: Outbox, batch: number, nowMs: number): void {
  const { journal } = core;
  if (journal.inFlight?.batch !== batch) return;
  const { rows } = journal.inFlight;
  journal.inFlight = null;
  journal.problem = null;
  let acked = false;
  const durableBefore = core.reports.durableSeq;
  for (const row of rows) acked = onRowDurable(core, outbox, row, nowMs) || acked;
  if (acked) outbox.wish({ kind: "ack-commands", seq: core.commandDurable });
  if (core.linked && core.reports.durableSeq > durableBefore) {
    outbox.wish({ kind: "send-reports", upTo: core.reports.durableSeq });
  }
}

/** True for a command that may be acknowledged now. */
function onRowDurable(core: ClusterCore, outbox: Outbox, row: JournalRow, nowMs: number): boolean {
  switch (row.table) {
    case "command-seen":
      core.commandDurable = Math.max(core.commandDurable, row.seq);
      return true;
    case "intent":
      onIntentDurable(core, outbox, row.token);
      return false;
    case "cancel": {
      const attempt = core.attempts.get(row.token);
      if (attempt?.cancel !== undefined && attempt.cancel !== null) {
        attempt.cancel = { ...attempt.cancel, durable: true };
        core.touched.add(row.token);
      }
      return false;
    }
    case "report":
      core.reports.durableSeq = Math.max(core.reports.durableSeq, row.seq);
      return false;
    case "forget":
      outbox.wish({ kind: "retire", token: row.token });
      return false;
    case "end":
      onEndDurable(core, outbox, row.token, row.seq, nowMs);
      return false;
    default:
      return false;
  }
}

/** The rows stay first in line; nothing of them was written, nothing of them is lost. */
function onJournalFailed(core: ClusterCore, batch: number, reason: string, nowMs: number): void {
  const { journal } = core;
  if (journal.inFlight?.batch !== batch) return;
  journal.pending = [...journal.inFlight.rows, ...journal.pending];
  journal.inFlight = null;
  journal.urgent = true;
  journal.problem = reason;
  journal.retryAtMs = nowMs + JOURNAL_RETRY_MS;
}

