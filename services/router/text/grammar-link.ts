// One grammar thread and the questions it has not answered. A thread that takes too long
// is ended and another one started: whoever asked a lost thread tells it everything again.
//
//   L1. Answers come in the order of the questions: what is late is what was asked first.
//   L2. The queue is bounded; a question that does not fit is FULL.

import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import { Failure } from "#shared/base/errors.ts";
import type { GrammarAnswer, GrammarAsk } from "./grammar-thread.ts";

/** The thread was ended for what somebody else had asked. */
export const LOST = { kind: "lost" } as const;
/** The thread was ended for this question. */
export interface Overdue {
  readonly kind: "overdue";
}

export type LinkAnswer = GrammarAnswer | typeof LOST | Overdue;

interface Question {
  readonly limitMs: number;
  resolve(answer: LinkAnswer): void;
}

const QUEUE_MAX = 1_024;
/** Nobody's question is late because a busy machine takes its time to start a thread. */
const START_MS_MAX = 30_000;
/** A thread that would need more ends, not the router. */
const HEAP_MB_MAX = 2_048;
const FULL_RETRY_MS = 1_000;
const THREAD = new URL(
  `./grammar-thread${extname(fileURLToPath(import.meta.url))}`,
  import.meta.url,
);

export class GrammarLink {
  readonly #open: Question[] = [];
  #thread: Worker | null = null;
  #isReady = false;
  #timer: NodeJS.Timeout | null = null;

  async ask(ask: GrammarAsk, limitMs: number): Promise<LinkAnswer> {
    if (this.#open.length >= QUEUE_MAX) {
      const retry = { retryAfterMs: FULL_RETRY_MS };
      throw new Failure("FULL", "too many outputs wait for their grammar", retry);
    }
    const thread = this.#running();
    thread.ref();
    thread.postMessage(ask, []);
    return new Promise((resolve) => {
      this.#open.push({ limitMs, resolve });
      if (this.#open.length === 1) this.#watch();
    });
  }

  /** Nothing is answered. */
  tell(ask: GrammarAsk & { readonly kind: "close" }): void {
    this.#thread?.postMessage(ask, []);
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#end(LOST);
    await thread?.terminate();
  }

  #running(): Worker {
    if (this.#thread !== null) return this.#thread;
    const thread = new Worker(THREAD, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX } });
    thread.on("message", (answer: GrammarAnswer) => this.#onAnswer(thread, answer));
    thread.on("error", (reason) => this.#onDown(thread, `a grammar thread died: ${reason}`));
    thread.on("exit", () => this.#onDown(thread, "a grammar thread ended"));
    this.#thread = thread;
    this.#isReady = false;
    return thread;
  }

  #onAnswer(thread: Worker, answer: GrammarAnswer): void {
    if (thread !== this.#thread) return;
    if (answer.kind === "ready") this.#isReady = true;
    else this.#open.shift()?.resolve(answer);
    this.#watch();
  }

  #onDown(thread: Worker, why: string): void {
    if (thread !== this.#thread) return;
    this.#end({ kind: "failed", why });
  }

  /** The clock of the first question runs from when it became the first and the thread ran. */
  #watch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const [first] = this.#open;
    if (first === undefined) {
      this.#thread?.unref();
      return;
    }
    const [limitMs, why] = this.#isReady
      ? [first.limitMs, { kind: "overdue" } as const]
      : [START_MS_MAX, { kind: "failed", why: "a grammar thread does not start" } as const];
    this.#timer = setTimeout(() => this.#end(why), limitMs);
  }

  /** The first question is told why, the others that they were lost. */
  #end(why: LinkAnswer): void {
    const thread = this.#thread;
    this.#thread = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const [first, ...others] = this.#open.splice(0);
    first?.resolve(why);
    for (const other of others) other.resolve(LOST);
    void thread?.terminate();
  }
}
