// A watched run as server-sent events (WHATWG HTML, 9.2): one `run` event for each change with the
// run and the jobs that changed, then `end`.

import type { signalbox } from "#proto/signalbox.js";
import type { Exchange } from "./exchange.ts";
import { jobJson, runJson } from "./json-views.ts";

/** A comment this often keeps proxies from closing a quiet stream. */
const COMMENT_MS = 15_000;

export async function watchEvents(
  exchange: Exchange,
  changes: AsyncGenerator<signalbox.control.v1.IWatchRunResponse, void, void>,
): Promise<void> {
  const first = await changes.next(); // A refusal is an answer of its own, not an event.
  exchange.begin("text/event-stream");
  const alive = setInterval(() => void exchange.write(": alive\n\n"), COMMENT_MS);
  try {
    if (first.done !== true) await exchange.write(eventOf(first.value));
    for await (const change of changes) {
      if (!(await exchange.write(eventOf(change)))) return;
    }
    await exchange.write("event: end\ndata: {}\n\n");
    exchange.response.end();
  } finally {
    clearInterval(alive);
  }
}

function eventOf({ run, jobs }: signalbox.control.v1.IWatchRunResponse): string {
  const data = { run: runJson(run ?? {}), jobs: (jobs ?? []).map(jobJson) };
  return `event: run\ndata: ${JSON.stringify(data)}\n\n`;
}
