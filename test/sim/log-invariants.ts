// What must hold of the log, whatever happens to those who write it.
//
//   I1. One committed successor per position: a record its writer was told of stays where it is,
//       and nobody is ever told of another one there.
//   I2. Every record that counts continues the one before it, and epochs never go back. A record of
//       a lower epoch does not count, and its writer is never told that it was written.

import type { Report, SeenRecord } from "./observed.ts";

interface Place {
  readonly record: SeenRecord;
  readonly counts: boolean;
  told: boolean;
}

const FIRST_HASH = "0".repeat(64);

export class LogInvariants {
  readonly #report: Report;
  readonly #partitions = new Map<number, Place[]>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** A record was written; whether it counts. */
  stored(record: SeenRecord): boolean {
    const { partition, sequence, n, epoch, hash } = record;
    const places = this.#placesOf(partition);
    const where = `partition ${partition} sequence ${sequence}`;
    if (sequence !== places.length + 1)
      this.#report("I2", `${where}: after ${places.length} records`);
    const head = places.findLast(({ counts }) => counts)?.record;
    const counts = head === undefined || epoch >= head.epoch;
    if (counts && n !== (head?.n ?? 0) + 1)
      this.#report("I2", `${where}: says place ${n} after ${head?.n ?? 0}`);
    if (counts && record.prevHash !== (head?.hash ?? FIRST_HASH)) {
      this.#report("I2", `${where}: does not continue ${head?.hash ?? "an empty log"} but ${hash}`);
    }
    places.push({ record, counts, told: false });
    return counts;
  }

  /** A writer was told that its record is written. */
  told(partition: number, n: number, hash: string): void {
    const places = this.#placesOf(partition);
    const place = places.findLast(({ record }) => record.hash === hash);
    const where = `partition ${partition} place ${n}`;
    if (place === undefined) {
      this.#report("I1", `${where}: its writer was told, and it is not in the log`);
      return;
    }
    if (!place.counts)
      this.#report(
        "I2",
        `${where}: a writer of epoch ${place.record.epoch} was told after a higher epoch had begun`,
      );
    const other = places.find(
      (each) => each.told && each.record.n === n && each.record.hash !== hash,
    );
    if (other !== undefined)
      this.#report("I1", `${where}: two writers were told of different records`);
    place.told = true;
  }

  /** The log's machine came back with `length` records. */
  lost(partition: number, length: number): void {
    const places = this.#placesOf(partition);
    const kept = places.slice(0, length);
    for (const { record, told } of places.slice(length)) {
      if (told)
        this.#report("I1", `partition ${partition} place ${record.n}: acknowledged and lost`);
    }
    this.#partitions.set(partition, kept);
  }

  /** What counts, in order. */
  records(partition: number): readonly SeenRecord[] {
    return this.#placesOf(partition).flatMap(({ record, counts }) => (counts ? [record] : []));
  }

  #placesOf(partition: number): Place[] {
    let places = this.#partitions.get(partition);
    if (places === undefined) {
      places = [];
      this.#partitions.set(partition, places);
    }
    return places;
  }
}
