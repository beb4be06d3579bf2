// One request's stream over many attempts: its calls, its waiting and its reader. What may be
// delivered is core/stream.ts's decision, who is let in first front-gate.ts's.
//
// State: the stream, its live attempt, and what the reader has not taken; owned by TokenRouter.
//
//   R1. A stream has at most one live attempt, and every attempt is counted until it ends.
//   R2. What the reader has not taken is merged into one chunk: never more than the output.
//   R3. When the reader leaves, the attempt is cancelled and counted as the client's.
//   R4. A stream with tokens waits behind nobody, and its retries take nothing from the budget.

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
import type { ChunkLogprobs, TokenChunk, TokenReader, TokenRequest } from "../token-source.ts";
import type { GenerateCall, WorkerConnection } from "../workers/worker-connection.ts";
import type { FrontGate, Visitor } from "./front-gate.ts";
import { generateRequestOf, logprobsOf } from "./generate-request.ts";
import type { AttemptOutcome, Placed, Placement, StreamMeter } from "./placement.ts";
import { outcomeOf, refusalOf, spentFailure } from "./stream-refusals.ts";

const { FinishReason } = signalbox.inference.v1;
type GenerateResponse = signalbox.inference.v1.IGenerateResponse;

export interface RoutedStreamOptions {
  readonly placement: Placement;
  readonly meter: StreamMeter;
  readonly gate: FrontGate;
  /** A request that was let in and has no token yet waits this long for a worker. */
  readonly freshWaitMs: number;
  /** A stream whose worker is gone waits this long for another. */
  readonly resumeWaitMs: number;
}

/** Between two looks at the fleet while a stream waits: news wake it earlier. */
const LOOK_MS = 250;

export interface Register {
  onBegun(worker: string, stream: RoutedStream): void;
  onOver(worker: string, stream: RoutedStream): void;
}

interface LiveAttempt {
  readonly id: string;
  readonly fence: number;
  readonly connection: WorkerConnection;
  readonly classId: string;
  readonly call: GenerateCall;
  readonly begunAtMs: number;
}

export class RoutedStream implements Visitor, TokenReader {
  readonly #options: RoutedStreamOptions;
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
  readonly #onNews: () => void;
  /** Since when the reader has waited for a worker's fault to be mended. */
  #fault: { readonly cause: AttemptFault["kind"]; readonly sinceMs: number } | null = null;
  #lastTokenMs: number;
  /** When the current attempt was begun or said something. */
  heardAtMs: number;

  /** `onNews`: take() may have something; told from within start() too. */
  constructor(
    options: RoutedStreamOptions,
    request: TokenRequest,
    register: Register,
    onNews: () => void,
  ) {
    this.#options = options;
    this.#request = request;
    this.#register = register;
    this.#onNews = onNews;
    this.#stream = newStream(request.id, request.resumeIds);
    this.#lastTokenMs = options.placement.nowMs();
    this.heardAtMs = this.#lastTokenMs;
  }

  /** What somebody has begun to read goes on at once; what is new waits its turn. */
  start(): void {
    if (this.#stream.emitted.length > 0) return void this.#place();
    return this.#options.gate.enter(this.#request, this);
  }

  onLetIn(): void {
    void this.#place();
  }

  onTurnedAway(failure: Failure): void {
    this.#fail(failure);
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

  /** The reader is gone, or has all it will get. */
  leave(): void {
    if (this.#stream.phase !== "ended") {
      onEnded(this.#stream);
      this.#options.meter.onEnded("client_gone");
    }
    this.#closeAttempt("client_gone");
    this.#leaveGate();
  }

  onStalled(why: string): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    attempt.call.cancel();
    this.#onFault(attempt, { kind: "stalled", why });
  }

  async #place(): Promise<void> {
    const { placement, gate, freshWaitMs, resumeWaitMs } = this.#options;
    const { id: requestId, model } = this.#request;
    const started = this.#stream.emitted.length > 0;
    const deadlineMs = placement.nowMs() + (started ? resumeWaitMs : freshWaitMs);
    let sawNobody = false;
    while (this.#stream.phase === "placing") {
      const id = `${requestId}#${this.#stream.fence + 1}`;
      const placed = this.#pick(id);
      if (placed.kind === "worker") {
        gate.givePlaceBack(model, requestId);
        return this.#begin(id, placed);
      }
      const { reason } = placed;
      // Whoever waited for a first worker now queues for room there.
      if (reason === "saturated" && sawNobody && this.#stream.fence === 0 && !started) {
        return gate.enterAgain(this.#request, this);
      }
      sawNobody ||= reason === "none";
      const leftMs = deadlineMs - placement.nowMs();
      if (leftMs <= 0 || reason === "unknown" || reason === "quota") {
        return this.#fail(refusalOf(model, placed, started));
      }
      if (reason === "saturated") gate.keepPlace(model, requestId);
      else gate.givePlaceBack(model, requestId);
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
      this.#attempt = { id, fence, connection, classId, call, begunAtMs: this.heardAtMs };
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
    return this.#onNews();
  }

  #deliver(attempt: LiveAttempt, response: GenerateResponse, skip: number): void {
    const { placement, meter } = this.#options;
    const tokenIds = response.tokenIds ?? [];
    for (let i = skip; i < tokenIds.length; i++) this.#pending.push(tokenIds[i] ?? 0);
    const logprobs = response.logprobs ?? [];
    for (const one of logprobs.slice(skip)) this.#pendingLogprobs.push(logprobsOf(one));
    placement.onTokens(attempt.id, tokenIds.length - skip, response.cachedTokens ?? null);
    const nowMs = this.heardAtMs;
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
    this.#leaveGate();
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
    this.#options.gate.onRoom(this.#request.model);
  }

  #goOn(worker: string, fault: AttemptFault): void {
    const verdict = onFault(this.#stream, worker, fault);
    if (verdict.kind === "fail") return this.#fail(verdict.failure);
    if (this.#costsRetry(fault) && !this.#options.gate.mayRetry())
      return this.#fail(spentFailure(fault));
    this.#options.meter.onRetried(fault.kind);
    if (this.#stream.emitted.length > this.#request.resumeIds.length) {
      this.#fault ??= { cause: fault.kind, sinceMs: this.#lastTokenMs };
    }
    return void this.#placeAfter(verdict.afterMs);
  }

  /**
   * Answers that come back take from the budget, so that retries do not feed an overload. The first
   * loss of a worker does not: all that it had comes at once, and has to go somewhere.
   */
  #costsRetry({ kind }: AttemptFault): boolean {
    if (this.#stream.emitted.length > 0 || kind === "handed_back") return false;
    return (kind !== "lost" && kind !== "stalled") || this.#stream.barren > 1;
  }

  async #placeAfter(pauseMs: number): Promise<void> {
    if (pauseMs > 0) await this.#options.placement.changed(pauseMs);
    if (this.#stream.phase === "placing") await this.#place();
  }

  #fail(failure: Failure): void {
    onEnded(this.#stream);
    this.#failure = failure;
    this.#options.meter.onEnded("failed");
    this.#leaveGate();
    this.#onNews();
  }

  #closeAttempt(outcome: AttemptOutcome): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    this.#attempt = null;
    if (outcome !== "ok") attempt.call.cancel();
    this.#register.onOver(attempt.connection.key, this);
    this.#options.placement.onEnded(attempt.id, outcome);
    this.#request.onWorked?.(this.#options.placement.nowMs() - attempt.begunAtMs);
  }

  #leaveGate(): void {
    this.#options.gate.leave(this.#request.model, this.#request.id);
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
      this.#onNews();
    } catch (reason) {
      if (this.#attempt !== attempt) return;
      this.#closeAttempt("request_fault");
      this.#fail(Failure.from(reason));
    }
  }
}

const NOBODY: ReadonlySet<string> = new Set();
