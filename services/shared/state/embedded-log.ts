// The event log on one machine: one LMDB environment for all partitions.
//
//   E1. A record and its partition's head are written in one synced transaction; append() resolves
//       after LMDB has synced the pages and then the meta page (lmdb-options.ts). So nothing
//       acknowledged is lost by kill -9 or a power cut, and nothing half-written is ever seen.
//   E2. Epoch and expected tail are compared with the head inside that transaction, under LMDB's
//       writer lock, which other processes share. A writer that lost its partition is refused.
//   E3. A claim writes the next epoch and its EpochBump record in one transaction through the same
//       path as an append.
//   E4. When there is no room on disk the transaction aborts before it has written anything
//       (disk-room.ts): FULL, the writer's tail unchanged.
//
// Appends of several partitions handed in during one turn of the event loop share one transaction.

import assert from "node:assert/strict";
import { open } from "lmdb";
import type { RootDatabase } from "lmdb";
import { Failure } from "#shared/base/errors.ts";
import { EMPTY_HEAD, readChain } from "./chain.ts";
import type { Head, ReadRecord, Stored } from "./chain.ts";
import { DiskRoom } from "./disk-room.ts";
import { checkLmdbFile } from "./lmdb-file.ts";
import { DURABLE } from "./lmdb-options.ts";
import { prepareLocalDirectory } from "./local-disk.ts";
import type { EventLog, LogEntry, LogPosition, PartitionWriter } from "./log.ts";
import {
  RECORD_BYTES_MAX,
  RECORD_VERSION,
  encodeRecord,
  epochBumpEntry,
  hashRecord,
} from "./record.ts";

export interface EmbeddedLogOptions {
  /** A directory on a local disk; made when missing. Nothing else may lie in it. */
  readonly path: string;
  /** Fixed when the log is made; opening it with another number is refused. */
  readonly partitions: number;
  /** Record bytes a partition may hold before appends are refused with FULL. */
  readonly partitionBytesMax?: number;
}

export const PARTITION_BYTES_MAX = 1024 ** 3;
/**
 * Left free by appends, so that a full partition can still be claimed (and then read and trimmed).
 */
const CLAIM_BYTES_RESERVED = 64 * 1024;
const PARTITIONS_MAX = 65_536;
/** Records copied out per turn of the event loop while reading. */
const READ_BATCH = 256;
const FORMAT = 1;

interface StoredHead extends Head {
  /** Sum of the partition's records. */
  readonly bytes: number;
}

/** A record on its way, and what must still be true when it is written. */
interface Append {
  readonly partition: number;
  readonly expected: { readonly epoch: number; readonly sequence: number };
  readonly record: {
    readonly n: number;
    readonly epoch: number;
    readonly bytes: Uint8Array;
    readonly hash: string;
  };
  readonly bytesMax: number;
}

/**
 * Throws Failure UNSAFE on a network file system and INVALID when the log there has another number
 * of partitions.
 */
export function openEmbeddedLog(options: EmbeddedLogOptions): EventLog {
  assert(options.partitions >= 1 && options.partitions <= PARTITIONS_MAX);
  prepareLocalDirectory(options.path);
  return new EmbeddedLog(options);
}

class EmbeddedLog implements EventLog {
  readonly driver = "embedded";
  readonly partitions: number;
  readonly recordBytesMax = RECORD_BYTES_MAX;
  readonly #path: string;
  readonly #bytesMax: number;
  readonly #env: RootDatabase<Buffer, Buffer>;
  readonly #room: DiskRoom;
  #pending: { readonly append: Append; readonly settle: (failure: Failure | null) => void }[] = [];
  #closed = false;

  constructor(options: EmbeddedLogOptions) {
    this.#path = options.path;
    this.partitions = options.partitions;
    this.#bytesMax = options.partitionBytesMax ?? PARTITION_BYTES_MAX;
    checkLmdbFile(options.path);
    this.#env = open<Buffer, Buffer>({ ...DURABLE, path: options.path });
    this.#room = new DiskRoom(options.path, this.#env);
    try {
      this.#install();
    } catch (reason) {
      this.#room.close();
      void this.#env.close();
      throw this.#room.failureOf(reason, "UNAVAILABLE");
    }
  }

  async claim(partition: number, writer: string, nowMs: number): Promise<PartitionWriter> {
    this.#assertOpen(partition);
    const { failure, value } = this.#transact(() => {
      const head = this.#headOf(partition);
      const epoch = head.epoch + 1;
      const bump = [epochBumpEntry(partition, epoch, writer)];
      const record = recordOf({ partition, epoch, writer, head, entries: bump, nowMs });
      const bytesMax = this.#bytesMax + CLAIM_BYTES_RESERVED;
      this.#room.take(2, record.bytes.length);
      const refusal = this.#place({ partition, expected: head, record, bytesMax });
      return { refusal, head: { ...record, sequence: head.sequence + 1 } };
    });
    if (failure !== null) throw failure;
    if (value.refusal !== null) throw value.refusal;
    return new EmbeddedWriter(partition, writer, value.head, this.#bytesMax, (append) =>
      this.#enqueue(append),
    );
  }

  read(partition: number, from: number): AsyncIterable<ReadRecord> {
    this.#assertOpen(partition);
    assert(from >= 1);
    this.#env.resetReadTxn();
    const end = this.#headOf(partition);
    return readChain(partition, from, end, (first, last) => this.#stored(partition, first, last));
  }

  async tail(partition: number): Promise<LogPosition> {
    this.#assertOpen(partition);
    this.#env.resetReadTxn();
    const { n, hash } = this.#headOf(partition);
    return { n, hash };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#room.close();
    await this.#env.close();
  }

  #assertOpen(partition: number): void {
    assert(!this.#closed, "the log is closed");
    assert(Number.isInteger(partition) && partition >= 0 && partition < this.partitions);
  }

  #install(): void {
    const key = Buffer.from("i");
    const bytes = this.#env.transactionSync(() => {
      const present = this.#env.get(key);
      if (present !== undefined) return present;
      const made = Buffer.from(JSON.stringify({ format: FORMAT, partitions: this.partitions }));
      this.#env.putSync(key, made);
      return made;
    });
    const { format, partitions } = JSON.parse(bytes.toString()) as {
      format: number;
      partitions: number;
    };
    if (format !== FORMAT) {
      throw new Failure(
        "UNSAFE",
        `${this.#path} holds a log of format ${format}, this version knows ${FORMAT}`,
        {
          hint: "A newer Signalbox made this log: start that version or a later one.",
        },
      );
    }
    if (partitions !== this.partitions) {
      throw new Failure(
        "INVALID",
        `the log at ${this.#path} has ${partitions} partitions, not ${this.partitions}`,
        {
          hint: `Set scheduler.partitions to ${partitions}: it is fixed when a log is made.`,
        },
      );
    }
  }

  #enqueue(append: Append): Promise<void> {
    assert(!this.#closed, "the log is closed");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.push({
      append,
      settle: (failure) => (failure === null ? resolve() : reject(failure)),
    });
    if (this.#pending.length === 1) setImmediate(() => this.#flush());
    return promise;
  }

  #flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    const bytes = pending.reduce((sum, { append }) => sum + append.record.bytes.length, 0);
    const { failure, value } = this.#transact(() => {
      this.#room.take(2 * pending.length, bytes);
      return pending.map(({ append }) => this.#place(append));
    });
    pending.forEach(({ settle }, at) => settle(failure ?? value[at] ?? null));
  }

  /** Inside a transaction: writes the record, or says why not and writes nothing of it. */
  #place({ partition, expected, record, bytesMax }: Append): Failure | null {
    const head = this.#headOf(partition);
    if (head.epoch !== expected.epoch || head.sequence !== expected.sequence) {
      return new Failure(
        "FENCED",
        `partition ${partition} is at epoch ${head.epoch}, record ${head.sequence}; ` +
          `this writer stopped at epoch ${expected.epoch}, record ${expected.sequence}`,
      );
    }
    const bytes = head.bytes + record.bytes.length;
    if (bytes > bytesMax) {
      return new Failure(
        "FULL",
        `partition ${partition} of the log holds ${head.bytes} of ${this.#bytesMax} bytes`,
      );
    }
    const sequence = head.sequence + 1;
    const next: StoredHead = {
      epoch: record.epoch,
      sequence,
      n: record.n,
      hash: record.hash,
      bytes,
    };
    this.#env.putSync(recordKey(partition, sequence), record.bytes as Buffer);
    this.#env.putSync(headKey(partition), Buffer.from(JSON.stringify(next)));
    return null;
  }

  /**
   * One synced transaction. A failure of LMDB's is FULL when the disk has no room, else its outcome
   * is unknown.
   */
  #transact<T>(body: () => T): { failure: null; value: T } | { failure: Failure; value: never } {
    try {
      return { failure: null, value: this.#env.transactionSync(body) };
    } catch (cause) {
      return { failure: this.#room.failureOf(cause, "UNKNOWN_OUTCOME"), value: undefined as never };
    }
  }

  #headOf(partition: number): StoredHead {
    const bytes = this.#env.get(headKey(partition));
    if (bytes === undefined) return { ...EMPTY_HEAD, bytes: 0 };
    try {
      return JSON.parse(bytes.toString()) as StoredHead;
    } catch (cause) {
      throw new Failure("CORRUPT", `the head of partition ${partition} is damaged`, { cause });
    }
  }

  async *#stored(partition: number, first: number, last: number): AsyncGenerator<Stored> {
    for (let at = first; at <= last; at += READ_BATCH) {
      const end = recordKey(partition, Math.min(last, at + READ_BATCH - 1) + 1);
      const batch: Stored[] = [];
      for (const { key, value } of this.#env.getRange({ start: recordKey(partition, at), end })) {
        batch.push({ sequence: key.readUIntBE(3, 6), bytes: Buffer.from(value) });
      }
      yield* batch;
    }
  }
}

class EmbeddedWriter implements PartitionWriter {
  readonly partition: number;
  readonly epoch: number;
  readonly writer: string;
  readonly #bytesMax: number;
  readonly #enqueue: (append: Append) => Promise<void>;
  #head: Head;
  #busy = false;
  #stopped: Failure | null = null;

  constructor(
    partition: number,
    writer: string,
    head: Head,
    bytesMax: number,
    enqueue: (append: Append) => Promise<void>,
  ) {
    this.partition = partition;
    this.epoch = head.epoch;
    this.writer = writer;
    this.#head = { n: head.n, hash: head.hash, sequence: head.sequence, epoch: head.epoch };
    this.#bytesMax = bytesMax;
    this.#enqueue = enqueue;
  }

  get tail(): LogPosition {
    return { n: this.#head.n, hash: this.#head.hash };
  }

  async append(entries: readonly LogEntry[], nowMs: number): Promise<LogPosition> {
    assert(!this.#busy, "one append in flight");
    if (this.#stopped !== null) throw this.#stopped;
    const { partition, epoch, writer } = this;
    const head = this.#head;
    const record = recordOf({ partition, epoch, writer, head, entries, nowMs });
    this.#busy = true;
    try {
      await this.#enqueue({ partition, expected: head, record, bytesMax: this.#bytesMax });
    } catch (reason) {
      const failure = Failure.from(reason);
      if (failure.code !== "FULL") this.#stopped = failure;
      throw failure;
    } finally {
      this.#busy = false;
    }
    this.#head = { n: record.n, hash: record.hash, sequence: head.sequence + 1, epoch };
    return this.tail;
  }
}

function recordOf(parts: {
  readonly partition: number;
  readonly epoch: number;
  readonly writer: string;
  readonly head: Head;
  readonly entries: readonly LogEntry[];
  readonly nowMs: number;
}): Append["record"] {
  const { partition, epoch, writer, head, entries, nowMs } = parts;
  const n = head.n + 1;
  const bytes = encodeRecord({
    v: RECORD_VERSION,
    minReader: RECORD_VERSION,
    partition,
    epoch,
    writer,
    n,
    prevHash: head.hash,
    tsMs: nowMs,
    entries,
  });
  return { n, epoch, bytes, hash: hashRecord(bytes) };
}

/** "h", then the partition. */
function headKey(partition: number): Buffer {
  const key = Buffer.from([0x68, 0, 0]);
  key.writeUInt16BE(partition, 1);
  return key;
}

/** "r", the partition, the sequence: big-endian, so that keys sort in the order of the log. */
function recordKey(partition: number, sequence: number): Buffer {
  const key = Buffer.alloc(9);
  key[0] = 0x72;
  key.writeUInt16BE(partition, 1);
  key.writeUIntBE(sequence, 3, 6);
  return key;
}
