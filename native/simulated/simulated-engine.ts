// An engine without a model, for routers, chaos and tests: the same port, tokens by hash, time by a
// latency model, a cache of blocks that are only counted, and faults on request.
//
//   S1. Steps are planned when they begin and heard of when they end; between the two time passes.
//   S2. The same options, requests and times of arrival give the same chunks at the same times.
//   S3. Everything that the port promises (engine.ts) holds here too, faults aside.

import { seededRandom, type Random } from "#shared/base/prng.ts";
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
import { FaultSwitch, type Fault } from "./faults.ts";
import { BLOCK_TOKENS, SimulatedCache } from "./simulated-cache.ts";
import { SIMULATED_DEFAULTS, type SimulatedOptions } from "./simulated-options.ts";
import { SimulatedSequence } from "./simulated-sequence.ts";
import { describeSimulated } from "./simulated-summary.ts";

/** One sequence's part of a step. */
interface Share {
  readonly sequence: SimulatedSequence;
  readonly tokens: number;
}

export class SimulatedEngine implements Engine {
  readonly model: ModelSummary;
  readonly ended: Promise<EngineEnd>;
  readonly #options: SimulatedOptions;
  readonly #cache: SimulatedCache;
  readonly #random: Random;
  readonly #faults: FaultSwitch;
  readonly #end = Promise.withResolvers<EngineEnd>();
  /** In order of priority, then arrival; a preempted one keeps its place. */
  readonly #waiting: SimulatedSequence[] = [];
  readonly #running: SimulatedSequence[] = [];
  readonly #count = { step: 0, tokensOut: 0, promptTokens: 0, cachedTokens: 0, cacheQueries: 0 };
  readonly #time = { stepSeconds: 0, lastStepSeconds: 0, lastRows: 0, preemptions: 0 };
  #arrivals = 0;
  /** Ends the step under way; null between steps. */
  #cancelStep: (() => void) | null = null;
  #state: { readonly kind: "serving" } | EngineEnd = { kind: "serving" };

  constructor(given: Pick<SimulatedOptions, "clock" | "timers"> & Partial<SimulatedOptions>) {
    this.#options = { ...SIMULATED_DEFAULTS, ...given };
    this.#cache = new SimulatedCache(this.#options.blocks, this.#options.prefixCache);
    this.#random = seededRandom(this.#options.seed);
    this.#faults = new FaultSwitch(this.#options.timers, {
      onLifted: () => this.#arm(),
      onFailure: (failure) => this.#fail(failure),
    });
    this.model = describeSimulated(this.#options);
    this.ended = this.#end.promise;
  }

  /** From now until the returned function is called. */
  inject(fault: Fault): () => void {
    return this.#faults.inject(fault, this.#count.tokensOut);
  }

  generate(given: PartialRequest): Generation {
    this.#checkServing();
    const request = completeRequest(given, this.model.defaults);
    checkRequest(request, this.#options.vocab);
    this.#checkFits(request);
    this.#faults.checkAdmission();
    const live = this.#waiting.length + this.#running.length;
    if (live >= this.#options.sequencesMax + this.#options.waitingMax) {
      throw new EngineFailure("busy", `${live} requests run or wait already: try again later`);
    }
    const sequence = new SimulatedSequence(this.#options, request, this.#arrivals++, () =>
      this.#arm(),
    );
    if (!sequence.chunks.ended) {
      this.#queue(sequence);
      this.#arm();
    }
    return {
      abort: () => sequence.abort(),
      allowTokens: (index, mask) => sequence.allowTokens(index, mask),
      [Symbol.asyncIterator]: (): AsyncIterator<Chunk, undefined> =>
        sequence.chunks[Symbol.asyncIterator](),
    };
  }

  stats(): EngineStats {
    if (this.#state.kind === "unloaded") this.#checkServing();
    const { stepSeconds, lastStepSeconds, lastRows, preemptions } = this.#time;
    return {
      ...this.#count,
      running: this.#running.length,
      waiting: this.#waiting.length,
      blocks: this.#cache.size,
      blocksFree: this.#cache.free,
      blocksCached: this.#cache.cached,
      ...{ preemptions, spilled: 0, restored: 0, lastStepSeconds, lastRows, stepSeconds },
      ...{ forwardSeconds: stepSeconds, scheduleSeconds: 0, sampleSeconds: 0 },
      kvEventNext: this.#cache.eventNext,
      failure: this.#state.kind === "failed" ? this.#state.failure.message : null,
      team: { threads: 0, active: 0, shrinks: 0, sleeps: 0, waitSeconds: 0 },
    };
  }

  kvEvents(from: number): readonly KvEvent[] {
    if (this.#state.kind === "unloaded") this.#checkServing();
    return this.#cache.events(from);
  }

  clearPrefixCache(): void {
    this.#checkServing();
    this.#cache.clear();
  }

  unload(): Promise<void> {
    if (this.#state.kind !== "unloaded") {
      this.#stop();
      for (const sequence of this.#takeAll()) sequence.end("aborted");
      this.#state = { kind: "unloaded" };
      this.#end.resolve(this.#state);
    }
    return Promise.resolve();
  }

  #checkServing(): void {
    if (this.#state.kind === "unloaded") {
      throw new EngineFailure("unavailable", "the engine is unloaded");
    }
    if (this.#state.kind === "failed") {
      throw new EngineFailure("unavailable", `the engine failed: ${this.#state.failure.message}`);
    }
  }

  #checkFits({ prompt, sampling }: GenerateRequest): void {
    const tokens = prompt.length + sampling.maxTokens;
    // The last token drawn is never computed, and needs no room.
    const most = Math.min(this.#options.contextMax, this.#cache.size * BLOCK_TOKENS + 1);
    if (tokens <= most) return;
    const needs = `${prompt.length} tokens of prompt and ${sampling.maxTokens} of output`;
    throw new EngineFailure("never_fits", `${needs} are more than the ${most} this engine holds`);
  }

  #queue(sequence: SimulatedSequence): void {
    const after = this.#waiting.findIndex((it) => sequence.goesBefore(it));
    this.#waiting.splice(after < 0 ? this.#waiting.length : after, 0, sequence);
  }

  /** Begins a step, if none is under way and there is something to do. */
  #arm(): void {
    if (this.#cancelStep !== null || this.#state.kind !== "serving") return;
    this.#dropAborted();
    if (this.#faults.stalled) return;
    const shares = this.#plan();
    if (shares.length === 0) return;
    const prefillTokens = shares.reduce((sum, it) => sum + it.tokens, 0) - shares.length;
    const work = { sequences: shares.length, prefillTokens };
    const jitter = 1 + this.#options.jitter * (2 * this.#random.next() - 1);
    const ms = this.#options.latency(work) * jitter * this.#faults.slowness;
    this.#cancelStep = this.#options.timers.after(ms, () => {
      this.#cancelStep = null;
      this.#finishStep(shares, ms / 1000);
    });
  }

  /** Decoding goes first and costs one token; what is left of the budget goes to prompts. */
  #plan(): Share[] {
    this.#admit();
    const shares: Share[] = [];
    let budget = this.#options.stepTokens;
    for (const decoding of [true, false]) {
      for (const sequence of [...this.#running]) {
        if (budget === 0 || sequence.decoding !== decoding || sequence.blocked) continue;
        if (!this.#running.includes(sequence)) continue; // Preempted for one before it.
        const tokens = Math.min(budget, sequence.remaining);
        if (!this.#makeRoom(sequence, tokens)) continue;
        shares.push({ sequence, tokens });
        budget -= tokens;
      }
    }
    return shares.filter(({ sequence }) => this.#running.includes(sequence));
  }

  #admit(): void {
    while (this.#running.length < this.#options.sequencesMax) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const table = this.#cache.open(next.tokens, next.request.cacheSalt);
      if (!table.reserve(next.tokens.length)) return table.close();
      this.#waiting.shift();
      this.#running.push(next);
      if (!next.admitted) {
        this.#count.cacheQueries += next.request.prompt.length;
        this.#count.cachedTokens += Math.min(table.cachedTokens, next.request.prompt.length);
      }
      next.admit(table);
    }
  }

  /** Blocks for `tokens` more; the last in order gives its own back when there are none. */
  #makeRoom(sequence: SimulatedSequence, tokens: number): boolean {
    while (!sequence.reserve(tokens)) {
      const last = this.#running.reduce((worst, it) => (worst.goesBefore(it) ? it : worst));
      this.#running.splice(this.#running.indexOf(last), 1);
      last.preempt();
      this.#queue(last);
      this.#time.preemptions += 1;
      if (last === sequence) return false;
    }
    return true;
  }

  #finishStep(shares: readonly Share[], seconds: number): void {
    this.#count.step += 1;
    this.#time.lastStepSeconds = seconds;
    this.#time.stepSeconds += seconds;
    this.#time.lastRows = shares.reduce((sum, it) => sum + it.tokens, 0);
    for (const { sequence, tokens } of shares) {
      this.#count.promptTokens += sequence.promptPart(tokens);
      if (sequence.compute(tokens)) this.#count.tokensOut += 1;
    }
    const dead = this.#faults.deathAt(this.#count.tokensOut);
    if (dead !== null) return this.#fail(dead);
    for (const { sequence } of shares) {
      if (sequence.chunks.ended) this.#running.splice(this.#running.indexOf(sequence), 1);
      sequence.chunks.flush();
    }
    this.#arm();
  }

  #dropAborted(): void {
    for (const list of [this.#waiting, this.#running]) {
      for (const sequence of list.filter((it) => it.aborted)) {
        list.splice(list.indexOf(sequence), 1);
        sequence.end("aborted");
      }
    }
  }

  #fail(failure: EngineFailure): void {
    if (this.#state.kind !== "serving") return;
    this.#stop();
    this.#state = { kind: "failed", failure };
    for (const sequence of this.#takeAll()) sequence.fail(failure);
    this.#end.resolve(this.#state);
  }

  #stop(): void {
    this.#faults.dispose();
    this.#cancelStep?.();
    this.#cancelStep = null;
  }

  #takeAll(): SimulatedSequence[] {
    return [...this.#running.splice(0), ...this.#waiting.splice(0)];
  }
}
