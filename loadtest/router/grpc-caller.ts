// A method that streams tokens on plain gRPC, over a few HTTP/2 connections in turns:
// WorkerService.Generate of the worker itself or through a proxy in front of it, or the router's
// InferenceService.Complete.

import { connect } from "node:net";
import { InferenceService, WorkerService } from "#proto/services.ts";
import { Failure } from "#shared/base/errors.ts";
import { Http2Connection } from "../../services/router/wire/http2-connection.ts";
import { TurnQueue } from "../../services/router/wire/turn-queue.ts";
import { openCall } from "../../services/router/workers/grpc-call.ts";
import type { StreamTiming } from "./latency-figures.ts";
import type { Method } from "#shared/mesh/grpc-tables.ts";
import { completeRequestOf, grpcRequestOf } from "./requests.ts";

/** What gRPC clients with channels of their own would open; one alone favours nobody either. */
const SESSIONS = 4;
const WINDOW_BYTES = 16 * 1024 * 1024;
const STREAM_MS_MAX = 20_000;

interface TokenMessage {
  readonly tokenIds?: readonly number[] | null;
}

export class GrpcCaller<Req> {
  readonly #sessions: readonly Http2Connection[];
  readonly #method: Method<Req, TokenMessage>;
  readonly #requestOf: (serial: number, tokens: number) => Req;
  #serial = 0;

  private constructor(
    address: string,
    method: Method<Req, TokenMessage>,
    requestOf: (serial: number, tokens: number) => Req,
  ) {
    this.#method = method;
    this.#requestOf = requestOf;
    const turns = new TurnQueue();
    const colon = address.lastIndexOf(":");
    const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
    this.#sessions = Array.from({ length: SESSIONS }, () => {
      const socket = connect(port, host);
      socket.setNoDelay(true);
      return new Http2Connection(socket, {
        ...{ turns, windowBytes: WINDOW_BYTES, connectionWindowBytes: WINDOW_BYTES },
        ...{ onStream: null, streamsMax: 0, onClosed: () => {} }, // Its calls say so.
      });
    });
  }

  /** `base`: ids are unique among callers of one worker. */
  static ofWorker(address: string, base: number): GrpcCaller<unknown> {
    const { generate } = WorkerService;
    return new GrpcCaller<unknown>(
      address,
      generate as Method<unknown, TokenMessage>,
      (serial, tokens) => grpcRequestOf(base + serial, tokens),
    );
  }

  static ofRouter(address: string): GrpcCaller<unknown> {
    const { complete } = InferenceService;
    return new GrpcCaller<unknown>(
      address,
      complete as Method<unknown, TokenMessage>,
      completeRequestOf,
    );
  }

  /** `dueMs`: since when the stream is timed. */
  stream(tokens: number, dueMs = performance.now()): Promise<StreamTiming> {
    this.#serial += 1;
    const session = this.#sessions[this.#serial % SESSIONS];
    if (session === undefined || !session.isOpen) {
      return Promise.reject(new Failure("UNAVAILABLE", "the connection is over"));
    }
    const startedMs = dueMs;
    const messageMs: number[] = [];
    let count = 0;
    return new Promise((resolve, reject) => {
      const request = this.#requestOf(this.#serial, tokens);
      const call = openCall(session, this.#method, request, {
        onMessage: ({ tokenIds }) => {
          if (tokenIds === undefined || tokenIds === null || tokenIds.length === 0) return;
          messageMs.push(performance.now());
          count += tokenIds.length;
        },
        onEnd: (failure) => {
          clearTimeout(timer);
          if (failure !== null) reject(failure);
          else if (count !== tokens) reject(new Failure("CORRUPT", `${count} of ${tokens} tokens`));
          else resolve({ startedMs, messageMs, endedMs: performance.now(), tokens });
        },
      });
      const timer = setTimeout(() => {
        call.cancel();
        reject(new Failure("DEADLINE", `no end in ${STREAM_MS_MAX} ms`));
      }, STREAM_MS_MAX);
    });
  }

  close(): void {
    for (const session of this.#sessions) session.destroy("the bench is over");
  }
}
