// One streamed answer, as its events come: when content came, how many tokens it had by the
// endpoint's own count, whether it is whole. Pure: time comes in as `nowMs`.
//
// State: what has come.
//
//   R1. An answer is whole when [DONE] came after content, and no error event before it.
//   R2. A chunk counts when it brings something a reader would see (text, reasoning, a tool call)
//       or token ids; the opening chunk with a role alone does not.

import { EventLines } from "./event-lines.ts";

interface Chunk {
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly text?: string | null;
    readonly token_ids?: readonly number[] | null;
    readonly delta?: {
      readonly content?: string | null;
      readonly reasoning?: string | null;
      readonly reasoning_content?: string | null;
      readonly tool_calls?: readonly unknown[] | null;
    };
  }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  } | null;
}

export class AnswerReader {
  readonly chunkMs: number[] = [];
  readonly #events = new EventLines();
  readonly #texts: string[] = [];
  #tokenIds = 0;
  #usage: Chunk["usage"] = null;
  #done = false;
  #error: string | null = null;

  push(piece: string, nowMs: number): void {
    for (const payload of this.#events.push(piece)) this.#onEvent(payload, nowMs);
  }

  get text(): string {
    return this.#texts.join("");
  }

  /** Ids that came, where they were asked for. */
  get tokenIds(): number {
    return this.#tokenIds;
  }

  /** Null: the answer is whole. To be asked when nothing comes any more. */
  get error(): string | null {
    if (this.#error !== null) return this.#error;
    if (!this.#done) return "cut short";
    return this.chunkMs.length === 0 ? "empty answer" : null;
  }

  /** What the endpoint said; chunks where it said nothing of the output. */
  tokens(): {
    readonly promptTokens: number;
    readonly cachedTokens: number | null;
    readonly outputTokens: number;
    readonly counted: "usage" | "chunks";
  } {
    const said = this.#usage?.completion_tokens;
    return {
      promptTokens: this.#usage?.prompt_tokens ?? 0,
      cachedTokens: this.#usage?.prompt_tokens_details?.cached_tokens ?? null,
      outputTokens: said ?? this.chunkMs.length,
      counted: said === undefined ? "chunks" : "usage",
    };
  }

  #onEvent(payload: string, nowMs: number): void {
    if (payload === "[DONE]") {
      this.#done = true;
      return;
    }
    let chunk: Chunk;
    try {
      chunk = JSON.parse(payload) as Chunk;
    } catch {
      this.#error ??= "not JSON";
      return;
    }
    if (chunk.error !== undefined) this.#error ??= "error event";
    this.#usage = chunk.usage ?? this.#usage;
    let seen = false;
    for (const { text, delta, token_ids: ids } of chunk.choices ?? []) {
      const said = text ?? delta?.content ?? "";
      const thought = delta?.reasoning ?? delta?.reasoning_content ?? "";
      const calls = delta?.tool_calls?.length ?? 0;
      seen ||= said !== "" || thought !== "" || calls > 0 || (ids?.length ?? 0) > 0;
      this.#texts.push(said);
      this.#tokenIds += ids?.length ?? 0;
    }
    if (seen) this.chunkMs.push(nowMs);
  }
}
