// One request at a server of somebody else's: calls until it has ended, tokens into chunks.
//
//   Q1. It ends exactly once, whatever the server says after that.
//   Q2. The ids decide the end as the port has it; the server's word counts beside them.

import type { FinishReason, GenerateRequest } from "../engine.ts";
import { EngineFailure } from "../errors.ts";
import { MergedChunks } from "../merged-chunks.ts";
import type { Call, Conversation, Drawn } from "./dialect.ts";

export interface SequenceWorld {
  readonly vocab: number;
  readonly eosIds: readonly number[];
  readonly events: (call: Call, signal: AbortSignal) => AsyncIterable<unknown>;
  /** An event with so many tokens came. */
  readonly onEvent: (tokens: number) => void;
}

export class HttpSequence {
  readonly request: GenerateRequest;
  readonly chunks: MergedChunks;
  /** Resumed tokens included. */
  readonly output: number[];
  readonly arrival: number;
  /** To the server, by the engine's clock. */
  sentAtMs = Infinity;
  readonly #world: SequenceWorld;
  readonly #onAbort: () => void;
  readonly #cut = new AbortController();
  #cachedTokens: number | null = null;
  #drawn = 0;

  /** `onAbort` hears of an abort before it ran to its end. */
  constructor(
    world: SequenceWorld,
    request: GenerateRequest,
    arrival: number,
    onAbort: (sequence: HttpSequence) => void,
  ) {
    this.request = request;
    this.arrival = arrival;
    this.output = [...request.resume];
    this.#world = world;
    this.#onAbort = () => onAbort(this);
    const withLogprobs = request.sampling.logprobs !== null;
    this.chunks = new MergedChunks(request.resume.length, withLogprobs, () => this.abort());
    const last = request.resume.at(-1);
    const finish = last === undefined ? null : this.#finishAfter(last);
    if (finish !== null) this.chunks.finish(finish);
  }

  /** Nothing of it was drawn here yet. */
  get prefilling(): boolean {
    return this.#drawn === 0;
  }

  get cachedTokens(): number {
    return this.#cachedTokens ?? 0;
  }

  get tokens(): number {
    return this.request.prompt.length + this.output.length;
  }

  goesBefore(other: HttpSequence): boolean {
    const byPriority = this.request.priority - other.request.priority;
    return byPriority < 0 || (byPriority === 0 && this.arrival < other.arrival);
  }

  abort(): void {
    if (this.chunks.ended) return;
    this.end("aborted");
    this.#onAbort();
  }

  end(reason: FinishReason): void {
    if (!this.chunks.ended) this.chunks.finish(reason);
    this.#close();
  }

  fail(failure: EngineFailure): void {
    if (!this.chunks.ended) this.chunks.fail(failure);
    this.#close();
  }

  /** Resolves when it has ended. Never rejects. */
  async run(conversation: Conversation): Promise<void> {
    try {
      while (!this.chunks.ended) await this.#call(conversation);
    } catch (reason) {
      this.fail(EngineFailure.from(reason));
    } finally {
      conversation.close();
    }
  }

  async #call(conversation: Conversation): Promise<void> {
    const call = conversation.next(this.output);
    const before = this.#drawn;
    let end: FinishReason | null = null;
    for await (const event of this.#world.events(call, this.#cut.signal)) {
      const drawn = conversation.read(event);
      this.#world.onEvent(drawn.tokenIds.length);
      end = this.#take(drawn) ?? end;
      // What comes after the server's own end tells what was cached, and ends by itself.
      if (this.chunks.ended || (end !== null && drawn.end === null)) break;
    }
    if (end !== null) return this.end(end);
    if (this.chunks.ended) return;
    if (call.streams) throw broken("ended without saying why the request had");
    if (this.#drawn === before) throw broken("drew nothing");
  }

  /** How the request has ended with what was drawn; null: it goes on. */
  #take(drawn: Drawn): FinishReason | null {
    const { tokenIds, logprobs, cachedTokens } = drawn;
    if (cachedTokens !== null && this.#cachedTokens === null) {
      this.#cachedTokens = Math.min(cachedTokens, this.request.prompt.length);
      this.chunks.addCached(this.#cachedTokens);
    }
    const asked = this.request.sampling.logprobs !== null;
    let end: FinishReason | null = null;
    for (const [at, id] of tokenIds.entries()) {
      if (!Number.isInteger(id) || id < 0 || id >= this.#world.vocab) {
        throw broken(`drew ${String(id)}: no token of a vocabulary of ${this.#world.vocab}`);
      }
      const logprob = logprobs?.[at] ?? null;
      if (asked && logprob === null) throw broken("left out log-probabilities");
      this.output.push(id);
      this.#drawn += 1;
      this.chunks.addToken(id, logprob);
      end = this.#finishAfter(id);
      if (end !== null) break;
    }
    this.chunks.flush();
    return end ?? drawn.end;
  }

  #finishAfter(id: number): FinishReason | null {
    const { stopIds, ignoreEos, maxTokens } = this.request.sampling;
    if (stopIds.includes(id)) return "stop";
    if (!ignoreEos && this.#world.eosIds.includes(id)) return "stop";
    return this.output.length >= maxTokens ? "length" : null;
  }

  #close(): void {
    this.#cut.abort();
    this.chunks.flush();
  }
}

function broken(what: string): EngineFailure {
  return new EngineFailure("internal", `the server ${what}`);
}
