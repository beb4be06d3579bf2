// Waiting until a router knows its workers.

import { Failure } from "#shared/base/errors.ts";

interface ListedWorker {
  readonly model: string;
}

const POLL_MS = 20;

/** Of `model`, at the API whose address ends in /v1. */
async function workersOf(url: string, model: string): Promise<number> {
  // The list of models would ask for a key where the router has keys.
  const response = await fetch(`${url.replace(/\/v1$/u, "")}/workers`);
  const body = (await response.json()) as { workers?: readonly ListedWorker[] };
  return body.workers?.filter((worker) => worker.model === model).length ?? 0;
}

/** UNAVAILABLE after `waitMs`; `logs` is where to look then. */
export async function untilLinked(
  url: string,
  model: string,
  count: number,
  waitMs: number,
  logs: string,
): Promise<void> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    const known = await workersOf(url, model);
    if (known >= count) return;
    if (performance.now() > endMs) {
      const said = `${known} of ${count} workers of ${model} reached the router`;
      throw new Failure("UNAVAILABLE", said, { hint: `their logs are in ${logs}` });
    }
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
}
