// A lease on a name: who is alive and in charge, for liveness only. What must never happen twice is
// held by the log's fence, not by this.
//
// The holder raises the lease's revision every heartbeat. Others never compare clocks with it: they
// watch the revision on their own monotonic clock, and may take the lease over once it has not
// changed for `expiryMs` of their time.
//
//   Z1. A holder acts only while `held`: within `actMs` of having begun the last heartbeat that the
//       store confirmed. `actMs` is below `expiryMs` by more than clocks drift, so a successor
//       starts after the holder has stopped, also when the holder was asleep: it looks at `held`
//       when it acts.
//   Z2. Every change names the revision it builds on, and the store takes at most one such change.
//   Z3. A heartbeat without an answer counts as not made. If it was made after all, the revision
//       has moved, and the holder takes up from there as long as the lease still names it.

import assert from "node:assert/strict";
import type { Clock } from "#shared/base/clock.ts";

export interface LeaseRow {
  /** Who holds it: unique to one start of one process. Empty when it was given back. */
  readonly owner: string;
  /** Grows with every change. */
  readonly revision: number;
}

/** Where leases lie. Every call may reject: then nothing is known. */
export interface LeaseStore {
  read(name: string): Promise<LeaseRow | null>;
  /**
   * Makes `owner` the owner if the revision is still `expected` (0: there is no row). The new
   * revision, or null.
   */
  put(name: string, owner: string, expected: number): Promise<number | null>;
}

export interface LeaseTiming {
  readonly heartbeatMs: number;
  readonly actMs: number;
  readonly expiryMs: number;
}

/**
 * Three heartbeats may be lost; then three seconds lie between the old holder's end and a new one.
 */
export const LEASE_TIMING: LeaseTiming = { heartbeatMs: 2_000, actMs: 7_000, expiryMs: 10_000 };

export interface LeaseOptions {
  readonly name: string;
  readonly owner: string;
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly timing?: LeaseTiming;
}

export class Lease {
  readonly #name: string;
  readonly #owner: string;
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  readonly #timing: LeaseTiming;
  /** What was last seen, and when it was first seen like that. */
  #seen: LeaseRow | null = null;
  #seenSinceMs = 0;
  /** The revision we wrote last; 0 while we do not hold it. */
  #mine = 0;
  #actUntilMs = Number.NEGATIVE_INFINITY;
  #stepping = false;

  constructor(options: LeaseOptions) {
    assert(options.owner !== "");
    this.#name = options.name;
    this.#owner = options.owner;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#timing = options.timing ?? LEASE_TIMING;
    assert(this.#timing.heartbeatMs < this.#timing.actMs);
    assert(this.#timing.actMs < this.#timing.expiryMs);
  }

  /** Ask at the moment of acting, every time. */
  get held(): boolean {
    return this.#mine > 0 && this.#clock.monotonicMs() < this.#actUntilMs;
  }

  /**
   * One heartbeat, or one look at somebody else's. Call it every `heartbeatMs`; one at a time.
   * Rejects when the store does: call it again.
   */
  async step(): Promise<void> {
    assert(!this.#stepping, "one step at a time");
    this.#stepping = true;
    try {
      if (this.#mine > 0) await this.#renew();
      else await this.#watch();
    } finally {
      this.#stepping = false;
    }
  }

  /** Gives it back, so that the next one need not wait. Acting ends before anything is sent. */
  async release(): Promise<void> {
    assert(!this.#stepping, "let the step end first");
    const mine = this.#mine;
    this.#mine = 0;
    this.#actUntilMs = Number.NEGATIVE_INFINITY;
    if (mine > 0) await this.#store.put(this.#name, "", mine);
  }

  async #renew(): Promise<void> {
    const revision = await this.#take(this.#mine);
    if (revision !== null) return;
    // Somebody changed it. It was us if an earlier heartbeat arrived although its answer did not.
    const row = await this.#store.read(this.#name);
    if (row?.owner === this.#owner && row.revision > this.#mine) {
      this.#mine = row.revision;
      return void (await this.#take(row.revision));
    }
    this.#mine = 0;
    this.#actUntilMs = Number.NEGATIVE_INFINITY;
    this.#saw(row);
  }

  async #watch(): Promise<void> {
    const row = await this.#store.read(this.#name);
    const nowMs = this.#clock.monotonicMs();
    if (row?.revision !== this.#seen?.revision) this.#saw(row);
    const free =
      row === null || row.owner === "" || nowMs - this.#seenSinceMs >= this.#timing.expiryMs;
    if (free) await this.#take(row?.revision ?? 0);
  }

  /** The time counts from before the request: the others' count starts no earlier. */
  async #take(expected: number): Promise<number | null> {
    const startMs = this.#clock.monotonicMs();
    const revision = await this.#store.put(this.#name, this.#owner, expected);
    if (revision === null) return null;
    this.#mine = revision;
    this.#actUntilMs = startMs + this.#timing.actMs;
    return revision;
  }

  #saw(row: LeaseRow | null): void {
    this.#seen = row;
    this.#seenSinceMs = this.#clock.monotonicMs();
  }
}
