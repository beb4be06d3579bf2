// WorkerService.Generate on plain gRPC, to the worker itself or to a proxy in front of it, over a
// few HTTP/2 connections in turns.

import { connect, type ClientHttp2Session } from "node:http2";
import { WorkerService } from "#proto/services.ts";
import { Failure } from "#shared/base/errors.ts";
import { openCall } from "../../services/router/workers/grpc-call.ts";
import type { StreamTiming } from "./latency-figures.ts";
import { grpcRequestOf } from "./requests.ts";

/** What gRPC clients with channels of their own would open; one alone favours nobody either. */
const SESSIONS = 4;
const WINDOW_BYTES = 16 * 1024 * 1024;
const STREAM_MS_MAX = 20_000;

export class GrpcCaller {
  readonly #sessions: readonly ClientHttp2Session[];
  #serial = 0;
  /** Ids are unique among callers of one worker. */
  readonly #base: number;

  constructor(address: string, base: number) {
    this.#base = base;
    this.#sessions = Array.from({ length: SESSIONS }, () => {
      const session = connect(`http://${address}`, { settings: { enablePush: false } });
      session.once("connect", () => session.setLocalWindowSize(WINDOW_BYTES));
      session.on("error", () => {}); // Its calls say so.
      return session;
    });
  }

  stream(tokens: number): Promise<StreamTiming> {
    this.#serial += 1;
    const session = this.#sessions[this.#serial % SESSIONS];
    if (session === undefined || session.closed || session.destroyed) {
      return Promise.reject(new Failure("UNAVAILABLE", "the connection is over"));
    }
    const startedMs = performance.now();
    const messageMs: number[] = [];
    let count = 0;
    return new Promise((resolve, reject) => {
      const request = grpcRequestOf(this.#base + this.#serial, tokens);
      const call = openCall(session, WorkerService.generate, request, {
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
    for (const session of this.#sessions) session.destroy();
  }
}
