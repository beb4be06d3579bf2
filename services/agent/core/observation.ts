// What polls, files and accounting say about live attempts, and what follows from it.

import { evidenceOf, isLive, isOver, newDoubt } from "./attempt.ts";
import type { Attempt, Word } from "./attempt.ts";
import { onCallAnswered, onCallUnanswered } from "./call-budget.ts";
import { ambiguityMsOf, enter, reportLater, reportPhase } from "./core-state.ts";
import type { ClusterCore } from "./core-state.ts";
import { finish, goneEnd, judge } from "./ending.ts";
import type { JobStatus, QueueAnswer, QueueEntry } from "./observations.ts";
import { expectChange, onPollEnded } from "./poll-schedule.ts";
import { bind, onClaimSeen, onDoubtAnswered, startOf } from "./submission.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import type { Outbox } from "./wishes.ts";

/** Unanswered calls in a row after which users are told. */
const UNREACHABLE_MISSES = 3;
const HEALTHY_ABSENCES_MIN = 2;
/** Heartbeats that may be late before their silence counts. */
const BEATS_MISSED_MIN = 3;

export function onPolled(
  core: ClusterCore,
  startedAtMs: number,
  answer: QueueAnswer,
  nowMs: number,
): void {
  const changesBefore = core.changes;
  onReach(core, answer.kind === "answer" ? null : answer.reason, nowMs);
  if (answer.kind === "no-answer") {
    onPollEnded(core.schedule, false);
    return;
  }
  const entriesOf = byAttempt(core, answer.present);
  for (const attempt of core.attempts.values()) {
    const entries = entriesOf.get(attempt.token);
    if (entries !== undefined) onEntries(core, attempt, entries, "queue", nowMs);
    else if (isLive(attempt) && attempt.boundAtMs < startedAtMs) onAbsent(core, attempt, nowMs);
  }
  onPollEnded(core.schedule, core.changes !== changesBefore);
}

export function onAdopted(
  core: ClusterCore,
  outbox: Outbox,
  tokens: readonly AttemptToken[],
  answer: QueueAnswer,
  statuses: readonly JobStatus[],
  nowMs: number,
): void {
  core.adoptInFlight = false;
  onReach(core, answer.kind === "answer" ? null : answer.reason, nowMs);
  onStatuses(core, outbox, statuses, nowMs);
  const entriesOf = answer.kind === "answer" ? byAttempt(core, answer.present) : new Map();
  for (const token of tokens) {
    const attempt = core.attempts.get(token);
    if (attempt === undefined) continue;
    const entries = entriesOf.get(token);
    if (entries !== undefined) onEntries(core, attempt, entries, "queue", nowMs);
    onDoubtAnswered(core, attempt, answer.kind === "answer");
  }
}

export function onHistory(core: ClusterCore, answer: QueueAnswer, nowMs: number): void {
  core.historyInFlight = false;
  onReach(core, answer.kind === "answer" ? null : answer.reason, nowMs);
  if (answer.kind === "no-answer") return;
  for (const [token, entries] of byAttempt(core, answer.present)) {
    const attempt = core.attempts.get(token);
    const ended = entries.filter((entry) => entry.phase === "ended");
    if (attempt !== undefined && ended.length > 0) {
      onEntries(core, attempt, ended, "accounting", nowMs);
    }
  }
}

export function onStatuses(
  core: ClusterCore,
  outbox: Outbox,
  statuses: readonly JobStatus[],
  nowMs: number,
): void {
  for (const status of statuses) {
    const attempt = core.attempts.get(status.token);
    if (attempt === undefined) continue;
    attempt.reading = false;
    core.touched.add(attempt.token);
    if (!isOver(attempt)) onStatus(core, outbox, attempt, status, nowMs);
  }
}

/** `null`: it answered. */
export function onReach(core: ClusterCore, problem: string | null, nowMs: number): void {
  const { reach } = core;
  if (problem === null) {
    onCallAnswered(core.budget);
    reach.misses = 0;
    if (reach.state !== "reachable") {
      Object.assign(reach, { state: "reachable", reason: "", sinceMs: nowMs });
      tellReach(core, nowMs);
    }
    return;
  }
  onCallUnanswered(core.budget, nowMs);
  reach.misses += 1;
  reach.reason = problem;
  if (reach.misses < UNREACHABLE_MISSES || reach.state === "unreachable") return;
  Object.assign(reach, { state: "unreachable", sinceMs: nowMs });
  tellReach(core, nowMs);
}

function tellReach(core: ClusterCore, nowMs: number): void {
  const gone = core.reach.state === "unreachable";
  for (const attempt of core.attempts.values()) {
    if (attempt.toldUnreachable === gone || isOver(attempt)) continue;
    attempt.toldUnreachable = gone;
    const raw = gone ? core.reach.reason : "the cluster answers again";
    const evidence = evidenceOf("agent", raw, nowMs);
    const { token } = attempt;
    if (gone)
      reportLater(core, "reach", token, { kind: "unreachable", reason: raw, evidence }, nowMs);
    else reportLater(core, "reach", token, { kind: "reachable", evidence }, nowMs);
  }
}

function byAttempt(
  core: ClusterCore,
  entries: readonly QueueEntry[],
): Map<AttemptToken, QueueEntry[]> {
  const found = new Map<AttemptToken, QueueEntry[]>();
  for (const entry of entries) {
    const token = core.byQueueName.get(entry.queueName);
    if (token === undefined) continue; // Somebody else's, or long forgotten.
    const list = found.get(token);
    if (list === undefined) found.set(token, [entry]);
    else list.push(entry);
  }
  return found;
}

/** Everything one healthy answer holds under this attempt's name. */
function onEntries(
  core: ClusterCore,
  attempt: Attempt,
  entries: readonly QueueEntry[],
  source: Word["source"],
  nowMs: number,
): void {
  const { kind } = attempt.state;
  if (isOver(attempt) || kind === "intended" || kind === "submitting") return;
  const entry = entryThatCounts(attempt, entries);
  if (entry === null) return; // Only losers of the claim: their words are about nothing.
  if (entry.nativeId !== attempt.nativeId || !isLive(attempt))
    bind(core, attempt, entry.nativeId, nowMs);
  attempt.absence = null;
  if (entry.phase === "ended") {
    onWord(core, attempt, { source, entry }, nowMs);
    return;
  }
  if (attempt.state.kind === "ended") return; // The exit line was faster than the queue.
  const evidence = evidenceOf("queue", entry.raw, nowMs);
  if (entry.phase === "running" || entry.phase === "paused") {
    const known = attempt.state.kind === "running" ? attempt.state.startedAtMs : null;
    const startedAtMs = known ?? startOf(attempt, entry.startedAtMs ?? nowMs, nowMs);
    const paused = entry.phase === "paused";
    if (attempt.state.kind !== "running" || attempt.state.paused !== paused) {
      enter(core, attempt, { kind: "running", startedAtMs, paused });
    }
  } else if (attempt.state.kind === "running" && attempt.claim === null) {
    enter(core, attempt, { kind: "bound" }); // The queue took it back before it began.
  }
  const phase = attempt.claim !== null && entry.phase !== "paused" ? "running" : entry.phase;
  reportPhase(core, attempt, phase, entry.reason, evidence, nowMs);
}

/** The claim's winner; without a claim ours if it lives, else one that lives, else ours. */
function entryThatCounts(attempt: Attempt, entries: readonly QueueEntry[]): QueueEntry | null {
  const { claim } = attempt;
  if (claim !== null) return entries.find((entry) => entry.nativeId === claim.nativeId) ?? null;
  const ours = entries.find((entry) => entry.nativeId === attempt.nativeId);
  if (ours !== undefined && ours.phase !== "ended") return ours;
  return entries.find((entry) => entry.phase !== "ended") ?? ours ?? entries[0] ?? null;
}

/** The queue or accounting says that it ended; the exit line may still add how. */
function onWord(core: ClusterCore, attempt: Attempt, word: Word, nowMs: number): void {
  const { state } = attempt;
  if (state.kind === "ended" && state.word !== null && word.source === "queue") return;
  attempt.word = word;
  const exit = state.kind === "ended" ? state.exit : null;
  const untilMs = state.kind === "ended" ? state.untilMs : nowMs + core.config.witnessGraceMs;
  enter(core, attempt, { kind: "ended", exit, word, untilMs });
  core.toRead.add(attempt.token);
}

function onStatus(
  core: ClusterCore,
  outbox: Outbox,
  attempt: Attempt,
  status: JobStatus,
  nowMs: number,
): void {
  attempt.directoryExists = status.directoryExists;
  const grew = status.statusBytes > attempt.statusBytes;
  attempt.statusBytes = status.statusBytes;
  if (grew && attempt.absence !== null) attempt.absence = { ...attempt.absence, aliveAtMs: nowMs };
  if (status.claim !== null) onClaimSeen(core, outbox, attempt, status.claim, nowMs);
  if (isOver(attempt) || !isLive(attempt)) return;
  if (status.exit === null) {
    // The process is gone and left no exit line: only the dialect can say that it is over.
    if (attempt.watched && attempt.exitHeardAtMs !== null) {
      attempt.watched = false;
      expectChange(core.schedule, nowMs);
    }
    return;
  }
  if (attempt.state.kind === "ended") {
    enter(core, attempt, { ...attempt.state, exit: status.exit });
    return;
  }
  const untilMs = nowMs + (core.config.pollsQueue ? core.config.witnessGraceMs : 0);
  enter(core, attempt, { kind: "ended", exit: status.exit, word: attempt.word, untilMs });
  expectChange(core.schedule, nowMs);
}

/** Both witnesses, or one and no more time: the end. Answers when to look again otherwise. */
export function attendEnded(
  core: ClusterCore,
  outbox: Outbox,
  attempt: Attempt,
  nowMs: number,
): number | null {
  const { state } = attempt;
  if (state.kind !== "ended") return null;
  const { exit, word, untilMs } = state;
  // What never began has no exit line to wait for.
  const neverBegan =
    word?.entry.cause === "cancelled" && attempt.claim === null && attempt.statusBytes === 0;
  const complete = exit !== null && word !== null;
  // A look into the files is on its way: nothing is concluded without what it finds.
  const reading = attempt.reading || core.toRead.has(attempt.token);
  if (!complete && reading) return null;
  if (!complete && !neverBegan && nowMs < untilMs) return untilMs;
  finish(core, outbox, attempt, judge(attempt, exit, word, nowMs), nowMs);
  return null;
}

/** A healthy queue did not name it. That alone ends nothing (A3). */
function onAbsent(core: ClusterCore, attempt: Attempt, nowMs: number): void {
  if (attempt.state.kind === "ended") return; // It is known to have ended already.
  core.toRead.add(attempt.token);
  const before = attempt.absence;
  attempt.absence =
    before === null
      ? { sinceMs: nowMs, count: 1, aliveAtMs: nowMs }
      : { ...before, count: before.count + 1 };
  if (core.facts.accounting) core.toHistory.add(attempt.token);
  expectChange(core.schedule, nowMs);
  core.touched.add(attempt.token);
}

/** What an absence comes to after files and accounting had their say. */
export function attendAbsence(
  core: ClusterCore,
  outbox: Outbox,
  attempt: Attempt,
  nowMs: number,
): number | null {
  const { absence } = attempt;
  if (absence === null || attempt.state.kind === "ended") return null;
  if (absence.count < HEALTHY_ABSENCES_MIN) return null;
  const overMs = absence.sinceMs + ambiguityMsOf(core);
  if (attempt.claim === null) {
    // It never began and the queue lost it: the controller forgot, so it is submitted again (A2).
    if (nowMs < overMs) return overMs;
    attempt.absence = null;
    attempt.nativeId = null;
    enter(core, attempt, { kind: "ambiguous", doubt: newDoubt(nowMs) });
    return null;
  }
  if (core.config.heartbeatS === 0) return null; // The dialect itself says when a process is gone.
  const silentMs = BEATS_MISSED_MIN * core.config.heartbeatS * 1000;
  const goneAtMs = Math.max(overMs, absence.aliveAtMs + silentMs);
  if (nowMs < goneAtMs) return goneAtMs;
  const raw = `not in the queue ${absence.count} times, no heartbeat for ${nowMs - absence.aliveAtMs} ms`;
  finish(core, outbox, attempt, goneEnd(attempt, raw, nowMs), nowMs);
  return null;
}
