// One gRPC call on an HTTP/2 connection: hand-framed messages on wire/http2-connection.ts.
//
//   C1. `onEnd` is told exactly once, after the last message; after it, and after cancel(),
//       nothing.

import { Failure } from "#shared/base/errors.ts";
import { WorkerService } from "#proto/services.ts";
import type { Method } from "#shared/mesh/grpc-tables.ts";
import { failureOfStatus } from "#shared/mesh/status-mapping.ts";
import { GrpcFrames } from "../wire/grpc-frames.ts";
import { encodeHeaders } from "../wire/hpack.ts";
import type { Header } from "../wire/hpack-tables.ts";
import type { Http2Connection } from "../wire/http2-connection.ts";
import { ERROR } from "../wire/http2-frames.ts";
import type { Http2Stream, StreamListener } from "../wire/http2-stream.ts";

export interface GrpcCall<Req> {
  /** One more message, of a client or two-way stream. */
  write(message: Req): void;
  /** No more messages from here. */
  finish(): void;
  /** Resets the stream; nothing is told any more. */
  cancel(): void;
}

export interface GrpcListener<Res> {
  onMessage(message: Res): void;
  /** Null: status OK. UNAVAILABLE when the connection broke before there was a status. */
  onEnd(failure: Failure | null): void;
}

const WORKER_HEADS = new Map(
  Object.values(WorkerService).map(({ path }) => [path, headOf(path)] as const),
);

function headOf(path: string): Buffer {
  return encodeHeaders([
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "worker"],
    [":path", path],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ]);
}

/**
 * Sends `first`; when the method takes one message only, that is all. UNAVAILABLE when the
 * connection is over.
 */
export function openCall<Req, Res>(
  connection: Http2Connection,
  method: Method<Req, Res>,
  first: Req,
  listener: GrpcListener<Res>,
): GrpcCall<Req> {
  const call = new Call(connection, method, listener);
  call.write(first);
  if (!method.requestStream) call.finish();
  return call;
}

/** Of a method that answers one message. Rejects with Failure; DEADLINE after `deadlineMs`. */
export function askOnce<Req, Res>(
  connection: Http2Connection,
  method: Method<Req, Res>,
  request: Req,
  deadlineMs: number,
): Promise<Res> {
  return new Promise((resolve, reject) => {
    let answer: Res | null = null;
    const call = openCall(connection, method, request, {
      onMessage: (message) => (answer = message),
      onEnd: (failure) => {
        clearTimeout(timer);
        if (failure !== null) reject(failure);
        else if (answer === null) reject(new Failure("CORRUPT", `${method.path}: no answer`));
        else resolve(answer);
      },
    });
    const timer = setTimeout(() => {
      call.cancel();
      reject(new Failure("DEADLINE", `${method.path}: no answer within ${deadlineMs} ms`));
    }, deadlineMs);
  });
}

class Call<Req, Res> implements GrpcCall<Req>, StreamListener {
  readonly #stream: Http2Stream;
  readonly #method: Method<Req, Res>;
  readonly #listener: GrpcListener<Res>;
  readonly #frames = new GrpcFrames();
  /** The last that came: those with a status end the call. */
  #headers: readonly Header[] = [];
  #ended = false;

  constructor(connection: Http2Connection, method: Method<Req, Res>, listener: GrpcListener<Res>) {
    this.#method = method;
    this.#listener = listener;
    this.#stream = connection.open(WORKER_HEADS.get(method.path) ?? headOf(method.path), this);
  }

  write(message: Req): void {
    if (!this.#ended) this.#stream.sendMessage(this.#method.requestSerialize(message));
  }

  finish(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#ended = true;
    this.#stream.reset(ERROR.cancel);
  }

  onHeaders(headers: readonly Header[]): void {
    this.#headers = headers;
  }

  onData(bytes: Buffer): void {
    if (this.#ended) return;
    try {
      for (const message of this.#frames.push(bytes)) {
        this.#listener.onMessage(this.#method.responseDeserialize(message));
        if (this.#ended) return;
      }
    } catch (reason) {
      this.#end(Failure.from(reason));
      this.cancel();
    }
  }

  onEnd(): void {
    this.#end(this.#verdict());
    // What the method still takes nobody will read.
    this.#stream.reset(ERROR.none);
  }

  onBroken(failure: Failure): void {
    this.#end(brokenOf(failure));
  }

  onWritable(): void {
    // What is sent is one request, or masks that answer what came: nothing piles up.
  }

  #verdict(): Failure | null {
    const status = valueOf(this.#headers, "grpc-status");
    if (status === undefined) return brokenOf(null);
    if (status === "0") {
      return this.#frames.partial ? new Failure("CORRUPT", "half a gRPC message") : null;
    }
    return failureOfStatus(Object.fromEntries(this.#headers));
  }

  #end(failure: Failure | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#listener.onEnd(failure);
  }
}

function valueOf(headers: readonly Header[], name: string): string | undefined {
  for (const header of headers) if (header[0] === name) return header[1];
  return undefined;
}

function brokenOf(cause: Failure | null): Failure {
  const why = cause === null ? "" : `: ${cause.message}`;
  return new Failure("UNAVAILABLE", `the connection to the worker broke${why}`, { cause });
}
