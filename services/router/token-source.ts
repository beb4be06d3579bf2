// What the front doors (OpenAI HTTP, gRPC) ask of the router's middle: one request's tokens as one
// stream, whichever workers compute them.
//
//   T1. Chunks are consecutive in `index`; no token is lost, repeated or changed, whatever dies.
//   T2. A stream ends by a chunk with `finish`, or by a Failure; never by silence.
//   T3. A consumer that stops reading holds nobody up; leaving the loop aborts the request.

import type { RequestClass } from "./core/request-class.ts";

/** Token ids only; complete: null stands for none. */
export interface TokenRequest {
  /** Unique; workers and logs know the request by it. */
  readonly id: string;
  /** Whose it is; namespaces share the router's queue. */
  readonly namespace: string;
  readonly model: string;
  readonly promptIds: readonly number[];
  /** Output that the client has already had: the stream goes on after it. */
  readonly resumeIds: readonly number[];
  readonly sampling: TokenSampling;
  /** Requests with another salt share no cached block. */
  readonly cacheSalt: string;
  readonly priority: RequestClass;
  /** Requests of one session go to one worker while that one is well; null: no wish. */
  readonly session: string | null;
  /** Says before every draw what may be drawn; null: everything. */
  readonly mask: MaskSource | null;
  /** An attempt has ended that was at a worker for so long; null: nobody counts. */
  readonly onWorked: ((workedMs: number) => void) | null;
}

/** What is null is what the model proposes, then the usual default. */
export interface TokenSampling {
  readonly temperature: number | null;
  readonly topK: number | null;
  readonly topP: number | null;
  readonly minP: number | null;
  readonly repetitionPenalty: number | null;
  readonly presencePenalty: number | null;
  readonly frequencyPenalty: number | null;
  readonly logitBias: readonly { readonly tokenId: number; readonly bias: number }[];
  readonly stopIds: readonly number[];
  readonly ignoreEos: boolean;
  readonly minTokens: number;
  /** Resumed tokens included; null: what the context leaves. */
  readonly maxTokens: number | null;
  readonly seed: number;
  readonly logprobs: number | null;
}

/** A grammar's answer; replayed over resumed tokens by whoever makes one. */
export interface MaskSource {
  /** Bit t % 32 of word t / 32 is token t, after the output `ids`. Null: the output is complete. */
  maskAfter(ids: readonly number[]): Promise<Uint32Array | null>;
}

export interface TokenChunk {
  /** Of the first token in the request's output, resumed tokens counted. */
  readonly index: number;
  readonly tokenIds: readonly number[];
  /** One per token id, or null. */
  readonly logprobs: readonly ChunkLogprobs[] | null;
  /** Prompt tokens read from the prefix cache; once. */
  readonly cachedTokens: number | null;
  readonly finish: "stop" | "length" | null;
}

export interface ChunkLogprobs {
  readonly logprob: number;
  readonly alternatives: readonly { readonly tokenId: number; readonly logprob: number }[];
}

export interface TokenSource {
  /**
   * Throws Failure: INVALID and NOT_FOUND are the request's fault, FULL carries `retryAfterMs`,
   * UNAVAILABLE says that no worker can go on with it.
   */
  open(request: TokenRequest, signal: AbortSignal): AsyncIterable<TokenChunk>;
  /** The same for who reads at moments of its own. `onNews`: take() may have something. */
  attach(request: TokenRequest, onNews: () => void): TokenReader;
}

export interface TokenReader {
  /**
   * All that has come since the last call, as one chunk; null: nothing. Throws how the stream
   * failed. After a chunk with `finish` there is nothing more to take.
   */
  take(): TokenChunk | null;
  /** Nothing more is wanted, or all of it was had; to be called once, in any case. */
  leave(): void;
}

/** A model that some worker serves. */
export interface ServedModel {
  readonly name: string;
  readonly contextMax: number;
  readonly vocab: number;
  readonly eosIds: readonly number[];
  /** Since when, in seconds since 1970. */
  readonly created: number;
  /** `absent`: it was served, and no worker of it is here now. */
  readonly state: "loading" | "ready" | "draining" | "absent";
  readonly workers: number;
  /** Whether a worker of it takes token masks. */
  readonly masks: boolean;
  /** Null: the model came without a tokenizer; only token ids are taken. */
  readonly tokenizer: TokenizerFiles | null;
}

/** By name, as in a Hugging Face folder; `sha256` over all of them. */
export interface TokenizerFiles {
  readonly sha256: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface ModelCatalog {
  models(): readonly ServedModel[];
  /** Null: none of that name. */
  model(name: string): ServedModel | null;
}
