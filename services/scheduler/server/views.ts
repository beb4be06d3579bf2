// The actors' states as the public API shows them. Pure: what comes out shares nothing with what
// went in, so a view may leave the turn it was made in.

import { signalbox } from "#proto/signalbox.js";
import { unreachable } from "#shared/base/errors.ts";
import type { Evidence, OutputValue } from "#shared/base/job.ts";
import type {
  AttemptState,
  JobActorState,
  JobPhase,
  RunMeta,
  RunPhase,
  RunState,
  TaskProgress,
  TokenState,
} from "../core/state.ts";

export const { RunState: RunStateView, JobState: JobStateView } = signalbox.control.v1;
export type RunStateNumber = signalbox.control.v1.RunState;
export type JobStateNumber = signalbox.control.v1.JobState;
export type RunView = signalbox.control.v1.IRun;
export type JobView = signalbox.control.v1.IJob;
export type TokenView = signalbox.control.v1.IToken;

/** Whether an agent and its cluster answer now; known only outside the actors. */
export type Reach = (namespace: string, cluster: string) => boolean;

export function runStateOf(phase: RunPhase): RunStateNumber {
  switch (phase) {
    case "receiving":
    case "running":
      return RunStateView.RUN_STATE_RUNNING;
    case "succeeded":
      return RunStateView.RUN_STATE_SUCCEEDED;
    case "failed":
      return RunStateView.RUN_STATE_FAILED;
    case "cancelling":
      return RunStateView.RUN_STATE_CANCELLING;
    case "cancelled":
      return RunStateView.RUN_STATE_CANCELLED;
    default:
      return unreachable(phase);
  }
}

export function hasEnded(phase: RunPhase): boolean {
  return phase === "succeeded" || phase === "failed" || phase === "cancelled";
}

export function runView(run: RunState): RunView {
  let started = 0;
  for (const progress of run.progress) if (progress.kind === "started") started += 1;
  return {
    ...newRunView(run.meta),
    state: runStateOf(run.phase),
    endedAtMs: run.endedAtMs ?? 0,
    reason: run.cancelReason !== null && run.reason === "" ? run.cancelReason : run.reason,
    jobsSucceeded: run.succeeded,
    jobsFailed: run.failed,
    jobsRunning: started,
    jobsSkipped: run.skipped,
  };
}

/** A run as it is accepted: nothing has begun. */
export function newRunView(meta: RunMeta): RunView {
  return {
    id: meta.id,
    namespace: meta.namespace,
    workflow: meta.workflow,
    digest: meta.digest,
    state: RunStateView.RUN_STATE_RUNNING,
    submittedAtMs: meta.submittedAtMs,
    endedAtMs: 0,
    reason: "",
    jobsTotal: meta.tasksTotal,
    jobsSucceeded: 0,
    jobsFailed: 0,
    jobsRunning: 0,
    jobsSkipped: 0,
    submittedBy: meta.submittedBy,
    labels: { ...meta.labels },
  };
}

/**
 * What the run knows of one task: enough for a job that was never begun, copied out of its turn.
 */
export interface TaskPart {
  readonly run: string;
  readonly namespace: string;
  readonly task: string;
  readonly ordinal: number;
  readonly cluster: string;
  readonly priority: number;
  readonly needs: readonly string[];
  readonly submittedAtMs: number;
  readonly begun: boolean;
  readonly progress: TaskProgress;
}

export function taskPart(run: RunState, ordinal: number): TaskPart | null {
  const task = run.tasks[ordinal];
  const progress = run.progress[ordinal];
  if (task === undefined || progress === undefined) return null;
  return {
    run: run.meta.id,
    namespace: run.meta.namespace,
    task: task.id,
    ordinal,
    cluster: task.cluster ?? "",
    priority: task.priority,
    needs: task.needs,
    submittedAtMs: run.meta.submittedAtMs,
    begun: run.begun[ordinal] === true,
    progress: { ...progress },
  };
}

/** `job` is what its actor knows; undefined while it was not begun. Attempts come on request. */
export function jobView(
  part: TaskPart,
  job: JobActorState | undefined,
  isReachable: Reach,
  withAttempts: boolean,
): JobView {
  const { progress } = part;
  const own = progress.kind === "blocked" ? undefined : job; // A retried task forgets its old end.
  const latest = own?.attempts.at(-1);
  const live = own !== undefined && LIVE.has(own.phase);
  const ended = latest?.outcome ?? null;
  return {
    id: `${part.run}/${part.task}`,
    runId: part.run,
    task: part.task,
    state: jobStateOf(progress, own?.phase),
    reason: reasonOf(progress, own, latest),
    cluster: own?.cluster ?? part.cluster,
    attempt: own?.attemptsBegun ?? 0,
    schedulerJobId: latest?.nativeId ?? "",
    cause: ended?.cause ?? "",
    exitCode: ended?.exitCode ?? -1,
    createdAtMs: own?.createdAtMs ?? part.submittedAtMs,
    startedAtMs: ended?.startedAtMs ?? latest?.runningAtMs ?? 0,
    endedAtMs: own?.endedAtMs ?? 0,
    outputs: (progress.kind === "ended" ? progress.outputs : []).map(outputView),
    attempts: withAttempts ? (own?.attempts ?? []).map(attemptView) : [],
    ordinal: part.ordinal,
    needs: [...part.needs],
    reachable: !live || (latest?.unreachable == null && isReachable(part.namespace, part.cluster)),
    priority: part.priority,
  };
}

/** Phases in which only the agent knows what happens. */
const LIVE: ReadonlySet<JobPhase> = new Set(["submitting", "submitted", "running"]);

export function jobStateOf(progress: TaskProgress, phase: JobPhase | undefined): JobStateNumber {
  if (progress.kind === "blocked") return JobStateView.JOB_STATE_BLOCKED;
  if (progress.kind === "skipped") return JobStateView.JOB_STATE_SKIPPED;
  switch (progress.kind === "ended" ? progress.end : (phase ?? "queued")) {
    case "queued":
      return JobStateView.JOB_STATE_QUEUED;
    case "submitting":
      return JobStateView.JOB_STATE_SUBMITTING;
    case "submitted":
      return JobStateView.JOB_STATE_SUBMITTED;
    case "running":
      return JobStateView.JOB_STATE_RUNNING;
    case "backoff":
      return JobStateView.JOB_STATE_BACKOFF;
    case "succeeded":
      return JobStateView.JOB_STATE_SUCCEEDED;
    case "failed":
      return JobStateView.JOB_STATE_FAILED;
    case "cancelled":
      return JobStateView.JOB_STATE_CANCELLED;
    default:
      return JobStateView.JOB_STATE_UNSPECIFIED;
  }
}

function reasonOf(
  progress: TaskProgress,
  job: JobActorState | undefined,
  latest: AttemptState | undefined,
): string {
  if (progress.kind === "skipped") return progress.reason;
  if (progress.kind === "ended") return progress.reason;
  if (job === undefined) return "";
  return latest?.unreachable ?? (job.reason === "" ? (latest?.reason ?? "") : job.reason);
}

export function attemptView(attempt: AttemptState): signalbox.control.v1.IAttempt {
  const { outcome } = attempt;
  return {
    number: attempt.number,
    token: attempt.token,
    cluster: attempt.cluster,
    schedulerJobId: attempt.nativeId ?? "",
    phase: attempt.phase,
    cause: outcome?.cause ?? "",
    exitCode: outcome?.exitCode ?? -1,
    signal: outcome?.signal ?? 0,
    confidence: outcome?.confidence ?? "",
    message: outcome?.message ?? attempt.reason ?? "",
    placedAtMs: attempt.placedAtMs ?? 0,
    startedAtMs: outcome?.startedAtMs ?? attempt.runningAtMs ?? 0,
    endedAtMs: outcome?.endedAtMs ?? 0,
    cpuMs: outcome?.cpuMs ?? 0,
    maxRssKb: outcome?.maxRssKb ?? 0,
    evidence: attempt.evidence.map(evidenceView),
  };
}

export function tokenView(namespace: string, token: TokenState): TokenView {
  return {
    id: token.id,
    namespace,
    role: token.role,
    name: token.name,
    createdAtMs: token.createdAtMs,
    expiresAtMs: token.expiresAtMs ?? 0,
    revoked: token.revokedAtMs !== null,
  };
}

function evidenceView({ source, raw, atMs }: Evidence): signalbox.control.v1.IEvidence {
  return { source, raw, atMs };
}

function outputView(output: OutputValue): signalbox.control.v1.IOutputValue {
  if (output.kind === "value") return { name: output.name, value: output.value };
  const { path, digest, sizeBytes } = output;
  return { name: output.name, file: { path, digest, sizeBytes } };
}
