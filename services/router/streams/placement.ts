// What a stream asks of the fleet: where to go, and to be counted there.

import type { WorkerConnection } from "../workers/worker-connection.ts";
import type { RequestClass } from "../core/request-class.ts";

export interface Wish {
  readonly model: string;
  readonly promptIds: readonly number[];
  /** Delivered already: they are computed again. */
  readonly resumeTokens: number;
  readonly outputTokensMax: number | null;
  readonly cacheSalt: string;
  readonly session: string | null;
  readonly priority: RequestClass;
  /** Of the tokens delivered so far; null: any. */
  readonly classId: string | null;
  readonly needs: { readonly resume: boolean; readonly masks: boolean };
  readonly exclude: ReadonlySet<string>;
}

export type Placed =
  | {
      readonly kind: "worker";
      readonly connection: WorkerConnection;
      readonly classId: string;
      /** For GenerateRequest.dispatch. */
      readonly dispatch: number;
    }
  | {
      readonly kind: "refused";
      /** `unknown`: no worker serves that model. `none`: none that may take it is there now. */
      readonly reason: "unknown" | "none" | "saturated" | "quota";
      readonly retryAfterMs: number;
    };

export type AttemptOutcome =
  | "ok"
  | "client_gone"
  | "request_fault"
  | "backpressure"
  | "handed_back"
  | "worker_fault";

export interface Placement {
  /** Counts the attempt at the worker under `attemptId` until ended(). */
  place(attemptId: string, wish: Wish): Placed;
  /** `cachedTokens`: prompt tokens that came from the worker's cache, where it has just said so. */
  onTokens(attemptId: string, count: number, cachedTokens: number | null): void;
  onEnded(attemptId: string, outcome: AttemptOutcome): void;
  /** More requests its workers take, counted up to `max`; null: none is in service. */
  room(model: string, max: number): number | null;
  /** When placing again may go otherwise, or after `maxMs`. */
  changed(maxMs: number): Promise<void>;
  nowMs(): number;
}

/** What operators count. */
export interface StreamMeter {
  onResumed(cause: string, gapMs: number): void;
  onRetried(cause: string): void;
  /** By the gate: the queue, a namespace's share of it, the wait, or the budget of retries. */
  onRefused(reason: "overload" | "quota" | "late" | "retries"): void;
  onWaited(priority: RequestClass, waitedMs: number): void;
  onEnded(outcome: "stop" | "length" | "client_gone" | "failed"): void;
}
