// Moves a log into another one, record by record and byte by byte: places, epochs and hashes stay
// what they are, so receipts and snapshots that name them stay true.
//
//   M1. Before anything is copied, every partition of the source is claimed: who still wrote to it
//       is fenced. At the end nobody else has claimed it, or the migration fails.
//   M2. The target is empty or holds a beginning of this very log (a migration that broke off,
//       which then goes on). Anything else is refused before the first write.
//   M3. It succeeds only after the whole target was read back, its chain checked, and every tail
//       found equal to the source's.
//
// The source is left as it is, one record longer per partition.

import { Failure } from "#shared/base/errors.ts";
import type { EventLog, LogPosition } from "./log.ts";

/** A log that takes records made elsewhere. */
export interface MigrationTarget extends EventLog {
  copyRecord(partition: number, n: number, bytes: Uint8Array): Promise<"written" | "taken">;
}

export interface MigrationOptions {
  /** Shown as the writer of the source's last records. */
  readonly writer: string;
  readonly nowMs: number;
  /** Called now and then; `n` of `of` records of a partition are in the target. */
  readonly onProgress?: (progress: {
    readonly partition: number;
    readonly n: number;
    readonly of: number;
  }) => void;
}

export interface MigrationResult {
  /** Each partition's end, the same in both logs. */
  readonly tails: readonly LogPosition[];
  readonly records: number;
  /** Of these, copied by this call; the rest was there from one that broke off. */
  readonly copied: number;
}

/** Partitions on their way at once: each has one record in flight. */
const PARTITIONS_AT_ONCE = 8;
const PROGRESS_RECORDS = 500;

/**
 * Rejects with CONFLICT for a foreign target, CORRUPT for a damaged log, FENCED when the source is
 * in use.
 */
export async function migrateLog(
  from: EventLog,
  to: MigrationTarget,
  options: MigrationOptions,
): Promise<MigrationResult> {
  if (from.partitions !== to.partitions) {
    throw new Failure(
      "INVALID",
      `the log has ${from.partitions} partitions, the target ${to.partitions}`,
      {
        hint: "Give the target as many: their number is kept by a migration.",
      },
    );
  }
  const partitions = Array.from({ length: from.partitions }, (_, partition) => partition);
  const present: LogPosition[] = [];
  for (const partition of partitions) present.push(await beginningOf(from, to, partition));
  const tails: LogPosition[] = [];
  for (const partition of partitions)
    tails.push((await from.claim(partition, options.writer, options.nowMs)).tail);
  let copied = 0;
  await eachOf(partitions, async (partition) => {
    const start = present[partition]?.n ?? 0;
    const of = tails[partition]?.n ?? 0;
    for await (const { record, bytes } of from.read(partition, start + 1)) {
      if (record.n > of) break; // Written since by somebody else: found out below.
      const sent = await to.copyRecord(partition, record.n, bytes);
      if (sent === "taken") throw inUse("target", partition);
      copied += 1;
      if (record.n % PROGRESS_RECORDS === 0) options.onProgress?.({ partition, n: record.n, of });
    }
    options.onProgress?.({ partition, n: of, of });
  });
  await eachOf(partitions, (partition) => verify(from, to, partition, tails[partition]));
  return { tails, records: tails.reduce((sum, { n }) => sum + n, 0), copied };
}

/** How much of this log the target holds already. */
async function beginningOf(from: EventLog, to: EventLog, partition: number): Promise<LogPosition> {
  const tail = await to.tail(partition);
  if (tail.n === 0) return tail;
  for await (const { record, hash } of from.read(partition, tail.n)) {
    if (record.n === tail.n && hash === tail.hash) return tail;
    break;
  }
  throw new Failure(
    "CONFLICT",
    `partition ${partition} of the target holds ${tail.n} records of another log`,
    {
      hint: "Nothing was changed. Migrate into an empty JetStream, or move those streams away.",
    },
  );
}

async function verify(
  from: EventLog,
  to: EventLog,
  partition: number,
  expected: LogPosition | undefined,
): Promise<void> {
  let last: LogPosition = { n: 0, hash: "" };
  for await (const { record, hash } of to.read(partition, 1)) last = { n: record.n, hash };
  if (last.n !== expected?.n || last.hash !== expected.hash) throw inUse("target", partition);
  const source = await from.tail(partition);
  if (source.n !== expected.n || source.hash !== expected.hash) throw inUse("source", partition);
}

function inUse(which: "source" | "target", partition: number): Failure {
  return new Failure(
    "FENCED",
    `somebody else wrote to partition ${partition} of the ${which} meanwhile`,
    {
      hint: "Stop every scheduler on both logs and migrate again: what was copied is kept.",
    },
  );
}

async function eachOf(
  partitions: readonly number[],
  run: (partition: number) => Promise<void>,
): Promise<void> {
  const queue = [...partitions];
  await Promise.all(
    Array.from({ length: PARTITIONS_AT_ONCE }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await run(next);
    }),
  );
}
