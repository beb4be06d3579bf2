// What both stores do alike: keys of tables, values as bytes, and the batches handed in but not yet
// written, which reads look through first.

import assert from "node:assert/strict";
import { Failure } from "#shared/base/errors.ts";
import type { StoreOp } from "./store.ts";

const TABLE = /^[a-z0-9_-]{1,64}$/;
/** LMDB's largest key on 4 KiB pages is 1,978 bytes; ours leave room for the table's name. */
const KEY_BYTES_MAX = 1_024;
const JSON_TAG = 0;
const BYTES_TAG = 1;

/** A full key to its encoded value, `null` where the row is removed. */
export type Rows = Map<string, Buffer | null>;

export function fullKeyOf(table: string, key: string): string {
  assert(TABLE.test(table), `table ${JSON.stringify(table)}`);
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw new Failure("INVALID", `a key of table ${table} is longer than ${KEY_BYTES_MAX} bytes`);
  }
  return `${table}\0${key}`;
}

export function encodeValue(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.of(BYTES_TAG), value]);
  const text = JSON.stringify(value);
  assert(text !== undefined, "a value is plain JSON data or bytes");
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  bytes[0] = JSON_TAG;
  bytes.write(text, 1);
  return bytes;
}

/** `key` is what a corrupt row is named by. */
export function decodeValue(bytes: Uint8Array, key: string): unknown {
  if (bytes[0] === BYTES_TAG) return new Uint8Array(bytes.subarray(1));
  try {
    if (bytes[0] !== JSON_TAG) throw new Error(`tag ${bytes[0]}`);
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.length - 1).toString());
  } catch (cause) {
    throw new Failure("CORRUPT", `row ${JSON.stringify(key)} of the local store is damaged`, {
      cause,
      hint: "It can be rebuilt: stop the service, remove its state directory, start it again.",
    });
  }
}

export function rowsOf(ops: readonly StoreOp[]): Rows {
  const rows: Rows = new Map();
  for (const op of ops) {
    rows.set(fullKeyOf(op.table, op.key), op.kind === "put" ? encodeValue(op.value) : null);
  }
  return rows;
}

/** The bounds of a range as full keys; the upper one is exclusive. */
export function boundsOf(
  table: string,
  from: string | undefined,
  to: string | undefined,
): [string, string] {
  assert(TABLE.test(table), `table ${JSON.stringify(table)}`);
  return [`${table}\0${from ?? ""}`, to === undefined ? `${table}\x01` : `${table}\0${to}`];
}

/** `rows` of the database with the pending ones of [low, high) laid over them, in order. */
export function mergeRows(
  rows: readonly [string, Buffer][],
  pending: Rows,
  low: string,
  high: string,
  reverse: boolean,
): [string, Buffer][] {
  const inside = [...pending].filter(
    ([key]) => compareKeys(key, low) >= 0 && compareKeys(key, high) < 0,
  );
  if (inside.length === 0) return [...rows];
  const merged = new Map<string, Buffer | null>(rows);
  for (const [key, bytes] of inside) merged.set(key, bytes);
  const sign = reverse ? -1 : 1;
  return [...merged]
    .filter((row): row is [string, Buffer] => row[1] !== null)
    .toSorted(([a], [b]) => sign * compareKeys(a, b));
}

export function finishRange<T>(
  rows: readonly [string, Buffer][],
  limit: number,
): { key: string; value: T }[] {
  return rows.slice(0, limit).map(([full, bytes]) => ({
    key: full.slice(full.indexOf("\0") + 1),
    value: decodeValue(bytes, full) as T,
  }));
}

/** The order of LMDB: by UTF-8 bytes, which differs from that of strings beyond U+FFFF. */
function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
