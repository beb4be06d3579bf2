// The requests at one worker over one GenerateBatched call: those that become due in one turn of
// the event loop leave as one message, and what one message brings for many goes to each.
//
// State: the call while it stands, who listens by serial, and what leaves at the end of this turn.
//
//   B1. A listener's onEnd is told exactly once, after its last message; after it, and after
//       cancel(), nothing.
//   B2. However the call ends, every request on it ends as UNAVAILABLE: another attempt may go
//       elsewhere, and the next one here opens another call.
//   B3. A message has 1 to BATCH_MAX requests and cancellations and waits for none: it holds what
//       the turn brought. What is cancelled before it left is never sent.

import { ERROR_CODES, Failure, type ErrorCode } from "#shared/base/errors.ts";
import { signalbox } from "#proto/signalbox.js";
import type { TurnQueue } from "../wire/turn-queue.ts";
import type { GrpcCall, GrpcListener } from "./grpc-call.ts";

type Batch = signalbox.inference.v1.IGenerateBatchedRequest;
type Answers = signalbox.inference.v1.IGenerateBatchedResponse;
type Request = signalbox.inference.v1.IGenerateRequest;
type Response = signalbox.inference.v1.IGenerateResponse;
type Listener = GrpcListener<Response>;

const { FinishReason } = signalbox.inference.v1;
const BATCH_MAX = 128;
const SERIAL_MAX = 2 ** 32 - 1;

/** Sizes of what left and of what came: how far one message serves many requests. */
export type OnBatch = (of: "requests" | "tokens", size: number) => void;

export class BatchedCalls {
  readonly #open: (first: Batch, listener: GrpcListener<Answers>) => GrpcCall<Batch>;
  readonly #turns: TurnQueue;
  readonly #onBatch: OnBatch;
  #call: GrpcCall<Batch> | null = null;
  /** The last that was given away. */
  #serial: number;
  readonly #listeners = new Map<number, Listener>();
  readonly #begun = new Map<number, Request>();
  #cancelled: number[] = [];
  #due = false;

  /** `open` begins a call with its first message. Throws Failure when the connection is over. */
  constructor(
    open: (first: Batch, listener: GrpcListener<Answers>) => GrpcCall<Batch>,
    turns: TurnQueue,
    onBatch: OnBatch,
    serial = 0,
  ) {
    this.#serial = serial;
    this.#open = open;
    this.#turns = turns;
    this.#onBatch = onBatch;
  }

  /** Leaves at the end of this turn. The answer cancels it. */
  begin(request: Request, listener: Listener): () => void {
    const serial = this.#nextSerial();
    this.#listeners.set(serial, listener);
    this.#begun.set(serial, request);
    this.#leaveSoon();
    return () => this.#cancel(serial);
  }

  #nextSerial(): number {
    do this.#serial = this.#serial === SERIAL_MAX ? 1 : this.#serial + 1;
    while (this.#listeners.has(this.#serial));
    return this.#serial;
  }

  #cancel(serial: number): void {
    if (!this.#listeners.delete(serial) || this.#begun.delete(serial)) return;
    this.#cancelled.push(serial);
    this.#leaveSoon();
  }

  #leaveSoon(): void {
    if (this.#due) return;
    this.#due = true;
    this.#turns.push(() => {
      this.#due = false;
      this.#leave();
    });
  }

  #leave(): void {
    const cancelled = this.#cancelled;
    const begun = [...this.#begun].map(([serial, request]) => ({ serial, request }));
    this.#cancelled = [];
    this.#begun.clear();
    for (let at = 0; at < cancelled.length; at += BATCH_MAX) {
      this.#send({ cancelled: cancelled.slice(at, at + BATCH_MAX) });
    }
    for (let at = 0; at < begun.length; at += BATCH_MAX) {
      const some = begun.slice(at, at + BATCH_MAX);
      this.#onBatch("requests", some.length);
      this.#send({ begun: some });
    }
  }

  #send(batch: Batch): void {
    if (this.#call !== null) return this.#call.write(batch);
    if (batch.begun === undefined) return; // What was to be cancelled ended with its call.
    try {
      const call: GrpcCall<Batch> = this.#open(batch, {
        onMessage: (answers) => this.#onAnswers(answers),
        onEnd: (failure) => this.#onCallEnd(failure),
      });
      this.#call = call;
    } catch (reason) {
      this.#onCallEnd(Failure.from(reason));
    }
  }

  #onAnswers({ responses }: Answers): void {
    if (responses === undefined || responses === null) return;
    this.#onBatch("tokens", responses.length);
    for (const { serial = 0, response, failure } of responses) {
      const listener = this.#listeners.get(serial ?? 0);
      if (listener === undefined) continue; // Cancelled while it was on its way.
      if (failure != null) this.#onEnd(serial ?? 0, listener, failureOf(failure));
      else if (response != null) this.#onResponse(serial ?? 0, listener, response);
    }
  }

  #onResponse(serial: number, listener: Listener, response: Response): void {
    try {
      listener.onMessage(response);
    } catch (reason) {
      this.#cancel(serial);
      return listener.onEnd(Failure.from(reason));
    }
    const { finish } = response;
    if (finish == null || finish === FinishReason.FINISH_REASON_UNSPECIFIED) return undefined;
    return this.#onEnd(serial, listener, null);
  }

  #onEnd(serial: number, listener: Listener, failure: Failure | null): void {
    // By its last message it may have been cancelled: then nothing is told.
    if (this.#listeners.delete(serial)) listener.onEnd(failure);
  }

  #onCallEnd(cause: Failure | null): void {
    this.#call = null;
    const why = cause === null ? "" : `: ${cause.message}`;
    const broken = new Failure("UNAVAILABLE", `the worker ended the call${why}`, { cause });
    const lost = [...this.#listeners].filter(([serial]) => !this.#begun.has(serial));
    for (const [serial, listener] of lost) this.#onEnd(serial, listener, broken);
  }
}

function failureOf(wire: signalbox.inference.v1.IBatchedFailure): Failure {
  const { code = "", message, hint, retryAfterMs } = wire;
  const known = code != null && Object.hasOwn(ERROR_CODES, code);
  return new Failure(known ? (code as ErrorCode) : "INTERNAL", message ?? "", {
    ...(hint ? { hint } : {}),
    ...(retryAfterMs == null ? {} : { retryAfterMs }),
  });
}
