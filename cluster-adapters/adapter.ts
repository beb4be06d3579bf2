// What a cluster kind is to the agent: a dialect over a transport. A dialect turns an attempt into
// a script and command lines and parses the answers. It never decides that silence means an end.

import type { AttemptSpec, Resources } from "#shared/base/job.ts";
import type { QueueAnswer, SubmitResult } from "#shared/base/queue.ts";
import type { Transport } from "./transport.ts";

export type { QueueAnswer, QueueEntry, SubmitResult } from "#shared/base/queue.ts";

export interface JobFiles {
  /** The attempt's directory, already published: holds `job.sh`, `claim`, `status`, `work/`. */
  readonly directory: string;
  /** `<name>-<token>`: what the queue shows and what adoption looks for. */
  readonly queueName: string;
}

/** A job the cluster is believed to have. */
export interface LiveJob extends JobFiles {
  readonly nativeId: string;
}

export interface ClusterFacts {
  readonly dialect: string;
  readonly version: string;
  /**
   * How long an unanswered submission may still come true, in ms (2 × MessageTimeout for Slurm).
   */
  readonly messageTimeoutMs: number;
  readonly accounting: boolean;
  /** Further facts worth showing, for example MinJobAge. */
  readonly details: { readonly [name: string]: string };
}

/** A cluster kind. Every method is one round of commands, counted against the call budget. */
export interface Dialect {
  readonly name: "slurm" | "local" | "mock";
  /**
   * False where ends are seen directly and no queue needs polling (local processes).
   */
  readonly pollsQueue: boolean;
  /** Seconds between the supervisor's heartbeats; 0 where the agent can see the process itself. */
  readonly heartbeatS: number;
  probe(): Promise<ClusterFacts>;
  /** Directive lines to put at the head of the job script ("#SBATCH …"); empty for local. */
  directives(spec: AttemptSpec, files: JobFiles): readonly string[];
  /** What this dialect cannot express of a request, as sentences; empty when it can do all. */
  unsupported(resources: Resources): readonly string[];
  submit(spec: AttemptSpec, files: JobFiles, onExit: () => void): Promise<SubmitResult>;
  /** One batched query by queue name: what of these is there, live or recently ended. */
  find(jobs: readonly JobFiles[]): Promise<QueueAnswer>;
  /** One batched query of everything of ours that the queue knows. */
  poll(live: readonly LiveJob[]): Promise<QueueAnswer>;
  /** The last word on jobs the queue has forgotten, from accounting; `present` may be empty. */
  history(live: readonly LiveJob[]): Promise<QueueAnswer>;
  /**
   * Asks for the end; the end itself is observed like any other. Asked again, it may insist: the
   * caller asks until it sees the end.
   */
  cancel(
    jobs: readonly LiveJob[],
  ): Promise<{ readonly kind: "asked" } | { readonly kind: "no-answer"; readonly reason: string }>;
}

/**
 * Makes a dialect over a transport. `options` are the cluster's own settings from its registration.
 */
export type DialectFactory = (
  transport: Transport,
  options: { readonly [name: string]: string },
) => Dialect;
