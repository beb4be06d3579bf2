// What an engine refuses or fails with, as the mesh says it.

import { Failure, type ErrorCode } from "#shared/base/errors.ts";
import { EngineFailure, type EngineErrorCode } from "#native/index.ts";

/** A queue that is full has moved on by then. */
const BUSY_RETRY_MS = 1_000;

const CODES: { readonly [C in EngineErrorCode]: ErrorCode } = {
  invalid_request: "INVALID",
  never_fits: "INVALID",
  busy: "FULL",
  unavailable: "UNAVAILABLE",
  stalled: "UNAVAILABLE",
  no_memory: "UNAVAILABLE",
  internal: "UNAVAILABLE",
  io: "UNAVAILABLE",
  invalid_model: "CORRUPT",
  unsupported_model: "INVALID",
};

/** Of a request: a failed engine is UNAVAILABLE, for another worker can do what this one cannot. */
export function failureOfEngine(reason: unknown): Failure {
  if (!(reason instanceof EngineFailure)) return Failure.from(reason);
  const code = CODES[reason.code];
  const fits = reason.code === "never_fits" ? { hint: "A worker with more room may take it." } : {};
  const later = code === "FULL" ? { retryAfterMs: BUSY_RETRY_MS } : {};
  return new Failure(code, reason.message, { cause: reason, ...fits, ...later });
}
