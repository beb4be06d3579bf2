// One request inside a simulated engine: what is computed of it, its blocks, and what it waits for.

import type { FinishReason, GenerateRequest } from "../engine.ts";
import { EngineFailure } from "../errors.ts";
import { MergedChunks } from "../merged-chunks.ts";
import type { BlockTable } from "./simulated-cache.ts";
import { SimulatedContext } from "./simulated-model.ts";
import type { SimulatedOptions } from "./simulated-options.ts";

export class SimulatedSequence {
  readonly request: GenerateRequest;
  readonly chunks: MergedChunks;
  /** Prompt and output. */
  readonly tokens: number[];
  readonly #options: SimulatedOptions;
  readonly #arrival: number;
  readonly #onChange: () => void;
  readonly #context: SimulatedContext;
  #table: BlockTable | null = null;
  #computed = 0;
  #mask: Uint32Array | null = null;
  #aborted = false;
  #admitted = false;

  /** `onChange` hears of what may let the engine go on. */
  constructor(
    options: SimulatedOptions,
    request: GenerateRequest,
    arrival: number,
    onChange: () => void,
  ) {
    this.request = request;
    this.#options = options;
    this.#arrival = arrival;
    this.#onChange = onChange;
    this.tokens = [...request.prompt, ...request.resume];
    this.#context = new SimulatedContext(options, request);
    const withLogprobs = request.sampling.logprobs !== null;
    this.chunks = new MergedChunks(request.resume.length, withLogprobs, () => this.abort());
    const last = request.resume.at(-1);
    const finish = last === undefined ? null : this.#finishAfter(last);
    if (finish !== null) this.chunks.finish(finish);
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Has it run before? */
  get admitted(): boolean {
    return this.#admitted;
  }

  /** Tokens to compute before the next draw. */
  get remaining(): number {
    return this.tokens.length - this.#computed;
  }

  get decoding(): boolean {
    return this.remaining === 1;
  }

  /** The next draw waits for allowTokens. */
  get blocked(): boolean {
    return this.request.masked && this.#mask === null;
  }

  goesBefore(other: SimulatedSequence): boolean {
    const byPriority = this.request.priority - other.request.priority;
    return byPriority < 0 || (byPriority === 0 && this.#arrival < other.#arrival);
  }

  abort(): void {
    if (this.chunks.ended) return;
    this.#aborted = true;
    this.#onChange();
  }

  allowTokens(index: number, mask: Uint32Array): void {
    const words = Math.ceil(this.#options.vocab / 32);
    if (!(mask instanceof Uint32Array) || mask.length !== words) {
      throw new EngineFailure("invalid_request", `the mask must have ${words} words`);
    }
    if (!this.#allowsAny(mask)) {
      throw new EngineFailure("invalid_request", "the mask allows no token");
    }
    if (this.chunks.ended || !this.request.masked || index !== this.chunks.index) return;
    this.#mask = mask.slice();
    this.#onChange();
  }

  admit(table: BlockTable): void {
    this.#table = table;
    this.#computed = table.cachedTokens;
    if (!this.#admitted) {
      this.chunks.addCached(Math.min(table.cachedTokens, this.request.prompt.length));
    }
    this.#admitted = true;
  }

  reserve(tokens: number): boolean {
    return this.#table?.reserve(this.#computed + tokens) ?? false;
  }

  /** Gives its blocks back; what was computed must be computed again. */
  preempt(): void {
    this.#table?.close();
    this.#table = null;
    this.#computed = 0;
  }

  /** How many of those `tokens` are of the prompt. */
  promptPart(tokens: number): number {
    return Math.max(0, Math.min(tokens, this.request.prompt.length - this.#computed));
  }

  /** True when that reached the end of its tokens, and the next one was drawn. */
  compute(tokens: number): boolean {
    this.#computed += tokens;
    this.#table?.fill(this.tokens, this.#computed);
    if (this.remaining > 0) return false;
    const { tokenId, logprobs } = this.#context.draw(this.#mask);
    this.#mask = null;
    this.tokens.push(tokenId);
    this.chunks.addToken(tokenId, logprobs);
    const finish = this.#finishAfter(tokenId);
    if (finish !== null) this.#close(() => this.chunks.finish(finish));
    return true;
  }

  end(reason: FinishReason): void {
    this.#close(() => this.chunks.finish(reason));
    this.chunks.flush();
  }

  fail(failure: EngineFailure): void {
    if (!this.chunks.ended) this.#close(() => this.chunks.fail(failure));
    this.chunks.flush();
  }

  #close(end: () => void): void {
    end();
    this.#table?.close();
    this.#table = null;
  }

  #finishAfter(tokenId: number): FinishReason | null {
    const { stopIds, ignoreEos, maxTokens } = this.request.sampling;
    if (stopIds.includes(tokenId)) return "stop";
    if (!ignoreEos && this.#options.eosIds.includes(tokenId)) return "stop";
    return this.chunks.index >= maxTokens ? "length" : null;
  }

  /** Bits beyond the vocabulary do not count. */
  #allowsAny(mask: Uint32Array): boolean {
    const { vocab } = this.#options;
    return mask.some((word, at) => {
      const bits = vocab - 32 * at;
      return (bits >= 32 ? word : word & (2 ** bits - 1)) !== 0;
    });
  }
}
