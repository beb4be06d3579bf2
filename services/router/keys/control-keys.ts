// The control plane's keys at this router: asked for every second, and kept on disk for the time
// that it is away.
//
//   M1. What counts is what the control plane said last, to this process or to one before it.
//   M2. A change is on disk before it counts, so that a key that was seen refused stays refused
//       after a crash. A disk that takes nothing delays no change: it is tried again.
//   M3. The age that is told is never below the true one, unless the clock is set back.
//   M4. No request waits for any of it.

import type { KeyEntry } from "#shared/base/api-key.ts";
import { backoffMs } from "#shared/base/backoff.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { Random } from "#shared/base/prng.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Snapshot } from "./key-snapshot.ts";

export type SyncedKeys =
  | { readonly kind: "unchanged" }
  | { readonly kind: "keys"; readonly version: string; readonly keys: readonly KeyEntry[] };

export interface ControlKeysOptions {
  readonly ring: KeyRing;
  readonly snapshot: {
    read(): Snapshot | null;
    write(snapshot: Snapshot): Promise<void>;
  };
  /** `version` of what is known, or empty. Rejects with Failure. */
  readonly sync: (version: string) => Promise<SyncedKeys>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

const EVERY_MS = 1_000;
/** A control plane that is back is heard within this: a revoke waits no longer. */
const RETRY = { firstMs: 1_000, maxMs: 3_000 };
/** How much older the age on disk may be than the true one; a flush every second would be dear. */
const CONFIRM_MS = 60_000;
/** Keys that grow old are told of at this age, and again when it has doubled. */
const OLD_MS = 10 * 60_000;

export class ControlKeys {
  readonly #options: ControlKeysOptions;
  #known: Snapshot | null;
  /** `confirmedAtMs` as it stands on disk; null: what is known is not there. */
  #savedAtMs: number | null = null;
  #isUnsavedTold = false;
  #failed = 0;
  #told = "";
  #warnAtMs = OLD_MS;
  #stopped = false;
  #cancel: () => void = () => {};
  #turn: Promise<void> = Promise.resolve();

  /** CORRUPT when the snapshot cannot be understood. */
  constructor(options: ControlKeysOptions) {
    this.#options = options;
    const { snapshot, ring, logger } = options;
    this.#known = snapshot.read();
    this.#savedAtMs = this.#known?.confirmedAtMs ?? null;
    ring.set("scheduler", this.#known?.keys ?? null);
    if (this.#known !== null) {
      const facts = { keys: this.#known.keys.length, age_s: this.#ageS() };
      logger.info(facts, "the control plane's keys of that age count until it is reached");
    }
    this.#after(0);
  }

  /** Since the control plane was asked that said what counts here; null: it never was. */
  get ageMs(): number | null {
    if (this.#known === null) return null;
    return Math.max(0, this.#options.clock.nowMs() - this.#known.confirmedAtMs);
  }

  /** When what is under way has ended; the age on disk is then the true one. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#turn;
    if (this.#known !== null && this.#known.confirmedAtMs !== this.#savedAtMs) {
      await this.#save(this.#known);
    }
  }

  #after(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.timers.after(ms, () => {
      this.#turn = this.#ask();
    });
  }

  async #ask(): Promise<void> {
    const { sync, clock, random, logger } = this.#options;
    const askedAtMs = clock.nowMs();
    try {
      const answer = await sync(this.#known?.version ?? "");
      await this.#onAnswer(answer, askedAtMs);
      if (this.#failed > 0) logger.info({}, "the control plane's keys are up to date again");
      this.#failed = 0;
      this.#told = "";
      this.#warnAtMs = OLD_MS;
      this.#after(EVERY_MS);
    } catch (reason) {
      this.#onFailure(Failure.from(reason));
      this.#after(backoffMs(RETRY, this.#failed, random));
    }
  }

  async #onAnswer(answer: SyncedKeys, confirmedAtMs: number): Promise<void> {
    const { ring, logger } = this.#options;
    const before = this.#known;
    if (answer.kind === "unchanged") {
      if (before === null) throw new Failure("INTERNAL", "no keys, and yet they are unchanged");
      this.#known = { ...before, confirmedAtMs };
      const isStale = this.#savedAtMs === null || confirmedAtMs - this.#savedAtMs >= CONFIRM_MS;
      if (isStale) await this.#save(this.#known);
      return;
    }
    const { version, keys } = answer;
    this.#savedAtMs = null;
    this.#known = { version, keys, confirmedAtMs };
    await this.#save(this.#known);
    ring.set("scheduler", keys);
    logger.info({ keys: keys.length, before: before?.keys.length ?? 0 }, "keys have changed");
  }

  async #save(snapshot: Snapshot): Promise<void> {
    try {
      await this.#options.snapshot.write(snapshot);
      this.#savedAtMs = snapshot.confirmedAtMs;
      this.#isUnsavedTold = false;
    } catch (reason) {
      const { message, code } = Failure.from(reason);
      const said =
        "the keys are not on disk: a start without the control plane would not know them";
      if (!this.#isUnsavedTold) this.#options.logger.error({ reason: message, code }, said);
      this.#isUnsavedTold = true;
    }
  }

  /** The same again and again is told once, and when the keys have become old. */
  #onFailure({ message, code }: Failure): void {
    const { logger } = this.#options;
    this.#failed += 1;
    const ageMs = this.ageMs ?? 0;
    const isOld = ageMs >= this.#warnAtMs;
    while (this.#warnAtMs <= ageMs) this.#warnAtMs *= 2;
    if (message === this.#told && !isOld) return;
    this.#told = message;
    const facts = { reason: message, code, age_s: this.#ageS() };
    if (this.#known === null) logger.error(facts, "the control plane's keys are not known yet");
    else logger.warn(facts, "the control plane's keys cannot be asked for: those before count");
  }

  /** Whole seconds; null: there are none. */
  #ageS(): number | null {
    return this.ageMs === null ? null : Math.ceil(this.ageMs / 1_000);
  }
}
