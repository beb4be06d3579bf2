// A worker as routers meet it: continuous batching in steps of a token budget, prompts in chunks, a
// prefix cache of whole blocks, and reports that are true when they are made.

import type { Progress, WorkerSpec } from "../../services/router/core/fleet.ts";
import { PREFIX_BLOCK_TOKENS } from "../../services/router/core/prefix-hash.ts";
import type { EventQueue } from "./event-queue.ts";

/** Tokens of one step, of prompts and streams together. */
const STEP_TOKENS = 2_048;
/** A step: so much, and for each stream, and for each prompt token. About an 8 B model on a GPU. */
const STEP_MS = 8;
const STREAM_MS = 0.2;
const PROMPT_TOKEN_MS = 0.05;

export interface Job {
  readonly prefix: readonly bigint[];
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** A client that goes away after so many tokens; Infinity: it stays. */
  readonly goneAfterTokens: number;
  readonly onFirst: (cachedTokens: number, nowMs: number) => void;
  readonly onMore: (count: number, nowMs: number) => void;
  readonly onEnd: (outcome: "ok" | "client_gone", nowMs: number) => void;
}

interface Running {
  readonly job: Job;
  readonly cachedTokens: number;
  readonly blocks: number;
  promptLeft: number;
  chunk: number;
  tokens: number;
  reported: number;
}

export function routerName(router: number): string {
  return `router-${router}`;
}

/** Tokens of a stream that its router hears of at once. */
const TOKENS_TOLD = 8;

export class SimulatedWorker {
  readonly spec: WorkerSpec;
  readonly #events: EventQueue;
  readonly #slowdown: number;
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Running>();
  /** Blocks of prompts that ended here, least recently used first; streams' own are beside it. */
  readonly #cached = new Set<bigint>();
  readonly #seen = new Map<number, number>();
  #blocksTaken = 0;
  #isStepping = false;
  #step = 0;
  #lastStepMs = 0;
  #tokensOut = 0;
  #promptsComputed = 0;
  #sequence = 0;
  promptTokens = 0;
  cachedTokens = 0;

  constructor(spec: WorkerSpec, slowdown: number, events: EventQueue) {
    this.spec = spec;
    this.#slowdown = slowdown;
    this.#events = events;
  }

  get load(): number {
    return this.#running.size + this.#waiting.length;
  }

  /** `dispatch`: the router's own count. */
  take(router: number, dispatch: number, job: Job): void {
    this.#seen.set(router, dispatch);
    this.#waiting.push(job);
    if (!this.#isStepping) this.#begin();
  }

  /** A request that it refuses as malformed. */
  refuse(router: number, dispatch: number): void {
    this.#seen.set(router, dispatch);
  }

  /** A report for each router. */
  reports(routers: number): Progress[] {
    const sequence = (this.#sequence += 1);
    let promptTokensLeft = 0;
    for (const running of this.#running) promptTokensLeft += running.promptLeft;
    for (const job of this.#waiting) promptTokensLeft += job.promptTokens;
    const seenOf = new Map([...this.#seen].map(([router, seen]) => [routerName(router), seen]));
    return Array.from({ length: routers }, (_, router) => ({
      ...{ sequence, seen: this.#seen.get(router) ?? 0, engineStep: this.#step },
      ...{ tokensOut: this.#tokensOut, lastStepMs: this.#lastStepMs, promptTokensLeft },
      promptTokens: this.#promptsComputed,
      ...{ running: this.#running.size, waiting: this.#waiting.length, state: "ready" as const },
      ...{ blocksFree: this.spec.blocks - this.#blocksTaken, blocks: this.spec.blocks },
      ...{ walltimeLeftMs: null, loopLagMs: 0, beat: sequence, seenOf },
    }));
  }

  #begin(): void {
    this.#admit();
    if (this.#running.size === 0) {
      this.#isStepping = false;
      return;
    }
    this.#isStepping = true;
    let streams = 0;
    for (const running of this.#running) if (running.promptLeft === 0) streams += 1;
    let budget = Math.max(0, STEP_TOKENS - streams);
    let prompts = 0;
    for (const running of this.#running) {
      running.chunk = Math.min(running.promptLeft, budget);
      budget -= running.chunk;
      prompts += running.chunk;
    }
    this.#lastStepMs = this.#slowdown * (STEP_MS + STREAM_MS * streams + PROMPT_TOKEN_MS * prompts);
    this.#events.at(this.#events.nowMs + this.#lastStepMs, (nowMs) => this.#end(nowMs));
  }

  #end(nowMs: number): void {
    this.#step += 1;
    for (const running of this.#running) {
      this.#promptsComputed += Math.min(running.chunk, running.promptLeft);
      if (running.promptLeft > running.chunk) {
        running.promptLeft -= running.chunk;
        continue;
      }
      const isFirst = running.promptLeft > 0;
      running.promptLeft = 0;
      this.#emit(running, isFirst, nowMs);
    }
    this.#begin();
  }

  #emit(running: Running, isFirst: boolean, nowMs: number): void {
    const { job } = running;
    running.tokens += 1;
    this.#tokensOut += 1;
    if (isFirst) {
      this.#remember(job.prefix);
      job.onFirst(running.cachedTokens, nowMs);
      running.reported = 1;
    } else if (running.tokens - running.reported >= TOKENS_TOLD) {
      job.onMore(running.tokens - running.reported, nowMs);
      running.reported = running.tokens;
    }
    const isGone = running.tokens >= job.goneAfterTokens;
    if (!isGone && running.tokens < job.outputTokens) return;
    this.#running.delete(running);
    this.#blocksTaken -= running.blocks;
    job.onEnd(isGone ? "client_gone" : "ok", nowMs);
  }

  #admit(): void {
    for (let job = this.#waiting[0]; job !== undefined; job = this.#waiting[0]) {
      if (this.#running.size >= this.spec.sequencesMax) return;
      const cachedTokens = this.#cachedTokensOf(job);
      const own = job.promptTokens - cachedTokens + job.outputTokens;
      const blocks = Math.ceil(own / this.spec.blockTokens);
      if (this.#blocksTaken + blocks > this.spec.blocks) return;
      this.#waiting.shift();
      this.#blocksTaken += blocks;
      this.promptTokens += job.promptTokens;
      this.cachedTokens += cachedTokens;
      const promptLeft = Math.max(1, job.promptTokens - cachedTokens);
      this.#running.add({
        ...{ job, cachedTokens, blocks, promptLeft, chunk: 0, tokens: 0, reported: 0 },
      });
    }
  }

  #cachedTokensOf(job: Job): number {
    let blocks = 0;
    while (blocks < job.prefix.length && this.#cached.has(job.prefix[blocks] ?? 0n)) blocks += 1;
    return blocks * PREFIX_BLOCK_TOKENS;
  }

  /** The tail of a prompt is the first of it to go. */
  #remember(prefix: readonly bigint[]): void {
    for (const block of prefix.toReversed()) {
      this.#cached.delete(block);
      this.#cached.add(block);
    }
    for (const block of this.#cached) {
      if (this.#cached.size <= this.spec.blocks) return;
      this.#cached.delete(block);
    }
  }
}
