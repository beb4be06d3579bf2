// The token streams of one answer, read as one: whoever has something is next.
//
// State: which choices may have something, in the order in which it came. What they have stays with
// their readers, merged, until it is taken.
//
//   S1. close(), or the early end of a choice, aborts the streams behind it; nobody waits for that.
//   S2. Every reader is left once.

import type { TokenChunk, TokenReader, TokenRequest, TokenSource } from "../token-source.ts";

export interface ChoiceChunk {
  readonly choice: number;
  readonly chunk: TokenChunk;
}

interface Choice {
  /** Null once it was left. */
  reader: TokenReader | null;
  /** It stands among those that may have something. */
  due: boolean;
}

export class ChoiceStreams {
  readonly #choices: readonly Choice[];
  readonly #due: number[] = [];
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.#wake?.();
  #open = 0;
  #wake: (() => void) | null = null;

  /** Throws the reason when the signal has been aborted, and what attaching threw. */
  constructor(source: TokenSource, requests: readonly TokenRequest[], signal: AbortSignal) {
    signal.throwIfAborted(); // The client may have gone while its prompt was tokenized.
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#choices = requests.map(() => ({ reader: null, due: false }));
    try {
      for (const [at, request] of requests.entries()) {
        const choice = this.#choices[at];
        if (choice === undefined) continue;
        choice.reader = source.attach(request, () => this.#onNews(at));
        this.#open += 1;
      }
    } catch (reason) {
      this.close();
      throw reason;
    }
  }

  /**
   * What came of one choice since it was last asked; null: nothing now. Throws what a stream threw,
   * or the reason of the abort.
   */
  take(): ChoiceChunk | null {
    if (this.#signal.aborted) throw this.#signal.reason;
    for (let at = this.#due.shift(); at !== undefined; at = this.#due.shift()) {
      const choice = this.#choices[at];
      if (choice === undefined) continue;
      choice.due = false;
      const chunk = choice.reader?.take() ?? null;
      if (chunk !== null) return { choice: at, chunk };
    }
    return null;
  }

  /** The same, waited for. Null when every choice has ended. */
  async next(): Promise<ChoiceChunk | null> {
    for (;;) {
      const chunk = this.take();
      if (chunk !== null) return chunk;
      if (this.#open === 0) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
  }

  /** Nothing more is wanted of this choice. */
  end(at: number): void {
    const choice = this.#choices[at];
    const reader = choice?.reader ?? null;
    if (choice === undefined || reader === null) return;
    choice.reader = null;
    this.#open -= 1;
    reader.leave();
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    for (const choice of this.#choices.keys()) this.end(choice);
  }

  #onNews(at: number): void {
    const choice = this.#choices[at];
    if (choice === undefined) return;
    if (!choice.due) this.#due.push(at);
    choice.due = true;
    this.#wake?.();
  }
}
