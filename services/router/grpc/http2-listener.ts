// gRPC over HTTP/2: an address, and every call on it as a ServedCall.
//
// State: the connections there are.

import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import { parseAddress } from "#shared/config/parse-value.ts";
import type { TlsFiles } from "#shared/mesh/tls.ts";
import { ApiError } from "../openai/api-error.ts";
import { GrpcFrames } from "../wire/grpc-frames.ts";
import { encodeHeaders, type HeaderBlock } from "../wire/hpack.ts";
import type { Header } from "../wire/hpack-tables.ts";
import { Http2Connection } from "../wire/http2-connection.ts";
import { ERROR } from "../wire/http2-frames.ts";
import type { Http2Stream, StreamListener } from "../wire/http2-stream.ts";
import type { TurnQueue } from "../wire/turn-queue.ts";
import { encodedMessage, type CallStatus } from "./call-status.ts";
import type { CallListener, CallServer, ServedCall } from "./served-call.ts";

export interface ListenerOptions {
  /** `HOST:PORT`; port 0 lets the system choose. */
  readonly listen: string;
  /** Clients need no certificate of their own: they have keys. */
  readonly tls: TlsFiles;
  readonly calls: CallServer;
  readonly turns: TurnQueue;
  readonly timers: Timers;
}

export interface Listener {
  /** `HOST:PORT` as bound. */
  readonly address: string;
  /** Takes no new connections and asks clients to go elsewhere; calls may end. */
  close(): Promise<void>;
  /** Ends what is left. */
  destroy(): void;
}

/** Of one connection. */
const CALLS_MAX = 1_024;
const CONNECTIONS_MAX = 16_384;
/** A request's: a prompt of a million tokens has room in it. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Of one call, and of a connection's together. */
const WINDOW_BYTES = 256 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024;
const KEEP_ALIVE_MS = 30_000;
/** Until a client has said that it speaks HTTP/2. */
const GREETING_MS = 10_000;

/** UNAVAILABLE when the address cannot be had, INVALID for TLS files that are none. */
export async function listenHttp2(options: ListenerOptions): Promise<Listener> {
  const asked = parseAddress(options.listen);
  if (asked === null) throw new Failure("INVALID", `${options.listen} is no HOST:PORT`);
  const connections = new Set<Http2Connection>();
  const server = serverOf(options.tls, (socket) => {
    const connection: Http2Connection = connectionOf(socket, options, () => {
      connections.delete(connection);
    });
    connections.add(connection);
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", (cause) =>
    listening.reject(new Failure("UNAVAILABLE", `cannot listen on ${options.listen}`, { cause })),
  );
  server.listen({ host: asked.host, port: asked.port }, () => listening.resolve());
  await listening.promise;
  const bound = server.address() as AddressInfo;
  const host = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return {
    address: `${host}:${bound.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.close();
      }),
    destroy: () => {
      for (const connection of connections) connection.destroy("the router stops");
    },
  };
}

function serverOf(tls: TlsFiles, onSocket: (socket: Socket) => void): Server {
  const plain = tls.certFile === null || tls.keyFile === null;
  const server = plain
    ? createServer(onSocket)
    : createTlsServer(
        {
          ...{ cert: readPem(tls.certFile), key: readPem(tls.keyFile) },
          ...{ ALPNProtocols: ["h2"], handshakeTimeout: GREETING_MS },
        },
        onSocket,
      );
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Failure("INVALID", `cannot read the TLS file ${path}`, { cause });
  }
}

function connectionOf(
  socket: Socket,
  { turns, timers, calls }: ListenerOptions,
  onClosed: () => void,
): Http2Connection {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  const cancelGreeting = timers.after(GREETING_MS, () => {
    if (!connection.isGreeted) connection.destroy("it says nothing");
  });
  const connection = new Http2Connection(socket, {
    ...{ turns, windowBytes: WINDOW_BYTES, connectionWindowBytes: CONNECTION_WINDOW_BYTES },
    streamsMax: CALLS_MAX,
    onStream: (stream, block) => {
      cancelGreeting();
      onStream(calls, stream, block);
    },
    onClosed: () => {
      cancelGreeting();
      onClosed();
    },
  });
  return connection;
}

function onStream(calls: CallServer, stream: Http2Stream, block: HeaderBlock): void {
  if (block.isTooLarge) return stream.reset(ERROR.enhanceYourCalm);
  const call = new Http2Call(stream, block.headers);
  stream.listener = call;
  if (call.header(":method") !== "POST" || !isGrpc(call.header("content-type"))) {
    return stream.sendHeaders(UNSUPPORTED, true);
  }
  call.answered = calls.onCall(call);
}

function isGrpc(contentType: string | null): boolean {
  return contentType !== null && /^application\/grpc(?:\+proto)?(?:;|$)/.test(contentType);
}

const UNSUPPORTED = encodeHeaders([[":status", "415"]]);
const HEAD: readonly Header[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];
const STATUS_OK = encodeHeaders([["grpc-status", "0"]]);

class Http2Call implements ServedCall, StreamListener {
  readonly #stream: Http2Stream;
  readonly #headers: readonly Header[];
  readonly #head: Header[] = [...HEAD];
  readonly #frames = new GrpcFrames(MESSAGE_BYTES_MAX, tooLarge);
  answered: { onGone(): void } | null = null;
  #listener: CallListener | null = null;
  #begun = false;
  #ended = false;

  constructor(stream: Http2Stream, headers: readonly Header[]) {
    this.#stream = stream;
    this.#headers = headers;
  }

  get path(): string {
    return this.header(":path") ?? "";
  }

  header(name: string): string | null {
    for (const header of this.#headers) if (header[0] === name) return header[1];
    return null;
  }

  read(listener: CallListener): void {
    this.#listener = listener;
    this.#stream.read();
  }

  setHeader(name: string, value: string): void {
    this.#head.push([name, value]);
  }

  send(message: Uint8Array): boolean {
    if (this.#ended) return true;
    if (!this.#begun) this.#stream.sendHeaders(encodeHeaders(this.#head), false);
    this.#begun = true;
    return this.#stream.sendMessage(message);
  }

  end(status: CallStatus): void {
    if (this.#ended) return;
    this.#ended = true;
    const trailers = trailersOf(status);
    if (!this.#begun) this.#stream.sendHeaders(encodeHeaders([...this.#head, ...trailers]), true);
    else if (status.code === 0) this.#stream.sendHeaders(STATUS_OK, true);
    else this.#stream.sendHeaders(encodeHeaders(trailers), true);
  }

  onHeaders(): void {
    // A client's trailers say nothing in gRPC.
  }

  onData(bytes: Buffer): void {
    if (this.#ended) return;
    try {
      for (const message of this.#frames.push(bytes)) this.#listener?.onMessage(message);
    } catch (reason) {
      this.#listener?.onBroken(reason);
    }
  }

  onEnd(): void {
    if (this.#ended) return;
    if (!this.#frames.partial) this.#listener?.onHalfClosed();
    else this.#listener?.onBroken(new ApiError(400, "half a gRPC message"));
  }

  onBroken(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.answered?.onGone();
  }

  onWritable(): void {
    if (!this.#ended) this.#listener?.onWritable();
  }
}

function tooLarge(said: string): Error {
  return new ApiError(413, said, { code: "request_too_large" });
}

function trailersOf(status: CallStatus): Header[] {
  const trailers: Header[] = [["grpc-status", String(status.code)]];
  if (status.message !== "") trailers.push(["grpc-message", encodedMessage(status.message)]);
  return [...trailers, ...Object.entries(status.trailers)];
}
