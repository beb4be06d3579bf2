// The router's middle: every stream there is, whichever workers compute it, and the gate in front.
//
// State: the streams, by the worker they are at.

import { Failure } from "#shared/base/errors.ts";
import type { Timers } from "#shared/base/clock.ts";
import type { AdmissionOptions } from "../core/admission.ts";
import type { RequestClass } from "../core/request-class.ts";
import { RETRY_BUDGET_DEFAULTS } from "../core/retry-budget.ts";
import type { TokenChunk, TokenReader, TokenRequest, TokenSource } from "../token-source.ts";
import { FrontGate } from "./front-gate.ts";
import { RoutedStream, type RoutedStreamOptions } from "./routed-stream.ts";

export interface TokenRouterOptions extends Omit<RoutedStreamOptions, "gate"> {
  readonly admission: AdmissionOptions;
  readonly timers: Timers;
}

export class TokenRouter implements TokenSource {
  readonly #options: RoutedStreamOptions;
  /** By worker, for verdicts about it. */
  readonly #streams = new Map<string, Set<RoutedStream>>();
  #live = 0;

  constructor(options: TokenRouterOptions) {
    const { placement, meter, timers, admission } = options;
    const gate = new FrontGate(
      { admission, retries: RETRY_BUDGET_DEFAULTS },
      {
        ...{ room: (model, max) => placement.room(model, max), nowMs: () => placement.nowMs() },
        ...{ timers, onRefused: (reason) => meter.onRefused(reason) },
        onWaited: (priority, waitedMs) => meter.onWaited(priority, waitedMs),
      },
    );
    this.#options = { ...options, gate };
  }

  get live(): number {
    return this.#live;
  }

  /** Requests that wait to be let in, of each class. */
  queued(): Readonly<Record<RequestClass, number>> {
    return this.#options.gate.queued();
  }

  /** What the gate keeps of anyone: 0 when every stream has ended. */
  get kept(): number {
    return this.#options.gate.size;
  }

  /** Workers came, went or changed, or one has reported: there may be room. */
  onRoom(): void {
    this.#options.gate.onRoomAnywhere();
  }

  async *open(request: TokenRequest, signal: AbortSignal): AsyncGenerator<TokenChunk, void> {
    let wake: (() => void) | null = null;
    const onNews = (): void => wake?.();
    const reader = this.attach(request, onNews);
    signal.addEventListener("abort", onNews);
    try {
      for (;;) {
        if (signal.aborted) throw new Failure("CANCELLED", "the client is gone");
        const chunk = reader.take();
        if (chunk === null) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        yield chunk;
        if (chunk.finish !== null) return;
      }
    } finally {
      signal.removeEventListener("abort", onNews);
      reader.leave();
    }
  }

  attach(request: TokenRequest, onNews: () => void): TokenReader {
    const register = {
      onBegun: (worker: string, on: RoutedStream) => this.#setOf(worker).add(on),
      onOver: (worker: string, on: RoutedStream) => this.#forget(worker, on),
    };
    const stream = new RoutedStream(this.#options, request, register, onNews);
    this.#live += 1;
    stream.start();
    return {
      take: () => stream.take(),
      leave: () => {
        this.#live -= 1;
        stream.leave();
      },
    };
  }

  /** Every stream at this worker goes on elsewhere. */
  onWorkerStalled(worker: string, why: string): number {
    const streams = [...(this.#streams.get(worker) ?? [])];
    for (const stream of streams) stream.onStalled(why);
    return streams.length;
  }

  /** Workers with a stream that has heard nothing for `silentMs`: are their connections alive? */
  silentFor(silentMs: number): readonly string[] {
    const sinceMs = this.#options.placement.nowMs() - silentMs;
    const silent = (streams: Set<RoutedStream>): boolean =>
      [...streams].some((stream) => stream.heardAtMs < sinceMs);
    return [...this.#streams].filter(([, streams]) => silent(streams)).map(([worker]) => worker);
  }

  #setOf(worker: string): Set<RoutedStream> {
    const known = this.#streams.get(worker);
    if (known !== undefined) return known;
    const made = new Set<RoutedStream>();
    this.#streams.set(worker, made);
    return made;
  }

  #forget(worker: string, stream: RoutedStream): void {
    const streams = this.#streams.get(worker);
    streams?.delete(stream);
    if (streams?.size === 0) this.#streams.delete(worker);
  }
}
