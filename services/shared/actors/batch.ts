// One group commit in the making: the entries of several turns, nearly always one record. Only what
// does not fit is cut: between turns, and inside a turn only if that alone is larger than a record.

import { Failure } from "#shared/base/errors.ts";
import type { LogEntry, LogEvent } from "#shared/state/log.ts";

/** No turn joins a record larger than this: beyond it a larger record is not faster. */
export const RECORD_BYTES_TARGET = 96 * 1024;

/**
 * A record is cut before it grows past this; JSON escapes may double it, and a NATS message has
 * 1 MiB. An event larger than this is refused: it would not fit a record of any driver.
 */
export const RECORD_BYTES_MAX = 256 * 1024;

/** About how many bytes `value` takes as JSON; cheap, and never far below. */
export function approximateBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value) + 2;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const item of value) bytes += approximateBytes(item) + 1;
    return bytes;
  }
  for (const key in value) {
    bytes += key.length + 4 + approximateBytes((value as Record<string, unknown>)[key]);
  }
  return bytes;
}

/** Fails with INVALID when an event is too large to be logged. */
export function checkEventSize(event: LogEvent): number {
  const bytes = approximateBytes(event);
  if (bytes > RECORD_BYTES_MAX) {
    throw new Failure("INVALID", `a ${event.type} of ${bytes} bytes is too large to be recorded`, {
      hint: `the limit is ${RECORD_BYTES_MAX} bytes: put large texts into files`,
    });
  }
  return bytes;
}

export class Batch {
  readonly records: LogEntry[][] = [[]];
  #recordBytes = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get empty(): boolean {
    return this.records[0]?.length === 0;
  }

  /** Adds one turn's events; `sizes` are theirs in bytes. */
  add(actor: string, events: readonly LogEvent[], sizes: readonly number[]): void {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    this.#bytes += total;
    if (this.#recordBytes + total > RECORD_BYTES_MAX) this.#cut();
    if (total <= RECORD_BYTES_MAX) {
      this.#push(actor, events, total);
      return;
    }
    let from = 0;
    let bytes = 0;
    for (let i = 0; i < events.length; i++) {
      const size = sizes[i] ?? 0;
      if (bytes + size > RECORD_BYTES_MAX) {
        this.#push(actor, events.slice(from, i), bytes);
        this.#cut();
        from = i;
        bytes = 0;
      }
      bytes += size;
    }
    this.#push(actor, events.slice(from), bytes);
  }

  #cut(): void {
    if (this.#recordBytes === 0) return;
    this.records.push([]);
    this.#recordBytes = 0;
  }

  #push(actor: string, events: readonly LogEvent[], bytes: number): void {
    if (events.length === 0) return;
    this.records.at(-1)?.push({ actor, events });
    this.#recordBytes += bytes;
  }
}
