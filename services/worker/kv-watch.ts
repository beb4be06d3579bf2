// What happens to the blocks of an engine's prefix cache, pushed to who watches.

import type { signalbox } from "#proto/signalbox.js";
import type { Engine } from "#native/index.ts";
import type { Timers } from "#shared/base/clock.ts";
import { encodeKvEvent } from "./encode-response.ts";
import { failureOfEngine } from "./engine-failure.ts";

/** Far below the time a router takes to choose again for a prompt like the last. */
const POLL_MS = 50;
/** A stored block has 32 token ids: a message stays below 100 KiB. */
const EVENTS_MAX = 512;

/** Ends with `signal`, or throws Failure when the engine has ended. */
export async function* watchKvEvents(
  engine: Engine,
  fromSequence: number,
  timers: Timers,
  signal: AbortSignal,
): AsyncGenerator<signalbox.inference.v1.IWatchKvEventsResponse, void, void> {
  let from = fromSequence;
  while (!signal.aborted) {
    const events = eventsFrom(engine, from);
    for (let at = 0; at < events.length; at += EVENTS_MAX) {
      yield { events: events.slice(at, at + EVENTS_MAX).map(encodeKvEvent) };
    }
    const last = events.at(-1);
    if (last !== undefined) from = last.sequence + 1;
    else await pause(timers, signal);
  }
}

function eventsFrom(engine: Engine, from: number): ReturnType<Engine["kvEvents"]> {
  try {
    return engine.kvEvents(from);
  } catch (reason) {
    throw failureOfEngine(reason);
  }
}

function pause(timers: Timers, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      cancel();
      signal.removeEventListener("abort", over);
      resolve();
    };
    const cancel = timers.after(POLL_MS, over);
    signal.addEventListener("abort", over);
  });
}
