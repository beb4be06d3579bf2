// The OpenAI front door: HTTP on one address, tokens from the port behind it.
//
// State: the requests being answered, each with what aborts it; whether it drains; the names of
// unknown fields that have been logged.
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
import {
  answerError,
  headerOf,
  randomHex,
  type ApiCall,
  type ApiServices,
  type Authoriser,
  type Grant,
  type Outcome,
  type RequestMetrics,
  type UsageBook,
} from "./api-call.ts";
import { ApiError, apiErrorOf } from "./api-error.ts";
import { KeyCharge } from "./key-charge.ts";
import { routeOf, ROUTE_METHODS, type Route } from "./routes.ts";

export interface OpenAiServerOptions extends Omit<ApiServices, "metrics" | "usage"> {
  /** `HOST:PORT`; port 0 lets the system choose. */
  readonly listen: string;
  /** Everybody may do everything when left out. */
  readonly authorise?: Authoriser;
  readonly metrics?: RequestMetrics;
  readonly usage?: UsageBook;
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
const DRAIN_RETRY_MS = 1_000;
/** For error events to leave before connections are cut. */
const LAST_WORDS_MS = 1_000;

const EVERYTHING: Grant = {
  namespace: "",
  models: null,
  priority: "normal",
  priorityMax: "critical",
  key: null,
};

/** UNAVAILABLE when the address cannot be had. */
export async function startOpenAiServer(options: OpenAiServerOptions): Promise<OpenAiServer> {
  const asked = parseAddress(options.listen);
  if (asked === null) throw new Failure("INVALID", `${options.listen} is no HOST:PORT`);
  const door = new FrontDoor(options);
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
    active: () => door.active,
    stop: (deadlineMs) => stop(server, door, options, deadlineMs),
  };
}

class FrontDoor {
  readonly #options: OpenAiServerOptions;
  readonly #services: ApiServices;
  readonly #running = new Set<AbortController>();
  readonly #unknown = new Set<string>();
  #idle: (() => void)[] = [];
  #draining = false;

  constructor(options: OpenAiServerOptions) {
    this.#options = options;
    this.#services = { ...options, metrics: options.metrics ?? null, usage: options.usage ?? null };
  }

  get active(): number {
    return this.#running.size;
  }

  /** Resolves when nothing is being answered any more. */
  drain(): Promise<void> {
    this.#draining = true;
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  abortAll(reason: Failure): void {
    for (const running of this.#running) running.abort(reason);
  }

  /** Never rejects. */
  async onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIdOf(request) ?? `req-${randomHex(this.#options.random, 2)}`;
    response.setHeader("x-request-id", requestId);
    const { corsOrigin } = this.#options;
    if (corsOrigin !== undefined) response.setHeader("access-control-allow-origin", corsOrigin);
    const route = routeOf(request.url ?? "/");
    if (route === null && this.#options.fallback?.(request, response) === true) return;
    const abort = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) abort.abort(new Failure("CANCELLED", "the client has gone"));
    });
    const counted = route?.counted === true;
    if (counted) this.#running.add(abort);
    try {
      await this.#answer(request, response, requestId, route, abort.signal);
    } finally {
      this.#running.delete(abort);
      if (this.#running.size === 0) for (const wake of this.#idle.splice(0)) wake();
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    route: Route | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, logger, metrics } = this.#options;
    const startedMs = clock.monotonicMs();
    const log = logger.child({ request_id: requestId });
    const outcome: Outcome = {
      ...{ model: null, finish: null, status: null },
      ...{ promptTokens: 0, cachedTokens: 0, completionTokens: 0, workedMs: 0 },
    };
    const counted = route?.counted === true;
    if (counted) metrics?.onStart(route.path);
    let charge: KeyCharge | null = null;
    let grant: Grant | null = null;
    try {
      if (request.method === "OPTIONS") return this.#answerOptions(response, route);
      if (route === null) throw unknownPath(request);
      if (request.method !== route.method && !(route.method === "GET" && isHead(request))) {
        throw wrongMethod(route, response);
      }
      if (route.open) return route.answer(this.#openCall(response));
      if (this.#draining && counted) throw drains(response);
      grant = await this.#grantOf(request);
      if (grant.key !== null) charge = new KeyCharge(grant.key.use, clock, response);
      if (counted) charge?.check();
      const call: ApiCall = {
        ...{ request, response, requestId, grant, signal, log, startedMs, outcome },
        services: this.#services,
        charge: (tokens) => charge?.start(tokens),
        onUnknownFields: (names) => this.#onUnknownFields(log, names),
      };
      await route.answer(call);
    } catch (reason) {
      const error = signal.aborted ? apiErrorOf(signal.reason) : apiErrorOf(reason);
      outcome.status = error.status;
      if (error.status >= 500 && error.status !== 503) log.error({ err: reason }, "request failed");
      if (response.headersSent) response.destroy();
      else if (!response.destroyed) answerError(response, error);
    } finally {
      charge?.end(tokensUsed(outcome));
      if (counted) {
        const seconds = (clock.monotonicMs() - startedMs) / 1000;
        const status = outcome.status ?? response.statusCode;
        const { model, finish, promptTokens, completionTokens } = outcome;
        metrics?.onEnd({
          ...{ route: route.path, model, status, finish, promptTokens, completionTokens, seconds },
        });
        if (grant !== null) this.#writeDown(requestId, route, grant, status, startedMs, outcome);
        log.info({ route: route.path, status, seconds, ...outcomeLine(outcome) }, "request ended");
      }
    }
  }

  #writeDown(
    id: string,
    route: Route,
    { namespace, key }: Grant,
    status: number,
    startedMs: number,
    outcome: Outcome,
  ): void {
    const { clock } = this.#options;
    const endedAtMs = clock.nowMs();
    const promptTokens = isRefused(outcome) ? 0 : outcome.promptTokens;
    const startedAtMs = endedAtMs - (clock.monotonicMs() - startedMs);
    this.#services.usage?.add(() => ({
      ...{ id, namespace, key: key?.name ?? null, model: outcome.model, route: route.path },
      ...{ status, finish: outcome.finish, prompt_tokens: promptTokens },
      ...{ cached_tokens: outcome.cachedTokens, completion_tokens: outcome.completionTokens },
      worker_seconds: Math.round(outcome.workedMs) / 1000,
      ...{ started_ms: Math.round(startedAtMs), ended_ms: Math.round(endedAtMs) },
    }));
  }

  async #grantOf(request: IncomingMessage): Promise<Grant> {
    const { authorise } = this.#options;
    if (authorise === undefined) return EVERYTHING;
    const bearer = /^Bearer +(\S+) *$/i.exec(headerOf(request, "authorization") ?? "")?.[1];
    const grant = await authorise(bearer ?? null);
    if (grant !== null) return grant;
    const why = bearer === undefined ? "No API key was given." : "The API key is not known.";
    throw new ApiError(401, why, { code: "invalid_api_key" });
  }

  #openCall(response: ServerResponse): Parameters<Extract<Route, { open: true }>["answer"]>[0] {
    const ready = this.#services.catalog.models().some((model) => model.state === "ready");
    const serves = ready && !this.#draining;
    return { response, serves, load: this.active, version: this.#options.version };
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

  #onUnknownFields(log: Logger, names: readonly string[]): void {
    for (const name of names) {
      if (this.#unknown.has(name) || this.#unknown.size >= UNKNOWN_FIELDS_MAX) continue;
      this.#unknown.add(name);
      log.info({ field: name.slice(0, 64) }, "a field that is not known here is ignored");
    }
  }
}

async function stop(
  server: Server,
  door: FrontDoor,
  options: OpenAiServerOptions,
  deadlineMs: number,
): Promise<void> {
  const drained = door.drain();
  const late = () => door.abortAll(new Failure("UNAVAILABLE", "the router stops; ask another one"));
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

/** Nobody is charged for it. */
function isRefused({ status, completionTokens }: Outcome): boolean {
  return completionTokens === 0 && status !== null && status >= 500;
}

function tokensUsed(outcome: Outcome): number {
  return isRefused(outcome) ? 0 : outcome.promptTokens + outcome.completionTokens;
}

function outcomeLine(outcome: Outcome): object {
  const { model, finish, promptTokens, completionTokens } = outcome;
  return { model, finish, prompt_tokens: promptTokens, completion_tokens: completionTokens };
}

function requestIdOf(request: IncomingMessage): string | null {
  const given = headerOf(request, "x-request-id");
  return given !== null && /^[\w.:/+=-]{1,128}$/.test(given) ? given : null;
}

function isHead(request: IncomingMessage): boolean {
  return request.method === "HEAD";
}

function unknownPath(request: IncomingMessage): ApiError {
  const path = (request.url ?? "/").split("?", 1)[0];
  return new ApiError(404, `Unknown path ${request.method} ${path}.`, { code: "unknown_url" });
}

function wrongMethod(route: Route, response: ServerResponse): ApiError {
  response.setHeader("allow", `${route.method}, OPTIONS`);
  return new ApiError(405, `Use ${route.method} for ${route.path}.`, { code: "wrong_method" });
}

function drains(response: ServerResponse): ApiError {
  response.setHeader("connection", "close");
  return new ApiError(503, "The router stops; ask another one.", {
    code: "unavailable",
    retryAfterMs: DRAIN_RETRY_MS,
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (cause) =>
    reject(new Failure("UNAVAILABLE", `cannot listen on ${host}:${port}`, { cause })),
  );
  server.listen({ host, port }, () => resolve());
  return promise;
}
