// What the engine refuses or fails with. The codes are those of native/core/error.h, held together
// by a test; each answers the only question a caller has: is it worth trying again, and where?

import type { Retry } from "#shared/base/errors.ts";

/** Every code an engine's failure can have. `elsewhere` means another engine, at once. */
export const ENGINE_ERROR_CODES = {
  /** The folder's files are damaged or contradict each other. */
  invalid_model: { retry: "never" },
  /** The model is well formed, but asks for something the engine does not do. */
  unsupported_model: { retry: "never" },
  /** A file cannot be read or written here. */
  io: { retry: "elsewhere" },
  /** The request itself is wrong: no engine with this model will ever accept it. */
  invalid_request: { retry: "never" },
  /** The request needs more tokens than this engine can ever hold; a larger one might. */
  never_fits: { retry: "elsewhere" },
  /** A bounded queue is full: nothing was taken in. */
  busy: { retry: "later" },
  /** A rank did not reach a step in time; the engine has failed and must be loaded again. */
  stalled: { retry: "elsewhere" },
  /** The engine is unloaded, has failed before, or cannot be loaded on this machine at all. */
  unavailable: { retry: "elsewhere" },
  /** Memory for weights or cache cannot be had. */
  no_memory: { retry: "elsewhere" },
  /** A broken invariant of the engine's own; it has failed and must be loaded again. */
  internal: { retry: "elsewhere" },
} as const satisfies Record<string, { retry: Retry }>;

export type EngineErrorCode = keyof typeof ENGINE_ERROR_CODES;

/** `message` is a sentence that names the file, tensor, field or rank, and the way out. */
export class EngineFailure extends Error {
  readonly code: EngineErrorCode;
  readonly retry: Retry;

  constructor(code: EngineErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "EngineFailure";
    this.code = code;
    this.retry = ENGINE_ERROR_CODES[code].retry;
  }

  /**
   * Anything thrown as an EngineFailure: what has a known code keeps it, the rest is `internal`.
   */
  static from(reason: unknown): EngineFailure {
    if (reason instanceof EngineFailure) return reason;
    const message = reason instanceof Error ? reason.message : String(reason);
    const code = (reason as { readonly code?: unknown } | null | undefined)?.code;
    return new EngineFailure(isEngineErrorCode(code) ? code : "internal", message, {
      cause: reason,
    });
  }
}

export function isEngineErrorCode(code: unknown): code is EngineErrorCode {
  return typeof code === "string" && Object.hasOwn(ENGINE_ERROR_CODES, code);
}
