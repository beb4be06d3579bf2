// What keys use at other routers: requests and tokens are taken from the key's buckets here when
// they are heard of, what runs there counts against how many it may have at once.
//
//   R1. A message counts once: one that is not newer than its sender's last changes nothing.
//   R2. What runs at a router is forgotten when it is silent for PEER_TTL_MS, starts again or
//       leaves. What was used there stays used.
//   R3. At most PEERS_MAX routers are listened to, and of each RUNNING_MAX keys that run there.

import { spendElsewhere, type KeyUse } from "./key-limits.ts";
import { PEERS_MAX, PEER_TTL_MS } from "./peers.ts";

export interface KeyNews {
  /** Since its last message. */
  readonly requests: number;
  readonly tokens: number;
  /** Now. */
  readonly running: number;
}

export interface PeerKeys {
  readonly router: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly isLeaving: boolean;
  readonly keys: ReadonlyMap<string, KeyNews>;
}

interface Peer {
  readonly epoch: string;
  sequence: number;
  heardAtMs: number;
  readonly running: Map<KeyUse, number>;
}

export type KeyPeers = Map<string, Peer>;

export const RUNNING_MAX = 100_000;

/** `useOf`: of a key that is known here and has limits; null: there is none. */
export function onPeerKeys(
  peers: KeyPeers,
  news: PeerKeys,
  useOf: (key: string) => KeyUse | null,
  nowMs: number,
): void {
  const { router, epoch, sequence, isLeaving, keys } = news;
  const before = peers.get(router);
  if (before?.epoch === epoch && sequence <= before.sequence) return;
  if (isLeaving || (before !== undefined && before.epoch !== epoch)) forget(peers, router);
  if (isLeaving) return;
  if (!peers.has(router) && peers.size >= PEERS_MAX) return;
  const peer = peers.get(router) ?? { epoch, sequence, heardAtMs: nowMs, running: new Map() };
  peers.set(router, peer);
  peer.sequence = sequence;
  peer.heardAtMs = nowMs;
  for (const [key, { requests, tokens, running }] of keys) {
    const use = useOf(key);
    if (use === null) continue;
    spendElsewhere(use, { requests, tokens }, nowMs);
    use.runningElsewhere += running - (peer.running.get(use) ?? 0);
    if (running === 0) peer.running.delete(use);
    else if (peer.running.has(use) || peer.running.size < RUNNING_MAX)
      peer.running.set(use, running);
    else use.runningElsewhere -= running;
  }
}

export function forgetSilentKeyPeers(peers: KeyPeers, nowMs: number): void {
  for (const [router, { heardAtMs }] of peers) {
    if (nowMs - heardAtMs > PEER_TTL_MS) forget(peers, router);
  }
}

function forget(peers: KeyPeers, router: string): void {
  for (const [use, running] of peers.get(router)?.running ?? []) use.runningElsewhere -= running;
  peers.delete(router);
}
