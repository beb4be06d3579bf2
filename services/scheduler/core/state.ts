// What the scheduler's actors know. State changes only by applying events, so a log replayed gives
// the same state; everything here is plain data that canonicalJson() can encode.

import type {
  AttemptPhase,
  AttemptSpec,
  Evidence,
  Outcome,
  OutputValue,
} from "#shared/base/job.ts";
import type { KeyEntry } from "#shared/base/api-key.ts";
import type { PlanTask, RetryPolicy } from "#shared/base/plan.ts";
import type { WaitQueue } from "./wait-queue.ts";

// --- run ---

export type RunPhase =
  | "receiving"
  | "running"
  | "succeeded"
  | "failed"
  | "cancelling"
  | "cancelled";

export interface RunMeta {
  readonly id: string;
  readonly namespace: string;
  readonly workflow: string;
  /** `sha256:HEX` of the canonical manifest with its params. */
  readonly digest: string;
  readonly params: { readonly [name: string]: string | number | boolean };
  readonly labels: { readonly [name: string]: string };
  readonly tasksTotal: number;
  readonly submittedAtMs: number;
  readonly submittedBy: string;
  readonly traceparent: string | null;
}

export type TaskProgress =
  /** Waits for `missing` of its needs. */
  | { kind: "blocked"; missing: number }
  | { kind: "started" }
  /** The receipt itself is in the job's attempt; the digest is `sha256:HEX`. */
  | {
      kind: "ended";
      end: TaskEnd;
      reason: string;
      outputs: readonly OutputValue[];
      receiptDigest: string | null;
    }
  | { kind: "skipped"; reason: string };

export type TaskEnd = "succeeded" | "failed" | "cancelled";

export interface RunState {
  meta: RunMeta;
  phase: RunPhase;
  reason: string;
  endedAtMs: number | null;
  /** By ordinal, all three; `begun` says that the task has a job. */
  tasks: PlanTask[];
  progress: TaskProgress[];
  begun: boolean[];
  /** Ordinals of the tasks that need each task. */
  dependents: number[][];
  /** Ordinal by task id. */
  ordinals: Map<string, number>;
  cancelReason: string | null;
  succeeded: number;
  failed: number;
  skipped: number;
  cancelled: number;
  /** The run receipt's DSSE envelope as JSON, once the run has ended and it was signed. */
  receipt: string | null;
}

// --- job ---

export type JobPhase =
  | "queued"
  | "submitting"
  | "submitted"
  | "running"
  | "backoff"
  | "succeeded"
  | "failed"
  | "cancelled";

export interface AttemptState {
  readonly number: number;
  readonly token: string;
  readonly cluster: string;
  phase: "waiting" | AttemptPhase;
  nativeId: string | null;
  reason: string | null;
  readonly enqueuedAtMs: number;
  placedAtMs: number | null;
  runningAtMs: number | null;
  outcome: Outcome | null;
  receipt: string | null;
  receiptDigest: string | null;
  /** The latest EVIDENCE_MAX facts, oldest first. */
  evidence: Evidence[];
  unreachable: string | null;
}

export interface JobActorState {
  readonly run: string;
  readonly namespace: string;
  readonly task: string;
  readonly ordinal: number;
  readonly cluster: string;
  readonly priority: number;
  readonly retry: RetryPolicy;
  /** Without token and attempt number: those are an attempt's. */
  spec: Omit<AttemptSpec, "token" | "attempt">;
  readonly createdAtMs: number;
  phase: JobPhase;
  reason: string;
  endedAtMs: number | null;
  retryAtMs: number | null;
  cancelRequested: string | null;
  outputs: readonly OutputValue[];
  /** The latest ATTEMPTS_KEPT, oldest first. */
  attempts: AttemptState[];
  /** Attempts begun in all, and since the last manual retry (what the policy counts). */
  attemptsBegun: number;
  attemptsCounted: number;
}

// --- cluster ---

export interface WaitingAttempt {
  readonly token: string;
  readonly job: string;
  readonly priority: number;
  readonly enqueuedAtMs: number;
  readonly spec: AttemptSpec;
}

export interface PlacedAttempt {
  readonly token: string;
  readonly job: string;
  readonly placedAtMs: number;
  /** Kept until the end is known, for an agent that lost its journal. */
  readonly spec: AttemptSpec;
  cancelAsked: boolean;
}

/** A command to the agent, kept until it is known to have journalled it. */
export type AgentCommand =
  | { readonly seq: number; readonly kind: "submit"; readonly token: string }
  | {
      readonly seq: number;
      readonly kind: "cancel";
      readonly token: string;
      readonly reason: string;
    };

export interface ClusterState {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly createdAtMs: number;
  slots: number;
  /** SHA-256 of the one-time token, hex; null once spent. */
  enrolment: { readonly hash: string; readonly expiresAtMs: number } | null;
  agent: { readonly id: string; readonly publicKey: string; readonly enrolledAtMs: number } | null;
  /** The agent's journal and the highest report of it that was committed. */
  journal: { id: string; reportSeen: number } | null;
  /** Whether the agent's stream stands, by what was recorded last. */
  connected: boolean;
  /** Set while the agent says that the cluster itself does not answer. */
  unreachable: string | null;
  waiting: WaitQueue;
  placed: Map<string, PlacedAttempt>;
  commandSeq: number;
  commands: AgentCommand[];
}

// --- namespace ---

export type Role = "viewer" | "submitter" | "admin";

export interface TokenState {
  readonly id: string;
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  readonly role: Role;
  readonly name: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  revokedAtMs: number | null;
}

export interface NamespaceState {
  readonly name: string;
  readonly createdAtMs: number;
  tokens: Map<string, TokenState>;
  clusters: string[];
  defaultCluster: string | null;
}

// --- usage ---

/** What requests came to; counts are whole numbers. */
export interface UsageCell {
  /** Since 1970, in UTC; 0: longer ago than days are kept. */
  readonly day: number;
  /** Empty: none was asked for. */
  readonly key: string;
  readonly model: string;
  requests: number;
  failed: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  workerMs: number;
}

export interface UsageState {
  readonly namespace: string;
  /** Where the last piece of each journal ended; the one that posted last is last. */
  journals: Map<string, number>;
  /** By day, key and model. */
  cells: Map<string, UsageCell>;
}

// --- keys ---

/** A key for models; what it allows never changes. */
export interface KeyState extends KeyEntry {
  readonly createdAtMs: number;
  revokedAtMs: number | null;
}

export interface KeysState {
  readonly namespace: string;
  /** By hash, in the order they were added; revoked ones stay. */
  keys: Map<string, KeyState>;
}
