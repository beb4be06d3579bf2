// A run's changes as one stream that outlives its connection: when the scheduler goes away, it is
// asked again until it has been away for AWAY_MS_MAX.

import { Failure } from "#shared/base/errors.ts";
import type { ControlClient } from "./control-client.ts";
import { explained } from "./explained.ts";
import { isRunEnd, parseJob, parseRun, type JobView, type RunView } from "./run-view.ts";

export type RunChange =
  | {
      readonly kind: "state";
      readonly run: RunView;
      /** All of them, by ordinal. */
      readonly jobs: readonly JobView[];
      readonly changed: readonly JobView[];
    }
  /** The scheduler does not answer; what was shown last may be out of date. */
  | { readonly kind: "away"; readonly reason: string };

/** A scheduler that was restarted answers in seconds; a laptop that slept, in a minute or two. */
const AWAY_MS_MAX = 5 * 60_000;
const RETRY_MS = 500;

/** Ends when the run has ended or `signal` is aborted. */
export async function* followRun(
  client: ControlClient,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<RunChange, void, void> {
  const jobs = new Map<string, JobView>();
  const request = { namespace: client.context.namespace, id: runId };
  let awaySinceMs: number | null = null;
  let seen = false;
  while (!signal.aborted) {
    try {
      for await (const update of client.runs.watchRun(request, { signal })) {
        awaySinceMs = null;
        seen = true;
        const changed = (update.jobs ?? []).map(parseJob);
        for (const job of changed) jobs.set(job.task, job);
        const run = parseRun(update.run ?? {});
        const all = [...jobs.values()].toSorted((a, b) => a.ordinal - b.ordinal);
        yield { kind: "state", run, jobs: all, changed };
        if (isRunEnd(run.state)) return;
      }
      // The server ended the stream of a run that goes on: it is stopping. Ask again.
    } catch (reason) {
      if (signal.aborted) return;
      const failure = Failure.from(reason);
      const gone = awaySinceMs !== null && performance.now() - awaySinceMs > AWAY_MS_MAX;
      // A first contact that fails is an answer; later ones are a link to be waited for.
      if (failure.retry === "never" || !seen || gone) throw explained(failure, client.context);
      awaySinceMs ??= performance.now();
      yield {
        kind: "away",
        reason: `the scheduler does not answer, still trying: ${failure.message}`,
      };
    }
    await pause(RETRY_MS, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resume) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resume();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}
