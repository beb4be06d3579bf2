// What a client is told when something is wrong: a status, and OpenAI's error object, whose codes
// are words. 4xx is the request's fault, 429 and 503 say "later", any other 5xx is ours.

import { Failure } from "#shared/base/errors.ts";

export interface ApiErrorOptions {
  readonly param?: string | null;
  readonly code?: string | null;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

export class ApiError extends Error {
  readonly status: number;
  readonly param: string | null;
  readonly code: string | null;
  readonly retryAfterMs: number | null;

  constructor(status: number, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiError";
    this.status = status;
    this.param = options.param ?? null;
    this.code = options.code ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }

  get body(): ErrorBody {
    const { message, param, code } = this;
    return { error: { message, type: typeOf(this.status), param, code } };
  }
}

/** A field of the body is wrong. */
export function badField(param: string, message: string, code: string | null = null): ApiError {
  return new ApiError(400, `${param}: ${message}`, { param, code });
}

/** A field that is understood and not served. */
export function unsupported(param: string, why: string): ApiError {
  return badField(param, `not supported: ${why}`, "unsupported_parameter");
}

export function modelNotFound(model: string): ApiError {
  const message = `The model \`${model}\` does not exist or you do not have access to it.`;
  return new ApiError(404, message, { param: "model", code: "model_not_found" });
}

/** How long a client waits that was not told how long. */
const RETRY_MS = 1_000;

/** Any thrown value as what the client is told; what nobody foresaw is told without its words. */
export function apiErrorOf(reason: unknown): ApiError {
  if (reason instanceof ApiError) return reason;
  const failure = Failure.from(reason);
  const { message } = failure;
  const later = { retryAfterMs: failure.retryAfterMs ?? RETRY_MS, cause: reason };
  switch (failure.code) {
    case "INVALID":
      return new ApiError(400, message, { code: "invalid_request", cause: reason });
    case "UNAUTHENTICATED":
      return new ApiError(401, message, { code: "invalid_api_key", cause: reason });
    case "FORBIDDEN":
      return new ApiError(403, message, { code: "forbidden", cause: reason });
    case "NOT_FOUND":
      return new ApiError(404, message, { code: "model_not_found", cause: reason });
    case "CANCELLED":
      return new ApiError(499, message, { code: "cancelled", cause: reason });
    case "FULL":
      return new ApiError(503, message, { code: "overloaded", ...later });
    case "UNAVAILABLE":
      return new ApiError(503, message, { code: "unavailable", ...later });
    case "DEADLINE":
      return new ApiError(504, message, { code: "timeout", cause: reason });
    default:
      return new ApiError(500, "The server had an error; its log has the request's id.", {
        code: "internal_error",
        cause: reason,
      });
  }
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  if (status === 503) return "service_unavailable_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}
