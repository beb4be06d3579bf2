// Gives an idle engine the canaries that the core asks for. The first one is answered before the
// worker dials anybody: no worker offers itself whose engine has not drawn a token.

import type { Engine } from "#native/index.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import {
  canaryPrompt,
  createCanary,
  onAnswer,
  onNoAnswer,
  onTick,
  type Canary,
} from "./core/canary.ts";

export interface CanaryOptions {
  readonly engine: Engine;
  /** 0: none is sent. */
  readonly idleMs: number;
  readonly exact: boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Told of each that was answered. */
  readonly onAnswered: () => void;
}

/** A prompt's step and a decoding one. */
const TOKENS = 2;
const TICK_MS_MAX = 500;
/** Wherever requests wait, it waits behind them. */
const PRIORITY = 2 ** 31 - 1;

export class CanaryWatch {
  readonly #options: CanaryOptions;
  readonly #core: Canary;
  #cancel: () => void = () => {};
  #closed = false;

  constructor(options: CanaryOptions) {
    this.#options = options;
    this.#core = createCanary(options, options.clock.monotonicMs());
  }

  /** What later answers are compared with. Rejects where the engine gives none. */
  async first(): Promise<void> {
    const { clock, idleMs, onAnswered } = this.#options;
    if (idleMs === 0) return;
    onAnswer(this.#core, await this.#ask(), clock.monotonicMs());
    onAnswered();
  }

  /** `onBroken` is told once, of an answer that cannot be right. */
  watch(onBroken: (what: string) => void): void {
    const { timers, idleMs } = this.#options;
    if (idleMs === 0 || this.#closed) return;
    this.#cancel = timers.after(Math.min(idleMs, TICK_MS_MAX), () => void this.#tick(onBroken));
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #tick(onBroken: (what: string) => void): Promise<void> {
    const { engine, clock, onAnswered } = this.#options;
    try {
      if (onTick(this.#core, engine.stats(), clock.monotonicMs())) {
        const broken = onAnswer(this.#core, await this.#ask(), clock.monotonicMs());
        onAnswered();
        if (broken !== null) return onBroken(broken);
      }
    } catch {
      // The engine was full a moment before, or has ended, which its worker hears of itself.
      onNoAnswer(this.#core, clock.monotonicMs());
    }
    this.watch(onBroken);
  }

  async #ask(): Promise<number[]> {
    const { engine } = this.#options;
    const prompt = canaryPrompt(engine.model.shape.vocab);
    const sampling = { temperature: 0, ignoreEos: true, maxTokens: TOKENS, seed: 0 };
    const ids: number[] = [];
    const generation = engine.generate({ prompt, priority: PRIORITY, sampling });
    for await (const chunk of generation) {
      if (chunk.finish === "aborted") throw new Error("the engine was unloaded");
      ids.push(...chunk.tokenIds);
    }
    return ids;
  }
}
