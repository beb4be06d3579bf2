// What differs between the servers of others: how each is asked, what it answers, and what it
// cannot do. One small file for each kind (vllm.ts, sglang.ts, llama-server.ts), all of them in
// dialects.ts; the engine around them (http-engine.ts) is the same. docs/guides/engines.md says how
// to add one.

import type { Capabilities, GenerateRequest, TokenLogprobs } from "../engine.ts";
import type { Samples } from "./samples.ts";

/** GET of a path as JSON. Throws EngineFailure where the answer is another status than 200. */
export type AskServer = (path: string) => Promise<unknown>;

/** One kind of server, with what is remembered of the one that is talked to. */
export interface Dialect {
  readonly healthPath: string;
  readonly metricsPath: string;
  /** Of a server whose health is good, and whose model ends with `eosIds`. */
  describe(ask: AskServer, eosIds: readonly number[]): Promise<ServerFacts>;
  /** Known after describe(). */
  readonly capabilities: Capabilities;
  /** The field that cannot be done, and why, as a sentence; null: all of it can. */
  refusal(request: GenerateRequest): string | null;
  /** One for each request that runs. */
  open(request: GenerateRequest): Conversation;
  loadOf(samples: Samples): ServerLoad;
}

/** What a server says of itself; null where it does not. */
export interface ServerFacts {
  /** As it calls its model. */
  readonly model: string;
  /** Kind and version. */
  readonly build: string;
  readonly contextMax: number | null;
  /** Requests decoded at once. */
  readonly sequencesMax: number | null;
  /** Tokens of all requests together that its cache holds. */
  readonly cacheTokens: number | null;
  readonly parameters: number | null;
}

/** From its metrics, all clients together; null where it does not say. */
export interface ServerLoad {
  readonly running: number | null;
  readonly waiting: number | null;
  /** Share of the cache in use, 0 to 1. */
  readonly cacheUsage: number | null;
  /** Moves with every step of its engine. */
  readonly motion: number | null;
  readonly cacheTokens: number | null;
}

export interface Conversation {
  /** The call that draws on behind `output`, resumed tokens included. */
  next(output: readonly number[]): Call;
  /** One event of its answer. Throws EngineFailure for an error that the server tells there. */
  read(event: unknown): Drawn;
  /** After the last call. */
  close(): void;
}

export interface Call {
  readonly path: string;
  readonly body: object;
  /**
   * True: server-sent events until the request ends. False: one JSON document with some tokens, and
   * where those do not end the request another call comes.
   */
  readonly streams: boolean;
}

export interface Drawn {
  readonly tokenIds: readonly number[];
  /** One for each token id, where they were asked for. */
  readonly logprobs: readonly TokenLogprobs[] | null;
  readonly cachedTokens: number | null;
  /** The server's word that the request has ended; more events may come that carry no token. */
  readonly end: "stop" | "length" | null;
}

export const NOTHING_DRAWN: Drawn = {
  tokenIds: [],
  logprobs: null,
  cachedTokens: null,
  end: null,
};
