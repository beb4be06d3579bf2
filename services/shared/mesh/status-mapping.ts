// Failure codes as gRPC and HTTP say them, and back: the only file that knows all three.
//
// A Failure crosses gRPC as a status plus trailers: `signalbox-code` (the exact code, because
// several share one status), `signalbox-hint-bin` (UTF-8) and `signalbox-retry-after-ms`. It
// crosses HTTP as a status, `Retry-After` (whole seconds, RFC 9110 §10.2.3) and a JSON body.

import { Metadata, status as Status } from "@grpc/grpc-js";
import type { ServiceError, StatusObject } from "@grpc/grpc-js";
import { ERROR_CODES, Failure } from "#shared/base/errors.ts";
import type { ErrorCode } from "#shared/base/errors.ts";

interface Statuses {
  readonly grpc: Status;
  readonly http: number;
}

export const STATUS_OF: { readonly [C in ErrorCode]: Statuses } = {
  INVALID: { grpc: Status.INVALID_ARGUMENT, http: 400 },
  NOT_FOUND: { grpc: Status.NOT_FOUND, http: 404 },
  ALREADY_EXISTS: { grpc: Status.ALREADY_EXISTS, http: 409 },
  CONFLICT: { grpc: Status.FAILED_PRECONDITION, http: 409 },
  UNAUTHENTICATED: { grpc: Status.UNAUTHENTICATED, http: 401 },
  FORBIDDEN: { grpc: Status.PERMISSION_DENIED, http: 403 },
  FULL: { grpc: Status.RESOURCE_EXHAUSTED, http: 429 },
  UNAVAILABLE: { grpc: Status.UNAVAILABLE, http: 503 },
  DEADLINE: { grpc: Status.DEADLINE_EXCEEDED, http: 504 },
  UNKNOWN_OUTCOME: { grpc: Status.UNKNOWN, http: 500 },
  NOT_OWNER: { grpc: Status.UNAVAILABLE, http: 503 },
  FENCED: { grpc: Status.ABORTED, http: 503 },
  CORRUPT: { grpc: Status.DATA_LOSS, http: 500 },
  UNSAFE: { grpc: Status.FAILED_PRECONDITION, http: 500 },
  UNIMPLEMENTED: { grpc: Status.UNIMPLEMENTED, http: 501 },
  CANCELLED: { grpc: Status.CANCELLED, http: 499 },
  INTERNAL: { grpc: Status.INTERNAL, http: 500 },
};

/** What a status means when its sender named no code of ours: another server, or grpc-js itself. */
const CODE_OF_GRPC: { readonly [status: number]: ErrorCode } = {
  [Status.CANCELLED]: "CANCELLED",
  [Status.UNKNOWN]: "UNKNOWN_OUTCOME",
  [Status.INVALID_ARGUMENT]: "INVALID",
  [Status.DEADLINE_EXCEEDED]: "DEADLINE",
  [Status.NOT_FOUND]: "NOT_FOUND",
  [Status.ALREADY_EXISTS]: "ALREADY_EXISTS",
  [Status.PERMISSION_DENIED]: "FORBIDDEN",
  [Status.RESOURCE_EXHAUSTED]: "FULL",
  [Status.FAILED_PRECONDITION]: "CONFLICT",
  [Status.ABORTED]: "CONFLICT",
  [Status.OUT_OF_RANGE]: "INVALID",
  [Status.UNIMPLEMENTED]: "UNIMPLEMENTED",
  [Status.UNAVAILABLE]: "UNAVAILABLE",
  [Status.DATA_LOSS]: "CORRUPT",
  [Status.UNAUTHENTICATED]: "UNAUTHENTICATED",
};

const CODE_KEY = "signalbox-code";
const HINT_KEY = "signalbox-hint-bin";
const RETRY_AFTER_KEY = "signalbox-retry-after-ms";

/**
 * Trailers travel percent-encoded in one HTTP/2 header block, which Node bounds at 64 KiB: longer
 * messages are cut and say so. Counted in encoded bytes.
 */
const MESSAGE_BYTES_MAX = 24 * 1024;
const HINT_BYTES_MAX = 4 * 1024;

/** What a server answers instead of a result. */
export function grpcStatusOf(
  reason: unknown,
): Required<Omit<StatusObject, "details">> & { details: string } {
  const failure = Failure.from(reason);
  const metadata = new Metadata();
  metadata.set(CODE_KEY, failure.code);
  if (failure.hint !== undefined) {
    metadata.set(HINT_KEY, Buffer.from(cut(failure.hint, HINT_BYTES_MAX), "utf8"));
  }
  if (failure.retryAfterMs !== undefined) {
    metadata.set(RETRY_AFTER_KEY, String(Math.ceil(failure.retryAfterMs)));
  }
  return {
    code: STATUS_OF[failure.code].grpc,
    details: cut(failure.message, MESSAGE_BYTES_MAX),
    metadata,
  };
}

/** What a client makes of a call that ended badly. A Failure stays what it is. */
export function failureOfGrpc(reason: unknown): Failure {
  if (reason instanceof Failure || !isServiceError(reason)) return Failure.from(reason);
  const named = firstText(reason.metadata, CODE_KEY);
  const known = named !== undefined && Object.hasOwn(ERROR_CODES, named);
  const code = known ? (named as ErrorCode) : (CODE_OF_GRPC[reason.code] ?? "INTERNAL");
  const hint = firstText(reason.metadata, HINT_KEY);
  const retryAfter = Number(firstText(reason.metadata, RETRY_AFTER_KEY) ?? Number.NaN);
  return new Failure(code, reason.details === "" ? reason.message : reason.details, {
    cause: reason,
    ...(hint === undefined ? {} : { hint }),
    ...(Number.isFinite(retryAfter) && retryAfter >= 0 ? { retryAfterMs: retryAfter } : {}),
  });
}

/** The same from trailers as HTTP/2 carries them, for a client that is not grpc-js. */
export function failureOfStatus(trailers: {
  readonly [name: string]: string | undefined;
}): Failure {
  const named = trailers[CODE_KEY];
  const known = named !== undefined && Object.hasOwn(ERROR_CODES, named);
  const status = Number(trailers["grpc-status"]);
  const code = known ? (named as ErrorCode) : (CODE_OF_GRPC[status] ?? "INTERNAL");
  const hint = trailers[HINT_KEY];
  const retryAfter = Number(trailers[RETRY_AFTER_KEY] ?? Number.NaN);
  return new Failure(code, percentDecoded(trailers["grpc-message"] ?? `gRPC status ${status}`), {
    ...(hint === undefined ? {} : { hint: Buffer.from(hint, "base64").toString("utf8") }),
    ...(Number.isFinite(retryAfter) && retryAfter >= 0 ? { retryAfterMs: retryAfter } : {}),
  });
}

/** gRPC's grpc-message; what is badly encoded is shown as it came, as the protocol asks. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export interface HttpFailure {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: {
    readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint?: string };
  };
}

export function httpFailureOf(reason: unknown): HttpFailure {
  const failure = Failure.from(reason);
  const headers: { [name: string]: string } = {};
  if (failure.retryAfterMs !== undefined) {
    headers["retry-after"] = String(Math.max(1, Math.ceil(failure.retryAfterMs / 1000)));
  }
  if (failure.code === "UNAUTHENTICATED") headers["www-authenticate"] = 'Bearer realm="signalbox"';
  return {
    status: STATUS_OF[failure.code].http,
    headers,
    body: {
      error: {
        code: failure.code,
        message: failure.message,
        ...(failure.hint === undefined ? {} : { hint: failure.hint }),
      },
    },
  };
}

function isServiceError(reason: unknown): reason is ServiceError {
  return reason instanceof Error && typeof (reason as Partial<ServiceError>).code === "number";
}

function firstText(metadata: Metadata | undefined, key: string): string | undefined {
  const value = metadata?.get(key)[0];
  return value === undefined ? undefined : value.toString();
}

/** Well-formed, and at most `bytesMax` when percent-encoded, as grpc-js sends it. */
function cut(text: string, bytesMax: number): string {
  const whole = text.toWellFormed();
  if (encodeURI(whole).length <= bytesMax) return whole;
  const ending = " … (cut)";
  const room = bytesMax - encodeURI(ending).length;
  let bytes = 0;
  let kept = "";
  for (const character of whole) {
    bytes += encodeURI(character).length;
    if (bytes > room) break;
    kept += character;
  }
  return kept + ending;
}
