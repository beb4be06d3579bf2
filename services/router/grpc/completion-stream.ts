// One output's tokens as messages, at the pace its caller reads.
//
// State: what its caller has had, and whether it is behind.
//
//   M1. Messages follow each other without gaps in `first_index`; the last has `finish`.
//   M2. A caller that is behind gets what came meanwhile as one message; one that reads nothing for
//       READER_MS is cut off.
//   M3. However it ends, the source is told once that nobody reads any more.

import type { Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import { InferenceService } from "#proto/services.ts";
import { signalbox } from "#proto/signalbox.js";
import type { ChoiceText, TokenLogprob } from "../openai/choice-text.ts";
import { READER_MS } from "../openai/event-stream.ts";
import type { TurnQueue } from "../wire/turn-queue.ts";
import type { ChunkLogprobs, TokenChunk, TokenReader } from "../token-source.ts";
import type { TokenMessageWriter } from "./token-message.ts";
import type { Exchange } from "./call-server.ts";

type Message = signalbox.inference.v1.ICompleteResponse;

const { FinishReason } = signalbox.inference.v1;

export interface CompletionStreamOptions {
  readonly exchange: Exchange;
  readonly turns: TurnQueue;
  readonly writer: TokenMessageWriter;
  readonly timers: Timers;
  readonly started: signalbox.inference.v1.IStarted;
  /** How many tokens the caller had before. */
  readonly resumed: number;
  /** Null: only ids are wanted, and no text ends them. */
  readonly text: ChoiceText | null;
  /** Whether messages have the text: a stop text is looked for without, too. */
  readonly withText: boolean;
}

export class CompletionStream {
  readonly #options: CompletionStreamOptions;
  readonly #over = Promise.withResolvers<void>();
  #reader: TokenReader | null = null;
  #started = false;
  /** Made once: a token is due in every turn. */
  readonly #onTurn = (): void => {
    this.#due = false;
    this.#pump();
  };
  #due = false;
  #behind = false;
  #cancelCut: (() => void) | null = null;
  /** The output so far, resumed tokens counted. */
  #tokens: number;
  #ended = false;

  constructor(options: CompletionStreamOptions) {
    this.#options = options;
    this.#tokens = options.resumed;
    options.exchange.onWritable = () => this.#onWritable();
  }

  /** Settles when the last message was sent; rejects with how the stream failed. */
  async run(attach: (onNews: () => void) => TokenReader): Promise<void> {
    const { signal } = this.#options.exchange;
    const onAbort = (): void => this.#over.reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    try {
      this.#reader = attach(() => this.#onNews());
      this.#onNews();
      await this.#over.promise;
    } finally {
      this.#ended = true;
      this.#cancelCut?.();
      signal.removeEventListener("abort", onAbort);
      this.#reader?.leave();
    }
  }

  /** The output was whole before: there is nothing to draw. */
  endAtOnce(finish: "stop" | "length", stoppedBy: string | null): void {
    this.#send({ firstIndex: this.#tokens }, finish, stoppedBy);
    this.#ended = true;
  }

  #onNews(): void {
    if (this.#due || this.#behind || this.#ended) return;
    this.#due = true;
    this.#options.turns.push(this.#onTurn);
  }

  #pump(): void {
    try {
      while (!this.#ended && !this.#behind) {
        const chunk = this.#reader?.take() ?? null;
        if (chunk === null) return;
        if (!this.#onChunk(chunk)) continue;
        this.#ended = true;
        this.#over.resolve();
      }
    } catch (reason) {
      this.#ended = true;
      this.#over.reject(reason);
    }
  }

  /** True when it was the last. */
  #onChunk(chunk: TokenChunk): boolean {
    const { exchange, text } = this.#options;
    const { outcome } = exchange.desk;
    if (chunk.cachedTokens !== null) outcome.cachedTokens = chunk.cachedTokens;
    if (chunk.tokenIds.length > 0) exchange.desk.onTokens();
    const firstIndex = this.#tokens;
    if (text === null) {
      this.#tokens += chunk.tokenIds.length;
      if (this.#started && chunk.finish === null && chunk.logprobs === null) {
        this.#sendIds(firstIndex, chunk.tokenIds);
        return false;
      }
      const logprobs = chunk.logprobs === null ? {} : { logprobs: chunk.logprobs.map(wireOf) };
      this.#send({ firstIndex, tokenIds: chunk.tokenIds as number[], ...logprobs }, chunk.finish);
      return chunk.finish !== null;
    }
    text.onChunk(chunk);
    const delta = text.take({ tokenIds: true });
    this.#tokens += delta?.tokenIds.length ?? 0;
    const finish = text.finish === null ? null : text.finish === "length" ? "length" : "stop";
    const said = this.#options.withText ? { text: delta?.text ?? "" } : {};
    const { stopReason } = text;
    this.#send(
      {
        ...{ firstIndex, tokenIds: [...(delta?.tokenIds ?? [])], ...said },
        ...(delta?.logprobs == null ? {} : { logprobs: delta.logprobs.map(wireOf) }),
      },
      finish,
      typeof stopReason === "string" ? stopReason : null,
    );
    return finish !== null;
  }

  #sendIds(firstIndex: number, tokenIds: readonly number[]): void {
    const { exchange, resumed, writer } = this.#options;
    exchange.desk.outcome.completionTokens = this.#tokens - resumed;
    const bytes =
      writer.write(firstIndex, tokenIds) ??
      InferenceService.complete.responseSerialize({ firstIndex, tokenIds: tokenIds as number[] });
    if (!exchange.send(bytes)) this.#onBehind();
  }

  #send(message: Message, finish: "stop" | "length" | null, stoppedBy: string | null = null): void {
    const { exchange, resumed, started } = this.#options;
    const { outcome } = exchange.desk;
    outcome.completionTokens = this.#tokens - resumed;
    if (!this.#started) message.started = started;
    this.#started = true;
    if (finish !== null) {
      outcome.finish = finish;
      const { FINISH_REASON_LENGTH, FINISH_REASON_STOP } = FinishReason;
      message.finish = finish === "length" ? FINISH_REASON_LENGTH : FINISH_REASON_STOP;
      message.usage = {
        ...{ promptTokens: outcome.promptTokens, cachedTokens: outcome.cachedTokens },
        completionTokens: outcome.completionTokens,
      };
      if (stoppedBy !== null) message.stoppedBy = stoppedBy;
    }
    const bytes = InferenceService.complete.responseSerialize(message);
    if (!exchange.send(bytes) && finish === null) this.#onBehind();
  }

  #onBehind(): void {
    this.#behind = true;
    this.#cancelCut = this.#options.timers.after(READER_MS, () => {
      const said = `the client has read nothing for ${READER_MS / 1000} s`;
      this.#over.reject(new Failure("CANCELLED", said));
    });
  }

  #onWritable(): void {
    if (!this.#behind) return;
    this.#behind = false;
    this.#cancelCut?.();
    this.#cancelCut = null;
    this.#onNews();
  }
}

function wireOf(one: ChunkLogprobs | TokenLogprob): signalbox.inference.v1.ITokenLogprobs {
  return { logprob: one.logprob, alternatives: [...one.alternatives] };
}
