// The invariants of fleet.ts as assertions. Called after every event in tests.

import assert from "node:assert/strict";
import { isTripped } from "./breaker.ts";
import { ejectedMaxOf } from "./fleet-state.ts";
import type { Fleet, Pool } from "./fleet-state.ts";
import { PEERS_MAX, sumPeers } from "./peers.ts";
import { blocksKept } from "./prefix-history.ts";
import { isReady } from "./worker.ts";
import type { Ticket, Worker } from "./worker.ts";

export function checkInvariants(fleet: Fleet, nowMs: number): void {
  let inFlight = 0;
  for (const worker of fleet.workers.values()) {
    checkWorker(fleet, worker);
    inFlight += worker.inFlight.size;
  }
  assert.equal(inFlight, fleet.tickets.size, "F1: tickets without a worker");
  let pooled = 0;
  for (const pool of fleet.pools.values()) {
    for (const worker of pool.workers) assert.equal(fleet.workers.get(worker.key), worker, "F3");
    pooled += pool.workers.length;
    const cap = fleet.options.ejectedShareMax * pool.workers.length;
    assert(ejected(fleet, pool, nowMs).length <= cap, "F4");
  }
  assert.equal(pooled, fleet.workers.size, "F3");
  assert(blocksKept(fleet.prefixes) <= fleet.options.prefixBlocksMax, "F5");
  assert(fleet.sessions.size <= fleet.options.sessionsMax, "F5");
  assert(fleet.peers.size <= PEERS_MAX, "Q4");
  assert.equal(fleet.scratch.serving.length + fleet.scratch.everyone.length, 0);
}

/** Workers in service that breakers hold out now; none in panic. */
export function ejected(fleet: Fleet, pool: Pool, nowMs: number): Worker[] {
  const inService = pool.workers.filter(isReady);
  const tripped = inService.filter((worker) => isTripped(worker.breaker, nowMs));
  return tripped.length > ejectedMaxOf(fleet.options, inService.length) ? [] : tripped;
}

function checkWorker(fleet: Fleet, worker: Worker): void {
  const where = worker.key;
  assert(!worker.isGone, `F3 ${where}`);
  assert.equal(worker.isInService, isReady(worker), where);
  assert.equal(worker.isSuspect, worker.health.kind === "suspect", where);
  for (const ticket of worker.inFlight) {
    assert.equal(fleet.tickets.get(ticket.requestId), ticket, `F1 ${where}`);
    assert.equal(ticket.worker, worker, `F1 ${where}`);
    assert.equal(worker.unseen.has(ticket), ticket.dispatch > worker.seen, `F2 ${where}`);
    assert.equal(worker.awaiting.has(ticket), ticket.lastTokensAtMs === null, `F1 ${where}`);
  }
  assert(worker.seen <= worker.dispatched, `F2 ${where}`);
  const sum = (tickets: Set<Ticket>, of: (ticket: Ticket) => number): number => {
    let total = 0;
    for (const ticket of tickets) {
      assert(worker.inFlight.has(ticket), `F1 ${where}: ${ticket.requestId} has ended`);
      total += of(ticket);
    }
    return total;
  };
  assert.equal(
    worker.inFlightBlocks,
    sum(worker.inFlight, (t) => t.blocks),
    `F1 ${where}`,
  );
  const tokens = (ticket: Ticket): number => ticket.uncachedTokens;
  assert.equal(worker.awaitingTokens, sum(worker.awaiting, tokens), `F1 ${where}`);
  assert.equal(worker.unseenTokens, sum(worker.unseen, tokens), `F1 ${where}`);
  assert.equal(
    worker.unseenBlocks,
    sum(worker.unseen, (t) => t.blocks),
    `F1 ${where}`,
  );
  checkPeers(fleet, worker);
}

function checkPeers(fleet: Fleet, worker: Worker): void {
  for (const router of worker.peers.keys()) assert(fleet.peers.has(router), `Q3 ${worker.key}`);
  const sums = (): number[] => [
    ...[worker.peersUnseen, worker.peersUnseenTokens, worker.peersUnseenBlocks],
    ...[worker.peersInFlight, worker.peersAwaitingTokens, worker.peersInFlightBlocks],
  ];
  const kept = sums();
  sumPeers(worker);
  assert.deepEqual(kept, sums(), `Q4 ${worker.key}`);
}
