// The usage journal, posted to the control plane piece by piece, whenever that is there.
//
//   U1. A piece is counted once: it is the same when it is sent again (usage-cursor.ts), and the
//       control plane passes over what it has taken.
//   U2. Requests never wait for it; while the control plane is away the journal keeps what is not
//       posted, as long as its files are kept.

import { Failure } from "#shared/base/errors.ts";
import { backoffMs } from "#shared/base/backoff.ts";
import type { Timers } from "#shared/base/clock.ts";
import type { Random } from "#shared/base/prng.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Cursor } from "./usage-cursor.ts";
import type { UsagePiece } from "./usage-journal.ts";
import type { UsageRecord } from "./usage-sums.ts";

/** What a day of one namespace, key and model came to, as the wire has it. */
export interface PostedCell {
  readonly namespace: string;
  /** Since 1970, in UTC. */
  readonly day: number;
  readonly key: string;
  readonly model: string;
  requests: number;
  failed: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  workerMs: number;
}

export interface PostedPiece {
  readonly journal: string;
  readonly from: number;
  readonly to: number;
  readonly cells: readonly PostedCell[];
}

export interface UsagePosterOptions {
  readonly journal: {
    read(from: number, until: number | null, bytesMax: number): Promise<UsagePiece | null>;
    bytesBehind(from: number): number;
  };
  readonly cursor: Cursor;
  /** Durable when it resolves. */
  readonly save: (cursor: Cursor) => Promise<void>;
  /** Resolves with the namespaces that were refused when it is taken; rejects with Failure. */
  readonly post: (piece: PostedPiece) => Promise<readonly string[]>;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly everyMs?: number;
}

const EVERY_MS = 5_000;
const RETRY = { firstMs: 1_000, maxMs: 60_000 };
/** About a thousand requests: far below what one record of the log takes. */
const PIECE_BYTES = 256 * 1024;
const DAY_MS = 86_400_000;

export class UsagePoster {
  readonly #options: UsagePosterOptions;
  #cursor: Cursor;
  #failed = 0;
  #told = "";
  #stopped = false;
  #cancel: () => void = () => {};
  #turn: Promise<void> = Promise.resolve();

  constructor(options: UsagePosterOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#after(0);
  }

  /** Bytes of the journal that the control plane has not taken. */
  get bytesBehind(): number {
    return this.#options.journal.bytesBehind(this.#cursor.posted);
  }

  /** When the piece that is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#turn;
  }

  #after(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.timers.after(ms, () => {
      this.#turn = this.#postAll();
    });
  }

  async #postAll(): Promise<void> {
    const { logger, random, everyMs = EVERY_MS } = this.#options;
    try {
      while (!this.#stopped && (await this.#postOne()));
      if (this.#failed > 0) logger.info({}, "usage is posted again");
      this.#failed = 0;
      this.#told = "";
      this.#after(everyMs);
    } catch (reason) {
      const { message, code } = Failure.from(reason);
      this.#failed += 1;
      // The same again and again is told once.
      if (message !== this.#told) {
        logger.warn({ reason: message, code }, "usage is not posted; it is kept and sent later");
      }
      this.#told = message;
      this.#after(backoffMs(RETRY, this.#failed, random));
    }
  }

  /** False when nothing is left. */
  async #postOne(): Promise<boolean> {
    const { journal, save, post, logger } = this.#options;
    const { posted, pending } = this.#cursor;
    const piece = await journal.read(posted, pending, PIECE_BYTES);
    if (piece === null) return false;
    if (piece.from > posted && posted > 0) {
      logger.error({ from: posted, to: piece.from }, "usage was deleted before it was posted");
    }
    const cursor = { journal: this.#cursor.journal, posted: piece.from, pending: piece.to };
    if (pending !== piece.to || posted !== piece.from) await save(cursor);
    this.#cursor = cursor;
    const { from, to } = piece;
    const cells = cellsOf(piece.records);
    const { journal: id } = cursor;
    const refused = cells.length === 0 ? [] : await post({ journal: id, from, to, cells });
    if (refused.length > 0) {
      logger.error({ namespaces: refused }, "the control plane takes no namespace of that name");
    }
    const after = { journal: id, posted: to, pending: null };
    await save(after);
    this.#cursor = after;
    return true;
  }
}

export function cellsOf(records: readonly UsageRecord[]): PostedCell[] {
  const cells = new Map<string, PostedCell>();
  for (const record of records) {
    const { namespace } = record;
    const day = Math.floor(record.ended_ms / DAY_MS);
    const [key, model] = [record.key ?? "", record.model ?? ""];
    const name = JSON.stringify([namespace, day, key, model]);
    const known = cells.get(name) ?? {
      ...{ namespace, day, key, model, requests: 0, failed: 0 },
      ...{ promptTokens: 0, cachedTokens: 0, completionTokens: 0, workerMs: 0 },
    };
    known.requests += 1;
    known.failed += record.status >= 400 ? 1 : 0;
    known.promptTokens += record.prompt_tokens;
    known.cachedTokens += record.cached_tokens;
    known.completionTokens += record.completion_tokens;
    known.workerMs += Math.round(record.worker_seconds * 1000);
    cells.set(name, known);
  }
  return [...cells.values()];
}
