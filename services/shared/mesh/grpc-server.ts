// A gRPC server over service tables of proto/gen: typed handlers that return promises or async
// iterables, Failures as statuses, a trace id and a deadline for every call, one observation per
// ended call, grpc.health.v1, and a stop that lets calls in flight finish.
//
// Invariants:
//   G1. Every call ends with exactly one status, also when its handler throws.
//   G2. A unary call has a deadline: the caller's, or UNARY_DEADLINE_MS when it sent none.
//   G3. stop() ends within its deadline; streams are told UNAVAILABLE, unary calls may finish.

import { once } from "node:events";
import type { Socket } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type {
  Metadata,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
  sendUnaryData,
} from "@grpc/grpc-js";
import { Failure } from "#shared/base/errors.ts";
import type { ErrorCode } from "#shared/base/errors.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { continueTrace } from "#shared/telemetry/tracing.ts";
import type { Trace } from "#shared/telemetry/tracing.ts";
import { BidiStream } from "./bidi-stream.ts";
import { MESSAGE_BYTES_MAX } from "./grpc-tables.ts";
import type { Method, ServiceTable } from "./grpc-tables.ts";
import { UNARY_DEADLINE_MS } from "./grpc-client.ts";
import { GrpcHealth, HealthService } from "./grpc-health.ts";
import { CallMeter } from "./call-meter.ts";
import { grpcStatusOf } from "./status-mapping.ts";
import { NO_TLS, serverCredentialsOf } from "./tls.ts";
import type { TlsFiles } from "./tls.ts";

/** What a handler may know of the call beside the message. */
export interface ServerCall {
  /** `/package.Service/Method`. */
  readonly method: string;
  readonly metadata: Metadata;
  readonly peer: string;
  /** A child of the caller's trace, or a new one. */
  readonly trace: Trace;
  /** Aborted when the caller has gone, its deadline has passed or the server stops. */
  readonly signal: AbortSignal;
}

type Handler<M> =
  M extends Method<infer Req, infer Res, infer Q, infer S>
    ? Q extends false
      ? S extends false
        ? (request: Req, call: ServerCall) => Promise<Res>
        : (request: Req, call: ServerCall) => AsyncIterable<Res>
      : S extends false
        ? (requests: AsyncIterable<Req>, call: ServerCall) => Promise<Res>
        : (stream: BidiStream<Req, Res>, call: ServerCall) => void
    : never;

export type ServiceHandlers<T extends ServiceTable> = { readonly [N in keyof T]: Handler<T[N]> };

export interface GrpcServerOptions {
  /** `host:port`; port 0 takes a free one; null: only what inject() is given. */
  readonly listen: string | null;
  readonly tls?: TlsFiles;
  readonly metrics: Metrics;
  /**
   * Told of bugs: what a handler threw that is no Failure. The caller sees INTERNAL and the trace.
   */
  readonly logger: Logger;
}

export class GrpcServer {
  readonly #server: Server;
  readonly #options: GrpcServerOptions;
  readonly #meter: CallMeter;
  readonly #streams = new Set<(failure: Failure) => void>();
  readonly #services: string[] = [];
  #health: GrpcHealth | null = null;
  readonly #injected = new Set<Socket>();
  #injector: ReturnType<Server["createConnectionInjector"]> | null = null;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#meter = new CallMeter(options.metrics);
    this.#server = new Server({
      "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
      "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
      "grpc.max_concurrent_streams": 1024, // per connection
      "grpc.keepalive_time_ms": 20_000,
      "grpc.keepalive_timeout_ms": 10_000,
      "grpc.enable_channelz": 0,
    });
  }

  /** Before start(). */
  add<T extends ServiceTable>(table: T, handlers: ServiceHandlers<T>): void {
    const implementation: UntypedServiceImplementation = {};
    for (const [name, method] of Object.entries(table)) {
      const handler = handlers[name] as never;
      if (method.requestStream) {
        implementation[name] = method.responseStream
          ? this.#bidi(method, handler)
          : this.#clientStream(method, handler);
      } else {
        implementation[name] = method.responseStream
          ? this.#serverStream(method, handler)
          : this.#unary(method, handler);
      }
      const service = method.path.split("/")[1] ?? "";
      if (!this.#services.includes(service)) this.#services.push(service);
    }
    this.#server.addService(table, implementation);
  }

  /**
   * Listens and says SERVING; the bound `host:port`, empty where it listens on none. UNAVAILABLE
   * when the address is taken.
   */
  async start(): Promise<string> {
    const health = new GrpcHealth(this.#services);
    this.#health = health;
    this.add(HealthService, {
      check: (request) => health.check(request),
      watch: (request, call) => health.watch(request, call.signal),
    });
    const { listen, tls = NO_TLS } = this.#options;
    if (listen === null) {
      health.serving = true;
      return "";
    }
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(listen, serverCredentialsOf(tls), (error, bound) => {
        if (error === null) return resolve(bound);
        return reject(
          new Failure("UNAVAILABLE", `cannot listen on ${listen}: ${error.message}`, {
            cause: error,
          }),
        );
      });
    });
    health.serving = true;
    return `${listen.replace(/:\d+$/, "")}:${port}`;
  }

  /**
   * Serves on a connection that was made elsewhere, TLS and all; after start(). What was read from
   * it already goes back by `unshift` first.
   */
  inject(socket: Socket): void {
    this.#injector ??= this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#injected.add(socket);
    socket.once("close", () => this.#injected.delete(socket));
    this.#injector.injectConnection(socket);
  }

  get serving(): boolean {
    return this.#health?.serving ?? false;
  }

  /** Says NOT_SERVING to who asks, and goes on serving. */
  announceStop(): void {
    if (this.#health !== null) this.#health.serving = false;
  }

  /**
   * Takes no new calls, ends streams, waits up to `deadlineMs` for the rest, then cuts them off.
   */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#health !== null) this.#health.serving = false;
    const stopping = new Failure("UNAVAILABLE", "the server is stopping", { retryAfterMs: 1000 });
    for (const end of this.#streams) end(stopping);
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => {
        this.#server.forceShutdown();
        for (const socket of this.#injected) socket.destroy();
        resolve();
      }, deadlineMs);
      this.#server.tryShutdown(() => {
        // It does not wait for streams on connections that it did not take in itself.
        const closed = [...this.#injected].map((it) => once(it, "close"));
        void Promise.allSettled(closed).then(() => {
          clearTimeout(cut);
          resolve();
        });
      });
    });
  }

  #unary<Req, Res>(
    method: Method<Req, Res>,
    handler: (request: Req, call: ServerCall) => Promise<Res>,
  ) {
    return (grpc: ServerUnaryCall<Req, Res>, answer: sendUnaryData<Res>): void => {
      const call = new Call(method.path, grpc);
      const end = this.#endOf(call, false);
      const timer = deadlineTimer(grpc, () => {
        fail(new Failure("DEADLINE", `no answer within ${UNARY_DEADLINE_MS} ms`));
      });
      const succeed = (response: Res): void => {
        if (!end("OK")) return;
        clearTimeout(timer);
        answer(null, response);
      };
      const fail = (reason: unknown): void => {
        const failure = this.#failureOf(reason, call);
        if (!end(failure.code)) return;
        clearTimeout(timer);
        answer(grpcStatusOf(failure));
      };
      grpc.once("cancelled", () => {
        end("CANCELLED");
        clearTimeout(timer);
      });
      attempt(() => handler(grpc.request, call)).then(succeed, fail);
    };
  }

  #clientStream<Req, Res>(
    method: Method<Req, Res>,
    handler: (requests: AsyncIterable<Req>, call: ServerCall) => Promise<Res>,
  ) {
    return (grpc: ServerReadableStream<Req, Res>, answer: sendUnaryData<Res>): void => {
      const call = new Call(method.path, grpc);
      const end = this.#endOf(call, true);
      const fail = (reason: unknown): void => {
        this.#streams.delete(fail);
        const failure = this.#failureOf(reason, call);
        if (end(failure.code)) answer(grpcStatusOf(failure));
      };
      this.#streams.add(fail);
      grpc.on("error", () => {});
      grpc.once("cancelled", () => {
        this.#streams.delete(fail);
        end("CANCELLED");
        grpc.destroy(); // The handler's loop over the requests ends with an error.
      });
      attempt(() => handler(grpc, call)).then((response) => {
        this.#streams.delete(fail);
        if (end("OK")) answer(null, response);
      }, fail);
    };
  }

  #serverStream<Req, Res>(
    method: Method<Req, Res>,
    handler: (request: Req, call: ServerCall) => AsyncIterable<Res>,
  ) {
    return (grpc: ServerWritableStream<Req, Res>): void => {
      const call = new Call(method.path, grpc);
      const ended = this.#endOf(call, true);
      const end = (failure: Failure | null): void => {
        this.#streams.delete(end);
        if (!ended(failure?.code ?? "OK")) return;
        if (failure === null) grpc.end();
        else grpc.emit("error", grpcStatusOf(failure));
        call.abort();
      };
      this.#streams.add(end);
      grpc.once("cancelled", () => {
        this.#streams.delete(end);
        ended("CANCELLED");
        call.abort();
      });
      pump(
        grpc,
        call,
        attemptNow(() => handler(grpc.request, call)),
      ).then(
        () => end(null),
        (reason: unknown) => end(this.#failureOf(reason, call)),
      );
    };
  }

  #bidi<Req, Res>(
    method: Method<Req, Res>,
    handler: (stream: BidiStream<Req, Res>, call: ServerCall) => void,
  ) {
    return (grpc: ServerDuplexStream<Req, Res>): void => {
      const call = new Call(method.path, grpc);
      const ended = this.#endOf(call, true);
      const stream = new BidiStream<Req, Res>(grpc, (failure) => {
        this.#streams.delete(end);
        ended(failure?.code ?? "OK");
        call.abort();
      });
      const end = (failure: Failure): void => stream.end(failure);
      this.#streams.add(end);
      try {
        handler(stream, call);
      } catch (reason) {
        stream.end(this.#failureOf(reason, call));
      }
    };
  }

  /** Counts the call's end once; false when it had ended before. */
  #endOf(call: Call, streaming: boolean): (code: ErrorCode | "OK") => boolean {
    const onEnded = this.#meter.begin(call.method, streaming);
    let over = false;
    return (code) => {
      if (over) return false;
      over = true;
      if (code === "CANCELLED") call.abort();
      onEnded(code);
      return true;
    };
  }

  #failureOf(reason: unknown, call: Call): Failure {
    if (reason instanceof Failure) return reason;
    const { traceId } = call.trace;
    this.#options.logger.error(
      { err: reason, method: call.method, trace_id: traceId },
      "bug in a handler",
    );
    return new Failure("INTERNAL", `internal error, trace ${traceId}`, { cause: reason });
  }
}

interface GrpcCall {
  readonly metadata: Metadata;
  getPeer(): string;
}

class Call implements ServerCall {
  readonly method: string;
  readonly metadata: Metadata;
  readonly #grpc: GrpcCall;
  #trace: Trace | null = null;
  #abort: AbortController | null = null;
  #aborted = false;

  constructor(method: string, grpc: GrpcCall) {
    this.method = method;
    this.metadata = grpc.metadata;
    this.#grpc = grpc;
  }

  get peer(): string {
    return this.#grpc.getPeer();
  }

  get trace(): Trace {
    this.#trace ??= continueTrace(this.metadata);
    return this.#trace;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController(); // Made on demand: most calls never ask.
    if (this.#aborted) this.#abort.abort();
    return this.#abort.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#abort?.abort();
  }
}

function deadlineTimer(
  grpc: { getDeadline(): Date | number },
  onLate: () => void,
): NodeJS.Timeout | undefined {
  const deadline = grpc.getDeadline();
  // grpc-js keeps those itself
  const limited = deadline instanceof Date || Number.isFinite(deadline);
  return limited ? undefined : setTimeout(onLate, UNARY_DEADLINE_MS);
}

function attempt<T>(run: () => Promise<T>): Promise<T> {
  try {
    return run();
  } catch (reason) {
    return Promise.reject(reason);
  }
}

function attemptNow<T>(run: () => AsyncIterable<T>): AsyncIterable<T> {
  try {
    return run();
  } catch (reason) {
    return {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(reason) }),
    };
  }
}

/** Writes what the source gives at the pace the caller reads; stops when the call is over. */
async function pump<Res>(
  grpc: ServerWritableStream<unknown, Res>,
  call: Call,
  source: AsyncIterable<Res>,
): Promise<void> {
  const { signal } = call;
  // One listener for the whole call: racing each step against one promise would keep every step.
  let onGone: () => void = () => {};
  signal.addEventListener("abort", () => onGone(), { once: true });
  const iterator = source[Symbol.asyncIterator]();
  while (!signal.aborted) {
    const step = await new Promise<IteratorResult<Res> | null>((resolve, reject) => {
      onGone = () => resolve(null);
      iterator.next().then(resolve, reject);
    });
    if (step === null) break;
    if (step.done === true) return;
    if (grpc.write(step.value)) continue;
    await new Promise<void>((resume) => {
      onGone = resume;
      grpc.once("drain", resume);
    });
  }
  iterator.return?.().catch(() => {}); // Nobody is left to tell.
}
