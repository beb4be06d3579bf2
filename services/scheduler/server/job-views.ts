// Jobs as a run and their own actors know them, put together: the run knows tasks that have not
// begun, the job's actor knows its attempts.

import { Failure } from "#shared/base/errors.ts";
import { jobAddress, runAddress } from "../core/messages.ts";
import type { JobActorState, RunState } from "../core/state.ts";
import type { Engine } from "../engine.ts";
import { jobView, taskPart } from "./views.ts";
import type { JobView, Reach, TaskPart } from "./views.ts";

/** What `look` sees of a run that was accepted; NOT_FOUND for any other. */
export async function readRun<T>(
  engine: Engine,
  namespace: string,
  id: string,
  look: (run: RunState) => T,
): Promise<T> {
  const seen = await engine.read<"run", { readonly value: T } | null>(
    runAddress(namespace, id),
    (run) => (run === undefined || run.phase === "receiving" ? null : { value: look(run) }),
  );
  if (seen === null)
    throw new Failure("NOT_FOUND", `there is no run ${id} in namespace ${namespace}`);
  return seen.value;
}

/** The task's part and, once it was begun, what `look` sees of its job. */
export async function readJob<T>(
  engine: Engine,
  namespace: string,
  run: string,
  task: string,
  look: (part: TaskPart, job: JobActorState | undefined) => T,
): Promise<T> {
  const part = await readRun(engine, namespace, run, (state) => {
    const ordinal = state.ordinals.get(task);
    return ordinal === undefined ? null : taskPart(state, ordinal);
  });
  if (part === null) throw new Failure("NOT_FOUND", `run ${run} has no job ${task}`);
  return await readPart(engine, part, (job) => look(part, job));
}

/** Views of many jobs, in the order of `parts`, without their attempts. */
export function jobViewsOf(
  engine: Engine,
  parts: readonly TaskPart[],
  reach: Reach,
): Promise<JobView[]> {
  return Promise.all(
    parts.map(
      async (part) => await readPart(engine, part, (job) => jobView(part, job, reach, false)),
    ),
  );
}

/** Jobs in one message, and their bytes: far below MESSAGE_BYTES_MAX, for outputs can be long. */
export const JOBS_SHOWN_MAX = 10_000;
export const JOBS_BYTES_MAX = 8 * 1024 * 1024;

/** As many from the start of `jobs` as one message takes; at least one. */
export function fitting(jobs: readonly JobView[]): number {
  let bytes = 0;
  const most = Math.min(jobs.length, JOBS_SHOWN_MAX);
  for (let at = 0; at < most; at++) {
    bytes += bytesOf(jobs[at] as JobView);
    if (bytes > JOBS_BYTES_MAX) return Math.max(at, 1);
  }
  return most;
}

/** About; what is not counted is bounded by other limits. */
export function bytesOf(job: JobView): number {
  let bytes = 400 + (job.reason?.length ?? 0);
  for (const need of job.needs ?? []) bytes += need.length + 2;
  for (const output of job.outputs ?? [])
    bytes += 150 + (output.value?.length ?? 0) + (output.file?.path?.length ?? 0);
  return bytes;
}

function readPart<T>(
  engine: Engine,
  part: TaskPart,
  look: (job: JobActorState | undefined) => T,
): T | Promise<T> {
  if (!part.begun) return look(undefined);
  return engine.read<"job", T>(jobAddress(part.namespace, part.run, part.task), look);
}
