// What a router knows of its workers, and who may read it. The functions that change it are in
// fleet.ts and the files it names.

import { seededRandom } from "#shared/base/prng.ts";
import type { Random } from "#shared/base/prng.ts";
import { newHashRing } from "./hash-ring.ts";
import type { HashRing } from "./hash-ring.ts";
import type { FleetOptions } from "./options.ts";
import type { Peer } from "./peers.ts";
import { PREFIX_BLOCK_TOKENS } from "./prefix-hash.ts";
import { blocksAt, newPrefixHistory } from "./prefix-history.ts";
import type { PrefixHistory } from "./prefix-history.ts";
import type { Ticket, Worker } from "./worker.ts";

/** The workers of one model. */
export interface Pool {
  readonly model: string;
  readonly workers: Worker[];
  /** Where round robin goes on. */
  cursor: number;
  /** Built when it is asked for; null after the workers have changed. */
  ring: HashRing<Worker> | null;
  /** Of the workers that were measured; 0 while none was. Renewed at every tick. */
  medianMsPerToken: number;
  /**
   * The lower quartile of those lately measured: the middle of three would be slow when two are.
   * All slow is usual still.
   */
  usualMsPerToken: number;
  /** The same of streams (token-pace.ts). */
  usualItlMs: number;
  usualStreams: number;
  usualPromptsPerStep: number;
}

interface Session {
  readonly worker: Worker;
  readonly atMs: number;
}

export interface Fleet {
  readonly options: FleetOptions;
  readonly random: Random;
  readonly workers: Map<string, Worker>;
  readonly pools: Map<string, Pool>;
  readonly tickets: Map<string, Ticket>;
  /** Other routers that have said what they sent, by name. */
  readonly peers: Map<string, Peer>;
  readonly prefixes: PrefixHistory<Worker>;
  /** In the order in which they were last used. */
  readonly sessions: Map<string, Session>;
  tickedAtMs: number;
  /** Silence before this is this process's own: it slept. */
  awakeSinceMs: number;
  picks: number;
  /** What pick() sorts workers into; empty between calls. */
  readonly scratch: { readonly serving: Worker[]; readonly everyone: Worker[] };
}

/** `seed` decides every draw: ties, candidates, jitter. Routers of one fleet take their own. */
export function newFleet(options: FleetOptions, seed: number, nowMs: number): Fleet {
  return {
    options,
    random: seededRandom(seed),
    workers: new Map(),
    pools: new Map(),
    tickets: new Map(),
    peers: new Map(),
    prefixes: newPrefixHistory(options.prefixBlocksMax, options.prefixHoldersMax),
    sessions: new Map(),
    ...{ tickedAtMs: nowMs, picks: 0 },
    awakeSinceMs: nowMs,
    scratch: { serving: [], everyone: [] },
  };
}

export function staleMsOf(options: FleetOptions): number {
  return options.periodMs * options.stalePeriods;
}

export function poolOf(fleet: Fleet, model: string): Pool {
  const known = fleet.pools.get(model);
  if (known !== undefined) return known;
  const pool: Pool = {
    ...{ model, workers: [], cursor: 0, ring: null },
    ...{
      medianMsPerToken: 0,
      usualMsPerToken: 0,
      usualItlMs: 0,
      usualStreams: 0,
      usualPromptsPerStep: 0,
    },
  };
  fleet.pools.set(model, pool);
  return pool;
}

export function ringOf(fleet: Fleet, pool: Pool): HashRing<Worker> {
  pool.ring ??= newHashRing(pool.workers, fleet.options.virtualNodes);
  return pool.ring;
}

/** How many of them breakers may take out at once. */
export function ejectedMaxOf(options: FleetOptions, serving: number): number {
  return Math.floor(options.ejectedShareMax * serving);
}

/** Tokens of a prompt that `worker` should have cached, by this router's own history. */
export function cachedTokensAt(fleet: Fleet, worker: Worker, prefix: readonly bigint[]): number {
  if (!fleet.options.prefixAffinity || prefix.length === 0) return 0;
  const tokens = blocksAt(fleet.prefixes, prefix, worker) * PREFIX_BLOCK_TOKENS;
  return tokens - (tokens % worker.spec.blockTokens); // It caches whole blocks of its own.
}

export function sessionWorker(fleet: Fleet, session: string, nowMs: number): Worker | null {
  const known = fleet.sessions.get(session);
  if (known === undefined || known.worker.isGone) return null;
  return nowMs - known.atMs > fleet.options.sessionTtlMs ? null : known.worker;
}

export function onSessionSent(fleet: Fleet, session: string, worker: Worker, nowMs: number): void {
  fleet.sessions.delete(session);
  fleet.sessions.set(session, { worker, atMs: nowMs });
  if (fleet.sessions.size <= fleet.options.sessionsMax) return;
  for (const oldest of fleet.sessions.keys()) {
    fleet.sessions.delete(oldest);
    return;
  }
}
