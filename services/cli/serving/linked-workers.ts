// Waiting until a router knows its workers.

import { Failure } from "#shared/base/errors.ts";

interface ListedModel {
  readonly id: string;
  readonly signalbox?: { readonly workers?: number };
}

const POLL_MS = 20;

/** Of `model`, at the API whose address ends in /v1. */
export async function workersOf(url: string, model: string): Promise<number> {
  const response = await fetch(`${url}/models`);
  const body = (await response.json()) as { data?: readonly ListedModel[] };
  const listed = body.data?.find(({ id }) => id === model);
  return listed?.signalbox?.workers ?? 0;
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
