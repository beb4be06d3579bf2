// Drives the core: events in, wishes carried out, a timer for when it wants to be woken.
//
//   R1. One turn at a time: what is fed while wishes are carried out is the next turn.
//   R2. Events that come in bursts (commands, acknowledgements) are taken in together, so that they
//       share a flush of the journal.
//   R3. The time the core sees is steady: wall time at the start plus what a monotonic clock says,
//       so a clock that is set forth or back ends no job and starts none.

import type { Clock } from "#shared/base/clock.ts";
import { nextWakeMs, onEvents } from "./core/cluster-core.ts";
import type { ClusterCore } from "./core/core-state.ts";
import type { AgentEvent, Wish } from "./core/wishes.ts";

/** A timer further ahead than this is set again when it fires; Node's own limit is 2^31 ms. */
const SLEEP_MS_MAX = 3_600_000;

export function steadyNow(clock: Clock): () => number {
  const startMs = clock.nowMs() - clock.monotonicMs();
  return () => Math.round(startMs + clock.monotonicMs());
}

export class TurnLoop {
  readonly #core: ClusterCore;
  readonly #carryOut: (wish: Wish) => void;
  readonly #nowMs: () => number;
  #events: AgentEvent[] = [];
  #running = false;
  #burst: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(core: ClusterCore, carryOut: (wish: Wish) => void, nowMs: () => number) {
    this.#core = core;
    this.#carryOut = carryOut;
    this.#nowMs = nowMs;
  }

  /** Takes the event in now, or right after the turn that is under way. */
  feed(event: AgentEvent): void {
    this.#events.push(event);
    if (!this.#running) this.#run();
  }

  /** Takes the event in with the others of this turn of the event loop. */
  feedBurst(event: AgentEvent): void {
    this.#events.push(event);
    if (!this.#running) this.#burst ??= setImmediate(() => this.#run());
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#burst !== null) clearImmediate(this.#burst);
  }

  #run(): void {
    if (this.#burst !== null) clearImmediate(this.#burst);
    this.#burst = null;
    if (this.#closed) return;
    this.#running = true;
    try {
      while (this.#events.length > 0) this.#turn();
    } finally {
      this.#running = false;
    }
    this.#sleep();
  }

  #turn(): void {
    const events = this.#events;
    this.#events = [];
    const wishes: Wish[] = [];
    onEvents(this.#core, { wish: (wish) => wishes.push(wish) }, events, this.#nowMs());
    for (const wish of wishes) this.#carryOut(wish);
  }

  #sleep(): void {
    const nowMs = this.#nowMs();
    const wakeMs = nextWakeMs(this.#core, nowMs);
    if (wakeMs === this.#timerAtMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAtMs = wakeMs ?? Number.POSITIVE_INFINITY;
    if (wakeMs === null) return;
    const delayMs = Math.min(SLEEP_MS_MAX, Math.max(0, wakeMs - nowMs));
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.feed({ kind: "tick" });
    }, delayMs);
  }
}
