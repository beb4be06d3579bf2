// The engine of native/ behind the port: its model is decoded by threads of its own, and this side
// hears of each step once, however many requests it moved.
//
//   N1. Every request that the addon took in is in #live until its end was heard, or until the
//       engine is closed, which ends those that are left.
//   N2. Nothing of the caller's runs inside the addon's call: what it awaits is settled, and its
//       callbacks are queued.

import {
  buildOf,
  kernelsOf,
  requireAddon,
  type Addon,
  type AddonFacts,
  type AddonHandle,
  type AddonNews,
  type AddonOptions,
  type AddonRequest,
  type AddonSummary,
} from "./binding.ts";
import { ALL_CAPABILITIES } from "./capabilities.ts";
import type {
  Chunk,
  Engine,
  EngineEnd,
  EngineOptions,
  EngineStats,
  FinishReason,
  GenerateRequest,
  Generation,
  KvEvent,
  LoadProgress,
  ModelSummary,
  PartialRequest,
  TokenIds,
} from "./engine.ts";
import { EngineFailure, isEngineErrorCode } from "./errors.ts";
import { completeOptions, type LoadOptions } from "./load-options.ts";
import { MergedChunks } from "./merged-chunks.ts";
import { readOutputs, type OutputRecord } from "./output-batch.ts";
import { checkRequest, completeRequest } from "./request.ts";

export interface LoadWatch {
  /** Called now and then while loading, with the latest. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Cancels loading at its next sign of progress: `unavailable`. */
  readonly signal?: AbortSignal;
}

/**
 * Loads a model off the JavaScript thread. Rejects with EngineFailure: `unavailable` where there is
 * no addon (its message is whyNoEngine()) or loading was cancelled, `invalid_request` for an
 * option, and what native/core/error.h says of a model's folder.
 */
export async function loadEngine(options: LoadOptions, watch: LoadWatch = {}): Promise<Engine> {
  const complete = completeOptions(options);
  const { addon, facts, path } = requireAddon();
  if (watch.signal?.aborted === true) throw cancelled(complete.folder);
  const engine = new NativeEngine(addon, facts, path, complete, watch);
  const onAbort = (): void => void engine.unload();
  watch.signal?.addEventListener("abort", onAbort);
  try {
    await engine.loaded;
    return engine;
  } finally {
    watch.signal?.removeEventListener("abort", onAbort);
  }
}

/**
 * Checks a folder as loading would, without keeping it: every tensor's name, shape and dtype. Off
 * the JavaScript thread. Rejects like loadEngine.
 */
export async function checkModelFolder(folder: string): Promise<ModelSummary> {
  const { addon, path } = requireAddon();
  try {
    return parseSummary(folder, buildOf(path), await addon.checkModel(folder));
  } catch (reason) {
    throw EngineFailure.from(reason);
  }
}

/**
 * Opens a CUDA device as loading would, and closes it again; off the JavaScript thread. Rejects
 * with EngineFailure: `unavailable`, "no CUDA device: " and why.
 */
export async function checkDevice(device: string): Promise<void> {
  const { addon, path } = requireAddon();
  try {
    await addon.checkDevice(device, kernelsOf(path));
  } catch (reason) {
    throw EngineFailure.from(reason);
  }
}

class NativeEngine implements Engine {
  readonly ended: Promise<EngineEnd>;
  /** Rejects when loading fails. */
  readonly loaded: Promise<void>;
  readonly #addon: Addon;
  readonly #facts: AddonFacts;
  readonly #build: string;
  readonly #options: EngineOptions;
  readonly #handle: AddonHandle;
  readonly #onProgress: ((progress: LoadProgress) => void) | null;
  readonly #live = new Map<number, NativeGeneration>();
  readonly #loading = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<EngineEnd>();
  readonly #closed = Promise.withResolvers<void>();
  #model: ModelSummary | null = null;
  #lastId = 0;
  #unloading = false;

  constructor(
    addon: Addon,
    facts: AddonFacts,
    path: string,
    options: EngineOptions,
    watch: LoadWatch,
  ) {
    this.#addon = addon;
    this.#facts = facts;
    this.#build = buildOf(path);
    this.#options = options;
    this.#onProgress = watch.onProgress ?? null;
    this.ended = this.#end.promise;
    this.loaded = this.#loading.promise;
    this.#handle = native(() =>
      addon.load(addonOptions(options, path), (news) => this.#onNews(news)),
    );
  }

  get model(): ModelSummary {
    if (this.#model === null) throw new EngineFailure("unavailable", "the engine is still loading");
    return this.#model;
  }

  generate(given: PartialRequest): Generation {
    const request = completeRequest(given, this.model.defaults);
    checkRequest(request, this.model.shape.vocab);
    const id = (this.#lastId += 1);
    native(() => this.#addon.submit(this.#handle, addonRequest(id, request)));
    const generation = new NativeGeneration(this.#addon, this.#handle, id, request);
    this.#live.set(id, generation);
    return generation;
  }

  stats(): EngineStats {
    return native(() => this.#addon.stats(this.#handle));
  }

  kvEvents(from: number): readonly KvEvent[] {
    return native(() => this.#addon.kvEvents(this.#handle, from));
  }

  clearPrefixCache(): void {
    native(() => this.#addon.clearPrefixCache(this.#handle));
  }

  unload(): Promise<void> {
    if (!this.#unloading) {
      this.#unloading = true;
      this.#addon.unload(this.#handle);
    }
    return this.#closed.promise;
  }

  #onNews(news: AddonNews): void {
    if (news.progress !== null) this.#tellProgress(news.progress);
    if (news.loaded !== null) {
      this.#model = parseSummary(this.#options.folder, this.#build, news.loaded);
      this.#loading.resolve();
    }
    if (news.failure !== null) this.#loading.reject(EngineFailure.from(news.failure));
    if (news.outputs !== null) this.#onOutputs(news.outputs);
    if (news.closed) this.#onClosed();
  }

  #tellProgress(progress: LoadProgress): void {
    const onProgress = this.#onProgress;
    if (onProgress !== null) queueMicrotask(() => onProgress(progress));
  }

  #onOutputs(outputs: ArrayBuffer): void {
    const touched = new Set<NativeGeneration>();
    let failure: EngineFailure | null = null;
    readOutputs(outputs, (record) => {
      const generation = this.#live.get(record.request);
      // It failed here already: its records were not in order.
      if (generation === undefined) return;
      const error = generation.onRecord(record, this.#facts);
      failure ??= error;
      touched.add(generation);
      if (generation.ended) this.#live.delete(record.request);
    });
    for (const generation of touched) generation.flush();
    if (failure !== null) this.#onRequestFailed(failure);
  }

  /** A request fails with the engine; the engine says why. */
  #onRequestFailed({ code }: EngineFailure): void {
    if (this.#unloading) return;
    const { failure } = this.stats();
    if (failure === null) return;
    this.#end.resolve({ kind: "failed", failure: new EngineFailure(code, failure) });
  }

  #onClosed(): void {
    this.#unloading = true;
    this.#loading.reject(cancelled(this.#options.folder));
    for (const generation of this.#live.values()) generation.onClosed();
    this.#live.clear();
    this.#end.resolve({ kind: "unloaded" });
    this.#closed.resolve();
  }
}

class NativeGeneration implements Generation {
  readonly #addon: Addon;
  readonly #handle: AddonHandle;
  readonly #id: number;
  readonly #withLogprobs: boolean;
  readonly #chunks: MergedChunks;
  #first = true;

  constructor(addon: Addon, handle: AddonHandle, id: number, request: GenerateRequest) {
    this.#addon = addon;
    this.#handle = handle;
    this.#id = id;
    this.#withLogprobs = request.sampling.logprobs !== null;
    this.#chunks = new MergedChunks(request.resume.length, this.#withLogprobs, () => this.abort());
  }

  get ended(): boolean {
    return this.#chunks.ended;
  }

  abort(): void {
    this.#whileLive(() => this.#addon.abort(this.#handle, this.#id));
  }

  allowTokens(index: number, mask: Uint32Array): void {
    this.#whileLive(() => this.#addon.allowTokens(this.#handle, this.#id, index, mask));
  }

  [Symbol.asyncIterator](): AsyncIterator<Chunk, undefined> {
    return this.#chunks[Symbol.asyncIterator]();
  }

  flush(): void {
    this.#chunks.flush();
  }

  /** The failure with which the record ended the request; null otherwise. */
  onRecord(record: OutputRecord, facts: AddonFacts): EngineFailure | null {
    const chunks = this.#chunks;
    if (this.#first) chunks.addCached(record.cachedTokens);
    this.#first = false;
    if (record.index >= 0) {
      if (record.index !== chunks.index) {
        return this.#fail("internal", `token ${record.index} came where ${chunks.index} was due`);
      }
      const { logprob, alternatives } = record;
      chunks.addToken(record.tokenId, this.#withLogprobs ? { logprob, alternatives } : null);
    }
    const finish = facts.finishReasons[record.finish];
    if (finish === "error") return this.#fail(facts.errorCodes[record.error], record.message);
    if (finish !== "none") chunks.finish(finish as FinishReason);
    return null;
  }

  /** The engine is gone and did not say how this request ended. */
  onClosed(): void {
    this.#chunks.finish("aborted");
    this.#chunks.flush();
  }

  #fail(code: string | undefined, message: string): EngineFailure {
    const failure = new EngineFailure(isEngineErrorCode(code) ? code : "internal", message);
    this.#chunks.fail(failure);
    return failure;
  }

  /** A request whose end is heard, or whose engine is going, has nothing more to be told. */
  #whileLive(call: () => void): void {
    if (this.ended) return;
    try {
      native(call);
    } catch (reason) {
      if ((reason as EngineFailure).code !== "unavailable") throw reason;
    }
  }
}

/** Calls into the addon, whose errors carry a code of our table. */
function native<T>(call: () => T): T {
  try {
    return call();
  } catch (reason) {
    throw EngineFailure.from(reason);
  }
}

function cancelled(folder: string): EngineFailure {
  return new EngineFailure("unavailable", `loading ${folder} was cancelled`);
}

function addonOptions(options: EngineOptions, path: string): AddonOptions {
  return {
    ...options,
    kernels: options.kernels ?? kernelsOf(path),
    isa: options.isa ?? "",
    threads: options.threads ?? 0,
    cacheBytes: options.cacheBytes ?? 0,
    contextMax: options.contextMax ?? 0,
    spillFolder: options.spillFolder ?? "",
  };
}

function addonRequest(id: number, request: GenerateRequest): AddonRequest {
  const { logitBias, stopIds, topK, logprobs, ...sampling } = request.sampling;
  return {
    id,
    prompt: int32s(request.prompt),
    resume: int32s(request.resume),
    cacheSalt: request.cacheSalt,
    priority: request.priority,
    masked: request.masked,
    ...sampling,
    topK: topK ?? 0,
    biasTokens: Int32Array.from(logitBias, (it) => it.tokenId),
    biases: Float32Array.from(logitBias, (it) => it.bias),
    stopIds: int32s(stopIds),
    logprobs: logprobs ?? -1,
  };
}

function int32s(ids: TokenIds): Int32Array {
  return ids instanceof Int32Array ? ids : Int32Array.from(ids);
}

function parseSummary(folder: string, build: string, summary: AddonSummary): ModelSummary {
  const { config, facts, contextMax, parameters, waterfall } = summary;
  const { family, eosIds, bosId, temperature, topK, topP, minP, repetitionPenalty } = config;
  const { layers, hidden, intermediate, heads, kvHeads, headDim, vocab, tiedEmbeddings } = config;
  return {
    folder,
    family,
    parameters,
    shape: {
      ...{ layers, hidden, intermediate, heads, kvHeads, headDim, vocab },
      contextMax: config.contextMax,
      tiedEmbeddings,
    },
    contextMax,
    eosIds,
    bosId,
    defaults: { temperature, topK, topP, minP, repetitionPenalty },
    execution: { ...facts, build },
    capabilities: ALL_CAPABILITIES,
    waterfall,
  };
}
