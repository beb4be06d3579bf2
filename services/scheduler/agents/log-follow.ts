// The output of one attempt as one caller reads it, between the agent's stream, which all callers
// share, and the caller, who may be slow.
//
// Invariants:
//   L1. At most BYTES_MAX of a follow wait here, and less when the scheduler's readers together
//       have too much. What comes beyond that is dropped, the follow stops at the agent and ends as
//       "overrun"; its reader starts another where it got to.
//   L2. What was taken in is given before the end, whatever the end is.
//   L3. A piece is taken in whenever nothing waits: every follow brings its reader on.
//   L4. What a piece took of the budget is given back once: when its reader asks for the next, or
//       goes.

import { BoundedQueue } from "#shared/base/bounded-queue.ts";
import type { Failure } from "#shared/base/errors.ts";
import type { LogBudget } from "./log-budget.ts";

export interface LogPiece {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

export type FollowEnd =
  | { readonly kind: "complete" }
  /** The reader was too slow, or the agent's stream ended: go on from the offset reached. */
  | { readonly kind: "overrun" | "lost" }
  | { readonly kind: "failed"; readonly failure: Failure };

const BYTES_MAX = 1024 * 1024;
/** What a piece costs beside its bytes, so that many small ones are not free. */
const PIECE_BYTES = 256;

export class LogFollow {
  readonly id: string;
  readonly #budget: LogBudget;
  readonly #stop: () => void;
  readonly #pieces = new BoundedQueue<LogPiece>(BYTES_MAX / PIECE_BYTES);
  #bytes = 0;
  #end: FollowEnd | null = null;
  #closed = false;
  #wake: (() => void) | null = null;

  /** `stop` tells the agent. */
  constructor(id: string, budget: LogBudget, stop: () => void) {
    this.id = id;
    this.#budget = budget;
    this.#stop = stop;
  }

  push(piece: LogPiece): void {
    if (this.#end !== null) return;
    if (!this.#takeIn(piece)) {
      this.#stop();
      this.#finish({ kind: "overrun" });
    }
    this.#wake?.();
  }

  /** The first end counts. */
  end(end: FollowEnd): void {
    this.#finish(end);
    this.#wake?.();
  }

  /** The reader has gone. */
  close(): void {
    if (this.#end === null) this.#stop();
    this.#finish({ kind: "lost" });
    if (this.#closed) return;
    this.#closed = true;
    this.#budget.give(this.#bytes);
  }

  /** How it ended; null while it goes on. */
  get outcome(): FollowEnd | null {
    return this.#end;
  }

  /** Pieces as they come, until the end or until `signal` is aborted. Once. */
  async *pieces(signal: AbortSignal): AsyncGenerator<LogPiece, void, void> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted) {
        const piece = this.#pieces.take();
        if (piece !== undefined) {
          yield piece;
          this.#giveBack(piece);
        } else if (this.#end === null) {
          await new Promise<void>((resume) => (this.#wake = resume));
          this.#wake = null;
        } else {
          return;
        }
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.close();
    }
  }

  #takeIn(piece: LogPiece): boolean {
    const bytes = costOf(piece);
    const first = this.#bytes === 0;
    if (!first && this.#bytes + bytes > BYTES_MAX) return false;
    if (!this.#budget.take(bytes, first)) return false;
    this.#bytes += bytes;
    return this.#pieces.push(piece);
  }

  #giveBack(piece: LogPiece): void {
    const bytes = costOf(piece);
    this.#bytes -= bytes;
    this.#budget.give(bytes);
  }

  #finish(end: FollowEnd): void {
    this.#end ??= end;
  }
}

function costOf({ data }: LogPiece): number {
  return data.length + PIECE_BYTES;
}
