// The keys there are: read from their file, and read again when it changes.
//
// State: the entries by hash, what each key has used, and the file as it was read last.
//
//   K1. A file that cannot be read or is wrong changes nothing: the keys before it stay.
//   K2. A key that stays in the file keeps what it has used, whatever its limits become.
//   K3. No key is kept, compared or logged: only its hash.

import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { Failure } from "#shared/base/errors.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { newKeyUse, setLimits, type KeyUse } from "../core/key-limits.ts";
import type { Grant } from "../requests/grant.ts";
import { parseKeysFile, type KeyEntry } from "./keys-file.ts";

export interface KeyRingOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

interface KnownKey {
  readonly hash: Buffer;
  readonly use: KeyUse;
  readonly grant: Grant;
}

const POLL_MS = 1_000;

export class KeyRing {
  readonly #options: KeyRingOptions;
  #keys: ReadonlyMap<string, KnownKey> = new Map();
  /** Of those that have limits, by the first 16 bytes of their hash. */
  #limited: ReadonlyMap<string, KeyUse> = new Map();
  #stamp: string;
  #cancelPoll: () => void;

  /** INVALID when the file is wrong, NOT_FOUND when there is none. */
  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#stamp = stampOf(options.file);
    this.#take(read(options.file));
    this.#cancelPoll = options.timers.after(POLL_MS, () => this.#poll());
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Null: no such key. */
  grantOf(bearer: string | null): Grant | null {
    if (bearer === null) return null;
    const hash = createHash("sha256").update(bearer).digest();
    // Where a lookup by hash stops tells nothing: nobody can choose a hash to be near another.
    const known = this.#keys.get(hash.toString("hex"));
    return known !== undefined && timingSafeEqual(known.hash, hash) ? known.grant : null;
  }

  limited(): Iterable<readonly [string, KeyUse]> {
    return this.#limited;
  }

  /** Null: no such key, or one without limits. */
  limitedUse(key: string): KeyUse | null {
    return this.#limited.get(key) ?? null;
  }

  close(): void {
    this.#cancelPoll();
  }

  #poll(): void {
    const { file, logger, timers } = this.#options;
    try {
      const stamp = stampOf(file);
      if (stamp !== this.#stamp) {
        this.#stamp = stamp; // Even when it is wrong: it is told once.
        this.#take(read(file));
        logger.info({ file, keys: this.#keys.size }, "the keys were read again");
      }
    } catch (reason) {
      const { message } = Failure.from(reason);
      if (this.#stamp !== "") logger.error({ reason: message }, "the keys before stay in use");
      if (Failure.from(reason).code === "NOT_FOUND") this.#stamp = "";
    }
    this.#cancelPoll = timers.after(POLL_MS, () => this.#poll());
  }

  #take(entries: readonly KeyEntry[]): void {
    const nowMs = this.#options.clock.monotonicMs();
    const keys = new Map<string, KnownKey>();
    for (const { sha256, name, limits, ...may } of entries) {
      const use = this.#keys.get(sha256)?.use ?? newKeyUse(limits, nowMs);
      setLimits(use, limits, nowMs);
      const grant: Grant = { ...may, key: { name, use } };
      keys.set(sha256, { hash: Buffer.from(sha256, "hex"), use, grant });
    }
    this.#keys = keys;
    const limited = [...keys].filter(([, { use }]) => hasLimits(use));
    this.#limited = new Map(limited.map(([sha256, { use }]) => [sha256.slice(0, 32), use]));
  }
}

function hasLimits({ limits }: KeyUse): boolean {
  return Object.values(limits).some((limit) => limit !== null);
}

function read(file: string): KeyEntry[] {
  return parseKeysFile(file, readFileSync(file, "utf8"));
}

function stampOf(file: string): string {
  try {
    const { mtimeNs, size, ino } = statSync(file, { bigint: true });
    return `${mtimeNs}/${size}/${ino}`;
  } catch (cause) {
    throw new Failure("NOT_FOUND", `no keys at ${file}`, { cause });
  }
}
