// gRPC over node:http2: an address, and every call on it as a ServedCall. Messages are framed by
// hand; headers are plain lists, which node:http2 passes on as they are.
//
// State: the sessions there are.

import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { readFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { Failure } from "#shared/base/errors.ts";
import { parseAddress } from "#shared/config/parse-value.ts";
import type { TlsFiles } from "#shared/mesh/tls.ts";
import { ApiError } from "../openai/api-error.ts";
import { encodeGrpcFrame, GrpcFrames } from "../wire/grpc-frames.ts";
import { encodedMessage, type CallStatus } from "./call-status.ts";
import type { CallListener, CallServer, ServedCall } from "./served-call.ts";

export interface ListenerOptions {
  /** `HOST:PORT`; port 0 lets the system choose. */
  readonly listen: string;
  /** Clients need no certificate of their own: they have keys. */
  readonly tls: TlsFiles;
  readonly calls: CallServer;
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
const HEADER_BYTES_MAX = 16 * 1024;
/** A request's: a prompt of a million tokens has room in it. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
const WINDOW_BYTES = 256 * 1024;
const KEEP_ALIVE_MS = 30_000;

/** UNAVAILABLE when the address cannot be had, INVALID for TLS files that are none. */
export async function listenHttp2(options: ListenerOptions): Promise<Listener> {
  const asked = parseAddress(options.listen);
  if (asked === null) throw new Failure("INVALID", `${options.listen} is no HOST:PORT`);
  const server = serverOf(options.tls);
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.setLocalWindowSize(4 * WINDOW_BYTES);
    session.once("close", () => sessions.delete(session));
    session.on("error", () => {}); // Its calls hear of it.
  });
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
  });
  server.on("stream", (stream, headers) => onStream(options.calls, stream, headers));
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
        for (const session of sessions) session.close();
      }),
    destroy: () => {
      for (const session of sessions) session.destroy();
    },
  };
}

function serverOf(tls: TlsFiles): Http2Server {
  const settings = {
    ...{ maxConcurrentStreams: CALLS_MAX, initialWindowSize: WINDOW_BYTES, enablePush: false },
    maxHeaderListSize: HEADER_BYTES_MAX,
  };
  const server =
    tls.certFile === null || tls.keyFile === null
      ? createServer({ settings })
      : createSecureServer({
          ...{ settings, allowHTTP1: false },
          ...{ cert: readPem(tls.certFile), key: readPem(tls.keyFile) },
        });
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

function onStream(
  calls: CallServer,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  stream.on("error", () => {}); // `close` follows.
  if (headers[":method"] !== "POST" || !isGrpc(headers["content-type"])) {
    stream.respond({ ":status": 415 }, { endStream: true });
    return;
  }
  const call = new Http2Call(stream, headers);
  const answered = calls.onCall(call);
  stream.once("close", () => {
    if (!call.ended) answered.onGone();
  });
}

function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(?:\+proto)?(?:;|$)/.test(contentType);
}

class Http2Call implements ServedCall {
  readonly path: string;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #answer: string[] = [":status", "200", "content-type", "application/grpc"];
  ended = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream;
    this.#headers = headers;
    this.path = String(headers[":path"] ?? "");
  }

  header(name: string): string | null {
    const value = this.#headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  }

  read(listener: CallListener): void {
    const frames = new GrpcFrames(MESSAGE_BYTES_MAX, tooLarge);
    const stream = this.#stream;
    stream.on("drain", () => listener.onWritable());
    stream.on("data", (bytes: Buffer) => {
      if (this.ended) return;
      try {
        for (const message of frames.push(bytes)) listener.onMessage(message);
      } catch (reason) {
        listener.onBroken(reason);
      }
    });
    stream.once("end", () => {
      if (this.ended) return;
      if (!frames.partial) listener.onHalfClosed();
      else listener.onBroken(new ApiError(400, "half a gRPC message"));
    });
  }

  setHeader(name: string, value: string): void {
    this.#answer.push(name, value);
  }

  send(message: Uint8Array): boolean {
    if (this.ended || this.#stream.destroyed) return true;
    if (!this.#stream.headersSent) this.#stream.respond(this.#answer, { waitForTrailers: true });
    return this.#stream.write(encodeGrpcFrame(message));
  }

  end(status: CallStatus): void {
    if (this.ended) return;
    this.ended = true;
    const stream = this.#stream;
    if (stream.destroyed) return;
    const trailers = trailersOf(status);
    if (!stream.headersSent) {
      stream.respond([...this.#answer, ...Object.entries(trailers).flat()], { endStream: true });
    } else {
      stream.once("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end();
    }
    // What the caller still sends nobody reads.
    if (!stream.readableEnded)
      stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
    stream.resume();
  }
}

function tooLarge(said: string): Error {
  return new ApiError(413, said, { code: "request_too_large" });
}

function trailersOf(status: CallStatus): { [name: string]: string } {
  const message = status.message === "" ? {} : { "grpc-message": encodedMessage(status.message) };
  return { "grpc-status": String(status.code), ...message, ...status.trailers };
}
