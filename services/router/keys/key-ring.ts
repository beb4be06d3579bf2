// The keys there are, whoever says so: the file, the control plane, or both.
//
// State: the entries of each source, and what each key has used.
//
//   K1. Of a hash that both have, the file's entry counts.
//   K2. A key that stays keeps what it has used, whatever its limits become.
//   K3. No key is kept, compared or logged: only its hash.
//   K4. While a source has not spoken yet, a key that is not known is not said to be none.

import { createHash, timingSafeEqual } from "node:crypto";
import type { KeyEntry } from "#shared/base/api-key.ts";
import type { Clock } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import { newKeyUse, setLimits, type KeyUse } from "../core/key-limits.ts";
import type { Grant } from "../requests/grant.ts";

/** In the order of their word. */
export const KEY_SOURCES = ["file", "scheduler"] as const;
export type KeySource = (typeof KEY_SOURCES)[number];

interface KnownKey {
  readonly hash: Buffer;
  readonly use: KeyUse;
  readonly grant: Grant;
}

/** A client that comes back then may find the control plane reached. */
const UNKNOWN_RETRY_MS = 1_000;

export class KeyRing {
  readonly #clock: Clock;
  /** Null: it has not spoken yet. */
  readonly #entries = new Map<KeySource, readonly KeyEntry[] | null>();
  #keys: ReadonlyMap<string, KnownKey> = new Map();
  /** Of those that have limits, by the first 16 bytes of their hash. */
  #limited: ReadonlyMap<string, KeyUse> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null: the source is there and will speak. */
  set(source: KeySource, entries: readonly KeyEntry[] | null): void {
    this.#entries.set(source, entries);
    this.#take();
  }

  /** Of a source's entries those that count; null: it has not spoken yet, or is none. */
  sizeOf(source: KeySource): number | null {
    return this.#entries.get(source)?.length ?? null;
  }

  /** Null: no such key. UNAVAILABLE when that cannot be said yet. */
  grantOf(bearer: string | null): Grant | null {
    if (bearer === null) return null;
    const hash = createHash("sha256").update(bearer).digest();
    // Where a lookup by hash stops tells nothing: nobody can choose a hash to be near another.
    const known = this.#keys.get(hash.toString("hex"));
    if (known !== undefined && timingSafeEqual(known.hash, hash)) return known.grant;
    if (![...this.#entries.values()].includes(null)) return null;
    throw new Failure("UNAVAILABLE", "The keys are not known yet: the control plane is away.", {
      retryAfterMs: UNKNOWN_RETRY_MS,
    });
  }

  limited(): Iterable<readonly [string, KeyUse]> {
    return this.#limited;
  }

  /** Null: no such key, or one without limits. */
  limitedUse(key: string): KeyUse | null {
    return this.#limited.get(key) ?? null;
  }

  #take(): void {
    const nowMs = this.#clock.monotonicMs();
    const keys = new Map<string, KnownKey>();
    const entries = KEY_SOURCES.flatMap((source) => this.#entries.get(source) ?? []);
    for (const { sha256, name, limits, ...may } of entries) {
      if (keys.has(sha256)) continue;
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
