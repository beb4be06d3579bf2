// What the world can tell the core about an attempt.

import type { Outcome, OutputValue } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";

export type { QueueAnswer, QueueEntry, SubmitResult } from "#shared/base/queue.ts";

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
