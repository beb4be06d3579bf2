// The engine as TypeScript sees it: one loaded model that turns token ids into token ids. The
// native engine (native-engine.ts), the simulated one (simulated/) and servers of others (http/)
// stand behind this port and pass one conformance suite (conformance.ts).
//
//   E1. A request that was accepted ends exactly once: by a last chunk, or by an EngineFailure.
//   E2. No token is lost, repeated or out of order: chunks are consecutive in `index`.
//   E3. A consumer that is slow or stops reading holds nobody up: what it has not read is merged
//       into one chunk, so memory is bounded by what each request may still produce.
//   E4. What is drawn depends on the model, the sampling options, the tokens before it and (seed,
//       absolute position) alone: a request resumed from emitted ids goes on as it would have.
//       Where `model.capabilities` says otherwise, it goes on behind them, and as it happens.

import type { EngineFailure } from "./errors.ts";

export type WeightDtype = "bf16" | "fp8";
/** `f32` belongs to the reference path (`isa: "reference"`) alone. */
export type KvDtype = "bf16" | "fp8" | "f32";

/**
 * What may be compared bit for bit with what. `portable`: `amx`, `avx512`, `avx2` and `scalar`, the
 * same bits. `native`: an order of its own (`avx512_bf16`, `neon`, a GPU's). `reference`: fp32
 * activations, for tests.
 * `simulated`: no model at all. `outside`: a server of somebody else's computes, and says nothing.
 */
export type Numerics = "portable" | "native" | "reference" | "simulated" | "outside";

export interface Engine {
  readonly model: ModelSummary;
  /** Settles once, when the engine can serve no more: unloaded, or failed. Never rejects. */
  readonly ended: Promise<EngineEnd>;
  /**
   * What a request leaves out is what the model proposes (`model.defaults`), then
   * SAMPLING_DEFAULTS. Throws EngineFailure: `invalid_request` and `never_fits` are the request's
   * fault, `busy` says that `sequencesMax` run and `waitingMax` wait, `unavailable` that the engine
   * has ended. Then the request does not exist.
   */
  generate(request: PartialRequest): Generation;
  /** Throws `unavailable` after unload(). */
  stats(): EngineStats;
  /**
   * What happened to blocks of the prefix cache from sequence number `from` on. Where those events
   * are gone already, the first answer is a `cleared`, and what is cached now follows.
   */
  kvEvents(from: number): readonly KvEvent[];
  /** Drops every cached block that no running request uses. */
  clearPrefixCache(): void;
  /** Ends every request as `aborted` and frees the model. The same promise however often called. */
  unload(): Promise<void>;
}

/** Why an engine serves no more. */
export type EngineEnd =
  | { readonly kind: "unloaded" }
  /** unload() still frees its memory. */
  | { readonly kind: "failed"; readonly failure: EngineFailure };

/**
 * One request's output. Read it once, by `for await`; leaving the loop early aborts the request.
 * When the engine fails, what was drawn before is delivered first, then the iteration throws
 * EngineFailure.
 */
export interface Generation extends AsyncIterable<Chunk> {
  /** Ends the request soon; the last chunk says `aborted`. After the end: nothing. */
  abort(): void;
  /**
   * For requests that are `masked`: the tokens that may be drawn as output `index`. Bit t % 32 of
   * word t / 32 is token t; the length is ceil(vocab / 32). Of another index than the next, or
   * after the end: nothing. Throws `invalid_request` when no bit is set or the length is another.
   */
  allowTokens(index: number, mask: Uint32Array): void;
}

/** What was drawn since the last chunk. */
export interface Chunk {
  /** Of the first token in the request's output, resumed tokens counted. */
  readonly index: number;
  /** Empty only in a last chunk. */
  readonly tokenIds: readonly number[];
  /** One per token id; null when the request asked for none. */
  readonly logprobs: readonly TokenLogprobs[] | null;
  /** Prompt tokens that were read from the prefix cache; on the first chunk that knows. */
  readonly cachedTokens: number | null;
  /** Set on the last chunk: there is none after it. */
  readonly finish: FinishReason | null;
}

/**
 * `stop`: an end-of-sequence or stop id was drawn, and is the last token id. `length`: `maxTokens`
 * or the context is reached. `aborted`: abort() or unload().
 */
export type FinishReason = "stop" | "length" | "aborted";

/** Natural logarithms, of the distribution after penalties, before temperature and filters. */
export interface TokenLogprobs {
  readonly logprob: number;
  /** Most likely first; as many as `logprobs` asked for. */
  readonly alternatives: readonly TokenLogprob[];
}

export interface TokenLogprob {
  readonly tokenId: number;
  readonly logprob: number;
}

/** A prompt, and what differs from the defaults. */
export interface PartialRequest extends Partial<Omit<GenerateRequest, "sampling">> {
  readonly prompt: TokenIds;
  readonly sampling?: Partial<Sampling>;
}

/** Complete: nothing is absent, null stands for none. */
export interface GenerateRequest {
  /** At least one token id, each in [0, vocab). */
  readonly prompt: TokenIds;
  /**
   * Output that another engine has already delivered: decoding goes on after it. When it has ended
   * already, by its last token or its length, so does the request, with an empty chunk.
   */
  readonly resume: TokenIds;
  /** Requests with another salt share no cached block. Empty: shared by all without one. */
  readonly cacheSalt: string;
  /** Lower goes first; equals by arrival. A whole number within int32. */
  readonly priority: number;
  /** Wait for allowTokens before every draw; the sequence sits out steps until then. */
  readonly masked: boolean;
  readonly sampling: Sampling;
}

export type TokenIds = readonly number[] | Int32Array;

export interface Sampling {
  /** 0 to 100. 0 takes the largest logit, the lowest id among equals. */
  readonly temperature: number;
  /** Draw among the k most likely; null: among all. */
  readonly topK: number | null;
  /** Draw among the fewest that together have this probability. (0, 1]; 1: all. */
  readonly topP: number;
  /** Draw among those at least this likely relative to the most likely. [0, 1]; 0: all. */
  readonly minP: number;
  /** Divides positive and multiplies negative logits of tokens seen in prompt or output. > 0. */
  readonly repetitionPenalty: number;
  /** Subtracted from the logits of tokens in the output. -2 to 2. */
  readonly presencePenalty: number;
  /** The same, times how often each is there. -2 to 2. */
  readonly frequencyPenalty: number;
  /** Added to single logits. */
  readonly logitBias: readonly LogitBias[];
  /** End with `stop` when drawn, beside the model's own end-of-sequence ids. */
  readonly stopIds: readonly number[];
  /** Draw the model's end-of-sequence ids like any other token. */
  readonly ignoreEos: boolean;
  /** Output tokens, resumed ones included, before an end-of-sequence or stop id may be drawn. */
  readonly minTokens: number;
  /** Output tokens, resumed ones included, at which the request ends with `length`. */
  readonly maxTokens: number;
  /** 0 to 2^53 - 1. The same seed at the same position draws the same number. */
  readonly seed: number;
  /**
   * Report each token's log-probability beside so many alternatives, 0 to 20; null: none at all.
   */
  readonly logprobs: number | null;
}

export interface LogitBias {
  readonly tokenId: number;
  readonly bias: number;
}

/** How to load and run a model. Complete; ENGINE_DEFAULTS has what a caller leaves out. */
export interface EngineOptions {
  /** A Hugging Face model folder: config.json and safetensors. */
  readonly folder: string;
  /** `cpu`, or `cuda:N`: the Nth CUDA device of this process. */
  readonly device: string;
  /** The folder of the CUDA kernels' machine code; null: where `npm run build:cuda` leaves it. */
  readonly kernels: string | null;
  /** The CPU's path (`amx`, `avx512`, …); null: the fastest portable here, on arm64 `neon`. */
  readonly isa: string | null;
  /** How weights are held; fp8 is quantised while loading. */
  readonly weights: WeightDtype;
  /** How keys and values are held. */
  readonly cache: KvDtype;
  /** Tensor-parallel shards: 1, 2 or 4, each with its own threads. */
  readonly ranks: number;
  /** That compute, of all ranks together; null: the CPUs this process may run on. */
  readonly threads: number | null;
  /** Hold each thread to a CPU of its own, where there are as many as the process may run on. */
  readonly pin: boolean;
  /** Memory for keys and values; null: what contextMax × sequencesMax could use, within memory. */
  readonly cacheBytes: number | null;
  /** Tokens computed in one step at most: prompts are cut into chunks of it. */
  readonly stepTokens: number;
  /** Requests decoded at once. */
  readonly sequencesMax: number;
  /** Requests waiting beside those; one more is refused as `busy`. */
  readonly waitingMax: number;
  /** Tokens of prompt and output together; null: the model's own. */
  readonly contextMax: number | null;
  /** Keep blocks of 32 tokens that ended requests computed, for prompts that begin alike. */
  readonly prefixCache: boolean;
  /** Write cold cached blocks there; null: drop them. */
  readonly spillFolder: string | null;
  /** Bytes of files in spillFolder at most. */
  readonly spillBytes: number;
  /** How late a rank may be at a step before the engine fails as `stalled`. */
  readonly stallMs: number;
}

/** Phases in order: `config`, `weights`, `cache`, `threads`, `ready`. */
export interface LoadProgress {
  readonly phase: string;
  /** Bytes, where the phase has any; else 0. */
  readonly done: number;
  readonly total: number;
  /** Since loading began. */
  readonly seconds: number;
}

export interface ModelSummary {
  readonly folder: string;
  readonly family: string;
  readonly parameters: number;
  readonly shape: ModelShape;
  /** Tokens of prompt and output together that this engine takes. */
  readonly contextMax: number;
  /** Drawing one ends a request with `stop`. */
  readonly eosIds: readonly number[];
  readonly bosId: number | null;
  /** What generation_config.json proposes for requests that leave it out. */
  readonly defaults: SamplingDefaults;
  readonly execution: Execution;
  readonly capabilities: Capabilities;
  /** How long each phase of loading took, in order. */
  readonly waterfall: readonly LoadPhase[];
}

/** What an engine can do beyond drawing tokens. Ours can do all of it. */
export interface Capabilities {
  /** E4 to the last bit; without it `resume` is taken, and what follows it is drawn anew. */
  readonly exactResume: boolean;
  /** The same request with the same seed draws the same tokens. */
  readonly seeds: boolean;
  /** `masked` and allowTokens. */
  readonly masks: boolean;
  readonly logprobs: boolean;
  /** kvEvents and clearPrefixCache. */
  readonly kvEvents: boolean;
  /** What is refused as `invalid_request` beside that, in words that name a request's fields. */
  readonly refuses: readonly string[];
}

/** Counts of the whole model, not of a rank. */
export interface ModelShape {
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  /** max_position_embeddings. */
  readonly contextMax: number;
  readonly tiedEmbeddings: boolean;
}

export interface SamplingDefaults {
  readonly temperature: number | null;
  readonly topK: number | null;
  readonly topP: number | null;
  readonly minP: number | null;
  readonly repetitionPenalty: number | null;
}

/** Outputs agree bit for bit between engines whose model and first five of these agree. */
export interface Execution {
  readonly isa: string;
  readonly numerics: Numerics;
  /** `outside`: as the server that computes was told to. */
  readonly weights: WeightDtype | "outside";
  readonly cache: KvDtype | "outside";
  /**
   * Of what computes: the addon's file by its SHA-256, a server by what it says of itself. Empty:
   * this package alone computes.
   */
  readonly build: string;
  readonly ranks: number;
  readonly threads: number;
  /** Tokens of one step at most. */
  readonly rowsMax: number;
  /** Blocks of 32 tokens in the cache, and the bytes of one on all ranks together. */
  readonly blocks: number;
  readonly blockBytes: number;
  readonly rankBytes: readonly RankBytes[];
}

/** Sharded bytes of all ranks sum to one rank's; replicated ones do not. */
export interface RankBytes {
  readonly shardedWeights: number;
  readonly replicatedWeights: number;
  readonly cache: number;
}

export interface LoadPhase {
  readonly phase: string;
  readonly seconds: number;
}

/** Counts since load unless said otherwise. */
export interface EngineStats {
  /** Steps done; stands still in an engine that hangs. */
  readonly step: number;
  /** Tokens drawn. */
  readonly tokensOut: number;
  /** Prompt tokens computed, and those read from the cache instead, of those looked up. */
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly cacheQueries: number;
  /** Requests now. */
  readonly running: number;
  readonly waiting: number;
  /** Blocks of the cache; `blocksFree` have no owner, `blocksCached` of those hold a prefix. */
  readonly blocks: number;
  readonly blocksFree: number;
  readonly blocksCached: number;
  /** Requests that had to give their blocks back and start again. */
  readonly preemptions: number;
  /** Blocks written to and read from spillFolder. */
  readonly spilled: number;
  readonly restored: number;
  readonly lastStepSeconds: number;
  readonly lastRows: number;
  /** Sums: of whole steps, of the model, of planning, of sampling. */
  readonly stepSeconds: number;
  readonly forwardSeconds: number;
  readonly scheduleSeconds: number;
  readonly sampleSeconds: number;
  /** The sequence number that the next KvEvent will have. */
  readonly kvEventNext: number;
  /** Null while the engine works. */
  readonly failure: string | null;
  readonly team: TeamStats;
}

/** The threads that compute. */
export interface TeamStats {
  readonly threads: number;
  /** Took part in the last step. */
  readonly active: number;
  /** How often a thread was left out because others had to wait for it. */
  readonly shrinks: number;
  readonly sleeps: number;
  readonly waitSeconds: number;
}

/** What happened to one block of the prefix cache. Hashes are 64 bits of the prefix chain's. */
export interface KvEvent {
  readonly sequence: number;
  readonly kind: "stored" | "removed" | "cleared";
  readonly hash: bigint;
  /** The block before it; null: it is the first of its prefix. */
  readonly parent: bigint | null;
  /** Of a stored block. */
  readonly tokenIds: readonly number[];
}
