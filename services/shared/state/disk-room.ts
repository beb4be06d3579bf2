// Room on disk is taken before LMDB needs it: data.mdb is kept longer than what LMDB uses, by
// blocks already written. So a full disk shows here, where it refuses one transaction and nothing
// else. LMDB itself must not meet it: on a write that fails outright, lmdb 3.5.6 prints its message
// into a buffer that is too short and damages the heap (mdb_page_flush, `malloc(100)`).
//
// Growing the file is safe because it happens inside a write transaction, under the lock that
// writers of all processes share, and only beyond the file's end. It also makes commits cheaper:
// fdatasync then has no new length to record.

import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { RootDatabase } from "lmdb";
import { Failure } from "#shared/base/errors.ts";

/**
 * Zeros written at a time: under 3 ms of a disk's time, once in about this many bytes of records.
 */
const STEP_BYTES = 1024 * 1024;
/** A put may copy its leaf and the branches above it, and start an overflow page. */
const PAGES_PER_PUT = 4;
/** The free list, both trees' roots, and rounding. */
const PAGES_PER_TRANSACTION = 32;
const ROOM_CODES = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
/**
 * ENOSPC, EDQUOT, EFBIG and MDB_MAP_FULL, as LMDB reports them: a copy-on-write file system may
 * still be full.
 */
const ROOM_NUMBERS = new Set([28, 122, 27, -30792]);

interface Stats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
}

export class DiskRoom {
  readonly #path: string;
  readonly #env: RootDatabase<Buffer, Buffer>;
  readonly #file: number;

  /** `path` is the directory of the environment, which must be open. */
  constructor(path: string, env: RootDatabase<Buffer, Buffer>) {
    this.#path = path;
    this.#env = env;
    this.#file = openSync(join(path, "data.mdb"), "r+");
  }

  /**
   * Call inside a write transaction, before its first put of `puts` values of `bytes` in all.
   * Throws Failure FULL when the disk has no room for them.
   */
  take(puts: number, bytes: number): void {
    const { pageSize, lastPageNumber } = this.#env.getStats() as Stats;
    const used = (lastPageNumber + 1) * pageSize;
    const { size } = fstatSync(this.#file);
    const touched = Math.min(
      puts * PAGES_PER_PUT,
      lastPageNumber + Math.ceil((2 * bytes) / pageSize),
    );
    const needed = used + bytes + (touched + PAGES_PER_TRANSACTION) * pageSize;
    if (size >= needed) return;
    try {
      this.#extend(size, needed + STEP_BYTES);
    } catch (reason) {
      if (!ROOM_CODES.has((reason as NodeJS.ErrnoException).code ?? "")) throw reason;
      if (fstatSync(this.#file).size < needed) throw this.#full(reason);
    }
  }

  /** What an error of LMDB's means; `otherwise` when it is not for want of room. */
  failureOf(cause: unknown, otherwise: "UNKNOWN_OUTCOME" | "UNAVAILABLE"): Failure {
    if (cause instanceof Failure) return cause;
    if (ROOM_NUMBERS.has((cause as { code?: number } | null)?.code ?? 0)) return this.#full(cause);
    return new Failure(otherwise, `${this.#path} could not be written`, { cause });
  }

  close(): void {
    closeSync(this.#file);
  }

  #extend(from: number, to: number): void {
    const zeros = Buffer.alloc(STEP_BYTES);
    for (let at = from; at < to;)
      at += writeSync(this.#file, zeros, 0, Math.min(STEP_BYTES, to - at), at);
  }

  #full(cause: unknown): Failure {
    return new Failure("FULL", `no room to write to ${this.#path}`, {
      cause,
      hint: "Free some space on that disk; nothing acknowledged was lost.",
    });
  }
}
