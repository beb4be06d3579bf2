// What the core keeps, and the small moves everything else is made of: journal a row, report a
// fact, have an attempt looked at again.

import assert from "node:assert/strict";
import type { AttemptPhase, AttemptReport, Evidence } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import { PHASE_REPORTS_MAX, queueNameOf } from "./attempt.ts";
import type { Attempt, AttemptState } from "./attempt.ts";
import { newCallBudget } from "./call-budget.ts";
import type { CallBudget } from "./call-budget.ts";
import { DueQueue } from "./due-queue.ts";
import { newPollSchedule } from "./poll-schedule.ts";
import type { PollSchedule } from "./poll-schedule.ts";
import type { JournalRow } from "./wishes.ts";

export interface CoreConfig {
  /** How long an unanswered submission is waited for at least (DESIGN §5). */
  readonly adoptWaitMs: number;
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
  /** False where the dialect announces exits itself (local processes). */
  readonly pollsQueue: boolean;
  /** Seconds between the supervisor's beats; 0 for none. */
  readonly heartbeatS: number;
  /** Gap between looks into the files of jobs whose exit nobody announces. */
  readonly statusEveryMs: number;
  /** How long the second witness of an end (queue or exit line) is waited for. */
  readonly witnessGraceMs: number;
  /** Cluster calls a second; 0 for unlimited. */
  readonly callsPerS: number;
  readonly callsDepth: number;
  readonly submitsInFlightMax: number;
}

export interface ClusterFactsSeen {
  /** How long an unanswered submission may still come true, as the dialect says. */
  readonly messageTimeoutMs: number;
  readonly accounting: boolean;
}

/** Rows wait here; one batch is on its way to the disk at a time, so rows that come meanwhile share
 * the next one. */
export interface JournalPipe {
  nextBatch: number;
  inFlight: { readonly batch: number; readonly rows: readonly JournalRow[] } | null;
  pending: JournalRow[];
  urgent: boolean;
  /** When rows nobody waits for are written at the latest. */
  flushAtMs: number | null;
  /** Why the last batch was not written; `null` when it was. */
  problem: string | null;
  retryAtMs: number;
}

export interface ReportBook {
  nextSeq: number;
  /** Every report up to this number is on disk and may be sent. */
  durableSeq: number;
  ackedSeq: number;
  readonly unacked: Map<number, { readonly token: AttemptToken; readonly report: AttemptReport }>;
  /** Facts not worth a disk flush of their own: an end that comes soon makes them needless. */
  readonly later: Map<string, { readonly token: AttemptToken; readonly report: AttemptReport }>;
  laterAtMs: number | null;
}

export interface PendingPush {
  readonly token: AttemptToken;
  tries: number;
  nextAtMs: number;
  inFlight: boolean;
}

export interface Reach {
  state: "unknown" | "reachable" | "unreachable";
  reason: string;
  sinceMs: number;
  misses: number;
}

export interface ClusterCore {
  readonly config: CoreConfig;
  facts: ClusterFactsSeen;
  readonly attempts: Map<AttemptToken, Attempt>;
  readonly byQueueName: Map<string, AttemptToken>;
  readonly due: DueQueue<AttemptToken>;
  /** To be attended before the turn ends. */
  readonly touched: Set<AttemptToken>;
  readonly toAdopt: Set<AttemptToken>;
  readonly toSubmit: Set<AttemptToken>;
  readonly toCancel: Set<AttemptToken>;
  readonly toHistory: Set<AttemptToken>;
  readonly toRead: Set<AttemptToken>;
  /** Live attempts whose exit nobody announces, least recently read first. */
  readonly unwatched: Set<AttemptToken>;
  sweepAtMs: number;
  adoptInFlight: boolean;
  cancelInFlight: boolean;
  historyInFlight: boolean;
  submitsInFlight: number;
  readonly schedule: PollSchedule;
  readonly budget: CallBudget;
  readonly journal: JournalPipe;
  readonly reports: ReportBook;
  readonly pushes: Map<string, PendingPush>;
  commandSeen: number;
  commandDurable: number;
  epochSeen: number;
  linked: boolean;
  readonly reach: Reach;
  /** Grows with every change of an attempt's state: how a poll knows that something happened. */
  changes: number;
}

/** Rows that nobody waits for ride with the next batch, at the latest after this. */
const LAZY_FLUSH_MS = 200;
/** A job shorter than this is reported once, as ended. */
const LATER_MS = 25;

export function newCore(config: CoreConfig, nowMs: number): ClusterCore {
  return {
    config,
    facts: { messageTimeoutMs: 0, accounting: false },
    attempts: new Map(),
    byQueueName: new Map(),
    due: new DueQueue(),
    touched: new Set(),
    toAdopt: new Set(),
    toSubmit: new Set(),
    toCancel: new Set(),
    toHistory: new Set(),
    toRead: new Set(),
    unwatched: new Set(),
    sweepAtMs: nowMs,
    adoptInFlight: false,
    cancelInFlight: false,
    historyInFlight: false,
    submitsInFlight: 0,
    schedule: newPollSchedule(config.pollMinMs, config.pollMaxMs, nowMs),
    budget: newCallBudget(config.callsPerS, config.callsDepth, nowMs),
    journal: {
      nextBatch: 1,
      inFlight: null,
      pending: [],
      urgent: false,
      flushAtMs: null,
      problem: null,
      retryAtMs: nowMs,
    },
    reports: {
      nextSeq: 1,
      durableSeq: 0,
      ackedSeq: 0,
      unacked: new Map(),
      later: new Map(),
      laterAtMs: null,
    },
    pushes: new Map(),
    commandSeen: 0,
    commandDurable: 0,
    epochSeen: 0,
    linked: false,
    reach: { state: "unknown", reason: "not asked yet", sinceMs: nowMs, misses: 0 },
    changes: 0,
  };
}

/** How long an ambiguous submission is waited for (A2). */
export function ambiguityMsOf(core: ClusterCore): number {
  return Math.max(core.config.adoptWaitMs, core.facts.messageTimeoutMs);
}

export function addAttempt(core: ClusterCore, attempt: Attempt): void {
  assert(!core.attempts.has(attempt.token));
  core.attempts.set(attempt.token, attempt);
  core.byQueueName.set(queueNameOf(attempt.spec), attempt.token);
  core.touched.add(attempt.token);
}

export function dropAttempt(core: ClusterCore, attempt: Attempt): void {
  core.attempts.delete(attempt.token);
  core.byQueueName.delete(queueNameOf(attempt.spec));
  core.due.set(attempt.token, null);
  for (const set of [core.touched, core.toAdopt, core.toSubmit, core.toCancel]) {
    set.delete(attempt.token);
  }
  for (const set of [core.toHistory, core.toRead, core.unwatched]) set.delete(attempt.token);
}

/** The number of a reported end that the scheduler has not acknowledged; `null` for none. */
export function endSeqOf(core: ClusterCore, token: AttemptToken): number | null {
  for (const [seq, entry] of core.reports.unacked) {
    if (entry.token === token && entry.report.kind === "ended") return seq;
  }
  return null;
}

export function enter(core: ClusterCore, attempt: Attempt, state: AttemptState): void {
  attempt.state = state;
  core.changes += 1;
  core.touched.add(attempt.token);
}

/** `urgent`: somebody waits for it to be durable. */
export function journal(core: ClusterCore, row: JournalRow, urgent: boolean, nowMs: number): void {
  core.journal.pending.push(row);
  if (urgent) core.journal.urgent = true;
  else core.journal.flushAtMs ??= nowMs + LAZY_FLUSH_MS;
}

/** Numbers a report; it is sent once it is durable. */
export function report(
  core: ClusterCore,
  token: AttemptToken,
  content: AttemptReport,
  nowMs: number,
): number {
  const seq = core.reports.nextSeq;
  core.reports.nextSeq += 1;
  core.reports.unacked.set(seq, { token, report: content });
  journal(core, { table: "report", seq, token, report: content }, true, nowMs);
  return seq;
}

export function reportPhase(
  core: ClusterCore,
  attempt: Attempt,
  phase: Exclude<AttemptPhase, "ended">,
  reason: string | null,
  evidence: Evidence,
  nowMs: number,
): void {
  attempt.proof = evidence;
  if (attempt.reportedPhase === phase && attempt.reportedNativeId === attempt.nativeId) return;
  if (attempt.phaseReports >= PHASE_REPORTS_MAX) return;
  attempt.reportedPhase = phase;
  attempt.reportedNativeId = attempt.nativeId;
  attempt.phaseReports += 1;
  const { nativeId, token } = attempt;
  reportLater(core, "phase", token, { kind: "phase", phase, nativeId, reason, evidence }, nowMs);
}

/** A newer one of the same topic takes the place of one that was not written yet. */
export function reportLater(
  core: ClusterCore,
  topic: "phase" | "reach",
  token: AttemptToken,
  content: AttemptReport,
  nowMs: number,
): void {
  core.reports.later.set(`${topic}/${token}`, { token, report: content });
  core.reports.laterAtMs ??= nowMs + LATER_MS;
}
