// Calls to methods: who asks, one request message, the answer, and a status at the end whatever
// happens. Every method here takes one message and answers one or a stream.
//
// State: the calls being answered.
//
//   G1. Every call ends with exactly one status, also when its method throws.
//   G2. A caller that leaves, or whose deadline passes, aborts its request.
//   G3. A key is asked for before the request is read.
//   G4. A drain refuses new requests with UNAVAILABLE and lets the old ones end.

import type { Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { Random } from "#shared/base/prng.ts";
import { CallMeter } from "#shared/mesh/call-meter.ts";
import { GrpcHealth, HealthService } from "#shared/mesh/grpc-health.ts";
import type { Method } from "#shared/mesh/grpc-tables.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { randomHex } from "../openai/api-call.ts";
import { ApiError, apiErrorOf } from "../openai/api-error.ts";
import type { Grant } from "../requests/grant.ts";
import { RequestDesk, type DeskOptions, type DeskRequest } from "../requests/request-desk.ts";
import { codeOf, OK, statusOf, unimplemented } from "./call-status.ts";
import { parseTimeout } from "./grpc-timeout.ts";
import type { CallListener, CallServer, ServedCall } from "./served-call.ts";

/** What a method's answer may know and do. */
export interface Exchange {
  readonly desk: DeskRequest;
  readonly grant: Grant;
  /** Aborts when the caller has gone, its deadline has passed or the server stops. */
  readonly signal: AbortSignal;
  /** One encoded message. False: the caller is behind, to be waited for by onWritable. */
  send(message: Uint8Array): boolean;
  /** Told when a caller that was behind can take more. */
  onWritable: () => void;
}

export interface ServedMethod {
  readonly path: string;
  readonly streaming: boolean;
  /** Whether it is a request like others: takes from limits, is counted and written down. */
  readonly counted: boolean;
  /** Settles when the last message was sent; rejects with what the caller is told. */
  answer(request: Buffer, exchange: Exchange): Promise<void>;
}

/** `answer` from decoded request to the one message it answers. */
export function unaryMethod<Req, Res>(
  method: Method<Req, Res>,
  counted: boolean,
  answer: (request: Req, exchange: Exchange) => Promise<Res> | Res,
): ServedMethod {
  return {
    ...{ path: method.path, streaming: false, counted },
    answer: async (bytes, exchange) => {
      const request = decoded(method, bytes);
      exchange.send(method.responseSerialize(await answer(request, exchange)));
    },
  };
}

/** 400 for bytes that are no such message. */
export function decoded<Req, Res>(method: Method<Req, Res>, bytes: Buffer): Req {
  try {
    return method.requestDeserialize(bytes);
  } catch (cause) {
    throw new ApiError(400, "The request is not the message that the method takes.", { cause });
  }
}

export interface CallServerOptions extends DeskOptions {
  readonly metered: Metrics;
  readonly timers: Timers;
  readonly random: Random;
  readonly methods: readonly ServedMethod[];
  /** Full names, for grpc.health.v1. */
  readonly services: readonly string[];
  /** Whether there is anything to serve. */
  readonly serves: () => boolean;
}

export class RouterCalls implements CallServer {
  readonly options: CallServerOptions;
  readonly desk: RequestDesk;
  readonly meter: CallMeter;
  readonly #methods: ReadonlyMap<string, ServedMethod>;
  readonly #health: GrpcHealth;

  constructor(options: CallServerOptions) {
    this.options = options;
    this.desk = new RequestDesk(options);
    this.meter = new CallMeter(options.metered);
    this.#health = new GrpcHealth(options.services);
    this.#methods = new Map(options.methods.map((method) => [method.path, method]));
    this.refresh();
  }

  /** What is served may have changed: who watches the health is told. */
  refresh(): void {
    const serving = this.options.serves() && !this.desk.draining;
    if (serving !== this.#health.serving) this.#health.serving = serving;
  }

  onCall(call: ServedCall): { onGone(): void } {
    const method = this.#methods.get(call.path) ?? this.#healthMethod(call.path);
    const encoding = call.header("grpc-encoding") ?? "identity";
    if (method === null || encoding !== "identity") {
      call.setHeader("grpc-accept-encoding", "identity");
      const what = method === null ? `the method ${call.path}` : `the encoding ${encoding}`;
      call.end(unimplemented(`${what} is not served here`));
      return NOBODY;
    }
    const answered = new AnsweredCall(this, call, method);
    void answered.run();
    return answered;
  }

  #healthMethod(path: string): ServedMethod | null {
    const { check, watch } = HealthService;
    this.refresh();
    if (path === check.path) {
      return unaryMethod(check, false, (request) => this.#health.check(request));
    }
    if (path !== watch.path) return null;
    return {
      ...{ path, streaming: true, counted: false },
      answer: async (bytes, exchange) => {
        for await (const status of this.#health.watch(decoded(watch, bytes), exchange.signal)) {
          exchange.send(watch.responseSerialize(status));
        }
        exchange.signal.throwIfAborted();
      },
    };
  }
}

const NOBODY = { onGone: () => {} };

class AnsweredCall implements CallListener, Exchange {
  readonly desk: DeskRequest;
  readonly #server: RouterCalls;
  readonly #call: ServedCall;
  readonly #method: ServedMethod;
  readonly #asked = Promise.withResolvers<Buffer>();
  #message: Buffer | null = null;
  #grant: Grant | null = null;
  onWritable: () => void = () => {};

  constructor(server: RouterCalls, call: ServedCall, method: ServedMethod) {
    this.#server = server;
    this.#call = call;
    this.#method = method;
    const given = call.header("x-request-id");
    const id =
      given !== null && /^[\w.:/+=-]{1,128}$/.test(given)
        ? given
        : `req-${randomHex(server.options.random, 2)}`;
    this.desk = method.counted
      ? server.desk.begin(id, "grpc", method.path)
      : server.desk.beginUncounted(id, "grpc", method.path);
    this.#asked.promise.catch(() => {}); // It may be refused before anybody waits.
  }

  get grant(): Grant {
    if (this.#grant === null) throw new Failure("INTERNAL", "nobody was admitted");
    return this.#grant;
  }

  get signal(): AbortSignal {
    return this.desk.signal;
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { streaming, path, counted } = this.#method;
    const onEnded = this.#server.meter.begin(path, streaming);
    let cancelDeadline: (() => void) | null = null;
    let error: ApiError | null = null;
    try {
      const timeoutMs = parseTimeout(this.#call.header("grpc-timeout"));
      if (timeoutMs !== null) cancelDeadline = this.#deadline(timeoutMs);
      this.#call.setHeader("x-request-id", this.desk.id);
      const isHealth = path.startsWith("/grpc.health.");
      if (!isHealth) {
        this.#grant = await this.desk.admit(this.#call.header("authorization"), (what, left) => {
          this.#call.setHeader(`x-ratelimit-limit-${what}`, String(left.limit));
          this.#call.setHeader(`x-ratelimit-remaining-${what}`, String(left.remaining));
        });
      }
      this.signal.throwIfAborted();
      this.#call.read(this);
      await this.#method.answer(await this.#asked.promise, this);
    } catch (reason) {
      error = apiErrorOf(this.signal.aborted ? this.signal.reason : reason);
      this.desk.outcome.status = error.status;
      if (error.status === 500) this.desk.log.error({ err: reason }, "request failed");
    } finally {
      cancelDeadline?.();
      this.#call.end(error === null ? OK : statusOf(error));
      onEnded(error === null ? "OK" : codeOf(error));
      if (counted) this.desk.end(200);
    }
  }

  send(message: Uint8Array): boolean {
    return this.#call.send(message);
  }

  onMessage(message: Buffer): void {
    if (this.#message === null) {
      this.#message = Buffer.from(message);
      return;
    }
    this.onBroken(new ApiError(400, "The method takes one message."));
  }

  onHalfClosed(): void {
    if (this.#message !== null) this.#asked.resolve(this.#message);
    else this.onBroken(new ApiError(400, "The method takes a message, and there was none."));
  }

  onBroken(reason: unknown): void {
    this.#asked.reject(reason instanceof ApiError ? reason : badBytes(reason));
  }

  onGone(): void {
    const gone = new Failure("CANCELLED", "the client has gone");
    this.desk.abort(gone);
    this.#asked.reject(gone);
  }

  #deadline(timeoutMs: number): () => void {
    return this.#server.options.timers.after(timeoutMs, () => {
      const late = new Failure("DEADLINE", "the caller's deadline has passed");
      this.desk.abort(late);
      this.#asked.reject(late);
    });
  }
}

function badBytes(cause: unknown): ApiError {
  return new ApiError(400, Failure.from(cause).message, { cause });
}
