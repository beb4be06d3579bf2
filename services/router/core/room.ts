// How many more requests the workers of a model take: what a front door lets in by. pick() decides
// for each; this counts for all.

import { isTripped } from "./breaker.ts";
import { ejectedMaxOf, staleMsOf } from "./fleet-state.ts";
import type { Fleet } from "./fleet-state.ts";
import { isStale, loadOf } from "./worker.ts";
import type { Worker } from "./worker.ts";

/** Counted up to `max`. Null: no worker of it is in service, so room is not what is missing. */
export function roomOf(fleet: Fleet, model: string, max: number, nowMs: number): number | null {
  const workers = fleet.pools.get(model)?.workers ?? [];
  let room = 0;
  let heldRoom = 0;
  let inService = 0;
  let held = 0;
  for (const worker of workers) {
    if (!worker.isInService) continue;
    inService += 1;
    const free = freeOf(fleet, worker, nowMs);
    if (isTripped(worker.breaker, nowMs)) {
      held += 1;
      heldRoom += free;
    } else {
      room += free;
    }
    if (room >= max) return max;
  }
  if (inService === 0) return null;
  // Held out more than the cap allows, none is: pick() takes everyone then.
  if (held > ejectedMaxOf(fleet.options, inService)) room += heldRoom;
  return Math.min(max, room);
}

/** As many as pick() would take one after the other. */
function freeOf(fleet: Fleet, worker: Worker, nowMs: number): number {
  const load = loadOf(worker, isStale(worker, staleMsOf(fleet.options), nowMs));
  return Math.max(0, Math.ceil(worker.spec.sequencesMax * fleet.options.fullRatio - load));
}
