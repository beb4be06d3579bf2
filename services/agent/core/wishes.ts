// What the core wishes for, and what comes back. Every effect on the world is a wish and every
// completion an event, both plain data: a shell carries them out, a simulation plays them.

import type { AttemptReport, AttemptSpec, Outcome } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import type { Claim, JobStatus, QueueAnswer, Sealed, SubmitResult } from "./observations.ts";

/** One change of the journal; rows of one batch become durable together, in order. */
export type JournalRow =
  | {
      readonly table: "intent";
      readonly token: AttemptToken;
      readonly spec: AttemptSpec;
      readonly atMs: number;
    }
  | {
      readonly table: "binding";
      readonly token: AttemptToken;
      readonly nativeId: string;
      readonly atMs: number;
    }
  | {
      readonly table: "cancel";
      readonly token: AttemptToken;
      readonly cause: "cancelled" | "timeout";
      readonly reason: string;
      readonly atMs: number;
    }
  /** The end was reported with this number: the attempt is over for the agent. */
  | { readonly table: "end"; readonly token: AttemptToken; readonly seq: number }
  /** Takes out the attempt's intent, binding, cancel and end. */
  | { readonly table: "forget"; readonly token: AttemptToken }
  | {
      readonly table: "report";
      readonly seq: number;
      readonly token: AttemptToken;
      readonly report: AttemptReport;
    }
  /** Takes out every report up to this number. */
  | { readonly table: "reports-acked"; readonly seq: number }
  | { readonly table: "command-seen"; readonly seq: number }
  | { readonly table: "epoch-seen"; readonly epoch: number }
  | { readonly table: "push"; readonly digest: string; readonly token: AttemptToken }
  | { readonly table: "pushed"; readonly digest: string };

export type Wish =
  | { readonly kind: "journal"; readonly batch: number; readonly rows: readonly JournalRow[] }
  /** The scheduler may forget commands up to this number. */
  | { readonly kind: "ack-commands"; readonly seq: number }
  /** Cut the link: what was not acknowledged comes again on the next one. */
  | { readonly kind: "refuse-commands"; readonly reason: string }
  | { readonly kind: "send-reports"; readonly upTo: number }
  | { readonly kind: "prepare"; readonly token: AttemptToken }
  /** Asks by name; `statuses` of these come back with the answer. */
  | { readonly kind: "adopt"; readonly tokens: readonly AttemptToken[] }
  | { readonly kind: "submit"; readonly token: AttemptToken }
  | { readonly kind: "take-claim"; readonly token: AttemptToken }
  | { readonly kind: "poll" }
  | { readonly kind: "history"; readonly tokens: readonly AttemptToken[] }
  | { readonly kind: "read-status"; readonly tokens: readonly AttemptToken[] }
  | {
      readonly kind: "cancel";
      readonly jobs: readonly { readonly token: AttemptToken; readonly nativeId: string }[];
    }
  | { readonly kind: "seal"; readonly token: AttemptToken; readonly outcome: Outcome }
  /** Bring job_info.json up to date. Best effort: the journal and the supervisor's files decide. */
  | { readonly kind: "note"; readonly token: AttemptToken; readonly outcome: Outcome | null }
  | { readonly kind: "push"; readonly digest: string }
  /**
   * Put the directory where ended attempts are kept; `prepare` of the same token brings it back.
   */
  | { readonly kind: "retire"; readonly token: AttemptToken };

export type Command =
  | { readonly kind: "submit"; readonly spec: AttemptSpec }
  /** A submit whose spec nobody can carry out; `spec` names the attempt. */
  | { readonly kind: "refuse"; readonly spec: AttemptSpec; readonly reason: string }
  | { readonly kind: "cancel"; readonly token: AttemptToken; readonly reason: string }
  | { readonly kind: "forget"; readonly token: AttemptToken };

export type AgentEvent =
  | { readonly kind: "welcomed"; readonly epoch: number; readonly reportSeen: number }
  | { readonly kind: "unlinked" }
  | {
      readonly kind: "command";
      readonly seq: number;
      readonly epoch: number;
      readonly command: Command;
    }
  | { readonly kind: "reports-acked"; readonly seq: number }
  | { readonly kind: "journalled"; readonly batch: number }
  /** Nothing of the batch was written. */
  | { readonly kind: "journal-failed"; readonly batch: number; readonly reason: string }
  | { readonly kind: "prepared"; readonly token: AttemptToken; readonly existed: boolean }
  | {
      readonly kind: "prepare-failed";
      readonly token: AttemptToken;
      readonly reason: string;
      readonly retry: "never" | "later";
    }
  | {
      readonly kind: "adopted";
      readonly tokens: readonly AttemptToken[];
      readonly answer: QueueAnswer;
      readonly statuses: readonly JobStatus[];
    }
  | {
      readonly kind: "submitted";
      readonly token: AttemptToken;
      readonly result: SubmitResult;
      readonly watched: boolean;
    }
  /** `claim` is the winner's when it was not ours. */
  | { readonly kind: "claim-taken"; readonly token: AttemptToken; readonly claim: Claim }
  | { readonly kind: "claim-failed"; readonly token: AttemptToken; readonly reason: string }
  | { readonly kind: "polled"; readonly startedAtMs: number; readonly answer: QueueAnswer }
  | {
      readonly kind: "history";
      readonly tokens: readonly AttemptToken[];
      readonly answer: QueueAnswer;
    }
  | { readonly kind: "statuses"; readonly statuses: readonly JobStatus[] }
  /** The dialect saw the process end; how it ended stands in the supervisor's files. */
  | { readonly kind: "process-exited"; readonly token: AttemptToken }
  /** Something was written in the attempt's directory. */
  | { readonly kind: "files-changed"; readonly token: AttemptToken }
  | {
      readonly kind: "cancel-asked";
      readonly tokens: readonly AttemptToken[];
      readonly answered: boolean;
      readonly reason: string;
    }
  | { readonly kind: "sealed"; readonly token: AttemptToken; readonly sealed: Sealed }
  | { readonly kind: "seal-failed"; readonly token: AttemptToken; readonly reason: string }
  | { readonly kind: "pushed"; readonly digest: string }
  | { readonly kind: "push-failed"; readonly digest: string; readonly reason: string }
  /** The cluster told what it is. */
  | { readonly kind: "facts"; readonly messageTimeoutMs: number; readonly accounting: boolean }
  | { readonly kind: "tick" };

export interface Outbox {
  wish(wish: Wish): void;
}
