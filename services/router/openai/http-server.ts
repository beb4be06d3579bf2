// The OpenAI front door: HTTP on one address, tokens from the port behind it.
//
// State: the names of unknown fields that have been logged; requests are counted, charged and
// aborted by a RequestDesk.
//
//   H1. A client that goes away aborts its request, streamed or not.
//   H2. A drain refuses new requests with 503 and lets the old ones end; what is left at the
//       deadline ends by an error event.
//   H3. Every request has one line in the log and one end in the metrics; 499: the client left.
//   H4. A fault answers 500 and is logged with the request's id; the server goes on.
//
// Reconnecting to a stream is described in resume.ts.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { Failure } from "#shared/base/errors.ts";
import { parseAddress } from "#shared/config/parse-value.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Authoriser } from "../requests/grant.ts";
import {
  RequestDesk,
  type DeskRequest,
  type RequestMetrics,
  type UsageBook,
} from "../requests/request-desk.ts";
import { answerError, headerOf, randomHex, type ApiCall, type ApiServices } from "./api-call.ts";
import { ApiError, apiErrorOf } from "./api-error.ts";
import { writeLimit } from "./limit-headers.ts";
import { routeOf, ROUTE_METHODS, type Route } from "./routes.ts";

export interface OpenAiServerOptions extends Omit<ApiServices, "usage"> {
  /** `HOST:PORT`; port 0 lets the system choose. */
  readonly listen: string;
  /** Everybody may do everything when left out. */
  readonly authorise?: Authoriser | null;
  readonly metrics?: RequestMetrics;
  readonly usage?: UsageBook | null;
  readonly logger: Logger;
  readonly version: string;
  /** For browsers: what `access-control-allow-origin` says. Left out: no such header. */
  readonly corsOrigin?: string;
  /** Asked about every path that is not the API's; true when it answers. */
  readonly fallback?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface OpenAiServer {
  /** `HOST:PORT` as bound. */
  readonly address: string;
  /** Requests being answered. */
  active(): number;
  /** Refuses what is new, lets the rest end, cuts what is left after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

const HEADERS_MS = 10_000;
/** For a body of 32 MB on a slow line. */
const BODY_MS = 120_000;
/** Above the minute that load balancers keep a connection, so that it is they who close it. */
const KEEP_ALIVE_MS = 75_000;
const HEADER_BYTES_MAX = 32_768;
const CONNECTIONS_MAX = 16_384;
const UNKNOWN_FIELDS_MAX = 256;
/** For error events to leave before connections are cut. */
const LAST_WORDS_MS = 1_000;

/** UNAVAILABLE when the address cannot be had. */
export async function startOpenAiServer(options: OpenAiServerOptions): Promise<OpenAiServer> {
  const asked = parseAddress(options.listen);
  if (asked === null) throw new Failure("INVALID", `${options.listen} is no HOST:PORT`);
  const { metrics = null, usage = null, authorise = null, clock, logger } = options;
  const desk = new RequestDesk({ metrics, usage, authorise, clock, logger });
  const door = new FrontDoor(options, desk);
  const server = createServer(
    {
      headersTimeout: HEADERS_MS,
      requestTimeout: BODY_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    (request, response) => void door.onRequest(request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, asked.host, asked.port);
  const bound = server.address() as AddressInfo;
  const host = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return {
    address: `${host}:${bound.port}`,
    active: () => desk.active,
    stop: (deadlineMs) => stop(server, desk, options, deadlineMs),
  };
}

class FrontDoor {
  readonly #options: OpenAiServerOptions;
  readonly #services: ApiServices;
  readonly #desk: RequestDesk;
  readonly #unknown = new Set<string>();

  constructor(options: OpenAiServerOptions, desk: RequestDesk) {
    this.#options = options;
    this.#services = { ...options, usage: desk.options.usage };
    this.#desk = desk;
  }

  /** Never rejects. */
  async onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIdOf(request) ?? `req-${randomHex(this.#options.random, 2)}`;
    response.setHeader("x-request-id", requestId);
    const { corsOrigin } = this.#options;
    if (corsOrigin !== undefined) response.setHeader("access-control-allow-origin", corsOrigin);
    const route = routeOf(request.url ?? "/");
    if (route === null && this.#options.fallback?.(request, response) === true) return;
    const desk =
      route?.counted === true
        ? this.#desk.begin(requestId, "http", route.path)
        : this.#desk.beginUncounted(requestId, "http", route?.path ?? "");
    response.once("close", () => {
      if (!response.writableFinished) desk.abort(new Failure("CANCELLED", "the client has gone"));
    });
    await this.#answer(request, response, route, desk);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route | null,
    desk: DeskRequest,
  ): Promise<void> {
    try {
      if (request.method === "OPTIONS") return this.#answerOptions(response, route);
      if (route === null) throw unknownPath(request);
      if (request.method !== route.method && !(route.method === "GET" && isHead(request))) {
        throw wrongMethod(route, response);
      }
      if (route.open) return route.answer(this.#openCall(response));
      if (this.#desk.draining) response.setHeader("connection", "close");
      const grant = await desk.admit(headerOf(request, "authorization"), (what, left) =>
        writeLimit(response, what, left),
      );
      const call: ApiCall = {
        ...{ request, response, grant, desk, services: this.#services },
        onUnknownFields: (names) => this.#onUnknownFields(desk, names),
      };
      await route.answer(call);
    } catch (reason) {
      const error = desk.signal.aborted ? apiErrorOf(desk.signal.reason) : apiErrorOf(reason);
      desk.outcome.status = error.status;
      if (error.status >= 500 && error.status !== 503) {
        desk.log.error({ err: reason }, "request failed");
      }
      if (response.headersSent) response.destroy();
      else if (!response.destroyed) answerError(response, error);
    } finally {
      desk.end(response.statusCode);
    }
  }

  #openCall(response: ServerResponse): Parameters<Extract<Route, { open: true }>["answer"]>[0] {
    const ready = this.#services.catalog.models().some((model) => model.state === "ready");
    const serves = ready && !this.#desk.draining;
    return { response, serves, load: this.#desk.active, version: this.#options.version };
  }

  #answerOptions(response: ServerResponse, route: Route | null): void {
    const methods = route === null ? ROUTE_METHODS : `${route.method}, OPTIONS`;
    response.setHeader("allow", methods);
    if (this.#options.corsOrigin !== undefined) {
      response.setHeader("access-control-allow-methods", methods);
      response.setHeader("access-control-allow-headers", "*, authorization");
      response.setHeader("access-control-max-age", "86400");
    }
    response.writeHead(204).end();
  }

  #onUnknownFields(desk: DeskRequest, names: readonly string[]): void {
    for (const name of names) {
      if (this.#unknown.has(name) || this.#unknown.size >= UNKNOWN_FIELDS_MAX) continue;
      this.#unknown.add(name);
      desk.log.info({ field: name.slice(0, 64) }, "a field that is not known here is ignored");
    }
  }
}

async function stop(
  server: Server,
  desk: RequestDesk,
  options: OpenAiServerOptions,
  deadlineMs: number,
): Promise<void> {
  const drained = desk.drain();
  const late = () => desk.abortAll(new Failure("UNAVAILABLE", "the router stops; ask another one"));
  const cancelLate = options.timers.after(deadlineMs, late);
  const words = () => server.closeAllConnections();
  const cancelWords = options.timers.after(deadlineMs + LAST_WORDS_MS, words);
  await drained;
  cancelLate();
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeIdleConnections();
  await closed.promise;
  cancelWords();
}

function requestIdOf(request: IncomingMessage): string | null {
  const given = headerOf(request, "x-request-id");
  return given !== null && /^[\w.:/+=-]{1,128}$/.test(given) ? given : null;
}

function isHead(request: IncomingMessage): boolean {
  return request.method === "HEAD";
}

function unknownPath(request: IncomingMessage): ApiError {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const meant = `/v1${path.replace(/^(?:\/v1)+(?=\/)/u, "")}`;
  const more = routeOf(meant) === null ? "" : ` Did you mean ${meant}? Base URLs end in /v1.`;
  const said = `Unknown path ${request.method} ${path}.${more}`;
  return new ApiError(404, said, { code: "unknown_url" });
}

function wrongMethod(route: Route, response: ServerResponse): ApiError {
  response.setHeader("allow", `${route.method}, OPTIONS`);
  return new ApiError(405, `Use ${route.method} for ${route.path}.`, { code: "wrong_method" });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (cause) =>
    reject(new Failure("UNAVAILABLE", `cannot listen on ${host}:${port}`, { cause })),
  );
  server.listen({ host, port }, () => resolve());
  return promise;
}
