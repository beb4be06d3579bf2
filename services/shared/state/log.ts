// The event-log port. One log per partition, one writer per log, one append in flight, fenced by a
// monotone epoch that the store itself checks. Three drivers stand behind it (embedded LMDB,
// JetStream, simulated), all held by one conformance suite.
//
// What every driver promises:
//
//   L1. An append that resolved is never lost: kill -9 or a power cut included (with the driver's
//       production settings).
//   L2. After claim() resolved with epoch e, no append of a lower epoch is ever accepted.
//   L3. Records have consecutive sequence numbers from 1, and each carries the hash of the one
//       before it. A record that does not is reported as CORRUPT with its partition and sequence.
//   L4. An append ends in exactly one of: resolved, refused (FENCED, FULL), or UNKNOWN_OUTCOME
//       after its deadline. What decides is an append, never a read.

export interface LogEntry {
  /** `kind/namespace/id`, for example `run/lab/abcdefgh23456722`. */
  readonly actor: string;
  /** Events of one turn, in order; plain JSON data, each with a `type`. */
  readonly events: readonly LogEvent[];
}

export interface LogEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** One group commit, as DESIGN §4 names its members. */
export interface LogRecord {
  readonly v: number;
  /** The lowest record version a reader must understand to read this one. */
  readonly minReader: number;
  readonly partition: number;
  readonly epoch: number;
  readonly writer: string;
  /** Place in the log, from 1. */
  readonly n: number;
  /** SHA-256 of the previous record's bytes, hex; 64 zeros for the first. */
  readonly prevHash: string;
  readonly tsMs: number;
  readonly entries: readonly LogEntry[];
}

export interface LogPosition {
  /** The last record's n; 0 for an empty log. */
  readonly n: number;
  /** SHA-256 of the last record's bytes, hex; 64 zeros for an empty log. */
  readonly hash: string;
}

/** Appends of one partition by its one owner. */
export interface PartitionWriter {
  readonly partition: number;
  readonly epoch: number;
  readonly writer: string;
  readonly tail: LogPosition;
  /**
   * Makes one record of `entries` durable. One in flight: a second call before the first has ended
   * is a bug. Rejects with Failure FENCED (stop: somebody newer owns the log), FULL (nothing was
   * written, try later) or UNKNOWN_OUTCOME (stop: it may or may not have been written).
   */
  append(entries: readonly LogEntry[], nowMs: number): Promise<LogPosition>;
}

export interface EventLog {
  readonly driver: "embedded" | "jetstream" | "simulated";
  readonly partitions: number;
  /** Largest record in bytes an append may make; a turn's entries are spread over several. */
  readonly recordBytesMax: number;
  /** Takes the next epoch of a partition and seals the log against every older writer. */
  claim(partition: number, writer: string, nowMs: number): Promise<PartitionWriter>;
  /** Records from n = `from` to the tail at the time of the call, hashes checked on the way. */
  read(
    partition: number,
    from: number,
  ): AsyncIterable<{
    readonly record: LogRecord;
    readonly hash: string;
    readonly bytes: Uint8Array;
  }>;
  tail(partition: number): Promise<LogPosition>;
  close(): Promise<void>;
}
