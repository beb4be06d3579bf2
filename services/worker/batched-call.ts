// Many requests over one call (GenerateBatched): each is a session of its own, and what is there of
// all of them when a step of the engine has been read goes out together.
//
// State: the sessions by serial, what is to be sent, and whether the caller is behind.
//
//   B1. What one session says keeps its order; its last is a finish or a failure, and it reads
//       nothing more once it was cancelled.
//   B2. A session is read again when what it said is on its way: at most one response of each is
//       kept here, and what comes meanwhile the engine merges.
//   B3. A message has 1 to BATCH_MAX responses and waits for none: it holds what is there.
//   B4. However the call ends, every session that is left is abandoned.

import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { BidiStream } from "#shared/mesh/bidi-stream.ts";
import { encodeFailure } from "./encode-response.ts";
import type { OpenSession, Sessions } from "./sessions.ts";

type Batch = signalbox.inference.v1.IGenerateBatchedRequest;
type Answers = signalbox.inference.v1.IGenerateBatchedResponse;
type Said = signalbox.inference.v1.IBatchedResponse;

const BATCH_MAX = 128;

export function generateBatched(
  sessions: Sessions,
  stream: BidiStream<Batch, Answers>,
  peer: string,
): void {
  const call = new BatchedCall(sessions, stream, peer);
  stream.listen({ onMessage: (message) => call.onMessage(message), onEnd: () => call.onEnd() });
}

class BatchedCall {
  readonly #sessions: Sessions;
  readonly #stream: BidiStream<Batch, Answers>;
  readonly #peer: string;
  readonly #live = new Map<number, OpenSession>();
  #due: Said[] = [];
  /** Settles when what is due is on its way. */
  #sent = Promise.withResolvers<void>();
  #behind = false;
  readonly #flush = (): void => this.#onStepRead();

  constructor(sessions: Sessions, stream: BidiStream<Batch, Answers>, peer: string) {
    this.#sessions = sessions;
    this.#stream = stream;
    this.#peer = peer;
  }

  onMessage({ begun, cancelled }: Batch): void {
    for (const serial of cancelled ?? []) {
      this.#live.get(serial)?.abandon();
      this.#live.delete(serial);
    }
    for (const { serial, request } of begun ?? []) {
      if (!serial || this.#live.has(serial) || !request) {
        const said = `serial ${serial}: one that is live, or without a request`;
        return this.#stream.end(new Failure("INVALID", said));
      }
      this.#begin(serial, request);
    }
  }

  onEnd(): void {
    for (const session of this.#live.values()) session.abandon();
    this.#live.clear();
    this.#due = [];
    this.#settle(); // Who waits finds that it is not live any more.
  }

  #begin(serial: number, request: signalbox.inference.v1.IGenerateRequest): void {
    try {
      const session = this.#sessions.open(request, false, this.#peer);
      this.#live.set(serial, session);
      void this.#read(serial, session);
    } catch (reason) {
      void this.#say({ serial, failure: encodeFailure(reason) });
    }
  }

  async #read(serial: number, session: OpenSession): Promise<void> {
    try {
      for await (const response of session.responses()) {
        if (!this.#live.has(serial)) return;
        await this.#say({ serial, response });
      }
    } catch (reason) {
      if (this.#live.has(serial)) void this.#say({ serial, failure: encodeFailure(reason) });
    } finally {
      this.#live.delete(serial);
    }
  }

  /** Settles when it is on its way, or nobody wants it any more. */
  #say(said: Said): Promise<void> {
    if (this.#stream.over) return Promise.resolve();
    this.#due.push(said);
    // A step ends many reads in one microtask each: behind the last of them comes the next tick.
    if (this.#due.length === 1 && !this.#behind) process.nextTick(this.#flush);
    return this.#sent.promise;
  }

  #onStepRead(): void {
    const due = this.#due;
    this.#due = [];
    let hasRoom = true;
    for (let at = 0; at < due.length; at += BATCH_MAX) {
      hasRoom = this.#stream.write({ responses: due.slice(at, at + BATCH_MAX) });
    }
    if (hasRoom) return this.#settle();
    this.#behind = true;
    return this.#stream.onDrained(() => {
      this.#behind = false;
      if (this.#due.length > 0) this.#onStepRead();
      else this.#settle();
    });
  }

  #settle(): void {
    const sent = this.#sent;
    this.#sent = Promise.withResolvers();
    sent.resolve();
  }
}
