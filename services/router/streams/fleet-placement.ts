// Streams and the fleet: where one goes, and the count of what it does there.

import type { Clock } from "#shared/base/clock.ts";
import { onDispatched, onEnded, onFirstTokens, onTokens, pick } from "../core/fleet.ts";
import type { Fleet } from "../core/fleet-state.ts";
import { prefixHashes } from "../core/prefix-hash.ts";
import { roomOf } from "../core/room.ts";
import type { WorkerSet } from "../workers/worker-set.ts";
import type { AttemptOutcome, Placed, Placement, Wish } from "./placement.ts";

/** Output of a request that names no limit, for the cost of placing it. */
const OUTPUT_TOKENS_GUESS = 256;

export class FleetPlacement implements Placement {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  #workers: WorkerSet | null = null;
  /** Attempts that have had a token. */
  readonly #begun = new Set<string>();
  readonly #waiters = new Set<() => void>();

  constructor(fleet: Fleet, clock: Clock) {
    this.#fleet = fleet;
    this.#clock = clock;
  }

  /** Once, before the first request: the two know each other. */
  attach(workers: WorkerSet): void {
    this.#workers = workers;
  }

  place(attemptId: string, wish: Wish): Placed {
    const known = this.#workers?.model(wish.model) ?? null;
    const nowMs = this.#clock.monotonicMs();
    const promptTokens = wish.promptIds.length + wish.resumeTokens;
    const outputTokensExpected = Math.max(
      1,
      (wish.outputTokensMax ?? OUTPUT_TOKENS_GUESS) - wish.resumeTokens,
    );
    const prefix = prefixHashes(wish.promptIds, wish.cacheSalt);
    const exclude = new Set(wish.exclude);
    for (;;) {
      const choice = pick(
        this.#fleet,
        {
          ...{ model: wish.model, promptTokens, outputTokensExpected, prefix, exclude },
          ...{ session: wish.session, classId: wish.classId, needs: wish.needs },
          priority: wish.priority,
        },
        nowMs,
      );
      if (choice.kind === "refused") {
        const reason = known === null && wish.resumeTokens === 0 ? "unknown" : choice.reason;
        return { kind: "refused", reason, retryAfterMs: choice.retryAfterMs };
      }
      const connection = this.#workers?.connection(choice.key) ?? null;
      const spec = this.#fleet.workers.get(choice.key)?.spec;
      if (connection === null || spec === undefined || !connection.isOpen) {
        exclude.add(choice.key); // It has just broken; the fleet hears of it in a moment.
        continue;
      }
      const { session, needs } = wish;
      const work = { promptTokens, outputTokensExpected, prefix, session, needs };
      const dispatch = onDispatched(this.#fleet, choice.key, attemptId, work, nowMs);
      return { kind: "worker", connection, classId: spec.classId, dispatch };
    }
  }

  onTokens(attemptId: string, count: number, cachedTokens: number | null): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#begun.has(attemptId)) return onTokens(this.#fleet, attemptId, count, nowMs);
    this.#begun.add(attemptId);
    return onFirstTokens(this.#fleet, attemptId, { count, cachedTokens }, nowMs);
  }

  onEnded(attemptId: string, outcome: AttemptOutcome): void {
    this.#begun.delete(attemptId);
    // Handing a request back is no fault of the worker's.
    const counted = outcome === "handed_back" ? "backpressure" : outcome;
    onEnded(this.#fleet, attemptId, counted, this.#clock.monotonicMs());
    for (const wake of this.#waiters) return wake(); // Room for one: who has waited longest.
  }

  room(model: string, max: number): number | null {
    return roomOf(this.#fleet, model, max, this.#clock.monotonicMs());
  }

  changed(maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, maxMs);
      this.#waiters.add(wake);
    });
  }

  /** Whoever waits looks again. */
  wakeAll(): void {
    for (const wake of this.#waiters) wake();
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }
}
