// Has the engine compute prefixes that came often before the last stop, so that its cache has them
// when they come again.
//
//   M1. It computes only while nobody is served, PIECE_BLOCKS blocks at a time, behind every other
//       request; who comes meanwhile waits for one step of a piece at most.
//   M2. It begins a piece only where so many blocks of the cache hold nothing.
//   M3. Every prefix is computed under the salt that it came with: who could not share it before
//       cannot now.

import { EngineFailure, type Engine, type Generation } from "#native/index.ts";
import type { Prefix } from "./core/prefix-tally.ts";
import type { IdleGate } from "./idle-gate.ts";
import { BLOCK_TOKENS } from "./parse-request.ts";

export interface WarmUpOptions {
  readonly engine: Engine;
  readonly gate: IdleGate;
  /** The one to begin with first. */
  readonly prefixes: readonly Prefix[];
  /** Told of blocks that the cache has now and had not before. */
  readonly onWarmed: (blocks: number) => void;
}

/** What a client may have to wait for: a step of 128 tokens. */
const PIECE_BLOCKS = 4;
/** Wherever requests wait, it waits behind them. */
const PRIORITY = 2 ** 31 - 1;

type Outcome = "done" | "interrupted" | "skip" | "stop";

export class WarmUp {
  readonly #options: WarmUpOptions;
  #out: Generation | null = null;

  constructor(options: WarmUpOptions) {
    this.#options = options;
  }

  /** Somebody came: the piece under way ends with the engine's step. */
  onBusy(): void {
    this.#out?.abort();
  }

  /** Resolves when all is done, or no more can be. Never rejects. */
  async run(): Promise<void> {
    for (const prefix of this.#options.prefixes) {
      if (!(await this.#warm(prefix))) return;
    }
  }

  async #warm(prefix: Prefix): Promise<boolean> {
    const blocks = prefix.tokenIds.length / BLOCK_TOKENS;
    let to = Math.min(prefix.shared + PIECE_BLOCKS, blocks);
    while (await this.#options.gate.passed()) {
      const outcome = await this.#compute(prefix, to);
      if (outcome === "stop") return false;
      if (outcome === "skip") return true;
      if (outcome === "interrupted") {
        this.#options.gate.onBusy();
        continue;
      }
      if (to === blocks) return true;
      to = Math.min(to + PIECE_BLOCKS, blocks);
    }
    return false;
  }

  /** The first `blocks` of it; those before them are in the cache, or are computed again. */
  async #compute({ salt, tokenIds }: Prefix, blocks: number): Promise<Outcome> {
    const { engine, onWarmed } = this.#options;
    const whole = tokenIds.slice(0, blocks * BLOCK_TOKENS);
    // A prompt's last token is always computed: one more, and the blocks before it are looked up.
    const prompt = [...whole, whole[0] ?? 0];
    const sampling = { temperature: 0, maxTokens: 1, ignoreEos: true, seed: 0 };
    try {
      const { blocksFree, blocksCached } = engine.stats();
      if (blocksFree - blocksCached <= PIECE_BLOCKS + 1) return "stop"; // M2
      this.#out = engine.generate({ prompt, cacheSalt: salt, priority: PRIORITY, sampling });
      let cached = 0;
      let ended = false;
      for await (const chunk of this.#out) {
        cached = chunk.cachedTokens ?? cached;
        ended = chunk.finish === "length";
      }
      if (!ended) return "interrupted";
      onWarmed(blocks - Math.min(blocks, Math.floor(cached / BLOCK_TOKENS)));
      return "done";
    } catch (reason) {
      const { code } = EngineFailure.from(reason);
      // Kept by a worker whose engine took longer prompts; and a full engine has a calmer moment.
      if (code === "invalid_request" || code === "never_fits") return "skip";
      return code === "busy" ? "interrupted" : "stop";
    } finally {
      this.#out = null;
    }
  }
}
