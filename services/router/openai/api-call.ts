// One HTTP request on its way: what every route needs of it, and how it is answered.

import type { IncomingMessage, ServerResponse } from "node:http";

import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import { randomInt, type Random } from "#shared/base/prng.ts";
import type { Json } from "#shared/base/canonical-json.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { KeyUse } from "../core/key-limits.ts";
import type { RequestClass } from "../core/request-class.ts";
import type { ModelCatalog, ServedModel, TokenSource } from "../token-source.ts";
import type { TextPool } from "../text/text-pool.ts";
import type { UsageCell, UsageRecord, UsageSpan } from "../usage/usage-sums.ts";
import { ApiError, modelNotFound } from "./api-error.ts";

/** What a key allows. */
export interface Grant {
  readonly namespace: string;
  /** Null: every model. */
  readonly models: readonly string[] | null;
  /** Of a request that does not say. */
  readonly priority: RequestClass;
  /** The heaviest a request may ask for. */
  readonly priorityMax: RequestClass;
  /** Null: nobody asks for keys. */
  readonly key: { readonly name: string; readonly use: KeyUse } | null;
}

/** Null: no such key. `bearer` is null when the request brings none. */
export type Authoriser = (bearer: string | null) => Grant | null | Promise<Grant | null>;

/** What is worth counting; the caller knows how the metrics are called. */
export interface RequestMetrics {
  onStart(route: string): void;
  onFirstToken(model: string, seconds: number): void;
  onEnd(end: RequestEnd): void;
}

export interface RequestEnd {
  readonly route: string;
  /** Null where the request named none that is served. */
  readonly model: string | null;
  /** 499: the client had gone. A stream that broke has the status of what broke it. */
  readonly status: number;
  readonly finish: string | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly seconds: number;
}

/** Where ended requests are written down, and summed. */
export interface UsageBook {
  /** `record` is called a little later, when all of it is known. */
  add(record: () => UsageRecord): void;
  sums(span: UsageSpan): Promise<readonly UsageCell[]>;
}

export interface ApiServices {
  readonly source: TokenSource;
  readonly catalog: ModelCatalog;
  readonly textPool: TextPool;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly metrics: RequestMetrics | null;
  /** Null: nothing is kept of requests that have ended. */
  readonly usage: UsageBook | null;
}

export interface ApiCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly grant: Grant;
  readonly services: ApiServices;
  /** Aborts when the client has gone or the server must end. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly startedMs: number;
  /** Filled as the request goes on; read once at its end. */
  readonly outcome: Outcome;
  /** The request is understood and about to be sent: 429 when its key has no such one left. */
  charge(tokens: number): void;
  /** Each name is logged once in a server's life. */
  onUnknownFields(names: readonly string[]): void;
}

export interface Outcome {
  model: string | null;
  finish: string | null;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** At workers, of all its streams together; the last may be told after the answer. */
  workedMs: number;
  /** Of what broke a stream after its 200. */
  status: number | null;
}

export function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** Eight hexadecimal digits per word. */
export function randomHex(random: Random, words: number): string {
  const word = (): string =>
    randomInt(random, 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return Array.from({ length: words }, word).join("");
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

export function answerError(response: ServerResponse, error: ApiError): void {
  const { status, retryAfterMs } = error;
  const headers: Record<string, string> = {};
  if (retryAfterMs !== null) {
    headers["retry-after"] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
    headers["retry-after-ms"] = String(Math.ceil(retryAfterMs)); // OpenAI's clients prefer it.
  }
  if (status === 401) headers["www-authenticate"] = "Bearer";
  // What is left of a body nobody read would be taken for the next request.
  if (!response.req.complete) headers["connection"] = "close";
  answerJson(response, status, error.body, headers);
}

const BODY_BYTES_MAX = 32 * 1024 * 1024;

/** The body as JSON; 413 over BODY_BYTES_MAX, 400 with the place where it is no JSON. */
export async function readJson(call: ApiCall): Promise<Json> {
  const { request } = call;
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  if ((headerOf(request, "content-encoding") ?? "identity") !== "identity") {
    throw new ApiError(415, "The body must not be compressed.", { code: "unsupported_encoding" });
  }
  const parts: Buffer[] = [];
  let size = 0;
  try {
    // Not destroyed when the loop is left: the refusal has to go out by the same socket.
    for await (const part of request.iterator({ destroyOnReturn: false })) {
      const bytes = part as Buffer;
      size += bytes.length;
      if (size > BODY_BYTES_MAX) break;
      parts.push(bytes);
    }
  } catch (cause) {
    throw new Failure("CANCELLED", "the client has gone before its body was whole", { cause });
  }
  if (size > BODY_BYTES_MAX) throw tooLarge();
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts));
    return JSON.parse(text) as Json;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw new ApiError(400, `The body is not JSON: ${why}`, { code: "invalid_json", cause });
  }
}

function tooLarge(): ApiError {
  return new ApiError(413, `The body is over ${BODY_BYTES_MAX} bytes.`, {
    code: "request_too_large",
  });
}

const LOADING_RETRY_MS = 5_000;

/** 404 for what is not there or not for this key, 503 while it is not ready. */
export function servedModel(call: ApiCall, name: string): ServedModel {
  const { models } = call.grant;
  const model = call.services.catalog.model(name);
  if (model === null && call.services.catalog.models().length === 0) {
    throw new ApiError(503, "No worker has dialled this router yet.", {
      ...{ code: "unavailable", retryAfterMs: LOADING_RETRY_MS },
    });
  }
  if (model === null || (models !== null && !models.includes(name))) throw modelNotFound(name);
  call.outcome.model = name;
  // One without a worker is waited for: its request may be sooner than its next worker.
  if (model.state !== "loading") return model;
  throw new ApiError(503, `The model \`${name}\` is loading.`, {
    ...{ code: "model_loading", retryAfterMs: LOADING_RETRY_MS },
  });
}
