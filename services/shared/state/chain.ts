// Reading a log: consecutive places, each record carrying the hash of the one before it.
//
// A record of a lower epoch than one seen before is passed over as if it were not there (DESIGN
// §4): its writer had lost the log. So a record's place `n` counts what counts, and the `sequence`
// it is stored under may run ahead of it.

import type { LogPosition, LogRecord } from "./log.ts";
import { EMPTY_LOG, corrupt, decodeRecord, hashRecord } from "./record.ts";

export interface Stored {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

export interface ReadRecord {
  readonly record: LogRecord;
  readonly hash: string;
  readonly bytes: Uint8Array;
}

/** The end of a log: where the next record is stored, and what it continues. */
export interface Head extends LogPosition {
  /** Last sequence in use; 0 for an empty log. Equal to `n` unless records were passed over. */
  readonly sequence: number;
  readonly epoch: number;
}

export const EMPTY_HEAD: Head = { ...EMPTY_LOG, sequence: 0, epoch: 0 };

export class ChainReader {
  readonly #partition: number;
  #head: Head;

  constructor(partition: number, head: Head = EMPTY_HEAD) {
    this.#partition = partition;
    this.#head = head;
  }

  get head(): Head {
    return this.#head;
  }

  /** The record, or null when it is to be passed over. Throws Failure CORRUPT. */
  accept({ sequence, bytes }: Stored): ReadRecord | null {
    const head = this.#head;
    if (sequence !== head.sequence + 1)
      throw corrupt(this.#partition, head.sequence + 1, "it is missing");
    const record = decodeRecord(bytes, this.#partition, sequence);
    if (record.epoch < head.epoch) {
      this.#head = { ...head, sequence };
      return null;
    }
    if (record.n !== head.n + 1)
      throw corrupt(this.#partition, sequence, `it says place ${record.n}`);
    if (record.prevHash !== head.hash) {
      throw corrupt(
        this.#partition,
        sequence,
        "its previous hash is not that of the record before it",
      );
    }
    const hash = hashRecord(bytes);
    this.#head = { n: record.n, hash, sequence, epoch: record.epoch };
    return { record, hash, bytes };
  }
}

/**
 * Records with n from `from` on, out of those stored up to `end`. `stored` yields what lies between
 * two sequences, both inclusive. The hash of the record before `from` is checked too.
 */
export async function* readChain(
  partition: number,
  from: number,
  end: Head,
  stored: (first: number, last: number) => AsyncIterable<Stored>,
): AsyncGenerator<ReadRecord> {
  if (from > end.n) return;
  // When nothing was ever passed over, place and sequence agree and reading can start in the
  // middle.
  const anchored = end.sequence === end.n && from > 1;
  let chain = anchored ? null : new ChainReader(partition);
  for await (const next of stored(anchored ? from - 1 : 1, end.sequence)) {
    if (chain === null) {
      chain = new ChainReader(partition, anchorOf(partition, from - 1, next));
      continue;
    }
    const read = chain.accept(next);
    if (read !== null && read.record.n >= from) yield read;
  }
  const head = chain?.head ?? EMPTY_HEAD;
  if (head.sequence !== end.sequence) throw corrupt(partition, head.sequence + 1, "it is missing");
  if (head.hash !== end.hash)
    throw corrupt(partition, end.sequence, "its hash is not the one on file");
}

function anchorOf(partition: number, sequence: number, { sequence: at, bytes }: Stored): Head {
  if (at !== sequence) throw corrupt(partition, sequence, "it is missing");
  const record = decodeRecord(bytes, partition, sequence);
  if (record.n !== sequence) throw corrupt(partition, sequence, `it says place ${record.n}`);
  return { sequence, n: record.n, hash: hashRecord(bytes), epoch: record.epoch };
}
