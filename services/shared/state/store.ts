// Local state in one LMDB environment: named tables of string keys, written in batches that are
// atomic and, when asked, durable. What lies here can be rebuilt (from the log, from the job
// directories); deleting it is a tested operation.
//
//   S1. A batch is applied whole or not at all, and batches take effect in the order of the calls.
//   S2. Reads see every batch handed in before, durable or not.
//   S3. When commit() has resolved, the batch and all before it survive kill -9 and a power cut.
//   S4. A commit() that could not be written rejects and leaves no trace in later reads. What
//       commitLazy() took stays pending and is tried again.
//
// One synced transaction takes everything handed in during one turn of the event loop, so many
// callers share one disk flush. The environment is opened without overlappingSync: LMDB then syncs
// the pages before it writes the meta page, and the transaction returns after both.

import assert from "node:assert/strict";
import { open } from "lmdb";
import type { RootDatabase } from "lmdb";
import { Failure } from "#shared/base/errors.ts";
import { DiskRoom } from "./disk-room.ts";
import { checkLmdbFile } from "./lmdb-file.ts";
import { DURABLE } from "./lmdb-options.ts";
import { prepareLocalDirectory } from "./local-disk.ts";
import { boundsOf, decodeValue, finishRange, fullKeyOf, mergeRows, rowsOf } from "./store-batch.ts";
import type { Rows } from "./store-batch.ts";

export type StoreOp =
  | { readonly kind: "put"; readonly table: string; readonly key: string; readonly value: unknown }
  | { readonly kind: "delete"; readonly table: string; readonly key: string };

export interface RangeOptions {
  /** First key, inclusive (with `reverse` still the lower bound). */
  readonly from?: string;
  /** Upper bound, exclusive. */
  readonly to?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
}

/** Values are plain JSON data or a Uint8Array, and come back as such. Keys sort by UTF-8 bytes. */
export interface Store {
  get<T = unknown>(table: string, key: string): T | undefined;
  range<T = unknown>(table: string, options?: RangeOptions): { key: string; value: T }[];
  /**
   * Resolves when durable. Rejects with Failure FULL when the disk is full: nothing was written.
   */
  commit(ops: readonly StoreOp[]): Promise<void>;
  /** Takes effect at once and becomes durable with the next commit, or within LAZY_MS_MAX. */
  commitLazy(ops: readonly StoreOp[]): void;
  /** Resolves when everything handed in so far is durable. */
  flushed(): Promise<void>;
  /** Removes every row of every table, durably: the first step of a rebuild. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** A directory on a local disk; made when missing. */
  readonly path: string;
}

/** How long a lazy batch may wait for its flush. */
const LAZY_MS_MAX = 50;
/** And when the disk was full, until it is tried again. */
const LAZY_RETRY_MS = 1_000;
/** Lazy batches that may wait at all; reached only while the disk is full. */
const PENDING_BATCHES_MAX = 100_000;

interface Pending {
  readonly rows: Rows;
  readonly resolve: (() => void) | null;
  readonly reject: ((reason: unknown) => void) | null;
}

/** One process at a time. Throws Failure UNSAFE when `path` is on a network file system. */
export function openStore(options: StoreOptions): Store {
  prepareLocalDirectory(options.path);
  return new LmdbStore(options.path);
}

class LmdbStore implements Store {
  readonly #path: string;
  readonly #env: RootDatabase<Buffer, Buffer>;
  readonly #room: DiskRoom;
  #pending: Pending[] = [];
  #overlay: Rows = new Map();
  #scheduled: NodeJS.Immediate | null = null;
  #lazy: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    checkLmdbFile(path);
    this.#env = open<Buffer, Buffer>({ ...DURABLE, path });
    this.#room = new DiskRoom(path, this.#env);
  }

  get<T>(table: string, key: string): T | undefined {
    const full = fullKeyOf(table, key);
    const pending = this.#overlay.get(full);
    if (pending === null) return undefined;
    const bytes = pending ?? this.#env.get(Buffer.from(full));
    return bytes === undefined ? undefined : (decodeValue(bytes, full) as T);
  }

  range<T>(table: string, options: RangeOptions = {}): { key: string; value: T }[] {
    const [low, high] = boundsOf(table, options.from, options.to);
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const rows = readRange(
      this.#env,
      low,
      high,
      options.reverse === true,
      limit + this.#overlay.size,
    );
    return finishRange<T>(
      mergeRows(rows, this.#overlay, low, high, options.reverse === true),
      limit,
    );
  }

  commit(ops: readonly StoreOp[]): Promise<void> {
    this.#assertOpen();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#take({ rows: rowsOf(ops), resolve, reject });
    // After the I/O callbacks of this turn, so that all of them share one flush.
    this.#scheduled ??= setImmediate(() => this.#write());
    return promise;
  }

  commitLazy(ops: readonly StoreOp[]): void {
    this.#assertOpen();
    if (this.#pending.length >= PENDING_BATCHES_MAX) {
      throw new Failure("FULL", `${this.#path}: the disk has been full for too long`);
    }
    this.#take({ rows: rowsOf(ops), resolve: null, reject: null });
    this.#lazy ??= setTimeout(() => this.#write(), LAZY_MS_MAX).unref();
  }

  async flushed(): Promise<void> {
    this.#assertOpen();
    if (this.#pending.length > 0) await this.commit([]);
  }

  async wipe(): Promise<void> {
    this.#assertOpen();
    this.#write();
    this.#env.transactionSync(() => this.#env.clearSync());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#write();
    this.#closed = true;
    if (this.#lazy !== null) clearTimeout(this.#lazy);
    this.#room.close();
    await this.#env.close();
  }

  #assertOpen(): void {
    assert(!this.#closed, "the store is closed");
  }

  #take(pending: Pending): void {
    this.#pending.push(pending);
    for (const [key, bytes] of pending.rows) this.#overlay.set(key, bytes);
  }

  /** Writes all that is pending in one synced transaction, and answers. */
  #write(): void {
    if (this.#scheduled !== null) clearImmediate(this.#scheduled);
    if (this.#lazy !== null) clearTimeout(this.#lazy);
    this.#scheduled = null;
    this.#lazy = null;
    if (this.#pending.length === 0) return;
    const batches = this.#pending;
    try {
      if (this.#overlay.size > 0) this.#env.transactionSync(() => this.#putAll());
    } catch (reason) {
      this.#keepLazy(batches);
      const failure = this.#room.failureOf(reason, "UNAVAILABLE");
      for (const batch of batches) batch.reject?.(failure);
      return;
    }
    this.#pending = [];
    this.#overlay = new Map();
    for (const batch of batches) batch.resolve?.();
  }

  #putAll(): void {
    let bytes = 0;
    for (const value of this.#overlay.values()) bytes += value?.length ?? 0;
    this.#room.take(this.#overlay.size, bytes);
    for (const [key, bytes] of this.#overlay) {
      if (bytes === null) this.#env.removeSync(Buffer.from(key));
      else this.#env.putSync(Buffer.from(key), bytes);
    }
  }

  #keepLazy(batches: readonly Pending[]): void {
    this.#pending = [];
    this.#overlay = new Map();
    for (const batch of batches) if (batch.reject === null) this.#take(batch);
    if (this.#pending.length > 0)
      this.#lazy = setTimeout(() => this.#write(), LAZY_RETRY_MS).unref();
  }
}

function readRange(
  env: RootDatabase<Buffer, Buffer>,
  low: string,
  high: string,
  reverse: boolean,
  limit: number,
): [string, Buffer][] {
  const bounds = reverse
    ? { start: Buffer.from(high), end: Buffer.from(low), exclusiveStart: true, inclusiveEnd: true }
    : { start: Buffer.from(low), end: Buffer.from(high) };
  const rows: [string, Buffer][] = [];
  const bounded = Number.isFinite(limit) ? { limit } : {};
  for (const { key, value } of env.getRange({ ...bounds, reverse, ...bounded })) {
    // LMDB's own memory is only good until the next turn.
    rows.push([key.toString(), Buffer.from(value)]);
  }
  return rows;
}
