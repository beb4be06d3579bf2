// The event log of deterministic simulations: a log server in memory whose messages take time, get
// lost, arrive twice or late, and which can lose power. Clients of it run the same protocol code as
// JetStream's (remote-log.ts); the server here checks nothing but the expected sequence, as the
// real one does.
//
// Nothing here waits by itself: every delay goes through the given timers, every choice through the
// given random numbers, so one seed is one history.

import assert from "node:assert/strict";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import { randomInt } from "#shared/base/prng.ts";
import type { Random } from "#shared/base/prng.ts";
import type { Stored } from "./chain.ts";
import {
  RECORD_VERSION,
  encodeRecord,
  epochBumpEntry,
  hashRecord,
  decodeRecord,
  ZERO_HASH,
} from "./record.ts";
import { RemoteLog } from "./remote-log.ts";
import type { AppendAnswer, RecordStore } from "./remote-log.ts";

/**
 * How often each fault strikes, from 0 to 1 of the messages it can strike, and how long things
 * take.
 */
export interface LogFaults {
  /** Each way of a message takes up to this long. */
  readonly delayMsMax: number;
  /** An append that arrives only after the client has stopped waiting for its answer. */
  readonly lateChance: number;
  readonly requestLostChance: number;
  /** Written, but the answer never comes. */
  readonly ackLostChance: number;
  readonly duplicateChance: number;
  /** A read that shows the log without its last record. */
  readonly staleReadChance: number;
  /** A rival takes the partition just before an append arrives. */
  readonly rivalChance: number;
  /**
   * Answers before the record is on disk (`sync_interval` at its default): a power cut loses those.
   */
  readonly acksUnsynced: boolean;
}

export const NO_LOG_FAULTS: LogFaults = {
  delayMsMax: 0,
  lateChance: 0,
  requestLostChance: 0,
  ackLostChance: 0,
  duplicateChance: 0,
  staleReadChance: 0,
  rivalChance: 0,
  acksUnsynced: false,
};

export type LogFault =
  | "late"
  | "requestLost"
  | "ackLost"
  | "duplicate"
  | "staleRead"
  | "rival"
  | "unsyncedTailLost";

export interface SimulatedLogOptions {
  readonly partitions: number;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults?: Partial<LogFaults>;
  /** Record bytes a partition may hold; Infinity when not given. */
  readonly partitionBytesMax?: number;
}

interface SimulatedPartition {
  /** Sequence s lies at s - 1. */
  readonly records: Uint8Array[];
  bytes: number;
  /** Records on disk: a power cut leaves this many. */
  synced: number;
  epoch: number;
}

const REQUEST_TIMEOUT_MS = 150;
const APPEND_DEADLINE_MS = 20_000;
/** Writing a record to disk, in a server that syncs before it answers. */
const SYNC_MS_MAX = 2;
/** The same in a server that answers first. */
const LAZY_SYNC_MS_MAX = 1_000;

/** What outlives every client. */
export class SimulatedLogServer {
  readonly partitions: number;
  readonly faultsHit: Record<LogFault, number> = {
    late: 0,
    requestLost: 0,
    ackLost: 0,
    duplicate: 0,
    staleRead: 0,
    rival: 0,
    unsyncedTailLost: 0,
  };
  faults: LogFaults;
  partitionBytesMax: number;
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logs: SimulatedPartition[];
  /** Counts power cuts: what was under way before one is gone. */
  #boot = 0;

  constructor(options: SimulatedLogOptions) {
    this.partitions = options.partitions;
    this.faults = { ...NO_LOG_FAULTS, ...options.faults };
    this.partitionBytesMax = options.partitionBytesMax ?? Number.POSITIVE_INFINITY;
    this.#timers = options.timers;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#logs = Array.from({ length: options.partitions }, () => ({
      records: [],
      bytes: 0,
      synced: 0,
      epoch: 0,
    }));
  }

  /** A client of its own; a dead process's client is simply not used again. */
  open(): RemoteLog {
    const store = new SimulatedStore(this, this.#timers, this.#random);
    const waiting = {
      pause: (ms: number) => new Promise<void>((resolve) => void this.#timers.after(ms, resolve)),
      monotonicMs: () => this.#clock.monotonicMs(),
    };
    return new RemoteLog({
      driver: "simulated",
      partitions: this.partitions,
      store,
      waiting,
      appendDeadlineMs: APPEND_DEADLINE_MS,
    });
  }

  /** The server loses power: records not yet on disk are gone, answers under way are never sent. */
  powerCut(): void {
    this.#boot += 1;
    for (const log of this.#logs) {
      if (log.records.length > log.synced) this.faultsHit.unsyncedTailLost += 1;
      log.records.length = log.synced;
      log.bytes = log.records.reduce((sum, bytes) => sum + bytes.length, 0);
    }
  }

  /** Somebody else takes the next epoch and seals the log with it. */
  rivalClaim(partition: number): void {
    const log = this.log(partition);
    log.epoch += 1;
    const last = log.records.at(-1);
    const before = last === undefined ? null : decodeRecord(last, partition, log.records.length);
    const bump = encodeRecord({
      v: RECORD_VERSION,
      minReader: RECORD_VERSION,
      partition,
      epoch: log.epoch,
      writer: "rival",
      n: (before?.n ?? 0) + 1,
      prevHash: last === undefined ? ZERO_HASH : hashRecord(last),
      tsMs: this.#clock.nowMs(),
      entries: [epochBumpEntry(partition, log.epoch, "rival")],
    });
    this.inject(partition, bump);
    this.faultsHit.rival += 1;
  }

  /** Puts bytes at the end of a partition, unchecked. */
  inject(partition: number, bytes: Uint8Array): void {
    const log = this.log(partition);
    log.records.push(bytes);
    log.bytes += bytes.length;
    log.synced = log.records.length;
  }

  /** The records of a partition as they lie there, for checkers. */
  recordsOf(partition: number): readonly Uint8Array[] {
    return this.log(partition).records.slice(0, this.visibleOf(partition));
  }

  /**
   * How many records a reader can see: a server that syncs before it answers shows none earlier.
   */
  visibleOf(partition: number): number {
    const log = this.log(partition);
    return this.faults.acksUnsynced ? log.records.length : log.synced;
  }

  log(partition: number): SimulatedPartition {
    const log = this.#logs[partition];
    assert(log !== undefined);
    return log;
  }

  /** An append arrives; `answer` is called once, when the server would send it, or never. */
  onAppend(
    partition: number,
    expected: number,
    bytes: Uint8Array,
    answer: (answer: AppendAnswer) => void,
  ): void {
    if (this.strikes("rival", this.faults.rivalChance, false)) this.rivalClaim(partition);
    const log = this.log(partition);
    if (log.records.length !== expected) return answer({ kind: "refused" });
    if (log.bytes + bytes.length > this.partitionBytesMax)
      return answer({ kind: "full", reason: "maximum bytes exceeded" });
    log.records.push(bytes);
    log.bytes += bytes.length;
    const sequence = log.records.length;
    const boot = this.#boot;
    const synced = (): void => {
      if (boot !== this.#boot) return; // The power went first.
      log.synced = Math.max(log.synced, sequence);
      if (!this.faults.acksUnsynced) answer({ kind: "written", sequence });
    };
    if (this.faults.acksUnsynced) answer({ kind: "written", sequence });
    const syncMsMax = this.faults.acksUnsynced ? LAZY_SYNC_MS_MAX : SYNC_MS_MAX;
    this.#timers.after(randomInt(this.#random, syncMsMax + 1), synced);
  }

  /** Whether a fault strikes now; counted when it does. */
  strikes(fault: LogFault, chance: number, counted = true): boolean {
    if (chance === 0 || this.#random.next() >= chance) return false;
    if (counted) this.faultsHit[fault] += 1;
    return true;
  }
}

class SimulatedStore implements RecordStore {
  readonly #server: SimulatedLogServer;
  readonly #timers: Timers;
  readonly #random: Random;

  constructor(server: SimulatedLogServer, timers: Timers, random: Random) {
    this.#server = server;
    this.#timers = timers;
    this.#random = random;
  }

  append(partition: number, expected: number, bytes: Uint8Array): Promise<AppendAnswer> {
    const { faults } = this.#server;
    return new Promise((resolve) => {
      const cancel = this.#timers.after(REQUEST_TIMEOUT_MS, () =>
        resolve({ kind: "unanswered", reason: "timeout" }),
      );
      const answer = (given: AppendAnswer): void => {
        if (this.#server.strikes("ackLost", faults.ackLostChance)) return;
        this.#travel(() => {
          cancel();
          resolve(given);
        });
      };
      if (this.#server.strikes("requestLost", faults.requestLostChance)) return;
      const arrive = (): void => this.#server.onAppend(partition, expected, bytes, answer);
      const late = this.#server.strikes("late", faults.lateChance);
      this.#travel(arrive, late ? REQUEST_TIMEOUT_MS : 0);
      if (this.#server.strikes("duplicate", faults.duplicateChance)) {
        this.#travel(() => this.#server.onAppend(partition, expected, bytes, () => {}));
      }
    });
  }

  async last(partition: number): Promise<Stored | null> {
    return this.#read(() => this.#stored(partition, this.#visible(partition)));
  }

  async at(partition: number, sequence: number): Promise<Stored | null> {
    return this.#read(() =>
      sequence > this.#visible(partition) ? null : this.#stored(partition, sequence),
    );
  }

  async *range(partition: number, first: number, last: number): AsyncGenerator<Stored> {
    for (let sequence = first; sequence <= last; sequence++) {
      const stored = this.#stored(partition, sequence);
      if (stored === null) return;
      yield stored;
    }
  }

  async epochOf(partition: number): Promise<number> {
    return this.#read(() => this.#server.log(partition).epoch);
  }

  async createEpoch(partition: number, epoch: number): Promise<boolean> {
    const create = (): boolean => {
      const log = this.#server.log(partition);
      if (epoch <= log.epoch) return false;
      log.epoch = epoch;
      // With the answer lost nobody knows whose it is, so it counts as taken.
      return !this.#server.strikes("ackLost", this.#server.faults.ackLostChance);
    };
    return this.#read(create).catch(() => false);
  }

  async close(): Promise<void> {}

  #stored(partition: number, sequence: number): Stored | null {
    const bytes = this.#server.log(partition).records[sequence - 1];
    return bytes === undefined ? null : { sequence, bytes };
  }

  #visible(partition: number): number {
    const length = this.#server.visibleOf(partition);
    const stale =
      length > 0 && this.#server.strikes("staleRead", this.#server.faults.staleReadChance);
    return stale ? length - 1 : length;
  }

  /** A question and its answer. Reads get lost too. */
  #read<T>(look: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#server.strikes("requestLost", this.#server.faults.requestLostChance)) {
        this.#timers.after(REQUEST_TIMEOUT_MS, () =>
          reject(new Failure("UNAVAILABLE", "the log does not answer")),
        );
        return;
      }
      this.#travel(() => {
        const seen = look();
        this.#travel(() => resolve(seen));
      });
    });
  }

  #travel(arrive: () => void, atLeastMs = 0): void {
    const delayMs = atLeastMs + randomInt(this.#random, this.#server.faults.delayMsMax + 1);
    this.#timers.after(delayMs, arrive);
  }
}
