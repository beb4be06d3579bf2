// What a service is made of, started in order and stopped in reverse.
//
//   F1. A part is stopped only after every part started later has stopped (or failed to).
//   F2. A part whose start fails stops everything before it; nothing half started stays.
//   F3. Stopping ends: after `stopMs` the process is left as it is, and main exits 1.
//   F4. The first SIGTERM or SIGINT stops cleanly, the second ends the process at once.

import { Failure } from "#shared/base/errors.ts";
import type { Logger } from "#shared/telemetry/logger.ts";

export interface LifecycleOptions {
  readonly logger: Logger;
  /** All parts together have this long to stop. */
  readonly stopMs?: number;
}

interface Started {
  readonly name: string;
  readonly stop: () => unknown;
}

const STOP_MS = 15_000; // Below systemd's 90 s and Docker's usual 30 s.

export class Lifecycle {
  readonly #logger: Logger;
  readonly #stopMs: number;
  readonly #started: Started[] = [];
  readonly #stopRequested = Promise.withResolvers<string>();
  #stopping: Promise<boolean> | null = null;

  constructor(options: LifecycleOptions) {
    this.#logger = options.logger;
    this.#stopMs = options.stopMs ?? STOP_MS;
  }

  /** Starts one part and remembers how to stop it. Refuses once stopping has begun. */
  async start<T>(
    name: string,
    start: () => T | Promise<T>,
    stop: (part: T) => unknown,
  ): Promise<T> {
    if (this.#stopping !== null) throw new Failure("CANCELLED", `${name} not started: stopping`);
    let part: T;
    try {
      part = await start();
    } catch (cause) {
      this.#logger.error({ err: cause, part: name }, "part failed to start");
      await this.stop(`${name} failed to start`);
      throw cause;
    }
    if (this.#stopping !== null) {
      await this.#stopOne({ name, stop: () => stop(part) });
      throw new Failure("CANCELLED", `${name} started while stopping`);
    }
    this.#started.push({ name, stop: () => stop(part) });
    this.#logger.debug({ part: name }, "part started");
    return part;
  }

  /** Asks for a stop without waiting: what a signal or a fatal part does. */
  requestStop(reason: string): void {
    this.#stopRequested.resolve(reason);
  }

  /** Resolves with the reason once somebody asked for a stop. */
  get stopRequested(): Promise<string> {
    return this.#stopRequested.promise;
  }

  /** Stops every part in reverse; true if all stopped in time and without an error. */
  stop(reason: string): Promise<boolean> {
    this.requestStop(reason);
    this.#stopping ??= this.#stopAll(reason);
    return this.#stopping;
  }

  async #stopAll(reason: string): Promise<boolean> {
    this.#logger.info({ reason }, "stopping");
    const late = Promise.withResolvers<false>();
    const timer = setTimeout(() => late.resolve(false), this.#stopMs);
    const clean = await Promise.race([this.#stopParts(), late.promise]);
    clearTimeout(timer);
    if (this.#started.length > 0) {
      const left = this.#started.map((part) => part.name);
      this.#logger.error({ left, stopMs: this.#stopMs }, "parts did not stop in time");
    }
    return clean;
  }

  async #stopParts(): Promise<boolean> {
    let clean = true;
    for (let part = this.#started.at(-1); part !== undefined; part = this.#started.at(-1)) {
      clean = (await this.#stopOne(part)) && clean;
      this.#started.pop();
    }
    return clean;
  }

  async #stopOne(part: Started): Promise<boolean> {
    try {
      await part.stop();
      return true;
    } catch (cause) {
      this.#logger.error({ err: cause, part: part.name }, "part failed to stop");
      return false;
    }
  }
}
