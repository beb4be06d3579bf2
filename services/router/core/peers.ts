// What other routers have sent to the workers that this one sends to as well.
//
// Each router says from time to time, of each worker, how far it has counted its dispatches there,
// which of them were in the last report it had, and what the rest comes to. A report says which
// dispatches of every router its figures include: by these two numbers what another router sent is
// counted here until it is in the figures, and not longer. Messages may be lost, late or repeated.
//
//   Q1. Of another router's requests at a worker those are counted, beside the worker's figures,
//       whose dispatch number is above what those figures include; their tokens in proportion.
//   Q2. A message that is not newer than its sender's last one changes nothing.
//   Q3. What a router said is forgotten after PEER_TTL_MS, when it starts again and when it says
//       that it leaves: then everything is as if there were no other.
//   Q4. At most PEERS_MAX routers are kept. A worker's sums are those of its shares.

import type { Fleet } from "./fleet-state.ts";
import type { Worker } from "./worker.ts";

/** What one router has at one worker. */
export interface Share {
  /** Its last dispatch, and the last that was in a report when it said so. */
  readonly dispatch: number;
  readonly seen: number;
  /** Of those between them that have not ended. */
  readonly unseen: number;
  readonly unseenTokens: number;
  readonly unseenBlocks: number;
  /** For when there is no report to go by. */
  readonly inFlight: number;
  readonly awaitingTokens: number;
  readonly inFlightBlocks: number;
}

/** The same of another router, as it said last. */
export interface PeerShare extends Share {
  readonly heardAtMs: number;
}

export interface PeerLoad {
  readonly router: string;
  /** New at every start of that router. */
  readonly epoch: string;
  /** Counts its messages. */
  readonly sequence: number;
  readonly isLeaving: boolean;
  /** By worker; workers that are not named are as they were. */
  readonly shares: ReadonlyMap<string, Share>;
}

export interface Peer {
  epoch: string;
  sequence: number;
  heardAtMs: number;
}

/** Three times what a router that has something to say keeps silent at most. */
export const PEER_TTL_MS = 1_500;
export const PEERS_MAX = 64;

/** What this router has at a worker, to be told to the others. */
export function shareOf(worker: Worker): Share {
  const { dispatched, seen, unseen, unseenTokens, unseenBlocks } = worker;
  const { inFlight, awaitingTokens, inFlightBlocks } = worker;
  return {
    ...{ dispatch: dispatched, seen, unseen: unseen.size, unseenTokens, unseenBlocks },
    ...{ inFlight: inFlight.size, awaitingTokens, inFlightBlocks },
  };
}

/** Another router has said what it has where. */
export function onPeerLoad(fleet: Fleet, load: PeerLoad, nowMs: number): void {
  const { router, epoch, sequence } = load;
  const known = fleet.peers.get(router);
  if (known?.epoch === epoch && sequence <= known.sequence) return;
  if (known !== undefined && known.epoch !== epoch) forgetPeer(fleet, router);
  if (load.isLeaving) return forgetPeer(fleet, router);
  if (!fleet.peers.has(router) && fleet.peers.size >= PEERS_MAX) return;
  fleet.peers.set(router, { epoch, sequence, heardAtMs: nowMs });
  for (const [key, share] of load.shares) {
    const worker = fleet.workers.get(key);
    if (worker === undefined) continue; // It has not dialled this router.
    worker.peers.set(router, { ...share, heardAtMs: nowMs });
    sumPeers(worker);
  }
}

/** To be called with every tick: who has said nothing for long is not counted on. */
export function forgetSilentPeers(fleet: Fleet, nowMs: number): void {
  const sinceMs = nowMs - PEER_TTL_MS;
  for (const [router, peer] of fleet.peers) {
    if (peer.heardAtMs < sinceMs) forgetPeer(fleet, router);
  }
  if (fleet.peers.size === 0) return;
  for (const worker of fleet.workers.values()) {
    for (const [router, share] of worker.peers) {
      if (share.heardAtMs >= sinceMs) continue;
      worker.peers.delete(router);
      sumPeers(worker);
    }
  }
}

/** Its shares, or what its figures include of them, have changed. */
export function sumPeers(worker: Worker): void {
  const seenOf = worker.progress?.seenOf;
  worker.peersUnseen = 0;
  worker.peersUnseenTokens = 0;
  worker.peersUnseenBlocks = 0;
  worker.peersInFlight = 0;
  worker.peersAwaitingTokens = 0;
  worker.peersInFlightBlocks = 0;
  for (const [router, share] of worker.peers) {
    const rest = unseenShare(share, seenOf?.get(router) ?? 0);
    worker.peersUnseen += rest * share.unseen;
    worker.peersUnseenTokens += rest * share.unseenTokens;
    worker.peersUnseenBlocks += rest * share.unseenBlocks;
    worker.peersInFlight += share.inFlight;
    worker.peersAwaitingTokens += share.awaitingTokens;
    worker.peersInFlightBlocks += share.inFlightBlocks;
  }
}

/** What part of a router's unseen dispatches figures that include `seen` of them leave out. */
function unseenShare({ dispatch, seen: from }: Share, seen: number): number {
  if (seen >= dispatch) return 0;
  return seen <= from ? 1 : (dispatch - seen) / (dispatch - from);
}

function forgetPeer(fleet: Fleet, router: string): void {
  fleet.peers.delete(router);
  for (const worker of fleet.workers.values()) {
    if (worker.peers.delete(router)) sumPeers(worker);
  }
}
