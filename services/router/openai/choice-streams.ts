// The token streams of one answer, read as one: whoever has a chunk is next.
//
// State: one pending read per stream that has not ended, and the chunks that came and were not
// taken: at most one per stream, since the next is asked for when one is taken.
//
//   S1. close(), or the early end of a choice, aborts the streams behind it; nobody waits for that.
//   S2. A stream that ends without saying why is a fault of ours, never an end.

import { Failure } from "#shared/base/errors.ts";
import type { TokenChunk, TokenRequest, TokenSource } from "../token-source.ts";

export interface ChoiceChunk {
  readonly choice: number;
  readonly chunk: TokenChunk;
}

interface Reader {
  readonly chunks: AsyncIterator<TokenChunk>;
  readonly abort: AbortController;
  open: boolean;
}

export class ChoiceStreams {
  readonly #readers: Reader[] = [];
  readonly #arrived: ChoiceChunk[] = [];
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;
  #failed: { readonly reason: unknown } | null = null;
  #wake: (() => void) | null = null;
  /** Whose chunk was taken last and is to be asked again. */
  #taken: number | null = null;

  constructor(source: TokenSource, requests: readonly TokenRequest[], signal: AbortSignal) {
    signal.throwIfAborted(); // The client may have gone while its prompt was tokenized.
    this.#signal = signal;
    this.#onAbort = () => {
      this.#fail(signal.reason);
    };
    signal.addEventListener("abort", this.#onAbort, { once: true });
    try {
      for (const request of requests) {
        const abort = new AbortController();
        const chunks = source.open(request, abort.signal)[Symbol.asyncIterator]();
        this.#readers.push({ chunks, abort, open: true });
      }
    } catch (reason) {
      this.close();
      throw reason;
    }
    for (const choice of this.#readers.keys()) this.#ask(choice);
  }

  /** Null when every choice has ended. Throws what a stream threw, or the reason of the abort. */
  async next(): Promise<ChoiceChunk | null> {
    if (this.#taken !== null) this.#ask(this.#taken);
    this.#taken = null;
    for (;;) {
      if (this.#signal.aborted) throw this.#signal.reason;
      const chunk = this.#arrived.shift();
      if (chunk !== undefined) {
        this.#taken = chunk.choice;
        return chunk;
      }
      if (this.#failed !== null) throw this.#failed.reason;
      if (!this.#readers.some((reader) => reader.open)) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Nothing more is wanted of this choice; `whole` when its last chunk has come. */
  end(choice: number, whole: boolean): void {
    const reader = this.#readers[choice];
    if (reader === undefined || !reader.open) return;
    reader.open = false;
    if (!whole) reader.abort.abort(new Failure("CANCELLED", "nobody reads the output any more"));
    // Not waited for: a generator answers this only after the read that is pending.
    reader.chunks.return?.().catch(() => {});
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    for (const choice of this.#readers.keys()) this.end(choice, false);
  }

  #ask(choice: number): void {
    const reader = this.#readers[choice];
    if (reader === undefined || !reader.open) return;
    reader.chunks.next().then(
      (result) => {
        if (!reader.open) return;
        if (result.done === true) {
          this.#fail(new Failure("INTERNAL", "a token stream ended without a reason"));
        } else {
          this.#arrived.push({ choice, chunk: result.value });
          this.#wake?.();
        }
      },
      (reason: unknown) => {
        if (reader.open) this.#fail(reason);
      },
    );
  }

  #fail(reason: unknown): void {
    this.#failed ??= { reason };
    this.#wake?.();
  }
}
