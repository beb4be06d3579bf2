// The scheduler's states in the checker's words. Only looked at when nothing is being committed:
// then what an engine shows is durable, and `look` is called before read() returns.

import { clusterAddress, jobAddress, runAddress } from "../../services/scheduler/core/messages.ts";
import { openAttempt } from "../../services/scheduler/core/job-core.ts";
import type { Engine, EngineStates } from "../../services/scheduler/engine.ts";
import type { SeenCluster, SeenJob, SeenProgress, SeenWaits } from "./observed.ts";
import { CLUSTER, NAMESPACE } from "./story.ts";
import type { Story } from "./story.ts";

export function seenCluster(engine: Engine, address: string): SeenCluster | null {
  return peek<"cluster", SeenCluster | null>(engine, address, (state) =>
    state === undefined
      ? null
      : {
          address,
          connected: state.connected,
          unreachable: state.unreachable,
          slots: state.slots,
          waiting: [...state.waiting.values()].map(({ token }) => token),
          placed: [...state.placed.keys()],
        },
  );
}

/** Null when some partition is in the middle of something. */
export function seenWaits(engine: Engine, story: Story, nowMs: number): SeenWaits | null {
  const cluster = seenCluster(engine, clusterAddress(NAMESPACE, CLUSTER));
  if (cluster === null) return null;
  const jobs: SeenJob[] = [];
  const runs: SeenProgress[] = [];
  for (const { id, tasks } of story.runs) {
    const seen = tasks.map((task) => seenJob(engine, jobAddress(NAMESPACE, id, task.id)));
    if (seen.includes(undefined)) return null;
    const run = seenRun(engine, id, seen as (SeenJob | null)[]);
    if (run === undefined) return null;
    if (run !== null) runs.push(run);
    for (const job of seen) if (job !== null && job !== undefined) jobs.push(job);
  }
  return { nowMs, clusters: [cluster], jobs, runs };
}

function seenJob(engine: Engine, address: string): SeenJob | null | undefined {
  return peekOr<"job", SeenJob | null>(engine, address, (job) =>
    job === undefined
      ? null
      : {
          address,
          cluster: clusterAddress(NAMESPACE, job.cluster),
          phase: job.phase,
          openToken: openAttempt(job)?.token ?? null,
          retryAtMs: job.retryAtMs,
        },
  );
}

function seenRun(
  engine: Engine,
  id: string,
  jobs: readonly (SeenJob | null)[],
): SeenProgress | null | undefined {
  return peekOr<"run", SeenProgress | null>(engine, runAddress(NAMESPACE, id), (run) =>
    run === undefined
      ? null
      : {
          id,
          phase: run.phase,
          tasks: run.tasks.map((task) => ({
            id: task.id,
            kind: run.progress[task.ordinal]?.kind ?? "none",
            needs: task.needs,
            job: jobs[task.ordinal]?.phase ?? null,
          })),
        },
  );
}

function peek<K extends keyof EngineStates, T>(
  engine: Engine,
  address: string,
  look: (state: EngineStates[K] | undefined) => T,
): T | null {
  return peekOr<K, T>(engine, address, look) ?? null;
}

/** What `look` answers if it is called at once, else undefined. */
function peekOr<K extends keyof EngineStates, T>(
  engine: Engine,
  address: string,
  look: (state: EngineStates[K] | undefined) => T,
): T | undefined {
  let open = true;
  let seen: T | undefined;
  engine
    .read<K, void>(address, (state) => {
      if (open) seen = look(state);
    })
    .catch(() => {});
  open = false;
  return seen;
}
