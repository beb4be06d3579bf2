// What this router has in flight, told to the other routers over NATS, and what they and workers
// tell, taken into the fleet. Without a server nobody hears and nothing is heard: each router goes
// by its workers' links and its own count then, as one that is alone does.
//
// State: what was told last of each worker, and the models that are listened to.
//
//   S1. Nothing waits for NATS, and nothing that it brings can fail a request.
//   S2. Every SHARE_MS at most one message for each model, of at most SHARES_MAX workers: those
//       first that have waited longest to be told.
//   S3. A worker is told when its figures have changed, and every REFRESH_MS while anything is in
//       flight there.

import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import { inferenceSubject, type NatsBus } from "#shared/mesh/nats-bus.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Fleet, Pool } from "../core/fleet-state.ts";
import { onPeerLoad, onProgressElsewhere } from "../core/fleet.ts";
import { PEER_TTL_MS, shareOf, type Share } from "../core/peers.ts";
import { encodeLoad, parseLoad, parseReport, SHARES_MAX } from "./share-messages.ts";

export interface LoadSharingOptions {
  /** As workers know this router. */
  readonly name: string;
  /** New at every start. */
  readonly epoch: string;
  readonly bus: Pick<NatsBus, "publish" | "subscribe" | "unsubscribe">;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** A worker's figures came: there may be room. */
  readonly onRoom: () => void;
}

/** In the simulation of 16 routers, 50 ms left half of the tail that 250 ms did. */
const SHARE_MS = 50;
const REFRESH_MS = PEER_TTL_MS / 3;

interface Told {
  readonly share: Share;
  readonly atMs: number;
}

export class LoadSharing {
  readonly #options: LoadSharingOptions;
  readonly #told = new Map<string, Told>();
  readonly #models = new Set<string>();
  #sequence = 0;
  #unread = 0;
  #cancel: () => void;

  constructor(options: LoadSharingOptions) {
    this.#options = options;
    this.#cancel = options.timers.after(SHARE_MS, () => this.#turn());
  }

  /** Others count on nothing of this router's from now on. */
  stop(): void {
    this.#cancel();
    for (const model of this.#models) {
      this.#say(model, new Map(), true);
      this.#leave(model);
    }
  }

  #turn(): void {
    const { fleet, timers, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const pool of fleet.pools.values()) {
      if (!this.#models.has(pool.model)) this.#join(pool.model);
      this.#tell(pool, nowMs);
    }
    for (const model of this.#models) if (!fleet.pools.has(model)) this.#leave(model);
    for (const key of this.#told.keys()) if (!fleet.workers.has(key)) this.#told.delete(key);
    this.#cancel = timers.after(SHARE_MS, () => this.#turn());
  }

  #tell(pool: Pool, nowMs: number): void {
    const due: { readonly key: string; readonly share: Share; readonly atMs: number }[] = [];
    for (const worker of pool.workers) {
      const share = shareOf(worker);
      const told = this.#told.get(worker.key);
      const isOld = share.inFlight > 0 && nowMs - (told?.atMs ?? -Infinity) >= REFRESH_MS;
      if (!isOld && isSame(share, told?.share)) continue;
      due.push({ key: worker.key, share, atMs: told?.atMs ?? -Infinity });
    }
    if (due.length === 0) return;
    if (due.length > SHARES_MAX) due.sort((a, b) => a.atMs - b.atMs);
    const shares = new Map<string, Share>();
    for (const { key, share } of due.slice(0, SHARES_MAX)) {
      shares.set(key, share);
      this.#told.set(key, { share, atMs: nowMs });
    }
    this.#say(pool.model, shares, false);
  }

  #say(model: string, shares: ReadonlyMap<string, Share>, isLeaving: boolean): void {
    const { name, epoch, bus } = this.#options;
    this.#sequence += 1;
    const load = { router: name, epoch, sequence: this.#sequence, isLeaving, shares };
    bus.publish(inferenceSubject("load", model), encodeLoad(load));
  }

  #join(model: string): void {
    const { bus, fleet, name, clock, onRoom } = this.#options;
    this.#models.add(model);
    bus.subscribe(inferenceSubject("load", model), (payload) => {
      this.#take(() => {
        const load = parseLoad(payload);
        if (load.router !== name) onPeerLoad(fleet, load, clock.monotonicMs());
      });
    });
    bus.subscribe(inferenceSubject("progress", model), (payload) => {
      this.#take(() => {
        const { worker, progress } = parseReport(payload);
        onProgressElsewhere(fleet, name, worker, progress, clock.monotonicMs());
        onRoom();
      });
    });
  }

  #leave(model: string): void {
    this.#models.delete(model);
    for (const kind of ["load", "progress"] as const) {
      this.#options.bus.unsubscribe(inferenceSubject(kind, model));
    }
  }

  /** What cannot be read is told once: a stranger could send it without end. */
  #take(read: () => void): void {
    try {
      read();
    } catch (reason) {
      this.#unread += 1;
      const { message, code } = Failure.from(reason);
      if (code !== "CORRUPT") throw reason;
      if (this.#unread === 1) {
        this.#options.logger.warn({ reason: message }, "a message over NATS cannot be read");
      }
    }
  }
}

function isSame(share: Share, told: Share | undefined): boolean {
  if (told === undefined) return share.dispatch === 0;
  return (
    share.dispatch === told.dispatch &&
    share.seen === told.seen &&
    share.unseen === told.unseen &&
    share.inFlight === told.inFlight &&
    share.awaitingTokens === told.awaitingTokens
  );
}
