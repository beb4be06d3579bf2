// One HTTP request on its way: what every route needs of it, and how it is answered.

import type { IncomingMessage, ServerResponse } from "node:http";

import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import { randomInt, type Random } from "#shared/base/prng.ts";
import type { Json } from "#shared/base/canonical-json.ts";
import type { ModelCatalog, ServedModel, TokenSource } from "../token-source.ts";
import type { TextPool } from "../text/text-pool.ts";
import type { Grant } from "../requests/grant.ts";
import { servedModel } from "../requests/request-checks.ts";
import type { DeskRequest, UsageBook } from "../requests/request-desk.ts";
import { ApiError } from "./api-error.ts";

export interface ApiServices {
  readonly source: TokenSource;
  readonly catalog: ModelCatalog;
  readonly textPool: TextPool;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Null: nothing is kept of requests that have ended. */
  readonly usage: UsageBook | null;
}

export interface ApiCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly grant: Grant;
  readonly services: ApiServices;
  /** Counts, charges and aborts it. */
  readonly desk: DeskRequest;
  /** Each name is logged once in a server's life. */
  onUnknownFields(names: readonly string[]): void;
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

/** Throws ApiError for what is not there, not for this key, or not ready. */
export function modelOf(call: ApiCall, name: string): ServedModel {
  const model = servedModel(call.services.catalog, call.grant, name);
  call.desk.outcome.model = name;
  return model;
}
