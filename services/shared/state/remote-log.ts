// The event log over a store that is reached by messages: the protocol of claiming, appending and
// reading, for JetStream and for the simulation alike. notes: docs/protocols/log.md.
//
//   R1. One append in flight per partition, under "the last sequence is S". Never pipelined: a
//       rival's single write would make the stale writer's next message valid.
//   R2. An unanswered append is unknown. The same bytes are sent again with the same expectation
//       until something answers or the deadline has passed; nothing else is ever sent in its place.
//   R3. A refusal is settled by reading sequence S + 1: the very bytes sent there mean that an
//       earlier try was written; anything else means FENCED; nothing there means that the reader
//       answered too early, and the append is sent again.
//   R4. FULL is reported only when no try stayed unanswered, for that one may still be written.
//   R5. What decides is an append, never a read: reads may be stale.
//   R6. An epoch is taken by creating its key, which exactly one claimer can, and is in force once
//       its EpochBump record is accepted.
//   R7. A writer looks now and then whether a higher epoch was taken and then stops by itself. That
//       decides nothing; it lets a claim through that would lose every race against a busy owner.

import assert from "node:assert/strict";
import { Failure } from "#shared/base/errors.ts";
import { ChainReader, EMPTY_HEAD, readChain } from "./chain.ts";
import type { Head, ReadRecord, Stored } from "./chain.ts";
import type { EventLog, LogEntry, LogPosition, PartitionWriter } from "./log.ts";
import {
  RECORD_BYTES_MAX,
  RECORD_VERSION,
  decodeRecord,
  encodeRecord,
  epochBumpEntry,
  hashRecord,
} from "./record.ts";

export type AppendAnswer =
  | { readonly kind: "written"; readonly sequence: number }
  /** The last sequence is not the expected one. */
  | { readonly kind: "refused" }
  | { readonly kind: "full"; readonly reason: string }
  /** No answer: it may have been written, and may yet be. */
  | { readonly kind: "unanswered"; readonly reason: string };

/** The store behind a remote log. Reads reject with Failure UNAVAILABLE when unanswered. */
export interface RecordStore {
  /** One try. */
  append(partition: number, expectedSequence: number, bytes: Uint8Array): Promise<AppendAnswer>;
  last(partition: number): Promise<Stored | null>;
  at(partition: number, sequence: number): Promise<Stored | null>;
  /** All between, both inclusive, in order. */
  range(partition: number, first: number, last: number): AsyncIterable<Stored>;
  /** The highest epoch anybody created; 0 for none. */
  epochOf(partition: number): Promise<number>;
  /** False when somebody else has it, or when no answer came: then it counts as taken. */
  createEpoch(partition: number, epoch: number, writer: string): Promise<boolean>;
  close(): Promise<void>;
}

/** All waiting of the protocol. */
export interface Waiting {
  pause(ms: number): Promise<void>;
  monotonicMs(): number;
}

export interface RemoteLogOptions {
  readonly driver: "jetstream" | "simulated";
  readonly partitions: number;
  readonly store: RecordStore;
  readonly waiting: Waiting;
  /** After this long without an answer an append is UNKNOWN_OUTCOME. */
  readonly appendDeadlineMs: number;
}

/**
 * Between two tries of one append: a dead leader refuses at once, so this sets the polling rate.
 */
const RETRY_MS = 10;
/** How often a busy writer looks for a higher epoch. */
const COURTESY_MS = 250;
/** A claim races with the old owner's appends for COURTESY_MS at most, and with other claims. */
const CLAIM_DEADLINE_MS = 20_000;
/** Between two tries of a claim. */
const CLAIM_RETRY_MS = 1;

export class RemoteLog implements EventLog {
  readonly driver: "jetstream" | "simulated";
  readonly partitions: number;
  readonly recordBytesMax = RECORD_BYTES_MAX;
  readonly #store: RecordStore;
  readonly #sender: Sender;

  constructor(options: RemoteLogOptions) {
    this.driver = options.driver;
    this.partitions = options.partitions;
    this.#store = options.store;
    this.#sender = new Sender(options);
  }

  async claim(partition: number, writer: string, nowMs: number): Promise<PartitionWriter> {
    this.#assertPartition(partition);
    const epoch = await this.#takeEpoch(partition, writer);
    for (const startMs = this.#nowMs(); this.#nowMs() - startMs < CLAIM_DEADLINE_MS;) {
      const head = await this.#head(partition);
      if (head.epoch >= epoch) throw fenced(partition, epoch, `epoch ${head.epoch} owns the log`);
      const sealed = { ...head, epoch };
      const bump = recordOf(
        partition,
        writer,
        sealed,
        [epochBumpEntry(partition, epoch, writer)],
        nowMs,
      );
      const sent = await this.#sender.send(partition, head.sequence, bump);
      if (sent === "written")
        return new RemoteWriter(
          partition,
          writer,
          advance(sealed, bump),
          this.#store,
          this.#sender,
        );
      await this.#sender.waiting.pause(CLAIM_RETRY_MS);
    }
    throw new Failure(
      "UNAVAILABLE",
      `partition ${partition} could not be sealed in ${CLAIM_DEADLINE_MS} ms: others write to it`,
    );
  }

  async *read(partition: number, from: number): AsyncGenerator<ReadRecord> {
    this.#assertPartition(partition);
    assert(from >= 1);
    const end = await this.#head(partition);
    yield* readChain(partition, from, end, (first, last) =>
      this.#store.range(partition, first, last),
    );
  }

  async tail(partition: number): Promise<LogPosition> {
    this.#assertPartition(partition);
    const { n, hash } = await this.#head(partition);
    return { n, hash };
  }

  /**
   * Puts a record made by another log at place `n`, which must be the next one: for migration only.
   * "taken" when another record stands there. Rejects with FULL or UNKNOWN_OUTCOME.
   */
  copyRecord(partition: number, n: number, bytes: Uint8Array): Promise<"written" | "taken"> {
    this.#assertPartition(partition);
    return this.#sender.send(partition, n - 1, bytes);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #assertPartition(partition: number): void {
    assert(Number.isInteger(partition) && partition >= 0 && partition < this.partitions);
  }

  async #takeEpoch(partition: number, writer: string): Promise<number> {
    let epoch = 0;
    for (const startMs = this.#nowMs(); this.#nowMs() - startMs < CLAIM_DEADLINE_MS;) {
      const inLog = await this.#head(partition);
      epoch = Math.max(epoch, inLog.epoch, await this.#store.epochOf(partition)) + 1;
      if (await this.#store.createEpoch(partition, epoch, writer)) return epoch;
      await this.#sender.waiting.pause(CLAIM_RETRY_MS);
    }
    throw new Failure(
      "UNAVAILABLE",
      `no epoch of partition ${partition} could be taken in ${CLAIM_DEADLINE_MS} ms`,
    );
  }

  #nowMs(): number {
    return this.#sender.waiting.monotonicMs();
  }

  /**
   * The end of the log. The last record is it when it continues the one before; else the log is
   * read.
   */
  async #head(partition: number): Promise<Head> {
    const last = await this.#store.last(partition);
    if (last === null) return EMPTY_HEAD;
    const record = decodeRecord(last.bytes, partition, last.sequence);
    const before = last.sequence === 1 ? null : await this.#store.at(partition, last.sequence - 1);
    const chain = new ChainReader(
      partition,
      before === null ? EMPTY_HEAD : headAt(partition, before),
    );
    if (
      record.n === last.sequence &&
      record.prevHash === chain.head.hash &&
      record.epoch >= chain.head.epoch
    ) {
      chain.accept(last);
      return chain.head;
    }
    const whole = new ChainReader(partition);
    for await (const stored of this.#store.range(partition, 1, last.sequence)) whole.accept(stored);
    return whole.head;
  }
}

class RemoteWriter implements PartitionWriter {
  readonly partition: number;
  readonly epoch: number;
  readonly writer: string;
  readonly #store: RecordStore;
  readonly #sender: Sender;
  #head: Head;
  #busy = false;
  #stopped: Failure | null = null;
  #lookedMs: number;

  constructor(partition: number, writer: string, head: Head, store: RecordStore, sender: Sender) {
    this.partition = partition;
    this.epoch = head.epoch;
    this.writer = writer;
    this.#store = store;
    this.#sender = sender;
    this.#head = head;
    this.#lookedMs = sender.waiting.monotonicMs();
  }

  get tail(): LogPosition {
    return { n: this.#head.n, hash: this.#head.hash };
  }

  async append(entries: readonly LogEntry[], nowMs: number): Promise<LogPosition> {
    assert(!this.#busy, "one append in flight");
    if (this.#stopped !== null) throw this.#stopped;
    const bytes = recordOf(this.partition, this.writer, this.#head, entries, nowMs);
    this.#busy = true;
    try {
      const sent = await this.#sender.send(this.partition, this.#head.sequence, bytes);
      if (sent !== "written")
        throw fenced(this.partition, this.epoch, "somebody else wrote the next record");
    } catch (reason) {
      const failure = Failure.from(reason);
      if (failure.code !== "FULL") this.#stopped = failure;
      throw failure;
    } finally {
      this.#busy = false;
    }
    this.#head = advance(this.#head, bytes);
    this.#look();
    return this.tail;
  }

  #look(): void {
    const nowMs = this.#sender.waiting.monotonicMs();
    if (nowMs - this.#lookedMs < COURTESY_MS) return;
    this.#lookedMs = nowMs;
    void this.#store.epochOf(this.partition).then(
      (epoch) => {
        if (epoch > this.epoch)
          this.#stopped ??= fenced(this.partition, this.epoch, `epoch ${epoch} was taken`);
      },
      () => {}, // Nobody was asked for permission, so no answer is no refusal.
    );
  }
}

/** Sends one record until its fate is known. */
class Sender {
  readonly waiting: Waiting;
  readonly #store: RecordStore;
  readonly #deadlineMs: number;

  constructor(options: RemoteLogOptions) {
    this.waiting = options.waiting;
    this.#store = options.store;
    this.#deadlineMs = options.appendDeadlineMs;
  }

  /** "taken": another record stands there. Rejects with Failure FULL or UNKNOWN_OUTCOME. */
  async send(partition: number, expected: number, bytes: Uint8Array): Promise<"written" | "taken"> {
    const startMs = this.waiting.monotonicMs();
    let unanswered: string | null = null;
    for (;;) {
      const answer = await this.#store.append(partition, expected, bytes);
      if (answer.kind === "written") {
        assert.equal(answer.sequence, expected + 1);
        return "written";
      }
      if (answer.kind === "refused") {
        const settled = await this.#settle(partition, expected + 1, bytes);
        if (settled !== null) return settled;
        unanswered ??= "a refusal that no record explains";
      } else if (answer.kind === "full" && unanswered === null) {
        throw new Failure("FULL", `partition ${partition} of the log is full: ${answer.reason}`);
      } else {
        unanswered = answer.reason;
      }
      if (this.waiting.monotonicMs() - startMs >= this.#deadlineMs) {
        throw new Failure(
          "UNKNOWN_OUTCOME",
          `partition ${partition}: no answer to record ${expected + 1}: ${unanswered}`,
        );
      }
      await this.waiting.pause(RETRY_MS);
    }
  }

  async #settle(
    partition: number,
    sequence: number,
    bytes: Uint8Array,
  ): Promise<"written" | "taken" | null> {
    let stored: Stored | null;
    try {
      stored = await this.#store.at(partition, sequence);
    } catch (reason) {
      if (Failure.from(reason).code === "UNAVAILABLE") return null;
      throw reason;
    }
    if (stored === null) return null;
    return Buffer.compare(stored.bytes, bytes) === 0 ? "written" : "taken";
  }
}

function recordOf(
  partition: number,
  writer: string,
  head: Head,
  entries: readonly LogEntry[],
  nowMs: number,
): Uint8Array {
  return encodeRecord({
    v: RECORD_VERSION,
    minReader: RECORD_VERSION,
    partition,
    epoch: head.epoch,
    writer,
    n: head.n + 1,
    prevHash: head.hash,
    tsMs: nowMs,
    entries,
  });
}

function advance(head: Head, bytes: Uint8Array): Head {
  return { epoch: head.epoch, n: head.n + 1, sequence: head.sequence + 1, hash: hashRecord(bytes) };
}

function headAt(partition: number, { sequence, bytes }: Stored): Head {
  const record = decodeRecord(bytes, partition, sequence);
  return { sequence, n: record.n, epoch: record.epoch, hash: hashRecord(bytes) };
}

function fenced(partition: number, epoch: number, why: string): Failure {
  return new Failure("FENCED", `the writer of epoch ${epoch} lost partition ${partition}: ${why}`);
}
