// What a user may call a run or a job: RUN, RUN/TASK, and RUN alone where it has a single task.

import { Failure } from "#shared/base/errors.ts";
import {
  jobIdOf,
  parseJobId,
  parseRunId,
  parseTaskId,
  type JobId,
  type RunId,
} from "#shared/base/ids.ts";
import type { ControlClient } from "./control-client.ts";
import { parseJob, type JobView } from "./run-view.ts";

export type RunOrJob =
  | { readonly kind: "run"; readonly run: RunId }
  | { readonly kind: "job"; readonly run: RunId; readonly job: JobId };

export function parseRunOrJob(text: string): RunOrJob {
  if (!text.includes("/")) return { kind: "run", run: parseRunName(text) };
  try {
    const { run, task } = parseJobId(text);
    return { kind: "job", run, job: jobIdOf(run, task) };
  } catch (reason) {
    throw withHint(Failure.from(reason), "`signalbox list jobs` shows the ids of jobs");
  }
}

export function parseRunName(text: string): RunId {
  try {
    return parseRunId(text);
  } catch (reason) {
    throw withHint(Failure.from(reason), "`signalbox list` shows the ids of runs");
  }
}

function withHint(failure: Failure, hint: string): Failure {
  return new Failure(failure.code, failure.message, { cause: failure, hint });
}

export async function jobsOfRun(client: ControlClient, run: RunId): Promise<readonly JobView[]> {
  const { namespace } = client.context;
  const answer = await client.again(() => client.runs.getRun({ namespace, id: run }));
  return (answer.jobs ?? []).map(parseJob).toSorted((a, b) => a.ordinal - b.ordinal);
}

/** A job's id; for a run with one task that task's, else INVALID with the choices. */
export async function resolveJob(client: ControlClient, text: string): Promise<JobId> {
  const named = parseRunOrJob(text);
  if (named.kind === "job") return named.job;
  const jobs = await jobsOfRun(client, named.run);
  const [only] = jobs;
  if (only !== undefined && jobs.length === 1) return jobIdOf(named.run, parseTaskId(only.task));
  const names = jobs.slice(0, 12).map((job) => job.id);
  const more = jobs.length > names.length ? `\nand ${jobs.length - names.length} more` : "";
  throw new Failure("INVALID", `run ${named.run} has ${jobs.length} jobs: say which`, {
    hint: `one of:\n${names.join("\n")}${more}`,
  });
}
