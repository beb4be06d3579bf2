// The mutant no-epoch-check: a log that takes whatever comes at its end, also from a writer that a
// newer one has replaced. Such a writer then believes that its record continues what it knows.

import {
  EPOCH_BUMP,
  encodeRecord,
  decodeRecord,
  hashRecord,
  RECORD_VERSION,
  ZERO_HASH,
} from "#shared/state/record.ts";
import type { LogEntry, LogPosition, PartitionWriter } from "#shared/state/log.ts";
import type { SimulatedLogServer } from "#shared/state/simulated-log.ts";

/** `inner` while nobody else has written; after that its records go in behind the other's. */
export function unfencedWriter(
  inner: PartitionWriter,
  server: SimulatedLogServer,
): PartitionWriter {
  const { partition, epoch, writer } = inner;
  let replaced = false;
  const append = async (entries: readonly LogEntry[], nowMs: number): Promise<LogPosition> => {
    replaced ||= newestEpoch(server, partition) > epoch;
    if (!replaced) return inner.append(entries, nowMs);
    const records = server.recordsOf(partition);
    const last = records.at(-1);
    const n = last === undefined ? 1 : decodeRecord(last, partition, records.length).n + 1;
    const prevHash = last === undefined ? ZERO_HASH : hashRecord(last);
    const bytes = encodeRecord({
      ...{
        v: RECORD_VERSION,
        minReader: RECORD_VERSION,
        partition,
        writer,
        n,
        prevHash,
        tsMs: nowMs,
        entries,
      },
      epoch: newestEpoch(server, partition),
    });
    server.inject(partition, bytes);
    return { n, hash: hashRecord(bytes) };
  };
  return {
    partition,
    epoch,
    writer,
    append,
    get tail() {
      return inner.tail;
    },
  };
}

function newestEpoch(server: SimulatedLogServer, partition: number): number {
  const records = server.recordsOf(partition);
  const last = records.at(-1);
  if (last === undefined) return 0;
  const record = decodeRecord(last, partition, records.length);
  const bump = record.entries[0]?.events[0];
  return bump?.type === EPOCH_BUMP ? Number(bump["epoch"]) : record.epoch;
}
