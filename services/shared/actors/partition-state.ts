// Everything a partition knows: its actors, its outbox and its timers, as a fold over the entries
// of its log. Live turns and replay go through the same functions, so both give the same state
// hash.

import { createHash } from "node:crypto";
import { canonicalJson } from "#shared/base/canonical-json.ts";
import type { LogEntry, LogEvent } from "#shared/state/log.ts";
import { type ActorTypes, kindOf } from "./actor.ts";
import { Outbox } from "./outbox.ts";
import { TimerTable } from "./timer-table.ts";

/** Entries of the partition itself, not of one of its actors. */
export const PARTITION_ACTOR = "$partition";

/** Names the encoding that the state hash covers; raised when that changes. */
export const HASH_VERSION = 1;

/**
 * Events the partition adds to a turn's own. Their types start with `$`, which actors may not use.
 */
export type SystemEvent =
  | { readonly type: "$received"; readonly from: number; readonly n: number }
  | {
      readonly type: "$sent";
      readonly partition: number;
      readonly n: number;
      readonly to: string;
      readonly message: object;
    }
  | { readonly type: "$acked"; readonly partition: number; readonly n: number }
  | { readonly type: "$timer"; readonly id: string; readonly atMs: number | null }
  | { readonly type: "$dead"; readonly reason: string }
  /** This record is part `at` of `of` of the batch that begins at place `first` (replay.ts). */
  | { readonly type: "$part"; readonly first: number; readonly at: number; readonly of: number };

export class PartitionState {
  readonly actors = new Map<string, unknown>();
  readonly outbox = new Outbox();
  readonly timers = new TimerTable();
  readonly #types: ActorTypes;

  constructor(types: ActorTypes) {
    this.#types = types;
  }

  applyEntry(entry: LogEntry): void {
    for (const event of entry.events) this.apply(entry.actor, event);
  }

  apply(actor: string, event: LogEvent): void {
    if (event.type.startsWith("$")) {
      this.#applySystem(actor, event as unknown as SystemEvent);
      return;
    }
    const type = this.#types.get(kindOf(actor));
    if (type === undefined) return; // A kind this version does not know: kept in the log, not here.
    this.actors.set(actor, type.apply(this.actors.get(actor), event, actor));
  }

  /** SHA-256, hex, over the canonical state with defaults left out. */
  hash(): string {
    const actors: Record<string, unknown> = {};
    for (const [address, state] of this.actors) {
      const type = this.#types.get(kindOf(address));
      if (type !== undefined) actors[address] = withoutDefaults(type.plain(state));
    }
    const whole = {
      v: HASH_VERSION,
      actors,
      outbox: this.outbox.plain(),
      timers: this.timers.plain(),
    };
    return createHash("sha256").update(canonicalJson(whole)).digest("hex");
  }

  #applySystem(actor: string, event: SystemEvent): void {
    switch (event.type) {
      case "$received":
        this.outbox.applyReceived(event.from, event.n);
        break;
      case "$sent":
        this.outbox.applySent(event.partition, event);
        break;
      case "$acked":
        this.outbox.applyAcked(event.partition, event.n);
        break;
      case "$timer":
        this.timers.applySet(actor, event.id, event.atMs);
        break;
      case "$dead":
      case "$part":
        break; // Said in the log for people and readers; changes nothing.
      default:
        break; // The log driver's own marks, such as an epoch's start.
    }
  }
}

/**
 * Members that are null, false, 0, "" or empty count as absent, so a new field keeps old hashes.
 */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutDefaults(item) ?? null);
  if (value === null || typeof value !== "object") return value;
  const kept: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const plain = withoutDefaults(member);
    if (plain === null || plain === undefined || plain === false || plain === 0 || plain === "")
      continue;
    if (typeof plain === "object" && Object.keys(plain).length === 0) continue;
    kept[key] = plain;
  }
  return kept;
}
