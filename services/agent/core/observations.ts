// What the world can tell the core about an attempt. The members of a queue's answer mirror the
// dialect port (cluster-adapters/adapter.ts) so that its values can be handed in as they are.

import type { EndCause, Outcome, OutputValue } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";

export interface QueueEntry {
  readonly nativeId: string;
  readonly queueName: string;
  readonly phase: "queued" | "held" | "running" | "paused" | "ended";
  readonly cause: EndCause | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly raw: string;
  readonly reason: string | null;
  readonly submittedAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
}

/**
 * Absence from `present` means something only in an `answer`; a `no-answer` says nothing at all.
 */
export type QueueAnswer =
  | { readonly kind: "answer"; readonly present: readonly QueueEntry[] }
  | { readonly kind: "no-answer"; readonly reason: string };

export type SubmitResult =
  | { readonly kind: "submitted"; readonly nativeId: string; readonly raw: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "later"; readonly reason: string }
  | { readonly kind: "ambiguous"; readonly reason: string };

/** Who won the right to run an attempt. Written once by the job's first act, never changed. */
export interface Claim {
  readonly nativeId: string;
  readonly raw: string;
  readonly atMs: number;
}

/** The native id of a claim that the agent took itself, so that no late job can run any more. */
export const FENCE_NATIVE_ID = "fenced-by-agent";

export interface ExitLine {
  readonly code: number | null;
  readonly signal: number | null;
  readonly cpuMs: number | null;
  readonly maxRssKb: number | null;
  readonly atMs: number;
  readonly raw: string;
}

/** What the supervisor's files say. */
export interface JobStatus {
  readonly token: AttemptToken;
  readonly directoryExists: boolean;
  readonly claim: Claim | null;
  readonly startedAtMs: number | null;
  /** Bytes of the status file: it grows with every heartbeat, on nobody's clock. */
  readonly statusBytes: number;
  readonly exit: ExitLine | null;
}

/** What sealing an ended attempt made of it. */
export interface Sealed {
  /** As judged, or `failed` when a declared output is missing. */
  readonly outcome: Outcome;
  readonly outputs: readonly OutputValue[];
  readonly receipt: string | null;
  readonly receiptDigest: string | null;
  /** Digests in the agent's store that the scheduler should get. */
  readonly pushes: readonly string[];
}
