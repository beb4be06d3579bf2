// What a cluster's scheduler can answer, in the words that dialects and the agent's core share.

import type { EndCause } from "./job.ts";

export type SubmitResult =
  | { readonly kind: "submitted"; readonly nativeId: string; readonly raw: string }
  /** The cluster said no and means it: never try this again. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The cluster said not now (a limit, a full queue): hold and try later. Nothing was taken. */
  | { readonly kind: "later"; readonly reason: string }
  /** Nobody knows whether it was taken: adopt by name before anything else. */
  | { readonly kind: "ambiguous"; readonly reason: string };

export interface QueueEntry {
  readonly nativeId: string;
  readonly queueName: string;
  readonly phase: "queued" | "held" | "running" | "paused" | "ended";
  /** Set when phase is `ended`. */
  readonly cause: EndCause | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
  /** The scheduler's own word and reason. */
  readonly raw: string;
  readonly reason: string | null;
  readonly submittedAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
}

/**
 * One query's verdict. `present` lists what was asked about and found. Absence from it means
 * something only in an `answer`, when the controller answered in this same cycle; a `no-answer`
 * says nothing at all.
 */
export type QueueAnswer =
  | { readonly kind: "answer"; readonly present: readonly QueueEntry[] }
  | { readonly kind: "no-answer"; readonly reason: string };
