// A typed client over a service table of proto/gen.
//
// Unary and client-stream calls are promises, server streams are async iterables, a bidirectional
// call is a small object with callbacks (it is the agent's hot path). Every error is a Failure.
// Nothing is retried here: whether a repeat is safe is the caller's knowledge.

import { Client, Metadata } from "@grpc/grpc-js";
import type { ChannelOptions, ClientDuplexStream } from "@grpc/grpc-js";
import { Failure } from "#shared/base/errors.ts";
import { TRACEPARENT } from "#shared/telemetry/tracing.ts";
import { MESSAGE_BYTES_MAX } from "./grpc-tables.ts";
import type { Method, ServiceTable } from "./grpc-tables.ts";
import { failureOfGrpc } from "./status-mapping.ts";
import { channelCredentialsOf, isLoopback, NO_TLS } from "./tls.ts";
import type { TlsFiles } from "./tls.ts";

/** Unary calls end after this unless told otherwise. Above the scheduler's slowest group commit. */
export const UNARY_DEADLINE_MS = 15_000;

export interface CallOptions {
  /** From now; `null` for no end. Default: UNARY_DEADLINE_MS for unary, `null` for streams. */
  readonly deadlineMs?: number | null;
  readonly metadata?: { readonly [key: string]: string | Buffer };
  /** W3C traceparent. */
  readonly traceparent?: string | null;
  readonly signal?: AbortSignal;
}

export interface ChannelSettings {
  /** `host:port`. */
  readonly address: string;
  readonly tls?: TlsFiles;
  /** Sent with every call as `authorization: Bearer …`. */
  readonly token?: string | null;
}

/** One HTTP/2 connection, made on first use and again when it breaks. */
export interface GrpcChannel {
  readonly address: string;
  /** Rejects with UNAVAILABLE if there is no connection within `deadlineMs`. */
  ready(deadlineMs: number): Promise<void>;
  /** Calls in flight end with CANCELLED. */
  close(): void;
  /** For clientOf(). */
  readonly grpc: Client;
  readonly token: string | null;
}

export interface BidiCall<Req, Res> {
  /** False when the transport's buffer is over its mark: wait for `drained()` before the next. */
  write(message: Req): boolean;
  drained(): Promise<void>;
  /** No more messages from here; the other side may go on. */
  end(): void;
  cancel(): void;
  /** Set at once, before the next turn of the event loop. `onEnd` is called exactly once. */
  listen(listeners: {
    readonly onMessage: (message: Res) => void;
    /** `null` when the server ended the call well. */
    readonly onEnd: (failure: Failure | null) => void;
  }): void;
}

type Call<M> =
  M extends Method<infer Req, infer Res, infer Q, infer S>
    ? Q extends false
      ? S extends false
        ? (request: Req, options?: CallOptions) => Promise<Res>
        : (request: Req, options?: CallOptions) => AsyncGenerator<Res, void, void>
      : S extends false
        ? (requests: AsyncIterable<Req> | Iterable<Req>, options?: CallOptions) => Promise<Res>
        : (options?: CallOptions) => BidiCall<Req, Res>
    : never;

export type ServiceClient<T extends ServiceTable> = { readonly [N in keyof T]: Call<T[N]> };

export function openChannel(settings: ChannelSettings): GrpcChannel {
  const { address, tls = NO_TLS, token = null } = settings;
  const options: ChannelOptions = {
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
    // A restarted scheduler is back in well under a second: do not sit out grpc-js's default 1 s.
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_channelz": 0,
    // A proxy from the environment is for the outside; it cannot reach this machine's loopback.
    ...(isLoopback(address) ? { "grpc.enable_http_proxy": 0 } : {}),
  };
  const grpc = new Client(address, channelCredentialsOf(tls), options);
  return {
    address,
    grpc,
    token,
    ready: (deadlineMs) =>
      new Promise((resolve, reject) => {
        grpc.waitForReady(Date.now() + deadlineMs, (error) => {
          if (error === undefined) return resolve();
          return reject(
            new Failure("UNAVAILABLE", `no connection to ${address}`, { cause: error }),
          );
        });
      }),
    close: () => grpc.close(),
  };
}

/** Calls of one service over a channel. Several services share one channel. */
export function clientOf<T extends ServiceTable>(table: T, channel: GrpcChannel): ServiceClient<T> {
  const client: { [name: string]: unknown } = {};
  for (const [name, method] of Object.entries(table)) {
    if (method.requestStream) {
      client[name] = method.responseStream
        ? bidiOf(method, channel)
        : clientStreamOf(method, channel);
    } else {
      client[name] = method.responseStream
        ? serverStreamOf(method, channel)
        : unaryOf(method, channel);
    }
  }
  return client as ServiceClient<T>;
}

function unaryOf<Req, Res>(method: Method<Req, Res>, channel: GrpcChannel) {
  return (request: Req, options: CallOptions = {}): Promise<Res> =>
    new Promise((resolve, reject) => {
      const call = channel.grpc.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(channel, options),
        deadlineOf(options, UNARY_DEADLINE_MS),
        (error, response) => {
          if (error !== null) reject(failureOfGrpc(error));
          else resolve(response as Res);
        },
      );
      cancelOn(
        options.signal,
        () => call.cancel(),
        (unlisten) => call.once("status", unlisten),
      );
    });
}

function serverStreamOf<Req, Res>(method: Method<Req, Res>, channel: GrpcChannel) {
  return async function* stream(
    request: Req,
    options: CallOptions = {},
  ): AsyncGenerator<Res, void, void> {
    const call = channel.grpc.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(channel, options),
      deadlineOf(options, null),
    );
    cancelOn(
      options.signal,
      () => call.cancel(),
      (unlisten) => call.once("status", unlisten),
    );
    try {
      for await (const message of call) yield message as Res;
    } catch (reason) {
      throw failureOfGrpc(reason);
    } finally {
      call.on("error", ignore); // A consumer that stops early cancels; nobody listens for that.
      call.cancel();
    }
  };
}

function clientStreamOf<Req, Res>(method: Method<Req, Res>, channel: GrpcChannel) {
  return (requests: AsyncIterable<Req> | Iterable<Req>, options: CallOptions = {}): Promise<Res> =>
    new Promise((resolve, reject) => {
      let ended = false;
      let wake: (() => void) | null = null;
      const call = channel.grpc.makeClientStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        metadataOf(channel, options),
        deadlineOf(options, null),
        (error, response) => {
          ended = true;
          wake?.();
          if (error !== null) reject(failureOfGrpc(error));
          else resolve(response as Res);
        },
      );
      cancelOn(
        options.signal,
        () => call.cancel(),
        (unlisten) => call.once("status", unlisten),
      );
      call.on("drain", () => wake?.());
      const send = async (): Promise<void> => {
        for await (const message of requests) {
          if (ended) return;
          if (call.write(message)) continue;
          await new Promise<void>((resume) => (wake = resume));
          wake = null;
          if (ended) return;
        }
        call.end();
      };
      send().catch((reason: unknown) => {
        reject(Failure.from(reason)); // The source broke, not the call.
        call.cancel();
      });
    });
}

function bidiOf<Req, Res>(method: Method<Req, Res>, channel: GrpcChannel) {
  return (options: CallOptions = {}): BidiCall<Req, Res> => {
    const call: ClientDuplexStream<Req, Res> = channel.grpc.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      metadataOf(channel, options),
      deadlineOf(options, null),
    );
    let ended = false;
    let wake: (() => void)[] = [];
    const wakeAll = (): void => {
      for (const resume of wake) resume();
      wake = [];
    };
    call.on("drain", wakeAll);
    call.on("error", ignore); // The status event carries the same and comes for good ends too.
    call.once("status", () => {
      ended = true;
      wakeAll();
    });
    cancelOn(
      options.signal,
      () => call.cancel(),
      (unlisten) => call.once("status", unlisten),
    );
    return {
      write: (message) => (ended ? true : call.write(message)),
      drained: () =>
        ended || !call.writableNeedDrain
          ? Promise.resolve()
          : new Promise((resume) => wake.push(() => resume())),
      end: () => call.end(),
      cancel: () => call.cancel(),
      listen: ({ onMessage, onEnd }) => {
        call.on("data", onMessage);
        call.once("status", (status) => {
          if (status.code === 0) return onEnd(null);
          const error = Object.assign(new Error(status.details), status);
          return onEnd(failureOfGrpc(error));
        });
      },
    };
  };
}

function metadataOf(channel: GrpcChannel, options: CallOptions): Metadata {
  const metadata = new Metadata();
  if (channel.token !== null) metadata.set("authorization", `Bearer ${channel.token}`);
  if (options.traceparent != null) metadata.set(TRACEPARENT, options.traceparent);
  for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
  return metadata;
}

function deadlineOf(options: CallOptions, fallbackMs: number | null): { deadline?: number } {
  const afterMs = options.deadlineMs === undefined ? fallbackMs : options.deadlineMs;
  return afterMs === null ? {} : { deadline: Date.now() + afterMs };
}

function cancelOn(
  signal: AbortSignal | undefined,
  cancel: () => void,
  onceOver: (unlisten: () => void) => void,
): void {
  if (signal === undefined) return;
  if (signal.aborted) return cancel();
  signal.addEventListener("abort", cancel, { once: true });
  onceOver(() => signal.removeEventListener("abort", cancel));
}

function ignore(): void {}
