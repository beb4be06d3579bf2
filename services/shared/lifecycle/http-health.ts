// The small HTTP server every service has: /healthz, /readyz, /metrics, and whatever routes the
// service adds (the scheduler's REST gateway).
//
//   W1. Listens on loopback unless the configuration says otherwise.
//   W2. Every request has a deadline and every header block a size; connections are bounded.
//   W3. A handler that throws answers 500 and the fault is counted; the server goes on.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { Failure } from "#shared/base/errors.ts";
import { parseAddress } from "#shared/config/parse-value.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import type { CheckKind, Health } from "./health.ts";

/** True if it took the request (it then answers by itself, now or later); false passes it on. */
export type HttpRoutes = (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>;

export interface HttpOptions {
  /** `HOST:PORT`; port 0 lets the system choose. */
  readonly address?: string;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly routes?: HttpRoutes;
}

export interface HttpEnd {
  /** `HOST:PORT` as bound. */
  readonly address: string;
  /** Takes no new connection, lets running answers finish for `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>;
}

const CONNECTIONS_MAX = 1_024;
const HEADERS_MS = 10_000;
const REQUEST_MS = 300_000; // Uploads of artifacts come this way too.

/** Rejects with UNAVAILABLE when the address cannot be had. */
export async function startHttp(options: HttpOptions): Promise<HttpEnd> {
  const asked = parseAddress(options.address ?? "127.0.0.1:0");
  if (asked === null) throw new Failure("INVALID", `${options.address} is no HOST:PORT`);
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, maxHeaderSize: 32_768 },
    (request, response) => void handle(options, request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, asked.host, asked.port);
  const bound = server.address() as AddressInfo;
  const host = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return { address: `${host}:${bound.port}`, close: (graceMs = 2_000) => close(server, graceMs) };
}

/** For a service whose own server listens: /healthz, /readyz and /metrics; false for other paths. */
export function healthRoutes(
  options: HttpOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const answering = answerOwn(options, request, response);
    answering?.catch((cause: unknown) => onFault(options, request, response, cause));
    return answering !== null;
  };
}

async function handle(
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const path = (request.url ?? "/").split("?", 1)[0];
    const own = answerOwn(options, request, response);
    if (own !== null) await own;
    else if (!((await options.routes?.(request, response)) ?? false)) {
      answerJson(response, 404, { error: { code: "NOT_FOUND", message: `no route ${path}` } });
    }
  } catch (cause) {
    onFault(options, request, response, cause);
  }
}

/** Null: the path is somebody else's. */
function answerOwn(
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> | null {
  if (request.method !== "GET" && request.method !== "HEAD") return null;
  switch ((request.url ?? "/").split("?", 1)[0]) {
    case "/healthz":
      return answerHealth(options, "live", response);
    case "/readyz":
      return answerHealth(options, "ready", response);
    case "/metrics":
      return options.metrics
        .render()
        .then((text) => answer(response, 200, options.metrics.contentType, text));
    default:
      return null;
  }
}

function onFault(
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
  cause: unknown,
): void {
  const failure = Failure.from(cause);
  options.logger.error({ err: cause, method: request.method }, "request failed");
  options.metrics.counter("signalbox_faults_total", { part: "http", code: failure.code }).inc();
  if (response.headersSent) response.destroy();
  else answerJson(response, 500, { error: { code: "INTERNAL", message: "see the service's log" } });
}

async function answerHealth(
  options: HttpOptions,
  kind: CheckKind,
  response: ServerResponse,
): Promise<void> {
  const report = await options.health.report(kind);
  answerJson(response, report.ok ? 200 : 503, report);
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  answer(response, status, "application/json; charset=utf-8", `${JSON.stringify(body)}\n`);
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  const length = Buffer.byteLength(body);
  response.writeHead(status, { "content-type": type, "content-length": length });
  response.end(body);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (cause) =>
    reject(new Failure("UNAVAILABLE", `cannot listen on ${host}:${port}`, { cause })),
  );
  server.listen({ host, port }, () => resolve());
  return promise;
}

function close(server: Server, graceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  server.close(() => {
    clearTimeout(timer);
    resolve();
  });
  server.closeIdleConnections();
  return promise;
}
