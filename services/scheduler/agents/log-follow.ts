// The output of one attempt as one caller reads it, between the agent's stream, which all callers
// share, and the caller, who may be slow.
//
// Invariants:
//   L1. At most BYTES_MAX of a follow wait here. When more comes the follow stops at the agent and
//       ends as "overrun"; its reader starts another where it got to.
//   L2. What was taken in is given before the end, whatever the end is.

import type { Failure } from "#shared/base/errors.ts";

export interface LogPiece {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

export type FollowEnd =
  | { readonly kind: "complete" }
  /** The reader was too slow, or the agent's stream ended: go on from the offset reached. */
  | { readonly kind: "overrun" | "lost" }
  | { readonly kind: "failed"; readonly failure: Failure };

const BYTES_MAX = 4 * 1024 * 1024;

export class LogFollow {
  readonly id: string;
  readonly #stop: () => void;
  #pieces: LogPiece[] = [];
  #bytes = 0;
  #end: FollowEnd | null = null;
  #wake: (() => void) | null = null;

  /** `stop` tells the agent. */
  constructor(id: string, stop: () => void) {
    this.id = id;
    this.#stop = stop;
  }

  push(piece: LogPiece): void {
    if (this.#end !== null) return;
    this.#pieces.push(piece);
    this.#bytes += piece.data.length;
    if (this.#bytes > BYTES_MAX) {
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
  }

  /** How it ended; null while it goes on. */
  get outcome(): FollowEnd | null {
    return this.#end;
  }

  /** Pieces as they come, until the end or until `signal` is aborted. */
  async *pieces(signal: AbortSignal): AsyncGenerator<LogPiece, void, void> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener("abort", wake);
    try {
      for (;;) {
        const taken = this.#pieces;
        this.#pieces = [];
        for (const piece of taken) {
          this.#bytes -= piece.data.length;
          yield piece;
        }
        if (signal.aborted) return;
        if (this.#pieces.length > 0) continue;
        if (this.#end !== null) return;
        await new Promise<void>((resume) => (this.#wake = resume));
        this.#wake = null;
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.close();
    }
  }

  #finish(end: FollowEnd): void {
    this.#end ??= end;
  }
}
