// Writes what the worker keeps, a batch at a time: its requests as they begin, get on and end, and
// rows of whoever else has some. Whatever the disk does is heard of here, and by nobody's request.
//
//   K1. What was told COMMIT_MS ago is in a batch, if the one before has been answered.
//   K2. A row that is told again before it was written is written as it is then.
//   K3. A disk that takes nothing is said once, and once when it does again; what waits is bounded.

import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { StoreOp } from "#shared/state/store.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import {
  onRefused,
  takeBatch,
  type JournalWrite,
  type RequestJournal,
} from "./core/request-journal.ts";
import type { WorkerState } from "./worker-state.ts";

export interface StateWriterOptions {
  readonly state: Pick<WorkerState, "commit">;
  readonly journal: RequestJournal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

const COMMIT_MS = 100;
/** After a batch that was refused. */
const RETRY_MS = 1_000;
const CLOSE_MS = 5_000;

export class StateWriter {
  readonly #options: StateWriterOptions;
  readonly #rows = new Map<string, JournalWrite>();
  #cancel: (() => void) | null = null;
  #writing: Promise<void> | null = null;
  #refused = false;
  #closed = false;

  constructor(options: StateWriterOptions) {
    this.#options = options;
  }

  /** False while the disk takes nothing. */
  get up(): boolean {
    return !this.#refused;
  }

  /** The journal has something new. */
  touch(): void {
    if (this.#writing === null) this.#writeAfter(COMMIT_MS);
  }

  /** A row to write with the next batch; null removes it. */
  keep(table: string, key: string, row: unknown): void {
    this.#rows.set(`${table}\0${key}`, { table, key, row });
    this.touch();
  }

  /** With one last batch, for which a disk that hangs is not waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    const last = (this.#writing ?? Promise.resolve()).then(() => this.#write());
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(CLOSE_MS, resolve);
    await Promise.race([last, late]);
    cancel();
  }

  #writeAfter(ms: number): void {
    if (this.#closed) return;
    this.#cancel ??= this.#options.timers.after(ms, () => {
      this.#cancel = null;
      this.#writing = this.#write().finally(() => {
        this.#writing = null;
        const { journal } = this.#options;
        const more = this.#rows.size > 0 || journal.running.size > 0 || journal.ended.length > 0;
        if (more) this.#writeAfter(this.#refused ? RETRY_MS : COMMIT_MS);
      });
    });
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { state, journal, clock, logger } = this.#options;
    const batch = takeBatch(journal, clock.monotonicMs());
    const rows = [...this.#rows];
    this.#rows.clear();
    const writes = [...(batch?.writes ?? []), ...rows.map(([, write]) => write)];
    if (writes.length === 0) return;
    try {
      await state.commit(writes.map(opOf));
      if (this.#refused) logger.info("the state directory is written again");
      this.#refused = false;
    } catch (cause) {
      if (batch !== null) onRefused(journal, batch);
      for (const [key, row] of rows) if (!this.#rows.has(key)) this.#rows.set(key, row); // K2
      const { message, hint } = Failure.from(cause);
      if (!this.#refused) logger.error({ reason: message, hint }, "the state is not written");
      this.#refused = true;
    }
  }
}

function opOf({ table, key, row }: JournalWrite): StoreOp {
  return row === null ? { kind: "delete", table, key } : { kind: "put", table, key, value: row };
}
