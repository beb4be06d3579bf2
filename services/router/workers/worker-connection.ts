// One worker as this router reaches it: HTTP/2 on the connection it dialled, and what it said of its model. Made by connectWorker(), over when `closed` settles.

import type { Socket } from "node:net";
import { Failure } from "#shared/base/errors.ts";
import { WorkerService } from "#proto/services.ts";
import type { signalbox } from "#proto/signalbox.js";
import type { TokenizerFiles } from "../token-source.ts";
import { Http2Connection } from "../wire/http2-connection.ts";
import type { TurnQueue } from "../wire/turn-queue.ts";
import { BatchedCalls, type OnBatch } from "./batched-calls.ts";
import { askOnce, openCall, type GrpcCall, type GrpcListener } from "./grpc-call.ts";

type Wire = typeof signalbox.inference.v1;
type GenerateRequest = signalbox.inference.v1.IGenerateRequest;
type GenerateResponse = signalbox.inference.v1.IGenerateResponse;
export type WireModel = InstanceType<Wire["Model"]>;

export interface WorkerConnection {
  /** `WORKER/EPOCH`: a restarted worker is another one. */
  readonly key: string;
  readonly model: WireModel;
  /** False from the moment it breaks, before `closed` has settled. */
  readonly isOpen: boolean;
  /** Settles with why, once the connection is over. Never rejects. */
  readonly closed: Promise<string>;
  generate(request: GenerateRequest, listener: GrpcListener<GenerateResponse>): GenerateCall;
  generateMasked(request: GenerateRequest, listener: GrpcListener<GenerateResponse>): GenerateCall;
  /** Whether it answers at all, asked on this very connection. */
  answersWithin(deadlineMs: number): Promise<boolean>;
  tokenizer(): Promise<TokenizerFiles | null>;
  /** Ends every call on it as broken. */
  cut(why: string): void;
}

export interface GenerateCall {
  /** Only of generateMasked. */
  allow(index: number, mask: Uint32Array): void;
  cancel(): void;
}

const HELLO_MS = 10_000;
const TOKENIZER_MS = 60_000;
const TOKENIZER_BYTES_MAX = 256 * 1024 * 1024;
/** Of one stream and of all of them: chunks are small, and a tokenizer's file is not. */
const WINDOW_BYTES = 1024 * 1024;
/** A request with more goes by a call of its own: those behind it would wait for its bytes. */
const BATCHED_TOKENS_MAX = 4_096;

/** Takes the socket over. Rejects with Failure when the other end is no worker. */
export async function connectWorker(
  socket: Socket,
  key: string,
  turns: TurnQueue,
  onBatch: OnBatch,
): Promise<WorkerConnection> {
  socket.setNoDelay(true);
  const closed = Promise.withResolvers<string>();
  const session = new Http2Connection(socket, {
    ...{ turns, windowBytes: WINDOW_BYTES, connectionWindowBytes: 16 * WINDOW_BYTES },
    ...{ onStream: null, streamsMax: 0, onClosed: (why) => closed.resolve(why) },
  });
  try {
    const { model } = await askOnce(session, WorkerService.getModel, {}, HELLO_MS);
    if (model === undefined || model === null) {
      throw new Failure("CORRUPT", `worker ${key} says nothing of its model`);
    }
    const said = model as WireModel;
    const batched = said.capabilities?.batched === true ? batchedOn(session, turns, onBatch) : null;
    return new Connection(session, key, said, closed.promise, batched);
  } catch (reason) {
    session.destroy("it is no worker");
    throw reason;
  }
}

function batchedOn(session: Http2Connection, turns: TurnQueue, onBatch: OnBatch): BatchedCalls {
  const { generateBatched } = WorkerService;
  return new BatchedCalls(
    (first, listener) => openCall(session, generateBatched, first, listener),
    turns,
    onBatch,
  );
}

class Connection implements WorkerConnection {
  readonly key: string;
  readonly model: WireModel;
  readonly closed: Promise<string>;
  readonly #session: Http2Connection;
  /** Null: the worker knows single calls only. */
  readonly #batched: BatchedCalls | null;

  constructor(
    session: Http2Connection,
    key: string,
    model: WireModel,
    closed: Promise<string>,
    batched: BatchedCalls | null,
  ) {
    this.#session = session;
    this.#batched = batched;
    this.key = key;
    this.model = model;
    this.closed = closed;
  }

  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  generate(request: GenerateRequest, listener: GrpcListener<GenerateResponse>): GenerateCall {
    this.#assertOpen();
    const tokens = (request.promptIds?.length ?? 0) + (request.resumeIds?.length ?? 0);
    if (this.#batched !== null && tokens <= BATCHED_TOKENS_MAX) {
      return { allow: refuseMask, cancel: this.#batched.begin(request, listener) };
    }
    const call = openCall(this.#session, WorkerService.generate, request, listener);
    return callOf(call, refuseMask);
  }

  generateMasked(request: GenerateRequest, listener: GrpcListener<GenerateResponse>): GenerateCall {
    this.#assertOpen();
    const method = WorkerService.generateMasked;
    const call = openCall(
      this.#session,
      method,
      { request },
      {
        onMessage: ({ response }) => {
          if (response !== undefined && response !== null) listener.onMessage(response);
        },
        onEnd: (failure) => listener.onEnd(failure),
      },
    );
    return callOf(call, (index, mask) => {
      const words = new Uint8Array(mask.buffer, mask.byteOffset, mask.byteLength);
      call.write({ mask: { index, words } });
    });
  }

  async answersWithin(deadlineMs: number): Promise<boolean> {
    try {
      await askOnce(this.#session, WorkerService.getLoad, {}, deadlineMs);
      return true;
    } catch {
      return false;
    }
  }

  tokenizer(): Promise<TokenizerFiles | null> {
    const sha256 = this.model.tokenizerSha256;
    if (sha256 === "") return Promise.resolve(null);
    const parts = new Map<string, Uint8Array[]>();
    let bytes = 0;
    let file = "";
    return new Promise((resolve, reject) => {
      const call = openCall(
        this.#session,
        WorkerService.getTokenizer,
        {},
        {
          onMessage: (part) => {
            if (part.file !== undefined && part.file !== null && part.file !== "") file = part.file;
            bytes += part.data?.length ?? 0;
            if (bytes > TOKENIZER_BYTES_MAX) {
              call.cancel();
              return end(
                new Failure("CORRUPT", `worker ${this.key}: a tokenizer of ${bytes} bytes`),
              );
            }
            // Messages are views of what arrived: what is kept must be a copy.
            const kept = Uint8Array.from(part.data ?? []);
            parts.set(file, [...(parts.get(file) ?? []), kept]);
          },
          onEnd: (failure) => end(failure),
        },
      );
      const timer = setTimeout(() => {
        call.cancel();
        end(new Failure("DEADLINE", `worker ${this.key}: no tokenizer in ${TOKENIZER_MS} ms`));
      }, TOKENIZER_MS);
      const end = (failure: Failure | null): void => {
        clearTimeout(timer);
        if (failure !== null) return reject(failure);
        const files = new Map([...parts].map(([name, all]) => [name, Buffer.concat(all)] as const));
        return resolve({ sha256, files });
      };
    });
  }

  cut(why: string): void {
    this.#session.destroy(why);
  }

  #assertOpen(): void {
    if (!this.isOpen) {
      throw new Failure("UNAVAILABLE", `the connection to worker ${this.key} is over`);
    }
  }
}

function refuseMask(): never {
  throw new Failure("INTERNAL", "a mask for a request without masks");
}

function callOf(call: GrpcCall<never>, allow: GenerateCall["allow"]): GenerateCall {
  return {
    allow,
    cancel: () => call.cancel(),
  };
}
