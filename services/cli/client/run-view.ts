// A run and a job as the command line shows them, and as --json prints them: member for member.
// Messages are parsed into these on arrival; nothing later sees the wire.

import type { signalbox } from "#proto/signalbox.js";

type WireRun = signalbox.control.v1.IRun;
type WireJob = signalbox.control.v1.IJob;
type WireAttempt = signalbox.control.v1.IAttempt;
type WireOutput = signalbox.control.v1.IOutputValue;

export const RUN_STATES = ["running", "succeeded", "failed", "cancelling", "cancelled"] as const;
export const JOB_STATES = [
  "blocked",
  "queued",
  "submitting",
  "submitted",
  "running",
  "backoff",
  "succeeded",
  "failed",
  "cancelled",
  "skipped",
] as const;

/** `unspecified` is a state this version does not know. */
export type RunState = (typeof RUN_STATES)[number] | "unspecified";
export type JobState = (typeof JOB_STATES)[number] | "unspecified";

export interface RunView {
  readonly id: string;
  readonly namespace: string;
  readonly workflow: string;
  readonly digest: string;
  readonly state: RunState;
  readonly reason: string;
  readonly submittedAtMs: number;
  readonly endedAtMs: number | null;
  readonly submittedBy: string;
  readonly labels: { readonly [name: string]: string };
  readonly jobs: {
    readonly total: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly running: number;
    readonly skipped: number;
  };
}

export interface JobView {
  /** RUN/TASK */
  readonly id: string;
  readonly run: string;
  readonly task: string;
  readonly ordinal: number;
  readonly state: JobState;
  readonly reason: string;
  readonly cluster: string | null;
  readonly reachable: boolean;
  /** Attempts begun. */
  readonly attempt: number;
  readonly schedulerJobId: string | null;
  readonly cause: string | null;
  readonly exitCode: number | null;
  readonly createdAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly needs: readonly string[];
  readonly priority: number;
  readonly outputs: readonly OutputView[];
  readonly attempts: readonly AttemptView[];
}

export type OutputView =
  | { readonly name: string; readonly value: string }
  | {
      readonly name: string;
      readonly file: {
        readonly path: string;
        readonly digest: string;
        readonly sizeBytes: number;
      };
    };

export interface AttemptView {
  readonly number: number;
  readonly token: string;
  readonly cluster: string;
  readonly schedulerJobId: string | null;
  readonly phase: string;
  readonly cause: string | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly confidence: string | null;
  readonly message: string;
  readonly placedAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly cpuMs: number | null;
  readonly maxRssKb: number | null;
  readonly evidence: readonly EvidenceView[];
}

export interface EvidenceView {
  readonly source: string;
  readonly raw: string;
  readonly atMs: number;
}

export function parseRun(wire: WireRun): RunView {
  return {
    id: wire.id ?? "",
    namespace: wire.namespace ?? "",
    workflow: wire.workflow ?? "",
    digest: wire.digest ?? "",
    state: RUN_STATES[(wire.state ?? 0) - 1] ?? "unspecified",
    reason: wire.reason ?? "",
    submittedAtMs: wire.submittedAtMs ?? 0,
    endedAtMs: orNull(wire.endedAtMs),
    submittedBy: wire.submittedBy ?? "",
    labels: { ...wire.labels },
    jobs: {
      total: wire.jobsTotal ?? 0,
      succeeded: wire.jobsSucceeded ?? 0,
      failed: wire.jobsFailed ?? 0,
      running: wire.jobsRunning ?? 0,
      skipped: wire.jobsSkipped ?? 0,
    },
  };
}

export function parseJob(wire: WireJob): JobView {
  return {
    id: wire.id ?? "",
    run: wire.runId ?? "",
    task: wire.task ?? "",
    ordinal: wire.ordinal ?? 0,
    state: JOB_STATES[(wire.state ?? 0) - 1] ?? "unspecified",
    reason: wire.reason ?? "",
    cluster: orNull(wire.cluster),
    reachable: wire.reachable ?? false,
    attempt: wire.attempt ?? 0,
    schedulerJobId: orNull(wire.schedulerJobId),
    cause: orNull(wire.cause),
    exitCode: exitCodeOf(wire.exitCode, wire.cause),
    createdAtMs: orNull(wire.createdAtMs),
    startedAtMs: orNull(wire.startedAtMs),
    endedAtMs: orNull(wire.endedAtMs),
    needs: wire.needs ?? [],
    priority: wire.priority ?? 0,
    outputs: (wire.outputs ?? []).map(parseOutput),
    attempts: (wire.attempts ?? []).map(parseAttempt),
  };
}

function parseAttempt(wire: WireAttempt): AttemptView {
  return {
    number: wire.number ?? 0,
    token: wire.token ?? "",
    cluster: wire.cluster ?? "",
    schedulerJobId: orNull(wire.schedulerJobId),
    phase: wire.phase ?? "",
    cause: orNull(wire.cause),
    exitCode: exitCodeOf(wire.exitCode, wire.cause),
    signal: orNull(wire.signal),
    confidence: orNull(wire.confidence),
    message: wire.message ?? "",
    placedAtMs: orNull(wire.placedAtMs),
    startedAtMs: orNull(wire.startedAtMs),
    endedAtMs: orNull(wire.endedAtMs),
    cpuMs: orNull(wire.cpuMs),
    maxRssKb: orNull(wire.maxRssKb),
    evidence: (wire.evidence ?? []).map((fact) => ({
      source: fact.source ?? "",
      raw: fact.raw ?? "",
      atMs: fact.atMs ?? 0,
    })),
  };
}

function parseOutput(wire: WireOutput): OutputView {
  const name = wire.name ?? "";
  if (wire.file === null || wire.file === undefined) return { name, value: wire.value ?? "" };
  return {
    name,
    file: {
      path: wire.file.path ?? "",
      digest: wire.file.digest ?? "",
      sizeBytes: wire.file.sizeBytes ?? 0,
    },
  };
}

/** proto3 has no absent numbers and strings: zero and empty mean that there is none. */
function orNull<T extends string | number>(value: T | null | undefined): T | null {
  return value === undefined || value === null || value === 0 || value === "" ? null : value;
}

/** 0 is a real exit code; -1 is none, and so is any code before the attempt has a cause. */
function exitCodeOf(
  code: number | null | undefined,
  cause: string | null | undefined,
): number | null {
  if (cause === undefined || cause === null || cause === "") return null;
  return code === undefined || code === null || code < 0 ? null : code;
}

export function runStateNumber(name: string): number {
  return RUN_STATES.indexOf(name as (typeof RUN_STATES)[number]) + 1;
}

export function jobStateNumber(name: string): number {
  return JOB_STATES.indexOf(name as (typeof JOB_STATES)[number]) + 1;
}

export function isRunEnd(state: RunState): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}

export function isJobEnd(state: JobState): boolean {
  return (
    state === "succeeded" || state === "failed" || state === "cancelled" || state === "skipped"
  );
}
