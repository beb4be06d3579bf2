// What a worker keeps in its state directory over its end: which requests it runs, the model's
// files with their hashes, and the prefixes that prompts begin with most often.
//
//   Z1. Serving never waits for it: not for its disk, and not for work of its own.
//   Z2. Where it cannot be had or written, the worker serves all the same, and says what is lost.

import type { Engine } from "#native/index.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { ModelRow, RequestRow } from "#shared/base/worker-state.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import {
  createRequestJournal,
  onFoundRunning,
  onRequest,
  onRequestEnded,
  type RequestJournal,
} from "./core/request-journal.ts";
import { IdleGate } from "./idle-gate.ts";
import { KeptManifest } from "./kept-manifest.ts";
import type { ParsedRequest } from "./parse-request.ts";
import type { SessionTrace } from "./sessions.ts";
import type { WarmOptions } from "./state-thread.ts";
import { StateWriter } from "./state-writer.ts";
import { WarmUp } from "./warm-up.ts";
import { WorkerState } from "./worker-state.ts";

export interface KeptStateOptions {
  readonly path: string;
  readonly engine: Engine;
  /** Null where the engine needs no folder. */
  readonly model: ModelRow | null;
  /** Of prefixes, at most; 0: none are kept. */
  readonly warmBlocks: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Named in one line of the log; the journal has them all. */
const NAMED_MAX = 32;

export class KeptState {
  readonly #options: KeptStateOptions;
  readonly #state: WorkerState;
  readonly #writer: StateWriter;
  readonly #journal: RequestJournal;
  readonly #warms: boolean;
  readonly #manifest: KeptManifest | null;
  #gate: IdleGate | null = null;
  #warmUp: WarmUp | null = null;

  private constructor(options: KeptStateOptions, state: WorkerState) {
    const { clock, timers, logger, model } = options;
    this.#options = options;
    this.#state = state;
    this.#journal = createRequestJournal(state.found.next);
    this.#warms = warmOf(options) !== null;
    this.#writer = new StateWriter({ state, journal: this.#journal, clock, timers, logger });
    this.#manifest =
      model === null ? null : new KeptManifest(model, state.found, this.#writer, logger);
  }

  /** Null where the directory cannot be had (Z2). */
  static async open(options: KeptStateOptions): Promise<KeptState | null> {
    const { path, logger, metrics } = options;
    const warm = warmOf(options);
    const up = metrics.gauge("signalbox_worker_state_up", {});
    try {
      const kept = new KeptState(options, await WorkerState.open({ path, warm }));
      await kept.#begin();
      return kept;
    } catch (cause) {
      const { code, message, hint } = Failure.from(cause);
      const lost = "requests, hashes of the model's files and warm prefixes are not kept";
      logger.error({ path, code, reason: message, hint }, `no state directory: ${lost}`);
      up.set(0);
      return null;
    }
  }

  /** A request was let in. */
  onAdmitted({ id, fence, request }: ParsedRequest, router: string): SessionTrace {
    const { clock } = this.#options;
    const { prompt, cacheSalt = "", resume } = request;
    const promptTokens = prompt.length + (resume?.length ?? 0);
    const startedMs = clock.nowMs();
    const noted = onRequest(this.#journal, { id, fence, router, startedMs, promptTokens });
    if (this.#warms) this.#state.tellPrompt(cacheSalt, prompt);
    this.#gate?.onBusy();
    this.#warmUp?.onBusy();
    this.#writer.touch();
    return {
      onTokens: (count) => void (noted.tokens += count),
      onEnded: (outcome) => {
        onRequestEnded(this.#journal, noted, outcome, clock.nowMs());
        this.#gate?.onBusy();
        this.#writer.touch();
      },
    };
  }

  /**
   * What nobody waits for, while `isIdle`: warm prefixes first, then hashes of files. Resolves when
   * all is done, or it is closed.
   */
  async workWhileIdle(isIdle: () => boolean): Promise<void> {
    const { engine, clock, timers, metrics, logger } = this.#options;
    const gate = new IdleGate({ isIdle, clock, timers });
    this.#gate = gate;
    const { prefixes } = this.#state.found;
    let warmed = 0;
    const onWarmed = (blocks: number): void => {
      warmed += blocks;
      metrics.counter("signalbox_worker_warmed_blocks_total", {}).inc(blocks);
    };
    const warmUp = new WarmUp({ engine, gate, prefixes, onWarmed });
    this.#warmUp = warmUp;
    await warmUp.run();
    if (prefixes.length > 0) logger.info({ prefixes: prefixes.length, warmed }, "warmed up");
    await this.#manifest?.hashFiles(() => gate.passed());
  }

  async close(): Promise<void> {
    this.#gate?.close();
    this.#warmUp?.onBusy();
    await this.#writer.close();
    await this.#state.close();
  }

  async #begin(): Promise<void> {
    const { metrics } = this.#options;
    const { running } = this.#state.found;
    metrics.counter("signalbox_worker_lost_requests_total", {}).inc(running.length);
    if (running.length > 0) this.#sayLost(running);
    onFoundRunning(this.#journal, running, this.#options.clock.nowMs());
    await this.#manifest?.compare();
    const up = metrics.gauge("signalbox_worker_state_up", {});
    const dropped = metrics.counter("signalbox_worker_journal_dropped_total", {});
    let droppedBefore = 0;
    metrics.onScrape(() => {
      up.set(this.#writer.up ? 1 : 0);
      dropped.inc(this.#journal.dropped - droppedBefore);
      droppedBefore = this.#journal.dropped;
    });
    this.#writer.touch();
  }

  #sayLost(running: readonly RequestRow[]): void {
    const requests = running.slice(0, NAMED_MAX).map(({ id, router, startedMs, tokens }) => {
      return { id, router, started: new Date(startedMs).toISOString(), tokens };
    });
    const count = running.length;
    this.#options.logger.warn(
      { count, requests },
      "the last worker here died with requests in hand",
    );
  }
}

/** Null: no prefixes are kept. */
function warmOf({ engine, warmBlocks, model }: KeptStateOptions): WarmOptions | null {
  const { capabilities, execution } = engine.model;
  // A server of somebody else's keeps its cache, and the room in it, to itself.
  if (warmBlocks === 0 || !capabilities.kvEvents) return null;
  const { fingerprint = "", tokenizerSha256 = "" } = model ?? {};
  return {
    blocksKept: warmBlocks,
    blocksAsked: Math.min(warmBlocks, Math.floor(execution.blocks / 2)),
    model: { fingerprint, tokenizerSha256 },
  };
}
