// Who is let in to be sent to a worker, and who may be sent once more: core/admission.ts and
// core/retry-budget.ts with a clock, in front of the streams.
//
// State: the queue, the budget, who waits with which callbacks, and for whom room is kept.
//
//   G1. New requests are let in only for room that no stream before them waits for: one that goes
//       on, or was let in and lost its worker, has its place kept.
//   G2. Each that comes in hears once: let in, or refused. After leave() it hears nothing.
//   G3. While nobody waits there is no timer; after everyone has left nothing is kept of anyone.

import { Failure } from "#shared/base/errors.ts";
import type { Timers } from "#shared/base/clock.ts";
import {
  newAdmission,
  onAdmissionTick,
  onArrived,
  onCapacity,
  onLeft,
  type Admission,
  type AdmissionOptions,
  type Arrival,
} from "../core/admission.ts";
import { REQUEST_CLASSES, type RequestClass } from "../core/request-class.ts";
import {
  newRetryBudget,
  onRequest,
  takeRetry,
  type RetryBudget,
  type RetryBudgetOptions,
} from "../core/retry-budget.ts";

/** How the gate looks at the fleet, and what operators count. */
export interface GateSurroundings {
  /** More requests that the workers of a model take, up to `max`; null: none is in service. */
  room(model: string, max: number): number | null;
  nowMs(): number;
  readonly timers: Timers;
  onRefused(reason: GateRefusal): void;
  onWaited(priority: RequestClass, waitedMs: number): void;
}

/** `quota`: its namespace's share of the queue is taken. `late`: it waited too long. */
export type GateRefusal = "overload" | "quota" | "late" | "retries";

export interface Visitor {
  onLetIn(): void;
  onTurnedAway(failure: Failure): void;
}

interface Waiting {
  readonly arrival: Arrival;
  readonly visitor: Visitor;
  readonly sinceMs: number;
}

/** What no event tells: a breaker that may be tried, a wait that is over. */
const LOOK_MS = 250;

export class FrontGate {
  readonly #options: { readonly admission: AdmissionOptions };
  readonly #around: GateSurroundings;
  readonly #admission: Admission;
  readonly #budget: RetryBudget;
  readonly #waiting = new Map<string, Waiting>();
  /** By model: streams that wait for room outside the queue. */
  readonly #kept = new Map<string, Set<string>>();
  #cancelLook: (() => void) | null = null;

  constructor(
    options: { readonly admission: AdmissionOptions; readonly retries: RetryBudgetOptions },
    around: GateSurroundings,
  ) {
    this.#options = options;
    this.#around = around;
    this.#admission = newAdmission(options.admission);
    this.#budget = newRetryBudget(options.retries);
  }

  /** How many wait, of each class. */
  queued(): Readonly<Record<RequestClass, number>> {
    const counts = Object.fromEntries(REQUEST_CLASSES.map((each) => [each, 0]));
    for (const { arrival } of this.#waiting.values()) {
      counts[arrival.priority] = (counts[arrival.priority] ?? 0) + 1;
    }
    return counts as Record<RequestClass, number>;
  }

  /** Requests in the queue, let in, or with a place kept: 0 when everything has ended. */
  get size(): number {
    return this.#admission.entries.size + this.#kept.size;
  }

  /** A new request. The visitor may be called before this returns. */
  enter(arrival: Arrival, visitor: Visitor): void {
    const nowMs = this.#around.nowMs();
    onRequest(this.#budget, nowMs);
    this.#join(arrival, visitor, nowMs);
  }

  /** It was let in while nobody was in service; now that somebody is, it waits like others. */
  enterAgain(arrival: Arrival, visitor: Visitor): void {
    this.leave(arrival.model, arrival.id);
    this.#join(arrival, visitor, this.#around.nowMs());
  }

  /** True when a request without a token may be sent once more. */
  mayRetry(): boolean {
    if (takeRetry(this.#budget, this.#around.nowMs())) return true;
    this.#around.onRefused("retries");
    return false;
  }

  /** A stream outside the queue waits for room: the next is its. */
  keepPlace(model: string, id: string): void {
    const kept = this.#kept.get(model);
    if (kept === undefined) this.#kept.set(model, new Set([id]));
    else kept.add(id);
  }

  /** It has found a worker, or room is not what it waits for. */
  givePlaceBack(model: string, id: string): void {
    const kept = this.#kept.get(model);
    if (kept === undefined || !kept.delete(id)) return;
    if (kept.size === 0) this.#kept.delete(model);
  }

  /** It has ended, or its client went away: whatever it was. Leaving twice is leaving once. */
  leave(model: string, id: string): void {
    this.givePlaceBack(model, id);
    if (this.#admission.entries.has(id)) {
      this.#waiting.delete(id);
      // What its leaving is worth the fleet says: its worker may have others by now.
      onCapacity(this.#admission, model, 0);
      this.#letIn(onLeft(this.#admission, id, this.#around.nowMs()));
    }
    this.onRoom(model);
  }

  /** There may be room at workers of the model. */
  onRoom(model: string): void {
    const queued = this.#admission.models.get(model)?.queued ?? 0;
    if (queued === 0) return this.#settle();
    this.#letIn(this.#withRoom(model, queued));
    this.#settle();
  }

  /** Workers came, went or changed. */
  onRoomAnywhere(): void {
    if (this.#waiting.size === 0) return;
    for (const model of this.#admission.models.keys()) this.onRoom(model);
  }

  #join(arrival: Arrival, visitor: Visitor, nowMs: number): void {
    const queued = this.#admission.models.get(arrival.model)?.queued ?? 0;
    if (queued === 0 && this.#around.room(arrival.model, 1) === null) return visitor.onLetIn();
    this.#letIn(this.#withRoom(arrival.model, queued + 1));
    const admitted = onArrived(this.#admission, arrival, nowMs);
    switch (admitted.kind) {
      case "admitted":
        return visitor.onLetIn();
      case "deferred":
        this.#waiting.set(arrival.id, { arrival, visitor, sinceMs: nowMs });
        return this.#settle();
      case "refused": {
        const { reason, retryAfterMs } = admitted;
        this.#around.onRefused(reason);
        const said =
          reason === "quota"
            ? `this namespace's share of the queue for ${arrival.model} is taken`
            : `every worker of ${arrival.model} is busy, and so is the queue`;
        return visitor.onTurnedAway(new Failure("FULL", said, { retryAfterMs }));
      }
    }
  }

  /** Tells the queue how much room there is; returns who gets it. */
  #withRoom(model: string, wanted: number): string[] {
    const kept = this.#kept.get(model)?.size ?? 0;
    const room = this.#around.room(model, kept + wanted) ?? 0;
    const admitted = this.#admission.models.get(model)?.admitted ?? 0;
    return onCapacity(this.#admission, model, admitted + Math.max(0, room - kept));
  }

  #letIn(ids: readonly string[]): void {
    const nowMs = this.#around.nowMs();
    for (const id of ids) {
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) continue; // It left while those before it were let in.
      this.#waiting.delete(id);
      this.#around.onWaited(waiting.arrival.priority, nowMs - waiting.sinceMs);
      waiting.visitor.onLetIn();
    }
  }

  #settle(): void {
    if (this.#waiting.size === 0) {
      this.#cancelLook?.();
      this.#cancelLook = null;
      return;
    }
    this.#cancelLook ??= this.#around.timers.after(LOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#cancelLook = null;
    const { waitMaxMs } = this.#options.admission;
    for (const { id, retryAfterMs } of onAdmissionTick(this.#admission, this.#around.nowMs())) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      this.#around.onRefused("late");
      const said = `no worker of ${waiting?.arrival.model} had room for ${waitMaxMs / 1000} s`;
      waiting?.visitor.onTurnedAway(new Failure("FULL", said, { retryAfterMs }));
    }
    this.onRoomAnywhere();
    this.#settle();
  }
}
