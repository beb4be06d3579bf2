// Every ended request as a line in a file, and their sums.
//
// Lines and not the LMDB store: its transactions wait for the disk on the event loop, where every
// stream would wait with them.
//
// State: what is not written yet, the file that is written, and the sums of each file there is.
//
//   J1. What was added 100 ms ago is in the file, if the disk takes it: a kill loses no more.
//   J2. Adding never waits and never fails; what is over PENDING_MAX is dropped and counted.
//   J3. Files together stay under BYTES_MAX and one file more: the oldest go, and their sums.
//   J4. A line that a crash cut is nobody's usage, and spoils no other line.
//   J5. A place in the journal is a number: what lies before it never changes, so that a piece that
//       is read again is the same piece.

import { createReadStream } from "node:fs";
import { open, readdir, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Failure } from "#shared/base/errors.ts";
import type { Timers } from "#shared/base/clock.ts";
import { takeOwnerLock, type OwnerLock } from "#shared/lifecycle/owner-lock.ts";
import { prepareLocalDirectory } from "#shared/state/local-disk.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import {
  addRecord,
  addSpan,
  parseRecord,
  type UsageCell,
  type UsageRecord,
  type UsageSpan,
  type UsageSums,
} from "./usage-sums.ts";

export interface UsageJournalOptions {
  /** A directory on a local disk, of this router alone; made when missing. */
  readonly path: string;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly fileBytesMax?: number;
  readonly bytesMax?: number;
  /** Records that were dropped: the disk is full, or much too slow. */
  readonly onDropped: (count: number) => void;
}

export interface UsagePiece {
  readonly from: number;
  readonly to: number;
  readonly records: readonly UsageRecord[];
}

interface JournalFile {
  readonly number: number;
  bytes: number;
  readonly sums: UsageSums;
}

const COMMIT_MS = 100;
/** After a write that failed. */
const RETRY_MS = 1_000;
/** About 20 MB of lines: half a minute of a busy router. */
const PENDING_MAX = 65_536;
/** Made text of at once: some milliseconds of the event loop. */
const WRITE_MAX = 2_048;
const FILE_BYTES_MAX = 32 * 2 ** 20;
/** About 1.5 million requests; read at each start, in the background. */
const BYTES_MAX = 512 * 2 ** 20;
/** Places in one file and the next are so far apart: more than a file ever holds. */
const FILE_SPAN = 2 ** 32;
const FILE_NAME = /^usage-(\d{8})\.jsonl$/;

export class UsageJournal {
  readonly #options: UsageJournalOptions;
  readonly #lock: OwnerLock;
  /** Oldest first; the last is written. */
  readonly #files: JournalFile[];
  #pending: (() => UsageRecord)[] = [];
  /** Taken from those, and being written. */
  #inHand = 0;
  #handle: FileHandle | null = null;
  #cancelCommit: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #loaded: Promise<void>;

  private constructor(options: UsageJournalOptions, files: JournalFile[], lock: OwnerLock) {
    this.#options = options;
    this.#lock = lock;
    this.#files = files;
    this.#loaded = this.#load([...files]);
  }

  /** UNSAFE on a network file system, CONFLICT while another process has it. */
  static async open(options: UsageJournalOptions): Promise<UsageJournal> {
    prepareLocalDirectory(options.path);
    const lock = await takeOwnerLock(options.path, "router");
    const names = (await readdir(options.path)).filter((name) => FILE_NAME.test(name)).toSorted();
    const files: JournalFile[] = [];
    for (const name of names) {
      const { size } = await stat(join(options.path, name));
      const number = Number(FILE_NAME.exec(name)?.[1]);
      files.push({ number, bytes: size, sums: new Map() });
    }
    return new UsageJournal(options, files, lock);
  }

  /** Records that are not in the file yet. */
  get waiting(): number {
    return this.#pending.length + this.#inHand;
  }

  /** `record` is called when it is written: what is known only then is in it. */
  add(record: () => UsageRecord): void {
    if (this.#closed || this.#pending.length >= PENDING_MAX) return this.#options.onDropped(1);
    this.#pending.push(record);
    this.#commitAfter(COMMIT_MS);
  }

  /** What of a namespace ended in a span, everything added before included. */
  async sums(span: UsageSpan): Promise<readonly UsageCell[]> {
    await this.#loaded;
    await this.flush();
    const cells = new Map<string, UsageCell>();
    for (const { sums } of this.#files) addSpan(cells, sums, span);
    return [...cells.values()];
  }

  /**
   * The records behind a place, up to `until` or to where about `bytesMax` end; null when there are
   * none yet. Where the piece begins is later than asked for when its file has been deleted.
   */
  async read(from: number, until: number | null, bytesMax: number): Promise<UsagePiece | null> {
    const file = this.#files.find(({ number }) => (number + 1) * FILE_SPAN > from);
    if (file === undefined) return null;
    const start = file.number * FILE_SPAN;
    const begin = Math.max(from, start);
    const next = this.#files[this.#files.indexOf(file) + 1];
    const known = until === null || until < begin ? Infinity : until - start;
    const offset = begin - start;
    const end = Math.min(file.bytes, known, offset + bytesMax);
    const text = await textOf(join(this.#options.path, nameOf(file)), offset, end);
    // Of the file that is written the last line may have been cut; of others nothing follows it.
    const isRest = next !== undefined && end === file.bytes && end !== known;
    const bytes = isRest ? end - offset : text.lastIndexOf("\n") + 1;
    if (bytes === 0 && !isRest) return null;
    const lines = text.subarray(0, bytes).toString("utf8").split("\n");
    const records = lines.map(parseRecord).filter((record) => record !== null);
    return { from: begin, to: isRest ? next.number * FILE_SPAN : begin + bytes, records };
  }

  /** Bytes behind a place. */
  bytesBehind(from: number): number {
    let bytes = 0;
    for (const file of this.#files) {
      const start = file.number * FILE_SPAN;
      bytes += Math.max(0, file.bytes - Math.max(0, from - start));
    }
    return bytes;
  }

  /** Resolves when what was added before is written, or could not be. */
  flush(): Promise<void> {
    this.#cancelCommit?.();
    this.#cancelCommit = null;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    this.#cancelCommit?.();
    await this.#loaded;
    await this.#handle?.close();
    this.#handle = null;
    await this.#lock.release();
  }

  #commitAfter(ms: number): void {
    this.#cancelCommit ??= this.#options.timers.after(ms, () => void this.flush());
  }

  /** All that is pending, until the disk refuses. */
  async #write(): Promise<void> {
    while (this.#pending.length > 0 && (await this.#writeSome()));
  }

  /** Never rejects; false when the disk takes nothing. */
  async #writeSome(): Promise<boolean> {
    const records = this.#pending.splice(0, WRITE_MAX).map((record) => record());
    this.#inHand = records.length;
    try {
      const file = await this.#fileToWrite();
      // A new line first: the last one may have been cut by a crash or a full disk.
      const text = `\n${records.map((record) => JSON.stringify(record)).join("\n")}\n`;
      await this.#append(file, text);
      for (const record of records) addRecord(file.sums, record);
      return true;
    } catch (cause) {
      this.#options.logger.error({ reason: Failure.from(cause).message }, "usage is not written");
      this.#keep(records);
      return false;
    } finally {
      this.#inHand = 0;
    }
  }

  /** Whole or not at all: half of it would be counted twice when it is tried again. */
  async #append(file: JournalFile, text: string): Promise<void> {
    try {
      await this.#handle?.appendFile(text);
      await this.#handle?.datasync();
      file.bytes += Buffer.byteLength(text);
    } catch (reason) {
      await this.#handle?.truncate(file.bytes).catch(() => {});
      throw reason;
    }
  }

  /** To be tried again; what came in the meantime was bounded on its own. */
  #keep(records: readonly UsageRecord[]): void {
    const room = PENDING_MAX - this.#pending.length;
    const kept = records.slice(0, room).map((record) => () => record);
    this.#pending = [...kept, ...this.#pending];
    if (records.length > kept.length) this.#options.onDropped(records.length - kept.length);
    if (!this.#closed) this.#commitAfter(RETRY_MS);
  }

  async #fileToWrite(): Promise<JournalFile> {
    const { path, fileBytesMax = FILE_BYTES_MAX } = this.#options;
    let last = this.#files.at(-1);
    if (last === undefined || last.bytes >= fileBytesMax) {
      await this.#handle?.close();
      this.#handle = null;
      last = { number: (last?.number ?? 0) + 1, bytes: 0, sums: new Map() };
      this.#files.push(last);
      await this.#dropOldest();
    }
    this.#handle ??= await open(join(path, nameOf(last)), "a", 0o600);
    return last;
  }

  async #dropOldest(): Promise<void> {
    const { path, logger, bytesMax = BYTES_MAX } = this.#options;
    let bytes = this.#files.reduce((sum, file) => sum + file.bytes, 0);
    while (bytes > bytesMax && this.#files.length > 1) {
      const oldest = this.#files.shift();
      if (oldest === undefined) return;
      bytes -= oldest.bytes;
      await rm(join(path, nameOf(oldest)), { force: true });
      logger.info({ file: nameOf(oldest) }, "the oldest usage is deleted");
    }
  }

  /** The sums of what was there before; up to the size it had, for what is added comes by itself. */
  async #load(files: readonly JournalFile[]): Promise<void> {
    const { path, logger } = this.#options;
    const sizes = files.map(({ bytes }) => bytes);
    for (const [at, file] of files.entries()) {
      const end = (sizes[at] ?? 0) - 1;
      if (end < 0) continue;
      try {
        const input = createReadStream(join(path, nameOf(file)), { end });
        for await (const line of createInterface({ input, crlfDelay: Infinity })) {
          const record = line === "" ? null : parseRecord(line);
          if (record !== null) addRecord(file.sums, record);
        }
      } catch (cause) {
        const reason = Failure.from(cause).message;
        logger.error({ file: nameOf(file), reason }, "usage before this start is not counted");
      }
    }
  }
}

function nameOf(file: JournalFile): string {
  return `usage-${String(file.number).padStart(8, "0")}.jsonl`;
}

async function textOf(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.max(0, to - from)),
      0,
      null,
      from,
    );
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
