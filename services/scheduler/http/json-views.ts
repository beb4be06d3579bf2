// The API's views as JSON for REST: the protobuf JSON names, with states as lower-case words and
// digests and times as they are (milliseconds since 1970).

import { wordOf } from "../server/jobs-service.ts";
import { RunStateView, JobStateView } from "../server/views.ts";
import type { JobView, RunView } from "../server/views.ts";
import { dayOf, dateOf, type UsageView } from "../server/usage-service.ts";
import { Failure } from "#shared/base/errors.ts";

export function runJson(run: RunView): object {
  return { ...run, state: runWordOf(run.state ?? 0) };
}

export function jobJson(job: JobView): object {
  return { ...job, state: wordOf(job.state ?? 0) };
}

export function usageJson({ day, ...cell }: UsageView): object {
  return { day: day === 0 ? "" : dateOf(day), ...cell };
}

/** `from=2026-05-01` of a query, as days since 1970; 0 when it is not there. */
export function parseDay(text: string | null, name: string): number {
  if (text === null || text === "") return 0;
  const day = dayOf(text);
  if (day === null) throw new Failure("INVALID", `${name} is no day such as 2026-05-01`);
  return day;
}

export function runWordOf(state: number): string {
  const name = Object.entries(RunStateView).find(([, number]) => number === state)?.[0];
  return (name ?? "RUN_STATE_UNKNOWN").slice("RUN_STATE_".length).toLowerCase();
}

/** `state=running` of a query. INVALID lists what there is. */
export function parseRunState(word: string): number {
  return numberOf(RunStateView, "RUN_STATE_", word);
}

export function parseJobState(word: string): number {
  return numberOf(JobStateView, "JOB_STATE_", word);
}

function numberOf(states: object, prefix: string, word: string): number {
  const known = Object.entries(states).filter(([, number]) => Number(number) > 0);
  const found = known.find(([name]) => name === prefix + word.toUpperCase());
  if (found !== undefined) return Number(found[1]);
  const words = known.map(([name]) => name.slice(prefix.length).toLowerCase()).join(", ");
  throw new Failure("INVALID", `${JSON.stringify(word)} is no state: ${words}`);
}
