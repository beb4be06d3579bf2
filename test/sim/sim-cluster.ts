// What the agent's shell asks of a cluster of either kind. `answer` is called at most once.

import type { AttemptToken } from "#shared/base/ids.ts";
import type { QueueAnswer, SubmitResult } from "../../services/agent/core/observations.ts";

export interface AskedJob {
  readonly token: AttemptToken;
  readonly queueName: string;
  /** What the agent believes to be bound to; null for nothing. */
  readonly nativeId: string | null;
}

export interface SubmitEars {
  /** The cluster said not now. */
  tookNothing(): void;
  /** The process ended; only where the agent's own machine is the cluster. */
  exited(): void;
  answer(result: SubmitResult): void;
}

export interface SimCluster {
  /** Whether the end of a job that was submitted is announced. */
  readonly watches: boolean;
  /** Whether anything is left to happen. */
  readonly busy: boolean;
  submit(token: AttemptToken, queueName: string, ears: SubmitEars): void;
  /** What there is under these names. */
  find(jobs: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void;
  poll(live: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void;
  history(jobs: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void;
  cancel(nativeIds: readonly string[], answer: (asked: boolean) => void): void;
  kill(downMs: number): void;
  silence(ms: number): void;
  slow(ms: number): void;
}
