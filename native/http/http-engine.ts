// A server of somebody else's behind the engine's port: vLLM, SGLang or llama-server, started as a
// child or found by its URL. Token ids go both ways; what it cannot do is refused by name.
//
//   H1. At most `sequencesMax` requests are at the server; the rest wait here, by priority.
//   H2. `step` moves with what the server delivers, or with its own counter; while a prompt is
//       being computed, which shows nothing, its health stands for that.
//   H3. It fails once: its child ended, its health was bad for a while, or nothing moved for
//       `stallMs`. A broken connection fails the requests that were on it.

import type { Clock, Timers } from "#shared/base/clock.ts";
import type {
  Chunk,
  Engine,
  EngineEnd,
  EngineStats,
  GenerateRequest,
  Generation,
  KvEvent,
  ModelSummary,
  PartialRequest,
} from "../engine.ts";
import { EngineFailure } from "../errors.ts";
import { checkRequest, completeRequest } from "../request.ts";
import type { Dialect, ServerLoad } from "./dialect.ts";
import { HttpSequence, type SequenceWorld } from "./http-sequence.ts";
import { Samples } from "./samples.ts";
import type { ServerClient } from "./server-client.ts";
import type { ServerProcess } from "./server-process.ts";

export interface HttpEngineParts {
  readonly dialect: Dialect;
  readonly client: ServerClient;
  /** Null: it runs without us. */
  readonly child: ServerProcess | null;
  readonly model: ModelSummary;
  readonly sequencesMax: number;
  readonly waitingMax: number;
  readonly stallMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** As the port's blocks are (engine.ts, execution.blocks). */
export const BLOCK_TOKENS = 32;
/** Below the time after which a router takes an engine that stands still for hung. */
const POLL_MS = 400;
const HEALTH_MS = 5_000;
/** A server may count a request that was aborted for about a second more. */
const OWN_POLLS = 3;
/** In a row, without a token between them. */
const BAD_HEALTH_MAX = 3;
/** So long a prompt may hold up streams beside it before they are taken to stand still. */
const PREFILL_MS = 10_000;
const LOG_LINES = 5;
const NO_LOAD: ServerLoad = {
  ...{ running: null, waiting: null, cacheUsage: null, motion: null, cacheTokens: null },
};

export class HttpEngine implements Engine {
  readonly model: ModelSummary;
  readonly ended: Promise<EngineEnd>;
  readonly #parts: HttpEngineParts;
  readonly #world: SequenceWorld;
  readonly #end = Promise.withResolvers<EngineEnd>();
  readonly #running = new Set<HttpSequence>();
  /** In order of priority, then arrival. */
  readonly #waiting: HttpSequence[] = [];
  readonly #count = { step: 0, tokensOut: 0, promptTokens: 0, cachedTokens: 0, cacheQueries: 0 };
  readonly #time = { lastStepSeconds: 0, stepSeconds: 0, lastRows: 0 };
  #arrivals = 0;
  /** The last event, or when the server had nothing of ours to do. */
  #eventAtMs: number;
  /** The last event, or step of its counter. */
  #movedAtMs: number;
  #badHealth = 0;
  #load = NO_LOAD;
  /** Of others at the server, when its metrics were read last. */
  #others = 0;
  /** The most that were running between polls, the latest last. */
  #peaks: readonly number[] = [0];
  #cancelPoll: () => void = () => {};
  #state: { readonly kind: "serving" } | EngineEnd = { kind: "serving" };
  #unloaded: Promise<void> | null = null;

  constructor(parts: HttpEngineParts) {
    this.#parts = parts;
    this.model = parts.model;
    this.ended = this.#end.promise;
    this.#eventAtMs = this.#movedAtMs = parts.clock.monotonicMs();
    this.#world = {
      vocab: parts.model.shape.vocab,
      eosIds: parts.model.eosIds,
      events: (call, signal) => parts.client.events(call, signal),
      onEvent: (tokens) => this.#onEvent(tokens),
    };
    void parts.child?.ended.then((how) => this.#onChildEnded(how));
    this.#pollLater();
  }

  generate(given: PartialRequest): Generation {
    this.#checkServing();
    const request = completeRequest(given, this.model.defaults);
    checkRequest(request, this.model.shape.vocab);
    this.#checkCapable(request);
    this.#checkFits(request);
    if (this.#live >= this.#parts.sequencesMax + this.#parts.waitingMax) {
      const why = `${this.#live} requests run or wait already: try again later`;
      throw new EngineFailure("busy", why);
    }
    const sequence = new HttpSequence(this.#world, request, this.#arrivals++, (aborted) => {
      const at = this.#waiting.indexOf(aborted);
      if (at >= 0) this.#waiting.splice(at, 1);
    });
    if (!sequence.chunks.ended) {
      this.#queue(sequence);
      this.#arm();
    }
    return {
      abort: () => sequence.abort(),
      allowTokens: () => this.#refuse("masked", "the server takes no masks"),
      [Symbol.asyncIterator]: (): AsyncIterator<Chunk, undefined> =>
        sequence.chunks[Symbol.asyncIterator](),
    };
  }

  stats(): EngineStats {
    if (this.#state.kind === "unloaded") this.#checkServing();
    const { blocks } = this.model.execution;
    const all = this.#live + this.#others;
    const waiting = Math.min(all, Math.max(this.#waiting.length, this.#load.waiting ?? 0));
    return {
      ...this.#count,
      ...this.#time,
      ...{ running: all - waiting, waiting, blocks, blocksFree: blocks - this.#blocksUsed() },
      ...{ blocksCached: 0, preemptions: 0, spilled: 0, restored: 0 },
      ...{ forwardSeconds: this.#time.stepSeconds, scheduleSeconds: 0, sampleSeconds: 0 },
      kvEventNext: 0,
      failure: this.#state.kind === "failed" ? this.#state.failure.message : null,
      team: { threads: 0, active: 0, shrinks: 0, sleeps: 0, waitSeconds: 0 },
    };
  }

  kvEvents(): readonly KvEvent[] {
    if (this.#state.kind === "unloaded") this.#checkServing();
    return this.#refuse("kvEvents", "the server tells nothing of its cache");
  }

  clearPrefixCache(): void {
    this.#checkServing();
    this.#refuse("clearPrefixCache", "the server keeps its cache by itself");
  }

  unload(): Promise<void> {
    this.#unloaded ??= this.#unload();
    return this.#unloaded;
  }

  /** Requests at the server at once. */
  get sequencesMax(): number {
    return this.#parts.sequencesMax;
  }

  get #live(): number {
    return this.#running.size + this.#waiting.length;
  }

  async #unload(): Promise<void> {
    const wasServing = this.#state.kind === "serving";
    this.#state = { kind: "unloaded" };
    this.#cancelPoll();
    for (const sequence of this.#takeAll()) sequence.end("aborted");
    await this.#parts.child?.stop();
    this.#parts.client.close();
    if (wasServing) this.#end.resolve(this.#state);
  }

  #checkServing(): void {
    if (this.#state.kind === "unloaded") {
      throw new EngineFailure("unavailable", "the engine is unloaded");
    }
    if (this.#state.kind === "failed") {
      throw new EngineFailure("unavailable", `the engine failed: ${this.#state.failure.message}`);
    }
  }

  #checkCapable(request: GenerateRequest): void {
    if (request.masked) this.#refuse("masked", "the server takes no masks");
    const why = this.#parts.dialect.refusal(request);
    if (why !== null) throw new EngineFailure("invalid_request", why);
  }

  #refuse(what: string, why: string): never {
    const wayOut = "a worker with the native engine can";
    throw new EngineFailure("invalid_request", `${what}: ${why}; ${wayOut}`);
  }

  #checkFits({ prompt, sampling }: GenerateRequest): void {
    const { contextMax } = this.model;
    if (prompt.length + sampling.maxTokens <= contextMax) return;
    const needs = `${prompt.length} tokens of prompt and ${sampling.maxTokens} of output`;
    throw new EngineFailure("never_fits", `${needs} are more than the ${contextMax} it takes`);
  }

  #queue(sequence: HttpSequence): void {
    const after = this.#waiting.findIndex((it) => sequence.goesBefore(it));
    this.#waiting.splice(after < 0 ? this.#waiting.length : after, 0, sequence);
  }

  #arm(): void {
    while (this.#state.kind === "serving" && this.#running.size < this.#parts.sequencesMax) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const nowMs = this.#parts.clock.monotonicMs();
      if (this.#running.size === 0) this.#eventAtMs = this.#movedAtMs = nowMs;
      this.#running.add(next);
      const peak = Math.max(this.#peaks.at(-1) ?? 0, this.#running.size);
      this.#peaks = [...this.#peaks.slice(0, -1), peak];
      void this.#run(next, nowMs);
    }
  }

  async #run(sequence: HttpSequence, nowMs: number): Promise<void> {
    sequence.sentAtMs = nowMs;
    await sequence.run(this.#parts.dialect.open(sequence.request));
    if (!sequence.prefilling) {
      const prompt = sequence.request.prompt.length;
      this.#count.cacheQueries += prompt;
      this.#count.cachedTokens += sequence.cachedTokens;
      this.#count.promptTokens += prompt - sequence.cachedTokens;
    }
    this.#running.delete(sequence);
    this.#arm();
  }

  #onEvent(tokens: number): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const seconds = (nowMs - this.#eventAtMs) / 1000;
    this.#eventAtMs = nowMs;
    this.#badHealth = 0;
    this.#time.lastStepSeconds = seconds;
    this.#time.stepSeconds += seconds;
    this.#time.lastRows = tokens;
    this.#count.tokensOut += tokens;
    this.#onMotion();
  }

  #onMotion(): void {
    this.#count.step += 1;
    this.#movedAtMs = this.#parts.clock.monotonicMs();
  }

  #blocksUsed(): number {
    const { blocks } = this.model.execution;
    const ofTokens = (sum: number, it: HttpSequence): number =>
      sum + Math.ceil(it.tokens / BLOCK_TOKENS);
    const own = [...this.#running].reduce(ofTokens, 0);
    const told = this.#others > 0 ? Math.round((this.#load.cacheUsage ?? 0) * blocks) : 0;
    return Math.min(blocks, Math.max(own, told));
  }

  #pollLater(): void {
    this.#cancelPoll = this.#parts.timers.after(POLL_MS, () => {
      void this.#poll().finally(() => {
        if (this.#state.kind === "serving") this.#pollLater();
      });
    });
  }

  async #poll(): Promise<void> {
    const { client, dialect } = this.#parts;
    const failure = await client.get(dialect.healthPath, HEALTH_MS).then(
      ({ status }) => (status === 200 ? null : `its health is ${status}`),
      (reason: unknown) => EngineFailure.from(reason).message,
    );
    if (this.#state.kind !== "serving") return;
    this.#onHealth(failure);
    const metrics = await client.get(dialect.metricsPath, HEALTH_MS).catch(() => null);
    if (this.#state.kind !== "serving") return;
    const load = metrics?.status === 200 ? dialect.loadOf(new Samples(metrics.text)) : NO_LOAD;
    this.#onLoad(load, Math.max(...this.#peaks));
    this.#peaks = [...this.#peaks.slice(1 - OWN_POLLS), this.#running.size];
    this.#judgeMotion(failure === null);
  }

  #onHealth(failure: string | null): void {
    this.#badHealth = failure === null ? 0 : this.#badHealth + 1;
    if (this.#badHealth < BAD_HEALTH_MAX) return;
    this.#fail(new EngineFailure("internal", `the server does not answer: ${failure}`));
  }

  /** `own` of the requests that it tells of are ours, at least. */
  #onLoad(load: ServerLoad, own: number): void {
    const before = this.#load.motion;
    this.#load = load;
    const told = (load.running ?? 0) + (load.waiting ?? 0);
    this.#others = Math.max(0, told - own);
    if (before !== null && load.motion !== null && load.motion !== before) this.#onMotion();
  }

  #judgeMotion(isHealthy: boolean): void {
    if (this.#running.size === 0) return;
    const stillMs = this.#parts.clock.monotonicMs() - this.#movedAtMs;
    if (stillMs > this.#parts.stallMs) {
      const why = `the server delivered nothing for ${Math.round(stillMs / 1000)} s`;
      this.#fail(new EngineFailure("stalled", why));
    } else if (isHealthy && this.#computesPrompts()) {
      this.#count.step += 1;
    }
  }

  #computesPrompts(): boolean {
    const running = [...this.#running];
    const youngMs = this.#parts.clock.monotonicMs() - PREFILL_MS;
    if (running.some((it) => it.prefilling && it.sentAtMs > youngMs)) return true;
    return running.every((it) => it.prefilling);
  }

  #onChildEnded(how: string): void {
    if (this.#state.kind !== "serving") return;
    const { child } = this.#parts;
    const tail = child?.logTail(LOG_LINES) ?? "";
    const log = tail === "" ? "" : `, and the last lines are:\n${tail}`;
    const message = `the server ${how}; its log is ${child?.logFile}${log}`;
    this.#fail(new EngineFailure("internal", message));
  }

  #fail(failure: EngineFailure): void {
    if (this.#state.kind !== "serving") return;
    this.#state = { kind: "failed", failure };
    this.#cancelPoll();
    for (const sequence of this.#takeAll()) sequence.fail(failure);
    this.#end.resolve(this.#state);
  }

  #takeAll(): HttpSequence[] {
    return [...this.#running, ...this.#waiting.splice(0)];
  }
}
