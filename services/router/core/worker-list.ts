// The fleet as an operator is shown it: a row for each worker.

import type { Fleet } from "./fleet-state.ts";
import type { Progress, Worker } from "./worker.ts";

/** `unwell`: it hangs, or has not been heard; the others are its own words. */
export type WorkerState = Progress["state"] | "unwell";

/** Names as in the JSON of `GET /workers`. */
export interface WorkerRow {
  /** Its name and epoch: a restarted worker is another one. */
  readonly worker: string;
  readonly model: string;
  readonly numerics_class: string;
  readonly state: WorkerState;
  /** It failed requests, and gets none or one to try it with. */
  readonly held_out: boolean;
  /** Streams of this router there. */
  readonly streams: number;
  /** Of all routers, as it reported last. */
  readonly running: number;
  readonly waiting: number;
  readonly sequences_max: number;
  readonly blocks_free: number;
  readonly blocks: number;
  /** Since its last report, or since it came; ms. */
  readonly heard_ms_ago: number;
}

export function workerStateOf({ health, progress }: Worker): WorkerState {
  const isUnwell = health.kind === "hung" || health.kind === "dead" || health.kind === "suspect";
  return isUnwell ? "unwell" : (progress?.state ?? "ready");
}

/** By model, then by name. */
export function workerRows(fleet: Fleet, nowMs: number): WorkerRow[] {
  return [...fleet.workers.values()]
    .map((worker) => rowOf(worker, nowMs))
    .sort((a, b) => compare(a.model, b.model) || compare(a.worker, b.worker));
}

function rowOf(worker: Worker, nowMs: number): WorkerRow {
  const { key, spec, progress, breaker } = worker;
  return {
    ...{ worker: key, model: spec.model, numerics_class: spec.classId },
    ...{ state: workerStateOf(worker), held_out: breaker.state.kind !== "closed" },
    streams: worker.inFlight.size,
    ...{ running: progress?.running ?? 0, waiting: progress?.waiting ?? 0 },
    ...{ sequences_max: spec.sequencesMax, blocks: spec.blocks },
    blocks_free: progress?.blocksFree ?? spec.blocks,
    heard_ms_ago: Math.round(nowMs - worker.heardAtMs),
  };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
