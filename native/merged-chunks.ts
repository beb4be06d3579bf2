// What one request has produced and its consumer has not read, always as one chunk: however slow
// the consumer, adding never waits, and memory is bounded by what the request may still produce.
//
//   M1. One consumer reads once.
//   M2. Chunks are consecutive: the next one begins where the last ended.
//   M3. After the last chunk or the failure nothing is added.

import assert from "node:assert/strict";

import type { Chunk, FinishReason, TokenLogprobs } from "./engine.ts";
import type { EngineFailure } from "./errors.ts";

type Read = PromiseWithResolvers<IteratorResult<Chunk, undefined>>;

interface Unread {
  readonly index: number;
  readonly tokenIds: number[];
  readonly logprobs: TokenLogprobs[] | null;
}

export class MergedChunks implements AsyncIterable<Chunk> {
  readonly #onLeave: () => void;
  readonly #withLogprobs: boolean;
  #index: number;
  #unread: Unread;
  #cachedTokens: number | null = null;
  #finish: FinishReason | null = null;
  #failure: EngineFailure | null = null;
  #read: Read | null = null;
  #taken = false;
  /** The last chunk or the failure was read, or the consumer left. */
  #over = false;

  /** `index` is that of the first token to come; `onLeave` hears of a consumer that stops early. */
  constructor(index: number, withLogprobs: boolean, onLeave: () => void) {
    this.#index = index;
    this.#withLogprobs = withLogprobs;
    this.#onLeave = onLeave;
    this.#unread = this.#nothing();
  }

  /** True after the last chunk or the failure was added. */
  get ended(): boolean {
    return this.#finish !== null || this.#failure !== null;
  }

  /** The index of the next token. */
  get index(): number {
    return this.#index;
  }

  addToken(tokenId: number, logprobs: TokenLogprobs | null): void {
    assert(!this.ended);
    this.#index += 1;
    if (this.#over) return; // Left, and not yet aborted: nobody will read it.
    this.#unread.tokenIds.push(tokenId);
    if (logprobs !== null) this.#unread.logprobs?.push(logprobs);
  }

  /** Goes out with the next chunk. */
  addCached(cachedTokens: number): void {
    this.#cachedTokens = cachedTokens;
  }

  finish(reason: FinishReason): void {
    assert(!this.ended);
    this.#finish = reason;
  }

  fail(failure: EngineFailure): void {
    assert(!this.ended);
    this.#failure = failure;
  }

  /** Hands what was added to a consumer that waits. Once per step, after everything was added. */
  flush(): void {
    if (this.#read === null || !this.#readable()) return;
    const read = this.#read;
    this.#read = null;
    this.#answer(read);
  }

  [Symbol.asyncIterator](): AsyncIterator<Chunk, undefined> {
    assert(!this.#taken, "a generation is read once");
    this.#taken = true;
    return { next: () => this.#next(), return: () => this.#leave() };
  }

  #next(): Promise<IteratorResult<Chunk, undefined>> {
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    assert(this.#read === null, "the chunk before is still awaited");
    const read: Read = Promise.withResolvers();
    if (this.#readable()) this.#answer(read);
    else this.#read = read;
    return read.promise;
  }

  #leave(): Promise<IteratorResult<Chunk, undefined>> {
    if (!this.#over) {
      this.#over = true;
      this.#read?.resolve({ done: true, value: undefined });
      this.#read = null;
      this.#onLeave();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  #readable(): boolean {
    return this.ended || this.#unread.tokenIds.length > 0;
  }

  #answer({ resolve, reject }: Read): void {
    if (this.#failure !== null && this.#unread.tokenIds.length === 0) {
      this.#over = true;
      reject(this.#failure);
      return;
    }
    if (this.#finish !== null) this.#over = true;
    const { index, tokenIds, logprobs } = this.#unread;
    const [cachedTokens, finish] = [this.#cachedTokens, this.#finish];
    this.#unread = this.#nothing();
    this.#cachedTokens = null;
    resolve({ done: false, value: { index, tokenIds, logprobs, cachedTokens, finish } });
  }

  #nothing(): Unread {
    return { index: this.#index, tokenIds: [], logprobs: this.#withLogprobs ? [] : null };
  }
}
