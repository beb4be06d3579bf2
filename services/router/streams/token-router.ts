// The router's middle: one request's tokens as one stream, whichever workers compute them. What
// may be delivered is core/stream.ts's decision; here are calls, waiting and the reader.
//
//   R1. A stream has at most one live attempt, and every attempt is counted until it ends.
//   R2. What the reader has not taken is merged into one chunk: never more than the output.
//   R3. When the reader leaves, the attempt is cancelled and counted as the client's.

import { Failure } from "#shared/base/errors.ts";
import { signalbox } from "#proto/signalbox.js";
import {
  faultOf,
  newStream,
  onChunk,
  onEnded,
  onFault,
  onPlaced,
  type AttemptFault,
  type Stream,
} from "../core/stream.ts";
import type { ChunkLogprobs, TokenChunk, TokenRequest, TokenSource } from "../token-source.ts";
import type { GenerateCall, WorkerConnection } from "../workers/worker-connection.ts";
import { generateRequestOf, logprobsOf } from "./generate-request.ts";
import type { AttemptOutcome, Placed, Placement, StreamMeter } from "./placement.ts";

const { FinishReason } = signalbox.inference.v1;
type GenerateResponse = signalbox.inference.v1.IGenerateResponse;

export interface TokenRouterOptions {
  readonly placement: Placement;
  readonly meter: StreamMeter;
  /** A request that has no token yet waits this long for a worker. */
  readonly freshWaitMs: number;
  /** A stream whose worker is gone waits this long for another. */
  readonly resumeWaitMs: number;
}

/** Between two looks at the fleet while a stream waits: news wake it earlier. */
const LOOK_MS = 250;

export class TokenRouter implements TokenSource {
  readonly #options: TokenRouterOptions;
  /** By worker, for verdicts about it. */
  readonly #streams = new Map<string, Set<RoutedStream>>();
  #live = 0;

  constructor(options: TokenRouterOptions) {
    this.#options = options;
  }

  get live(): number {
    return this.#live;
  }

  async *open(request: TokenRequest, signal: AbortSignal): AsyncGenerator<TokenChunk, void> {
    const stream = new RoutedStream(this.#options, request, {
      onBegun: (worker, on) => this.#setOf(worker).add(on),
      onOver: (worker, on) => this.#forget(worker, on),
    });
    const onAbort = (): void => stream.wake();
    signal.addEventListener("abort", onAbort);
    this.#live += 1;
    try {
      stream.start();
      for (;;) {
        if (signal.aborted) throw new Failure("CANCELLED", "the client is gone");
        const chunk = stream.take();
        if (chunk === null) {
          await stream.news();
          continue;
        }
        yield chunk;
        if (chunk.finish !== null) return;
      }
    } finally {
      this.#live -= 1;
      signal.removeEventListener("abort", onAbort);
      stream.leave();
    }
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

interface Register {
  onBegun(worker: string, stream: RoutedStream): void;
  onOver(worker: string, stream: RoutedStream): void;
}

interface LiveAttempt {
  readonly id: string;
  readonly fence: number;
  readonly connection: WorkerConnection;
  readonly classId: string;
  readonly call: GenerateCall;
}

class RoutedStream {
  readonly #options: TokenRouterOptions;
  readonly #request: TokenRequest;
  readonly #register: Register;
  readonly #stream: Stream;
  #attempt: LiveAttempt | null = null;
  #pending: number[] = [];
  #pendingLogprobs: ChunkLogprobs[] = [];
  #cachedTokens: number | null = null;
  #cachedTold = false;
  #finish: TokenChunk["finish"] = null;
  #failure: Failure | null = null;
  #wake: (() => void) | null = null;
  /** Since when the reader has waited for a worker's fault to be mended. */
  #fault: { readonly cause: AttemptFault["kind"]; readonly sinceMs: number } | null = null;
  #lastTokenMs: number;
  /** When the current attempt was begun or said something. */
  heardAtMs: number;

  constructor(options: TokenRouterOptions, request: TokenRequest, register: Register) {
    this.#options = options;
    this.#request = request;
    this.#register = register;
    this.#stream = newStream(request.id, request.resumeIds);
    this.#lastTokenMs = options.placement.nowMs();
    this.heardAtMs = this.#lastTokenMs;
  }

  start(): void {
    void this.#place();
  }

  /** What has come since the last call; null: nothing yet. Throws how the stream failed. */
  take(): TokenChunk | null {
    const count = this.#pending.length;
    if (count === 0 && this.#finish === null) {
      if (this.#failure !== null) throw this.#failure;
      return null;
    }
    const chunk: TokenChunk = {
      index: this.#stream.emitted.length - count,
      tokenIds: this.#pending,
      logprobs: this.#pendingLogprobs.length === 0 ? null : this.#pendingLogprobs,
      cachedTokens: this.#cachedTokens,
      finish: this.#finish,
    };
    this.#pending = [];
    this.#pendingLogprobs = [];
    this.#cachedTokens = null;
    return chunk;
  }

  news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** The reader is gone, or has all it will get. */
  leave(): void {
    if (this.#stream.phase !== "ended") {
      onEnded(this.#stream);
      this.#options.meter.onEnded("client_gone");
    }
    this.#closeAttempt("client_gone");
  }

  onStalled(why: string): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    attempt.call.cancel();
    this.#onFault(attempt, { kind: "stalled", why });
  }

  async #place(): Promise<void> {
    const { placement, freshWaitMs, resumeWaitMs } = this.#options;
    const started = this.#stream.emitted.length > 0;
    const deadlineMs = placement.nowMs() + (started ? resumeWaitMs : freshWaitMs);
    while (this.#stream.phase === "placing") {
      const id = `${this.#request.id}#${this.#stream.fence + 1}`;
      const placed = this.#pick(id);
      if (placed.kind === "worker") return this.#begin(id, placed);
      const leftMs = deadlineMs - placement.nowMs();
      if (leftMs <= 0 || placed.reason === "unknown" || placed.reason === "quota") {
        return this.#fail(refusalOf(this.#request.model, placed, started));
      }
      await placement.changed(Math.min(leftMs, LOOK_MS));
    }
  }

  #pick(id: string): Placed {
    const { failedBy } = this.#stream;
    const placed = this.#options.placement.place(id, this.#wish(failedBy));
    if (placed.kind === "worker" || failedBy.size === 0 || placed.reason !== "none") return placed;
    // Nobody else is left: whoever failed may be well again.
    return this.#options.placement.place(id, this.#wish(NOBODY));
  }

  #wish(exclude: ReadonlySet<string>): Parameters<Placement["place"]>[1] {
    const { model, promptIds, sampling, cacheSalt, session, priority, mask } = this.#request;
    const { emitted, classId } = this.#stream;
    return {
      ...{ model, promptIds, cacheSalt, session, priority, exclude, classId },
      resumeTokens: emitted.length,
      outputTokensMax: sampling.maxTokens,
      needs: { resume: emitted.length > 0, masks: mask !== null },
    };
  }

  #begin(id: string, placed: Placed & { readonly kind: "worker" }): void {
    const { connection, classId, dispatch } = placed;
    const { fence, resumeIds } = onPlaced(this.#stream);
    const wire = generateRequestOf(this.#request, { fence, resumeIds, dispatch });
    const open = this.#request.mask === null ? "generate" : "generateMasked";
    const listener = {
      onMessage: (response: GenerateResponse) => this.#onMessage(fence, response),
      onEnd: (failure: Failure | null) => this.#onCallEnd(fence, failure),
    };
    try {
      const call = connection[open](wire, listener);
      this.heardAtMs = this.#options.placement.nowMs();
      this.#attempt = { id, fence, connection, classId, call };
      this.#register.onBegun(connection.key, this);
    } catch (reason) {
      this.#options.placement.onEnded(id, "worker_fault");
      this.#goOn(connection.key, faultOf(Failure.from(reason)));
      return;
    }
    if (this.#request.mask !== null) void this.#allowNext();
  }

  #onMessage(fence: number, response: GenerateResponse): void {
    const attempt = this.#attempt;
    if (attempt === null || attempt.fence !== fence) return;
    this.heardAtMs = this.#options.placement.nowMs();
    const tokenIds = response.tokenIds ?? [];
    const firstIndex = response.firstIndex ?? 0;
    const chunk = { fence: response.fence ?? 0, firstIndex, tokenIds };
    const verdict = onChunk(this.#stream, attempt.classId, chunk);
    if (verdict.kind === "broken") {
      attempt.call.cancel();
      return this.#onFault(attempt, { kind: "worker_fault", why: verdict.why });
    }
    if (
      !this.#cachedTold &&
      response.cachedTokens !== undefined &&
      response.cachedTokens !== null
    ) {
      this.#cachedTokens = response.cachedTokens;
      this.#cachedTold = true;
    }
    if (verdict.kind === "new") this.#deliver(attempt, response, verdict.skip);
    const finish = response.finish ?? FinishReason.FINISH_REASON_UNSPECIFIED;
    if (finish !== FinishReason.FINISH_REASON_UNSPECIFIED) {
      this.#onFinish(attempt, finish, firstIndex + tokenIds.length);
    } else if (verdict.kind === "new" && this.#request.mask !== null) {
      void this.#allowNext();
    }
    return this.wake();
  }

  #deliver(attempt: LiveAttempt, response: GenerateResponse, skip: number): void {
    const { placement, meter } = this.#options;
    const tokenIds = response.tokenIds ?? [];
    for (const id of tokenIds.slice(skip)) this.#pending.push(id);
    const logprobs = response.logprobs ?? [];
    for (const one of logprobs.slice(skip)) this.#pendingLogprobs.push(logprobsOf(one));
    placement.onTokens(attempt.id, tokenIds.length - skip, response.cachedTokens ?? null);
    const nowMs = placement.nowMs();
    if (this.#fault !== null) {
      meter.onResumed(this.#fault.cause, nowMs - this.#fault.sinceMs);
      this.#fault = null;
    }
    this.#lastTokenMs = nowMs;
  }

  #onFinish(attempt: LiveAttempt, finish: number, endIndex: number): void {
    if (finish === FinishReason.FINISH_REASON_ABORTED) {
      return this.#onFault(attempt, { kind: "handed_back" });
    }
    if (endIndex !== this.#stream.emitted.length) {
      attempt.call.cancel();
      const why = `it ended at token ${endIndex} of ${this.#stream.emitted.length}`;
      return this.#onFault(attempt, { kind: "worker_fault", why });
    }
    return this.#complete(finish === FinishReason.FINISH_REASON_LENGTH ? "length" : "stop");
  }

  #complete(finish: "stop" | "length"): void {
    onEnded(this.#stream);
    this.#finish = finish;
    this.#options.meter.onEnded(finish);
    this.#closeAttempt("ok");
  }

  #onCallEnd(fence: number, failure: Failure | null): void {
    const attempt = this.#attempt;
    if (attempt === null || attempt.fence !== fence || this.#stream.phase !== "running") return;
    const silent: AttemptFault = { kind: "worker_fault", why: "it ended without a finish" };
    this.#onFault(attempt, failure === null ? silent : faultOf(failure));
  }

  #onFault(attempt: LiveAttempt, fault: AttemptFault): void {
    this.#closeAttempt(outcomeOf(fault));
    this.#goOn(attempt.connection.key, fault);
  }

  #goOn(worker: string, fault: AttemptFault): void {
    const verdict = onFault(this.#stream, worker, fault);
    if (verdict.kind === "fail") return this.#fail(verdict.failure);
    this.#options.meter.onRetried(fault.kind);
    if (this.#stream.emitted.length > this.#request.resumeIds.length) {
      this.#fault ??= { cause: fault.kind, sinceMs: this.#lastTokenMs };
    }
    return void this.#placeAfter(verdict.afterMs);
  }

  async #placeAfter(pauseMs: number): Promise<void> {
    if (pauseMs > 0) await this.#options.placement.changed(pauseMs);
    if (this.#stream.phase === "placing") await this.#place();
  }

  #fail(failure: Failure): void {
    onEnded(this.#stream);
    this.#failure = failure;
    this.#options.meter.onEnded("failed");
    this.wake();
  }

  #closeAttempt(outcome: AttemptOutcome): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    this.#attempt = null;
    if (outcome !== "ok") attempt.call.cancel();
    this.#register.onOver(attempt.connection.key, this);
    this.#options.placement.onEnded(attempt.id, outcome);
  }

  /** The mask for the next token; a grammar that is complete ends the output. */
  async #allowNext(): Promise<void> {
    const attempt = this.#attempt;
    const { mask } = this.#request;
    if (attempt === null || mask === null) return;
    const index = this.#stream.emitted.length;
    try {
      const words = await mask.maskAfter(this.#stream.emitted);
      if (this.#attempt !== attempt || this.#stream.emitted.length !== index) return;
      if (words !== null) return attempt.call.allow(index, words);
      attempt.call.cancel();
      this.#complete("stop");
      this.wake();
    } catch (reason) {
      if (this.#attempt !== attempt) return;
      this.#closeAttempt("request_fault");
      this.#fail(Failure.from(reason));
    }
  }
}

const NOBODY: ReadonlySet<string> = new Set();

function outcomeOf(fault: AttemptFault): AttemptOutcome {
  switch (fault.kind) {
    case "request_fault":
    case "backpressure":
    case "handed_back":
      return fault.kind;
    default:
      return "worker_fault";
  }
}

function refusalOf(
  model: string,
  refused: Placed & { readonly kind: "refused" },
  started: boolean,
): Failure {
  const { reason, retryAfterMs } = refused;
  switch (reason) {
    case "unknown":
      return new Failure("NOT_FOUND", `no worker serves a model ${JSON.stringify(model)}`);
    case "quota":
      return new Failure("FULL", "the limit of this key is reached", { retryAfterMs });
    case "saturated":
      return new Failure("FULL", `every worker of ${model} is busy`, { retryAfterMs });
    case "none": {
      const who = started ? "that can go on with it exactly" : "";
      const said = `no worker of ${model} ${who}`.trimEnd();
      return new Failure("UNAVAILABLE", `${said} is there`, { retryAfterMs });
    }
  }
}
