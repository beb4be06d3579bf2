// One group commit as bytes: `signalbox.events.v1.Record` in protobuf, and the SHA-256 over exactly
// those bytes that the next record carries (docs/protocols/log.md).

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { LogEntry, LogEvent, LogPosition, LogRecord } from "./log.ts";

const wire = signalbox.events.v1;

/** The version this code writes. */
export const RECORD_VERSION = 1;
/** The highest `minReader` this code understands. */
export const READER_VERSION = 1;
/** Largest encoded record: NATS refuses messages above 1 MiB with their headers. */
export const RECORD_BYTES_MAX = 1_000_000;
export const ZERO_HASH = "0".repeat(64);
export const EMPTY_LOG: LogPosition = { n: 0, hash: ZERO_HASH };
/** The only event the log itself writes: the first one of each epoch. */
export const EPOCH_BUMP = "EpochBump";

export function hashRecord(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Throws Failure INVALID when the record is larger than RECORD_BYTES_MAX. */
export function encodeRecord(record: LogRecord): Uint8Array {
  assert(record.n >= 1 && Number.isSafeInteger(record.n));
  assert(record.epoch >= 1 && Number.isSafeInteger(record.epoch));
  const entries = record.entries.map(({ actor, events }) => ({
    actor,
    eventsJson: Buffer.from(JSON.stringify(events)),
  }));
  const bytes = wire.Record.encode({
    ...record,
    prevHash: Buffer.from(record.prevHash, "hex"),
    entries,
  }).finish();
  if (bytes.length > RECORD_BYTES_MAX) {
    throw new Failure("INVALID", `a record of ${bytes.length} bytes is over ${RECORD_BYTES_MAX}`);
  }
  return bytes;
}

/**
 * `sequence` is where the bytes lay. Throws Failure CORRUPT naming partition and sequence, or
 * UNSAFE when a newer version wrote a record this one must not read.
 */
export function decodeRecord(bytes: Uint8Array, partition: number, sequence: number): LogRecord {
  const message = parse(bytes, partition, sequence);
  const { v, minReader } = message;
  if (minReader > READER_VERSION) {
    throw new Failure(
      "UNSAFE",
      `record ${sequence} of partition ${partition} needs a reader of version ${minReader}, ` +
        `this is ${READER_VERSION}`,
      {
        hint:
          "A newer Signalbox wrote this log: start that version or a later one. " +
          "Nothing was changed.",
      },
    );
  }
  const where = (what: string): Failure => corrupt(partition, sequence, what);
  if (v < 1 || minReader < 1) throw where("it has no version");
  if (message.partition !== partition) throw where(`it says partition ${message.partition}`);
  if (message.prevHash.length !== 32) throw where("its previous hash is not 32 bytes");
  if (!isPositive(message.n) || !isPositive(message.epoch)) throw where("it has no place or epoch");
  return {
    v,
    minReader,
    partition,
    epoch: Number(message.epoch),
    writer: message.writer,
    n: Number(message.n),
    prevHash: Buffer.from(message.prevHash).toString("hex"),
    tsMs: Number(message.tsMs),
    entries: message.entries.map((entry, at) => ({
      actor: entry.actor ?? "",
      events: parseEvents(entry.eventsJson, () => where(`entry ${at} is no list of events`)),
    })),
  };
}

export function corrupt(
  partition: number,
  sequence: number,
  what: string,
  cause?: unknown,
): Failure {
  return new Failure(
    "CORRUPT",
    `record ${sequence} of partition ${partition} is damaged: ${what}`,
    {
      cause,
      hint: "Restore the log from a backup or a replica; records before this one are intact.",
    },
  );
}

/** What a new owner writes first; from then on no lower epoch is accepted. */
export function epochBumpEntry(partition: number, epoch: number, writer: string): LogEntry {
  return { actor: `partition/-/${partition}`, events: [{ type: EPOCH_BUMP, epoch, writer }] };
}

function parse(
  bytes: Uint8Array,
  partition: number,
  sequence: number,
): InstanceType<typeof wire.Record> {
  try {
    return wire.Record.decode(bytes);
  } catch (cause) {
    throw corrupt(partition, sequence, "its bytes are no record", cause);
  }
}

function parseEvents(json: Uint8Array | null | undefined, failure: () => Failure): LogEvent[] {
  let events: unknown;
  try {
    events = JSON.parse(Buffer.from(json ?? []).toString("utf8"));
  } catch {
    throw failure();
  }
  if (!Array.isArray(events) || !events.every(isEvent)) throw failure();
  return events;
}

function isEvent(value: unknown): value is LogEvent {
  return (
    typeof value === "object" && value !== null && typeof (value as LogEvent).type === "string"
  );
}

function isPositive(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
