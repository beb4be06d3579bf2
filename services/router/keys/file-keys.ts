// The file of keys, looked at every second and read again when it changes.
//
//   K5. A file that cannot be read or is wrong changes nothing: the keys before it stay.

import { readFileSync, statSync } from "node:fs";
import type { KeyEntry } from "#shared/base/api-key.ts";
import type { Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { KeyRing } from "./key-ring.ts";
import { parseKeysFile } from "./keys-file.ts";

export interface FileKeysOptions {
  readonly file: string;
  readonly ring: KeyRing;
  readonly timers: Timers;
  readonly logger: Logger;
}

const POLL_MS = 1_000;

export class FileKeys {
  readonly #options: FileKeysOptions;
  /** Of the file as it was read last. */
  #stamp: string;
  #cancelPoll: () => void;

  /** INVALID when the file is wrong, NOT_FOUND when there is none. */
  constructor(options: FileKeysOptions) {
    this.#options = options;
    this.#stamp = stampOf(options.file);
    options.ring.set("file", read(options.file));
    this.#cancelPoll = options.timers.after(POLL_MS, () => this.#poll());
  }

  close(): void {
    this.#cancelPoll();
  }

  #poll(): void {
    const { file, ring, logger, timers } = this.#options;
    try {
      const stamp = stampOf(file);
      if (stamp !== this.#stamp) {
        this.#stamp = stamp; // Even when it is wrong: it is told once.
        const entries = read(file);
        ring.set("file", entries);
        logger.info({ file, keys: entries.length }, "the keys were read again");
      }
    } catch (reason) {
      const { message } = Failure.from(reason);
      if (this.#stamp !== "") logger.error({ reason: message }, "the keys before stay in use");
      if (Failure.from(reason).code === "NOT_FOUND") this.#stamp = "";
    }
    this.#cancelPoll = timers.after(POLL_MS, () => this.#poll());
  }
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
