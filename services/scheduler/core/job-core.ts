// A job: one task of a run, through as many attempts as its policy allows. It hears from its
// cluster and tells its run how it ended.
//
// Invariants, checked by checkJob() after every turn in tests:
//
//   J1. At most one attempt is open; the job has ended only when none is.
//   J2. An attempt ends at most once, and only by a report that brings evidence, by being withdrawn
//       before it was placed, or because its cluster does not exist. Silence never ends it.
//   J3. A job in back-off has a timer and no open attempt.

import assert from "node:assert/strict";
import { backoffMs } from "#shared/base/backoff.ts";
import { unreachable } from "#shared/base/errors.ts";
import { type RunId, attemptTokenOf } from "#shared/base/ids.ts";
import type { AttemptReport, AttemptSpec, Outcome, OutputValue } from "#shared/base/job.ts";
import type { JobEvent } from "./events.ts";
import { type JobMessage, clusterAddress, runAddress } from "./messages.ts";
import type { AttemptState, JobActorState, JobPhase, TaskEnd } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Facts kept per attempt; the log has them all. */
export const EVIDENCE_MAX = 20;
/** Attempts kept with their evidence; the log has them all. */
export const ATTEMPTS_KEPT = 10;

type JobTurn = Turn<JobEvent>;
type EndReport = Extract<AttemptReport, { kind: "ended" }>;

export function onJobMessage(
  job: JobActorState | undefined,
  message: JobMessage,
  turn: JobTurn,
): void {
  if (message.kind === "create") {
    if (job !== undefined) return; // A woken run makes sure; it exists.
    turn.emit({ type: "job.created", job: message.job, atMs: turn.nowMs });
    // In a turn of its own: that one sees the new state.
    turn.send(turn.address, { kind: "begin" });
    return;
  }
  if (job === undefined) return; // Its creation is still on the way again.
  switch (message.kind) {
    case "begin":
      if (job.attempts.length === 0 && job.phase === "queued") beginAttempt(job, turn);
      break;
    case "cancel":
      onCancel(job, message.reason, turn);
      break;
    case "restart":
      if (!jobEnded(job)) return;
      turn.emit({ type: "job.restarted", spec: message.spec });
      beginAttempt(job, turn);
      break;
    case "placed":
      if (openAttempt(job)?.token === message.token && openAttempt(job)?.phase === "waiting") {
        turn.emit({ type: "job.placed", token: message.token, atMs: turn.nowMs });
      }
      break;
    case "withdrawn":
      if (openAttempt(job)?.token === message.token) {
        end(job, "cancelled", job.cancelRequested ?? "withdrawn", [], turn);
      }
      break;
    case "unplaceable":
      if (openAttempt(job)?.token === message.token) end(job, "failed", message.reason, [], turn);
      break;
    case "report":
      if (openAttempt(job)?.token === message.token) onReport(job, message.report, turn);
      break;
    case "timer":
      if (job.phase === "backoff") beginAttempt(job, turn);
      break;
    default:
      unreachable(message);
  }
}

function beginAttempt(job: JobActorState, turn: JobTurn): void {
  const number = job.attemptsBegun + 1;
  const token = attemptTokenOf(job.run as RunId, job.ordinal, number);
  turn.emit({ type: "job.attempt", number, token, atMs: turn.nowMs });
  const spec: AttemptSpec = { ...job.spec, token, attempt: number };
  const cluster = clusterAddress(job.namespace, job.cluster);
  turn.send(cluster, { kind: "enqueue", job: turn.address, priority: job.priority, spec });
}

function onReport(job: JobActorState, report: AttemptReport, turn: JobTurn): void {
  const attempt = openAttempt(job);
  assert(attempt !== undefined);
  if (report.kind !== "ended") {
    turn.emit({ type: "job.reported", token: attempt.token, report });
    return;
  }
  const { nativeId, receipt, receiptDigest, evidence } = report;
  const outcome = believed(job, report);
  const { token } = attempt;
  turn.emit({
    type: "job.attempt-ended",
    token,
    nativeId,
    outcome,
    receipt,
    receiptDigest,
    evidence,
  });
  afterAttempt(job, { ...report, outcome }, turn);
}

/** A success without what the task declared would leave nothing for those who need it. */
function believed(job: JobActorState, { outcome, outputs }: EndReport): Outcome {
  if (outcome.cause !== "ok") return outcome;
  const lacking = job.spec.outputs.find(
    ({ name, kind }) => !outputs.some((given) => given.name === name && given.kind === kind),
  );
  if (lacking === undefined) return outcome;
  const message = `the agent reported success without output ${lacking.name}`;
  return { ...outcome, cause: "failed", message };
}

function afterAttempt(job: JobActorState, { outcome, outputs }: EndReport, turn: JobTurn): void {
  if (outcome.cause === "ok") {
    end(job, "succeeded", "", outputs, turn);
  } else if (job.cancelRequested !== null) {
    end(job, "cancelled", job.cancelRequested, outputs, turn);
  } else if (job.attemptsCounted < job.retry.attemptsMax && job.retry.on.includes(outcome.cause)) {
    const delayMs = backoffMs(job.retry, job.attemptsCounted, turn.random);
    const retryAtMs = turn.nowMs + delayMs;
    turn.emit({ type: "job.backoff", retryAtMs, reason: outcome.message });
    turn.timer("retry", retryAtMs);
  } else {
    // Cancelled on the cluster, by somebody there: a policy may name that cause like any other.
    end(
      job,
      outcome.cause === "cancelled" ? "cancelled" : "failed",
      outcome.message,
      outputs,
      turn,
    );
  }
}

function onCancel(job: JobActorState, reason: string, turn: JobTurn): void {
  if (jobEnded(job)) return;
  if (job.cancelRequested === null) turn.emit({ type: "job.cancel-requested", reason });
  const attempt = openAttempt(job);
  if (attempt === undefined) {
    turn.timer("retry", null);
    end(job, "cancelled", reason, [], turn);
    return;
  }
  const cluster = clusterAddress(job.namespace, job.cluster);
  turn.send(cluster, { kind: "withdraw", token: attempt.token, job: turn.address, reason });
}

function end(
  job: JobActorState,
  how: TaskEnd,
  reason: string,
  outputs: readonly OutputValue[],
  turn: JobTurn,
): void {
  const receiptDigest = job.attempts.at(-1)?.receiptDigest ?? null;
  turn.emit({ type: "job.ended", end: how, reason, outputs, atMs: turn.nowMs });
  const { task, ordinal } = job;
  turn.send(runAddress(job.namespace, job.run), {
    kind: "job-ended",
    ...{ task, ordinal, end: how, reason, outputs, receiptDigest },
  });
}

export function applyJob(state: JobActorState | undefined, event: JobEvent): JobActorState {
  if (event.type === "job.created") return newJob(event);
  assert(state !== undefined, `${event.type} before job.created`);
  switch (event.type) {
    case "job.attempt":
      addAttempt(state, event);
      break;
    case "job.placed": {
      const attempt = openAttempt(state);
      assert(attempt !== undefined);
      attempt.phase = "intended";
      attempt.placedAtMs = event.atMs;
      state.phase = "submitting";
      break;
    }
    case "job.reported":
      applyReport(state, event.report);
      break;
    case "job.attempt-ended": {
      const attempt = openAttempt(state);
      assert(attempt !== undefined);
      attempt.phase = "ended";
      attempt.nativeId = event.nativeId ?? attempt.nativeId;
      attempt.outcome = event.outcome;
      attempt.receipt = event.receipt;
      attempt.receiptDigest = event.receiptDigest;
      attempt.unreachable = null;
      attempt.runningAtMs = event.outcome.startedAtMs ?? attempt.runningAtMs;
      addEvidence(attempt, event.evidence);
      break;
    }
    case "job.backoff":
      state.phase = "backoff";
      state.reason = event.reason;
      state.retryAtMs = event.retryAtMs;
      break;
    case "job.cancel-requested":
      state.cancelRequested = event.reason;
      break;
    case "job.ended":
      closeUnplaced(state, event);
      state.phase = event.end;
      state.reason = event.reason;
      state.outputs = event.outputs;
      state.endedAtMs = event.atMs;
      break;
    case "job.restarted":
      state.phase = "queued";
      state.spec = event.spec;
      state.reason = "";
      state.endedAtMs = null;
      state.cancelRequested = null;
      state.outputs = [];
      state.attemptsCounted = 0;
      break;
    default:
      unreachable(event);
  }
  return state;
}

function newJob(event: Extract<JobEvent, { type: "job.created" }>): JobActorState {
  return {
    ...event.job,
    createdAtMs: event.atMs,
    phase: "queued",
    reason: "",
    endedAtMs: null,
    retryAtMs: null,
    cancelRequested: null,
    outputs: [],
    attempts: [],
    attemptsBegun: 0,
    attemptsCounted: 0,
  };
}

function addAttempt(state: JobActorState, event: Extract<JobEvent, { type: "job.attempt" }>): void {
  state.phase = "queued";
  state.retryAtMs = null;
  state.attemptsBegun = event.number;
  state.attemptsCounted += 1;
  state.attempts.push({
    number: event.number,
    token: event.token,
    cluster: state.cluster,
    phase: "waiting",
    nativeId: null,
    reason: null,
    enqueuedAtMs: event.atMs,
    placedAtMs: null,
    runningAtMs: null,
    outcome: null,
    receipt: null,
    receiptDigest: null,
    evidence: [],
    unreachable: null,
  });
  if (state.attempts.length > ATTEMPTS_KEPT) state.attempts.shift();
}

function applyReport(state: JobActorState, report: Exclude<AttemptReport, EndReport>): void {
  const attempt = openAttempt(state);
  assert(attempt !== undefined);
  addEvidence(attempt, report.evidence);
  if (report.kind === "unreachable") {
    attempt.unreachable = report.reason;
    return;
  }
  attempt.unreachable = null;
  if (report.kind === "reachable") return;
  attempt.phase = report.phase;
  attempt.nativeId = report.nativeId ?? attempt.nativeId;
  attempt.reason = report.reason;
  if (report.phase === "running") attempt.runningAtMs ??= report.evidence.atMs;
  state.phase = PHASE_OF[report.phase];
  state.reason = report.reason ?? "";
}

const PHASE_OF: Record<"intended" | "queued" | "held" | "running" | "paused", JobPhase> = {
  intended: "submitting",
  queued: "submitted",
  held: "submitted",
  running: "running",
  paused: "running",
};

function addEvidence(attempt: AttemptState, evidence: AttemptState["evidence"][number]): void {
  attempt.evidence.push(evidence);
  if (attempt.evidence.length > EVIDENCE_MAX) attempt.evidence.shift();
}

/** An attempt that never reached its cluster ends with its job, on the scheduler's own word. */
function closeUnplaced(
  state: JobActorState,
  event: Extract<JobEvent, { type: "job.ended" }>,
): void {
  const attempt = openAttempt(state);
  if (attempt === undefined) return;
  attempt.phase = "ended";
  attempt.outcome = {
    cause: event.end === "cancelled" ? "cancelled" : "refused",
    exitCode: null,
    signal: null,
    confidence: "proven",
    startedAtMs: null,
    endedAtMs: null,
    cpuMs: null,
    maxRssKb: null,
    message: event.reason,
  };
  addEvidence(attempt, { source: "controller", raw: event.reason, atMs: event.atMs });
}

export function openAttempt(job: JobActorState): AttemptState | undefined {
  const last = job.attempts.at(-1);
  return last === undefined || last.phase === "ended" || jobEnded(job) ? undefined : last;
}

export function jobEnded(job: JobActorState): boolean {
  return job.phase === "succeeded" || job.phase === "failed" || job.phase === "cancelled";
}

/** Fails when an invariant does not hold; for tests and simulations. */
export function checkJob(job: JobActorState): void {
  const open = job.attempts.filter(({ phase }) => phase !== "ended");
  if (!jobEnded(job)) assert(open.length <= 1, "J1: two open attempts");
  for (const attempt of job.attempts) {
    assert.equal(
      attempt.outcome !== null,
      attempt.phase === "ended",
      "J2: an end without an outcome",
    );
    if (attempt.phase === "ended")
      assert(attempt.evidence.length > 0, "J2: an end without evidence");
  }
  if (job.phase === "backoff") {
    assert(open.length === 0 && job.retryAtMs !== null, "J3: back-off without a time");
  }
}
